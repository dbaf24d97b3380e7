"""kill -9 of whatever runs, at seeded moments of a stream of uploads, each started again at once by who has to."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Protocol

import psutil

from tests.faults.parties import Senders
from tests.faults.served import ServedHome, worker_processes
from tests.waiting import wait_until

SHARE_INTO_RECOVERY = 0.2
UPLOADS_UNDER_WAY = 8
LATEST_KILL_SECONDS = (0.05, 0.5)
"""After the answer a kill waits for: amid the uploads, or amid the work that they caused."""
RECOVERED_WITHIN = 300.0
SUPERVISED_EVERY = 0.1
CRASHES_SHORT_OF_QUARANTINE = 2


Victim = Callable[[random.Random], bool]


class Stage(Protocol):
    """What is killed, and brought up again.

    Attributes:
        sites: where partners upload.
        victims: what may be killed, by name; each kills it, or says that there is nothing of it at this moment.
    """

    @property
    def sites(self) -> Sequence[ServedHome]: ...
    @property
    def victims(self) -> Mapping[str, Victim]: ...
    def revive(self) -> None:
        """Start what has ended."""


class SingleNode:
    """One `tradelane serve` with its own PostgreSQL."""

    def __init__(self, site: ServedHome) -> None:
        self.site = site
        self.sites = (site,)
        self.victims: Mapping[str, Victim] = {
            "gateway": lambda _: killed_gateway(site),
            "worker": lambda chance: kill_one(at_work(site, self.parents()), chance),
            "standby": lambda chance: kill_one(standing_ready(self.parents()), chance),
            "PostgreSQL": lambda _: site.kill_postgres() > 0,
            "PostgreSQL backend": lambda chance: kill_backend(site, chance),
            "gateway and PostgreSQL": lambda _: killed_both(site),
        }

    def parents(self) -> list[psutil.Process]:
        """The parent of the workers, if it lives."""
        return [] if self.site.has_ended else [self.site.process]

    def revive(self) -> None:
        """The gateway; it starts its database again itself."""
        if self.site.has_ended:
            self.site.start()


class TwoNodes:
    """East serves all, west runs an SFTP server and a process of workers; the database runs beside both."""

    def __init__(self, east: ServedHome, west: ServedHome) -> None:
        self.east, self.west = east, west
        self.sites = (east, west)
        self._workers: subprocess.Popen[bytes] | None = None
        self.victims: Mapping[str, Victim] = {
            "serve of east": lambda _: killed_gateway(east),
            "SFTP of west": lambda _: killed_gateway(west),
            "workers of west": lambda _: self._kill_workers(),
            "worker": lambda chance: kill_one(at_work(east, self.parents()), chance),
            "standby": lambda chance: kill_one(standing_ready(self.parents()), chance),
            "PostgreSQL": lambda _: east.kill_postgres() > 0,
            "PostgreSQL backend": lambda chance: kill_backend(east, chance),
            "serve of east and PostgreSQL": lambda _: killed_both(east),
        }

    def parents(self) -> list[psutil.Process]:
        """The parents of workers that live."""
        living = [] if self.east.has_ended else [self.east.process]
        if self._workers is not None and self._workers.poll() is None:
            living.append(psutil.Process(self._workers.pid))
        return living

    def revive(self) -> None:
        """Whatever has ended."""
        if not self.east.postgres.running():
            self.east.postgres.start()
        if self.east.has_ended:
            self.east.start()
        if self.west.has_ended:
            self.west.start("--role", "sftp", "--role", "poller")
        if self._workers is None or self._workers.poll() is not None:
            self._workers = self.west.launch("worker", "-n", "1", log=self.west.home / "worker.log")

    def end(self) -> None:
        """SIGTERM to the workers, and their orderly end; the sites are removed by who made them."""
        if self._workers is not None:
            self._workers.terminate()
            try:
                self._workers.wait(60)
            finally:
                self._workers.kill()
                self._workers.wait()

    def _kill_workers(self) -> bool:
        process = self._workers  # which the supervisor may replace meanwhile
        if process is None or process.poll() is not None:
            return False
        process.kill()
        process.wait()
        return True


@contextmanager
def supervised(stage: Stage) -> Iterator[None]:
    """What ends is started again at once, as by an init system, until the block ends."""
    stop = Event()

    def look() -> None:
        while not stop.wait(SUPERVISED_EVERY):
            stage.revive()

    with ThreadPoolExecutor(1, "supervisor") as thread:
        looking = thread.submit(look)
        try:
            yield
        finally:
            stop.set()
    looking.result()


def at_work(site: ServedHome, parents: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Worker processes, once no row is left that one more crash would put into quarantine: no innocent one shall be."""
    risky = f"crashes >= {CRASHES_SHORT_OF_QUARANTINE} AND state IN ('working', 'retrying', 'sending')"
    wait_until(
        lambda: site.count("transmission", risky) == 0 and site.count("delivery", risky) == 0,
        within=RECOVERED_WITHIN,
        what="an end of the rows that crashed twice",
    )
    return [one for parent in parents for one in workers_of(parent)]


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    """The workers of a parent, none if it is gone."""
    try:
        return worker_processes(parent)
    except psutil.NoSuchProcess:
        return []


def standing_ready(parents: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Of each parent the worker it started last: that is the one that stands ready, once all are up."""
    found = [workers_of(parent) for parent in parents]
    return [max(workers, key=lambda one: float(one.create_time())) for workers in found if workers]


def killed_gateway(site: ServedHome) -> bool:
    """The process of `serve`, which its workers do not survive."""
    if site.has_ended:
        return False
    site.kill_gateway()
    return True


def killed_both(site: ServedHome) -> bool:
    """The same and its database, when both are there."""
    if site.has_ended or site.postgres.pid() is None:
        return False
    site.kill_gateway()
    return site.kill_postgres() > 0


def kill_one(processes: Sequence[psutil.Process], chance: random.Random) -> bool:
    """One of them."""
    if not processes:
        return False
    try:
        chance.choice(processes).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def kill_backend(site: ServedHome, chance: random.Random) -> bool:
    """One process of PostgreSQL, whereupon its postmaster ends all others and recovers."""
    pid = site.postgres.pid()
    try:
        return pid is not None and kill_one(psutil.Process(pid).children(), chance)
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True, slots=True)
class Kill:
    """What was killed, and when by the monotonic clock."""

    victim: str
    at: float


def kill_now_and_then(stage: Stage, senders: Senders, chance: random.Random, *, kills: int, uploads: int) -> list[Kill]:
    """So many kills, each a moment after so many answers.

    The senders do not run away meanwhile: until a kill they may begin only a few uploads more than it waits for. Some
    kills wait for an answer given since the one before, others fall into the recovery.
    """
    names = list(stage.victims)
    kinds = [names[n % len(names)] for n in range(kills)]
    chance.shuffle(kinds)
    done: list[Kill] = []
    for kind, answers in zip(kinds, sorted(chance.sample(range(uploads - UPLOADS_UNDER_WAY), kills)), strict=True):
        senders.allow(answers + UPLOADS_UNDER_WAY)
        into_recovery = chance.random() < SHARE_INTO_RECOVERY
        latest = 0.0 if into_recovery or not done else done[-1].at
        wait_until(
            lambda answers=answers, latest=latest: (
                len(senders.answered) >= answers and (not latest or senders.answered_since(latest))
            ),
            within=RECOVERED_WITHIN,
            what=f"{answers} answers after {len(done)} kills; {last_words(stage)}",
        )
        Event().wait(chance.uniform(0, chance.choice(LATEST_KILL_SECONDS)))
        wait_until(lambda kind=kind: stage.victims[kind](chance), within=RECOVERED_WITHIN, what=f"a {kind} to kill")
        done.append(Kill(kind, monotonic()))
        # the next kill may wait for an answer that only a further upload can give
        senders.allow(len(senders.answered) + UPLOADS_UNDER_WAY)
    senders.allow(uploads)
    return done


def last_words(stage: Stage) -> str:
    """The ends of the sites' logs."""
    return "\n".join(site.last_words() for site in stage.sites)


def recoveries(kills: Sequence[Kill], senders: Senders) -> list[tuple[str, float]]:
    """What was killed, and seconds until the end of the first upload that began afterwards and was answered OK."""
    answered = sorted(senders.answered, key=lambda one: one.ended)
    found = []
    for kill in kills:
        first = next((one.ended for one in answered if one.began >= kill.at), None)
        if first is not None:
            found.append((kill.victim, first - kill.at))
    return found
