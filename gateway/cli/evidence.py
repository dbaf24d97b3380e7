"""`evidence ID -o pack.zip`: everything there is of one transmission, for somebody who verifies it by himself."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, fail, people, plain, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evidence)


def evidence(
    id: Annotated[str, typer.Argument(help="Id of a transmission, document or delivery; its end is enough.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The zip; there must be none of this name.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Write bytes, MDN, acknowledgments, documents, maps, deliveries and audit rows with proof into one signed zip.

    `python3 verify.py PACK.zip` (a copy lies in it) verifies it with nothing but Python.
    """
    from gateway.app import workspace_store
    from gateway.evidence.checkpoints import CheckpointFolder
    from gateway.evidence.pack import EvidenceMaker
    from gateway.evidence.signing import signing_key
    from gateway.ports import SystemClock
    from gateway.settings import load_settings
    from gateway.store import timeline
    from gateway.store.vault import Vault
    from gateway.workspace import home_of, vault_folder

    settings = load_settings(home_of(home))
    clock = SystemClock()
    with workspace_store(home) as store:
        with store.begin() as conn:
            transmission = timeline.only_transmission(conn, id)
        if isinstance(transmission, str):
            fail(transmission, code=EXIT_REJECTED)
        kept = settings.audit.checkpoints
        maker = EvidenceMaker(
            store,
            Vault(store, vault_folder(settings.home), clock),
            signing_key(settings.home),
            None if kept is None else CheckpointFolder(kept, settings.audit.every),
        )
        made = maker.make(transmission, output, by=f"cli:{getpass.getuser()}", at=clock.now())
    if json:
        print_json(
            {
                "transmission": str(transmission),
                "file": str(made.path),
                "sha256": made.sha256,
                "files": made.files,
                "audit_rows": made.audit_rows,
                "checkpoint": made.checkpoint,
            }
        )
        return
    people.print(f"{made.files} files, {made.audit_rows} rows of the audit log, in {plain(made.path)}")
    people.print(f"  SHA-256 {made.sha256}")
    people.print("  verify it: python3 verify.py PACK.zip --key gateway.pem  (tradelane audit key > gateway.pem)")
