"""X.509 certificates for AS2: which of the six uses each is for, its days, and files that hold them.

A file holds one certificate in PEM (RFC 7468), and before it, as explanatory lines, what it is for:

```
uses: verify, verify-mdn
not-before: 2026-01-01
not-after: 2026-12-31
-----BEGIN CERTIFICATE-----
```
A file of ours holds its private key besides. Two files for one use overlap: both are good until the older one ends.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from partners.days import read_span
from translators.datafile import LoadFault, Place, Scalar, did_you_mean
from translators.errors import shown

MIN_RSA_BITS = 2048
MAX_CERTIFICATE_FILE_BYTES = 64 * 1024
WARN_DAYS = (60, 30, 14, 7, 1)
"""So many days before its end a certificate is warned of."""

_HEADERS = ("uses", "not-before", "not-after")
_HEADER = re.compile(r"([A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t\r]*")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?-----END (?:[A-Z]+ )?PRIVATE KEY-----", re.DOTALL)


class Use(StrEnum):
    """What a certificate is for: the first three with our private key, the others the partner's."""

    DECRYPT = "decrypt"
    SIGN = "sign"
    SIGN_MDN = "sign-mdn"
    ENCRYPT = "encrypt"
    VERIFY = "verify"
    VERIFY_MDN = "verify-mdn"


OUR_USES = frozenset({Use.DECRYPT, Use.SIGN, Use.SIGN_MDN})
THEIR_USES = frozenset({Use.ENCRYPT, Use.VERIFY, Use.VERIFY_MDN})


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate and what we hold it for.

    Args:
        encoded: it in DER.
        uses: what it may be used for, and nothing else.
        not_before: the first moment it is good: its own, or later where its file says so.
        not_after: the first moment it is good no more: its own, or earlier where its file says so.
        private_key: of ours, in PEM as its file has it; b"" of a partner's.
    """

    encoded: bytes = field(repr=False)
    uses: frozenset[Use]
    not_before: datetime
    not_after: datetime
    private_key: bytes = field(default=b"", repr=False, compare=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """`SHA256:...` in hexadecimal, of the whole certificate."""
        return f"SHA256:{hashlib.sha256(self.encoded).hexdigest()}"

    @property
    def certificate(self) -> x509.Certificate:
        """It as `cryptography` has it."""
        return x509.load_der_x509_certificate(self.encoded)

    @property
    def subject(self) -> str:
        """Whose it says it is, for people."""
        return self.certificate.subject.rfc4514_string()

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether an aware `moment` lies within its days."""
        return self.not_before <= moment < self.not_after


def good_for(held: Iterable[HeldCertificate], use: Use, *, at: datetime) -> list[HeldCertificate]:
    """Those for a use that are good at a moment, the one that began last first: it is what we sign and encrypt with."""
    found = [one for one in held if use in one.uses and one.is_valid_at(at)]
    return sorted(found, key=lambda one: (one.not_before, one.not_after), reverse=True)


def warned_of(found: HeldCertificate, others: Collection[HeldCertificate], *, at: datetime) -> frozenset[Use]:
    """The uses for which a certificate ends within 60 days of `at` and no other is good beyond its end."""
    if found.not_after > at + timedelta(days=WARN_DAYS[0]):
        return frozenset()
    after = found.not_after
    followed = {
        use
        for other in others
        if other is not found and other.not_before <= after < other.not_after
        for use in other.uses
    }
    return found.uses - followed


def read_certificate_file(
    content: bytes, *, file: str, ours: bool, zone: ZoneInfo, faults: list[LoadFault]
) -> HeldCertificate | None:
    """The certificate of one file; None where something is wrong with it.

    Args:
        content: the file's.
        file: its name, for messages.
        ours: whether it is one of ours, and so must hold its private key; a partner's must not.
        zone: where its days begin and end.
        faults: where mistakes are added; nothing of a private key is in them.
    """
    start = Place(file, 1, 1)
    if len(content) > MAX_CERTIFICATE_FILE_BYTES:
        text = f"the file has {len(content)} bytes; at most {MAX_CERTIFICATE_FILE_BYTES} are read"
        faults.append(LoadFault(start, text))
        return None
    text = content.decode("utf-8", "replace")
    certificates = _CERTIFICATE.findall(text)
    if len(certificates) != 1:
        faults.append(LoadFault(start, f"{len(certificates)} certificates in PEM; want exactly one in each file"))
        return None
    count = len(faults)
    headers = _headers(text[: text.index("-----BEGIN")], file, faults)
    allowed = OUR_USES if ours else THEIR_USES
    uses = _uses(headers.get("uses"), allowed, faults)
    begins, ends = read_span(
        headers.get("not-before"), headers.get("not-after"), of="certificate", zone=zone, faults=faults
    )
    found = _certificate(certificates[0], start, faults)
    key = _private_key(text, found, start, ours=ours, faults=faults)
    if found is None or len(faults) > count or not uses:
        return None
    not_before = found.not_valid_before_utc if begins is None else max(begins, found.not_valid_before_utc)
    not_after = found.not_valid_after_utc if ends is None else min(ends, found.not_valid_after_utc)
    return HeldCertificate(found.public_bytes(Encoding.DER), uses, not_before, not_after, key, start)


def file_content(pem: bytes, *, uses: Collection[Use], not_before: str, not_after: str) -> bytes:
    """A certificate as a file of a `certificates` folder.

    Args:
        pem: the certificate, and of ours its key.
        uses: what it is for; empty for all that may be.
        not_before: a day, or "" for its own.
        not_after: a day, or "" for its own.
    """
    said = [
        ("uses", ", ".join(sorted(use.value for use in uses))),
        ("not-before", not_before),
        ("not-after", not_after),
    ]
    return "".join(f"{name}: {value}\n" for name, value in said if value).encode() + pem


def _headers(text: str, file: str, faults: list[LoadFault]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        match = _HEADER.fullmatch(line)
        if match is None or match[1].lower() not in _HEADERS:
            name = "" if match is None else match[1].lower()
            hint = did_you_mean(name, _HEADERS) if name else ""
            if hint:  # other explanatory lines (subject, issuer ...) are read past, as openssl writes them
                faults.append(LoadFault(Place(file, number, 1), f'no line "{shown(name)}" is kept here{hint}'))
            continue
        name = match[1].lower()
        if name in found:
            faults.append(LoadFault(Place(file, number, 1), f"{name} stands twice"))
        found[name] = Scalar(match[2], Place(file, number, match.start(2) + 1))
    return found


def _uses(said: Scalar | None, allowed: frozenset[Use], faults: list[LoadFault]) -> frozenset[Use]:
    if said is None:
        return allowed
    found: set[Use] = set()
    words = sorted(use.value for use in allowed)
    for word in (part.strip() for part in said.text.split(",")):
        if word in words:
            found.add(Use(word))
        else:
            text = f'a use is "{shown(word)}"; want {" or ".join(words)}{did_you_mean(word, words)}'
            faults.append(LoadFault(said.place, text))
    return frozenset(found)


def _certificate(pem: str, start: Place, faults: list[LoadFault]) -> x509.Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        faults.append(LoadFault(start, "not an X.509 certificate in PEM"))
        return None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        faults.append(LoadFault(start, f"its key is RSA of {key.key_size} bits; want {MIN_RSA_BITS} or more"))
        return None
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        faults.append(LoadFault(start, "its key is neither RSA nor elliptic-curve"))
        return None
    return found


def _private_key(
    text: str, found: x509.Certificate | None, start: Place, *, ours: bool, faults: list[LoadFault]
) -> bytes:
    keys = _KEY.findall(text)
    if not ours:
        if keys:
            faults.append(
                LoadFault(start, "the file holds a private key; a partner keeps its own, and we never have it")
            )
        return b""
    if len(keys) != 1:
        faults.append(LoadFault(start, f"{len(keys)} private keys in PEM; want exactly the certificate's"))
        return b""
    try:
        key = load_pem_private_key(keys[0].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        faults.append(LoadFault(start, "its private key cannot be read; want it in PEM without a passphrase"))
        return b""
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if found is not None and key.public_key().public_bytes(*spki) != found.public_key().public_bytes(*spki):
        faults.append(LoadFault(start, "its private key is not that of its certificate"))
        return b""
    pem: bytes = keys[0].encode()
    return pem


def moment_text(moment: datetime) -> str:
    """A moment as people read it: `2026-12-31 23:59 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
