"""What maps know from around the document: cross references with their days, the clock, time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mappings.cross_references import NOTHING, CrossReference, CrossReferences
from mappings.engine import MapContext, run

BEG = "BEG*00*SA*4500012**20260302"
PO1 = "PO1*1*12*EA*9.5**VN*AB-100"
ROWS = [
    CrossReference("item", "AB-100", "for all"),
    CrossReference("item", "AB-100", "acme's", partner="acme"),
    CrossReference("item", "AB-100", "acme's in March", partner="acme", first=date(2026, 3, 1), last=date(2026, 3, 31)),
    CrossReference("item", "AB-100", "globex's", partner="globex", first=date(2026, 4, 1)),
    CrossReference("place", "AB-100", "another table"),
]


def mapped(workspace: Any, text: str, source: Any, **context: Any) -> Any:
    workspace.write("trial/850.in", text)
    around = MapContext(agreement={"currency": "USD"}, **context)
    return run(workspace.catalog().find("trial/850.in"), source, around)


@pytest.mark.parametrize(
    ("partner", "on", "wanted"),
    [
        (None, date(2026, 3, 2), "for all"),
        ("acme", date(2026, 2, 28), "acme's"),
        ("acme", date(2026, 3, 1), "acme's in March"),
        ("acme", date(2026, 3, 31), "acme's in March"),
        ("acme", date(2026, 4, 1), "acme's"),
        ("globex", date(2026, 3, 31), "for all"),
        ("globex", date(2026, 4, 1), "globex's"),
    ],
)
def test_a_partners_own_row_comes_before_one_for_all_on_the_days_it_holds(
    partner: str | None, on: date, wanted: str, workspace: Any, x12: Any, with_rules: Any
) -> None:
    text = with_rules(lines="sku: xref(PO107, 'item')")
    rows = CrossReferences(ROWS, partner=partner, on=on)
    (order,) = mapped(workspace, text, x12(BEG, PO1), references=rows).documents
    assert order.lines[0].sku == wanted


def test_a_value_without_a_row_is_an_issue_at_its_place(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(lines="sku: xref(PO107, 'item')")
    for rows in (NOTHING, CrossReferences(ROWS[3:], partner="globex", on=date(2026, 3, 1))):
        (issue,) = mapped(workspace, text, x12(BEG, PO1), references=rows).issues
        assert (issue.code, issue.value) == ("map.xref.unknown", "AB-100")
        assert (issue.position.segment, issue.position.element) == (3, 7)
        assert "cross reference item; add the row" in issue.message
    assert mapped(workspace, text, x12(BEG, "PO1*1*12*EA")).documents[0].lines[0].sku is None


def value(
    workspace: Any, x12: Any, with_rules: Any, expression: str, *, field: str = "requested", **context: Any
) -> Any:
    source = x12(BEG, "DTM*002*20260308*0230", "REF*VR*America/Chicago", PO1)
    found = mapped(workspace, with_rules(order=f"{field}: {expression}"), source, **context)
    return [issue.code for issue in found.issues] or getattr(found.documents[0], field)


NOON = "datetime(date(DTM[002].02), time('1200'), 'America/Chicago')"
MOMENT = "datetime(date(DTM[002].02), time(DTM[002].03), REF[VR].02)"


def test_a_day_and_a_time_in_a_zone_are_a_moment(workspace: Any, x12: Any, with_rules: Any) -> None:
    assert value(workspace, x12, with_rules, f"date_in({NOON}, 'Asia/Tokyo')") == date(2026, 3, 9)
    found = value(workspace, x12, with_rules, f"time_in({NOON}, 'UTC')", field="requested_time")
    assert found.isoformat() == "17:00:00"
    assert value(workspace, x12, with_rules, f"date_in({NOON}, '+14:00')") == date(2026, 3, 9)


def test_a_time_that_clocks_leave_out_is_an_issue(workspace: Any, x12: Any, with_rules: Any) -> None:
    assert value(workspace, x12, with_rules, f"date_in({MOMENT}, 'UTC')") == ["map.time.unreadable"]


@pytest.mark.parametrize("zone", ["Nowhere/City", "../etc/passwd", "+15:00", "+01:75", "", "America/"])
def test_a_zone_that_is_none_is_an_issue(zone: str, workspace: Any, x12: Any, with_rules: Any) -> None:
    found = value(workspace, x12, with_rules, f"date_in({NOON}, '{zone}')")
    assert found == (["map.zone.unknown"] if zone else None)


def test_an_hour_that_there_is_twice_is_the_first(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = "time_in(datetime(date('20261101'), time('0130'), 'America/Chicago'), 'UTC')"
    assert value(workspace, x12, with_rules, text, field="requested_time").isoformat() == "06:30:00"


def test_today_is_the_day_of_the_clock_in_a_zone(workspace: Any, x12: Any, with_rules: Any) -> None:
    now = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert value(workspace, x12, with_rules, "today_in('UTC')", now=now) == date(2026, 3, 2)
    assert value(workspace, x12, with_rules, "today_in('America/Chicago')", now=now) == date(2026, 3, 1)
    assert value(workspace, x12, with_rules, "today_in('UTC')") == ["map.clock.missing"]
