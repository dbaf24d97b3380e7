"""What time does to mailboxes: quiet files count, files that nobody collects leave /out."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Thread

import orjson
import pytest

from gateway.channels.sftp_accounts import served
from gateway.channels.sftp_chores import CLEARED_AT_ONCE, clear_outboxes, take_in_quiet
from gateway.store.engine import Store
from sftp.errors import MailboxFullError
from sftp.ports import Account, AccountLimits, Area, Place, Received
from tests.gateway.inbound_line import Line, file_of

PROFILE = """\
name: Quiet
sftp:
  - user: quiet
    pickup: quiet
    quiet_time: 90s
    out: {remove: after_download, days: 3}
    carries: [acme]
  - {user: flags, pickup: flag, carries: [acme]}
"""
IN, OUT = Place(Area.IN), Place(Area.OUT)


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    folder = tmp_path / "partners" / "profiles" / "quiet"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(PROFILE)
    return Line(fresh_store, tmp_path)


def account(line: Line, user: str) -> Account:
    found = line.gateway.registry.account(user)
    assert found is not None
    return served(found)


def drop(line: Line, name: str, content: bytes, *, user: str = "quiet", partial: bool = False) -> None:
    received = Received(IN, name, BytesIO(content), len(content), False, line.clock.now())
    take = line.box.keep_partial if partial else line.box.receive
    take(account(line, user), received)


def test_a_file_counts_once_it_has_been_quiet_long_enough_and_only_once(line: Line) -> None:
    drop(line, "po.edi", file_of("PO-1"))
    line.clock.advance(timedelta(seconds=89))
    assert take_in_quiet(line.box) == 0
    line.clock.advance(timedelta(seconds=1))
    assert take_in_quiet(line.box) == 1
    assert take_in_quiet(line.box) == 0
    assert line.woken == ["in:quiet:flow"]
    line.run()
    assert line.numbers() == ["PO-1"]


def test_a_file_that_changes_is_not_quiet(line: Line) -> None:
    drop(line, "po.edi", file_of("PO-1"))
    line.clock.advance(timedelta(seconds=60))
    drop(line, "po.edi", file_of("PO-2"))
    line.clock.advance(timedelta(seconds=60))
    line.box.rename(account(line, "quiet"), IN, "po.edi", "renamed.edi", replace=False, counts=False)
    line.clock.advance(timedelta(seconds=60))
    assert take_in_quiet(line.box) == 0
    line.clock.advance(timedelta(seconds=30))
    assert take_in_quiet(line.box) == 1
    line.run()
    assert line.numbers() == ["PO-2"]


def test_quiet_never_makes_a_partial_or_temporary_file_count(line: Line) -> None:
    drop(line, "po.edi", b"ISA", partial=True)
    drop(line, "po.tmp", b"ISA")
    line.clock.advance(timedelta(days=1))
    assert take_in_quiet(line.box) == 0


def test_two_nodes_take_in_a_quiet_file_once(line: Line) -> None:
    for number in range(20):
        drop(line, f"{number}.edi", b"ISA")
    line.clock.advance(timedelta(seconds=90))
    counts: list[int] = []
    threads = [Thread(target=lambda: counts.append(take_in_quiet(line.box))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 20


def test_a_file_and_its_flag_that_come_at_the_same_moment_count_once(line: Line) -> None:
    for number in range(10):
        names = (f"{number}.edi", f"{number}.done")
        threads = [Thread(target=drop, args=(line, name, b"ISA"), kwargs={"user": "flags"}) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert line.woken == ["in:flags:flow"] * 10


def test_a_flag_goes_into_the_archive_with_its_file(line: Line) -> None:
    drop(line, "po.edi", file_of("PO-1"), user="flags")
    drop(line, "po.done", b"", user="flags")
    line.run()
    assert line.numbers() == ["PO-1"]
    assert line.files("in", account="flags") == {}
    assert sorted(line.files("archive/20260105", account="flags")) == ["po.done", "po.edi"]


def answer(line: Line) -> tuple[str, str]:
    """Send an order over the quiet account; the name of its 997 in /out, and its transmission."""
    drop(line, "po.edi", file_of("PO-1"))
    line.clock.advance(timedelta(seconds=90))
    take_in_quiet(line.box)
    line.run()
    [name] = line.out("quiet")
    with line.store.begin() as conn:
        [id] = conn.exec_driver_sql(
            "SELECT id FROM transmission WHERE direction = 'out' AND account = 'quiet'"
        ).scalars()
    return name, id


def test_a_reading_to_the_end_is_a_receipt_with_what_was_read_and_clears_it_away(line: Line) -> None:
    name, id = answer(line)
    content = line.out("quiet")[name]
    download = line.box.open_download(account(line, "quiet"), OUT, name)
    download.read(0, len(content))
    download.close(complete=True)
    receipt = line.life(id)["audit"][-1]  # type: ignore[arg-type]
    assert (receipt["action"], receipt["actor"]) == ("transmission.collected", "sftp:quiet")
    detail = orjson.loads(receipt["detail"])
    assert (detail["file"], detail["size"]) == (name, len(content))
    assert line.out("quiet") == {}
    assert line.files("archive/20260105", account="quiet")[name] == content


def test_what_nobody_collects_leaves_out_after_its_days_and_a_person_is_told(line: Line) -> None:
    name, id = answer(line)
    line.clock.advance(timedelta(days=3, seconds=-1))
    assert clear_outboxes(line.box) == 0
    line.clock.advance(timedelta(seconds=1))
    assert clear_outboxes(line.box) == 1
    assert clear_outboxes(line.box) == 0
    life = line.life(id)  # type: ignore[arg-type]
    assert life["transmission"]["state"] == "withdrawn"
    [told] = life["exceptions"]
    assert told["code"] == "mailbox.not_collected"
    assert name in told["reason"]
    assert line.out("quiet") == {}
    assert list(line.files("archive/20260108", account="quiet")) == [name]


def test_what_was_collected_leaves_out_after_its_days_without_a_word(line: Line) -> None:
    line.sent(file_of("PO-9", control="000000009"), account="acme")
    name, id = answer(line)
    reader = Account("quiet")  # without removal after the download
    line.box.open_download(reader, OUT, name).close(complete=True)
    line.clock.advance(timedelta(days=3))
    assert clear_outboxes(line.box) == 1
    life = line.life(id)  # type: ignore[arg-type]
    assert (life["transmission"]["state"], life["exceptions"]) == ("collected", [])
    assert len(line.out("acme")) == 1, "an account without days keeps its files"


def test_a_full_outbox_is_cleared_to_its_end(line: Line) -> None:
    from gateway.ports import new_id
    from gateway.store import mailbox

    count = CLEARED_AT_ONCE + 1
    with line.store.begin() as conn:
        payload = line.gateway.vault.put(conn, b"catalog")
        for number in range(count):
            mailbox.put_file(
                conn,
                id=new_id(),
                at=line.clock.now(),
                account="quiet",
                folder="out",
                name=f"{number}.csv",
                payload=payload,
                transmission_id=None,
            )
    line.clock.advance(timedelta(days=3))
    assert clear_outboxes(line.box) == count


def test_a_look_at_a_nearly_empty_mailbox_holds_for_a_second_and_never_lets_it_overflow(line: Line) -> None:
    full = Account("quiet", limits=AccountLimits(files=6, total_bytes=1000))

    def put(name: str) -> bool:
        try:
            line.box.receive(full, Received(IN, name, BytesIO(b"ISA"), 3, False, line.clock.now()))
        except MailboxFullError:
            return False
        return True

    assert [put(f"{number}.edi") for number in range(8)] == [True] * 6 + [False] * 2
    for number in range(6):
        line.box.remove(full, IN, f"{number}.edi")
    line.clock.advance(timedelta(seconds=2))
    assert [put(f"{number}.edi") for number in range(8)] == [True] * 6 + [False] * 2


def test_an_upload_is_found_by_name_among_many_that_were_taken_in(line: Line) -> None:
    for number in range(3):
        drop(line, "po.edi", file_of(f"PO-{number}", control=f"{number + 1:09d}"))
        line.clock.advance(timedelta(seconds=90))
        take_in_quiet(line.box)
        line.run()
    found = line.box.entry(account(line, "quiet"), IN, "po.edi")
    assert found is not None
    assert found.size == len(file_of("PO-2", control="000000003"))
    with line.store.begin() as conn:
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = conn.exec_driver_sql(
            "EXPLAIN SELECT 1 FROM mailbox_file WHERE account = 'quiet' AND folder = 'in' AND name = 'po.edi'"
            " AND removed_at IS NOT NULL AND transmission_id IS NOT NULL ORDER BY removed_at DESC LIMIT 1"
        ).scalars()
        assert "mailbox_file_taken_in" in "\n".join(plan)
