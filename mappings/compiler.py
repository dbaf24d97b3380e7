"""The compiler: a merged map becomes a CompiledMap, or every fault of the map with its place."""

from __future__ import annotations

import hashlib
import json
from functools import cache, partial
from typing import Any

from mappings.compilation import Compilation
from mappings.compiled import CompiledMap, MapBody, Runner
from mappings.overlays import unchanged_rules
from mappings.program import Program
from mappings.sides import MAKES, READS, SideFault, Surroundings, odd_options, unknown_side
from mappings.source import Source
from mappings.spec import Header, MapSpec, read_header
from mappings.target import Target, Written
from translators.datafile import LoadError, LoadFault, plain
from translators.x12.guide import GuideLibrary

LANGUAGE_REVISION = 2
"""Part of every map's revision; raised when the same text begins to mean something else."""


def compile_map(
    name: str, spec: MapSpec, *, guides: GuideLibrary, mutable: bool = False, under: MapSpec | None = None
) -> CompiledMap:
    """Compile a merged map (`spec.effective`).

    Args:
        name: the map's name.
        spec: the map with all it extends merged in.
        guides: where the guide of an X12 set is found.
        mutable: its rules can be switched off one by one, to see whether samples notice.
        under: the map it extends, merged as well and known to be without faults; then what is the same is not looked at
            again, and written when it is first asked for.

    Raises:
        LoadError: every fault of the map.
    """
    header, source, target, faults = _sides(spec, Program(mutable=mutable), Surroundings(guides, spec))
    if header is None or source is None or target is None:
        raise LoadError(faults)
    settled = None
    if under is not None and target.checks_by_rule and source.form is None and not mutable:
        settled = unchanged_rules(spec, under)
    work = Compilation(spec, source, source.program, settled=settled or frozenset())
    written = target.write(work)
    if faults or work.faults:
        raise LoadError(dict.fromkeys([*faults, *work.faults]))
    resolved = _resolved(spec, header)
    found = source.form or target.form
    if found is not None:
        resolved["form"] = repr(found)
    form = json.dumps([LANGUAGE_REVISION, resolved], sort_keys=True).encode()
    body = cache(lambda: _whole(spec, guides)) if settled else partial(_itself, _made(work, written))
    return CompiledMap(
        name=name,
        partner=spec.partner,
        reads=header.reads,
        makes=header.makes,
        revision=hashlib.sha256(form).hexdigest(),
        body=body,
        opener=source.opener,
        finisher=written.finisher,
        shown=written.shown,
        suffix=written.suffix,
        runner=Runner(name, body),
        resolved=resolved,
        form=found,
    )


def _whole(spec: MapSpec, guides: GuideLibrary) -> MapBody:
    """What all rules become of a map that is known to be without faults."""
    _, source, target, faults = _sides(spec, Program(), Surroundings(guides, spec))
    assert source is not None
    assert target is not None
    work = Compilation(spec, source, source.program)
    written = target.write(work)
    if faults or work.faults:
        raise LoadError(dict.fromkeys([*faults, *work.faults]))
    return _made(work, written)


def _itself(body: MapBody) -> MapBody:
    return body


def _made(work: Compilation, written: Written) -> MapBody:
    names = frozenset(work.translator.agreement_names)
    return MapBody(tuple(work.rules), written.layout, names, work.source.unread, work.program)


def _sides(
    spec: MapSpec, program: Program, around: Surroundings
) -> tuple[Header | None, Source | None, Target | None, list[LoadFault]]:
    """What the map reads and what it makes, by its header."""
    if spec.header is None:
        return None, None, None, [LoadFault(spec.start, "no map: line, neither here nor in the map it extends")]
    header = read_header(spec.header)
    if isinstance(header, LoadFault):
        return None, None, None, [header]
    faults: list[LoadFault] = []
    source: Source | None = None
    target: Target | None = None
    reads, makes = READS.get(header.reads.word), MAKES.get(header.makes.word)
    if reads is None:
        faults.append(LoadFault(spec.header.at(header.reads_at), unknown_side(header.reads, READS, "read")))
    else:
        try:
            source = reads.make(header.reads, program, around)
        except SideFault as fault:
            faults.append(_fault(spec, header.reads_at, fault))
    if makes is None:
        faults.append(LoadFault(spec.header.at(header.makes_at), unknown_side(header.makes, MAKES, "make")))
    else:
        try:
            target = makes.make(header.makes, around)
        except SideFault as fault:
            faults.append(_fault(spec, header.makes_at, fault))
    if reads is not None and makes is not None:
        faults += odd_options(spec, reads, makes)
    return header, source, target, faults


def _fault(spec: MapSpec, start: int, fault: SideFault) -> LoadFault:
    assert spec.header is not None
    place = spec.header.at(start + fault.at) if isinstance(fault.at, int) else fault.at
    return LoadFault(place, fault.message)


def _resolved(spec: MapSpec, header: Header) -> dict[str, Any]:
    """What the map means, without where it was written."""
    marks = {True: "!", False: "?", None: ""}
    found: dict[str, Any] = {
        "map": f"{header.reads} -> {header.makes}",
        "partner": spec.partner,
        "tables": {name: {code: word.text for code, word in rows.items()} for name, rows in spec.tables.items()},
        "blocks": {
            ".".join(path): {
                "source": None if block.source is None else block.source.text,
                "rules": {rule.name + marks[rule.required]: rule.expression.text for rule in block.rules.values()},
            }
            for path, block in spec.blocks.items()
        },
        "assert": {name: written.text for name, written in spec.asserts.items()},
    }
    for name, text in (("emit each", spec.emit_each), ("origin", spec.answers)):
        if text is not None:
            found[name] = text.text
    for name, (_, value) in spec.options.items():
        found[name] = plain(value)
    return found
