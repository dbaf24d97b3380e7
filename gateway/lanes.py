"""Waking lanes and running them: the one door to Procrastinate.

A job names a lane, not a document: at most one waits per lane (`queueing_lock`), and one runs per lane over all nodes
(`lock`). The rows are the truth, so the queue may lose everything; its commits do not even wait for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Lock
from typing import Any, Protocol

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import AsyncConnection

from gateway.errors import StoreUnavailable
from gateway.store.engine import Store
from gateway.store.locks import SessionLock, is_free

LANE_JOB = "tradelane.lane"
QUEUE = "lanes"
POLL_SECONDS = 0.05
PAUSE_SECONDS = 0.5
"""How long a worker waits before it looks for the database again."""

_FORGETFUL = {"options": "-c synchronous_commit=off"}

log = structlog.get_logger(__name__)


class LaneRunner(Protocol):
    """What a worker does with a lane."""

    def run(self, lane: str) -> bool:
        """Work one batch of it; whether more is due already."""
        ...


class Lanes:
    """The lanes of one store. May be shared by threads.

    Args:
        store: whose rows are the work; the queue lies in the same database.
        silent_after: seconds after which a worker that says nothing, though its connections stand, is taken for gone.
        connect_within: seconds in which the queue's database must answer.
    """

    def __init__(self, store: Store, *, silent_after: float = 30.0, connect_within: float = 3.0) -> None:
        self.store = store
        self.connect_within = connect_within
        self.silent_after = silent_after
        self._conninfo = store.url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._opening = Lock()
        self._deferring: App | None = None

    def wake(self, lanes: Iterable[str]) -> None:
        """Have lanes run soon. Call it after the commit that made the work; never raises for want of a database.

        A wake-up that is lost is made good by the sweep.
        """
        try:
            for lane in dict.fromkeys(lanes):
                with suppress(AlreadyEnqueued):
                    self._app().configure_task(LANE_JOB, queue=QUEUE, queueing_lock=lane, lock=lane).defer(lane=lane)
        except ConnectorException as error:
            log.warning("lanes.wake_up_lost", reason=_cause(error))

    def asleep(self, lanes: Iterable[str]) -> list[str]:
        """Those lanes for which no job waits.

        Raises:
            StoreUnavailable: the queue cannot be asked.
        """
        waiting = {job.queueing_lock for job in self._jobs("todo")}
        return [lane for lane in lanes if lane not in waiting]

    def free_dead(self) -> list[str]:
        """End the jobs of workers that are gone, so that their lanes can run elsewhere; returns those lanes.

        Raises:
            StoreUnavailable: the queue cannot be asked.
        """
        running = self._jobs("doing")
        if not running:
            return []
        with self.store.begin() as conn:
            dead = [job for job in running if job.worker_id is None or is_free(conn, _alive(job.worker_id))]
        if dead:
            asyncio.run(_end(self.connector(), dead))
        return sorted({job.lock for job in dead if job.lock is not None})

    def forget_silent(self) -> list[str]:
        """The same for workers that are stopped, or cut off so that the database has not noticed; returns their lanes.

        Raises:
            StoreUnavailable: the queue cannot be asked.
        """
        try:
            asyncio.run(_forget(self.connector(), self.silent_after))
        except ConnectorException as error:
            raise StoreUnavailable(f"the queue does not answer: {_cause(error)}") from error
        return self.free_dead()

    def run_worker(self, runner: LaneRunner, *, stop: Event, idle: Callable[[], None] = lambda: None) -> None:
        """Run lanes, one job at a time, until `stop` is set; a job that runs is ended first.

        The database may go and come back meanwhile.

        Args:
            runner: called in a thread of its own, never twice at once.
            stop: set from any thread.
            idle: called every tenth of a second from the loop that also fetches jobs, as a sign of life.
        """
        asyncio.run(_Worker(self, runner, stop=stop, idle=idle).run())

    def close(self) -> None:
        """Give the connections back."""
        with self._opening:
            if self._deferring is not None:
                self._deferring.close()
                self._deferring = None

    def connector(self) -> PsycopgConnector:
        """A way to the queue for one event loop, not yet open."""
        return PsycopgConnector(
            conninfo=self._conninfo,
            min_size=0,
            max_size=3,
            timeout=self.connect_within,
            reconnect_timeout=self.connect_within,
            kwargs=_FORGETFUL,
            configure=_commit_each_statement,
        )

    def _app(self) -> App:
        """Opened at first use, without waiting for the database to be there."""
        with self._opening:
            if self._deferring is None:
                connector = SyncPsycopgConnector(
                    conninfo=self._conninfo,
                    min_size=0,
                    max_size=2,
                    timeout=self.connect_within,
                    reconnect_timeout=self.connect_within,
                    kwargs=_FORGETFUL | {"autocommit": True},
                )
                self._deferring = App(connector=connector).open()
            return self._deferring

    def _jobs(self, status: str) -> list[Job]:
        try:
            return self._app().job_manager.list_jobs(queue=QUEUE, status=status)
        except ConnectorException as error:
            raise StoreUnavailable(f"the queue does not answer: {_cause(error)}") from error


class _Worker:
    """Procrastinate's worker, begun anew whenever the database went away under it."""

    def __init__(self, lanes: Lanes, runner: LaneRunner, *, stop: Event, idle: Callable[[], None]) -> None:
        self._lanes = lanes
        self._runner = runner
        self._stop = stop
        self._idle = idle

    async def run(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            while not self._stop.is_set():
                try:
                    await self._serve(watch)
                except (ConnectorException, StoreUnavailable) as error:
                    log.warning("lanes.worker_lost_the_database", reason=_cause(error))
                if not self._stop.is_set():
                    await asyncio.wait([watch], timeout=PAUSE_SECONDS)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        """Ends when we are asked to stop."""
        while not self._stop.is_set():
            self._idle()
            await asyncio.sleep(0.1)

    async def _serve(self, watch: asyncio.Task[None]) -> None:
        """One life of Procrastinate's worker: until we are to stop, or it has lost the database."""
        connector = self._lanes.connector()
        app = App(connector=connector)
        jobs = app.job_manager = _RegisteredJobs(connector, self._lanes.store)
        app.task(name=LANE_JOB, queue=QUEUE)(self._run_lane)
        try:
            async with app.open_async():
                worker = asyncio.create_task(
                    app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=1,
                        fetch_job_polling_interval=POLL_SECONDS,
                        listen_notify=True,
                        delete_jobs="always",
                        install_signal_handlers=False,
                        update_heartbeat_interval=self._lanes.silent_after / 3,
                        stalled_worker_timeout=self._lanes.silent_after,
                    )
                )
                await asyncio.wait([worker, watch, jobs.lost], return_when=asyncio.FIRST_COMPLETED)
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker
        finally:
            jobs.sign_off()

    def _run_lane(self, lane: str) -> None:
        if not self._stop.is_set() and self._runner.run(lane):
            self._lanes.wake([lane])


class _RegisteredJobs(JobManager):
    """Jobs of a worker whose life can be seen by a lock, and which are never left running when they are not."""

    def __init__(self, connector: PsycopgConnector, store: Store) -> None:
        super().__init__(connector)
        self._store = store
        self._life: SessionLock | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def register_worker(self) -> int:
        """As the library's; from before its first job the worker's lock is held."""
        worker_id = await super().register_worker()
        self._life = SessionLock(self._store, _alive(worker_id))
        if not self._life.held():
            raise StoreUnavailable("a worker cannot show that it is alive")
        return worker_id

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """As the library's, once more if the connection broke. A job that is gone needs no end."""
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException:
            try:
                if await self.list_jobs_async(id=job.id):
                    await super().finish_job(job, status, delete_job)
            except ConnectorException as error:
                log.warning("lanes.job_not_ended", lane=job.lock, reason=_cause(error))
                if not self.lost.done():
                    self.lost.set_result(None)  # this life ends, its lock goes, and the job is found dead

    def sign_off(self) -> None:
        """Let the worker's lock go: what still runs in its name is dead."""
        if self._life is not None:
            self._life.release()


async def _end(connector: PsycopgConnector, jobs: Iterable[Job]) -> None:
    async with App(connector=connector).open_async() as app:
        for job in jobs:
            with suppress(ConnectorException):  # ended by another meanwhile
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


async def _forget(connector: PsycopgConnector, silent_after: float) -> None:
    async with App(connector=connector).open_async() as app:
        await app.job_manager.prune_stalled_workers(silent_after)


async def _commit_each_statement(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


def _alive(worker_id: int) -> str:
    return f"queue-worker:{worker_id}"


def _cause(error: BaseException) -> str:
    return str(error.__cause__ or error).strip().partition("\n")[0][:200]
