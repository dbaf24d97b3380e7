"""Transmissions that are read together come to what they come to one by one; what goes wrong is read alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from gateway.pipeline import inbound
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.inbound_pass import Pass
from gateway.store import received_batches, work
from gateway.store.crashes import give_back
from gateway.store.tables import payload, transmission
from gateway.store.work import Claim
from tests.gateway.inbound_line import Line, codes, file_of, group, interchange, order, segments_starting
from tests.waiting import wait_until

LANE = "in:acme:flow"


def number(place: int) -> str:
    """An ISA13."""
    return f"{place:09}"


def dropped(line: Line, *contents: bytes) -> list[UUID]:
    return [line.drop(content, name=f"{place}.edi") for place, content in enumerate(contents)]


def claimed(line: Line) -> list[Claim]:
    with line.store.begin() as conn:
        return work.claim(conn, LANE, worker="test/w1", now=line.clock.now())


def inbound_of(line: Line) -> InboundLine:
    return line.gateway.work(worker="test/w1", wake=line.woken.extend).inbound


def together(line: Line) -> list[UUID]:
    """Claim and work what can go together; which of them are left."""
    left, _ = inbound_of(line).together(claimed(line))
    return [claim.id for claim in left]


def dies(line: Line, reader: InboundLine, claims: list[Claim]) -> None:
    """Read the batch, and end before the commit."""
    with line.store.begin() as conn:
        found = received_batches.load(conn, claims)
        reader.step(conn, [Pass(reader, *each) for each in zip(claims, found, strict=True)], at=line.clock.now())
        raise KeyboardInterrupt


def state(line: Line, id: UUID) -> str:
    found: str = line.life(id)["transmission"]["state"]
    return found


def told(life: dict[str, Any]) -> tuple[Any, ...]:
    """State, documents with what became of their deliveries, codes of exceptions, kinds and codes of answers."""
    documents = [
        (one["identity"].split("|")[0], one["state"], one["revision"], *(each["state"] for each in one["deliveries"]))
        for one in life["documents"]
    ]
    answers = [(one["kind"], one["status"]) for read in life["interchanges"] for one in read["acknowledgments"]]
    return life["transmission"]["state"], documents, codes(life["exceptions"]), answers


CONTENTS = [
    file_of("PO-1", control=number(1)),
    file_of("PO-2", "PO-3", control=number(2), ta1="1"),
    interchange([group([order("PO-4", qty="many")])], control=number(3)),
    file_of("PO-1", control=number(4)),
    interchange([group([order("PO-2", purpose="05", qty="7")])], control=number(5)),
    interchange([group([order("PO-3", qty="9")])], control=number(6)),
    file_of("PO-5", control=number(7), sender="STRANGER"),
    file_of("PO-6", control=number(8), usage="T"),
]
"""Good, several of which a TA1 is wanted, a fault, a duplicate, a replacement, a contradiction, a stranger, a test."""


@pytest.mark.parametrize("how", ["together", "alone"])
def test_together_or_alone_they_come_to_the_same(line: Line, how: str) -> None:
    ids = dropped(line, *CONTENTS)
    if how == "together":
        assert together(line) == []
    else:
        for claim in claimed(line):
            inbound_of(line).work(claim)
    line.run()
    accepted = [("997", "A")]
    assert [told(line.life(id)) for id in ids] == [
        ("processed", [("PO-1", "active", 1, "delivered")], [], accepted),
        (
            "processed",
            [("PO-2", "superseded", 1, "delivered"), ("PO-3", "active", 1, "delivered")],
            [],
            [("TA1", "A"), *accepted],
        ),
        ("processed", [], [], [("997", "R")]),
        ("processed", [("PO-1", "duplicate", 1)], [], accepted),
        ("processed", [("PO-2", "active", 2, "delivered")], [], accepted),
        ("processed", [("PO-3", "held", 1)], ["document.contradicts"], accepted),
        ("parked", [], ["partner.unknown_sender"], []),
        ("processed", [("PO-6", "active", 1, "test")], [], accepted),
    ]
    assert line.numbers() == ["PO-1", "PO-2", "PO-2", "PO-3"]
    assert sorted(line.files("archive/20260105")) == [f"{place}.edi" for place in (0, 1, 2, 3, 4, 5, 7)]
    assert list(line.files("error")) == ["6.edi"]
    assert line.files("in") == {}
    assert line.audit_holds()


def test_their_answers_are_numbered_in_the_order_they_came(line: Line) -> None:
    dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 6)))
    assert together(line) == []
    answers = line.answers()
    assert [segments_starting(answer, "GS")[0].split("*")[6] for answer in answers] == ["1", "2", "3", "4", "5"]
    assert [segments_starting(answer, "AK1")[0] for answer in answers] == ["AK1*PO*17"] * 5


def test_answers_of_one_name_stand_side_by_side(line: Line) -> None:
    dropped(line, file_of("PO-1", control=number(1)), file_of("PO-2", control=number(1), usage="T"))
    assert together(line) == []
    assert sorted(line.out()) == ["997_000000001_000000001-2.edi", "997_000000001_000000001.edi"]


def test_the_same_interchange_twice_in_a_batch_is_read_alone_and_answered_again(line: Line) -> None:
    ids = dropped(line, file_of("PO-1"), file_of("PO-1"), file_of("PO-2", control=number(2)))
    claims = claimed(line)
    assert inbound_of(line).together(claims) == (claims, set())
    assert line.out() == {}
    for claim in claims:
        inbound_of(line).work(claim)
    assert [state(line, id) for id in ids] == ["processed", "duplicate", "processed"]
    assert len(line.out()) == 3


def test_an_interchange_that_came_before_is_a_duplicate_among_new_ones(line: Line) -> None:
    line.sent(file_of("PO-1"))
    again, new = dropped(line, file_of("PO-1"), file_of("PO-2", control=number(2)))
    assert together(line) == []
    assert [state(line, id) for id in (again, new)] == ["duplicate", "processed"]


@pytest.mark.parametrize("odd", [b"order;item\n1;2\n", b"", file_of("PO-9", control=number(9)) + b" " * 300_000])
def test_what_is_no_x12_or_large_and_what_follows_it_is_read_alone(line: Line, odd: bytes) -> None:
    first, other, last = dropped(line, file_of("PO-1"), odd, file_of("PO-2", control=number(2)))
    assert together(line) == [other, last]
    assert state(line, first) == "processed"
    assert state(line, other) == state(line, last) == "working"


def test_a_row_claimed_before_and_what_follows_it_are_read_alone(line: Line) -> None:
    ids = dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 5)))
    with line.store.begin() as conn:
        conn.execute(update(transmission).where(transmission.c.id == ids[2]).values(claim_no=1))
    assert together(line) == ids[2:]
    assert [state(line, id) for id in ids[:2]] == ["processed"] * 2


def test_with_one_row_overtaken_nothing_is_written(line: Line) -> None:
    ids = dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 4)))
    claims = claimed(line)
    with line.store.begin() as conn:
        conn.execute(update(transmission).where(transmission.c.id == ids[1]).values(claim_no=2))
    assert inbound_of(line).together(claims) == (claims, set())
    assert [state(line, id) for id in ids] == ["working"] * 3
    assert line.out() == {}


def test_one_with_damaged_bytes_keeps_none_of_the_others(line: Line) -> None:
    ids = dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 4)))
    sha256 = bytes.fromhex(line.life(ids[2])["transmission"]["payload_sha256"])
    with line.store.begin() as conn:
        conn.execute(update(payload).where(payload.c.sha256 == sha256).values(body=b"ISA"))
    line.lane_work().run(LANE)
    assert [state(line, id) for id in ids] == ["processed", "processed", "retrying"]
    assert line.audited(ids[2])[-1] == "work.crashed"


def test_a_file_of_more_than_a_chunk_is_read_alone_whatever_its_size(line: Line) -> None:
    many = [f"P{place}" for place in range(250)]
    first, second = dropped(line, file_of("PO-1"), file_of(*many, control=number(2)))
    assert len(file_of(*many)) < inbound.TOGETHER_BYTES
    assert together(line) == [first, second]
    assert [state(line, id) for id in (first, second)] == ["working"] * 2


def test_a_worker_that_dies_before_its_batch_is_committed_leaves_all_to_be_read_once(line: Line) -> None:
    ids = dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 4)))
    claims, reader = claimed(line), inbound_of(line)
    with pytest.raises(KeyboardInterrupt):  # nothing catches it, as with a kill
        dies(line, reader, claims)
    assert line.out() == {}
    with line.store.begin() as conn:
        [crash] = give_back(conn, "test/w1", now=line.clock.now()).crashes
    assert crash.id == ids[0]
    line.clock.advance(timedelta(seconds=1))
    assert together(line) == ids  # each alone, so that the one that brings the next worker down is known
    with line.store.begin() as conn:
        give_back(conn, "test/w1", now=line.clock.now(), blame=False)
    line.run()
    assert [state(line, id) for id in ids] == ["processed"] * 3
    assert line.numbers() == ["PO-1", "PO-2", "PO-3"]
    assert len(line.out()) == 3


def test_a_lost_connection_within_a_batch_leaves_all_to_be_read_alone(line: Line) -> None:
    ids = dropped(line, *(file_of(f"PO-{place}", control=number(place)) for place in range(1, 4)))
    claims, reader = claimed(line), inbound_of(line)
    with line.store.begin() as other:
        other.execute(text("LOCK TABLE control_counter IN ACCESS EXCLUSIVE MODE"))
        with ThreadPoolExecutor(1) as pool:
            left = pool.submit(reader.together, claims)
            waits = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'control_counter'::regclass"
            wait_until(lambda: other.execute(text(f"{waits} AND NOT granted")).all(), within=60.0)
            assert left.result(timeout=60) == (claims, set())
    for claim in claims:
        reader.work(claim)
    assert [state(line, id) for id in ids] == ["processed"] * 3
    assert len(line.out()) == 3
