"""Files of more than one chunk: staged, finished in one transaction, begun again from the first byte."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import update

from gateway.errors import NotYet
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.inbound_pass import Pass
from gateway.store import work
from gateway.store.tables import transmission
from gateway.store.work import Claim
from tests.gateway.inbound_line import (
    Line,
    codes,
    file_of,
    group,
    interchange,
    order,
    orders,
    segments_starting,
)

MANY = [f"PO-{number:04}" for number in range(1, 231)]


def inbound_line(line: Line) -> InboundLine:
    gateway = line.gateway
    return InboundLine(
        store=line.store,
        vault=gateway.vault,
        registry=gateway.registry,
        maps=gateway.maps,
        guides=gateway.guides,
        partner_guides=gateway.partner_guides,
        clock=line.clock,
        in_flight={"erp": 4},
    )


def claimed(line: Line, id: UUID) -> Claim:
    """Take the transmission as a worker would."""
    [lane] = {lane for lane in line.due() if lane.startswith("in:")}
    with line.store.begin() as conn:
        [claim] = [one for one in work.claim(conn, lane, worker="test/dead", now=line.clock.now()) if one.id == id]
    return claim


def stage_a_chunk(line: Line, id: UUID) -> None:
    """Work the first chunk, and go down: the row goes back as the parent of a dead worker does it."""
    claim = claimed(line, id)
    half = Pass(inbound_line(line), claim)
    with line.store.begin() as conn:
        inbound_line(line).step(conn, [half], at=line.clock.now())
    assert not half.finished
    with line.store.begin() as conn:
        work.put_back(conn, [claim])


def in_another_lane(line: Line, id: UUID) -> Claim:
    """Claim a transmission as if it had come in a lane of its own, as a large file does."""
    with line.store.begin() as conn:
        conn.execute(update(transmission).where(transmission.c.id == id).values(lane="in:apart", ordering_key=None))
        [claim] = work.claim(conn, "in:apart", worker="test/w2", now=line.clock.now())
    return claim


def states_of(life: dict[str, object], part: str) -> set[str]:
    return {row["state"] for row in life[part]}  # type: ignore[index, attr-defined]


def test_a_file_of_more_sets_than_a_chunk_is_worked_like_a_small_one(line: Line) -> None:
    life = line.sent(file_of(*MANY))
    assert life["transmission"]["state"] == "processed"
    assert line.numbers() == MANY
    assert states_of(life, "documents") == {"active"}
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == ["AK9*A*230*230*230"]
    assert line.audit_holds()


def test_nothing_of_a_staged_chunk_is_delivered(line: Line) -> None:
    id = line.drop(file_of(*MANY))
    stage_a_chunk(line, id)
    life = line.life(id)
    assert states_of(life, "documents") == {"staged"}
    assert {delivery["state"] for document in life["documents"] for delivery in document["deliveries"]} == {"staged"}
    assert [lane for lane in line.due() if lane.startswith("out:")] == []
    assert line.out() == {}


def test_a_crash_between_chunks_leaves_one_effect(line: Line) -> None:
    id = line.drop(file_of(*MANY))
    stage_a_chunk(line, id)
    line.run()
    life = line.life(id)
    assert life["transmission"]["state"] == "processed"
    assert len(life["interchanges"]) == 1
    assert len(life["interchanges"][0]["groups"][0]["sets"]) == len(MANY)
    assert len(life["documents"]) == len(MANY)
    assert line.numbers() == MANY
    assert len(line.out()) == 1


def test_a_group_refused_by_its_ge_after_a_chunk_was_staged_has_no_effect(line: Line) -> None:
    bad, good = group(orders(MANY), count=99), group(orders(["PO-GOOD"]), control="18")
    life = line.sent(interchange([bad, good]))
    refused, accepted = life["interchanges"][0]["groups"]
    assert (refused["status"], refused["sets_accepted"]) == ("R", 0)
    assert not any(item["accepted"] for item in refused["sets"])
    assert len(refused["sets"]) == len(MANY)
    assert accepted["sets"][0]["accepted"]
    assert [document["identity"] for document in life["documents"]] == ["PO-GOOD|"]
    assert line.numbers() == ["PO-GOOD"]
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == ["AK9*R*99*230*0*5", "AK9*A*1*1*1"]
    assert codes(life["issues"]) == ["x12.ge.set_count"]


def test_an_interchange_cut_off_after_a_chunk_was_staged_has_no_effect(line: Line) -> None:
    life = line.sent(file_of(*MANY).rpartition(b"ST*850")[0])
    assert life["transmission"]["state"] == "processed"
    assert life["documents"] == []
    assert line.answers() == [["TA1*000000017*261120*0915*R*023"]]
    assert line.erp() == []


def test_what_a_refused_group_would_have_held_for_a_person_is_no_matter_any_more(line: Line) -> None:
    line.sent(file_of("PO-0001", control="000000001"))
    bad = [order("PO-0001", qty="25", st02="9999"), *orders(MANY[1:])]
    life = line.sent(interchange([group(bad, count=99)]), name="second.edi")
    assert life["transmission"]["state"] == "processed"
    assert life["exceptions"] == life["documents"] == []
    assert line.numbers() == ["PO-0001"]


def test_an_order_repeated_after_its_refused_group_takes_effect(line: Line) -> None:
    refused, again = group(orders(MANY), count=99), group(orders(["PO-0001"]), control="18")
    life = line.sent(interchange([refused, again]))
    assert [(document["state"], document["identity"]) for document in life["documents"]] == [("active", "PO-0001|")]
    assert line.numbers() == ["PO-0001"]


def test_what_is_held_in_an_early_chunk_has_its_exception(line: Line) -> None:
    line.sent(file_of("PO-0001", control="000000001"))
    life = line.sent(
        interchange([group([order("PO-0001", qty="25", st02="9999"), *orders(MANY[1:])])]), name="second.edi"
    )
    assert codes(life["exceptions"]) == ["document.contradicts"]
    assert sorted(line.numbers()) == MANY


def test_a_revision_in_a_later_chunk_supersedes_the_one_before_it(line: Line) -> None:
    life = line.sent(interchange([group([*orders(MANY), order("PO-0001", purpose="05", qty="25", st02="9999")])]))
    of_it = [document for document in life["documents"] if document["identity"] == "PO-0001|"]
    assert [(document["revision"], document["state"]) for document in of_it] == [(1, "superseded"), (2, "active")]
    assert line.numbers().count("PO-0001") == 2


def test_a_duplicate_file_waits_while_the_first_is_still_being_read(line: Line) -> None:
    first = line.drop(file_of(*MANY))
    claim = claimed(line, first)
    half = Pass(inbound_line(line), claim)
    with line.store.begin() as conn:
        inbound_line(line).step(conn, [half], at=line.clock.now())
    second = line.drop(file_of(*MANY), account="acme", name="again.edi")
    again = in_another_lane(line, second)
    with pytest.raises(NotYet, match="just being read"):
        inbound_line(line).work(again)
    assert line.life(second)["interchanges"] == []
    while not half.finished:
        with line.store.begin() as conn:
            work.confirm(conn, claim)
            inbound_line(line).step(conn, [half], at=line.clock.now())
    inbound_line(line).work(again)
    assert line.life(first)["transmission"]["state"] == "processed"
    assert line.life(second)["transmission"]["state"] == "duplicate"
    assert len(line.out()) == 2


def test_a_document_whose_forerunner_is_only_staged_waits_for_it(line: Line) -> None:
    first = line.drop(file_of(*MANY))
    claim = claimed(line, first)
    half = Pass(inbound_line(line), claim)
    with line.store.begin() as conn:
        inbound_line(line).step(conn, [half], at=line.clock.now())
    second = line.drop(file_of("PO-0001", control="000000018"), name="second.edi")
    other = in_another_lane(line, second)
    with pytest.raises(NotYet, match="just being read"):
        inbound_line(line).work(other)
    while not half.finished:
        with line.store.begin() as conn:
            inbound_line(line).step(conn, [half], at=line.clock.now())
    inbound_line(line).work(other)
    [document] = line.life(second)["documents"]
    assert document["state"] == "duplicate"


def test_what_is_given_up_for_another_leaves_nothing_that_others_wait_for(line: Line) -> None:
    large = line.drop(file_of(*MANY) + file_of("PO-X", control="000000018"))
    claim = claimed(line, large)
    holder = line.drop(file_of(*(f"B-{number}" for number in MANY), control="000000018"), name="holder.edi")
    half = Pass(inbound_line(line), in_another_lane(line, holder))
    with line.store.begin() as conn:
        inbound_line(line).step(conn, [half], at=line.clock.now())
    with pytest.raises(NotYet):
        inbound_line(line).work(claim)
    assert line.life(large)["interchanges"] == line.life(large)["documents"] == []
