"""pyx12 behind one door: a second opinion on a file, by the maps pyx12 ships or by ours.

pyx12 is a validator written by others from the same standard, so its word on our answers counts. It is fed text in
memory, and a map is parsed once. It stops without a word at an empty segment: here that is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

from lxml import etree
from pyx12.errors import EngineError, X12Error
from pyx12.map_if import map_if
from pyx12.map_index import map_index
from pyx12.map_walker import walk_tree
from pyx12.params import ParamsBase
from pyx12.segment import Composite, Segment
from pyx12.x12file import X12Reader

_HEADERS = {"ISA": "/ISA_LOOP", "GS": "/ISA_LOOP/GS_LOOP"}
_ENVELOPE = frozenset({"ISA", "TA1", "GS", "GE", "IEA"})
_NOT_USED = "marked as Not Used"
_NOTE = "Syntax Error ("
_LISTS_NOT_SHIPPED = "prov_taxonomy"
_MOST_POSITIONS = 100_000
_MOST_TRIALS = 50
_SET_LOOP = "/ISA_LOOP/GS_LOOP/ST_LOOP"

_Codes = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class SecondOpinionError:
    """One objection of pyx12: its code, the element or segment it is about, its words, the value if it says one.

    `segment` counts from ST = 1 within the set; it is None where the envelope is meant. `segment_id` is that of the
    segment found there or, where one is missing, of the missing one. `element` and `component` count from 1; both are
    None where the segment as a whole is meant, and then `code` is one of AK304, else one of AK403. `not_used` tells
    that the map knows what stands there and does not use it, `note` that a condition is not met, `external` that the
    value is not in a list kept by others, which may be longer today.
    """

    code: str
    place: str
    message: str
    value: str | None = None
    segment: int | None = None
    segment_id: str | None = None
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    not_used: bool = False
    note: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What pyx12 thinks of a file; it is accepted if there is no objection."""

    accepted: bool
    errors: list[SecondOpinionError]


def second_opinion(
    data: bytes, *, also_allowed: Mapping[str, Set[str]] | None = None, maps: Path | None = None
) -> SecondOpinion:
    """Read a file with pyx12.

    Args:
        data: one or more interchanges with ISA12 00401 or 00501; pyx12 refuses all others.
        also_allowed: code values besides those pyx12's map lists, by element reference, as `AK101`. Its maps are those
            of the HIPAA guides, whose 997 knows only health care's groups, sets and interchange qualifiers.
        maps: a folder of maps to read by instead of those pyx12 ships.

    Returns:
        Its verdict, with every objection in the order of the file.
    """
    wider = tuple(sorted((name, frozenset(codes)) for name, codes in (also_allowed or {}).items()))
    try:
        errors = list(_objections(data.decode("latin-1"), wider, maps))
    except (X12Error, EngineError) as error:
        errors = [SecondOpinionError("", "", str(error))]
    return SecondOpinion(not errors, errors)


def segments_read(text: str) -> int:
    """How many segments pyx12's tokenizer finds in a file; no map is consulted."""
    return sum(1 for _ in X12Reader(StringIO(text)))


@dataclass(frozen=True, slots=True)
class Step:
    """Where pyx12 finds a segment: of the loops that were open, `keeps` stay so, then those of `opens` begin.

    Loops that only wrap others do not count. `loops` are those that are open then, from the outermost. `keeps` is None
    where the segment has no place.
    """

    errors: list[SecondOpinionError]
    loops: tuple[str, ...]
    keeps: int | None = None
    opens: tuple[str, ...] = ()


class MapWalk:
    """One transaction set on its way through a map that pyx12 ships, fed segments that are already cut.

    The map is parsed once a process; what a set costs is its own segments.
    """

    def __init__(self, map_name: str, *, element: str, component: str, repetition: str | None) -> None:
        self._map_name = map_name
        self._node = _map(map_name, (), None).getnodebypath(f"{_SET_LOOP}/ST")
        self._walker = walk_tree()
        self._walker.forceWalkCounterToLoopStart(_SET_LOOP, f"{_SET_LOOP}/ST")
        self._element = element
        self._component = component
        self._repetition = repetition
        self._trials = _MOST_TRIALS

    @property
    def segment_ids(self) -> frozenset[str]:
        """Every segment the map knows."""
        return _segment_ids(self._map_name)

    def move_to(self, map_name: str) -> None:
        """Go on in another map that is the same up to here."""
        self._map_name = map_name
        self._node = _map(map_name, (), None).getnodebypath(self._node.get_path())

    def take(self, elements: Sequence[str], ordinal: int) -> Step:
        """The next segment after ST.

        Args:
            elements: its id and elements, without empty ones at the end.
            ordinal: its place in the set, ST = 1.
        """
        first, later = self._parted(elements)
        # The terminator is said to be a character that stands in no segment id, for pyx12 cuts one off the end.
        segment = Segment(self._element.join(first), self._element, self._element, self._component)
        found, _, pushed, misplaced = self._walker.walk_errors(self._node, segment, ordinal, 0, None)
        if found is None:
            found, pushed = self._by_another_qualifier(first, ordinal)
            misplaced = misplaced if found is None else []
        errors = [_of_segment(error, elements[0], ordinal) for error in misplaced]
        if found is None:
            return Step(errors, self._loops())
        self._node = found
        errors += self._components_too_many(segment, ordinal)
        errors += _element_errors(found, segment, ordinal)
        errors += self._repetitions(later, elements[0], ordinal)
        loops = self._loops()
        opens = tuple(loop.id for loop in pushed if _is_real(loop))
        return Step(errors, loops, len(loops) - len(opens), opens)

    def _by_another_qualifier(self, elements: Sequence[str], ordinal: int) -> tuple[Any, list[Any]]:
        """The one place that is the segment's but for a qualifier that no place has; then only that is wrong.

        It costs a walk for every use of the segment, so a set has a limited number of such searches.
        """
        name = elements[0]
        places, known = _qualifiers(self._map_name, name)
        segment = Segment(self._element.join(elements), self._element, self._element, self._component)
        if not places or not self._trials or any(segment.get_value(place) in known for place, _ in places):
            return None, []
        self._trials -= 1
        counts = self._walker.getCountState()
        fitting: dict[int, tuple[Any, Any, list[Any]]] = {}
        for place, code in places:
            segment = Segment(self._element.join(elements), self._element, self._element, self._component)
            segment.set(place, code)
            trial = walk_tree(counts)
            found, _, pushed, misplaced = trial.walk_errors(self._node, segment, ordinal, 0, None)
            if found is not None and not misplaced:
                fitting[id(found)] = (trial, found, pushed)
        if len(fitting) != 1:
            return None, []
        ((self._walker, found, pushed),) = fitting.values()
        return found, pushed

    def header(self, elements: Sequence[str]) -> list[SecondOpinionError]:
        """What pyx12 says of the elements of ST."""
        segment = Segment(self._element.join(elements), self._element, self._element, self._component)
        return list(_element_errors(self._node, segment, 1))

    def _loops(self) -> tuple[str, ...]:
        """The loops the last placed segment stands in, below that of the set."""
        names = []
        loop = self._node.parent
        while not loop.is_map_root() and loop.id != "ST_LOOP":
            if _is_real(loop):
                names.append(loop.id)
            loop = loop.parent
        return tuple(reversed(names))

    def _parted(self, elements: Sequence[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
        """The elements with the first repetition of each, for pyx12 knows only one, and the others by element."""
        mark = self._repetition
        if mark is None:
            return list(elements), []
        parts = [text.split(mark) for text in elements]
        return [each[0] for each in parts], [(number, each[1:]) for number, each in enumerate(parts) if len(each) > 1]

    def _components_too_many(self, segment: Any, ordinal: int) -> Iterator[SecondOpinionError]:
        """Components past the end of a composite, which are cut off: pyx12 raises at them."""
        name = segment.get_seg_id()
        for node, value in zip(self._node.children, segment.elements, strict=False):
            if node.is_composite() and len(value) > len(node.children):
                number = len(node.children) + 1
                text = value[number - 1].get_value()
                message = f"{name}{node.seq:02d} has {len(value)} components, should have {len(node.children)}"
                yield SecondOpinionError("13", name, message, text, ordinal, name, node.seq, number)
                del value.elements[number - 1 :]

    def _repetitions(self, later: list[tuple[int, list[str]]], name: str, ordinal: int) -> Iterator[SecondOpinionError]:
        for number, texts in later:
            if number > len(self._node.children):
                continue
            node = self._node.children[number - 1]
            limit = node.repeat if node.is_composite() else int(node.max_use or 1)
            for repetition, text in enumerate(texts, 2):
                if repetition > limit:
                    message = f"{name}{number:02d} is repeated; it may stand {limit} times"
                    yield SecondOpinionError("12", name, message, text, ordinal, name, number, None, repetition)
                    break
                value = Composite(text, self._component)
                if node.is_composite():
                    del value.elements[len(node.children) :]
                _, faults = node.is_valid_errors(value)
                for fault in faults:
                    yield replace(_of_element(fault, name, ordinal), element=number, repetition=repetition)


def _is_real(loop: Any) -> bool:
    first = loop.get_first_node()
    return bool(first is not None and first.is_segment() and loop.type != "wrapper")


def _objections(text: str, wider: _Codes, maps: Path | None) -> Iterator[SecondOpinionError]:
    source = X12Reader(StringIO(text))
    walker = walk_tree()
    control = _map(f"x12.control.{source.icvn}.xml", wider, maps)
    current, node = control, None
    for segment in source:
        name = segment.get_seg_id()
        ordinal = None if name in _ENVELOPE else source.get_seg_count() + (name == "SE")  # which it does not count
        if name in _HEADERS:
            current = control if name == "ISA" else _group_map(source.icvn, segment, wider, maps)
            node = current.getnodebypath(f"{_HEADERS[name]}/{name}")
            walker.forceWalkCounterToLoopStart(_HEADERS[name], f"{_HEADERS[name]}/{name}")
        else:
            at = (source.get_seg_count(), source.get_cur_line(), source.get_ls_id())
            found, _, _, misplaced = walker.walk_errors(node, segment, *at)
            yield from (_of_segment(error, name, ordinal) for error in misplaced)
            if found is None:
                yield from _reader_errors(source, name, ordinal)
                continue
            node = found
        yield from _reader_errors(source, name, ordinal)
        yield from _element_errors(node, segment, ordinal)
    source.cleanup()
    yield from _reader_errors(source, None, None)
    if source.raw.buffer.strip():
        yield SecondOpinionError("", "", f"pyx12 stopped {len(source.raw.buffer)} characters before the end")


def _of_segment(error: Any, name: str, ordinal: int | None) -> SecondOpinionError:
    missing = error.err_cde == "3" and error.seg_data is not None
    subject = error.seg_data.get_seg_id() if missing else name
    return SecondOpinionError(
        error.err_cde,
        name,
        error.err_str,
        error.err_val,
        ordinal,
        subject,
        not_used=error.err_cde == "2",
    )


def _element_errors(node: Any, segment: Any, ordinal: int | None) -> Iterator[SecondOpinionError]:
    """What pyx12 says of one segment's elements; it raises at a component too many and at a range of three dates."""
    name = segment.get_seg_id()
    try:
        _, faults = node.is_valid_errors(segment)
    except IndexError as error:
        yield SecondOpinionError("", name, f"pyx12 raises {error!r}", None, ordinal, name)
        return
    except ValueError:
        for number, value in enumerate((each.format() for each in segment.elements), 1):
            if value.count("-") > 1:
                place = f"{name}{number:02d}"
                message = f"{place} contains an invalid range of dates ({value})"
                yield SecondOpinionError("8", place, message, value, ordinal, name, number)
        return
    for fault in faults:
        yield _of_element(fault, name, ordinal)


def _of_element(fault: Any, name: str, ordinal: int | None) -> SecondOpinionError:
    leaf = fault.map_node
    nested = leaf is not None and leaf.parent.is_composite()
    place = leaf.parent if nested else leaf
    return SecondOpinionError(
        fault.err_cde,
        str(fault.refdes) if fault.refdes else name,
        fault.err_str,
        fault.err_val,
        ordinal,
        name,
        int(str(fault.refdes)[-2:]) if place is None else place.seq,
        leaf.seq if nested else None,
        not_used=_NOT_USED in fault.err_str,
        note=_NOTE in fault.err_str,
        external=fault.err_cde == "7" and leaf is not None and leaf.external_codes is not None,
    )


def _reader_errors(source: X12Reader, name: str | None, ordinal: int | None) -> Iterator[SecondOpinionError]:
    """What pyx12's reader itself says: of the envelope (its place is `isa`, `gs` or `st`) or of the numbers of HL."""
    for kind, code, message, value, _ in source.pop_errors():
        yield SecondOpinionError(code, kind, message, value, ordinal, name)


def _group_map(version: str, gs: Any, wider: _Codes, maps: Path | None) -> Any:
    release, group = gs.get_value("GS08"), gs.get_value("GS01")
    name = _index(maps).get_filename(version, release, group)
    if name is None:
        raise EngineError(f"there is no map for ISA12 {version}, GS01 {group}, GS08 {release}")
    return _map(name, wider, maps)


@cache
def _segment_ids(map_name: str) -> frozenset[str]:
    return frozenset(node.id for node in _map(map_name, (), None).loop_segment_iterator() if node.is_segment())


@cache
def _qualifiers(map_name: str, name: str) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """Where each use of a segment has its qualifier, with one code of it, and the codes of all uses."""
    places, known = [], set()
    for node in _map(map_name, (), None).loop_segment_iterator():
        qualifier = node.guess_unique_key_id_element() if node.is_segment() and node.id == name else None
        if qualifier is not None:
            nested = qualifier.parent.is_composite()
            place = f"{qualifier.parent.seq:02d}-{qualifier.seq}" if nested else f"{qualifier.seq:02d}"
            places.append((place, qualifier.valid_codes[0]))
            known.update(qualifier.valid_codes)
    return tuple(dict.fromkeys(places)), frozenset(known)


@cache
def _index(maps: Path | None) -> Any:
    return map_index(None if maps is None else str(maps))


@cache
def _map(name: str, wider: _Codes, maps: Path | None) -> Any:
    """A map, its code lists widened, and no group demanded of an interchange that carries only a TA1."""
    parser = etree.XMLParser(remove_comments=True, resolve_entities=False, no_network=True)
    content = (files("pyx12").joinpath("map", name) if maps is None else maps / name).read_bytes()
    root = etree.fromstring(content, parser)
    for reference, codes in wider:
        for lists in root.iterfind(f".//element[@xid='{reference}']/valid_codes"):
            for code in sorted(codes):
                etree.SubElement(lists, "code").text = code
    if name.startswith("x12.control."):
        for usage in root.iterfind(".//loop[@xid='GS_LOOP']/usage"):
            usage.text = "S"
    # A missing segment is not told if the next one has the same number in another loop: make the numbers differ.
    for rank, loop in enumerate(root.iter("loop"), 1):
        for position in loop.iterfind("./*/pos"):
            position.text = str(int(position.text) + rank * _MOST_POSITIONS)
    settings = ParamsBase()
    settings.set("exclude_external_codes", _LISTS_NOT_SHIPPED)
    return map_if(root, settings, None if maps is None else str(maps))
