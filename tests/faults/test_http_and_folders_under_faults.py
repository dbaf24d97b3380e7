"""HTTP uploads and watched folders while the gateway dies at each durable boundary, or its database is gone.

Nothing that was answered is lost, nothing has two effects, and no failure is told as a success.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from gateway.crash_points import CRASH_AT
from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.orders import Order, order
from tests.faults.parties import Consumer
from tests.faults.served import wait_until_drained
from tests.faults.served_http import CURL, PARTNER, HttpHome
from tests.faults.test_uploads_without_a_database import database_gone
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CURL is None and not os.environ.get("CI"), reason="curl is not installed"),
]
GONE_SECONDS = 30.0
SENT = "direction = 'out' AND channel = 'folder' AND state = 'sent'"
UNSENT = "direction = 'out' AND channel = 'folder' AND state <> 'sent'"

_NUMBERS = count(1)


def new_order(*, lines: int = 1) -> Order:
    """An order that was never sent before."""
    return order(PARTNER, next(_NUMBERS), lines=lines)


@pytest.fixture(scope="module")
def home() -> Iterator[HttpHome]:
    """A home with a key, that has served once; its database runs, its gateway as the test before left it."""
    with TemporaryDirectory(prefix="tradelane-faults-") as folder:
        served = HttpHome(Path(folder))
        try:
            served.start_and_wait()
            served.make_key()
            yield served
        finally:
            served.remove()


@pytest.fixture
def site(home: HttpHome) -> HttpHome:
    """The home, serving, whatever a test before did to it."""
    if home.has_ended or CRASH_AT in home.process.environ():
        start_again(home)
    return home


def start_again(site: HttpHome, **environment: str) -> None:
    """Killed where it runs, and started anew."""
    if not site.has_ended:
        site.kill_gateway()
    site.start_and_wait(**environment)


def received(site: HttpHome, one: Order) -> int:
    """How many transmissions an order became."""
    return site.count("transmission", f"direction = 'in' AND filename = '{one.filename}'")


def check_one_effect(site: HttpHome, *numbers: str) -> None:
    consumer = Consumer(site.erp)
    wait_until_drained(site, within=60)
    consumer.empty()
    assert consumer.numbers() == dict.fromkeys(numbers, 1)
    wait_until(lambda: site.count("transmission", UNSENT) == 0, within=60, what="its answers sent")
    nothing_asks_for_a_person(site)


@pytest.mark.parametrize("point", ["receive.before_commit", "receive.after_commit"])
def test_a_death_around_the_commit_of_an_upload_is_no_answer_and_the_retry_is_one_effect(
    home: HttpHome, point: str
) -> None:
    site, first = home, new_order()
    start_again(site, **{CRASH_AT: point})
    assert site.send(first) == 0
    wait_until(lambda: site.has_ended, within=20)
    assert received(site, first) <= (1 if point.endswith("after_commit") else 0)
    start_again(site)
    assert site.send(first) == (200 if point.endswith("after_commit") else 201)
    check_one_effect(site, first.number)
    assert received(site, first) == 1


def test_a_database_gone_for_half_a_minute_is_told_and_every_order_arrives_once(site: HttpHome) -> None:
    before, during = new_order(), new_order()
    assert site.send(before) == 201
    began = monotonic()
    statuses: list[int] = []
    with database_gone(site):
        while monotonic() - began < GONE_SECONDS:
            statuses.append(site.send(during, seconds=15))
    assert set(statuses) == {503}
    later = site.send_until_answered(during)
    assert later[-1] == 201
    assert set(later[:-1]) <= {503}
    check_one_effect(site, before.number, during.number)


def test_a_reset_in_the_middle_of_a_body_leaves_nothing_behind(site: HttpHome) -> None:
    whole = new_order(lines=40_000)
    before = site.count("transmission")
    head = (
        f"POST /v1/transmissions HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {site.key}\r\n"
        f"Content-Length: {len(whole.content)}\r\n\r\n"
    )
    for share in (0.1, 0.5, 0.99):
        with socket.create_connection(("127.0.0.1", site.http_port), timeout=20) as sock:
            sock.sendall(head.encode() + whole.content[: int(len(whole.content) * share)])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: not list((site.home / "vault" / "incoming").glob("*")), within=20)
    assert site.count("transmission") == before
    assert site.send(whole) == 201
    check_one_effect(site, whole.number)


@pytest.mark.parametrize("point", ["receive.before_commit", "receive.after_commit", "folder.after_move"])
def test_a_death_while_a_folders_file_is_taken_takes_it_once(home: HttpHome, point: str) -> None:
    site, first = home, new_order()
    start_again(site, **{CRASH_AT: point})
    (site.inbox / "po.tmp").write_bytes(first.content)
    (site.inbox / "po.tmp").rename(site.inbox / first.filename)
    wait_until(lambda: site.has_ended, within=60)
    start_again(site)
    wait_until(lambda: not (site.inbox / first.filename).exists(), within=30)
    check_one_effect(site, first.number)
    assert received(site, first) == 1
    wait_until(lambda: site.count("folder_file") == 0, within=20)
    assert [path.read_bytes() for path in site.inbox.glob(f".done/*/{first.filename}")] == [first.content]


@pytest.mark.parametrize("point", ["folder.after_staging", "folder.after_checkpoint", "folder.after_publishing"])
def test_a_death_while_an_answer_is_put_into_a_folder_publishes_it_once(home: HttpHome, point: str) -> None:
    """The worker that sends it dies at this point each time; the one that follows, without the point, ends it."""
    site, first = home, new_order()
    taken_away(site)
    sent = site.count("transmission", SENT)
    crashed = site.count("attempt", "outcome = 'crashed'")
    start_again(site, **{CRASH_AT: point})
    (site.inbox / first.filename).write_bytes(first.content)
    wait_until(lambda: site.count("attempt", "outcome = 'crashed'") > crashed, within=60)
    published = taken_away(site)  # so that a second one could not hide behind the first
    assert len(published) == (1 if point == "folder.after_publishing" else 0)
    start_again(site)
    wait_until(lambda: site.count("transmission", SENT) == sent + 1, within=60)
    published += taken_away(site)
    assert len(published) == 1
    assert b"~AK9*A*1*1*1" in published[0].replace(b"\n", b"")
    assert not list((site.outbox / ".staging").glob("*-*"))
    check_one_effect(site, first.number)


def taken_away(site: HttpHome) -> list[bytes]:
    """What the partner's program finds in its folder, reads and deletes."""
    found = sorted(site.outbox.glob("*.edi"))
    contents = [path.read_bytes() for path in found]
    for path in found:
        path.unlink()
    return contents
