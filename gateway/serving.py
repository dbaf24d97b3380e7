"""A gateway that runs: its roles as threads and processes, from the first port to the orderly end."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

import structlog

from gateway.alerts.bringing_out import BringingOut
from gateway.api.operations import Operations
from gateway.api.server import HttpServer
from gateway.app import Gateway, database_url, load_gateway
from gateway.channels.folder import FolderWatch
from gateway.channels.sftp_sessions import SessionBoard
from gateway.chores import LANES_LEADER, Chore, Chores, lane_chores
from gateway.errors import GatewayError, StoreRefused
from gateway.housekeeping import WATCHES, gateway_chores, watch_chores
from gateway.http_settings import HttpSettings
from gateway.lanes import Lanes
from gateway.logs import configure_logs
from gateway.metrics import Totals, exposition
from gateway.pipeline.polling import Polling
from gateway.presence import Presence
from gateway.settings import load_settings
from gateway.signals import stop_on_signals
from gateway.state_metrics import StateMetrics
from gateway.store import alerts, audit
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate_new, open_store
from gateway.store.nodes import NodeFacts
from gateway.store.schema import program_schema
from gateway.store.vault_marks import leave_mark
from gateway.upgrading import upgrade
from gateway.wakes import Wakes
from gateway.workers import Workers
from gateway.workspace import node_name, vault_folder
from sftp.keys import PublicKey, new_private_key
from sftp.server import SFTPServer

ROLES = ("sftp", "http", "poller", "worker")
"""What a node may run: the servers; the poller of partners' servers; the workers with the sweep and the sealer."""
POLL_EVERY = timedelta(seconds=5)
TELL_EVERY = timedelta(seconds=1)
TELLING_SILENT_SECONDS = 120
"""Mail servers let strangers wait."""
POSTGRES_LOOK_SECONDS = 0.2
SERVE_CONNECTIONS = 16
OPERATIONS_CONNECTIONS = 20
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs its roles; `totals` is what its processes count."""

    gateway: Gateway
    server: SFTPServer | None
    stop: Event
    http: HttpServer | None = None
    operations: HttpServer | None = None
    refused: Sequence[StoreRefused] = ()
    """Why it must end, once the database is no longer for it."""
    totals: Totals = field(default_factory=Totals)

    @property
    def store(self) -> Store:
        """Its store."""
        return self.gateway.store

    @property
    def sftp_address(self) -> tuple[str, int]:
        """Host and real port of the SFTP server."""
        assert self.server is not None
        return self.server.address

    @property
    def host_key(self) -> PublicKey:
        """The SFTP server's public host key, for partners to pin."""
        assert self.server is not None
        return self.server.host_keys[0]

    @property
    def http_address(self) -> tuple[str, int]:
        """Host and real port of the HTTP server."""
        assert self.http is not None
        return self.http.address

    def verify_audit(self) -> audit.AuditReport:
        """Seal what is committed, then recompute the chain."""
        audit.Sealer(self.store).seal_pending()
        return audit.verify(self.store)

    def wait_until_stopped(self) -> None:
        """Block until SIGTERM or Ctrl-C."""
        self.stop.wait()


def serve_until_stopped(home: Path, *, roles: Collection[str] | None = None, workers: int | None = None) -> None:
    """Run a workspace's gateway until SIGTERM or Ctrl-C.

    Args:
        home: the workspace folder; made where it is missing.
        roles: of ROLES; all when None.
        workers: worker processes, instead of the settings'.

    Raises:
        LoadError: mistakes in the workspace; nothing is started.
        GatewayError: an unknown role, or the database does not answer.
        StoreRefused: the database is newer or older than this program can work on, at once or since it was upgraded.
    """
    with running(home, roles=roles, workers=workers) as found:
        if found.server is not None:
            host, port = found.sftp_address
            log.info("serving", home=str(home), host=host, port=port, host_key=found.host_key.fingerprint)
        else:
            log.info("serving", home=str(home), roles=list(roles or ROLES))
        found.wait_until_stopped()
        log.info("stopping")
    for error in found.refused:
        raise error


@contextmanager
def running(
    home: Path,
    *,
    roles: Collection[str] | None = None,
    workers: int | None = None,
    temporary: bool = False,
    log_level: str = "info",
) -> Iterator[Running]:
    """A workspace's gateway, running; stopped and drained at the end.

    Args:
        home: the workspace folder; made where it is missing.
        roles: of ROLES; all when None.
        workers: worker processes, instead of the settings'.
        temporary: the embedded database is removed at the end.
        log_level: of this process and its workers.

    Raises:
        LoadError: mistakes in the workspace; nothing is started.
        GatewayError: an unknown role, or the database does not answer.
    """
    configure_logs(log_level)
    wanted = set(ROLES if roles is None else roles)
    if unknown := wanted - set(ROLES):
        raise GatewayError(f"no role {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
    home.mkdir(parents=True, exist_ok=True)
    settings = load_settings(home)
    if roles is None and settings.http is None:
        wanted.remove("http")
    stop = Event()
    with ExitStack() as stack:
        # First, so that being told to stop while the database starts leaves no database behind.
        stack.callback(stop_on_signals(stop))
        embedded = None if settings.database_url is not None else EmbeddedPostgres(settings.home)
        if embedded is not None and (wanted & {"sftp", "http"} or not embedded.running()):
            # A worker node beside a serving one on the same home leaves it its database.
            stack.callback(embedded.remove if temporary else embedded.stop)
        url = database_url(settings)
        if embedded is None:
            migrate_new(url)
        else:
            upgrade(url, make_way=True, told=lambda line: log.warning("postgres.upgrade_waits", reason=line))
        store = open_store(
            url, connections=SERVE_CONNECTIONS + len(settings.destinations) + 2 * len(settings.alerts.channels)
        )
        stack.callback(store.close)
        gateway = load_gateway(settings, store)
        lanes = Lanes(store)
        stack.callback(lanes.close)
        led: list[Chores | FolderWatch] = []
        refused: list[StoreRefused] = []

        def end(error: StoreRefused) -> None:
            refused.append(error)
            stop.set()

        name = stack.enter_context(node_name(settings.home))
        facts = _facts(gateway, name, roles=wanted, workers=workers)
        presence = Presence(store, facts, gateway.clock, leads=lambda: _leads(led), refused=end)
        totals = Totals()
        operations = _operations_server(gateway, totals, stop)
        if operations is not None:
            operations.start()
            stack.callback(operations.stop)
        threads = []
        if embedded is not None:
            threads.append(Thread(target=_keep_alive, args=(embedded, stop), name="postgres"))
        if "worker" in wanted:
            parent = Workers(
                store,
                lanes,
                gateway.clock,
                node=presence,
                factory="gateway.app:build_work",
                count=presence.facts.workers,
                options={"home": str(settings.home), "log_level": log_level},
                counted=totals.add,
            )
            threads.append(Thread(target=parent.run, args=(stop,), name="workers"))
            keep_channels(gateway)
            led.append(Chores(store, lane_chores(store, lanes, gateway.clock), leader=LANES_LEADER))
            led.append(Chores(store, gateway_chores(gateway, lanes)))
            led.append(Chores(store, watch_chores(gateway.watches()), leader=WATCHES))
            led += [_telling(gateway, bringing, stop) for bringing in gateway.alerts_out()]
        if "poller" in wanted:
            threads.append(Thread(target=gateway.poller(lanes.wake).run, args=(stop,), name="poller"))
            led.append(gateway.folder_watch(lanes.wake))
            led += [_asking(gateway, polling, stop) for polling in gateway.polls(lanes.wake)]
        threads += [Thread(target=one.run, args=(stop,), name=one.leader) for one in led]
        if "worker" not in wanted:
            gone = Event()
            present = Thread(target=presence.run, args=(gone,), name="presence")
            stack.callback(_join, gone, [present])  # after the servers have stopped
            present.start()
        stack.callback(_join, stop, threads)
        for thread in threads:
            thread.start()
        http = None
        if "http" in wanted:
            http = _http_server(gateway, lanes)
            http.start()
            stack.callback(http.stop)
        server = None
        if "sftp" in wanted:
            wakes = Wakes(lanes.wake)
            stack.callback(wakes.close)
            server = SFTPServer(
                gateway.mailbox(wakes.soon),
                host_keys=[_host_key(settings.home)],
                limits=settings.sftp.limits,
                spool_folder=_spool_folder(settings.home),
                passwords=gateway.registry.any_passwords,
            )
            board = SessionBoard(server, store, gateway.clock)
            posting = Thread(target=board.run, args=(stop,), name="sessions")
            stack.callback(_join, stop, [posting])  # after the server has stopped
            server.start(settings.sftp.host, settings.sftp.port)
            stack.callback(server.stop)
            posting.start()
        if http is not None:
            stack.callback(http.turn_away)
        yield Running(gateway, server, stop, http, operations, refused, totals)


def _leads(led: Iterable[Chores | FolderWatch]) -> list[str]:
    return [one.leader for one in led if one.leads]


def _facts(gateway: Gateway, name: str, *, roles: Collection[str], workers: int | None) -> NodeFacts:
    """What this node says of itself."""
    works = "worker" in roles
    return NodeFacts(
        name=name,
        roles=tuple(role for role in ROLES if role in roles),
        version=version("tradelane"),
        schema=program_schema(),
        workers=(workers or gateway.settings.workers) if works else 0,
        vault=leave_mark(vault_folder(gateway.settings.home), name),
    )


def _asking(gateway: Gateway, polling: Polling, stop: Event) -> Chores:
    """Polls a business system on the one node that leads there; whatever it waits for, others are polled."""
    name = f"poll {polling.destination}"
    return Chores(gateway.store, [Chore(name, POLL_EVERY, lambda: polling.run(stop))], leader=name)


def keep_channels(gateway: Gateway) -> None:
    """From now on alerts are left for the channels of the settings.

    Raises:
        StoreUnavailable: the database is gone.
    """
    with gateway.store.begin() as conn:
        given_up = alerts.keep_channels(conn, gateway.settings.alerts.channels, at=gateway.clock.now())
    if given_up:
        log.warning("alert.channels_gone", given_up=given_up)


def _telling(gateway: Gateway, bringing: BringingOut, stop: Event) -> Chores:
    """Tells one channel on the one node that leads there; however slow it is, the others are told."""
    name = f"alerts to {bringing.name}"
    tell = Chore(name, TELL_EVERY, lambda: bringing.run(stop))
    return Chores(gateway.store, [tell], leader=name, silent_after=TELLING_SILENT_SECONDS)


def _operations_server(gateway: Gateway, totals: Totals, stop: Event) -> HttpServer | None:
    """Metrics and health, where they are asked for; a second node on a machine goes without, and says so."""
    settings = gateway.settings.operations
    if settings is None:
        return None
    state = StateMetrics(gateway.store, gateway.clock, gateway.intake, free=gateway.free_share)
    app = Operations(lambda: exposition(totals, state), _ready(gateway, stop))
    try:
        return HttpServer(app, host=settings.host, port=settings.port, connections=OPERATIONS_CONNECTIONS)
    except GatewayError as error:
        log.warning("operations.not_listening", reason=str(error))
        return None


def _ready(gateway: Gateway, stop: Event) -> Callable[[], None]:
    """Whether this node is to be given anything: not since it was told to stop, though it ends what it has."""

    def ready() -> None:
        if stop.is_set():
            raise GatewayError("this node is stopping")
        gateway.intake.admit()

    return ready


def _http_server(gateway: Gateway, lanes: Lanes) -> HttpServer:
    settings = gateway.settings.http or HttpSettings()
    return HttpServer(
        gateway.http_app(lanes.wake),
        host=settings.host,
        port=settings.port,
        connections=settings.connections,
        per_address=settings.connections_per_address,
        tls=settings.tls,
        trusted_proxies=settings.proxies,
    )


def _keep_alive(embedded: EmbeddedPostgres, stop: Event) -> None:
    """Start the embedded server again whenever it is gone."""
    while not stop.wait(POSTGRES_LOOK_SECONDS):
        try:
            if not embedded.running():
                log.warning("postgres.gone")
                embedded.start()
                log.info("postgres.started_again")
        except (GatewayError, OSError):
            log.exception("postgres.not_started")


def _join(stop: Event, threads: list[Thread]) -> None:
    stop.set()
    for thread in threads:
        thread.join()


def _host_key(home: Path) -> bytes:
    """The SFTP server's private host key, made the first time."""
    path = home / "sftp" / "host_key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_name(f"host_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(new_private_key())
        try:
            os.link(fresh, path)  # of two that start at once, one key stays
        except FileExistsError:
            log.info("host_key.made_by_another")
        finally:
            fresh.unlink()
    return path.read_bytes()


def _spool_folder(home: Path) -> Path:
    folder = home / "sftp" / "spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
