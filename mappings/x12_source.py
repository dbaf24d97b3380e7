"""X12Source: a transaction set as maps read it, by its guide; one pass over a scope's segments finds every match."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from mappings.expressions import ExpressionFault
from mappings.kinds import Kind
from mappings.source import Items, Listing, Opened, Opener, Source
from mappings.syntax import Call, Literal, Outside, Reference, ReferenceNode, Window
from mappings.values import Value
from mappings.x12_passes import emit_scope
from mappings.x12_places import X12Places
from mappings.x12_references import X12_DIALECT, parse_source
from mappings.x12_scopes import Found, Match, Pairs, Picked, Resolver, X12Scope, pair_positions, root_scope
from translators.datafile import did_you_mean
from translators.errors import shown
from translators.tree import Segment
from translators.x12.guide import ElementGuide, ElementUse, SegmentGuide, SetGuide
from translators.x12.model import TransactionSet

if TYPE_CHECKING:
    from mappings.program import Program, Reserved
    from mappings.writer import Writer

_ENVELOPE = re.compile(r"ISA(0[1-9]|1[0-6])|GS0[1-8]|ST0[1-3]")


class X12SetSource(Source):
    """One transaction set of one version.

    Args:
        program: where its lines go.
        guide: the set's guide.
        infer: HL02 is inferred (`hl02: infer`).
    """

    dialect = X12_DIALECT
    functions: ClassVar[frozenset[str]] = frozenset({"pair"})

    def __init__(self, program: Program, guide: SetGuide, *, infer: bool) -> None:
        self.program = program
        self._guide = guide
        self._infer = infer
        self._resolver = Resolver(guide)
        self._once: Reserved
        self._reads: set[tuple[str, tuple[Picked, ...], int]] = set()
        self._pairs: dict[str, set[str]] = {}
        self._windows_read: list[tuple[str, Window]] = []

    @property
    def opener(self) -> Opener:
        """See Source."""
        return partial(_opened, self._guide.code)

    def root(self) -> X12Scope:
        """See Source."""
        return root_scope(self._guide)

    def items(self, text: str, scope: X12Scope) -> Items:
        """See Source; every step of a path is a scope of its own."""
        named = parse_source(text)
        steps = named.reference.steps
        scopes: list[X12Scope] = []
        for position, step in enumerate(steps):
            last = position == len(steps) - 1
            parents = 0 if position else named.reference.parents
            found = self._resolver.opened(step, scope, window=named.window if last else None, parents=parents)
            if found.loop is None and not last:
                raise ExpressionFault(steps[position + 1].at, f"{step.segment} opens no loop here")
            scopes.append(found)
            scope = found
            assert found.match is not None
            for picked in found.match.filters:
                self._reads.add((found.trigger.id, found.match.filters, picked.element))
            if found.window is not None:
                self._windows_read.append((found.trigger.id, found.window))
        match = scopes[0].match
        assert match is not None
        return Items(tuple(scopes), _listed(match, scopes[0]))

    @contextmanager
    def each(self, items: Items) -> Iterator[None]:
        """See Source."""
        with self._nested(items.scopes):
            yield

    def kept(self, items: Items) -> str:
        """See Source."""
        return ", ".join(_variables(items.scopes))

    @contextmanager
    def again(self, items: Items, members: str) -> Iterator[None]:
        """See Source; what a loop holds is looked for once, however many of its segments are members."""
        with ExitStack() as stack:
            stack.enter_context(self.program.block(f"for ({', '.join(_variables(items.scopes))},) in {members}:"))
            for scope in items.scopes:
                stack.enter_context(self._names(scope, remembered=True))
            yield

    @contextmanager
    def whole(self, scope: X12Scope) -> Iterator[None]:
        """See Source."""
        program = self.program
        self._once = program.reserve()
        program.line("loop0 = root")
        with self._names(scope):
            yield
        if self._resolver.uses_hierarchy:
            with program.filling(self._once):
                program.line(f"tree = TREE(root, infer={self._infer})")

    @contextmanager
    def _nested(self, scopes: tuple[X12Scope, ...]) -> Iterator[None]:
        if not scopes:
            yield
            return
        scope, program, level = scopes[0], self.program, scopes[0].level
        assert scope.match is not None
        inner = f"loop{level}" if scope.loop is not None else f"t{level}"
        with program.block(f"for {inner} in {_listed(scope.match, scope)}:"):
            windows = self._windows(scope) if scope.window is not None else nullcontext()
            with windows, self._names(scope), self._nested(scopes[1:]):
                yield

    @contextmanager
    def _windows(self, scope: X12Scope) -> Iterator[None]:
        assert scope.window is not None
        level, start, step = scope.level, scope.window.start, scope.window.step
        values = f"t{level}.elements[w{level} + {start}:w{level} + {start + step}]"
        with self.program.block(f"for w{level} in RANGE(0, len(t{level}.elements) - {start}, {step}):"):
            self.program.line(f"if not ANY({values}): continue")
            yield

    @contextmanager
    def _names(self, scope: X12Scope, *, remembered: bool = False) -> Iterator[None]:
        level, program = scope.level, self.program
        if scope.loop is not None:
            program.line(f"t{level} = loop{level}.segments[0]")
        program.line(f"u{level} = t{level}.elements")
        program.line(f"n{level} = len(u{level})")
        scope.place = program.reserve()
        yield
        with program.filling(scope.place):
            emit_scope(program, scope, memo=self._once, remembered=remembered)

    def read(self, node: ReferenceNode, writer: Writer) -> Value:
        """See Source."""
        assert isinstance(node, Reference)
        found = self._resolver.find(node, writer.scope)
        if found.element is None:
            return self._presence(found, writer)
        number: Any = found.element.position
        self._note(found)
        level = found.scope.level
        if found.match is None:
            text, segment, bad = f"u{level}[{number}] if n{level} > {number} else ''", f"t{level}", False
            if found.scope.window is not None and number >= found.scope.window.start:
                number = _in_window(node, found.scope, number)
                text = f"u{level}[{number}] if n{level} > {number} else ''"
            code = writer.assign(text)
        elif found.index is not None:
            found.match.all_of = True
            found.match.numbered.add(found.index)
            which = f"{found.match.number}at{found.index}"
            segment, elements = f"i{which}", f"j{which}"
            code = writer.assign(f"{elements}[{number}] if len({elements}) > {number} else ''")
            bad = self._one_only(node, found.above, code, writer)
        else:
            found.match.one = True
            which = str(found.match.number)
            segment = f"s{which}"
            code = writer.assign(f"e{which}[{number}] if len(e{which}) > {number} else ''")
            bad = self._one_only(node, (*found.above, found.match), code, writer)
        if node.component is not None:
            code = writer.assign(f"COMPONENT({code}, {node.component}, extra)", bad=[Value(code, Kind.TEXT, bad)])
        decimals = None if node.component is not None else _decimals(found.element)
        return Value(code, Kind.TEXT, bad, True, (f"{segment}, {number}",), decimals, (segment, number), sound=True)

    def needed(self, node: ReferenceNode, scope: Any) -> str | None:
        """See Source: the outermost segment of the path."""
        if not isinstance(node, Reference):
            return None
        found = self._resolver.find(node, scope)
        if found.match is None or found.element is None:
            return None
        if found.above or found.index is None:
            return f"s{(*found.above, found.match)[0].number}"
        return f"i{found.match.number}at{found.index}"

    def needed_by(self, node: Call, scope: Any) -> str | None:
        """See Source: the outermost segment of the path of `pair`, where one is named."""
        first = node.arguments[0]
        if not isinstance(first, Reference):
            return None
        found = self._resolver.find(first, scope)
        if found.match is None or found.index is not None:
            return None
        return f"s{(*found.above, found.match)[0].number}"

    def listed(self, node: ReferenceNode, writer: Writer) -> Listing:
        """See Source."""
        found, listed = self._every(node, writer)
        if found.element is None:
            raise ExpressionFault(node.at, f"want an element, as {node.text}.01")
        number = found.element.position
        values, origins = self.program.fresh("v"), self.program.fresh("q")
        found_any = "" if found.match is None else f" if {listed} else NONE"
        self.program.line(f"{values}, {origins} = ALL({listed}, {number}){found_any}")
        spot = (listed[1:-2], number) if found.match is None else None
        return Listing(values, origins, Kind.TEXT, _decimals(found.element), spot)

    def counted(self, node: ReferenceNode, writer: Writer) -> str:
        """See Source."""
        found, listed = self._every(node, writer)
        if found.element is None:
            return f"len({listed})"
        return f"len(ALL({listed}, {found.element.position})[0])"

    def one_of(self, which: str, node: ReferenceNode, writer: Writer) -> Value:
        """See Source; looks no further than it must."""
        found, listed = self._every(node, writer)
        if found.element is None:
            raise ExpressionFault(node.at, f"{which} wants an element, as {node.text}.01")
        number, program = found.element.position, self.program
        code, origin = program.fresh("v"), program.fresh("q")
        program.line(f"{code} = ''")
        program.line(f"{origin} = ()")
        with program.block(f"for g in {listed if which == 'first' else f'reversed({listed})'}:"):
            program.line("f = g.elements")
            with program.block(f"if len(f) > {number} and f[{number}]:"):
                program.line(f"{code} = f[{number}]")
                program.line(f"{origin} = (g, {number})")
                program.line("break")
        spot = (listed[1:-2], number) if found.match is None else None
        return Value(code, Kind.TEXT, False, True, (f"*{origin}",), _decimals(found.element), spot, sound=True)

    def call(self, node: Call, writer: Writer) -> Value:
        """See Source: `pair`."""
        arguments = node.arguments
        pairs, holder, elements, segment = self._paired(node, writer)
        if isinstance(arguments[0], Reference):
            arguments = arguments[1:]
        positions = pair_positions(segment)
        if not positions:
            raise ExpressionFault(
                node.at, f"{segment.id} has no pairs of qualifier and value; name one that has, as LIN"
            )
        guide = segment.elements[positions[0] - 1].element
        codes = guide.codes if isinstance(guide, ElementGuide) else None
        qualifiers = []
        for argument in arguments:
            assert isinstance(argument, Literal)
            qualifiers.append(str(argument.value))
            if codes is not None and argument.value not in codes:
                hint = did_you_mean(str(argument.value), sorted(codes))
                writer.fault(argument.at, f"{argument.value} is no qualifier of {segment.id}{hint}")
        self._pairs.setdefault(segment.id, set()).update(qualifiers)
        at = self.program.fresh("i")
        if self.program.mutable and len(qualifiers) > 1:
            each = []
            for word in qualifiers:
                alone = self.program.fresh("i")
                pairs.append((alone, (word,)))
                each.append(writer.unless(alone, f"qualifier {word} left out"))
            self.program.line(f"{at} = {' or '.join(each)} or 0")
        else:
            pairs.append((at, tuple(qualifiers)))
        code = writer.assign(f"{elements}[{at}] if {at} else ''")
        with self.program.block(f"if {at} < 0:"):
            self.program.line(f"{code} = report.several_pairs({writer.rule}, {holder}, -{at})")
        if isinstance(node.arguments[0], Reference):
            found = self._resolver.find(node.arguments[0], writer.scope)
            matches = () if found.match is None else (*found.above, found.match)
            self._one_only(node.arguments[0], matches, code, writer)
        return Value(code, Kind.TEXT, True, True, (f"{holder}, {at}",), None, (holder, positions[0]), sound=True)

    def _paired(self, node: Call, writer: Writer) -> tuple[Pairs, str, str, SegmentGuide]:
        """What is wanted of the pairs that `pair` looks at, program text of the segment and its elements, its guide."""
        first = node.arguments[0]
        if not isinstance(first, Reference):
            scope: X12Scope = writer.scope
            return scope.pairs, f"t{scope.level}", f"u{scope.level}", scope.trigger
        found = self._resolver.find(first, writer.scope)
        if found.element is not None or found.index is not None:
            raise ExpressionFault(first.at, "want a segment alone, as LIN")
        if found.match is None:
            level = found.scope.level
            return found.scope.pairs, f"t{level}", f"u{level}", found.segment
        found.match.one = True
        number = found.match.number
        return found.match.pairs, f"s{number}", f"e{number}", found.segment

    def check_outside(self, node: Outside) -> None:
        """See Source: ISA, GS and ST are the envelope."""
        if node.source != "env":
            super().check_outside(node)
        elif _ENVELOPE.fullmatch(node.name) is None:
            raise ExpressionFault(
                node.at, f"env.{node.name} is not known; want an element of ISA, GS or ST, as env.GS03"
            )

    def spot(self, scope: X12Scope) -> tuple[str, Any]:
        """See Source."""
        return (f"t{scope.level}", 0)

    def unread(self, source: TransactionSet) -> Iterator[str]:
        """See Source: elements of segments as they were sent, the qualifier with them."""
        told: dict[str, None] = {}
        for segment in () if source.root is None else source.root.walk():
            guide = self._guide.directory.get(segment.id)
            if guide is None or segment.id in ("ST", "SE"):
                continue
            read = self._read_of(segment, guide)
            name = _qualified(segment, guide)
            for number, text in enumerate(segment.elements[1:], 1):
                if text and number not in read:
                    told[f"{name}.{number:02d}"] = None
        return iter(told)

    def _read_of(self, segment: Segment, guide: SegmentGuide) -> set[int]:
        """The elements of a segment that some rule reads or picks it by."""
        read: set[int] = set()
        for name, filters, number in self._reads:
            if name != segment.id:
                continue
            if all((segment.element(picked.element) == picked.value) is not picked.negated for picked in filters):
                read.add(number)
                read.update(picked.element for picked in filters)
        for number in pair_positions(guide):
            if segment.element(number) in self._pairs.get(segment.id, ()):
                read.update((number, number + 1))
        for name, window in self._windows_read:
            if name == segment.id:
                wanted = {number for number in read if window.start <= number < window.start + window.step}
                for number in range(window.start, len(segment.elements)):
                    if window.start + (number - window.start) % window.step in wanted:
                        read.add(number)
        return read

    def _note(self, found: Found) -> None:
        """Remember what is read."""
        filters = () if found.match is None else found.match.filters
        if found.element is not None:
            self._reads.add((found.segment.id, filters, found.element.position))
        for match in (*found.above, *(() if found.match is None else (found.match,))):
            for picked in match.filters:
                self._reads.add((match.segment.id, match.filters, picked.element))

    def _every(self, node: ReferenceNode, writer: Writer) -> tuple[Found, str]:
        """What a reference names, and program text of all the segments."""
        assert isinstance(node, Reference)
        found = self._resolver.find(node, writer.scope)
        if found.index is not None or node.component is not None:
            raise ExpressionFault(node.at, "this takes every segment and the whole element")
        if found.match is None:
            self._note(found)
            return found, f"(t{found.scope.level},)"
        self._note(found)
        found.match.all_of = True
        return found, f"x{found.match.number}"

    def _one_only(self, node: Reference, matches: tuple[Match, ...], code: str, writer: Writer) -> bool:
        """Make the value BAD where a step of its path matches several segments; whether it may."""
        for position, match in enumerate(matches):
            match.one = True
            with self.program.block(f"{'elif' if position else 'if'} m{match.number}:"):
                self.program.line(
                    f"{code} = report.several({writer.rule}, s{match.number}, {node.text!r}, {match.number})"
                )
        return bool(matches)

    def _presence(self, found: Found, writer: Writer) -> Value:
        self._note(found)
        if found.match is None:
            return Value("True", Kind.SEGMENTS, absent=False)
        found.match.all_of = True
        listed = f"x{found.match.number}"
        code = writer.assign(f"bool({listed})" if found.index is None else f"len({listed}) >= {found.index}")
        return Value(code, Kind.SEGMENTS, absent=False)


def _opened(code: str, source: TransactionSet) -> Opened:
    """A set that was read with its tree, for the program of a map of set `code`."""
    places = X12Places(source)
    if source.root is None or not source.root.segments or source.code != code:
        return Opened(None, places, mismatch=f"the set is {shown(source.code)}; want {code}")
    return Opened(source.root, places, source.interchange.delimiters.component)


def _listed(match: Match, scope: X12Scope) -> str:
    return f"y{match.number}" if scope.loop is not None else f"x{match.number}"


def _variables(scopes: tuple[X12Scope, ...]) -> list[str]:
    """The names that the loops over scopes bind."""
    names = []
    for scope in scopes:
        names.append(f"loop{scope.level}" if scope.loop is not None else f"t{scope.level}")
        names += [f"w{scope.level}"] if scope.window is not None else []
    return names


def _in_window(node: Reference, scope: X12Scope, number: int) -> str:
    """Program text of an element's number in the window at hand."""
    assert scope.window is not None
    if number >= scope.window.start + scope.window.step:
        last = scope.window.start + scope.window.step - 1
        raise ExpressionFault(node.at, f"{node.text} is past the window, which ends with element {last:02d}")
    return f"{number} + w{scope.level}"


def _qualified(segment: Segment, guide: SegmentGuide) -> str:
    """A segment as maps name it, as `REF[DP]`."""
    for use in guide.elements:
        if isinstance(use.element, ElementGuide) and use.element.type == "ID":
            code = segment.element(use.position) if use.position == 1 or segment.id == "HL" else ""
            return f"{segment.id}[{code}]" if code else segment.id
    return segment.id


def _decimals(use: ElementUse) -> int | None:
    """Decimals implied by the guide's type of an element. Source: X12.6 types N0 to N9."""
    kind = use.element.type if isinstance(use.element, ElementGuide) else ""
    return int(kind[1:]) if kind.startswith("N") else None
