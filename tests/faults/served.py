"""A gateway as its users run it: `tradelane serve` as a process in its own home, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import psutil
from sqlalchemy import Connection

from gateway.errors import StoreError
from gateway.settings import DATABASE_URL
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, open_store
from sftp.client import SFTPClient
from sftp.keys import PublicKey, new_private_key, public_part
from tests.faults.orders import PARTNERS, Partner
from tests.ports import free_port
from tests.waiting import wait_until

COMMAND = (sys.executable, "-c", "from gateway.cli.main import run; run()")
STARTS_WITHIN = 180.0
CLIENT_SECONDS = 10.0
SETTINGS = """\
sftp: {{host: 127.0.0.1, port: {port}}}
workers: 2
samples: {samples}
destinations:
  erp: {{kind: folder, path: {erp}, create: {create}}}
"""
OURSELVES = """\
us:
  name: The House
  identifiers: [{qualifier: ZZ, id: TRADELANE}]
"""
"""As the samples have it, for homes without them."""


@dataclass(frozen=True, slots=True)
class WorkerNode:
    """A node of worker processes only.

    Attributes:
        name: as its workers' names begin.
        log: what it and its workers say.
    """

    process: subprocess.Popen[bytes]
    name: str
    log: Path

    def workers(self) -> list[psutil.Process]:
        return worker_processes(psutil.Process(self.process.pid))

    def end(self) -> None:
        """SIGTERM, and its orderly end; SIGKILL if it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()


class ServedHome:
    """A workspace with partners and keys, its `tradelane serve`, and its embedded PostgreSQL.

    Args:
        home: an empty folder.
        create: whether the gateway makes the destination folder itself.
        samples: whether the partners that the program ships are there, too; without them it starts sooner.
        partners: who may log in.
        database: a server that runs by itself, instead of the home's own.
        beside: another node's home: the partners log in with the same keys, documents go to the same folder.
    """

    def __init__(
        self,
        home: Path,
        *,
        create: bool = True,
        samples: bool = True,
        partners: Sequence[Partner] = PARTNERS,
        database: EmbeddedPostgres | None = None,
        beside: ServedHome | None = None,
    ) -> None:
        self.home = home
        home.chmod(0o755)
        self.port = free_port()
        self.erp = home / "erp" if beside is None else beside.erp
        self.log = home / "serve.log"
        self._own_postgres = database is None
        self.postgres = database or EmbeddedPostgres(home)
        self._process: subprocess.Popen[bytes] | None = None
        self._store: Store | None = None
        flags = {"create": str(create).lower(), "samples": str(samples).lower()}
        (home / "tradelane.yaml").write_text(SETTINGS.format(port=self.port, erp=self.erp, **flags))
        if not samples:
            profiles = home / "partners" / "profiles"
            profiles.mkdir(parents=True)
            (profiles / "ourselves.yaml").write_text(OURSELVES)
        self.keys = {partner.user: new_private_key() for partner in partners} if beside is None else beside.keys
        for partner in partners:
            folder = home / "partners" / "profiles" / partner.user
            (folder / "keys").mkdir(parents=True)
            (folder / "keys" / "test.pub").write_text(public_part(self.keys[partner.user]).line + "\n")
            if partner.profile is not None:
                (folder / "profile.yaml").write_text(partner.profile)

    def start(self, *options: str, **environment: str) -> None:
        """Start `tradelane serve`; its database is found or started by itself."""
        self._process = self.launch("serve", *options, log=self.log, **environment)

    def start_worker_node(self, name: str, *, workers: int = 2) -> WorkerNode:
        """Start `tradelane worker` beside it, told the database as on another machine."""
        known = set(self._nodes())
        log = self.home / f"{name}.log"
        process = self.launch("worker", "-n", str(workers), log=log, **self._told_database())
        try:
            fresh = wait_until(lambda: set(self._nodes()) - known, within=STARTS_WITHIN, what=f"a node; see {log}")
        except BaseException:
            process.kill()
            process.wait()
            raise
        ((own, _),) = fresh
        return WorkerNode(process, own, log)

    def launch(self, *command: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command of the program on this home."""
        told = {} if self._own_postgres else self._told_database()
        with log.open("ab") as output:
            return subprocess.Popen(
                [*COMMAND, *command, "--home", str(self.home)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **told, **environment},
            )

    def _told_database(self) -> dict[str, str]:
        return {DATABASE_URL: self.postgres.url.replace("postgresql+psycopg", "postgresql")}

    def _nodes(self) -> list[tuple[str, datetime]]:
        """Nodes of workers alone and when they started: one that ended keeps its row, and may come again."""
        only_workers = "SELECT name, started_at FROM node WHERE roles = '[\"worker\"]'"
        with self.reading() as conn:
            return [(str(row.name), row.started_at) for row in conn.exec_driver_sql(only_workers)]

    def start_and_wait(self, *options: str, **environment: str) -> None:
        """Start it and wait until it greets."""
        self.start(*options, **environment)
        wait_until(self.greets, within=STARTS_WITHIN, what=f"an SFTP greeting; see {self.log}")

    @property
    def process(self) -> psutil.Process:
        """The gateway's own process, the parent of its workers."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def has_ended(self) -> bool:
        """Whether the gateway's process is gone."""
        return self._process is None or self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """Of the gateway's process; None while it runs, or was never started."""
        return None if self._process is None else self._process.poll()

    def greets(self) -> bool:
        """Whether its SFTP server answers a connection."""
        assert not self.has_ended, f"serve ended by itself: {self.last_words()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
                return sock.recv(4) == b"SSH-"
        except OSError:
            return False

    def kill_gateway(self) -> None:
        """kill -9; its workers die with it."""
        process = self._process  # which a supervisor may replace meanwhile
        assert process is not None
        process.kill()
        process.wait()

    def kill_postgres(self) -> int:
        """kill -9 of the postmaster and all its children; returns how many processes there were."""
        pid = self.postgres.pid()
        if pid is None:
            return 0
        killed = 0
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(pid)
            for process in (postmaster, *postmaster.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
                    killed += 1
        return killed

    def workers(self) -> list[psutil.Process]:
        """Its worker processes, those that stand ready included."""
        return worker_processes(self.process)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction of ours on its database, beside it.

        Raises:
            StoreUnavailable: the database is away.
        """
        if self._store is None:
            self._store = open_store(self.postgres.url, connections=3)
        with self._store.begin() as conn:
            yield conn

    def store(self) -> Store:
        """Our own door to its database, which must be up."""
        with self.reading():
            assert self._store is not None
            return self._store

    def count(self, table: str, where: str = "true") -> int:
        """How many rows; -1 while the database is away."""
        try:
            with self.reading() as conn:
                return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {where}").scalar_one())
        except StoreError:
            return -1

    def host_key(self) -> PublicKey:
        """The server's host key, as a partner pins it."""
        return public_part((self.home / "sftp" / "host_key").read_bytes())

    def client(self, partner: Partner, *, seconds: float = CLIENT_SECONDS) -> SFTPClient:
        """Our client, logged in as a partner."""
        return SFTPClient.connect(
            "127.0.0.1",
            self.port,
            user=partner.user,
            private_key=self.keys[partner.user],
            host_keys=[self.host_key()],
            seconds=seconds,
        )

    def last_words(self) -> str:
        """The end of the gateway's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else "no log"

    def stop(self) -> int | None:
        """SIGTERM, and wait for its orderly end; its exit code."""
        if self._store is not None:
            self._store.close()
        if self._process is None or self.has_ended:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def remove(self) -> None:
        """End all and remove the home's own database, which as root lies outside the home."""
        try:
            self.stop()
        finally:
            if self._own_postgres:
                self.postgres.remove()


def is_drained(site: ServedHome) -> bool:
    """Whether nothing is left to be worked."""
    open_in = site.count("transmission", "direction = 'in' AND state IN ('received', 'working', 'retrying')")
    open_out = site.count("delivery", "state IN ('staged', 'ready', 'working', 'sending', 'retrying')")
    return open_in == 0 and open_out == 0


LEFT = (
    "SELECT 'transmission' AS what, state, lane, next_at, claimed_by, crashes, reason FROM transmission"
    " WHERE direction = 'in' AND state NOT IN ('processed', 'duplicate') UNION ALL"
    " SELECT 'delivery', state, lane, next_at, claimed_by, crashes, reason FROM delivery"
    " WHERE state <> 'delivered' LIMIT 20",
    "SELECT 'job', id, status, lock, worker_id FROM procrastinate_jobs",
    "SELECT 'node', name, started_at, heartbeat_at, now() FROM node",
    "SELECT 'advisory lock of', pid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted",
    "SELECT 'waits', pid, pg_blocking_pids(pid), left(query, 80) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
)


def remaining(site: ServedHome) -> str:
    """What is not finished, and who stands where, for the message of a failure."""
    try:
        with site.reading() as conn:
            rows = [row for query in LEFT for row in conn.exec_driver_sql(query).all()]
    except StoreError as error:
        return str(error)
    processes = [site.process, *site.process.children()]
    told = [(process.pid, process.status(), process.num_threads()) for process in processes]
    return "\n".join([*(str(tuple(row)) for row in rows), f"processes (id, state, threads): {told}"])


def wait_until_drained(site: ServedHome, *, within: float) -> float:
    """Wait for the last row; returns how many seconds it took."""
    began = monotonic()
    try:
        wait_until(lambda: is_drained(site), within=within)
    except AssertionError as error:
        raise AssertionError(
            f"not drained within {within:g} s; left:\n{remaining(site)}\n{site.last_words()}"
        ) from error
    return monotonic() - began


def worker_processes(parent: psutil.Process) -> list[psutil.Process]:
    """The workers of a node, those that stand ready included."""
    return [child for child in parent.children() if "gateway.worker_main" in child.cmdline()]


def suspend(processes: list[psutil.Process]) -> None:
    """SIGSTOP, the first one first; those already gone are passed over."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGSTOP)


def resume(processes: list[psutil.Process]) -> None:
    """SIGCONT, in the same order."""
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
