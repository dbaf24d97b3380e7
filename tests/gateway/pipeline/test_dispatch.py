"""Sets go out as agreed: enveloped, batched, numbered, read back; what is not right is refused whole."""

from __future__ import annotations

import pytest

from gateway.errors import SetsRefused
from gateway.model import Environment
from tests.gateway.inbound_line import segments_of, segments_starting
from tests.gateway.pipeline.conftest import LineMaker
from tests.gateway.sending import Buyer, answer_to, change_of, profile
from translators.errors import DelimiterInValue
from translators.x12.writer import OutboundSet


def make(make_line: LineMaker, **how: str) -> Buyer:
    return Buyer(make_line(buyer=profile(**how)))


def test_sets_of_a_kind_share_a_group_and_groups_an_interchange(make_line: LineMaker) -> None:
    buyer = make(make_line)
    assert len(buyer.send(answer_to("PO-1"), change_of("PO-9"), answer_to("PO-2"))) == 1
    [(name, content)] = buyer.line.out("buyer").items()
    assert name == "855_865_000000001.edi"
    assert segments_of(content) == [
        "ISA*00*          *00*          *ZZ*TRADELANE      *ZZ*BUYER          *260105*0900*U*00401*000000001*0*P*>",
        "GS*PR*TRADELANE*BUYER*20260105*0900*1*X*004010",
        "ST*855*0001",
        "BAK*00*AD*PO-1*20261120",
        "SE*3*0001",
        "ST*855*0002",
        "BAK*00*AD*PO-2*20261120",
        "SE*3*0002",
        "GE*2*1",
        "GS*CA*TRADELANE*BUYER*20260105*0900*2*X*004010",
        "ST*865*0001",
        "BCA*00*AT*PO-9**1*20261120",
        "SE*3*0001",
        "GE*1*2",
        "IEA*2*000000001",
    ]


@pytest.mark.parametrize(
    ("more", "sets"),
    [
        ("batch: {sets: 2}", [[2], [2], [1]]),
        ("batch: {sets: 3}", [[3], [1, 1]]),
        ("batch: {groups: apart}", [[4], [1]]),
        ("batch: {sets: 3, groups: apart}", [[3], [1], [1]]),
    ],
)
def test_interchanges_are_split_as_agreed(make_line: LineMaker, more: str, sets: list[list[int]]) -> None:
    buyer = make(make_line, more=more)
    given = [*map(answer_to, ("PO-1", "PO-2", "PO-3", "PO-4")), change_of("PO-9")]
    lives = [buyer.line.life(id) for id in buyer.send(*given)]
    assert [[len(group["sets"]) for group in life["interchanges"][0]["groups"]] for life in lives] == sets
    numbers = [life["interchanges"][0]["control_number"] for life in lives]
    assert numbers == [f"{number:09}" for number in range(1, len(sets) + 1)]


def test_the_agreed_separators_are_written(make_line: LineMaker) -> None:
    buyer = make(make_line, more='envelope: {element: "|", segment: "!", component: ":", lines: true}')
    buyer.send(answer_to("PO-1"))
    [content] = buyer.line.out("buyer").values()
    assert content.startswith(b"ISA|00|")
    assert content[104:107] == b":!\n"
    assert b"BAK|00|AD|PO-1|20261120!\n" in content


def test_test_documents_are_marked_and_counted_apart(make_line: LineMaker) -> None:
    buyer = make(make_line)
    buyer.send(answer_to("PO-1"))
    [id] = buyer.send(answer_to("PO-2"), environment=Environment.TEST)
    life = buyer.line.life(id)
    assert life["transmission"]["environment"] == "test"
    assert (life["interchanges"][0]["usage"], life["interchanges"][0]["control_number"]) == ("T", "000000001")


def test_what_is_not_valid_is_refused_whole_and_uses_no_number(make_line: LineMaker) -> None:
    buyer = make(make_line)
    with pytest.raises(SetsRefused, match="20261345") as refused:
        buyer.send(answer_to("PO-1"), answer_to("PO-2", date="20261345"))
    assert [(issue.position.set, issue.position.segment_id) for issue in refused.value.issues] == [(2, "BAK")]
    assert buyer.line.out("buyer") == {}
    assert buyer.send_orders("PO-1")["interchanges"][0]["control_number"] == "000000001"


def test_a_value_that_holds_a_delimiter_is_refused(make_line: LineMaker) -> None:
    buyer = make(make_line)
    with pytest.raises(DelimiterInValue, match="holds the delimiter"):
        buyer.send(OutboundSet("855", [["BAK", "00", "AD", "PO*1", "20261120"]]))
    assert buyer.line.out("buyer") == {}


def test_rows_of_what_was_sent_say_where_each_set_stands(make_line: LineMaker) -> None:
    buyer = make(make_line)
    life = buyer.send_orders("PO-1", "PO-2")
    [content] = buyer.line.out("buyer").values()
    sets = life["interchanges"][0]["groups"][0]["sets"]
    parts = [content[one["start_offset"] : one["end_offset"]].decode() for one in sets]
    assert [part.split("~")[1] for part in parts] == ["BAK*00*AD*PO-1*20261120", "BAK*00*AD*PO-2*20261120"]
    assert segments_starting(segments_of(content), "IEA") == ["IEA*1*000000001"]
    assert {(key["name"], key["value"]) for key in life["keys"]} == {
        ("filename", "855_000000001.edi"),
        ("gs06", "1"),
        ("isa13", "000000001"),
    }


def test_files_that_count_apart_do_not_take_each_others_place(make_line: LineMaker) -> None:
    buyer = make(make_line)
    buyer.send(answer_to("PO-1"))
    [id] = buyer.send(answer_to("PO-2"), environment=Environment.TEST)
    assert list(buyer.line.out("buyer")) == ["855_000000001-2.edi", "855_000000001.edi"]
    assert buyer.line.life(id)["transmission"]["filename"] == "855_000000001-2.edi"
