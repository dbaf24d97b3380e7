"""One account for our HTTPS API: its name, client certificates, networks, whom it carries, the largest file.

Its API keys are secrets and stand in the database (`tradelane apikey`), never in a profile.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from partners.carries import read_carries
from partners.fields import Fields, Reference, form
from partners.networks import Network, is_allowed, read_networks
from translators.datafile import LoadFault, Mapping, Place

_USER = form(r"[a-z0-9][a-z0-9._-]{0,31}", "up to 32 lower-case letters, digits, dots, - and _")
_FINGERPRINT = form(r"SHA256:[0-9a-f]{64}", "SHA256: and 64 lower-case hexadecimal digits, of the whole certificate")
HTTPS_KEYS = ("user", "certificates", "allowed_from", "carries", "file_bytes")
"""What an HTTPS account may say."""


@dataclass(frozen=True, slots=True)
class HttpsAccount:
    """An account for our HTTPS API. See `partners.model.Account`.

    Args:
        user: its name, unique over all partners and channels.
        certificates: SHA-256 (hex) of the client certificates that may stand for an API key.
        allowed_from: networks it may be used from; empty for any.
        carries: keys of the partners whose documents it may bring.
        file_bytes: the largest file it may send.
    """

    user: str
    partner: str
    certificates: frozenset[str] = frozenset()
    allowed_from: tuple[Network, ...] = ()
    carries: frozenset[str] = frozenset()
    file_bytes: int = 1024**3
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def channel(self) -> str:
        """See Account."""
        return "https"

    @property
    def pushed(self) -> bool:
        """What is for it is collected (`GET /v1/outbound`)."""
        return False

    @property
    def brings_files(self) -> bool:
        """See Account."""
        return True

    @property
    def takes_files(self) -> bool:
        """See Account."""
        return True

    def accepts_address(self, address: str) -> bool:
        """Whether a request may come from this IP address; text that is no address is refused."""
        return is_allowed(address, self.allowed_from)


def read_https_account(
    item: Mapping, *, partner: str, references: list[Reference], faults: list[LoadFault]
) -> HttpsAccount | None:
    """Read one account; None where it has no usable user.

    Args:
        item: the account.
        partner: key of the partner it belongs to.
        references: where the partners it names are added.
        faults: where mistakes are added.
    """
    fields = Fields(item, of="an https account", known=HTTPS_KEYS, faults=faults)
    fields.require("user")
    user = fields.scalar("user", _USER)
    carries = read_carries(fields, partner=partner, references=references)
    read = HttpsAccount(
        user="" if user is None else user.text,
        partner=partner,
        certificates=frozenset(
            found.text.removeprefix("SHA256:") for found in fields.scalars("certificates", _FINGERPRINT)
        ),
        allowed_from=read_networks(fields),
        carries=carries,
        file_bytes=fields.size("file_bytes", default=1024**3),
        place=None if user is None else user.place,
    )
    return None if user is None else read
