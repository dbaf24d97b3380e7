"""A scratch gateway: a workspace's partners and maps on a database that passes, where nothing leaves the machine.

Its destinations are folders of its own whatever those of the workspace are, and no send lane is worked: what would be
brought to a partner is only looked at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

from gateway.app import Gateway, load_gateway
from gateway.lane_work import LaneWork
from gateway.model import Environment
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.handing_in import Handed
from gateway.pipeline.receive import Arrival
from gateway.ports import FakeClock, SystemClock
from gateway.routing import ROUTING_FILE
from gateway.settings import SETTINGS_FILE, Settings, load_settings
from gateway.store import timeline, transmissions, work
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import migrate, open_store
from gateway.store.work_statements import SEND
from partners.registry import PartnerRegistry

SHARED = ("partners", "mappings", "keys", ROUTING_FILE)
"""What of the workspace the scratch gateway reads."""
PASSING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""The database is thrown away, so it need not reach the disk."""
WORKER = "scratch/1"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A gateway that works what it is given on the spot."""

    gateway: Gateway
    clock: FakeClock

    def receive(self, content: bytes, *, account: str, filename: str) -> UUID:
        """A file comes in by an account, and everything it causes happens; its transmission."""
        found = self.gateway.registry.way(account)
        channel = "sftp" if found is None else found.channel
        inlet = self.gateway.inlet(lambda _lanes: None)
        with inlet.spool() as spool:
            spool.write(content)
            taken = inlet.take(spool, Arrival(channel, account, filename, Environment.LIVE))
        self.run()
        return taken.id

    def send(self, content: bytes, *, partner: str, filename: str) -> Handed:
        """A document of ours is handed in, and leaves when its batching window lets it."""
        with self.gateway.store.begin() as conn:
            handed = self.gateway.hand_in("scenario").take(
                conn,
                content,
                filename=filename,
                partner=partner,
                environment=Environment.LIVE,
                at=self.clock.now(),
            )
        agreed = self.gateway.registry.partners[partner].agreements
        self.clock.advance(max((item.batch.every for item in agreed), default=self.clock.now() - self.clock.now()))
        self.run()
        return handed

    def run(self) -> None:
        """Work every lane but those that bring something to a partner, until nothing is due."""
        done = self.gateway.work(worker=WORKER, wake=lambda _lanes: None)
        lanes = LaneWork(
            self.gateway.store,
            done,
            worker=WORKER,
            clock=self.clock,
            backoff=Backoff(),
            stop=Event(),
            together=done.together,
            ended=done.batch_ended,
        )
        while due := self._due():
            for lane in due:
                lanes.run(lane)

    def life(self, id: UUID | str) -> dict[str, Any]:
        """The life of a transmission."""
        with self.gateway.store.begin() as conn:
            return timeline.life(conn, UUID(str(id)))

    def sent(self) -> dict[str, bytes]:
        """Everything made for partners so far: transmission -> bytes, in the order it was made."""
        found: dict[str, bytes] = {}
        with self.gateway.store.begin() as conn:
            for row in reversed(timeline.newest(conn, limit=1_000, direction="out")):
                stored = transmissions.load(conn, UUID(row["id"]))
                found[row["id"]] = b"".join(self.gateway.vault.open(conn, stored.sha256))
        return found

    def _due(self) -> list[str]:
        with self.gateway.store.begin() as conn:
            return [lane for lane in work.due_lanes(conn, self.clock.now()) if not lane.startswith(SEND)]


@contextmanager
def scratch(home: Path) -> Iterator[Scratch]:
    """A scratch gateway of a workspace; at the end nothing of it is left.

    Raises:
        LoadError: mistakes in the workspace.
        StoreUnavailable: the database does not start.
    """
    settings = load_settings(home)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradelane-scratch-")))
        folder.chmod(0o755)
        for name in SHARED:
            if (settings.home / name).exists():
                (folder / name).symlink_to(settings.home / name)
        (folder / SETTINGS_FILE).write_text(_settings(settings))
        embedded = EmbeddedPostgres(folder, settings=PASSING)
        stack.callback(embedded.remove)
        url = embedded.start()
        migrate(url)
        store = open_store(url, connections=2)
        stack.callback(store.close)
        clock = FakeClock(SystemClock().now())
        yield Scratch(load_gateway(load_settings(folder, environment={}), store, clock=clock), clock)


def account_of(registry: PartnerRegistry, partner: str) -> str | None:
    """By which account a partner's files come; None where it has none."""
    ways = [*registry.partners[partner].ways, *registry.carriers(partner)]
    return next((way.user for way in ways if way.brings_files), None)


def _settings(settings: Settings) -> str:
    lines = [f"samples: {str(settings.samples).lower()}", "destinations:"]
    lines += [
        f"  {name}: {{kind: folder, path: to-{name}, create: true, environment: {found.environment.value}}}"
        for name, found in settings.destinations.items()
    ]
    return "\n".join(lines) + "\n"
