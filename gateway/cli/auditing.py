"""`audit verify|checkpoint|key`: that nothing in the audit log was altered, and proof of it kept outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, fail, people, plain, print_json

audit_app = typer.Typer(help="The audit log: verify that nothing was altered.", no_args_is_help=True)

PublicKey = Annotated[
    Path | None, typer.Option("--key", help="The gateway's public key (PEM) as you kept it; else the workspace's own.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that was kept outside: a log rewritten or cut since is found.")
    ] = None,
    key: PublicKey = None,
    payloads: Annotated[
        bool, typer.Option("--payloads", help="Read every payload, too: bytes changed or gone are named.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Recompute the chain of the audit log: changed, deleted or truncated rows are named. Exit 1 if any."""
    from gateway.app import workspace_store
    from gateway.evidence import checkpoints
    from gateway.ports import SystemClock
    from gateway.settings import load_settings
    from gateway.store import audit
    from gateway.store.vault import Vault
    from gateway.workspace import home_of, vault_folder

    known = None
    if checkpoint is not None:
        kept = checkpoints.read(checkpoint, key=_public(key, home))
        known = audit.ChainPoint(kept.position, kept.seal)
    elif key is not None:
        fail("--key is what a --checkpoint is signed with; give one", code=EXIT_REJECTED)
    with workspace_store(home) as store:
        found = audit.verify(store, known=known)
        examined = (
            Vault(store, vault_folder(load_settings(home_of(home)).home), SystemClock()).examine() if payloads else None
        )
    damaged = {} if examined is None else examined.faults
    if json:
        print_json(
            {
                "ok": found.ok and not damaged,
                "rows": found.rows,
                "sealed": found.sealed,
                "checkpoint": None if known is None else known.position,
                "payloads": None if examined is None else examined.payloads,
                "damaged": damaged,
                "faults": [
                    {"kind": fault.kind, "seq": fault.seq, "position": fault.position} for fault in found.faults
                ],
            }
        )
    else:
        verdict = "[green]the chain holds[/]" if found.ok else "[red]the chain is broken[/]"
        through = "" if known is None else f", {known.position} of them by the checkpoint"
        people.print(f"{verdict}: {found.rows} rows, {found.sealed} sealed{through}")
        for fault in found.faults:
            row = f"row {fault.seq}" if fault.seq is not None else f"position {fault.position}"
            people.print(f"  {row}: {fault.kind}")
        if examined is not None:
            people.print(f"{examined.payloads} payloads, {len(damaged)} not as they were put in")
        for why in damaged.values():
            people.print(f"  {plain(why)}")
    if not found.ok or damaged:
        raise typer.Exit(EXIT_REJECTED)


@audit_app.command()
def checkpoint(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else the folder of the settings, else printed.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Sign where the chain of the audit log stands now; keep it where the database's owner cannot write."""
    from gateway.app import workspace_store
    from gateway.evidence import checkpoints
    from gateway.evidence.signing import signing_key
    from gateway.ports import SystemClock
    from gateway.settings import load_settings
    from gateway.workspace import home_of

    settings = load_settings(home_of(home))
    with workspace_store(home) as store:
        taken = checkpoints.take(store, signing_key(settings.home), at=SystemClock().now())
    path = output
    if output is not None:
        output.write_text(checkpoints.text_of(taken), encoding="utf-8")
    elif settings.audit.checkpoints is not None:
        path = checkpoints.CheckpointFolder(settings.audit.checkpoints, settings.audit.every).write(taken)
    if json:
        print_json(
            {
                "position": taken.position,
                "seal": taken.seal.hex(),
                "at": taken.at,
                "key": taken.key.hex(),
                "signature": taken.signature.hex(),
                "file": None if path is None else str(path),
            }
        )
    elif path is None:
        print(checkpoints.text_of(taken), end="")
    else:
        people.print(f"position {taken.position} signed, in {plain(path)}")


@audit_app.command()
def key(home: Home = None, json: Json = False) -> None:
    """Print the public key that checkpoints and evidence packs are verified with; it is made the first time."""
    from gateway.evidence.signing import signing_key
    from gateway.evidence.verify import fingerprint, public_pem
    from gateway.workspace import home_of

    public = signing_key(home_of(home)).public
    if json:
        print_json({"key": public.hex(), "fingerprint": fingerprint(public)})
    else:
        print(public_pem(public), end="")


def _public(path: Path | None, home: Path | None) -> bytes:
    from gateway.evidence.signing import signing_key
    from gateway.evidence.verify import public_key
    from gateway.workspace import home_of

    if path is None:
        return signing_key(home_of(home)).public
    try:
        return public_key(path.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{path}: {error}", code=EXIT_REJECTED)
