"""Retention: what is past its days goes and leaves its name; what is held, open, undelivered or unanswered stays."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import create_engine, func, select, text, update

from gateway.evidence.pack import EvidenceMaker
from gateway.evidence.signing import signing_key
from gateway.evidence.verify import examine
from gateway.pipeline.replay import Verb
from gateway.purging import purge_all, retention_policy
from gateway.settings import load_settings
from gateway.store import holds
from gateway.store.engine import Store
from gateway.store.replayable import Selection
from gateway.store.retention import KeepRule, PastItsDays, Policy, Purged, past_their_days, purge
from gateway.store.tables import as2_message, delivery, document, issue, payload, transmission
from gateway.store.vault import INLINE_LIMIT
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.outbound_line import Seller, answer, buyer_profile
from tests.waiting import wait_until

DAYS = Policy(30)
LATER = timedelta(days=31)


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    return Line(fresh_store, tmp_path)


def received(line: Line, number: str = "PO-1", control: str = "000000017") -> UUID:
    """An order that came, was delivered, and whose acknowledgment was collected."""
    life = line.sent(file_of(number, control=control), name=f"{number}.edi")
    collect(line)
    return UUID(life["transmission"]["id"])


def collect(line: Line) -> None:
    with line.store.begin() as conn:
        conn.execute(update(transmission).where(transmission.c.state == "ready").values(state="collected"))


def past(line: Line, policy: Policy = DAYS) -> dict[UUID, PastItsDays]:
    with line.store.begin() as conn:
        return {one.id: one for one in past_their_days(conn, policy, now=line.clock.now())}


def run(line: Line, policy: Policy = DAYS) -> Purged:
    return purge_all(line.store, policy, by="test", at=line.clock.now())


def count(line: Line, table: Any) -> int:
    with line.store.begin() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def row_of(line: Line, id: UUID) -> Any:
    with line.store.begin() as conn:
        return conn.execute(select(transmission).where(transmission.c.id == id)).one()


def change(line: Line, statement: str, **values: Any) -> None:
    with line.store.begin() as conn:
        conn.execute(text(statement), values)


def test_what_is_past_its_days_leaves_its_name_hash_size_and_dates(line: Line) -> None:
    id = received(line)
    before = row_of(line, id)
    line.clock.advance(timedelta(days=30))
    assert run(line) == Purged(0, 0)
    line.clock.advance(timedelta(seconds=1))
    done = run(line)
    assert done.transmissions == 2  # the order and its 997
    assert done.freed > before.size
    after = row_of(line, id)
    assert after.purged_at == line.clock.now()
    assert after.payload_kept is None
    kept = ("filename", "payload_sha256", "size", "received_at", "finished_at", "state", "partner")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert (count(line, payload), count(line, issue)) == (0, 0)
    assert line.files("archive/20260105") == {}
    with line.store.begin() as conn:
        made = conn.execute(select(document)).one()
    assert (made.canonical, made.lineage, made.purged_at) == ({}, {}, line.clock.now())
    assert made.identity.startswith("PO-1")
    assert run(line) == Purged(0, 0)


def test_the_audit_log_still_verifies_and_says_what_was_purged(line: Line) -> None:
    id = received(line)
    sha256 = row_of(line, id).payload_sha256
    line.clock.advance(LATER)
    run(line)
    assert line.audit_holds()
    [row] = [one for one in line.life(id)["audit"] if one["action"] == "transmission.purged"]
    detail = orjson.loads(row["detail"])
    assert (row["actor"], detail["sha256"], detail["days"]) == ("test", sha256.hex(), 30)
    assert len(detail["documents"]) == 1


def test_evidence_of_what_was_purged_still_proves_what_it_was(line: Line, tmp_path: Path) -> None:
    id = received(line)
    line.clock.advance(LATER)
    run(line)
    key = signing_key(tmp_path)
    maker = EvidenceMaker(line.store, line.gateway.vault, key)
    made = maker.make(id, tmp_path / "pack.zip", by="test", at=line.clock.now())
    with made.path.open("rb") as file:
        found = examine(file, key=key.public)
    assert found.faults == []
    assert any("were purged" in line for line in found.proved)


UNFINISHED = [
    ("transmission", "out", "ready", "of ours that the partner does not have"),
    ("transmission", "in", "retrying", "not at its end: retrying"),
    ("delivery", "in", "rejected", "not delivered"),
    ("delivery", "in", "uncertain", "not delivered"),
]


def test_what_is_not_done_with_stays_however_old(line: Line) -> None:
    id = received(line)
    line.clock.advance(LATER)
    for table, direction, state, why in UNFINISHED:
        narrowed = f" WHERE direction = '{direction}'" if table == "transmission" else ""
        with line.store.begin() as conn:
            before = conn.execute(text(f"SELECT state FROM {table}{narrowed}")).scalar_one()
        change(line, f"UPDATE {table} SET state = '{state}'{narrowed}")
        assert why in (past(line)[id].kept_for or "")
        change(line, f"UPDATE {table} SET state = '{before}'{narrowed}")
    change(line, "UPDATE delivery SET state = 'rejected'")
    run(line)
    assert row_of(line, id).purged_at is None
    with line.store.begin() as conn:
        assert line.gateway.vault.read(conn, row_of(line, id).payload_sha256) == file_of("PO-1")


def test_what_an_open_exception_is_about_stays_until_it_is_resolved(line: Line) -> None:
    id = line.drop(b"nothing we know", name="odd.txt")
    line.run()
    line.clock.advance(LATER)
    assert past(line)[id].kept_for == "an open exception"
    run(line)
    assert row_of(line, id).purged_at is None
    change(line, "UPDATE exception SET state = 'resolved'")
    assert run(line).transmissions == 1


def test_what_the_partner_has_not_acknowledged_stays_with_what_it_was_made_of(make_seller: Seller) -> None:
    line = make_seller.line
    handed = make_seller.sends(answer("PO-1"))
    sent = UUID(make_seller.delivery(handed)["external_ref"])
    collect(line)
    line.clock.advance(LATER)
    assert past(line)[sent].kept_for == past(line)[handed.transmission_id].kept_for
    assert past(line)[sent].kept_for == "an acknowledgment that the partner owes"
    change(line, "UPDATE expected_acknowledgment SET state = 'accepted'")
    assert run(line).transmissions == 2


@pytest.fixture
def make_seller(fresh_store: Store, tmp_path: Path) -> Seller:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(buyer_profile())
    return Seller(Line(fresh_store, tmp_path))


def test_a_hold_keeps_one_transmission_a_partner_or_what_a_key_finds_until_it_is_lifted(line: Line) -> None:
    one, by_key, free = (received(line, f"PO-{n}", f"00000001{n}") for n in (1, 2, 3))
    at = line.clock.now()
    with line.store.begin() as conn:
        first = holds.place(conn, transmission_id=one, reason="case 17", by="test", at=at).id
        holds.place(conn, business_key="PO-2", reason="case 18", by="test", at=at)
    line.clock.advance(LATER)
    run(line)
    assert [row_of(line, id).purged_at is None for id in (one, by_key, free)] == [True, True, False]
    with line.store.begin() as conn:
        lifted = holds.lift(conn, str(first)[-12:], reason="settled", by="test", at=at)
        holds.place(conn, partner="acme", reason="case 19", by="test", at=at)
    assert lifted == [first]
    run(line)
    assert row_of(line, one).purged_at is None
    with line.store.begin() as conn:
        [of_key, of_partner] = [hold.id for hold in holds.listed(conn)]
        for id in (of_key, of_partner):
            holds.lift(conn, str(id), reason="settled", by="test", at=at)
        assert [hold.lifted_by for hold in holds.listed(conn, lifted=True)] == ["test"] * 3
        assert holds.lift(conn, str(of_key), reason="again", by="test", at=at) == []
    run(line)
    assert row_of(line, one).purged_at is not None
    assert [row["action"] for row in line.life(one)["audit"] if row["action"].startswith("hold")] == [
        "hold.placed",
        "hold.lifted",
    ]


def waits_for_its_turn(line: Line, thread: threading.Thread) -> None:
    """Return when the thread waits for who purges or holds; it must not have come to its end."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with line.store.autocommit() as looking:
        wait_until(lambda: not thread.is_alive() or looking.execute(waiting).scalar_one(), within=60)
    assert thread.is_alive()


def test_a_hold_that_is_placed_while_a_purge_runs_keeps_the_rest_and_says_for_what_it_came_too_late(
    line: Line,
) -> None:
    ids = [received(line, f"PO-{n}", f"00000001{n}") for n in (1, 2, 3)]
    line.clock.advance(LATER)
    placed: list[holds.Placed] = []

    def place() -> None:
        with line.store.begin() as conn:
            placed.append(holds.place(conn, partner="acme", reason="case 20", by="test", at=line.clock.now()))

    placing = threading.Thread(target=place)
    with line.store.begin() as conn:
        assert purge(conn, DAYS, by="test", now=line.clock.now(), most=2).transmissions == 2
        placing.start()
        waits_for_its_turn(line, placing)
    placing.join()
    gone = [id for id in ids if row_of(line, id).purged_at is not None]
    assert 1 <= len(gone) < 3
    with line.store.begin() as conn:
        purged = conn.execute(select(func.count()).where(transmission.c.purged_at.is_not(None))).scalar_one()
    assert [one.too_late_for for one in placed] == [purged] == [2]
    assert run(line) == Purged(0, 0)
    assert [id for id in ids if row_of(line, id).purged_at is not None] == gone


def test_a_purge_that_begins_while_a_hold_is_placed_sees_it(line: Line) -> None:
    id = received(line)
    line.clock.advance(LATER)
    done: list[Purged] = []
    purging = threading.Thread(target=lambda: done.append(run(line)))
    with line.store.begin() as conn:
        placed = holds.place(conn, partner="acme", reason="case 21", by="test", at=line.clock.now())
        purging.start()
        waits_for_its_turn(line, purging)
    purging.join()
    assert (placed.too_late_for, done) == (0, [Purged(0, 0)])
    assert row_of(line, id).purged_at is None


RULES: list[tuple[tuple[KeepRule, ...], int]] = [
    ((), 30),
    ((KeepRule(None, "purchase_order", 40),), 40),
    ((KeepRule("acme", None, 50), KeepRule(None, "purchase_order", 40)), 50),
    ((KeepRule("acme", "purchase_order", 20), KeepRule("acme", None, 50)), 20),
    ((KeepRule("globex", None, 50), KeepRule(None, "invoice", 40)), 30),
]


def test_the_most_specific_rule_counts(line: Line) -> None:
    id = received(line)
    began = line.clock.now()
    for rules, days in RULES:
        line.clock.advance(began + timedelta(days=days, seconds=1) - line.clock.now())
        assert past(line, Policy(30, rules))[id].days == days
        line.clock.advance(-timedelta(seconds=2))
        assert id not in past(line, Policy(30, rules))


def test_an_acknowledgment_has_days_of_its_own(line: Line) -> None:
    id = received(line)
    line.clock.advance(timedelta(days=11))
    policy = Policy(30, (KeepRule(None, "acknowledgment", 10),))
    assert run(line, policy).transmissions == 1
    assert row_of(line, id).purged_at is None
    again = line.sent(file_of("PO-1"), name="again.edi")
    assert again["transmission"]["state"] == "duplicate"
    assert line.out() == {}  # the answer's bytes are gone: it cannot be given again


def test_nothing_goes_before_its_partners_window_for_duplicates_is_over(line: Line) -> None:
    id = received(line)
    line.clock.advance(LATER)
    policy = Policy(30, windows={"acme": 40})
    assert id not in past(line, policy)
    line.clock.advance(timedelta(days=10))
    assert past(line, policy)[id].days == 40


def test_bytes_that_something_younger_names_stay(line: Line) -> None:
    old = received(line)
    line.clock.advance(LATER)
    young = line.sent(file_of("PO-1"), name="again.edi")["transmission"]["id"]
    collect(line)
    run(line)
    assert row_of(line, old).purged_at is not None
    with line.store.begin() as conn:
        assert line.gateway.vault.read(conn, row_of(line, UUID(young)).payload_sha256) == file_of("PO-1")


def test_the_bytes_of_an_as2_message_go_with_it(line: Line) -> None:
    id = received(line)
    with line.store.begin() as conn:
        body = line.gateway.vault.put(conn, b"as it came over the wire")
        row = {
            "transmission_id": id,
            "direction": "in",
            "account": "acme",
            "message_id": "<1@acme>",
            "headers": [["Subject", "an order"]],
            "body_sha256": body.sha256,
            "mics": {},
            "receipt": "signed",
            "receipt_url": "",
            "mdn_headers": [["A", "b"]],
            "mdn_body": b"mdn",
            "tries": 1,
            "at": line.clock.now(),
        }
        conn.execute(as2_message.insert(), row)
    line.clock.advance(LATER)
    run(line)
    with line.store.begin() as conn:
        left = conn.execute(select(as2_message)).one()
    assert (left.headers, left.body_sha256, left.mdn_headers, left.mdn_body) == ([], None, None, None)
    assert left.message_id == "<1@acme>"
    assert count(line, payload) == 0


def test_a_large_file_leaves_the_disk_with_the_next_sweep(line: Line) -> None:
    content = file_of("PO-1").replace(b"CTT", b"N1*ST*" + b"X" * 10 + b"~\nCTT") + b" " * INLINE_LIMIT
    id = line.drop(content, name="large.edi")
    line.run()
    collect(line)
    change(line, "UPDATE exception SET state = 'resolved'")
    change(line, "UPDATE delivery SET state = 'delivered'")
    change(line, "UPDATE transmission SET state = 'processed' WHERE direction = 'in'")
    objects = list((line.home / "vault" / "objects").glob("*/*"))
    assert len(objects) == 1
    line.clock.advance(LATER)
    run(line)
    assert row_of(line, id).purged_at is not None
    line.gateway.vault.sweep_orphans(timedelta(days=1))
    assert not objects[0].exists()


def test_what_arrives_with_the_same_bytes_while_they_are_purged_is_whole_or_refused(
    line: Line, fresh_database_url: str
) -> None:
    """An arrival that has named the bytes and not committed makes the purge wait, and keeps them."""
    id = received(line)
    line.clock.advance(LATER)
    arriving = create_engine(fresh_database_url)
    with arriving.connect() as conn:
        content = line.gateway.vault.put(conn, file_of("PO-1"))
        conn.execute(
            text(
                "INSERT INTO transmission (id, direction, environment, state, channel, filename, payload_sha256, size,"
                " received_at) VALUES (gen_random_uuid(), 'in', 'live', 'received', 'cli', 'x', :sha, 1, now())"
            ),
            {"sha": content.sha256},
        )
        purging = threading.Thread(target=run, args=(line,))
        purging.start()
        with line.store.autocommit() as looking:
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'"
            )
            while purging.is_alive() and not looking.execute(waiting).scalar_one():
                pass
        assert purging.is_alive()
        conn.commit()
    purging.join()
    arriving.dispose()
    assert row_of(line, id).purged_at is not None
    with line.store.begin() as conn:
        assert line.gateway.vault.read(conn, content.sha256) == file_of("PO-1")


def test_nothing_purged_is_replayed(line: Line) -> None:
    id = received(line)
    line.clock.advance(LATER)
    run(line)
    replay = line.gateway.replay(by="test", reason="try")
    for verb, count_of in ((Verb.RESEND, 2), (Verb.RE_ENVELOPE, 1), (Verb.REPROCESS, 1)):
        results = [replay.replay(verb, item) for item in replay.find(verb, Selection(partner="acme"), most=9)]
        assert [one.done for one in results] == [False] * count_of
    with line.store.begin() as conn:
        assert conn.execute(select(delivery.c.state)).scalars().all() == ["delivered"]
    assert row_of(line, id).state == "processed"


def test_the_settings_and_the_profiles_make_the_policy(line: Line) -> None:
    (line.home / "tradelane.yaml").write_text(
        "retention: {days: 100, kinds: {acknowledgment: 10}, partners: {acme: {days: 50, kinds: {invoice: 60}}}}\n"
    )
    policy = retention_policy(load_settings(line.home, environment={}), line.gateway.registry)
    assert policy.days == 100
    assert set(policy.rules) == {
        KeepRule(None, "acknowledgment", 10),
        KeepRule("acme", None, 50),
        KeepRule("acme", "invoice", 60),
    }
