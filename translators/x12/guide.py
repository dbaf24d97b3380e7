"""What a version of the standard allows, as data: elements, segments, sets, and the library that finds them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from translators.errors import TranslationError
from translators.x12.conditions import Condition, parse_condition

ELEMENT_TYPES = frozenset({"AN", "ID", "DT", "TM", "R", "B", *(f"N{places}" for places in range(10))})
AREAS = ("heading", "detail", "summary")
RELEASE_LENGTH = 6
"""Characters of GS08 that name version, release and subrelease; what follows is an industry's suffix."""


class GuideError(TranslationError):
    """A guide's data is broken: the message says which file and what in it."""


@dataclass(frozen=True, slots=True, eq=False)
class ElementGuide:
    """A data element of the dictionary.

    `type` is one of ELEMENT_TYPES; `min` and `max` count characters (for R and Nn: digits). `codes` is None where the
    element has no list, or the list is kept elsewhere.
    """

    number: str
    name: str
    type: str
    min: int
    max: int
    codes: frozenset[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class CompositeGuide:
    """A composite data structure, as C040."""

    id: str
    name: str
    components: tuple[ElementUse, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ElementUse:
    """An element's or component's place in a segment or composite: `ref` is its designator, as `PO102` or `C04003`.

    `used` is False where a partner's overlay leaves the element out.
    """

    ref: str
    position: int
    element: ElementGuide | CompositeGuide
    required: bool
    repeat: int = 1
    used: bool = True


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class SegmentGuide:
    """A segment of the directory; `elements[0]` is element 01.

    Where a partner's overlay changed it, `standard` is the segment as it was, and `stated` tells which line of the
    overlay speaks of an element (by position).
    """

    id: str
    name: str
    elements: tuple[ElementUse, ...]
    conditions: tuple[Condition, ...]
    standard: SegmentGuide | None = None
    stated: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a partner's overlay says of a use beyond the standard, and where (`acme/guides/850.in.yaml:12`)."""

    stated: str
    not_used: bool = False
    requires: bool = False
    relaxes: bool = False
    limits: bool = False
    adds: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Qualifier:
    """Tells uses of one segment or loop apart by the value of an element of its (first) segment.

    `codes` are the values of this use or, where `others` is set, those of its siblings. `whole` is the use as it would
    be if its siblings were not told apart: its limit holds for all of them together.
    """

    position: int
    codes: frozenset[str]
    whole: SegmentUse | LoopUse
    others: bool = False

    def fits(self, elements: Sequence[str]) -> bool:
        """Whether a segment with these elements (the id first) is one of this use."""
        value = elements[self.position] if self.position < len(elements) else ""
        return (value in self.codes) is not self.others


@dataclass(frozen=True, slots=True, eq=False)
class SegmentUse:
    """A segment's place in a set: `max_use` is None where it may repeat without limit.

    `area` is one of AREAS for a use of the set itself, and "" inside loops.
    """

    segment: SegmentGuide
    required: bool
    max_use: int | None
    qualifier: Qualifier | None = None
    ruling: Ruling | None = None
    area: str = ""

    @property
    def id(self) -> str:
        """The segment id."""
        return self.segment.id


@dataclass(frozen=True, slots=True, eq=False)
class LoopUse:
    """A loop's place in a set. Its first child is the segment that opens it, exactly once in every instance.

    `repeat` is None where it may repeat without limit. The root of a set is a LoopUse whose first child is ST.
    """

    id: str
    required: bool
    repeat: int | None
    children: tuple[SegmentUse | LoopUse, ...]
    qualifier: Qualifier | None = None
    ruling: Ruling | None = None
    area: str = ""

    @property
    def trigger(self) -> SegmentUse:
        """The segment that opens an instance of the loop."""
        first = self.children[0]
        assert isinstance(first, SegmentUse)
        return first

    def walk(self) -> Iterator[SegmentUse | LoopUse]:
        """Every use below this loop, in the order of the standard."""
        for child in self.children:
            yield child
            if isinstance(child, LoopUse):
                yield from child.walk()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class SetGuide:
    """A transaction set in one version.

    `directory` holds every segment of that version, used by the set or not. `source` is the version the table was taken
    from where that is another one, else "". `overlay` names the partner's overlay that is merged in, else "".
    """

    code: str
    version: str
    name: str
    functional_group: str
    root: LoopUse
    directory: Mapping[str, SegmentGuide]
    source: str = ""
    overlay: str = ""


class ReleaseGuide:
    """One version's folder: `elements.json`, `segments.json` and `sets/<set>.json`; sets are read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.version = folder.name
        self.elements = _read_elements(folder / "elements.json")
        self.segments = _read_segments(folder / "segments.json", self.elements)
        self._paths = {path.stem: path for path in sorted((folder / "sets").glob("*.json"))}
        self._sets: dict[str, SetGuide] = {}

    @property
    def codes(self) -> tuple[str, ...]:
        """The set codes there are guides for, in order."""
        return tuple(self._paths)

    def find(self, set_code: str) -> SetGuide | None:
        """The guide of a set, or None."""
        if set_code in self._paths and set_code not in self._sets:
            self._sets[set_code] = _read_set(self._paths[set_code], version=self.version, segments=self.segments)
        return self._sets.get(set_code)


class GuideLibrary:
    """All guides of some folders, each laid out as `<version>/{elements,segments}.json` and `<version>/sets/`.

    A version found in a later folder replaces the same version of an earlier one.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = {
            path.parent.name: path.parent for folder in folders for path in sorted(folder.glob("*/segments.json"))
        }
        self._releases: dict[str, ReleaseGuide] = {}

    @staticmethod
    def shipped() -> GuideLibrary:
        """The guides that come with Tradelane; one library for the life of the process."""
        return _shipped()

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions there are guides for."""
        return tuple(sorted(self._folders))

    def release(self, version: str) -> ReleaseGuide | None:
        """The guides of a version.

        Args:
            version: GS08, as `004010` or `004010VICS`; a folder of that very name is preferred to the release's.

        Raises:
            GuideError: its data is broken.
        """
        for name in (version, version[:RELEASE_LENGTH]):
            if name in self._folders:
                if name not in self._releases:
                    self._releases[name] = ReleaseGuide(self._folders[name])
                return self._releases[name]
        return None

    def nearest(self, version: str) -> ReleaseGuide | None:
        """The guides of a version or, where there are none, of the last release before it, else of the first after it.

        Args:
            version: GS08; None is returned where it names no release.

        Raises:
            GuideError: its data is broken.
        """
        found = self.release(version)
        wanted = version[:RELEASE_LENGTH]
        if found is not None or len(wanted) < RELEASE_LENGTH or not (wanted.isascii() and wanted.isdecimal()):
            return found
        releases = [name for name in self.versions if len(name) == RELEASE_LENGTH and name.isdecimal()]
        before = [name for name in releases if name < wanted]
        return self.release(before[-1] if before else releases[0]) if releases else None

    def find(self, set_code: str, version: str) -> SetGuide | None:
        """The guide of set `set_code` (ST01) in `version` (GS08), or None.

        Raises:
            GuideError: its data is broken.
        """
        release = self.release(version)
        return None if release is None else release.find(set_code)


@cache
def _shipped() -> GuideLibrary:
    return GuideLibrary([Path(__file__).parent / "guides"])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise GuideError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(found, dict):
        raise GuideError(f"{path}: want an object at the top")
    return found


def _read_elements(path: Path) -> dict[str, ElementGuide]:
    elements = {}
    for number, row in _read_json(path).items():
        try:
            codes = None if row.get("codes") is None else frozenset(row["codes"].split())
            guide = ElementGuide(number, row["name"], row["type"], int(row["min"]), int(row["max"]), codes)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise GuideError(f"{path}: element {number}: {error!r}") from error
        if guide.type not in ELEMENT_TYPES or not 0 < guide.min <= guide.max:
            raise GuideError(f"{path}: element {number} has type {guide.type}, length {guide.min} to {guide.max}")
        if any(not guide.min <= len(code) <= guide.max for code in codes or ()):
            raise GuideError(f"{path}: element {number} has a code that is not {guide.min} to {guide.max} long")
        elements[number] = guide
    return elements


def _read_segments(path: Path, elements: Mapping[str, ElementGuide]) -> dict[str, SegmentGuide]:
    composites: dict[str, CompositeGuide] = {}
    segments: dict[str, SegmentGuide] = {}
    rows = _read_json(path)
    for name in sorted(rows, key=lambda name: "composite" not in rows[name]):
        row = rows[name]
        is_composite = "composite" in row
        known = (elements,) if is_composite else (elements, composites)
        try:
            uses = tuple(_element_use(name, at, use, known=known) for at, use in enumerate(row["elements"], 1))
            conditions = tuple(map(parse_condition, row.get("conditions", ())))
            if is_composite:
                composites[name] = CompositeGuide(name, row["name"], uses, conditions)
            else:
                segments[name] = SegmentGuide(name, row["name"], uses, conditions)
        except (AttributeError, KeyError, TypeError, ValueError, TranslationError) as error:
            raise GuideError(f"{path}: {name}: {error!r}") from error
        if any(max(condition.positions) > len(uses) for condition in conditions):
            raise GuideError(f"{path}: {name}: a condition names a position past {len(uses)}")
    return segments


def _element_use(
    owner: str,
    position: int,
    row: Sequence[Any],
    *,
    known: tuple[Mapping[str, ElementGuide] | Mapping[str, CompositeGuide], ...],
) -> ElementUse:
    number, use, *repeat = row
    element: ElementGuide | CompositeGuide | None = None
    for table in known:
        element = element or table.get(number)
    if element is None:
        raise GuideError(f"position {position} names element {number}, which is not defined")
    if use not in ("M", "O", "X"):
        raise GuideError(f"position {position} has use {use!r}; want M, O or X")
    return ElementUse(f"{owner}{position:02d}", position, element, use == "M", int(repeat[0]) if repeat else 1)


def _read_set(path: Path, *, version: str, segments: Mapping[str, SegmentGuide]) -> SetGuide:
    row = _read_json(path)
    try:
        children = tuple(replace(_use(child, segments), area=area) for area in AREAS for child in row.get(area, ()))
        root = LoopUse(row["set"], required=True, repeat=1, children=children)
        guide = SetGuide(
            row["set"], version, row["name"], row["functional_group"], root, segments, row.get("source", "")
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GuideError(f"{path}: {error!r}") from error
    except GuideError as error:
        raise GuideError(f"{path}: {error}") from error
    ends = [child.id for child in (children[:1] + children[-1:]) if isinstance(child, SegmentUse)]
    if ends != ["ST", "SE"]:
        raise GuideError(f"{path}: a set begins with ST and ends with SE, not {ends}")
    return guide


def _use(row: Any, segments: Mapping[str, SegmentGuide]) -> SegmentUse | LoopUse:
    if isinstance(row, dict):
        children = tuple(_use(child, segments) for child in row["content"])
        first = children[0] if children else None
        if not isinstance(first, SegmentUse) or not first.required or first.max_use != 1:
            raise GuideError(f"loop {row['loop']} must begin with a segment that is mandatory and stands once")
        return LoopUse(row["loop"], row["use"] == "M", _limit(row["repeat"]), children)
    name, use, limit = row
    if name not in segments:
        raise GuideError(f"segment {name} is not in segments.json")
    return SegmentUse(segments[name], use == "M", _limit(limit))


def _limit(value: Any) -> int | None:
    return None if value is None else int(value)
