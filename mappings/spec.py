"""MapSpec: a map file as it was written, every part with its place; and the maps it extends, merged over each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from translators.datafile import (
    LoadError,
    LoadFault,
    Mapping,
    Place,
    Scalar,
    Sequence,
    Value,
    did_you_mean,
    read_datafile,
)

KEPT = 256
"""So many files are not read again when another catalog of this process wants them: reading is most of a load."""

OMIT = "omit"
"""What an extending map writes to drop what it inherits."""

CONDITION = "if"
"""The rule of a block that says when a part of it is made."""
OPTIONS = ("hl02", "namespaces", "doctype")
"""Keys that say more about a source or target; which of them a map may have is its formats' to say."""

_TOP = ("map", "extends", "like", "origin", "partner", "description", "emit each", "tables", "assert", *OPTIONS)
_HEADER = re.compile(r"(?P<reads>\S+)\s*->\s*(?P<makes>\S+)")
_SIDE = re.compile(r"(?P<word>[a-z0-9_]+)/(?P<name>[A-Za-z0-9_.-]+)(?:@(?P<version>[A-Za-z0-9]+))?")
_CANONICAL = re.compile(r"[a-z][a-z0-9_]*/v[0-9]+")
_BLOCK = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\[[^\[\]]*\])*(?:[:/-][A-Za-z][A-Za-z0-9_]*(?:\[[^\[\]]*\])*)*)(?:\((?P<source>[^()]*(?:\([^()]*\)[^()]*)*)\))?"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The file a part of a map was written in: its name as lineage tells it, and its path for faults."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text of a map file and where it stands; `exact` where column and text agree character by character."""

    text: str
    place: Place
    origin: Origin
    exact: bool = True

    def at(self, offset: int) -> Place:
        """The place of a character of the text."""
        return replace(self.place, column=self.place.column + offset) if self.exact else self.place


@dataclass(frozen=True, slots=True)
class Rule:
    """`field: expression`. `required` is None where the file says neither `!` nor `?`."""

    name: str
    key: Written
    expression: Written
    required: bool | None = None


@dataclass(slots=True)
class Block:
    """One block: its path (`lines`, `schedule`), its source as written, and its rules by field."""

    path: tuple[str, ...]
    key: Written
    source: Written | None
    rules: dict[str, Rule] = field(default_factory=dict)


@dataclass(slots=True)
class MapSpec:
    """A map file, or a map with those it extends merged in.

    `answers` is the schema of `origin:`; `options` are keys of OPTIONS with what they say.
    """

    origin: Origin
    start: Place
    header: Written | None = None
    extends: Written | None = None
    like: Written | None = None
    answers: Written | None = None
    emit_each: Written | None = None
    options: dict[str, tuple[Written, Value]] = field(default_factory=dict)
    partner: str | None = None
    tables: dict[str, dict[str, Written]] = field(default_factory=dict)
    blocks: dict[tuple[str, ...], Block] = field(default_factory=dict)
    dropped: dict[tuple[str, ...], Written] = field(default_factory=dict)
    asserts: dict[str, Written] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a map: `x12/850@004010`, `xml/NAME`, or a canonical document (`word` is CANONICAL_SIDE)."""

    word: str
    name: str
    version: str = ""

    def __str__(self) -> str:
        """As a map writes it."""
        if self.word == CANONICAL_SIDE:
            return self.name
        return f"{self.word}/{self.name}" + (f"@{self.version}" if self.version else "")


CANONICAL_SIDE = "canonical"


@dataclass(frozen=True, slots=True)
class Header:
    """`x12/850@004010 -> purchase_order/v1`, taken apart; with the offset of each side in the line."""

    reads: Side
    makes: Side
    reads_at: int
    makes_at: int


def read_spec(content: bytes, *, origin: Origin) -> tuple[MapSpec, list[LoadFault]]:
    """Read one map file; what it extends is not looked at.

    Returns:
        What could be read, not to be changed (the same file is read once), and every fault of form found in it.
    """
    spec, faults = _read_once(content, origin)
    return spec, list(faults)


@lru_cache(maxsize=KEPT)
def _read_once(content: bytes, origin: Origin) -> tuple[MapSpec, tuple[LoadFault, ...]]:
    try:
        top = read_datafile(content, file=origin.path)
    except LoadError as error:
        return MapSpec(origin, Place(origin.path, 1, 1)), tuple(error.faults)
    spec, faults = _Reader(content, origin).read(top)
    return spec, tuple(faults)


def read_header(written: Written) -> Header | LoadFault:
    """Take the `map:` line apart."""
    found = _HEADER.fullmatch(written.text)
    sides = [] if found is None else [_side(found["reads"]), _side(found["makes"])]
    if found is None or None in sides:
        return LoadFault(
            written.place, f'"{written.text}" is no header; want it as x12/850@004010 -> purchase_order/v1'
        )
    reads, makes = (side for side in sides if side is not None)
    return Header(reads, makes, found.start("reads"), found.start("makes"))


def _side(text: str) -> Side | None:
    if _CANONICAL.fullmatch(text) is not None:
        return Side(CANONICAL_SIDE, text)
    found = _SIDE.fullmatch(text)
    return None if found is None else Side(found["word"], found["name"], found["version"] or "")


def merged(base: MapSpec, over: MapSpec, *, settled: bool = False) -> tuple[MapSpec, list[LoadFault]]:
    """A map over the one it extends: rules, rows and asserts replace those of the same name, `omit` drops them."""
    faults: list[LoadFault] = []
    result = replace(
        over,
        header=over.header or base.header,
        like=over.like or base.like,
        answers=over.answers or base.answers,
        emit_each=over.emit_each or base.emit_each,
        options={**base.options, **over.options},
        partner=over.partner or base.partner,
        tables={},
        blocks={},
        asserts={},
    )
    for name in dict.fromkeys([*base.tables, *over.tables]):
        rows = {**base.tables.get(name, {}), **over.tables.get(name, {})}
        result.tables[name] = {code: word for code, word in rows.items() if word.text != OMIT}
    for path, block in base.blocks.items():
        result.blocks[path] = Block(path, block.key, block.source, dict(block.rules))
    for path in over.dropped:
        for inner in [known for known in result.blocks if known[: len(path)] == path]:
            del result.blocks[inner]
    for path, block in over.blocks.items():
        under = result.blocks.get(path)
        if under is None:
            result.blocks[path] = Block(path, block.key, block.source, dict(block.rules))
            continue
        under.source = block.source or under.source
        for name, rule in block.rules.items():
            inherited = under.rules.get(name)
            if rule.required is None and inherited is not None:
                rule = replace(rule, required=inherited.required)
            under.rules[name] = rule
    result.asserts = {**base.asserts, **over.asserts}
    for written, known in _dropped(base, over):
        if not known and (settled or result.like is None):
            faults.append(LoadFault(written.place, "nothing is inherited here that could be dropped"))
    return result, faults


def effective(spec: MapSpec) -> MapSpec:
    """The map without what says `omit`."""
    blocks = {}
    for path, block in spec.blocks.items():
        rules = {name: rule for name, rule in block.rules.items() if rule.expression.text != OMIT}
        blocks[path] = Block(path, block.key, block.source, rules)
    asserts = {name: written for name, written in spec.asserts.items() if written.text != OMIT}
    return replace(spec, blocks=blocks, asserts=asserts)


def _dropped(base: MapSpec, over: MapSpec) -> Iterator[tuple[Written, bool]]:
    for path, block in over.blocks.items():
        known = base.blocks[path].rules if path in base.blocks else {}
        for name, rule in block.rules.items():
            if rule.expression.text == OMIT:
                yield rule.expression, name in known
    for path, written in over.dropped.items():
        yield written, path in base.blocks
    for name, written in over.asserts.items():
        if written.text == OMIT:
            yield written, name in base.asserts
    for table, rows in over.tables.items():
        for code, word in rows.items():
            if word.text == OMIT:
                yield word, code in base.tables.get(table, {})


class _Reader:
    def __init__(self, content: bytes, origin: Origin) -> None:
        self.lines = content.decode("utf-8-sig", "replace").split("\n")
        self.origin = origin
        self.faults: list[LoadFault] = []

    def read(self, top: Mapping) -> tuple[MapSpec, list[LoadFault]]:
        spec = MapSpec(self.origin, top.place)
        for key, value in top.entries:
            match key.text:
                case "map":
                    spec.header = self.text(value)
                case "extends":
                    spec.extends = self.text(value)
                case "like":
                    spec.like = self.text(value)
                case "origin":
                    spec.answers = self.text(value)
                case "emit each":
                    spec.emit_each = self.text(value)
                case name if name in OPTIONS:
                    spec.options[name] = (self.written(key), value)
                case "partner":
                    written = self.text(value)
                    spec.partner = written.text if written else None
                case "description":
                    self.text(value)
                case "tables":
                    self.tables(spec, value)
                case "assert":
                    self.asserts(spec, value)
                case _:
                    self.block(spec, key, value)
        if spec.extends is None and spec.like is None:
            empty = MapSpec(self.origin, top.place)
            for written, _ in _dropped(empty, spec):
                self.fault(written.place, "nothing is inherited here that could be dropped")
        if spec.header is None and spec.extends is None:
            self.fault(top.place, "want a line map: x12/850@004010 -> purchase_order/v1, or extends: base/850.in")
        return spec, self.faults

    def tables(self, spec: MapSpec, value: Value) -> None:
        for name, rows in self.entries(value, "want tables, each with its codes"):
            table = spec.tables.setdefault(name.text, {})
            for code, word in self.entries(rows, f"want the codes of table {name.text}, as {{EA: EA, CA: XCS}}"):
                if (written := self.text(word)) is not None:
                    table[code.text] = written

    def asserts(self, spec: MapSpec, value: Value) -> None:
        wanted = "want a list, each entry as `- lines match CTT01: count(lines) == num(CTT01)`"
        if not isinstance(value, Sequence):
            self.fault(value.place, wanted)
            return
        for item in value.items:
            for name, expression in self.entries(item, wanted):
                if name.text in spec.asserts:
                    self.fault(name.place, f'"{name.text}" is asserted twice')
                elif (written := self.text(expression)) is not None:
                    spec.asserts[name.text] = written

    def block(self, spec: MapSpec, key: Scalar, value: Value) -> None:
        dropped = isinstance(value, Scalar) and value.text == OMIT
        if not isinstance(value, Mapping) and not dropped:
            known = did_you_mean(key.text, _TOP)
            self.fault(key.place, f'unknown key "{key.text}"{known}; a block holds its rules, as order: or lines(PO1):')
            return
        path: list[str] = []
        source: Written | None = None
        whole = self.written(key)
        end = -1
        while end < len(key.text):
            found = _BLOCK.match(key.text, end + 1)
            end = len(key.text) + 1 if found is None else found.end()
            if found is None or (end < len(key.text) and key.text[end] != "."):
                self.fault(whole.place, f'"{key.text}" names no block; want it as order, lines(PO1) or lines.schedule')
                return
            path.append(found["name"])
            source = None
            if found["source"] is not None:
                words = found["source"].removeprefix("each ")
                start = found.end("source") - len(words)
                source = replace(whole, text=words, place=whole.at(start))
        if isinstance(value, Scalar):
            spec.dropped[tuple(path)] = self.written(value)
            return
        assert isinstance(value, Mapping)
        if tuple(path) in spec.blocks:
            self.fault(key.place, f'block "{".".join(path)}" stands twice')
            return
        block = Block(tuple(path), self.written(key), source)
        for name_scalar, expression in value.entries:
            rule = self.rule(name_scalar, expression)
            if rule is not None and rule.name in block.rules:
                self.fault(name_scalar.place, f'"{rule.name}" is filled twice')
            elif rule is not None:
                block.rules[rule.name] = rule
        spec.blocks[block.path] = block

    def rule(self, key: Scalar, value: Value) -> Rule | None:
        written = self.text(value, empty=key.place)
        if written is None:
            return None
        name, required = key.text, None
        if name.endswith(("!", "?")):
            name, required = name[:-1], name.endswith("!")
        return Rule(name, self.written(key), written, required)

    def text(self, value: Value, *, empty: Place | None = None) -> Written | None:
        if not isinstance(value, Scalar):
            self.fault(value.place, "want one line of text here")
            return None
        if not value.text.strip():
            self.fault(empty or value.place, f"want something here; write {OMIT} to drop what is inherited")
            return None
        return self.written(value)

    def written(self, scalar: Scalar) -> Written:
        line = self.lines[scalar.place.line - 1] if scalar.place.line <= len(self.lines) else ""
        start = scalar.place.column - 1
        if line.startswith(scalar.text, start):
            return Written(scalar.text, scalar.place, self.origin)
        if line.startswith(scalar.text, start + 1):
            return Written(scalar.text, replace(scalar.place, column=start + 2), self.origin)
        return Written(scalar.text, scalar.place, self.origin, exact=False)

    def entries(self, value: Value, wanted: str) -> tuple[tuple[Scalar, Value], ...]:
        if isinstance(value, Mapping):
            return value.entries
        self.fault(value.place, wanted)
        return ()

    def fault(self, place: Place, message: str) -> None:
        self.faults.append(LoadFault(place, message))
