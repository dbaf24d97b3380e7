"""How long a partner's control numbers count as used, and where each may be used once; and which set answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.pipeline.chunk import SETS_IN_CHUNK
from tests.gateway.inbound_line import (
    Line,
    codes,
    group,
    interchange,
    order,
    orders,
    segments_of,
    segments_starting,
)
from tests.gateway.pipeline.conftest import LineMaker
from tests.gateway.pipeline.test_large_files import stage_a_chunk

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


def groups(*controls: str, st02: str = "0001", usage: str = "P", control: str, functional_id: str = "PO") -> bytes:
    """An interchange of groups with these GS06, an order in each."""
    inside = [
        group([order(f"PO-{control}-{place}", st02=st02)], control=number, functional_id=functional_id)
        for place, number in enumerate(controls)
    ]
    return interchange(inside, sender="COUNTS", control=control, usage=usage)


def drop(line: Line, content: bytes, name: str) -> dict[str, Any]:
    return line.sent(content, account="counts", name=name)


def test_a_group_number_used_in_the_window_refuses_the_group_alone(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {window_days: 30, gs06: window}\n")
    drop(line, groups("7", "8", control="000000001"), "1.edi")
    life = drop(line, groups("0008", "9", control="000000002"), "2.edi")
    assert [(one["code"], one["position"]["group"]) for one in life["issues"]] == [
        ("x12.gs.duplicate_control_number", 1)
    ]
    assert [one["status"] for one in life["interchanges"][0]["groups"]] == ["R", "A"]
    answer = segments_of(line.out("counts")["997_000000002_000000002.edi"])
    assert segments_starting(answer, "AK1", "AK2", "AK9") == [
        "AK1*PO*0008", "AK9*R*1*1*0*6", "AK1*PO*9", "AK2*850*0001", "AK9*A*1*1*1",
    ]  # fmt: skip
    assert line.numbers() == ["PO-000000001-0", "PO-000000001-1", "PO-000000002-1"]
    line.clock.advance(timedelta(days=31))
    assert drop(line, groups("8", control="000000003"), "3.edi")["issues"] == []


def test_group_numbers_count_for_each_kind_environment_and_pair_apart(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {gs06: window}\n")
    drop(line, groups("7", control="000000001"), "1.edi")
    assert codes(drop(line, groups("7", control="000000002", usage="T"), "2.edi")["issues"]) == []
    other = groups("7", control="000000003").replace(b"GS*PO*ACME*", b"GS*PO*ACMEWEST*")
    assert codes(drop(line, other, "3.edi")["issues"]) == []
    assert codes(drop(line, groups("7", control="000000004"), "4.edi")["issues"]) == ["x12.gs.duplicate_control_number"]


def test_a_group_number_may_come_again_where_nothing_is_agreed(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE)
    drop(line, groups("7", control="000000001"), "1.edi")
    assert drop(line, groups("7", control="000000002"), "2.edi")["issues"] == []


@pytest.mark.parametrize(
    ("agreed", "within", "later"),
    [("group", [], []), ("interchange", [(2, 1)], []), ("window", [(2, 1)], [(1, 1)])],
)
def test_a_set_number_is_used_once_where_it_was_agreed(
    make_line: LineMaker, agreed: str, within: list[tuple[int, int]], later: list[tuple[int, int]]
) -> None:
    line = make_line(counts=PROFILE + f"control_numbers: {{st02: {agreed}}}\n")
    first = drop(line, groups("1", "2", control="000000001"), "1.edi")
    second = drop(line, groups("3", control="000000002"), "2.edi")
    for life, expected in ((first, within), (second, later)):
        assert codes(life["issues"]) == ["x12.st.duplicate_control_number"] * len(expected)
        assert [(one["position"]["group"], one["position"]["set"]) for one in life["issues"]] == expected
    answers = [segments_starting(segments_of(one), "AK5") for one in line.out("counts").values()]
    assert answers == [["AK5*A", "AK5*R*23" if within else "AK5*A"], ["AK5*R*23" if later else "AK5*A"]]


def test_a_set_number_used_twice_in_its_group_is_told_once(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {st02: window}\n")
    life = drop(line, interchange([group([order("PO-1"), order("PO-2")])], sender="COUNTS"), "1.edi")
    assert codes(life["issues"]) == ["x12.st.duplicate_control_number"]


def test_strictness_says_what_a_used_set_number_does(make_line: LineMaker) -> None:
    lenient = PROFILE.replace("currency: USD", "currency: USD, strictness: {x12.st.duplicate_control_number: accept}")
    line = make_line(counts=lenient + "control_numbers: {st02: interchange}\n")
    life = drop(line, groups("1", "2", control="000000001"), "1.edi")
    assert [one["severity"] for one in life["issues"]] == ["warning"]
    assert len(line.numbers()) == 2


def test_a_file_read_again_after_a_kill_does_not_refuse_its_own_numbers(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "control_numbers: {gs06: window, st02: window}\n")
    many = [order(f"PO-{number}", st02=f"{number:04}") for number in range(1, SETS_IN_CHUNK + 2)]
    id = line.drop(interchange([group(many)], sender="COUNTS"), account="counts")
    stage_a_chunk(line, id)
    line.run()
    life = line.life(id)
    assert (life["transmission"]["state"], life["issues"]) == ("processed", [])
    assert len(line.numbers()) == len(many)


def test_a_partner_that_wants_999_is_answered_by_999(make_line: LineMaker) -> None:
    line = make_line(counts=PROFILE + "acknowledge: {form: 999}\n")
    send(line, "PO-1", name="1.edi")
    [answer] = line.answers("counts")
    assert [part[:6] for part in segments_starting(answer, "ST", "IK5", "AK9")] == ["ST*999", "IK5*A", "AK9*A*"]
