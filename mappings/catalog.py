"""MapCatalog: the maps of some folders, by name; `acme/850.in` is the file `acme/850.in/map.yaml` of one of them."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from mappings.compiled import CompiledMap
from mappings.compiler import compile_map
from mappings.errors import UnknownMap
from mappings.inverse import taken_over
from mappings.spec import CANONICAL_SIDE, Header, MapSpec, Origin, effective, merged, read_header, read_spec
from translators.canonical.registry import CANONICAL
from translators.datafile import LoadError, LoadFault, did_you_mean
from translators.x12.guide import GuideLibrary

MAP_FILE = "map.yaml"
MAX_EXTENDS = 4
"""Maps a map may have below it."""
KEPT = 256
"""So many compiled maps serve the other catalogs of a process, too, where all files they are made of are the same."""
SHIPPED = Path(__file__).parent / "maps"
"""The maps that come with Tradelane."""


_kept: dict[tuple[object, ...], tuple[CompiledMap, list[MapSpec], GuideLibrary]] = {}
"""By name, and by the very specs and guides, which are kept as well so that no other can stand at their address."""
_keeping = Lock()


class MapCatalog:
    """Maps of several folders, each laid out as `<partner>/<document>.<direction>/map.yaml`.

    A map found in an earlier folder hides one of the same name in a later one, so the workspace stands first. Maps are
    compiled when asked for, once; a changed file is seen by a new catalog.
    """

    def __init__(self, roots: Sequence[Path], *, guides: GuideLibrary | None = None) -> None:
        self._roots = tuple(roots)
        self._guides = guides or GuideLibrary.shipped()
        self._specs: dict[str, tuple[MapSpec, list[LoadFault]]] = {}
        self._compiled: dict[str, CompiledMap] = {}

    @classmethod
    def shipped(cls) -> MapCatalog:
        """The maps that come with Tradelane, alone."""
        return cls([SHIPPED])

    def names(self) -> list[str]:
        """The names of all maps, in order."""
        found = {
            path.parent.relative_to(root).as_posix() for root in self._roots for path in root.glob(f"*/*/{MAP_FILE}")
        }
        return sorted(found)

    def folder(self, name: str) -> Path:
        """The folder of a map, where its samples lie too.

        Raises:
            UnknownMap: there is none of that name.
        """
        parts = name.split("/")
        if len(parts) == 2 and all(part and part not in (".", "..") and "\\" not in part for part in parts):
            for root in self._roots:
                if (root / name / MAP_FILE).is_file():
                    return root / name
        raise UnknownMap(f'no map "{name}"{did_you_mean(name, self.names())}')

    def find(self, name: str) -> CompiledMap:
        """The map of that name, compiled; what is in force, where somebody decides that.

        Raises:
            UnknownMap: there is none.
            LoadError: it, or a map it extends, has faults; all of them.
        """
        return self.written(name)

    def written(self, name: str) -> CompiledMap:
        """The map as its file says it, compiled.

        Raises:
            UnknownMap: there is none.
            LoadError: it, or a map it extends, has faults; all of them.
        """
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def sides(self, name: str) -> Header | None:
        """What a map reads and makes, without compiling it; None where its header does not say.

        Raises:
            UnknownMap: there is none of that name.
        """
        spec, _ = self._merged(name, ())
        found = None if spec is None or spec.header is None else read_header(spec.header)
        return None if isinstance(found, LoadFault) else found

    def mutable(self, name: str) -> CompiledMap:
        """The map of that name, its rules to be switched off one by one; compiled anew.

        Raises:
            UnknownMap: there is none.
            LoadError: it has faults.
        """
        return self._compile(name, mutable=True)

    def drafted(self, name: str, draft: Path) -> CompiledMap:
        """A map file that is not in force, compiled under the name of the map it is to replace.

        Raises:
            UnknownMap: it extends a map that is not there.
            LoadError: it, or a map it extends, has faults.
        """
        other = MapCatalog(self._roots, guides=self._guides)
        other._specs[name] = read_spec(draft.read_bytes(), origin=Origin(f"{name}/{MAP_FILE}", str(draft)))
        return other.find(name)

    def sources(self, name: str) -> dict[str, str]:
        """The text of every file a map is made of: its own, those it extends, and what it is like.

        Raises:
            UnknownMap: one of them is not there.
        """
        return {each: (self.folder(each) / MAP_FILE).read_text(encoding="utf-8") for each in self._parts(name)}

    def _parts(self, name: str) -> dict[str, MapSpec]:
        """What a map is made of: itself, those it extends, and what it is like."""
        found: dict[str, MapSpec] = {}
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in found:
                spec = found[each] = self._spec(each)[0]
                waiting += [written.text for written in (spec.extends, spec.like) if written is not None]
        return found

    def load_all(self) -> list[LoadFault]:
        """Compile every map; every fault of every file, each once."""
        return self.load(self.names())

    def load(self, names: Iterable[str]) -> list[LoadFault]:
        """Compile the maps of these names; every fault of every file, each once.

        Raises:
            UnknownMap: there is none of a name.
        """
        faults: dict[LoadFault, None] = {}
        names = list(names)
        with _without_collection():
            self._load_what_is_extended(names)
            for name in names:
                try:
                    self.written(name)
                except LoadError as error:
                    faults.update(dict.fromkeys(error.faults))
        return sorted(faults, key=lambda fault: (fault.place.file, fault.place.line, fault.place.column))

    def _load_what_is_extended(self, names: Sequence[str]) -> None:
        """Compile the maps below those of these names; faults of theirs are told of the maps that extend them."""
        for name in names:
            chain: list[str] = []
            below = self._spec(name)[0].extends
            with suppress(UnknownMap):
                while below is not None and below.text not in chain and len(chain) < MAX_EXTENDS:
                    chain.append(below.text)
                    below = self._spec(below.text)[0].extends
            for each in reversed(chain):
                with suppress(UnknownMap, LoadError):
                    self.written(each)

    def _sound_below(self, name: str) -> MapSpec | None:
        """What a map extends, merged, where that is compiled already, so without faults."""
        below = self._spec(name)[0].extends
        if below is None or below.text not in self._compiled:
            return None
        under, _ = self._merged(below.text, ())
        return None if under is None or under.like is not None else effective(under)

    def _compile(self, name: str, *, mutable: bool = False) -> CompiledMap:
        spec, faults = self._merged(name, ())
        if spec is None:
            raise LoadError(faults)
        spec, further = self._with_like(spec)
        faults = faults + further
        parts = [] if faults or mutable or not _stands_alone(spec) else list(self._parts(name).values())
        key = (name, id(self._guides), *map(id, parts))
        if parts and (kept := _kept.get(key)) is not None:
            return kept[0]
        try:
            under = self._sound_below(name)
            compiled = compile_map(name, effective(spec), guides=self._guides, mutable=mutable, under=under)
        except LoadError as error:
            raise LoadError(dict.fromkeys([*faults, *error.faults])) from error
        if faults:
            raise LoadError(dict.fromkeys(faults))
        if parts:
            with _keeping:
                if len(_kept) >= KEPT:
                    del _kept[next(iter(_kept))]
                _kept[key] = compiled, parts, self._guides
        return compiled

    def _with_like(self, spec: MapSpec) -> tuple[MapSpec, list[LoadFault]]:
        """The map over what it takes over from an inbound one by `like:`."""
        if spec.like is None or spec.header is None:
            return spec, []
        place, name = spec.like.place, spec.like.text
        try:
            self.folder(name)
        except UnknownMap as error:
            return spec, [LoadFault(place, str(error))]
        under, faults = self._merged(name, ())
        ends, other = read_header(spec.header), None if under is None else under.header
        inbound = None if other is None else read_header(other)
        if under is None or faults or isinstance(ends, LoadFault) or isinstance(inbound, LoadFault | None):
            return spec, faults
        model, made = CANONICAL.get(ends.reads.name), CANONICAL.get(inbound.makes.name)
        guide = self._guides.find(ends.makes.name, ends.makes.version) if ends.makes.word == "x12" else None
        if inbound.reads.word != "x12" or made is None or model is None or guide is None:
            return spec, [LoadFault(place, "like takes over from a map of X12 to a document, for a set that is made")]
        return taken_over(spec, effective(under), header=made.header_block, model=model, guide=guide)

    def _merged(self, name: str, below: tuple[str, ...]) -> tuple[MapSpec | None, list[LoadFault]]:
        """A map with all it extends merged in; None as the map where that cannot be found out."""
        spec, faults = self._spec(name)
        faults = list(faults)
        if spec.extends is None:
            return (spec if spec.header is not None else None), faults
        base, place = spec.extends.text, spec.extends.place
        chain = (*below, name)
        if base in chain:
            faults.append(LoadFault(place, f"extends goes round: {' -> '.join([*chain, base])}"))
            return None, faults
        if len(chain) > MAX_EXTENDS:
            faults.append(LoadFault(place, f"extends goes deeper than {MAX_EXTENDS}: {' -> '.join([*chain, base])}"))
            return None, faults
        try:
            self.folder(base)
        except UnknownMap as error:
            faults.append(LoadFault(place, str(error)))
            return None, faults
        under, further = self._merged(base, chain)
        faults += further
        if under is None:
            return None, faults
        result, more = merged(under, spec)
        return result, faults + more

    def _spec(self, name: str) -> tuple[MapSpec, list[LoadFault]]:
        if name not in self._specs:
            path = self.folder(name) / MAP_FILE
            self._specs[name] = read_spec(path.read_bytes(), origin=Origin(f"{name}/{MAP_FILE}", str(path)))
        return self._specs[name]


class KeptMaps(MapCatalog):
    """The maps of one revision, made again from the texts that `sources` gave.

    What lies beside a map (a layout) is read where it lies now.
    """

    def __init__(self, sources: Mapping[str, str], *, beside: Sequence[Path], guides: GuideLibrary) -> None:
        super().__init__(beside, guides=guides)
        for name, text in sources.items():
            path = next((root / name / MAP_FILE for root in beside if (root / name).is_dir()), Path(name) / MAP_FILE)
            origin = Origin(f"{name}/{MAP_FILE}", str(path))
            self._specs[name] = read_spec(text.encode(), origin=origin)

    def folder(self, name: str) -> Path:
        """See MapCatalog; a map that was kept needs none."""
        return Path(name) if name in self._specs else super().folder(name)


def _stands_alone(spec: MapSpec) -> bool:
    """Whether a map is what its files say, and nothing that lies beside them, as a layout does."""
    ends = None if spec.header is None else read_header(spec.header)
    return isinstance(ends, Header) and {ends.reads.word, ends.makes.word} == {"x12", CANONICAL_SIDE}


@contextmanager
def _without_collection() -> Iterator[None]:
    """Compile without the garbage collector: what compiled maps are made of stays, and looking at it costs a fifth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
