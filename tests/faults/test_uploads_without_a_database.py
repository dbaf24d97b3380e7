"""The database is gone while a partner uploads: never a false OK, and the same file goes through afterwards."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psutil
import pytest

from sftp.errors import RemoteError
from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.orders import PARTNERS, order
from tests.faults.parties import NOT_ANSWERED, ClosingClient, Consumer
from tests.faults.served import ServedHome, resume, suspend, wait_until_drained
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

CLOSES, RENAMES = PARTNERS[0], PARTNERS[1]
REFUSED_WITHIN = 20.0
BACK_WITHIN = 20.0


@contextmanager
def database_gone(site: ServedHome) -> Iterator[None]:
    """Kill PostgreSQL, and hold the lock it runs under, so that the gateway cannot start it again."""
    path = site.postgres.folder / "alive.lock"

    def killed_and_held() -> bool:
        site.kill_postgres()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    with path.open("r+b") as lock:
        wait_until(killed_and_held, within=20)
        yield


def test_a_close_without_a_database_is_refused_and_the_retry_succeeds(serving: ServedHome) -> None:
    first = order(CLOSES, 1)
    client = ClosingClient(serving, CLOSES, seconds=30)
    file = client.open(f"/in/{first.filename}")
    file.write(first.content)
    with database_gone(serving):
        began = monotonic()
        with pytest.raises(OSError, match="again later") as refusal:
            client.close_file(file)
        assert not isinstance(refusal.value, EOFError | TimeoutError)
        assert monotonic() - began < REFUSED_WITHIN
    began = monotonic()
    wait_until(lambda: answered(client, first.content, first.filename), within=BACK_WITHIN)
    client.close()
    consumer = Consumer(serving.erp)
    wait_until_drained(serving, within=60)
    consumer.empty()
    assert consumer.numbers() == {first.number: 1}
    assert serving.count("transmission", "direction = 'in'") == 1
    nothing_asks_for_a_person(serving)


def test_a_rename_without_a_database_is_refused_and_the_retry_succeeds(serving: ServedHome) -> None:
    """What was closed before is held, and does not count."""
    first = order(RENAMES, 1)
    held = ".order.part"
    with serving.client(RENAMES, seconds=30) as client:
        with client._session.open(f"/in/{held}", "wb") as file:
            file.write(first.content)
        with database_gone(serving), pytest.raises(RemoteError):
            client.rename(f"/in/{held}", f"/in/{first.filename}")
        assert serving.count("transmission", "direction = 'in'") <= 0

        def renamed() -> bool:
            try:
                client.rename(f"/in/{held}", f"/in/{first.filename}")
            except RemoteError:
                return False
            return True

        wait_until(renamed, within=BACK_WITHIN)
    consumer = Consumer(serving.erp)
    wait_until_drained(serving, within=60)
    consumer.empty()
    assert consumer.numbers() == {first.number: 1}
    nothing_asks_for_a_person(serving)


def test_a_database_that_stands_still_gives_no_answer_rather_than_a_false_one(serving: ServedHome) -> None:
    """SIGSTOP of all its processes: the partner's patience ends first, and it sends the file again later."""
    first = order(CLOSES, 1)
    client = ClosingClient(serving, CLOSES, seconds=3)
    file = client.open(f"/in/{first.filename}")
    file.write(first.content)
    pid = serving.postgres.pid()
    assert pid is not None
    server = psutil.Process(pid)
    stopped = [server, *server.children(recursive=True)]
    suspend(stopped)
    try:
        with pytest.raises(NOT_ANSWERED):
            client.close_file(file)
        client.close()
    finally:
        resume(stopped)

    def sent_again() -> bool:
        with ClosingClient(serving, CLOSES) as again:
            return answered(again, first.content, first.filename)

    wait_until(sent_again, within=BACK_WITHIN)
    consumer = Consumer(serving.erp)
    wait_until_drained(serving, within=60)
    consumer.empty()
    assert consumer.numbers() == {first.number: 1}
    # The first upload may have been committed when the database went on: then the second one is its duplicate.
    assert serving.count("transmission", "direction = 'in' AND state = 'processed'") == 1
    nothing_asks_for_a_person(serving)


def answered(client: ClosingClient, content: bytes, name: str) -> bool:
    try:
        client.put(content, "/in", name)
    except NOT_ANSWERED:
        return False
    return True
