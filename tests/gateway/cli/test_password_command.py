"""`partner password`: what it prints opens an account, and nothing prints the password."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.main import app
from partners.passwords import fits
from partners.registry import PartnerRegistry


def test_what_it_prints_stands_in_a_profile_and_opens_the_account(tmp_path: Path) -> None:
    secret = "correct horse battery"
    result = CliRunner().invoke(app, ["partner", "password"], input=f"{secret}\n{secret}\n")
    assert result.exit_code == 0
    assert secret not in result.output
    folder = tmp_path / "acme"
    folder.mkdir()
    text = f"name: Acme\nsftp: [{{user: acme, login: password, passwords: [{{hash: {result.stdout.strip()}}}]}}]\n"
    (folder / "profile.yaml").write_text(text)
    account = PartnerRegistry.load([tmp_path]).account("acme")
    assert account is not None
    assert fits(account.passwords[0], secret)


def test_a_short_password_is_refused_with_what_is_wanted() -> None:
    result = CliRunner().invoke(app, ["partner", "password"], input="short\nshort\n")
    assert result.exit_code == 2
    assert "the password has 5 characters; want 12 or more" in result.output
