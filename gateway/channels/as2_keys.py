"""The keys of AS2: ours from the workspace's `as2` folder, partners' from their profiles, each for its use and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.as2.algorithms import (
    MODERN_CIPHERS,
    MODERN_DIGESTS,
    Allowed,
    Cipher,
    Compression,
    Digest,
    KeyTransport,
    SignatureScheme,
)
from gateway.as2.keys import Certificate, Identity, certificate
from gateway.as2.message import Security, Trust
from gateway.errors import GatewayError
from partners.as2_accounts import AS2Account, EncryptWith, SignWith
from partners.certificates import HeldCertificate, Use, good_for, read_certificate_file
from partners.model import LegalEntity
from translators.datafile import LoadFault, Place

KEYS_FOLDER = "as2"

Found = TypeVar("Found")


class NoCertificate(GatewayError):
    """There is none that is good for what is to be done now."""


@dataclass(frozen=True, slots=True)
class AS2Keys:
    """Our certificates by legal entity; the partners' come with their accounts.

    Args:
        ours: key of the entity -> its certificates with their private keys.
    """

    ours: Mapping[str, Sequence[HeldCertificate]]

    def identities(self, entity: str, use: Use, *, at: datetime) -> list[Identity]:
        """Ours for a use, good now, the newest first."""
        return [_identity(one) for one in good_for(self.ours.get(entity, ()), use, at=at)]

    def decrypting(self, entity: str, *, at: datetime) -> list[Identity]:
        """Ours to decrypt with: also those whose days are over, since what was encrypted before them may come late."""
        held = [one for one in self.ours.get(entity, ()) if Use.DECRYPT in one.uses and one.not_before <= at]
        return [_identity(one) for one in sorted(held, key=lambda one: one.not_before, reverse=True)]

    def trust(self, account: AS2Account, use: Use, *, at: datetime) -> Trust:
        """What a message (or, with `verify-mdn`, a receipt) of the account is opened with, and must be."""
        legacy = account.legacy if account.legacy.holds_at(at) else None
        digests = {Digest(word.value) for word in legacy.sign} if legacy else set()
        ciphers = {Cipher(word.value) for word in legacy.encrypt} if legacy else set()
        return Trust(
            identities=self.decrypting(account.ourselves, at=at),
            pinned=[_certificate(one) for one in account.certificates if use in one.uses],
            allowed=Allowed(MODERN_DIGESTS | digests, MODERN_CIPHERS | ciphers),
            must_sign=account.must_sign,
            must_encrypt=account.must_encrypt,
            most_bytes=account.max_bytes,
        )

    def security(self, account: AS2Account, *, at: datetime) -> Security:
        """How a message to the account is closed.

        Raises:
            NoCertificate: it is to be signed or encrypted, and there is nothing to do it with.
        """
        signer = None
        if account.sign is not SignWith.NONE:
            signer = _first(
                self.identities(account.ourselves, Use.SIGN, at=at), f"our {account.ourselves} has no key to sign with"
            )
        to = None
        if account.encrypt is not EncryptWith.NONE:
            found = [_certificate(one) for one in good_for(account.certificates, Use.ENCRYPT, at=at)]
            to = _first(found, f"{account.user} has no certificate to encrypt to")
        return Security(
            signer=signer,
            digest=Digest.SHA256 if signer is None else Digest(account.sign.value),
            scheme=SignatureScheme(account.signature.value),
            encrypt_to=to,
            cipher=Cipher.AES256_CBC if to is None else Cipher(account.encrypt.value),
            transport=KeyTransport(account.key_transport.value),
            compression=Compression(account.compress.value),
        )

    def mdn_security(self, account: AS2Account, digest: Digest, *, at: datetime) -> Security:
        """How a receipt to the account is signed.

        Raises:
            NoCertificate: we have nothing to sign it with.
        """
        found = self.identities(account.ourselves, Use.SIGN_MDN, at=at)
        signer = _first(found, f"our {account.ourselves} has no key to sign receipts with")
        return Security(signer=signer, digest=digest, scheme=SignatureScheme(account.signature.value))


def load_keys(home: Path, entities: Iterable[LegalEntity], *, faults: list[LoadFault]) -> AS2Keys:
    """Read `as2/ENTITY/*.pem` of a workspace.

    Args:
        home: the workspace folder.
        entities: ours.
        faults: where mistakes are added.
    """
    folder = home / KEYS_FOLDER
    known = {entity.key for entity in entities}
    ours: dict[str, list[HeldCertificate]] = {}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.name.startswith("."):
            continue
        if entry.name not in known or not entry.is_dir():
            faults.append(LoadFault(Place(str(entry), 1, 1), "want a folder for each legal entity of ours here"))
            continue
        for path in sorted(entry.glob("*.pem")):
            if path.stat().st_mode & 0o077:
                text = "others may read this private key; chmod 600 it"
                faults.append(LoadFault(Place(str(path), 1, 1), text))
                continue
            zone = ZoneInfo("UTC")
            read = read_certificate_file(path.read_bytes(), file=str(path), ours=True, zone=zone, faults=faults)
            if read is not None:
                ours.setdefault(entry.name, []).append(read)
    return AS2Keys(ours)


def _first(found: Sequence[Found], otherwise: str) -> Found:
    if not found:
        raise NoCertificate(f"{otherwise}; see tradelane cert list")
    return found[0]


@cache
def _certificate(held: HeldCertificate) -> Certificate:
    found = x509.load_der_x509_certificate(held.encoded)
    return certificate(found, not_before=held.not_before, not_after=held.not_after)


@cache
def _identity(held: HeldCertificate) -> Identity:
    key = load_pem_private_key(held.private_key, None)
    assert isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))  # read_certificate_file took no other
    return Identity(_certificate(held), key)
