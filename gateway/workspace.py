"""The workspace folder: where maps and partner profiles are found, there and beside the program; who runs on it."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from translators.datafile import LoadFault, Place, did_you_mean

if TYPE_CHECKING:
    from gateway.destinations import Destination
    from gateway.routing import Routes
    from gateway.settings import Settings
    from mappings.catalog import MapCatalog
    from partners.registry import PartnerRegistry
    from translators.x12.guide import GuideLibrary


def home_of(home: Path | None) -> Path:
    """The workspace folder: as given, or ./tradelane-home."""
    return (home or Path("tradelane-home")).resolve()


def maps_of(home: Path | None, *, guides: GuideLibrary) -> MapCatalog:
    """The workspace's own maps and the shipped ones."""
    from mappings.catalog import MapCatalog

    return MapCatalog(map_roots(home_of(home)), guides=guides)


def registry_of(home: Path | None) -> PartnerRegistry:
    """The shipped partners and the workspace's own.

    Raises:
        translators.datafile.LoadError: a profile has mistakes.
    """
    from gateway.settings import load_settings
    from partners.registry import PartnerRegistry

    settings = load_settings(home_of(home))
    return PartnerRegistry.load(profile_roots(settings.home, samples=settings.samples))


def vault_folder(home: Path) -> Path:
    """Where a workspace keeps its large payloads."""
    return home / "vault"


def map_roots(home: Path) -> list[Path]:
    """Folders of maps: the workspace's, which hides a shipped one of the same name, then the shipped ones."""
    import mappings

    return [home / "mappings" / "maps", Path(mappings.__path__[0]) / "maps"]


def profile_roots(home: Path, *, samples: bool) -> list[Path]:
    """Folders of partner profiles: the shipped samples where they are wanted, and the workspace's."""
    import partners

    own = home / "partners" / "profiles"
    return [Path(partners.__path__[0]) / "profiles", own] if samples else [own]


def maps_in_force(home: Path, registry: PartnerRegistry, maps: Collection[str]) -> list[str]:
    """The maps a gateway loads before it serves: the workspace's own, and the shipped ones that agreements name.

    Those that no agreement names wait until somebody asks for them, so that a start costs what it uses.

    Args:
        home: the workspace folder.
        registry: whose agreements.
        maps: the names of all maps there are.
    """
    own = map_roots(home)[0]
    named = {agreement.map for _, partner in registry.revisions() for agreement in partner.agreements}
    return [name for name in maps if name in named or (own / name).is_dir()]


def unmet(registry: PartnerRegistry, *, maps: MapCatalog, destinations: Mapping[str, Destination]) -> list[LoadFault]:
    """Agreements that name a map or a destination there is not, or a map of another format; each at its place.

    Nor may one of live documents name destinations for tests only: they would go nowhere.
    """
    from gateway.model import Environment
    from partners.model import Usage

    for_tests = {name for name, found in destinations.items() if found.environment is Environment.TEST}
    faults = []
    names = maps.names()
    for _, partner in registry.revisions():
        for agreement in partner.agreements:
            place = agreement.place or Place(partner.key, 1, 1)
            if agreement.map and agreement.map not in names:
                hint = did_you_mean(agreement.map, names)
                faults.append(LoadFault(place, f'there is no map "{agreement.map}"{hint}'))
            elif agreement.map and (sides := maps.sides(agreement.map)) is not None:
                side, verb = (sides.reads, "reads") if agreement.direction == "in" else (sides.makes, "makes")
                if side.word != agreement.syntax:
                    text = f"the agreement is of syntax {agreement.syntax}, and the map {agreement.map} {verb} {side}"
                    faults.append(LoadFault(place, text))
            faults += [
                LoadFault(place, f'no destination "{name}" in tradelane.yaml{did_you_mean(name, destinations)}')
                for name in agreement.deliver_to
                if name not in destinations
            ]
            live = agreement.criteria.usage is not Usage.TEST
            if live and agreement.deliver_to and set(agreement.deliver_to) <= for_tests:
                text = "all destinations of the agreement are for test documents; name a live one, or say usage: test"
                faults.append(LoadFault(place, text))
    return faults


def routes_of(settings: Settings, registry: PartnerRegistry) -> Routes:
    """The rules of a workspace that say where documents go.

    Raises:
        LoadError: they have mistakes.
    """
    from gateway.routing import load_routes

    destinations = {name: found.environment for name, found in settings.destinations.items()}
    return load_routes(
        settings.home, destinations=destinations, partners=registry.partners, entities=registry.ourselves
    )


@contextmanager
def node_name(home: Path) -> Iterator[str]:
    """A name for a node of this workspace, ours until the block ends or this process does.

    A node that was killed and started again has the name it had, so that what it left in hand is given back at once
    and not when its heartbeat is missed. Each name is a file whose lock the system frees with its holder; several nodes
    on one workspace find files of their own.

    Args:
        home: the workspace folder.
    """
    folder = home / "nodes"
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in count(1):
        descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            known = os.read(descriptor, 64).decode("ascii", "replace")
            mark = known if known.isalnum() else uuid4().hex[:12]
            os.pwrite(descriptor, mark.encode(), 0)
            # The host is not kept in the file: a copy of the folder on another machine is another node.
            yield f"{socket.gethostname()}.{mark}"
            return
        finally:
            os.close(descriptor)
