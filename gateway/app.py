"""Where all is joined: a workspace becomes a gateway, and a gateway runs its roles until it is told to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import structlog

from gateway.adapters.events import Pollable
from gateway.adapters.protocol import Adapter
from gateway.adapters.signed_documents import SignedDocuments
from gateway.alert_settings import unknown_partners
from gateway.alerts.bringing_out import BringingOut, channel_of
from gateway.alerts.watches import Watches
from gateway.api.app import create_app
from gateway.api.limits import App
from gateway.api.operations import Operations
from gateway.api.server import HttpServer
from gateway.api.services import Services
from gateway.api.webhooks import HOOKS_PATH, WebhookEndpoint
from gateway.as2.server import AS2Endpoint
from gateway.certificate_watch import warn_of_ending
from gateway.channels import handed_in, webhooks
from gateway.channels.as2 import CHANNEL, MDN_CHANNEL, AS2Inlet
from gateway.channels.as2_keys import AS2Keys, load_keys
from gateway.channels.as2_transport import AS2Transport, MDNTransport
from gateway.channels.folder import FolderWatch
from gateway.channels.folder_transport import FolderTransport
from gateway.channels.handed_in import HandedInFolders
from gateway.channels.https import HttpsChannel
from gateway.channels.sftp import StoreMailbox
from gateway.channels.sftp_chores import CLEAR_OUTBOXES_EVERY, TAKE_IN_QUIET_EVERY, clear_outboxes, take_in_quiet
from gateway.channels.sftp_client import RemoteConnect
from gateway.channels.sftp_poller import RemotePoller
from gateway.channels.sftp_sender import SftpClientTransport
from gateway.channels.sftp_sessions import SessionBoard
from gateway.channels.webhooks import WebhookChannel
from gateway.chores import LANES_LEADER, Chore, Chores, lane_chores
from gateway.errors import GatewayError
from gateway.evidence.checkpoints import CheckpointFolder
from gateway.evidence.signing import signing_key
from gateway.guides import PartnerGuides
from gateway.http_settings import HttpSettings
from gateway.intake import Intake, free_share
from gateway.lanes import Lanes
from gateway.logs import configure_logs
from gateway.metrics import Totals, exposition
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.decided_maps import DecidedMaps, kept_map
from gateway.pipeline.deliver import OutboundLine
from gateway.pipeline.deliver_together import deliver_together
from gateway.pipeline.dispatch_line import DispatchLine
from gateway.pipeline.handing_in import HandIn
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.outbound_terms import OutboundBook
from gateway.pipeline.polling import Polling
from gateway.pipeline.receive import Inlet
from gateway.pipeline.releasing import Releasing
from gateway.pipeline.replay import Replay
from gateway.pipeline.send import SendLine
from gateway.pipeline.told_events import CHANNEL as TOLD
from gateway.pipeline.told_events import ToldEvents
from gateway.pipeline.transport import Transport
from gateway.ports import Clock, SystemClock
from gateway.purging import purge_all, retention_policy
from gateway.routing import Routes
from gateway.settings import Settings, load_settings
from gateway.signals import stop_on_signals
from gateway.state_metrics import StateMetrics
from gateway.store import alerts, audit, expected
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate, open_store
from gateway.store.revisions import keep_revisions
from gateway.store.vault import Vault
from gateway.store.work import Claim
from gateway.store.work_statements import DISPATCH, SEND, WorkTable
from gateway.wakes import Wakes
from gateway.worker_process import Work, WorkerContext
from gateway.workers import Workers
from gateway.workspace import home_of, map_roots, maps_in_force, node_name, profile_roots, routes_of, unmet
from mappings.catalog import MapCatalog
from partners.model import GroupCount
from partners.registry import PartnerRegistry
from partners.remotes import CHANNEL as SFTP_CLIENT
from sftp.keys import PublicKey, new_private_key
from sftp.lockout import Lockout
from sftp.server import SFTPServer
from translators.datafile import LoadError
from translators.x12.guide import GuideLibrary

ROLES = ("sftp", "http", "poller", "worker")
"""What a node may run: the servers; the poller of partners' servers; the workers with the sweep and the sealer."""

WATCHES = "watches"

AS2_PATH = "/as2"
"""Where the HTTP server takes AS2 messages and receipts."""
SEAL_EVERY = timedelta(milliseconds=200)
HAND_IN_EVERY = timedelta(seconds=1)
POLL_EVERY = timedelta(seconds=5)
TELL_EVERY = timedelta(seconds=1)
TELLING_SILENT_SECONDS = 120
"""Mail servers let strangers wait."""
WATCH_EVERY = timedelta(minutes=1)
WATCH_PARTNERS_EVERY = timedelta(minutes=5)
WATCH_NUMBERS_EVERY = timedelta(minutes=15)
RELEASE_EVERY = timedelta(seconds=5)
MARK_OVERDUE_EVERY = timedelta(seconds=15)
WARN_OF_ENDING_EVERY = timedelta(hours=1)
SWEEP_VAULT_EVERY = timedelta(hours=1)
PURGE_EVERY = timedelta(hours=6)
LOOK_FOR_CHECKPOINT_EVERY = timedelta(minutes=1)
ORPHAN_AGE = timedelta(days=1)
POSTGRES_LOOK_SECONDS = 0.2
SERVE_CONNECTIONS = 16
OPERATIONS_CONNECTIONS = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A workspace, loaded, on an open store."""

    settings: Settings
    store: Store
    vault: Vault
    registry: PartnerRegistry
    maps: MapCatalog
    guides: GuideLibrary
    partner_guides: PartnerGuides
    clock: Clock
    as2_keys: AS2Keys
    intake: Intake
    routes: Routes

    @property
    def outbound_book(self) -> OutboundBook:
        """What was agreed about documents of ours."""
        return OutboundBook(self.registry, self.maps, self.guides, self.partner_guides)

    def hand_in(self, channel: str) -> HandIn:
        """Where our own systems hand in documents for partners; `channel` says which one does."""
        return HandIn(self.vault, self.outbound_book, channel)

    def handed_in_folders(self) -> HandedInFolders:
        """What takes in the documents that our own systems lay down for partners."""
        folders = self.settings.hand_in
        hand_ins = {name: self.hand_in(f"{handed_in.CHANNEL}{name}") for name in folders}
        return HandedInFolders(self.store, self.clock, folders, hand_ins)

    def mailbox(self, wake: Callable[[list[str]], None]) -> StoreMailbox:
        """What the SFTP server serves; `wake` is told the lanes of what arrives."""
        return StoreMailbox(
            self.store,
            self.vault,
            self.registry,
            self.clock,
            wake,
            self.settings.inbound.large_bytes,
            self.intake.admit,
        )

    def inlet(self, wake: Callable[[list[str]], None]) -> Inlet:
        """Where channels hand in what arrives; `wake` is told its lanes."""
        large_bytes, admit = self.settings.inbound.large_bytes, self.intake.admit
        return Inlet(self.store, self.vault, self.clock, wake, large_bytes, admit)

    def http_app(self, wake: Callable[[list[str]], None]) -> App:
        """What the HTTP server serves; `wake` is told the lanes of what arrives."""
        channel = HttpsChannel(self.store, self.vault, self.registry, self.clock, self.inlet(wake))
        lockout = Lockout((self.settings.http or HttpSettings()).lockout)
        services = Services(channel, self.intake.admit, lockout)
        return create_app(services, mounts={AS2_PATH: self.as2_endpoint(wake), **self._webhook_endpoints(wake)})

    def _webhook_endpoints(self, wake: Callable[[list[str]], None]) -> Mapping[str, App]:
        """What our own systems post webhooks to, by path."""
        return {
            f"{HOOKS_PATH}{name}": WebhookEndpoint(
                WebhookChannel(
                    name,
                    SignedDocuments(sender.secrets, sender.partners),
                    self.hand_in(f"{webhooks.CHANNEL}{name}"),
                    self.store,
                    self.clock,
                    wake,
                ),
                self.intake.admit,
            )
            for name, sender in self.settings.webhooks.items()
        }

    def transports(self) -> Mapping[str, Transport]:
        """What brings files to partners who do not collect them, by channel."""
        folder, url = _as2_folder(self.settings.home), self.settings.as2.url
        connect = RemoteConnect(self.settings.home)
        return {
            "folder": FolderTransport(self.registry.folders(), home=self.settings.home),
            CHANNEL: AS2Transport(self.store, self.registry, self.as2_keys, self.clock, folder, url),
            MDN_CHANNEL: MDNTransport(self.store, self.registry, folder),
            SFTP_CLIENT: SftpClientTransport(self.store, self.registry, self.clock, connect),
        }

    def folder_watch(self, wake: Callable[[list[str]], None]) -> FolderWatch:
        """What watches the partners' folders; `wake` is told the lanes of what arrives."""
        return FolderWatch(self.registry.folders(), self.inlet(wake), home=self.settings.home, clock=self.clock)

    def as2_endpoint(self, wake: Callable[[list[str]], None]) -> AS2Endpoint:
        """What partners post AS2 messages and receipts to; `wake` is told the lanes of what arrives."""
        folder = _as2_folder(self.settings.home)
        return AS2Endpoint(AS2Inlet(self.inlet(wake), self.registry, self.as2_keys, folder))

    def poller(self, wake: Callable[[list[str]], None]) -> RemotePoller:
        """What fetches from partners' own SFTP servers; `wake` is told the lanes of what arrives."""
        connect = RemoteConnect(self.settings.home)
        return RemotePoller(store=self.store, inlet=self.inlet(wake), registry=self.registry, connect=connect)

    def told_events(self, destination: str, wake: Callable[[set[str]], None]) -> ToldEvents:
        """Where what a business system tells of goes; `wake` is told the lanes that became due by it."""
        return ToldEvents(self.store, self.clock, destination, self.hand_in(f"{TOLD}{destination}"), wake)

    def polls(self, wake: Callable[[set[str]], None]) -> list[Polling]:
        """What polls business systems, one for each destination that can be; `wake` is told the lanes."""
        adapters = {name: found.adapter() for name, found in self.settings.destinations.items()}
        return [
            Polling(self.store, self.clock, name, adapter, self.told_events(name, wake))
            for name, adapter in adapters.items()
            if isinstance(adapter, Pollable)
        ]

    def watches(self) -> Watches:
        """What looks for what nobody reports."""
        partners = self.registry.partners.values()
        by_kind = [one.key for one in partners if one.control_numbers.received_gs06 is GroupCount.KIND]
        return Watches(
            self.store,
            self.clock,
            self.settings.alerts,
            frozenset(self.settings.destinations),
            by_kind,
            lambda: free_share(self.settings.home),
        )

    def alerts_out(self) -> list[BringingOut]:
        """What tells of alerts, one for each channel."""
        channels = self.settings.alerts.channels
        return [BringingOut(self.store, self.clock, name, channel_of(found)) for name, found in channels.items()]

    def work(self, *, worker: str, wake: Callable[[set[str]], None], backoff: Backoff | None = None) -> GatewayWork:
        """What works a claimed row, of either kind.

        Args:
            worker: who we are, for the attempts.
            wake: told the lanes that became due by it, after their commit.
            backoff: between failed deliveries.
        """
        adapters = {name: found.adapter() for name, found in self.settings.destinations.items()}
        inbound = self._inbound(adapters)
        backoff = backoff or Backoff()
        dispatching = DispatchLine(self.store, self.vault, self.outbound_book, self.clock, worker)
        policies = {name: found.policy for name, found in self.settings.destinations.items()}
        outbound = OutboundLine(self.store, adapters, self.clock, worker, backoff, policies, self.routes)
        sending = SendLine(self.store, self.vault, self.transports(), self.clock, worker, backoff)
        rates = {name: policies[name].rate or adapter.manifest.rate for name, adapter in adapters.items()}
        bounded = {name: (rate.requests, timedelta(seconds=rate.seconds)) for name, rate in rates.items() if rate}
        return GatewayWork(inbound, outbound, sending, dispatching, wake, bounded)

    def releasing(self, by: str = "gateway") -> Releasing:
        """What lets go documents that wait for cross references; `by` is told in the audit."""
        adapters = {name: found.adapter() for name, found in self.settings.destinations.items()}
        return Releasing(self._inbound(adapters), by)

    def replay(self, *, by: str, reason: str) -> Replay:
        """What replays for a person; `by` and `reason` are told in the audit."""
        adapters = {name: found.adapter() for name, found in self.settings.destinations.items()}
        promised = {name: adapter.manifest.idempotency for name, adapter in adapters.items()}
        return Replay(self._inbound(adapters), self.outbound_book, promised, by, reason)

    def _inbound(self, adapters: Mapping[str, Adapter]) -> InboundLine:
        return InboundLine(
            store=self.store,
            vault=self.vault,
            registry=self.registry,
            maps=self.maps,
            guides=self.guides,
            partner_guides=self.partner_guides,
            clock=self.clock,
            in_flight={name: adapter.manifest.max_in_flight for name, adapter in adapters.items()},
            routes=self.routes,
        )


@dataclass(frozen=True, slots=True)
class GatewayWork:
    """What works a claimed row, of any kind; lanes are woken once for a batch.

    Args:
        rates: destination -> requests it may be given, and in how long.
    """

    inbound: InboundLine
    outbound: OutboundLine
    sending: SendLine
    dispatching: DispatchLine
    wake: Callable[[set[str]], None]
    rates: Mapping[str, tuple[int, timedelta]] = field(default_factory=dict)
    _due: set[str] = field(default_factory=set)

    def __call__(self, claim: Claim) -> bool | None:
        """Work one row; True for a received transmission and a delivered document, which then are at their end."""
        if claim.lane.startswith(DISPATCH):
            self._due.update(self.dispatching.work(claim))
            return None
        if claim.table is WorkTable.DELIVERY:
            return self.outbound.work(claim)
        if claim.lane.startswith(SEND):
            self.sending.work(claim)
            return None
        self._due.update(self.inbound.work(claim))
        return True

    def batch_ended(self) -> None:
        """Wake the lanes that its rows made due."""
        self.wake(set(self._due))
        self._due.clear()

    def together(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Deliver or dispatch those of a batch that can go together; the others are returned."""
        if claims[0].lane.startswith(DISPATCH):
            left, lanes = self.dispatching.together(claims)
            self._due.update(lanes)
            return left
        if claims[0].table is not WorkTable.DELIVERY:
            return claims
        return deliver_together(self.outbound, claims)


def load_gateway(settings: Settings, store: Store, *, clock: Clock | None = None) -> Gateway:
    """Load a workspace on an open store, which remembers the revisions of its maps and partners.

    Raises:
        LoadError: every mistake in its maps and those its agreements name, its partner profiles and guides, and every
            agreement that names a map or destination there is not.
    """
    clock = clock or SystemClock()
    guides = GuideLibrary.shipped()
    registry = PartnerRegistry.load(profile_roots(settings.home, samples=settings.samples), now=clock.now)
    maps = DecidedMaps(map_roots(settings.home), guides=guides, store=store, clock=clock)
    partner_guides = PartnerGuides(registry, guides)
    wanted = maps_in_force(settings.home, registry, maps.names())
    faults = [*maps.load(wanted), *partner_guides.faults]
    as2_keys = load_keys(settings.home, registry.ourselves.values(), faults=faults)
    faults += unknown_partners(settings.alerts, registry.partners)
    faults += unmet(registry, maps=maps, destinations=settings.destinations)
    routes = Routes()
    try:
        routes = routes_of(settings, registry)
    except LoadError as error:
        faults += error.faults
    if faults:
        raise LoadError(faults)
    loaded = [maps.written(name) for name in wanted]
    with store.begin() as conn:
        keep_revisions(
            conn,
            maps={(found.name, found.revision): kept_map(maps, found) for found in loaded},
            partners=[(partner.key, partner.revision) for _, partner in registry.revisions()],
            at=clock.now(),
        )
    vault = Vault(store, settings.home / "vault", clock)
    intake = Intake(store, clock, high_water=settings.inbound.high_water, free=lambda: free_share(settings.home))
    return Gateway(settings, store, vault, registry, maps, guides, partner_guides, clock, as2_keys, intake, routes)


def build_work(context: WorkerContext) -> Work:
    """A worker process's work: the factory that `gateway.workers` is given."""
    configure_logs(context.options["log_level"])
    gateway = load_gateway(load_settings(Path(context.options["home"])), context.store, clock=context.clock)
    return gateway.work(worker=context.worker, wake=context.lanes.wake)


@contextmanager
def workspace_store(home: Path | None) -> Iterator[Store]:
    """The store of a workspace, for a command that reads it.

    The embedded server is started where it does not run, and then stopped again.

    Raises:
        StoreUnavailable: the database does not answer.
        GatewayError: there is no workspace.
    """
    settings = load_settings(home_of(home))
    if settings.database_url is None and not settings.home.is_dir():
        raise GatewayError(f"there is no workspace at {settings.home}; name one with --home or run tradelane serve")
    with ExitStack() as stack:
        embedded = EmbeddedPostgres(settings.home)
        if settings.database_url is None and not embedded.running():
            stack.callback(embedded.stop)
        url = database_url(settings)
        migrate(url)
        store = open_store(url, connections=2)
        stack.callback(store.close)
        yield store


def database_url(settings: Settings) -> str:
    """Where the database is; the embedded one is started where it does not run."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.home).start()


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs its roles."""

    gateway: Gateway
    server: SFTPServer | None
    stop: Event
    http: HttpServer | None = None
    operations: HttpServer | None = None

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
    """
    with running(home, roles=roles, workers=workers) as found:
        if found.server is not None:
            host, port = found.sftp_address
            log.info("serving", home=str(home), host=host, port=port, host_key=found.host_key.fingerprint)
        else:
            log.info("serving", home=str(home), roles=list(roles or ROLES))
        found.wait_until_stopped()
        log.info("stopping")


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
        migrate(url)
        store = open_store(
            url, connections=SERVE_CONNECTIONS + len(settings.destinations) + 2 * len(settings.alerts.channels)
        )
        stack.callback(store.close)
        gateway = load_gateway(settings, store)
        lanes = Lanes(store)
        stack.callback(lanes.close)
        totals = Totals()
        operations = _operations_server(gateway, totals)
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
                node=stack.enter_context(node_name(settings.home)),
                factory="gateway.app:build_work",
                count=workers or settings.workers,
                options={"home": str(settings.home), "log_level": log_level},
                counted=totals.add,
            )
            lane_work = Chores(store, lane_chores(store, lanes, gateway.clock), leader=LANES_LEADER)
            chores = Chores(store, _gateway_chores(gateway, lanes))
            threads.append(Thread(target=parent.run, args=(stop,), name="workers"))
            threads.append(Thread(target=lane_work.run, args=(stop,), name="lane chores"))
            threads.append(Thread(target=chores.run, args=(stop,), name="chores"))
            keep_channels(gateway)
            watches = Chores(store, _watch_chores(gateway.watches()), leader=WATCHES)
            threads.append(Thread(target=watches.run, args=(stop,), name=WATCHES))
            threads += [_alert_thread(gateway, bringing, stop) for bringing in gateway.alerts_out()]
        if "poller" in wanted:
            threads.append(Thread(target=gateway.poller(lanes.wake).run, args=(stop,), name="poller"))
            threads.append(Thread(target=gateway.folder_watch(lanes.wake).run, args=(stop,), name="folders"))
            threads += [_poll_thread(gateway, polling, stop) for polling in gateway.polls(lanes.wake)]
        stack.callback(_join, stop, threads)
        for thread in threads:
            thread.start()
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
        http = None
        if "http" in wanted:
            http = _http_server(gateway, lanes)
            http.start()
            stack.callback(http.stop)
        yield Running(gateway, server, stop, http, operations)


def _poll_thread(gateway: Gateway, polling: Polling, stop: Event) -> Thread:
    """Polls a business system on the one node that leads there; whatever it waits for, others are polled."""
    name = f"poll {polling.destination}"
    chores = Chores(gateway.store, [Chore(name, POLL_EVERY, lambda: polling.run(stop))], leader=name)
    return Thread(target=chores.run, args=(stop,), name=name)


def keep_channels(gateway: Gateway) -> None:
    """From now on alerts are left for the channels of the settings.

    Raises:
        StoreUnavailable: the database is gone.
    """
    with gateway.store.begin() as conn:
        given_up = alerts.keep_channels(conn, gateway.settings.alerts.channels, at=gateway.clock.now())
    if given_up:
        log.warning("alert.channels_gone", given_up=given_up)


def _watch_chores(watches: Watches) -> list[Chore]:
    return [
        Chore("watch the destinations", WATCH_EVERY, watches.look_at_destinations),
        Chore("watch the lanes", WATCH_EVERY, watches.look_at_lanes),
        Chore("watch the disk", WATCH_EVERY, watches.look_at_disk, everywhere=True),
        Chore("watch the partners", WATCH_PARTNERS_EVERY, watches.look_at_partners),
        Chore("watch the control numbers", WATCH_NUMBERS_EVERY, watches.look_at_numbers),
    ]


def _alert_thread(gateway: Gateway, bringing: BringingOut, stop: Event) -> Thread:
    """Tells one channel on the one node that leads there; however slow it is, the others are told."""
    name = f"alerts to {bringing.name}"
    tell = Chore(name, TELL_EVERY, lambda: bringing.run(stop))
    chores = Chores(gateway.store, [tell], leader=name, silent_after=TELLING_SILENT_SECONDS)
    return Thread(target=chores.run, args=(stop,), name=name)


def _operations_server(gateway: Gateway, totals: Totals) -> HttpServer | None:
    """Metrics and health, where they are asked for; a second node on a machine goes without, and says so."""
    settings = gateway.settings.operations
    if settings is None:
        return None
    state = StateMetrics(gateway.store, gateway.clock, gateway.intake, free=lambda: free_share(gateway.settings.home))
    app = Operations(lambda: exposition(totals, state), gateway.intake.admit)
    try:
        return HttpServer(app, host=settings.host, port=settings.port, connections=OPERATIONS_CONNECTIONS)
    except GatewayError as error:
        log.warning("operations.not_listening", reason=str(error))
        return None


def _http_server(gateway: Gateway, lanes: Lanes) -> HttpServer:
    settings = gateway.settings.http or HttpSettings()
    return HttpServer(
        gateway.http_app(lanes.wake),
        host=settings.host,
        port=settings.port,
        connections=settings.connections,
        tls=settings.tls,
        trusted_proxies=settings.proxies,
    )


def _gateway_chores(gateway: Gateway, lanes: Lanes) -> list[Chore]:
    sealer = audit.Sealer(gateway.store)
    box = gateway.mailbox(lanes.wake)
    return [
        Chore("seal the audit log", SEAL_EVERY, sealer.seal_pending),
        Chore("take in quiet files", TAKE_IN_QUIET_EVERY, lambda: take_in_quiet(box)),
        Chore("clear the outboxes", CLEAR_OUTBOXES_EVERY, lambda: clear_outboxes(box)),
        Chore("warn of ending certificates", WARN_OF_ENDING_EVERY, lambda: warn_of_certificates(gateway)),
        Chore("take in what is handed in", HAND_IN_EVERY, gateway.handed_in_folders().take_in),
        Chore("release what waits for cross references", RELEASE_EVERY, lambda: gateway.releasing().run()),
        Chore("mark overdue acknowledgments", MARK_OVERDUE_EVERY, lambda: mark_overdue(gateway)),
        Chore("checkpoint the audit log", LOOK_FOR_CHECKPOINT_EVERY, lambda: write_checkpoint(gateway)),
        Chore("purge what is past its days", PURGE_EVERY, lambda: purge_past(gateway)),
        Chore("sweep the vault", SWEEP_VAULT_EVERY, lambda: gateway.vault.sweep_orphans(ORPHAN_AGE), everywhere=True),
    ]


def warn_of_certificates(gateway: Gateway) -> int:
    """Tell of certificates that end soon; how many were told of.

    Raises:
        StoreUnavailable: the database is gone.
    """
    return warn_of_ending(gateway.store, gateway.registry, gateway.as2_keys, at=gateway.clock.now())


def purge_past(gateway: Gateway) -> None:
    """Purge what is past its days and free to go.

    Raises:
        StoreUnavailable: the database is gone; what was purged by then stays so.
    """
    policy = retention_policy(gateway.settings, gateway.registry)
    done = purge_all(gateway.store, policy, by="gateway", at=gateway.clock.now())
    if done.transmissions:
        log.info("retention.purged", transmissions=done.transmissions, bytes=done.freed)


def write_checkpoint(gateway: Gateway) -> Path | None:
    """Write the checkpoint of the audit log that is due; its file.

    Raises:
        GatewayError: the database is gone, or the key is refused.
        OSError: the folder is not there, or does not take it.
    """
    settings = gateway.settings.audit
    if settings.checkpoints is None:
        return None
    folder = CheckpointFolder(settings.checkpoints, settings.every)
    return folder.write_due(gateway.store, signing_key(gateway.settings.home), at=gateway.clock.now())


def mark_overdue(gateway: Gateway) -> int:
    """Mark every acknowledgment that did not come in time, an exception each; how many there were.

    Raises:
        StoreUnavailable: the database is gone.
    """
    marked = 0
    while True:
        with gateway.store.begin() as conn:
            count = expected.mark_overdue(conn, at=gateway.clock.now())
        marked += count
        if count < expected.MARKED_AT_ONCE:
            break
    if marked:
        log.warning("acknowledgments.overdue", count=marked)
    return marked


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


def _as2_folder(home: Path) -> Path:
    """Where AS2 messages lie while they are opened or made."""
    folder = home / "as2-spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _spool_folder(home: Path) -> Path:
    folder = home / "sftp" / "spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
