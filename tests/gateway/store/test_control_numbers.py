"""Control numbers: no doubles among processes, no gaps after a rollback, one use of each we receive."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from gateway.errors import StoreConflict
from gateway.model import Environment
from gateway.ports import SystemClock, new_id
from gateway.store import control_numbers
from gateway.store.control_numbers import Mine, New, ReadInterchange, ReceivedNumber, Used, Wanted
from gateway.store.engine import Store, open_store
from gateway.store.vault import Vault

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
US, THEM = ("ZZ", "TRADELANE"), ("01", "0012345678901")


def transmission(store: Store, folder: Path) -> UUID:
    id = new_id()
    with store.begin() as conn:
        stored = Vault(store, folder, SystemClock()).put(conn, b"bytes")
        conn.execute(
            text(
                "INSERT INTO transmission (id, direction, environment, state, channel, filename, payload_sha256, size,"
                " received_at) VALUES (:id, 'out', 'live', 'ready', 'sftp', 'f', :sha256, 5, :at)"
            ),
            {"id": id, "sha256": stored.sha256, "at": AT},
        )
    return id


def interchange(store: Store, carrier: UUID, ordinal: int = 1) -> UUID:
    id = new_id()
    with store.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO interchange (id, transmission_id, ordinal, syntax, control_number, sender_qualifier,"
                " sender_id, receiver_qualifier, receiver_id, version, usage, accepted, start_offset, end_offset)"
                " VALUES (:id, :carrier, :ordinal, 'x12', '000000001', 'ZZ', 'A', 'ZZ', 'B', '00401', 'P', true, 0, 1)"
            ),
            {"id": id, "carrier": carrier, "ordinal": ordinal},
        )
    return id


@pytest.fixture
def carrier(fresh_store: Store, tmp_path: Path) -> UUID:
    return transmission(fresh_store, tmp_path)


def take(store: Store, carrier: UUID, **changes: Any) -> int:
    with store.begin() as conn:
        [number] = control_numbers.allocate(conn, [wanted(carrier, **changes)], at=AT)
        return number


def wanted(carrier: UUID, **changes: Any) -> Wanted:
    scope = {"sender": US, "receiver": THEM, "environment": Environment.LIVE, "kind": "ISA13"}
    return Wanted(transmission_id=carrier, **{**scope, **changes})


def test_numbers_count_from_one_within_their_scope(fresh_store: Store, carrier: UUID) -> None:
    assert [take(fresh_store, carrier) for _ in range(3)] == [1, 2, 3]
    assert take(fresh_store, carrier, kind="GS06") == 1
    assert take(fresh_store, carrier, environment=Environment.TEST) == 1
    assert take(fresh_store, carrier, receiver=("01", "OTHER")) == 1
    assert take(fresh_store, carrier, sender=("14", "TRADELANE")) == 1
    assert take(fresh_store, carrier) == 4


def test_the_number_after_the_last_is_one_in_the_next_cycle(fresh_store: Store, carrier: UUID) -> None:
    take(fresh_store, carrier)
    with fresh_store.begin() as conn:
        conn.execute(text("UPDATE control_counter SET last = 999999998"))
    assert [take(fresh_store, carrier) for _ in range(3)] == [999999999, 1, 2]
    with fresh_store.begin() as conn:
        ledger = conn.execute(text("SELECT cycle, number FROM control_number ORDER BY cycle, number::bigint")).all()
    assert [tuple(row) for row in ledger] == [(0, "1"), (0, "999999999"), (1, "1"), (1, "2")]


def test_numbers_taken_together_are_those_taken_one_after_the_other(fresh_store: Store, carrier: UUID) -> None:
    take(fresh_store, carrier)
    with fresh_store.begin() as conn:
        conn.execute(text("UPDATE control_counter SET last = 999999997"))
        asked = [wanted(carrier, kind=kind) for kind in ("ISA13", "GS06", "ISA13", "GS06", "ISA13", "ISA13")]
        assert control_numbers.allocate(conn, asked, at=AT) == [999999998, 1, 999999999, 2, 1, 2]
    assert take(fresh_store, carrier) == 3
    with fresh_store.begin() as conn:
        ledger = conn.execute(
            text("SELECT cycle, number FROM control_number WHERE kind = 'ISA13' ORDER BY cycle, number::bigint")
        ).all()
    later = [(1, "1"), (1, "2"), (1, "3")]
    assert [tuple(row) for row in ledger] == [(0, "1"), (0, "999999998"), (0, "999999999"), *later]


def test_a_rolled_back_number_is_free_again(fresh_database_url: str, fresh_store: Store, carrier: UUID) -> None:
    engine = create_engine(fresh_database_url)
    with engine.connect() as conn:
        assert control_numbers.allocate(conn, [wanted(carrier)], at=AT) == [1]
        conn.rollback()
    engine.dispose()
    assert take(fresh_store, carrier) == 1


def test_a_number_that_never_left_is_void_and_not_given_again(fresh_store: Store, carrier: UUID) -> None:
    scope = {"sender": US, "receiver": THEM, "environment": Environment.LIVE, "kind": "ISA13"}
    number = take(fresh_store, carrier)
    with fresh_store.begin() as conn:
        control_numbers.void(conn, number=number, reason="partner closed", **scope)
    assert take(fresh_store, carrier) == 2
    with fresh_store.begin() as conn:
        reason = conn.execute(text("SELECT void_reason FROM control_number WHERE number = '1'")).scalar_one()
        assert reason == "partner closed"
        for unused in (1, 7):
            with pytest.raises(StoreConflict, match=f"ISA13 {unused} from"):
                control_numbers.void(conn, number=unused, reason="again", **scope)


def _take_many(url: str, carrier: UUID, count: int, answers: Any) -> None:
    store = open_store(url, connections=1)
    answers.put([take(store, carrier) for _ in range(count)])
    store.close()


def test_eight_processes_take_no_number_twice_and_leave_none_out(fresh_database_url: str, carrier: UUID) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    processes = [context.Process(target=_take_many, args=(fresh_database_url, carrier, 25, answers)) for _ in range(8)]
    for process in processes:
        process.start()
    taken = [number for _ in processes for number in answers.get()]
    for process in processes:
        process.join()
        assert process.exitcode == 0
        process.close()
    answers.close()
    assert sorted(taken) == list(range(1, 201))


@pytest.fixture
def received(fresh_store: Store, tmp_path: Path) -> tuple[UUID, UUID]:
    carrier = transmission(fresh_store, tmp_path)
    return carrier, interchange(fresh_store, carrier)


def claim(store: Store, carrier: UUID, about: UUID | None, **changes: Any) -> control_numbers.InboundUse:
    scope = {"sender": THEM, "receiver": US, "environment": Environment.LIVE, "number": "000000905"}
    with store.begin() as conn:
        return control_numbers.claim_inbound(
            conn, transmission_id=carrier, interchange_id=about, at=AT, **{**scope, **changes}
        )


def complete(store: Store, about: UUID, content: bytes) -> None:
    with store.begin() as conn:
        number = ReceivedNumber(THEM, US, Environment.LIVE, "000000905")
        control_numbers.complete_inbound(conn, [ReadInterchange(number, about, content)])


def test_a_number_received_first_is_new_and_the_same_try_again_is_mine(
    fresh_store: Store, received: tuple[UUID, UUID]
) -> None:
    assert claim(fresh_store, *received) == New()
    assert claim(fresh_store, *received) == Mine()
    assert claim(fresh_store, *received, number="000000906") == New()
    assert claim(fresh_store, *received, sender=("ZZ", "ANOTHER")) == New()
    assert claim(fresh_store, *received, environment=Environment.TEST) == New()


def test_of_several_numbers_asked_together_those_are_claimed_that_nobody_has(
    fresh_store: Store, received: tuple[UUID, UUID], tmp_path: Path
) -> None:
    carrier, about = received
    claim(fresh_store, carrier, about)
    others = [transmission(fresh_store, tmp_path) for _ in range(3)]
    numbers = [ReceivedNumber(THEM, US, Environment.LIVE, number) for number in ("000000907", "000000905", "000000907")]
    with fresh_store.begin() as conn:
        new = control_numbers.claim_new(conn, dict(zip(others, numbers, strict=True)), at=AT)
    assert len(new) == 1
    assert new < {others[0], others[2]}
    [taker] = new
    assert claim(fresh_store, carrier, about, number="000000907") == Used(None, taker, None)


def test_a_number_used_before_tells_by_whom_and_with_what(
    fresh_store: Store, received: tuple[UUID, UUID], tmp_path: Path
) -> None:
    carrier, about = received
    claim(fresh_store, carrier, about)
    later = transmission(fresh_store, tmp_path)
    again = interchange(fresh_store, later)
    assert claim(fresh_store, later, again) == Used(None, carrier, about)
    complete(fresh_store, about, b"\x01" * 32)
    assert claim(fresh_store, later, again) == Used(b"\x01" * 32, carrier, about)


def test_a_second_interchange_of_the_same_file_with_the_same_number_is_used(
    fresh_store: Store, received: tuple[UUID, UUID]
) -> None:
    carrier, about = received
    claim(fresh_store, carrier, about)
    second = interchange(fresh_store, carrier, ordinal=2)
    assert claim(fresh_store, carrier, second) == Used(None, carrier, about)


def test_content_is_completed_once(fresh_store: Store, received: tuple[UUID, UUID]) -> None:
    carrier, about = received
    with pytest.raises(StoreConflict, match="not claimed"):
        complete(fresh_store, about, b"\x01" * 32)
    claim(fresh_store, carrier, about)
    complete(fresh_store, about, b"\x01" * 32)
    complete(fresh_store, about, b"\x01" * 32)
    with pytest.raises(StoreConflict, match="held other content"):
        complete(fresh_store, about, b"\x02" * 32)


def _claim_one(url: str, carrier: UUID, about: UUID, start: Any, answers: Any) -> None:
    store = open_store(url, connections=1)
    start.wait()
    answers.put(claim(store, carrier, about))
    store.close()


def test_of_four_processes_that_claim_a_number_one_has_it(
    fresh_database_url: str, fresh_store: Store, received: tuple[UUID, UUID]
) -> None:
    carrier, _ = received
    context = multiprocessing.get_context("spawn")
    answers, start = context.SimpleQueue(), context.Barrier(4)
    abouts = [interchange(fresh_store, carrier, ordinal=number) for number in range(2, 6)]
    processes = [
        context.Process(target=_claim_one, args=(fresh_database_url, carrier, about, start, answers))
        for about in abouts
    ]
    for process in processes:
        process.start()
    uses = [answers.get() for _ in processes]
    for process in processes:
        process.join()
        process.close()
    answers.close()
    assert sum(isinstance(use, New) for use in uses) == 1
    assert sum(isinstance(use, Used) for use in uses) == 3
