"""A file of crumbs is given up with one issue; many faulty documents of real size are all told."""

from __future__ import annotations

import pytest

from tests.translators.x12.conftest import Seen, X12Files
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.flood import FREE, MESSAGE
from translators.x12.model import InterchangeEnd, InterchangeStart, Stray, TransactionSet
from translators.x12.reader import read_x12

SIZE = 60_000
GS = "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~"


def _read(content: str) -> Seen:
    return Seen(list(read_x12([content.encode("latin-1")], guides=X12Files.guides)))


@pytest.mark.parametrize("crumb", ["ST~", "ST~SE~", "ST*850*0001~SE*2*0001~", "GS~", "GS~GE~", "ST~GS~", "TA1~"])
def test_crumbs_of_sets_groups_and_notes_end_in_one_issue(crumb: str) -> None:
    head = X12Files().isa() + ("" if crumb == "TA1~" else GS)
    seen = _read(head + crumb * (SIZE // len(crumb)))
    assert [issue.message for issue in seen.interchange.issues].count(MESSAGE) == 1
    assert seen.interchange.rejected
    assert seen.interchange.end < len(head) + SIZE // 2
    assert len(seen.events) < 4 * FREE


@pytest.mark.parametrize("tail", ["", "IEA*7*000000009~"])
def test_crumbs_of_interchanges_end_in_one_issue(tail: str) -> None:
    seen = _read((X12Files().isa() + tail) * 1_000)
    assert [issue.message for issue in seen.issues].count(MESSAGE) == 1
    assert MESSAGE in [issue.message for issue in seen.events[-1].issues]
    assert isinstance(seen.events[-1], Stray)
    started, ended = (
        sum(isinstance(event, kind) for event in seen.events) for kind in (InterchangeStart, InterchangeEnd)
    )
    assert started == ended < FREE


def test_a_given_up_interchange_is_answered_once_and_rejected() -> None:
    builder = AcknowledgmentBuilder()
    seen = _read(X12Files().isa() + GS + "ST~" * FREE * 2)
    (answer,) = [answer for event in seen.events for answer in builder.take(event)]
    assert answer.note is not None
    assert answer.note.code == "R"


def test_many_rejected_orders_are_all_told() -> None:
    order = "ST*850*{0}~BEG*00*SA*PO{0}**20261301~N1*ST*WAREHOUSE 7*92*W07~PO1*1*5*EA*9.25**UP*012345678905~SE*5*{0}~"
    orders = "".join(order.format(f"{number:05d}") for number in range(FREE * 2))
    seen = _read(f"{X12Files().isa()}{GS}{orders}GE*{FREE * 2}*1~IEA*1*000000001~")
    assert seen.codes == ["x12.element.date"] * (FREE * 2)
    assert not any(found.accepted for found in seen.sets)
    assert isinstance(seen.events[-1], InterchangeEnd)
    assert not seen.interchange.rejected
    assert all(isinstance(found, TransactionSet) for found in seen.sets)


@pytest.mark.parametrize("inside", ["", "BIN*3*"])
def test_a_run_of_terminators_that_are_line_ends_is_gone_through_once(inside: str) -> None:
    """Each is a terminator, and a blank that may stand before a segment id: tried at each, the cost is the square,
    which of so many would not end in the time that a test has."""
    head = X12Files().isa(terminator="\n") + GS.replace("~", "\n") + inside
    seen = _read(head + ("\n" * 720_000 + "XIEA\n") + "GE*0*1\nIEA*1*000000001\n")
    assert seen.interchange.groups == 1
