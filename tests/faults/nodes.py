"""Several nodes on one database: what they tell of themselves, a second home beside the first, a version to come."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from gateway.store import nodes
from gateway.store.nodes import NodeView
from gateway.store.schema import floor_of, program_schema
from tests.faults.served import ServedHome, WorkerNode

NEXT_REVISION = "9999"
NEXT_MIGRATION = f'''"""Something that a version to come adds.

Revision: {NEXT_REVISION}
"""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT_REVISION}"
down_revision = "{program_schema()}"
branch_labels = None
depends_on = None
compatible_from = "{floor_of(program_schema())}"


def upgrade() -> None:
    op.add_column("transmission", sa.Column("of_the_next_version", sa.Text(), nullable=True))
'''


def seen(site: ServedHome) -> dict[str, NodeView]:
    """Every node, by name, as `tradelane nodes` tells of it."""
    with site.reading() as conn:
        return {one.name: one for one in nodes.listed(conn)}


def kill_node(node: WorkerNode) -> None:
    """kill -9 of all its processes, as a machine dies."""
    for process in (psutil.Process(node.process.pid), *node.workers()):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    node.process.wait()


def second_home(first: ServedHome, folder: Path) -> ServedHome:
    """A home for another node that serves the same partners from the same database, vault and host key."""
    second = ServedHome(folder, beside=first)
    shutil.rmtree(folder / "partners")
    (folder / "partners").symlink_to(first.home / "partners")
    for name in ("vault", "sftp"):
        (first.home / name).mkdir(exist_ok=True)
        (folder / name).symlink_to(first.home / name)
    return second


def next_version(folder: Path) -> dict[str, str]:
    """This program and one migration more, in a folder; returns the environment in which it is what runs.

    What is compiled already is linked, too.
    """
    import gateway

    source, target = Path(gateway.__path__[0]), folder / "gateway"
    for part in ("", "store", "store/migrations", "store/migrations/versions"):
        (target / part).mkdir(parents=True)
        for path in (source / part).iterdir():
            compiled_versions = part.endswith("versions") and path.name == "__pycache__"
            if not compiled_versions and not (target / part / path.name).exists():
                (target / part / path.name).symlink_to(path)
        for made in ("store", "migrations", "versions"):
            if (target / part / made).is_symlink():
                (target / part / made).unlink()
    (target / "store/migrations/versions" / f"r{NEXT_REVISION}_next.py").write_text(NEXT_MIGRATION)
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
