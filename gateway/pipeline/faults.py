"""Faults that only we can see: what was not agreed, and control numbers that the partner used before."""

from __future__ import annotations

from dataclasses import replace

from gateway.pipeline.ledger import InboundLedger
from gateway.pipeline.opened import OpenInterchange
from partners.model import Agreement, GroupNumbers, NumberWindow, SetNumbers
from partners.registry import Identified, NotIdentified
from translators.errors import Issue, Position, Severity, shown
from translators.x12.codes import FAULTS
from translators.x12.model import GroupHeader, InterchangeHeader, TransactionSet

UNSUPPORTED = "x12.st.unsupported"
_USED_GROUP = "x12.gs.duplicate_control_number"
_USED_SET = "x12.st.duplicate_control_number"


def not_agreed(event: TransactionSet, why: NotIdentified) -> Issue:
    """A set that no agreement holds for."""
    return Issue(UNSUPPORTED, why.reason, replace(_st_position(event), element=1), level=7, value=event.code)


def used_interchange_number(header: InterchangeHeader) -> Issue:
    """An ISA13 that the partner used before for other content."""
    position = replace(isa_position(header), element=13)
    text = f"ISA13 {header.control_number} was used before for other content; want a new control number"
    return Issue("x12.isa.duplicate_control_number", text, position, value=header.control_number)


def isa_position(header: InterchangeHeader) -> Position:
    """The ISA of an interchange."""
    return Position(interchange=header.ordinal, segment_id="ISA", offset=header.offset)


def used_group_number(header: GroupHeader, inside: OpenInterchange, ledger: InboundLedger) -> Issue | None:
    """A GS06 that was used before within the partner's window, where that was agreed; it is claimed if not."""
    window, number = _window(inside), header.control_number
    if window.gs06 is not GroupNumbers.WINDOW or not (number.isascii() and number.isdigit()):
        return None
    kind, plain = f"GS06 {header.functional_id}", number.lstrip("0") or "0"
    within = (inside.header, inside.environment, inside.id)
    if ledger.claim_inside(header, within=within, kind=kind, number=plain, window=window.span):
        return None
    position = Position(inside.header.ordinal, header.ordinal, segment_id="GS", element=6, offset=header.offset)
    return Issue(_USED_GROUP, f"GS06 {shown(number)} was used before; want a new one", position, value=number)


def used_set_number(
    event: TransactionSet, agreement: Agreement, inside: OpenInterchange, ledger: InboundLedger
) -> list[Issue]:
    """An ST02 that was used before in another group, where that was agreed; what it does is by the agreement.

    Args:
        event: the set; that its number was used in its own group is among its issues.
        agreement: what was agreed for it.
        inside: its interchange.
        ledger: where it is claimed, if the window says where it has to be new.
    """
    scope, number = _window(inside).st02, event.control_number
    if scope is SetNumbers.INTERCHANGE:
        where, is_used = "this interchange", inside.set_numbers.add(number)
    elif scope is SetNumbers.WINDOW:
        where, within = "an earlier group", (inside.header, inside.environment, inside.id)
        window = _window(inside).span
        claimed = ledger.claim_inside(
            event.group, within=within, kind=f"ST02 {event.code}", number=number, window=window
        )
        is_used = not claimed
    else:
        return []
    if not is_used or any(issue.code == _USED_SET for issue in event.issues):
        return []
    fault = FAULTS[_USED_SET]
    strictness = agreement.strictness
    severity = Severity.ERROR if strictness is None else strictness.severity(fault, fault.severity)
    if severity is None:
        return []
    place = replace(_st_position(event), element=2)
    text = f"ST02 {shown(number)} was used before in {where}; want a new one"
    return [Issue(_USED_SET, text, place, severity, fault.level, number)]


def _window(inside: OpenInterchange) -> NumberWindow:
    return inside.who.partner.control_numbers if isinstance(inside.who, Identified) else NumberWindow()


def _st_position(event: TransactionSet) -> Position:
    return Position(
        interchange=event.interchange.ordinal,
        group=event.group.ordinal,
        set=event.ordinal,
        segment_id="ST",
        segment=1,
        offset=event.offset,
    )
