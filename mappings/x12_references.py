"""How references to X12 are written: `BEG03`, `N1[ST]/N4.02`, `parent.REF[DP].02`, `ancestor(HL[O])/PRF01`."""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.expressions import Dialect, ExpressionFault, Parser, Token, bounded, named_token
from mappings.syntax import Filter, Reference, Step, Window, X12Source
from translators.errors import shown

_ELEMENT_NAME = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})")
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_FILTER = re.compile(r"(?:([0-9]{1,2})(!?)=)?(!?)([^=,#!]+)")


class _X12Dialect(Dialect):
    """References to elements and segments; names in capital letters."""

    words = frozenset({"parent", "ancestor"})

    def reference(self, parser: Parser, token: Token) -> Reference | None:
        """See `expressions.Dialect`."""
        if token.text in self.words or token.text[0].isupper():
            return _Reading(parser).read(token)
        return None


X12_DIALECT = _X12Dialect()


@lru_cache(maxsize=4096)
def parse_source(text: str) -> X12Source:
    """Read what a block's header names in its parentheses: `PO1`, `N1[VN]`, `N9/MSG`, `SDQ(03 step 2)`, `parent.L11`.

    Raises:
        ExpressionFault: it names no segment or loop.
    """
    parser = Parser(text, X12_DIALECT)
    first = parser.take()
    node = X12_DIALECT.reference(parser, first) if first.kind == "name" else None
    if node is None or node.element is not None or node.ancestor is not None:
        raise ExpressionFault(first.at, "want the loop or segment the block is made from, as PO1")
    window = None
    if parser.accept("("):
        start = _Reading(parser).ordinal("first element")
        parser.expect("step")
        window = Window(start, _Reading(parser).ordinal("step"))
        parser.expect(")")
    parser.expect_end()
    return X12Source(node, window)


@lru_cache(maxsize=4096)
def parse_target(text: str) -> Reference:
    """Read what a rule for an X12 set fills: `BAK03`, `DTM[002].02`, `N1[ST]/N4.01`, or segments: `N1[ST]`.

    Raises:
        ExpressionFault: it names no segment or element.
    """
    parser = Parser(text, X12_DIALECT)
    first = parser.take()
    node = X12_DIALECT.reference(parser, first) if first.kind == "name" else None
    if node is None or node.parents or node.ancestor is not None:
        raise ExpressionFault(first.at, "want a segment and element, as BAK03 or DTM[002].02")
    parser.expect_end()
    return node


class _Reading:
    """A parser in the middle of a reference."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser

    def read(self, first: Token) -> Reference:
        parents, token = 0, first
        ancestor: Step | None = None
        while token.text == "parent":
            parents += 1
            bounded(token.at, parents * 10)
            self.parser.expect(".")
            token = self.parser.take()
        if token.text == "ancestor":
            if parents:
                raise ExpressionFault(token.at, "an ancestor is looked for from this block; leave parent. out")
            ancestor = self.ancestor()
            token = self.parser.take()
        steps: list[Step] = []
        while True:
            if token.kind != "name":
                raise ExpressionFault(token.at, f"found {named_token(token)}; want a segment, as N1")
            whole = _ELEMENT_NAME.fullmatch(token.text)
            if whole is not None:
                steps.append(Step(whole[1], (), None, token.at))
                return self.ended(first, parents, steps, element=int(whole[2]), ancestor=ancestor)
            if _SEGMENT_NAME.fullmatch(token.text) is None:
                raise ExpressionFault(
                    token.at, f"{shown(token.text)} is no reference; want a segment and element, as BEG03 or N1[ST].04"
                )
            steps.append(self.step(token))
            if self.parser.token.text != "/" or self.parser.token.kind != "operator":
                break
            self.parser.take()
            token = self.parser.take()
            bounded(token.at, len(steps) * 10)
        if self.parser.accept("."):
            return self.ended(first, parents, steps, element=self.ordinal("element"), ancestor=ancestor)
        return self.ended(first, parents, steps, element=None, ancestor=ancestor)

    def ancestor(self) -> Step:
        self.parser.expect("(")
        name = self.parser.take()
        if name.text != "HL":
            raise ExpressionFault(name.at, f"found {named_token(name)}; want the level of an HL, as ancestor(HL[O])")
        step = self.step(name)
        if len(step.filters) != 1 or step.filters[0].negated or step.index is not None:
            raise ExpressionFault(name.at, "want one level, as ancestor(HL[O])")
        self.parser.expect(")")
        self.parser.expect("/")
        return step

    def ended(
        self, first: Token, parents: int, steps: list[Step], *, element: int | None, ancestor: Step | None
    ) -> Reference:
        component = None
        if element is not None and self.parser.accept("."):
            component = self.ordinal("component")
        end = self.parser.tokens[self.parser.next - 1]
        text = self.parser.text[first.at : end.at + len(end.text)]
        return Reference(parents, tuple(steps), element, component, ancestor, at=first.at, text=text)

    def ordinal(self, what: str) -> int:
        token = self.parser.take()
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 3 or int(token.text) == 0:
            raise ExpressionFault(token.at, f"found {named_token(token)}; want the number of the {what}, as 02")
        return int(token.text)

    def step(self, name: Token) -> Step:
        filters: list[Filter] = []
        index = None
        while self.parser.token.kind == "filter":
            token = self.parser.take()
            content, at = token.text[1:-1], token.at + 1
            if index is not None:
                raise ExpressionFault(token.at, "the number of the instance comes last, as REF[DP][#2]")
            if content.startswith("#"):
                if not content[1:].isdecimal() or len(content) > 5 or int(content[1:]) == 0:
                    raise ExpressionFault(at, f"found {shown(content)!r}; want the number of the instance, as #2")
                index = int(content[1:])
                continue
            for part in content.split(","):
                found = _FILTER.fullmatch(part.strip())
                if found is None:
                    raise ExpressionFault(at, f"found {shown(content)!r} in brackets; want a code, as ST or 03=2L")
                value = found[4].strip().strip("'\"")
                filters.append(
                    Filter(int(found[1]) if found[1] else None, value, at, negated=bool(found[2] or found[3]))
                )
                at += len(part) + 1
        return Step(name.text, tuple(filters), index, name.at)
