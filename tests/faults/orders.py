"""Purchase orders for the fault tests: four partners, and any number of 850s that differ in every number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

OWN_PROFILE = """\
name: Partner {number}
identifiers:
  - {{qualifier: ZZ, id: PARTNER{number}}}
acknowledge: {{functional: always, interchange: on_error}}
sftp:
  - {{user: partner{number}, pickup: {pickup}}}
agreements:
  - {{document: "850", direction: in, version: 004010, map: base/850.in, deliver_to: [erp], currency: USD}}
"""


@dataclass(frozen=True, slots=True)
class Partner:
    """A login and the identity it writes into its envelopes.

    Attributes:
        renames: uploads under a temporary name, which counts at its rename; else the close counts.
        profile: of its own, in the home; None for a sample partner that the program ships.
    """

    user: str
    isa_id: str
    renames: bool
    profile: str | None = None


PARTNERS = (
    Partner("partner1", "PARTNER1", renames=False, profile=OWN_PROFILE.format(number=1, pickup="close")),
    Partner("partner2", "PARTNER2", renames=True, profile=OWN_PROFILE.format(number=2, pickup="rename")),
    Partner("partner3", "PARTNER3", renames=False, profile=OWN_PROFILE.format(number=3, pickup="close")),
    Partner("partner4", "PARTNER4", renames=True, profile=OWN_PROFILE.format(number=4, pickup="rename")),
)


@dataclass(frozen=True, slots=True)
class Order:
    """One 850 in an interchange of its own."""

    partner: Partner
    number: str
    control_number: int
    content: bytes

    @property
    def filename(self) -> str:
        return f"{self.number}.edi"

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


def order(partner: Partner, n: int, *, lines: int = 1) -> Order:
    """The n-th order of a partner (from 1), with so many lines of some 70 bytes."""
    number = f"PO-{partner.user}-{n:04d}"
    body = [
        "ST*850*0001",
        f"BEG*00*SA*{number}**20261120",
        "N1*ST*Store 118*92*0118",
        "N3*4100 W Fullerton Ave",
        "N4*Chicago*IL*60639*US",
        *[f"PO1*{line}*{n}*EA*12.5*PE*VN*TL-{line:06d}-STEEL-BRACKET-90-MM-GALVANISED" for line in range(1, lines + 1)],
        f"CTT*{lines}",
    ]
    body.append(f"SE*{len(body) + 1}*0001")
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{partner.isa_id:15}*ZZ*{'TRADELANE':15}*261120*0915*U*00401*{n:09d}*0*P*>",
        f"GS*PO*{partner.isa_id}*TRADELANE*20261120*0915*{n}*X*004010",
        *body,
        f"GE*1*{n}",
        f"IEA*1*{n:09d}",
    ]
    return Order(partner, number, n, "".join(f"{segment}~\n" for segment in segments).encode())
