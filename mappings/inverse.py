"""`like: base/850.in`: what an outbound map may take over from an inbound one, turned round; nothing else is inferred.

Taken over are plain moves, trimmed texts, numbers, dates, times and codes whose table turns round one to one, where the
document that is read has such a field and the set that is made such an element. What the map says itself comes before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from mappings.expressions import ExpressionFault, parse
from mappings.fields import UnknownField, find_field, find_part
from mappings.spec import CONDITION, Block, MapSpec, Rule, Written, merged
from mappings.syntax import BlockName, Call, Literal, Node, Reference
from mappings.x12_outline import TOP
from mappings.x12_references import X12_DIALECT, parse_source
from mappings.x12_scopes import Resolver, uses_of
from translators.canonical.common import Document
from translators.datafile import LoadFault
from translators.x12.guide import ElementGuide, LoopUse, SegmentGuide, SegmentUse, SetGuide

_TURNED = ("num", "date", "time", "trim", "code")
"""Functions whose rules can be turned round; each has what it reads as its first argument."""


@dataclass(slots=True)
class _Taken:
    """What is taken over: blocks by their path, and the tables that are asked for."""

    blocks: dict[tuple[str, ...], Block] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)


def taken_over(
    spec: MapSpec, like: MapSpec, *, header: str, model: type[Document], guide: SetGuide
) -> tuple[MapSpec, list[LoadFault]]:
    """A map over what it may take over from an inbound one.

    Args:
        spec: the outbound map, all it extends merged in.
        like: the inbound map, the same, without what says omit.
        header: the word of the inbound map's own fields, as `order`.
        model: what the outbound map reads.
        guide: of the set it makes.

    Returns:
        The map, and a fault for every word of a table that turns round into several codes.
    """
    assert spec.like is not None
    found = _Taken()
    resolver = Resolver(guide)
    for path, block in like.blocks.items():
        target = _place(path, like, header=header, model=model, guide=guide, resolver=resolver)
        if target is None:
            continue
        at, part, loop, source = target
        rules: dict[str, Rule] = {}
        for rule in block.rules.values():
            turned = _turned(rule, part, loop, resolver, found.tables)
            if turned is not None and turned.name not in rules:
                rules[turned.name] = turned
        if rules or source is not None:
            found.blocks[at] = Block(at, block.key, source, rules)
    tables, faults = _tables(spec, like, found.tables)
    under = MapSpec(like.origin, like.start, like=spec.like, tables=tables, blocks=found.blocks)
    over, more = merged(under, spec, settled=True)
    return over, faults + more


def _place(
    path: tuple[str, ...],
    like: MapSpec,
    *,
    header: str,
    model: type[BaseModel],
    guide: SetGuide,
    resolver: Resolver,
) -> tuple[tuple[str, ...], type[BaseModel], LoopUse | SegmentUse, Written | None] | None:
    """Where an inbound block goes: path, model of its parts, loop in the guide, and what it is made from."""
    if path == (header,):
        return (TOP,), model, guide.root, None
    at: tuple[str, ...] = ()
    use: LoopUse | SegmentUse = guide.root
    part: type[BaseModel] = model
    source: Written | None = None
    for depth in range(1, len(path) + 1):
        block = like.blocks.get(path[:depth])
        if block is None or block.source is None:
            return None
        try:
            named = parse_source(block.source.text)
            steps = named.reference.steps
            if named.window is not None or len(steps) != 1 or any(each.negated for each in steps[0].filters):
                return None
            if not isinstance(use, LoopUse) or not (uses := uses_of(use, steps[0].segment)):
                return None
            use = uses[0]
            resolver.filters(steps[0], _segment_of(use))
            part = find_part(part, (path[depth - 1],)).model
        except (ExpressionFault, UnknownField):
            return None
        at = (*at, block.source.text)
        source = replace(block.source, text=path[depth - 1], exact=False)
    return at, part, use, source


def _turned(
    rule: Rule, part: type[BaseModel], loop: LoopUse | SegmentUse, resolver: Resolver, tables: set[str]
) -> Rule | None:
    """The rule that writes what another reads; None where it cannot be turned round."""
    if rule.name == CONDITION:
        return None
    try:
        node = parse(rule.expression.text, X12_DIALECT)
        find_field(part, tuple(rule.name.split(".")))
        reference, text = _moved(node, rule.name)
        if reference is None or not _stands(reference, loop, resolver):
            return None
    except (ExpressionFault, UnknownField):
        return None
    if isinstance(node, Call) and node.name == "code" and isinstance(node.arguments[1], Literal):
        tables.add(str(node.arguments[1].value))
    expression = replace(rule.expression, text=text, exact=False)
    return Rule(reference.text.replace("[#1]", ""), rule.key, expression)


def _moved(node: Node, name: str) -> tuple[Reference | None, str]:
    """What an expression reads, and the text of the expression that writes it again."""
    further = ""
    if isinstance(node, Call) and node.name in _TURNED and node.arguments:
        if node.name == "code":
            table = node.arguments[1] if len(node.arguments) == 2 else None
            further = f"code({name}, {table.value!r})" if isinstance(table, Literal) else ""
        elif node.name == "num" and node.named:
            word = node.named[0][1]
            told = word.name if isinstance(word, BlockName) else word.value if isinstance(word, Literal) else ""
            further = f"num({name}, implied={told})"
        node = node.arguments[0]
    if not isinstance(node, Reference) or node.parents or node.ancestor is not None or node.element is None:
        return None, ""
    if any(picked.negated for step in node.steps for picked in step.filters):
        return None, ""
    return node, further or name


def _stands(reference: Reference, loop: LoopUse | SegmentUse, resolver: Resolver) -> bool:
    """The set has the element: the reference leads to it from the loop, and nothing but the map's brackets is in it."""
    steps = reference.steps
    own = _segment_of(loop)
    if len(steps) == 1 and steps[0].segment == own.id and not steps[0].filters and steps[0].index is None:
        return _writable(reference, own, resolver)
    use = loop
    for step in steps:
        if not isinstance(use, LoopUse) or not (uses := uses_of(use, step.segment)):
            return False
        use = uses[0]
        filters, _ = resolver.filters(step, _segment_of(use))
        if any(picked.element == reference.element for picked in filters if step is steps[-1]):
            return False
    return _writable(reference, _segment_of(use), resolver)


def _writable(reference: Reference, segment: SegmentGuide, resolver: Resolver) -> bool:
    element = resolver.element(segment, reference)
    return element is not None and (isinstance(element.element, ElementGuide) or reference.component is not None)


def _segment_of(use: LoopUse | SegmentUse) -> SegmentGuide:
    return use.trigger.segment if isinstance(use, LoopUse) else use.segment


def _tables(spec: MapSpec, like: MapSpec, wanted: set[str]) -> tuple[dict[str, dict[str, Written]], list[LoadFault]]:
    """The inbound tables turned round, and a fault for every word that comes from several codes and is not stated."""
    assert spec.like is not None
    tables: dict[str, dict[str, Written]] = {}
    faults: list[LoadFault] = []
    for name in sorted(wanted):
        codes: dict[str, list[str]] = {}
        for code, word in like.tables.get(name, {}).items():
            codes.setdefault(word.text, []).append(code)
        stated = spec.tables.get(name, {})
        tables[name] = dict(_one_to_one(codes, like.tables.get(name, {})))
        for said, several in codes.items():
            if len(several) > 1 and said not in stated:
                told = f"table {name}: {said} comes from {', '.join(several)}; say which, as {said}: {several[0]}"
                faults.append(LoadFault(spec.like.place, told))
    return tables, faults


def _one_to_one(codes: dict[str, list[str]], rows: dict[str, Written]) -> Iterator[tuple[str, Written]]:
    for word, several in codes.items():
        if len(several) == 1:
            yield word, replace(rows[several[0]], text=several[0], exact=False)
