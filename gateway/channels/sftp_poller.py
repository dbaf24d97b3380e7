"""The poller: visits partners' own SFTP servers when it is time, and leaves alone those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import structlog

from gateway.channels.sftp_client import FILE, HOST_KEY, LOGIN, UNREACHABLE, Connect, StoreLedger, session_of
from gateway.errors import GatewayError, IntakeClosed
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.receive import Inlet
from gateway.store import remotes
from gateway.store.engine import Store
from partners.registry import PartnerRegistry
from partners.remotes import FetchFrom, RemoteAccount
from sftp.errors import HostKeyError, LoginError, RemoteError, SetupError
from sftp.poller import After, Fetching, Ledger, Polled, Poller

LOOK_SECONDS = 1.0
VISITS_AT_ONCE = 4
TROUBLES_TOLD = 5

log = structlog.get_logger(__name__)


class RemotePoller:
    """Visits every server that a profile has something to fetch from.

    Args:
        store: where the ledger is, and how the visits go.
        inlet: where what is fetched goes in.
        registry: the partners.
        connect: opens a session.
        backoff: between failures, until the breaker opens.
        ledger: makes the ledger of an account.
    """

    def __init__(
        self,
        *,
        store: Store,
        inlet: Inlet,
        registry: PartnerRegistry,
        connect: Connect,
        backoff: Backoff | None = None,
        ledger: Callable[[Store, Inlet, RemoteAccount], Ledger] = StoreLedger,
    ) -> None:
        self._store = store
        self._inlet = inlet
        self._registry = registry
        self._connect = connect
        self._backoff = backoff or Backoff(first=timedelta(seconds=10))
        self._ledger = ledger
        self._pollers: dict[str, Poller] = {}
        self._stopping = Event()

    def run(self, stop: Event) -> None:
        """Visit what is due until `stop` is set; visits then end after the file they are at."""
        visits: dict[str, Future[object]] = {}
        with ThreadPoolExecutor(VISITS_AT_ONCE, thread_name_prefix="poll") as pool:
            while not stop.wait(LOOK_SECONDS):
                visits = {user: visit for user, visit in visits.items() if not visit.done()}
                try:
                    for account in self.due():
                        if account.user not in visits:
                            visits[account.user] = pool.submit(self._visited, account)
                except GatewayError as error:
                    log.warning("poll.waits_for_the_store", reason=str(error)[:200])
            self._stopping.set()

    def due(self) -> list[RemoteAccount]:
        """The accounts to be visited now.

        Raises:
            StoreUnavailable: the database is gone.
        """
        at = self._inlet.clock.now()
        return [account for account in self._accounts() if self._is_due(account, at)]

    def visit(self, account: RemoteAccount) -> Polled | None:
        """Visit one server now; None where another node does, or there was no session.

        Raises:
            GatewayError: the store is broken, or nothing is taken in for now; nothing is lost.
        """
        with session_of(self._store, account) as ours:
            at = self._inlet.clock.now()
            if not ours or not self._is_due(account, at):
                return None
            try:
                remote = self._connect(account)
                try:
                    done = self._poller(account).poll(remote)
                finally:
                    remote.close()
            except (RemoteError, SetupError) as error:
                self._failed(account, error, at)
                return None
            self._went_well(account, done, at)
            return done

    def _visited(self, account: RemoteAccount) -> None:
        try:
            self.visit(account)
        except IntakeClosed as error:
            log.warning("poll.intake_closed", account=account.user, reason=error.reason)
        except GatewayError as error:
            log.warning("poll.waits_for_the_store", account=account.user, reason=str(error)[:200])
        except Exception:
            log.exception("poll.crashed", account=account.user)
            raise

    def _accounts(self) -> Iterator[RemoteAccount]:
        for partner in self._registry.partners.values():
            if partner.active:
                yield from (account for account in partner.remotes if account.fetch)

    def _is_due(self, account: RemoteAccount, at: datetime) -> bool:
        with self._store.begin() as conn:
            visits = remotes.visits(conn, account.user)
            if visits is None and account.schedule.times:
                remotes.begin(conn, account.user, next_at=account.schedule.following(at))
                return False
        if visits is not None and (visits.next_at > at or visits.stopped_for == account.pins):
            return False
        return account.schedule.is_open(at)

    def _poller(self, account: RemoteAccount) -> Poller:
        """The account's poller, which remembers what it has seen."""
        if account.user not in self._pollers:
            self._pollers[account.user] = Poller(
                self._ledger(self._store, self._inlet, account),
                [_fetching(rule) for rule in account.fetch],
                stable_polls=account.stable_polls,
                stopping=self._stopping,
                log=log.bind(account=account.user),
            )
        return self._pollers[account.user]

    def _went_well(self, account: RemoteAccount, done: Polled, at: datetime) -> None:
        told = "; ".join(f"{path}: {reason}" for path, reason in done.troubles[:TROUBLES_TOLD])
        with self._store.begin() as conn:
            remotes.note_success(
                conn,
                account.user,
                at=at,
                next_at=account.schedule.following(at),
                partner=account.partner,
                code=FILE,
                trouble=told or None,
            )
        log.info(
            "poll.done",
            account=account.user,
            taken=done.taken,
            cleared=done.cleared,
            waiting=done.waiting,
            troubles=len(done.troubles),
        )

    def _failed(self, account: RemoteAccount, error: RemoteError | SetupError, at: datetime) -> None:
        """Try again soon, after a pause, or not before another host key is pinned."""
        with self._store.begin() as conn:
            visits = remotes.visits(conn, account.user)
            failures = 1 if visits is None else visits.failures + 1
            code: str | None
            match error:
                case HostKeyError():
                    code, wait = HOST_KEY, account.breaker.pause
                case LoginError() | SetupError():
                    code, wait = LOGIN, account.breaker.pause
                case _ if failures >= account.breaker.failures:
                    code, wait = UNREACHABLE, account.breaker.pause
                case _:
                    code, wait = None, min(self._backoff.after(failures), account.breaker.pause)
            remotes.note_failure(
                conn,
                account.user,
                at=at,
                next_at=account.schedule.opens(at + wait),
                reason=str(error),
                code=code,
                partner=account.partner,
                stopped_for=account.pins if code == HOST_KEY else None,
            )
        log.warning("poll.failed", account=account.user, failures=failures, code=code, reason=str(error))


def _fetching(rule: FetchFrom) -> Fetching:
    return Fetching(
        folder=rule.folder,
        names=rule.names,
        held=rule.held_names,
        after=After(rule.after.value),
        move_to=rule.move_to,
        file_bytes=rule.file_bytes,
    )
