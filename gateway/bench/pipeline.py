"""`tradelane bench pipeline`: a whole gateway at work, from the sender's answer to the file in the ERP's folder.

Its own PostgreSQL with fsync on, twenty partners, four folders, two worker processes; everything that is sent must
arrive exactly once, or there is no figure.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import psycopg

from gateway.bench.figures import Peer, report, row
from gateway.bench.pipeline_backlog import put_off
from gateway.bench.pipeline_costs import Meter
from gateway.bench.pipeline_floor import floor
from gateway.bench.pipeline_home import DESTINATIONS, PARTNERS, WORKERS, destination, interchange, make_home, user
from gateway.channels.sftp import StoreMailbox
from gateway.errors import GatewayError
from gateway.lanes import Lanes
from gateway.serving import Running, running
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import migrate
from gateway.wakes import Wakes
from sftp.client import SFTPClient
from sftp.keys import PublicKey
from sftp.ports import Account, Area, Place, Received

SENDERS = 4
A_SECOND = 20
"""How many transmissions a second the latency is measured at."""
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.1


class NotAllArrived(GatewayError):
    """What was sent did not arrive, or not once: there is no figure."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is sent."""

    single: int
    bulk: int
    orders: int
    over_sftp: int
    timed: int
    backlog: int


FULL = Sizes(single=4000, bulk=60, orders=100, over_sftp=1000, timed=400, backlog=100_000)
QUICK = Sizes(single=600, bulk=10, orders=100, over_sftp=100, timed=60, backlog=5_000)


def bench_pipeline(*, quick: bool = False) -> dict[str, Any]:
    """Measure; seconds of the clock, on whatever else the machine does.

    Args:
        quick: about a tenth of the work.

    Returns:
        The object of `tradelane bench pipeline --json`.

    Raises:
        NotAllArrived: something was lost, doubled or refused.
    """
    sizes = QUICK if quick else FULL
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradelane-bench-")))
        home.chmod(0o755)
        private = make_home(home)
        server = EmbeddedPostgres(home)
        stack.callback(server.remove)
        migrate(server.start())
        with _gateway(home, workers=1) as sut:
            sut.send_singles(PARTNERS * 2)  # guides, maps and statements are compiled, connections are open
            with_one = sut.send_singles(sizes.single // 2)
        with _gateway(home, first=sut.sent) as sut:
            sut.send_singles(PARTNERS * 2)
            canonical = sut.a_delivered_file()
            meter = sut.meter(server)
            begun = meter.read()
            single = sut.send_singles(sizes.single)
            spent_single = meter.read() - begun
            low_single = _floor(home, sizes.single, orders=1, canonical=canonical)  # beside it, whatever else runs here
            begun = meter.read()
            bulk = sut.send_bulk(sizes.bulk, orders=sizes.orders)
            spent_bulk = meter.read() - begun
            low_bulk = _floor(home, sizes.bulk, orders=sizes.orders, canonical=canonical)
            over_sftp = sut.send_over_sftp(sizes.over_sftp, private)
            latencies = sut.send_evenly(sizes.timed)
            without_backlog = sut.send_singles(sizes.single)
            sut.queue_up(sizes.backlog)
            with_backlog = sut.send_singles(sizes.single)
        started = time.monotonic()
        with _gateway(home, first=sut.sent) as sut:
            sut.send_singles(1)
            restart = time.monotonic() - started
    by_hand = "the fewest writes, by hand, nothing read or checked"
    rows = [
        row(
            f"{sizes.single // 2} transmissions of one 850, received to delivered, one worker process",
            with_one,
            "transmissions/s",
            peer=Peer(by_hand, low_single),
        ),
        row(
            f"{sizes.single} of them, {WORKERS} worker processes",
            single,
            "transmissions/s",
            reach=200,
            peer=Peer(by_hand, low_single),
        ),
        row(f"the same over SFTP, {sizes.over_sftp} of them", over_sftp, "transmissions/s"),
        row(
            f"{sizes.bulk} transmissions of {sizes.orders} 850s, received to delivered",
            bulk,
            "orders/s",
            reach=1000,
            peer=Peer(by_hand, low_bulk),
        ),
        row(f"received to delivered at {A_SECOND}/s, median", statistics.median(latencies), "ms", better="lower"),
        row(
            f"received to delivered at {A_SECOND}/s, 99 of 100 within",
            statistics.quantiles(latencies, n=100)[98],
            "ms",
            reach=250,
            better="lower",
        ),
        row(
            f"transmissions of one 850 while {sizes.backlog} deliveries wait in the same lanes",
            with_backlog,
            "transmissions/s",
            reach=round(without_backlog * 2 / 3, 1),
            peer=Peer("just before, without them", without_backlog),
        ),
        row("start on this data to the first transmission delivered", restart, "s", reach=5, better="lower"),
        *spent_single.rows("a transmission of one 850", sizes.single),
        *spent_bulk.rows(f"an order of {sizes.orders} in a transmission", sizes.bulk * sizes.orders),
    ]
    return report("pipeline", rows)


class _Gateway:
    """A gateway under test, and what was sent to it so far."""

    def __init__(self, found: Running, box: StoreMailbox, home: Path, conninfo: str, *, first: int) -> None:
        self._running = found
        self._box = box
        self._home = home
        self._conninfo = conninfo
        self.sent = first

    def meter(self, server: EmbeddedPostgres) -> Meter:
        """What it spends, its database included."""
        return Meter(server, self._conninfo, self._running.totals)

    def send_singles(self, transmissions: int) -> float:
        """Transmissions a second, each of one order."""
        return self._send(transmissions, orders=1)

    def send_bulk(self, transmissions: int, *, orders: int) -> float:
        """Orders a second."""
        return self._send(transmissions, orders=orders) * orders

    def send_over_sftp(self, transmissions: int, private: bytes) -> float:
        """Transmissions a second, uploaded by a client process."""
        files = self._files(transmissions, orders=1)
        host, port = self._running.sftp_address
        key = self._running.host_key
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(_upload, (host, port), key.line, private, []).result()
            with self._arriving(transmissions) as arrived:
                pool.submit(_upload, (host, port), key.line, private, files).result()
        return transmissions / arrived.seconds

    def send_evenly(self, transmissions: int) -> list[float]:
        """Milliseconds from received to delivered of each, sent at A_SECOND."""
        files = self._files(transmissions, orders=1)
        pause = Event()
        with self._arriving(transmissions) as arrived:
            started = time.monotonic()
            for number, (partner, content) in enumerate(files):
                pause.wait(max(0.0, started + number / A_SECOND - time.monotonic()))
                self._receive(partner, content)
        return [
            float(found)
            for (found,) in self._ask(
                "SELECT extract(epoch FROM v.finished_at - t.received_at) * 1000 FROM delivery v"
                " JOIN document d ON d.id = v.document_id JOIN transmission t ON t.id = d.transmission_id"
                " WHERE v.finished_at >= %s",
                arrived.since,
            )
        ]

    def queue_up(self, backlog: int) -> None:
        """That many deliveries that wait for their time in the lanes of all destinations."""
        gateway = self._running.gateway
        [in_flight] = {one.adapter().manifest.max_in_flight for one in gateway.settings.destinations.values()}
        documents = [id for (id,) in self._ask("SELECT id FROM document")]
        put_off(gateway.store, backlog, documents=documents, in_flight=in_flight, at=gateway.clock.now())
        # As the server does by itself within the minutes in which so many pile up.
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            conn.execute("ANALYZE delivery")

    def a_delivered_file(self) -> bytes:
        """The bytes of one of the files delivered so far."""
        return next((self._home / destination(0)).glob("*.json")).read_bytes()

    def _send(self, transmissions: int, *, orders: int) -> float:
        files = self._files(transmissions, orders=orders)
        with self._arriving(transmissions * orders) as arrived, ThreadPoolExecutor(SENDERS) as pool:
            for done in [pool.submit(self._receive, *file) for file in files]:
                done.result()
        return transmissions / arrived.seconds

    def _receive(self, partner: int, content: bytes) -> None:
        name = f"{uuid4().hex}.edi"
        file = Received(Place(Area.IN), name, BytesIO(content), len(content), counts=True, began_at=datetime.now(UTC))
        self._box.receive(Account(user(partner)), file)

    def _files(self, transmissions: int, *, orders: int) -> list[tuple[int, bytes]]:
        numbers = range(self.sent, self.sent + transmissions)
        self.sent += transmissions
        return [(number % PARTNERS, interchange(number, orders=orders)) for number in numbers]

    @contextmanager
    def _arriving(self, orders: int) -> Iterator[_Arrived]:
        """Wait until all that the block sends has been delivered and answered, and see that it was done once."""
        before = self._published()
        arrived = _Arrived(datetime.now(UTC))
        yield arrived
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = Event()
        while True:
            delivered, last = self._ask(
                "SELECT count(*), max(finished_at) FROM delivery WHERE state = 'delivered' AND finished_at >= %s",
                arrived.since,
            )[0]
            if delivered >= orders:
                break
            if time.monotonic() > deadline:
                raise NotAllArrived(f"{delivered} of {orders} orders were delivered in {PATIENCE_SECONDS:.0f} s")
            pause.wait(LOOK_SECONDS)
        appeared = self._published() - before
        if (delivered, appeared) != (orders, orders):
            raise NotAllArrived(f"{orders} orders were sent, {delivered} delivered, {appeared} files appeared")
        arrived.seconds = (last - arrived.since).total_seconds()

    def _published(self) -> int:
        folders = [self._home / destination(number) for number in range(DESTINATIONS)]
        return sum(1 for folder in folders for _ in folder.glob("*.json"))

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            return conn.execute(statement.encode(), values).fetchall()


@dataclass(slots=True)
class _Arrived:
    """Since when a load was sent, and how long it took until the last of it was delivered."""

    since: datetime
    seconds: float = 0.0


@contextmanager
def _gateway(home: Path, *, first: int = 0, workers: int | None = None) -> Iterator[_Gateway]:
    """The gateway of `home`, running, all in one `serve`; its lanes are woken as the SFTP server does it."""
    with ExitStack() as stack:
        found = stack.enter_context(running(home, log_level="error", workers=workers))
        lanes = Lanes(found.store)
        stack.callback(lanes.close)
        wakes = Wakes(lanes.wake)
        stack.callback(wakes.close)
        yield _Gateway(found, found.gateway.mailbox(wakes.soon), home, _conninfo(found.store.url), first=first)


def _floor(home: Path, transmissions: int, *, orders: int, canonical: bytes) -> float:
    server = EmbeddedPostgres(home)
    conninfo = _conninfo(server.start())
    content = interchange(0, orders=orders)
    return floor(
        conninfo, home / "floor", transmissions=transmissions, orders=orders, content=content, canonical=canonical
    )


def _conninfo(url: str) -> str:
    """A store's URL as psycopg reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _upload(address: tuple[str, int], host_key: str, private: bytes, files: Iterable[tuple[int, bytes]]) -> None:
    """In a process of its own: one session per partner, all at once."""
    by_partner: dict[int, list[bytes]] = {}
    for partner, content in files:
        by_partner.setdefault(partner, []).append(content)
    names = count()

    def upload(partner: int) -> None:
        host, port = address
        keys = [PublicKey.parse(host_key)]
        with SFTPClient.connect(host, port, user=user(partner), private_key=private, host_keys=keys) as session:
            for content in by_partner[partner]:
                session.put(content, "/in", f"{partner}-{next(names)}.edi")

    with ThreadPoolExecutor(PARTNERS) as pool:
        list(pool.map(upload, by_partner))
