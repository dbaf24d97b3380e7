"""The audit log: rows are sealed in the order they became visible, and every tampering is found."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

from gateway.errors import StoreConflict, StoreError
from gateway.store.audit import AuditEntry, AuditFault, AuditFaultKind, Sealer, record, record_many, verify
from gateway.store.engine import Store

AT = datetime(2026, 1, 5, 9, 30, 15, 123456, tzinfo=UTC)


def write(store: Store, count: int, *, start: int = 0) -> None:
    entries = [
        AuditEntry(
            at=AT,
            actor="gateway",
            action="document.made",
            subject="document",
            subject_id=str(number),
            detail={"n": number, "ä": None},
        )
        for number in range(start, start + count)
    ]
    with store.begin() as conn:
        record_many(conn, entries)


def run(store: Store, statement: str) -> None:
    with store.begin() as conn:
        conn.execute(text(statement))


def sealed_log(store: Store, count: int = 6) -> Store:
    write(store, count)
    assert Sealer(store).seal_pending() == count
    assert verify(store).ok
    return store


def kinds(store: Store) -> list[tuple[AuditFaultKind, int | None]]:
    return [(fault.kind, fault.seq) for fault in verify(store).faults]


def test_an_empty_log_is_well(fresh_store: Store) -> None:
    assert Sealer(fresh_store).seal_pending() == 0
    report = verify(fresh_store)
    assert report.ok
    assert (report.rows, report.sealed) == (0, 0)


def test_rows_are_sealed_once_and_the_log_goes_on(fresh_store: Store) -> None:
    sealer = Sealer(fresh_store)
    write(fresh_store, 3)
    assert sealer.seal_pending() == 3
    assert sealer.seal_pending() == 0
    write(fresh_store, 2, start=3)
    assert verify(fresh_store).sealed == 3
    assert Sealer(fresh_store).seal_pending() == 2
    report = verify(fresh_store)
    assert report.ok
    assert (report.rows, report.sealed) == (5, 5)


def test_a_row_is_written_with_the_change_it_tells_of(fresh_store: Store) -> None:
    def change_and_fail() -> None:
        with fresh_store.begin() as conn:
            record(conn, at=AT, actor="a", action="b", subject="c", subject_id="d", detail={})
            conn.execute(text("INSERT INTO audit_head (position, seal, settled_seq) VALUES (0, '', 0)"))

    with pytest.raises(StoreConflict):
        change_and_fail()
    assert verify(fresh_store).rows == 0


def test_more_rows_than_one_batch_are_sealed_in_one_pass(fresh_store: Store) -> None:
    write(fresh_store, 12_001)
    assert Sealer(fresh_store).seal_pending() == 12_001
    assert verify(fresh_store).ok


def test_a_row_that_commits_after_a_later_one_is_sealed_when_it_is_there(
    fresh_database_url: str, fresh_store: Store
) -> None:
    sealer = Sealer(fresh_store)
    slow = create_engine(fresh_database_url)
    with slow.connect() as conn:
        record(conn, at=AT, actor="slow", action="b", subject="c", subject_id="first", detail={})
        write(fresh_store, 2)
        assert sealer.seal_pending() == 2
        assert sealer.seal_pending() == 0
        conn.commit()
    assert sealer.seal_pending() == 1
    slow.dispose()
    with fresh_store.begin() as conn:
        order = conn.execute(text("SELECT audit_seq FROM audit_seal ORDER BY position")).scalars().all()
    assert order == [2, 3, 1]
    assert verify(fresh_store).ok


def test_the_settled_mark_waits_for_open_transactions_and_passes_rolled_back_ones(
    fresh_database_url: str, fresh_store: Store
) -> None:
    def settled() -> int:
        with fresh_store.begin() as conn:
            return int(conn.execute(text("SELECT settled_seq FROM audit_head")).scalar_one())

    sealer = Sealer(fresh_store)
    other = create_engine(fresh_database_url)
    with other.connect() as conn:
        record(conn, at=AT, actor="slow", action="b", subject="c", subject_id="first", detail={})
        write(fresh_store, 2)
        sealer.seal_pending()
        assert settled() == 0
        conn.rollback()
    other.dispose()
    sealer.seal_pending()
    assert settled() == 3
    assert verify(fresh_store).ok


@pytest.mark.parametrize(
    "column",
    [
        "at = at + interval '1 microsecond'",
        "actor = 'x'",
        "action = 'x'",
        "subject = 'x'",
        "subject_id = 'x'",
        "detail = '{}'",
    ],
)
def test_a_changed_column_is_found(fresh_store: Store, column: str) -> None:
    run(sealed_log(fresh_store), f"UPDATE audit SET {column} WHERE seq = 3")
    assert kinds(fresh_store) == [(AuditFaultKind.CHANGED, 3)]


def test_text_moved_from_one_column_to_the_next_is_found(fresh_store: Store) -> None:
    statement = "UPDATE audit SET actor = actor || left(action, 1), action = substr(action, 2) WHERE seq = 2"
    run(sealed_log(fresh_store), statement)
    assert kinds(fresh_store) == [(AuditFaultKind.CHANGED, 2)]


def test_a_deleted_row_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "DELETE FROM audit WHERE seq = 4")
    assert kinds(fresh_store) == [(AuditFaultKind.DELETED, 4)]


def test_a_row_deleted_with_its_seal_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "DELETE FROM audit_seal WHERE audit_seq = 4")
    run(fresh_store, "DELETE FROM audit WHERE seq = 4")
    assert verify(fresh_store).faults == (AuditFault(AuditFaultKind.DELETED, None, 4),)


def test_two_rows_exchanged_are_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "UPDATE audit_seal SET audit_seq = -1 WHERE position = 2")
    run(fresh_store, "UPDATE audit_seal SET audit_seq = 2 WHERE position = 3")
    run(fresh_store, "UPDATE audit_seal SET audit_seq = 3 WHERE position = 2")
    assert (AuditFaultKind.CHANGED, 3) in kinds(fresh_store)


def test_a_log_cut_off_at_its_end_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "DELETE FROM audit_seal WHERE audit_seq >= 5")
    run(fresh_store, "DELETE FROM audit WHERE seq >= 5")
    assert verify(fresh_store).faults == (AuditFault(AuditFaultKind.TRUNCATED, None, 5),)


@pytest.mark.parametrize("how", ["RESTART IDENTITY", "CONTINUE IDENTITY"])
def test_a_truncated_log_is_found(fresh_store: Store, how: str) -> None:
    run(sealed_log(fresh_store), f"TRUNCATE audit, audit_seal {how}")
    assert AuditFaultKind.TRUNCATED in {kind for kind, _ in kinds(fresh_store)}


def test_a_truncated_log_that_was_written_on_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "TRUNCATE audit, audit_seal RESTART IDENTITY")
    write(fresh_store, 9)
    Sealer(fresh_store).seal_pending()
    assert not verify(fresh_store).ok


def test_a_missing_head_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "DELETE FROM audit_head")
    assert kinds(fresh_store) == [(AuditFaultKind.TRUNCATED, None)]
    write(fresh_store, 1)
    with pytest.raises(StoreError, match="no head"):
        Sealer(fresh_store).seal_pending()


def test_a_row_slipped_in_below_the_settled_mark_is_found_and_never_sealed(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "DELETE FROM audit WHERE seq = 2")
    run(
        fresh_store,
        "INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT 0, at, 'x', action, subject, subject_id, detail"
        " FROM audit WHERE seq = 1",
    )
    write(fresh_store, 1)
    assert Sealer(fresh_store).seal_pending() == 1
    assert kinds(fresh_store) == [(AuditFaultKind.DELETED, 2), (AuditFaultKind.INSERTED, 0)]


def test_a_forged_seal_is_found(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "UPDATE audit_seal SET seal = decode(repeat('ab', 32), 'hex') WHERE position = 3")
    assert [seq for _, seq in kinds(fresh_store)] == [3, 4]


def test_a_forged_last_seal_is_found_twice(fresh_store: Store) -> None:
    run(sealed_log(fresh_store), "UPDATE audit_seal SET seal = decode(repeat('ab', 32), 'hex') WHERE position = 6")
    assert kinds(fresh_store) == [(AuditFaultKind.CHANGED, 6), (AuditFaultKind.CHANGED, None)]


def test_a_link_added_to_the_chain_is_found(fresh_store: Store) -> None:
    write(sealed_log(fresh_store), 1)
    run(fresh_store, "INSERT INTO audit_seal VALUES (7, 7, decode(repeat('ab', 32), 'hex'))")
    assert AuditFaultKind.INSERTED in {kind for kind, _ in kinds(fresh_store)}


def test_only_one_sealer_works_at_a_time(fresh_database_url: str, fresh_store: Store) -> None:
    write(fresh_store, 1)
    other = create_engine(fresh_database_url)
    with other.connect() as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x7472_7365})
        assert Sealer(fresh_store).seal_pending() == 0
        conn.rollback()
    other.dispose()
    assert Sealer(fresh_store).seal_pending() == 1


def test_writers_that_overlap_and_roll_back_leave_a_whole_chain(fresh_store: Store) -> None:
    def work(seed: int) -> int:
        chance = random.Random(seed)
        kept = 0
        for _ in range(30):
            with suppress(LookupError), fresh_store.begin() as conn:
                count = chance.randrange(1, 4)
                for _ in range(count):
                    record(conn, at=AT, actor="w", action="b", subject="c", subject_id=str(seed), detail={})
                if chance.random() < 0.3:
                    raise LookupError
                kept += count
        return kept

    sealer = Sealer(fresh_store)
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(work, seed) for seed in range(4)]
        sealed = 0
        while not all(writer.done() for writer in writers):
            sealed += sealer.seal_pending()
    sealed += sealer.seal_pending()
    report = verify(fresh_store)
    assert report.ok
    assert sealed == report.sealed == report.rows == sum(writer.result() for writer in writers)
    sealer.seal_pending()
    with fresh_store.begin() as conn:
        settled = conn.execute(text("SELECT settled_seq FROM audit_head")).scalar_one()
        assert settled == conn.execute(text("SELECT last_value FROM audit_seq_seq")).scalar_one()
