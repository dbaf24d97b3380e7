"""pyx12 behind one door: a second opinion on a file, by the maps pyx12 ships.

pyx12 is a validator written by others from the same standard, so its word on our answers counts. It is fed text in
memory, and a map is parsed once. It stops without a word at an empty segment: here that is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

from lxml import etree
from pyx12.errors import EngineError, X12Error
from pyx12.map_if import map_if
from pyx12.map_index import map_index
from pyx12.map_walker import walk_tree
from pyx12.params import ParamsBase
from pyx12.x12file import X12Reader

_HEADERS = {"ISA": "/ISA_LOOP", "GS": "/ISA_LOOP/GS_LOOP"}

_Codes = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class SecondOpinionError:
    """One objection of pyx12: its code, the element or segment it is about, its words, the value if it says one."""

    code: str
    place: str
    message: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What pyx12 thinks of a file; it is accepted if there is no objection."""

    accepted: bool
    errors: list[SecondOpinionError]


def second_opinion(data: bytes, *, also_allowed: Mapping[str, Set[str]] | None = None) -> SecondOpinion:
    """Read a file with pyx12, against the maps it ships.

    Args:
        data: one or more interchanges with ISA12 00401 or 00501; pyx12 refuses all others.
        also_allowed: code values besides those pyx12's map lists, by element reference, as `AK101`. Its maps are those
            of the HIPAA guides, whose 997 knows only health care's groups, sets and interchange qualifiers.

    Returns:
        Its verdict, with every objection in the order of the file.
    """
    wider = tuple(sorted((name, frozenset(codes)) for name, codes in (also_allowed or {}).items()))
    try:
        errors = list(_objections(data.decode("latin-1"), wider))
    except (X12Error, EngineError) as error:
        errors = [SecondOpinionError("", "", str(error))]
    return SecondOpinion(not errors, errors)


def segments_read(text: str) -> int:
    """How many segments pyx12's tokenizer finds in a file; no map is consulted."""
    return sum(1 for _ in X12Reader(StringIO(text)))


def _objections(text: str, wider: _Codes) -> Iterator[SecondOpinionError]:
    source = X12Reader(StringIO(text))
    walker = walk_tree()
    control = _map(f"x12.control.{source.icvn}.xml", wider)
    current, node = control, None
    for segment in source:
        name = segment.get_seg_id()
        if name in _HEADERS:
            current = control if name == "ISA" else _group_map(source.icvn, segment, wider)
            node = current.getnodebypath(f"{_HEADERS[name]}/{name}")
            walker.forceWalkCounterToLoopStart(_HEADERS[name], f"{_HEADERS[name]}/{name}")
        else:
            at = (source.get_seg_count(), source.get_cur_line(), source.get_ls_id())
            found, _, _, misplaced = walker.walk_errors(node, segment, *at)
            yield from (SecondOpinionError(error.err_cde, name, error.err_str, error.err_val) for error in misplaced)
            if found is None:
                yield from _envelope_errors(source)
                continue
            node = found
        yield from _envelope_errors(source)
        _, faults = node.is_valid_errors(segment)
        yield from (
            SecondOpinionError(error.err_cde, error.refdes or name, error.err_str, error.err_val) for error in faults
        )
    source.cleanup()
    yield from _envelope_errors(source)
    if source.raw.buffer.strip():
        yield SecondOpinionError("", "", f"pyx12 stopped {len(source.raw.buffer)} characters before the end")


def _envelope_errors(source: X12Reader) -> Iterator[SecondOpinionError]:
    for kind, code, message, value, _ in source.pop_errors():
        yield SecondOpinionError(code, kind, message, value)


def _group_map(version: str, gs: Any, wider: _Codes) -> Any:
    release, group = gs.get_value("GS08"), gs.get_value("GS01")
    name = _index().get_filename(version, release, group)
    if name is None:
        raise EngineError(f"pyx12 ships no map for ISA12 {version}, GS01 {group}, GS08 {release}")
    return _map(name, wider)


@cache
def _index() -> Any:
    return map_index()


@cache
def _map(name: str, wider: _Codes) -> Any:
    """A map of pyx12's, its code lists widened, and no group demanded of an interchange that carries only a TA1."""
    parser = etree.XMLParser(remove_comments=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(files("pyx12").joinpath("map", name).read_bytes(), parser)
    for reference, codes in wider:
        for lists in root.iterfind(f".//element[@xid='{reference}']/valid_codes"):
            for code in sorted(codes):
                etree.SubElement(lists, "code").text = code
    if name.startswith("x12.control."):
        for usage in root.iterfind(".//loop[@xid='GS_LOOP']/usage"):
            usage.text = "S"
    return map_if(root, ParamsBase())
