"""Sending to a partner in tests, and the acknowledgments it writes by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gateway.model import Environment
from gateway.pipeline.dispatch import Dispatch, SetToSend
from tests.gateway.inbound_line import Line, group, interchange
from translators.x12.writer import OutboundSet

TERMS = "acknowledge: {functional: always, within: 24h}"


def profile(*, terms: str = TERMS, more: str = "", profile_keys: str = "") -> str:
    """A buyer we send 855 and 856 to; `terms` and `more` are keys of both agreements."""
    keys = "".join(f", {part}" for part in (terms, more) if part)
    return (
        "name: A buyer\n"
        "identifiers:\n  - {qualifier: ZZ, id: BUYER}\n  - {qualifier: '12', id: '5551234'}\n"
        f"sftp:\n  - user: buyer\n{profile_keys}"
        "agreements:\n"
        f'  - {{document: "855", direction: out, pass_through: true{keys}}}\n'
        f'  - {{document: "865", direction: out, pass_through: true{keys}}}\n'
        '  - {document: "824", direction: in, pass_through: true, deliver_to: [erp]}\n'
    )


def answer_to(number: str, *, date: str = "20261120") -> OutboundSet:
    """An 855 that accepts an order."""
    return OutboundSet("855", [["BAK", "00", "AD", number, date]])


def change_of(number: str) -> OutboundSet:
    """An 865 that acknowledges a change."""
    return OutboundSet("865", [["BCA", "00", "AT", number, "", "1", "20261120"]])


GROUPS = {"855": "PR", "865": "CA"}


@dataclass
class Buyer:
    """Sends to the buyer, and speaks for it."""

    line: Line
    answered: int = 0

    def send(self, *sets: OutboundSet, environment: Environment = Environment.LIVE) -> list[UUID]:
        """Send sets as agreed; the ids of the transmissions."""
        gateway = self.line.gateway
        partner = gateway.registry.partners["buyer"]
        agreed = {agreement.document: agreement for agreement in partner.agreements}
        dispatch = Dispatch(
            partner,
            gateway.registry.ourselves["us"],
            "buyer",
            environment,
            gateway.vault,
            gateway.registry,
            gateway.guides,
            gateway.partner_guides,
        )
        wanted = [SetToSend(agreed[one.code], GROUPS[one.code], "004010", one) for one in sets]
        with self.line.store.begin() as conn:
            return dispatch.send_sets(conn, wanted, at=self.line.clock.now())

    def send_orders(self, *numbers: str, **how: Any) -> dict[str, Any]:
        """Send one interchange of 855; its life."""
        [id] = self.send(*map(answer_to, numbers), **how)
        return self.line.life(id)

    def says(self, *segments: str, kind: str = "997", control: str | None = None, **how: Any) -> dict[str, Any]:
        """Its 997 with these segments between ST and SE comes in; the life of what carries it."""
        return self.brings([[f"ST*{kind}*0001", *segments, f"SE*{len(segments) + 2}*0001"]], control=control, **how)

    def brings(
        self,
        sets: Sequence[Sequence[str]],
        *,
        functional_id: str = "FA",
        control: str | None = None,
        release: str = "004010",
        to: str = f"ZZ*{'TRADELANE':15}",
        **how: Any,
    ) -> dict[str, Any]:
        """An interchange of these sets comes in, for the identity `to` (ISA07 and ISA08)."""
        self.answered += 1
        number = control or f"{self.answered:09}"
        inside = [group(sets, functional_id=functional_id, version=release)]
        content = interchange(inside, sender="BUYER", control=number, version=release[:5], **how)
        content = content.replace(f"ZZ*{'TRADELANE':15}".encode(), to.encode(), 1)
        return self.line.sent(content, account="buyer", name=f"{self.answered}.edi")

    def notes(self, note: str) -> dict[str, Any]:
        """A TA1 comes in."""
        self.answered += 1
        content = interchange([[note]], sender="BUYER", control=f"{self.answered:09}", count=0)
        return self.line.sent(content, account="buyer", name=f"{self.answered}.edi")
