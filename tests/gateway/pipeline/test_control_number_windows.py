"""How long a partner's ISA13 counts as used: for ever, so many days, or not at all; and which set answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.gateway.inbound_line import Line, codes, group, interchange, orders, segments_starting
from tests.gateway.pipeline.conftest import LineMaker

PROFILE = """\
name: One that counts in its own way
identifiers:
  - {qualifier: ZZ, id: COUNTS}
sftp:
  - user: counts
agreements:
  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}
"""


def send(line: Line, number: str, *, name: str) -> dict[str, Any]:
    return line.sent(interchange([group(orders([number]))], sender="COUNTS"), account="counts", name=name)


def test_a_number_is_free_again_after_the_window(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {window_days: 30}\n")
    assert send(line, "PO-1", name="1.edi")["issues"] == []
    line.clock.advance(timedelta(days=29))
    assert codes(send(line, "PO-2", name="2.edi")["issues"]) == ["x12.isa.duplicate_control_number"]
    line.clock.advance(timedelta(days=2))
    assert send(line, "PO-3", name="3.edi")["issues"] == []
    assert line.numbers() == ["PO-1", "PO-3"]
    again = send(line, "PO-3", name="4.edi")
    assert again["transmission"]["state"] == "duplicate"


def test_without_a_window_no_number_is_ever_used(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {window_days: 0}\n")
    for place in (1, 2, 3):
        assert send(line, f"PO-{place}", name=f"{place}.edi")["issues"] == []
    assert line.numbers() == ["PO-1", "PO-2", "PO-3"]


def test_a_number_counts_for_ever_where_nothing_is_agreed(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE)
    send(line, "PO-1", name="1.edi")
    line.clock.advance(timedelta(days=4000))
    assert codes(send(line, "PO-2", name="2.edi")["issues"]) == ["x12.isa.duplicate_control_number"]


def test_a_partner_that_wants_999_is_answered_by_999(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "acknowledge: {form: 999}\n")
    send(line, "PO-1", name="1.edi")
    [answer] = line.answers("counts")
    assert [part[:6] for part in segments_starting(answer, "ST", "IK5", "AK9")] == ["ST*999", "IK5*A", "AK9*A*"]
