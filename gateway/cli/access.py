"""`partner password`: the hash of a password, for a profile."""

from __future__ import annotations

import typer

from gateway.cli.data import partner_app
from gateway.cli.output import EXIT_USAGE, fail


def register() -> None:
    """Add the command to the group it belongs to."""
    partner_app.command("password")(password)


def password() -> None:
    """Ask for a password and print its argon2id hash, in quotes, for `passwords` in a profile. It is kept nowhere."""
    from partners.passwords import new_hash

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        print(f'"{new_hash(secret)}"')
    except ValueError as error:
        fail(str(error), code=EXIT_USAGE)
