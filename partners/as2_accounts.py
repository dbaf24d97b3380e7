"""One AS2 account of a profile: names, where its messages go, how they are closed, what is wanted of the partner's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar
from zoneinfo import ZoneInfo

from partners.carries import read_carries
from partners.certificates import HeldCertificate
from partners.days import read_span
from partners.fields import WORD, Fields, Reference, ReferenceKind, form
from translators.datafile import LoadFault, Mapping, Place
from translators.errors import shown

_USER = form(r"[a-z0-9][a-z0-9._-]{0,31}", "up to 32 lower-case letters, digits, dots, - and _")
NAME = form(r"[ -~]{1,128}", "1 to 128 printable ASCII characters, as the partner writes it, case kept (RFC 4130 6.2)")
_URL = form(r"https?://[!-~]{1,2000}", "an address that begins with https:// or http://")
_HOST = form(r"[0-9A-Za-z.:_-]{1,253}", "a host name or address")
Word = TypeVar("Word", bound=StrEnum)

_MEDIA = form(r"[a-z0-9.+-]+/[a-z0-9.+-]+", "a media type, as application/edi-x12")

AS2_KEYS = (
    "user", "name", "ourselves", "url", "carries", "sign", "signature", "encrypt", "key_transport", "compress",
    "receipt", "receipt_by", "receipt_within", "require", "media", "max_bytes", "retry", "legacy", "mdn_hosts",
    "private_networks",
)  # fmt: skip
"""What an AS2 account may say."""


class SignWith(StrEnum):
    """What our messages are signed with, if at all."""

    NONE = "none"
    SHA256 = "sha-256"
    SHA384 = "sha-384"
    SHA512 = "sha-512"
    SHA1 = "sha1"
    MD5 = "md5"


class EncryptWith(StrEnum):
    """What our messages are encrypted with, if at all."""

    NONE = "none"
    AES128_CBC = "aes128-cbc"
    AES192_CBC = "aes192-cbc"
    AES256_CBC = "aes256-cbc"
    AES128_GCM = "aes128-gcm"
    AES192_GCM = "aes192-gcm"
    AES256_GCM = "aes256-gcm"
    DES3_CBC = "3des-cbc"


class Padding(StrEnum):
    """How an RSA key signs."""

    PKCS1 = "pkcs1"
    PSS = "pss"


class Transport(StrEnum):
    """How an RSA key carries the content's key."""

    PKCS1 = "pkcs1"
    OAEP = "oaep"


class Compress(StrEnum):
    """Whether our messages are compressed, and whether before or after they are signed."""

    NONE = "none"
    BEFORE = "before"
    AFTER = "after"


class Receipt(StrEnum):
    """What receipt we ask for."""

    NONE = "none"
    UNSIGNED = "unsigned"
    SIGNED = "signed"


class ReceiptBy(StrEnum):
    """Whether it comes in the answer, or by a request of the partner's own."""

    ANSWER = "answer"
    REQUEST = "request"


LEGACY_SIGN = frozenset({SignWith.SHA1, SignWith.MD5})
LEGACY_ENCRYPT = frozenset({EncryptWith.DES3_CBC})


@dataclass(frozen=True, slots=True)
class Legacy:
    """Algorithms of the past a partner may use, until a moment.

    Args:
        until: the first moment they are refused again.
    """

    sign: frozenset[SignWith] = frozenset()
    encrypt: frozenset[EncryptWith] = frozenset()
    until: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether they may be used at an aware `moment`."""
        return self.until is not None and moment < self.until


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when a message is tried again: after `first`, then twice that, up to `longest`; `tries` in all."""

    first: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=4)
    tries: int = 10


@dataclass(frozen=True, slots=True)
class AS2Account:
    """A way to and from a partner over AS2. See `partners.model.Account`.

    Args:
        user: its name here, unique over all partners and channels.
        name: the partner's AS2 name.
        ourselves: key of our legal entity whose AS2 name it sends to.
        url: where our messages go; "" where it only sends.
        carries: keys of the partners whose documents it may bring.
        must_sign: a message of its that is not signed is refused.
        must_encrypt: one in clear is refused.
        max_bytes: of a content, decompressed.
        mdn_hosts: hosts asynchronous receipts may be posted to, beside that of `url`.
        private_networks: networks of private addresses it may be reached in.
        certificates: the partner's, from its `certificates` folders.
    """

    user: str
    partner: str
    name: str
    ourselves: str
    url: str = ""
    carries: frozenset[str] = frozenset()
    sign: SignWith = SignWith.SHA256
    signature: Padding = Padding.PKCS1
    encrypt: EncryptWith = EncryptWith.AES256_CBC
    key_transport: Transport = Transport.PKCS1
    compress: Compress = Compress.NONE
    receipt: Receipt = Receipt.SIGNED
    receipt_by: ReceiptBy = ReceiptBy.ANSWER
    receipt_within: timedelta = timedelta(hours=24)
    must_sign: bool = True
    must_encrypt: bool = True
    media: str = "application/edi-x12"
    max_bytes: int = 100 * 1024 * 1024
    retry: Retry = Retry()
    legacy: Legacy = Legacy()
    mdn_hosts: frozenset[str] = frozenset()
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    certificates: tuple[HeldCertificate, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def channel(self) -> str:
        """See Account."""
        return "as2"

    @property
    def pushed(self) -> bool:
        """Whether we bring there what goes out; else it waits in the account's mailbox."""
        return bool(self.url)

    @property
    def brings_files(self) -> bool:
        """See Account."""
        return True

    @property
    def takes_files(self) -> bool:
        """See Account."""
        return bool(self.url)


def read_as2_account(
    item: Mapping, *, partner: str, zone: ZoneInfo, references: list[Reference], faults: list[LoadFault]
) -> AS2Account | None:
    """Read one account; None where it has no usable user or name.

    Args:
        item: the account.
        partner: key of the partner it belongs to.
        zone: the partner's, for its days.
        references: where the partners and the entity it names are added.
        faults: where mistakes are added.
    """
    fields = Fields(item, of="an as2 account", known=AS2_KEYS, faults=faults)
    fields.require("user", "name", "ourselves")
    user, name, entity = fields.scalar("user", _USER), fields.scalar("name", NAME), fields.scalar("ourselves", WORD)
    if entity is not None:
        references.append(Reference(ReferenceKind.ENTITY, entity))
    carries = read_carries(fields, partner=partner, references=references)
    require = _require(fields)
    legacy = _legacy(fields, zone)
    sign, encrypt = fields.choice("sign", SignWith.SHA256), fields.choice("encrypt", EncryptWith.AES256_CBC)
    for key, word, allowed in (("sign", sign, LEGACY_SIGN), ("encrypt", encrypt, LEGACY_ENCRYPT)):
        if word in allowed and word not in legacy.sign | legacy.encrypt:
            fields.fault(fields.place_of(key), f"{word} is of the past; name it under legacy, with a day it ends")
    if user is None or name is None or entity is None:
        return None
    return AS2Account(
        user=user.text,
        partner=partner,
        name=name.text,
        ourselves=entity.text,
        url=fields.text("url", _URL),
        carries=carries,
        sign=sign,
        signature=fields.choice("signature", Padding.PKCS1),
        encrypt=encrypt,
        key_transport=fields.choice("key_transport", Transport.PKCS1),
        compress=fields.choice("compress", Compress.NONE),
        receipt=fields.choice("receipt", Receipt.SIGNED),
        receipt_by=fields.choice("receipt_by", ReceiptBy.ANSWER),
        receipt_within=fields.span("receipt_within", default=timedelta(hours=24)),
        must_sign=require[0],
        must_encrypt=require[1],
        media=fields.text("media", _MEDIA, default="application/edi-x12"),
        max_bytes=fields.size("max_bytes", default=100 * 1024 * 1024),
        retry=_retry(fields),
        legacy=legacy,
        mdn_hosts=frozenset(found.text.lower() for found in fields.scalars("mdn_hosts", _HOST)),
        private_networks=_networks(fields),
        place=user.place,
    )


def _require(outer: Fields) -> tuple[bool, bool]:
    found = outer.mapping("require")
    if found is None:
        return True, True
    fields = Fields(found, of="require", known=("sign", "encrypt"), faults=outer.faults)
    return fields.flag("sign", default=True), fields.flag("encrypt", default=True)


def _retry(outer: Fields) -> Retry:
    found, usual = outer.mapping("retry"), Retry()
    if found is None:
        return usual
    fields = Fields(found, of="retry", known=("first", "longest", "tries"), faults=outer.faults)
    return Retry(
        fields.span("first", default=usual.first),
        fields.span("longest", default=usual.longest),
        fields.number("tries", default=usual.tries, low=1, high=1000),
    )


def _legacy(outer: Fields, zone: ZoneInfo) -> Legacy:
    found = outer.mapping("legacy")
    if found is None:
        return Legacy()
    fields = Fields(found, of="legacy", known=("sign", "encrypt", "until"), faults=outer.faults)
    fields.require("until")
    _, until = read_span(None, fields.scalar("until"), of="legacy", zone=zone, faults=outer.faults)
    return Legacy(
        frozenset(_words(fields, "sign", LEGACY_SIGN)), frozenset(_words(fields, "encrypt", LEGACY_ENCRYPT)), until
    )


def _networks(fields: Fields) -> tuple[IPv4Network | IPv6Network, ...]:
    found: list[IPv4Network | IPv6Network] = []
    for item in fields.scalars("private_networks"):
        try:
            found.append(ip_network(item.text))
        except ValueError:
            text = f'private_networks has "{shown(item.text)}"; want an address or network, as 10.1.2.0/24'
            fields.fault(item.place, text)
    return tuple(found)


def _words(fields: Fields, key: str, known: frozenset[Word]) -> list[Word]:
    texts = {word.value: word for word in known}
    found = []
    for item in fields.scalars(key):
        if item.text in texts:
            found.append(texts[item.text])
        else:
            fields.fault(item.place, f'{key} is "{shown(item.text)}"; want {" or ".join(sorted(texts))}')
    return found
