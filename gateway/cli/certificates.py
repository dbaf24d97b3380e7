"""`cert list|import|create|expiring`: the certificates of AS2."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    fail,
    people,
    plain,
    print_json,
    print_table,
)
from gateway.workspace import home_of, registry_of

CREATED_BITS = 3072
CREATED_DAYS = 730

cert_app = typer.Typer(help="Certificates of AS2: list them, add one, see which end soon.", no_args_is_help=True)
Day = Annotated[str, typer.Option(help="A day, 2026-12-31; the certificate's own when left out.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(cert_app, name="cert")


@cert_app.command("list")
def cert_list(home: Home = None, json: Json = False) -> None:
    """List our certificates and the partners', with their uses and days."""
    _print(_rows(home), json=json)


@cert_app.command("expiring")
def cert_expiring(home: Home = None, json: Json = False) -> None:
    """List those that end within 60 days and that none follows for a use. Exit 1 if there are any."""
    rows = [row for row in _rows(home) if row["ending"]]
    _print(rows, json=json)
    if rows:
        raise typer.Exit(EXIT_REJECTED)


@cert_app.command("import")
def cert_import(
    owner: Annotated[str, typer.Argument(help="An AS2 account of a partner's, or a legal entity of ours.")],
    file: Annotated[Path, typer.Argument(help="The certificate in PEM; of ours with its private key.")],
    use: Annotated[list[str] | None, typer.Option(help="What it is for; everything it may be when left out.")] = None,
    not_before: Day = "",
    not_after: Day = "",
    home: Home = None,
) -> None:
    """Add a certificate beside those there are; both are good until the older ends. From the next start on."""
    from partners.certificates import Use, file_content, read_certificate_file
    from translators.datafile import LoadError, LoadFault

    folder, ours = _folder_of(owner, home)
    words = [found.value for found in Use]
    if unknown := [word for word in use or () if word not in words]:
        fail(f"no use {', '.join(unknown)}; there are {', '.join(words)}", code=EXIT_USAGE)
    uses = [Use(word) for word in use or ()]
    content = file_content(_blocks(file), uses=uses, not_before=not_before, not_after=not_after)
    faults: list[LoadFault] = []
    found = read_certificate_file(content, file=str(file), ours=ours, zone=ZoneInfo("UTC"), faults=faults)
    if found is None:
        raise LoadError(faults)
    _write(folder, hashlib.sha256(found.encoded).hexdigest()[:16], content)
    people.print(
        f"{plain(owner)} has {plain(found.fingerprint)} from {_day(found.not_before)} to {_day(found.not_after)}"
    )


@cert_app.command("create")
def cert_create(
    owner: Annotated[str, typer.Argument(help="A legal entity of ours.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good.")] = CREATED_DAYS,
    home: Home = None,
) -> None:
    """Make a key and a self-signed certificate for one of our legal entities, and print what partners need of it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    folder, ours = _folder_of(owner, home)
    if not ours:
        fail(f"{owner} is a partner's; it makes its own key and gives us the certificate", code=EXIT_USAGE)
    key = rsa.generate_private_key(65537, CREATED_BITS)
    name = registry_of(home).ourselves[owner].as2_name or owner
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    begins = datetime.now(UTC) - timedelta(minutes=5)
    made = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), begins, begins + timedelta(days=days)
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder, made.fingerprint(hashes.SHA256()).hex()[:16], pem + private)
    people.print(pem.decode(), end="")


def _rows(home: Path | None) -> list[dict[str, Any]]:
    from gateway.certificate_watch import held

    at = datetime.now(UTC)
    return [
        {
            "owner": found.owner,
            "partner": found.partner,
            "uses": sorted(use.value for use in found.certificate.uses),
            "not_before": found.certificate.not_before.isoformat(),
            "not_after": found.certificate.not_after.isoformat(),
            "days_left": found.days_left(at=at),
            "ending": sorted(use.value for use in found.uses_ending(at=at)),
            "subject": found.certificate.subject,
            "fingerprint": found.certificate.fingerprint,
        }
        for found in held(registry_of(home), own_keys(home))
    ]


def _print(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json(*rows)
        return
    if not rows:
        people.print("there are none")
        return
    for row in rows:
        row["uses"], row["ending"] = ", ".join(row["uses"]), ", ".join(row["ending"])
        row["until"] = str(row["not_after"])[:10]
    columns = {"owner": "owner", "uses": "uses", "until": "until", "days_left": "days", "ending": "ends without"}
    print_table(rows, columns | {"fingerprint": "fingerprint"})


def own_keys(home: Path | None) -> Any:
    """Our own certificates and keys for AS2.

    Raises:
        LoadError: every mistake in them.
    """
    from gateway.channels.as2_keys import load_keys
    from translators.datafile import LoadError, LoadFault

    faults: list[LoadFault] = []
    keys = load_keys(home_of(home), registry_of(home).ourselves.values(), faults=faults)
    if faults:
        raise LoadError(faults)
    return keys


def _folder_of(owner: str, home: Path | None) -> tuple[Path, bool]:
    """Where the certificates of an owner lie, and whether it is one of us."""
    from gateway.channels.as2_keys import KEYS_FOLDER

    registry = registry_of(home)
    if owner in registry.ourselves:
        return home_of(home) / KEYS_FOLDER / owner, True
    for partner in registry.partners.values():
        users = [account.user for account in partner.as2]
        if owner in users:
            folder = home_of(home) / "partners" / "profiles" / partner.key / "certificates"
            return folder if len(users) == 1 else folder / owner, False
    return fail(f"{owner} is neither an AS2 account nor a legal entity of ours", code=EXIT_USAGE)


def _blocks(file: Path) -> bytes:
    """The PEM blocks of a file, without what stands between them."""
    found = re.findall(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", file.read_bytes(), re.DOTALL)
    return b"".join(block + b"\n" for block in found)


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.pem"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{path} is there already; it holds this certificate", code=EXIT_USAGE)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
