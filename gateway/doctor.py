"""Look at everything a gateway needs: what is there, what is missing, what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.alert_settings import unknown_partners
from gateway.errors import GatewayError
from gateway.intake import LEAST_FREE_SHARE
from gateway.settings import Settings, load_settings
from gateway.store import alerts, audit, destinations, nodes
from gateway.store.nodes import NodeState, NodeView
from gateway.store.vault_marks import has_mark
from gateway.workspace import vault_folder
from translators.datafile import LoadError

PACKAGES = ("gateway", "translators", "partners", "mappings", "sftp")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `todo` says what to do where it is not `ok`."""

    name: str
    ok: bool
    found: str
    todo: str = ""


def examine(home: Path) -> list[Finding]:
    """Every finding about a workspace and the machine it is on, in the order in which they are set right."""
    findings = [_python(), _packages(), _disk(home)]
    try:
        settings = load_settings(home)
    except LoadError as error:
        return [*findings, *_mistakes("settings", error)]
    findings.append(Finding("settings", True, f"{home}, {settings.workers} workers, SFTP port {settings.sftp.port}"))
    findings += _workspace(settings)
    findings += _destinations(settings)
    return [*findings, *_database(settings)]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "want 3.11")


def _packages() -> Finding:
    """All five packages must come from one place: their names are generic, and others use them too."""
    places = {Path(str(__import__(name).__file__)).resolve().parent.parent for name in PACKAGES}
    ok = len(places) == 1
    todo = "" if ok else "install Tradelane into an environment of its own"
    return Finding("packages", ok, ", ".join(sorted(map(str, places))), todo)


def _disk(home: Path) -> Finding:
    there = next(folder for folder in (home, *home.parents) if folder.is_dir())
    usage = shutil.disk_usage(there)
    share = usage.free / usage.total
    todo = "" if share >= LEAST_FREE_SHARE else "make room: below 5 % nothing is accepted"
    return Finding("disk", share >= LEAST_FREE_SHARE, f"{share:.0%} free at {there}", todo)


def _workspace(settings: Settings) -> list[Finding]:
    from gateway.workspace import map_roots, profile_roots, routes_of, unmet
    from mappings.catalog import MapCatalog
    from partners.registry import PartnerRegistry

    maps = MapCatalog(map_roots(settings.home))
    faults = maps.load_all()
    findings = _mistakes("maps", LoadError(faults)) if faults else [Finding("maps", True, f"{len(maps.names())} load")]
    try:
        registry = PartnerRegistry.load(profile_roots(settings.home, samples=settings.samples))
    except LoadError as error:
        return [*findings, *_mistakes("partners", error)]
    missing = unmet(registry, maps=maps, destinations=settings.destinations)
    missing += unknown_partners(settings.alerts, registry.partners)
    if missing:
        return [*findings, *_mistakes("partners", LoadError(missing))]
    findings.append(Finding("partners", True, f"{len(registry.partners)} load"))
    try:
        rules = routes_of(settings, registry).rules
    except LoadError as error:
        return [*findings, *_mistakes("routing", error)]
    return [*findings, Finding("routing", True, f"{len(rules)} rules" if rules else "as agreed")]


def _destinations(settings: Settings) -> list[Finding]:
    if not settings.home.is_dir():
        return []
    return [
        Finding(f"destination {name}", part.ok, part.name, "" if part.ok else part.message)
        for name, destination in settings.destinations.items()
        for part in destination.adapter().check().findings
    ]


def _database(settings: Settings) -> list[Finding]:
    from gateway.app import workspace_store

    troubles: list[Finding] = []

    def open_and_verify() -> str:
        with workspace_store(settings.home) as store:
            report = audit.verify(store)
            with store.begin() as conn:
                troubles.extend(map(_trouble, destinations.in_trouble(conn)))
                troubles.extend(_untold(found) for found in alerts.channels(conn) if found.failures)
                known = nodes.listed(conn)
            troubles.extend(_nodes(known, vault=vault_folder(settings.home)))
        if not report.ok:
            raise GatewayError(f"the audit chain is broken at {len(report.faults)} rows; see tradelane audit verify")
        return f"answers; audit chain of {report.rows} rows holds"

    kind = "embedded" if settings.database_url is None else "served"
    if settings.database_url is None and not settings.home.is_dir():
        return [Finding("database", True, "embedded; made when the gateway first runs")]
    return [_tried(f"database ({kind})", open_and_verify), *troubles]


def _trouble(found: destinations.Trouble) -> Finding:
    """A destination that did not answer when it was last given something."""
    next_at = "" if found.paused_until is None else f", next try at {found.paused_until.isoformat(timespec='seconds')}"
    said = f"{found.failures} failures since {found.since.isoformat(timespec='seconds')}{next_at}"
    return Finding(f"deliveries to {found.destination}", False, said, found.reason)


def _untold(found: alerts.ChannelState) -> Finding:
    """A channel that did not take the last alert it was told."""
    return Finding(f"alerts to {found.name}", False, f"{found.waiting} wait to be told", found.reason or "")


def _nodes(known: Sequence[NodeView], *, vault: Path) -> list[Finding]:
    """What is wrong with the nodes, and among them."""
    findings = []
    for one in known:
        if one.rows and one.state is not NodeState.ALIVE:
            last = f"{one.state}, last heard of {one.heartbeat_at.isoformat(timespec='seconds')}"
            todo = "another node takes them over within 45 s; if they stay, start one with the role worker"
            findings.append(Finding(f"node {one.name}", False, f"{last}, with {one.rows} rows in hand", todo))
    alive = [one for one in known if one.state is NodeState.ALIVE]
    if alive:
        findings.append(Finding("nodes", True, f"{len(alive)} alive"))
    for what, told in (("versions", {one.version for one in alive}), ("schemas", {one.schema for one in alive})):
        if len(told) > 1:
            todo = "bring the upgrade to its end: restart the older ones on the new version, one by one"
            findings.append(Finding(f"{what} of nodes", False, ", ".join(sorted(told)), todo))
    apart = [one.name for one in alive if one.vault is not None and not has_mark(vault, one.name, one.vault)]
    if apart:
        todo = f"large files are kept in a folder: let all nodes have the same one at {vault}"
        findings.append(Finding("vault", False, f"not the folder of {', '.join(apart)}", todo))
    return findings


def _tried(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except (GatewayError, OSError) as error:
        return Finding(name, False, "does not work", str(error))


def _mistakes(name: str, error: LoadError) -> list[Finding]:
    return [Finding(name, False, str(fault.place), fault.message) for fault in error.faults]
