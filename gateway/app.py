"""Where all is joined: a workspace becomes a gateway, with everything its lines and channels are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from gateway.adapters.events import Pollable
from gateway.adapters.protocol import Adapter
from gateway.adapters.signed_documents import SignedDocuments
from gateway.alert_settings import unknown_partners
from gateway.alerts.bringing_out import BringingOut, channel_of
from gateway.alerts.watches import Watches
from gateway.api.app import create_app
from gateway.api.limits import App
from gateway.api.services import Services
from gateway.api.webhooks import HOOKS_PATH, WebhookEndpoint
from gateway.as2.server import AS2Endpoint
from gateway.channels import handed_in, webhooks
from gateway.channels.as2 import CHANNEL, MDN_CHANNEL, AS2Inlet
from gateway.channels.as2_keys import AS2Keys, load_keys
from gateway.channels.as2_transport import AS2Transport, MDNTransport
from gateway.channels.folder import FolderWatch
from gateway.channels.folder_transport import FolderTransport
from gateway.channels.handed_in import HandedInFolders
from gateway.channels.https import HttpsChannel
from gateway.channels.sftp import StoreMailbox
from gateway.channels.sftp_client import RemoteConnect
from gateway.channels.sftp_poller import RemotePoller
from gateway.channels.sftp_sender import SftpClientTransport
from gateway.channels.webhooks import WebhookChannel
from gateway.errors import GatewayError
from gateway.guides import PartnerGuides
from gateway.http_settings import HttpSettings
from gateway.intake import Intake, free_share
from gateway.logs import configure_logs
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
from gateway.routing import Routes
from gateway.settings import Settings, load_settings
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate, migrate_new, open_store
from gateway.store.revisions import keep_revisions, profiles_kept
from gateway.store.vault import Vault
from gateway.store.work import Claim
from gateway.store.work_statements import DISPATCH, INBOUND, SEND, WorkTable
from gateway.worker_process import Work, WorkerContext
from gateway.workspace import home_of, map_roots, maps_in_force, profile_roots, routes_of, unmet, vault_folder
from mappings.catalog import MapCatalog
from partners.model import GroupCount
from partners.registry import PartnerRegistry
from partners.remotes import CHANNEL as SFTP_CLIENT
from partners.revision import resolved
from sftp.lockout import Lockout
from translators.datafile import LoadError
from translators.x12.guide import GuideLibrary

AS2_PATH = "/as2"
"""Where the HTTP server takes AS2 messages and receipts."""
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

    def free_share(self) -> float:
        """The share that is free of the fullest disk that this node keeps things on, from 0 to 1."""
        return free_share(disks_of(self.settings))

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
            self.free_share,
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

    def replay(self, *, by: str, reason: str, not_there: bool = False) -> Replay:
        """What replays for a person; `by` and `reason` are told in the audit. See `Replay` of `not_there`."""
        adapters = {name: found.adapter() for name, found in self.settings.destinations.items()}
        promised = {name: adapter.manifest.idempotency for name, adapter in adapters.items()}
        return Replay(self._inbound(adapters), self.outbound_book, promised, by, reason, not_there)

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
        """Work those of a batch that can go together; the others are returned."""
        if claims[0].lane.startswith(DISPATCH):
            left, lanes = self.dispatching.together(claims)
            self._due.update(lanes)
            return left
        if claims[0].table is WorkTable.DELIVERY:
            return deliver_together(self.outbound, claims)
        if claims[0].lane.startswith(INBOUND):
            left, lanes = self.inbound.together(claims)
            self._due.update(lanes)
            return left
        return claims


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
        known = profiles_kept(conn)
        keep_revisions(
            conn,
            maps={(found.name, found.revision): kept_map(maps, found) for found in loaded},
            partners={
                (partner.key, partner.revision): resolved(partner)
                for _, partner in registry.revisions()
                if (partner.key, partner.revision) not in known
            },
            at=clock.now(),
        )
    vault = Vault(store, vault_folder(settings.home), clock)
    intake = Intake(store, clock, high_water=settings.inbound.high_water, free=lambda: free_share(disks_of(settings)))
    return Gateway(settings, store, vault, registry, maps, guides, partner_guides, clock, as2_keys, intake, routes)


def disks_of(settings: Settings) -> tuple[Path, ...]:
    """The folders a node keeps things in: its home, and the data of the PostgreSQL that it runs itself."""
    if settings.database_url is not None:
        return (settings.home,)
    return (settings.home, EmbeddedPostgres(settings.home).folder)


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
        url, alone = stack.enter_context(_database(settings))
        if alone:
            migrate(url)
        else:
            migrate_new(url)
        store = open_store(url, connections=2)
        stack.callback(store.close)
        yield store


@contextmanager
def workspace_database(home: Path | None) -> Iterator[str]:
    """The URL of a workspace's database, whatever its schema; the embedded server as in `workspace_store`.

    Raises:
        StoreUnavailable: the embedded server does not start.
    """
    with _database(load_settings(home_of(home))) as (url, _alone):
        yield url


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[str, bool]]:
    """The URL, and whether nobody else has this database: it is embedded and we started it."""
    embedded = EmbeddedPostgres(settings.home)
    alone = settings.database_url is None and not embedded.running()
    with ExitStack() as stack:
        if alone:
            stack.callback(embedded.stop)
        yield database_url(settings), alone


def database_url(settings: Settings) -> str:
    """Where the database is; the embedded one is started where it does not run."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.home).start()


def _as2_folder(home: Path) -> Path:
    """Where AS2 messages lie while they are opened or made."""
    folder = home / "as2-spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
