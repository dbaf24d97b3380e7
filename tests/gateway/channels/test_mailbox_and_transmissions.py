"""What a partner does in its mailbox, and what the transmission log says of it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection, Engine, Executable, event

from gateway.model import FileState
from gateway.ports import new_id
from gateway.store import mailbox
from gateway.store.engine import Store
from sftp.errors import MailboxUnavailableError
from sftp.ports import Account, Area, Place, Received
from tests.gateway.inbound_line import Line, file_of
from tests.waiting import wait_until

ACME = Account("acme")
OUT, IN, TEST = Place(Area.OUT), Place(Area.IN), Place(Area.TEST)


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    return Line(fresh_store, tmp_path)


def answered(line: Line) -> tuple[str, str]:
    """Send an order; the name of its answer in /out and the answer's transmission."""
    life = line.sent(file_of("PO-1"))
    [acknowledgment] = life["interchanges"][0]["acknowledgments"]
    [name] = line.out()
    return name, acknowledgment["transmission_id"]


def state(line: Line, id: str) -> str:
    found: str = line.life(id)["transmission"]["state"]  # type: ignore[arg-type]
    return found


def read(line: Line, name: str, *, complete: bool) -> bytes:
    download = line.box.open_download(ACME, OUT, name)
    content = download.read(0, download.entry.size)
    download.close(complete=complete)
    return content


def test_an_answer_read_to_its_end_is_collected_by_whom(line: Line) -> None:
    name, id = answered(line)
    assert read(line, name, complete=False).startswith(b"ISA")
    assert state(line, id) == "ready"
    read(line, name, complete=True)
    assert state(line, id) == "collected"
    collected = line.life(id)["audit"][-1]  # type: ignore[arg-type]
    assert (collected["action"], collected["actor"]) == ("transmission.collected", "sftp:acme")


def test_an_answer_removed_unread_is_withdrawn_and_a_collected_one_is_not(line: Line) -> None:
    name, id = answered(line)
    line.box.remove(ACME, OUT, name)
    assert state(line, id) == "withdrawn"
    line.sent(file_of("PO-1"), name="again.edi")
    assert state(line, id) == "ready"
    read(line, name, complete=True)
    line.box.remove(ACME, OUT, name)
    assert state(line, id) == "collected"


def test_an_answer_offered_twice_is_withdrawn_with_its_last_copy(line: Line) -> None:
    first, id = answered(line)
    line.sent(file_of("PO-1"), name="again.edi")
    [second] = set(line.out()) - {first}
    line.box.remove(ACME, OUT, second)
    assert state(line, id) == "ready"
    line.box.remove(ACME, OUT, first)
    assert state(line, id) == "withdrawn"


def test_a_download_is_of_one_version_whatever_happens_meanwhile(line: Line) -> None:
    name, _ = answered(line)
    download = line.box.open_download(ACME, OUT, name)
    line.box.remove(ACME, OUT, name)
    assert download.read(0, 3) == b"ISA"
    assert download.read(10**6, 3) == b""
    download.close(complete=False)


def test_what_counts_wakes_its_lane_and_what_is_held_does_not(line: Line) -> None:
    held = Received(IN, "po.tmp", BytesIO(b"ISA"), 3, False, line.clock.now())
    line.box.receive(ACME, held)
    assert line.woken == []
    line.box.rename(ACME, IN, "po.tmp", "po.edi", replace=False, counts=True)
    assert line.woken == ["in:acme:flow"]
    assert line.due() == ["in:acme:flow"]


def test_a_large_file_has_a_lane_apart(line: Line) -> None:
    line.drop(file_of("PO-1") + b"\n" * 5_000_001)
    assert line.woken == ["in:acme:large"]


def test_what_is_dropped_into_test_is_a_test(line: Line) -> None:
    life = line.sent(file_of("PO-1"), area=Area.TEST)
    assert life["transmission"]["environment"] == "test"
    assert line.files("test") == {}
    assert line.files("archive/20260105") == {"po.edi": file_of("PO-1")}


def test_the_archive_shows_its_days_and_keeps_files_of_one_name_apart(line: Line) -> None:
    line.sent(file_of("PO-1", control="000000001"))
    line.sent(file_of("PO-2", control="000000002"))
    line.clock.advance(timedelta(days=1))
    line.sent(file_of("PO-3", control="000000003"))
    days = list(line.box.days(ACME))
    assert [day.isoformat() for day in days] == ["2026-01-05", "2026-01-06"]
    assert list(line.files("archive/20260105")) == ["po-2.edi", "po.edi"]
    assert [entry.name for entry in line.box.entries(ACME, Place(Area.ARCHIVE, days[1]))] == ["po.edi"]


def test_an_upload_can_be_looked_at_after_it_was_taken_in(line: Line) -> None:
    content = file_of("PO-1")
    line.sent(content)
    entry = line.box.entry(ACME, IN, "po.edi")
    assert entry is not None
    assert (entry.name, entry.size) == ("po.edi", len(content))
    assert list(line.box.entries(ACME, IN)) == []


def test_a_store_that_is_gone_is_told_as_try_again_and_keeps_nothing(line: Line) -> None:
    line.store.close()
    with line.store.autocommit() as conn:
        conn.exec_driver_sql("ALTER TABLE transmission RENAME TO away")
    received = Received(IN, "po.edi", BytesIO(b"ISA"), 3, True, line.clock.now())
    with pytest.raises(MailboxUnavailableError, match="send again later"):
        line.box.receive(ACME, received)
    with line.store.autocommit() as conn:
        conn.exec_driver_sql("ALTER TABLE away RENAME TO transmission")
    assert line.woken == []
    assert line.files("in") == {}


def test_one_account_sees_nothing_of_another(line: Line) -> None:
    name, _ = answered(line)
    assert line.box.entry(Account("globex"), OUT, name) is None
    assert list(line.box.entries(Account("globex"), OUT)) == []


def test_a_file_taken_in_meanwhile_can_still_get_its_last_name(line: Line) -> None:
    """Clients send under a temporary name; where a close counts at once, the pipeline may overtake the rename."""
    content = file_of("PO-1")
    received = Received(IN, ".a.part", BytesIO(content), len(content), counts=True, began_at=line.clock.now())
    line.box.receive(ACME, received)
    line.run()
    assert [entry.name for entry in line.box.entries(ACME, IN)] == []
    line.box.rename(ACME, IN, ".a.part", "a.edi", replace=False, counts=True)
    found = line.box.entry(ACME, IN, "a.edi")
    assert found is not None
    assert found.size == len(content)
    assert len(line.erp()) == 1


class Noted(Store):
    """A store that notes the statements handed to the driver by themselves."""

    alone: ClassVar[list[str]] = []

    def run(self, statement: Executable, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        self.alone.append(str(statement).split()[0])
        return super().run(statement, values)


def test_a_file_that_counts_is_looked_up_and_kept_by_one_statement_each(line: Line) -> None:
    """A session's uploads come one after the other, so every round trip to the database is waited for."""
    others: list[str] = []

    def note(conn: Connection, cursor: Any, statement: str, *rest: object) -> None:
        others.append(statement)

    noted = Noted(line.store._engine, url=line.store.url)
    box = replace(line.box, store=noted)
    box.receive(ACME, Received(IN, "po.edi", BytesIO(b"ISA1"), 4, True, line.clock.now()))
    noted.alone.clear()
    event.listen(Engine, "before_cursor_execute", note)
    try:
        box.entry(ACME, IN, "po.edi")
        box.receive(ACME, Received(IN, "po.edi", BytesIO(b"ISA23"), 5, True, line.clock.now()))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert noted.alone == ["SELECT", "WITH"]
    assert others == []
    assert [entry.size for entry in line.box.entries(ACME, IN)] == [5]


def test_a_file_that_comes_while_the_half_of_it_is_kept_counts_all_the_same(line: Line) -> None:
    whole = Received(IN, "po.edi", BytesIO(file_of("PO-1")), len(file_of("PO-1")), True, line.clock.now())
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as other, line.store.begin() as watching:
        with line.store.begin() as conn:
            payload = line.gateway.vault.put(conn, BytesIO(b"ISA*half"))
            mailbox.put_file(
                conn,
                id=new_id(),
                at=line.clock.now(),
                account="acme",
                folder="in",
                name="po.edi",
                payload=payload,
                transmission_id=None,
                state=FileState.PARTIAL,
            )
            taken = other.submit(line.box.receive, ACME, whole)
            wait_until(lambda: watching.exec_driver_sql(waits).scalar_one(), within=60, what="a wait for the name")
        taken.result(timeout=60)
    assert line.files("in") == {"po.edi": file_of("PO-1")}
    assert line.woken == ["in:acme:flow"]
