"""YAML read as text, for maps, partner profiles and guide overlays: every scalar a string that knows its place.

`NO`, `on`, `007` and `004010` mean themselves, and a tag changes nothing. Anchors and aliases are refused: such a file
is data for people to read. All faults of a file are collected, never just the first that a caller could report.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column (both from 1) of a named file."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`FILE:LINE:COLUMN`, as editors understand it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class LoadFault:
    """One mistake in a data file: where it is, and what to do about it."""

    place: Place
    message: str

    def __str__(self) -> str:
        """`FILE:LINE:COLUMN: message`."""
        return f"{self.place}: {self.message}"


class LoadError(Exception):
    """A data file cannot be used; `faults` holds every mistake found in it, in the order of the file."""

    def __init__(self, faults: Iterable[LoadFault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.place.file, fault.place.line, fault.place.column))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word or text; `quoted` where the file put it in quotes."""

    text: str
    place: Place
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; a key stands at most once."""

    entries: tuple[tuple[Scalar, Value], ...]
    place: Place

    def get(self, key: str) -> Value | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.entries if name.text == key), None)

    def plain(self) -> dict[str, object]:
        """The same as plain dicts, lists and strings."""
        return {name.text: plain(value) for name, value in self.entries}


Value = Scalar | Sequence | Mapping


def read_datafile(content: bytes, *, file: str) -> Mapping:
    """Read a YAML data file whose top is a mapping.

    Args:
        content: the bytes of the file (UTF-8, at most 4 MiB).
        file: its name, for the places.

    Raises:
        LoadError: the file is not such a file; every duplicate key and anchor at once.
    """
    start = Place(file, 1, 1)
    if len(content) > MAX_FILE_BYTES:
        raise LoadError([LoadFault(start, f"the file has {len(content)} bytes; at most {MAX_FILE_BYTES} are read")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise LoadError([LoadFault(Place(file, line, 1), "not UTF-8 text; save the file as UTF-8")]) from error
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = start if mark is None else Place(file, mark.line + 1, mark.column + 1)
        raise LoadError([LoadFault(place, f"not YAML: {error.problem or error.context or 'unreadable'}")]) from error
    except (YAMLError, RecursionError) as error:
        raise LoadError([LoadFault(start, f"not YAML: {str(error).splitlines()[0]}")]) from error
    if node is None:
        raise LoadError([LoadFault(start, "the file is empty; want keys and values")])
    faults: list[LoadFault] = []
    value = _convert(node, file=file, faults=faults, depth=0)
    if not isinstance(value, Mapping):
        faults.append(LoadFault(value.place, "want keys and values at the top of the file"))
    if faults:
        raise LoadError(faults)
    assert isinstance(value, Mapping)
    return value


def plain(value: Value) -> object:
    """A value as plain dict, list or str."""
    match value:
        case Scalar():
            return value.text
        case Sequence():
            return [plain(item) for item in value.items]
        case Mapping():
            return value.plain()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "X"?` where a known word is close, else "" (to be put at the end of a message)."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _convert(node: Node, *, file: str, faults: list[LoadFault], depth: int) -> Value:
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if depth > MAX_DEPTH:
        faults.append(LoadFault(place, f"nested deeper than {MAX_DEPTH}"))
        return Scalar("", place)
    if node.anchor is not None:
        faults.append(LoadFault(place, f"anchors (&{node.anchor}) are not used in data files; write the value again"))
        if depth:
            return Scalar("", place)
    if isinstance(node, ScalarNode):
        return Scalar(str(node.value), place, quoted=node.style is not None)
    if isinstance(node, SequenceNode):
        return Sequence(tuple(_convert(item, file=file, faults=faults, depth=depth + 1) for item in node.value), place)
    assert isinstance(node, MappingNode)
    entries: list[tuple[Scalar, Value]] = []
    seen: dict[str, Place] = {}
    for key_node, value_node in node.value:
        key = _convert(key_node, file=file, faults=faults, depth=depth + 1)
        value = _convert(value_node, file=file, faults=faults, depth=depth + 1)
        if not isinstance(key, Scalar):
            faults.append(LoadFault(key.place, "a key must be a word"))
        elif key.text in seen:
            faults.append(LoadFault(key.place, f'"{key.text}" stands twice; first at line {seen[key.text].line}'))
        else:
            seen[key.text] = key.place
            entries.append((key, value))
    return Mapping(tuple(entries), place)
