"""The expressions of maps: tokens, and a parser that knows the column of everything.

The language is closed: references, literals, operators and named functions; no loops, no attributes, no user code.
Length and depth are limited, so every expression is read in bounded time and memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mappings.syntax import (
    Arithmetic,
    BlockName,
    Both,
    Call,
    Comparison,
    Conditional,
    Either,
    Filter,
    Literal,
    Negative,
    Node,
    Not,
    Outside,
    Reference,
    Step,
)
from translators.errors import shown

MAX_LENGTH = 4000
"""Characters of one expression."""
MAX_DEPTH = 24
"""Levels of one expression within another."""
MAX_OPERANDS = 100
"""Operands of one chain of the same operators."""
REMEMBERED_EXPRESSIONS = 4096


class ExpressionFault(Exception):
    """An expression that does not read; `at` is the offset of the place in its text."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        self.message = message
        super().__init__(message)


OUTSIDE = ("env", "file", "agreement")
_WORDS = {"true": True, "false": False, "none": None}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_RESERVED = frozenset({"or", "and", "not", "if", "else", "parent", *_WORDS, *OUTSIDE})

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<filter>\[[^\[\]]*\])"
    r"|(?P<operator>==|!=|<=|>=|[-+*/<>(),.=])"
)
_DIGITS = re.compile(r"[0-9]+")
_ELEMENT_NAME = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})")
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_FILTER = re.compile(r"(?:([0-9]{1,2})=)?([^=,#]+)")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@lru_cache(maxsize=REMEMBERED_EXPRESSIONS)
def parse(text: str) -> Node:
    """Read an expression; what many maps inherit is read once.

    Raises:
        ExpressionFault: it is too long, too deep or not of the language; the first fault found.
    """
    parser = _Parser(text)
    node = parser.conditional()
    parser.expect_end()
    return node


def parse_source(text: str) -> Reference:
    """Read what a block's header names in its parentheses: `PO1`, `N1[VN]`, `N9/MSG`.

    Raises:
        ExpressionFault: it names no segment or loop.
    """
    parser = _Parser(text)
    node = parser.primary()
    parser.expect_end()
    if not isinstance(node, Reference) or node.element is not None or node.parents:
        raise ExpressionFault(node.at, "want the loop or segment the block is made from, as PO1")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionFault(0, f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read")
        self.text = text
        self.tokens = _tokens(text)
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.tokens[self.next]
        if token.kind != "end":
            self.next += 1
        return token

    def accept(self, *texts: str) -> _Token | None:
        if self.token.kind in ("operator", "name") and self.token.text in texts:
            return self.take()
        return None

    def expect(self, text: str) -> _Token:
        found = self.accept(text)
        if found is None:
            raise ExpressionFault(self.token.at, f"found {_named(self.token)}; want {text!r}")
        return found

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise ExpressionFault(self.token.at, f"found {_named(self.token)}; want the end of the expression")

    def conditional(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionFault(self.token.at, f"nested deeper than {MAX_DEPTH}; make it simpler")
        then = self.either()
        if (word := self.accept("if")) is not None:
            condition = self.either()
            self.expect("else")
            then = Conditional(then, condition, self.conditional(), word.at)
        self.depth -= 1
        return then

    def either(self) -> Node:
        first = self.both()
        operands, at = [first], self.token.at
        while self.accept("or"):
            operands.append(self.both())
        return Either(_limited(operands, at), at) if len(operands) > 1 else first

    def both(self) -> Node:
        first = self.negation()
        operands, at = [first], self.token.at
        while self.accept("and"):
            operands.append(self.negation())
        return Both(_limited(operands, at), at) if len(operands) > 1 else first

    def negation(self) -> Node:
        if (word := self.accept("not")) is None:
            return self.comparison()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionFault(word.at, f"nested deeper than {MAX_DEPTH}; make it simpler")
        operand = self.negation()
        self.depth -= 1
        return Not(operand, word.at)

    def comparison(self) -> Node:
        left = self.sum()
        if (operator := self.accept(*_COMPARISONS)) is None:
            return left
        right = self.sum()
        if (chained := self.accept(*_COMPARISONS)) is not None:
            raise ExpressionFault(chained.at, "comparisons are not chained; join two with and")
        return Comparison(operator.text, left, right, operator.at)

    def sum(self) -> Node:
        left = self.product()
        count = 1
        while (operator := self.accept("+", "-")) is not None:
            count += 1
            left = Arithmetic(operator.text, left, self.product(), _bounded(operator.at, count))
        return left

    def product(self) -> Node:
        left = self.signed()
        count = 1
        while (operator := self.accept("*", "/")) is not None:
            count += 1
            left = Arithmetic(operator.text, left, self.signed(), _bounded(operator.at, count))
        return left

    def signed(self) -> Node:
        if (sign := self.accept("-")) is None:
            return self.primary()
        return Negative(self.primary(), sign.at)

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "text":
            quote = token.text[0]
            return Literal(token.kind, token.text[1:-1].replace(quote * 2, quote), token.at)
        if token.kind == "number":
            return Literal(token.kind, Decimal(token.text), token.at)
        if token.kind == "operator" and token.text == "(":
            node = self.conditional()
            self.expect(")")
            return node
        if token.kind != "name":
            raise ExpressionFault(token.at, f"found {_named(token)}; want a value")
        return self.named(token)

    def named(self, token: _Token) -> Node:
        word = token.text
        if word in _WORDS:
            return Literal(word, _WORDS[word], token.at)
        if word in OUTSIDE:
            self.expect(".")
            name = self.take()
            if name.kind != "name":
                raise ExpressionFault(name.at, f"found {_named(name)}; want a name, as env.GS03")
            return Outside(word, name.text, token.at)
        if word == "parent":
            return self.reference(token)
        if word in _RESERVED:
            raise ExpressionFault(token.at, f"found {word!r}; want a value")
        if self.token.text == "(" and self.token.kind == "operator":
            return self.call(token)
        if word[0].isupper():
            return self.reference(token)
        field_name = None
        if self.accept("."):
            found = self.take()
            if found.kind != "name":
                raise ExpressionFault(found.at, f"found {_named(found)}; want a field, as lines.qty")
            field_name = found.text
        return BlockName(word, field_name, token.at)

    def call(self, name: _Token) -> Call:
        self.expect("(")
        arguments: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.accept(")"):
            if (arguments or named) and not self.accept(","):
                raise ExpressionFault(self.token.at, f"found {_named(self.token)}; want ',' or ')'")
            token, after = self.token, self.tokens[min(self.next + 1, len(self.tokens) - 1)]
            if token.kind == "name" and after.kind == "operator" and after.text == "=":
                self.take()
                self.take()
                named.append((token.text, self.conditional()))
            elif named:
                raise ExpressionFault(token.at, "arguments with a name come last")
            else:
                arguments.append(self.conditional())
            _bounded(token.at, len(arguments) + len(named))
        return Call(name.text, tuple(arguments), tuple(named), name.at)

    def reference(self, first: _Token) -> Reference:
        parents, token = 0, first
        while token.text == "parent":
            parents += 1
            _bounded(token.at, parents * 10)
            self.expect(".")
            token = self.take()
        steps: list[Step] = []
        while True:
            if token.kind != "name":
                raise ExpressionFault(token.at, f"found {_named(token)}; want a segment, as N1")
            whole = _ELEMENT_NAME.fullmatch(token.text)
            if whole is not None:
                steps.append(Step(whole[1], (), None, token.at))
                return self.ended(first, parents, steps, element=int(whole[2]))
            if _SEGMENT_NAME.fullmatch(token.text) is None:
                raise ExpressionFault(
                    token.at, f"{shown(token.text)} is no reference; want a segment and element, as BEG03 or N1[ST].04"
                )
            steps.append(self.step(token))
            if self.token.text != "/" or self.token.kind != "operator":
                break
            self.take()
            token = self.take()
            _bounded(token.at, len(steps) * 10)
        if self.accept("."):
            return self.ended(first, parents, steps, element=self.ordinal("element"))
        return self.ended(first, parents, steps, element=None)

    def ended(self, first: _Token, parents: int, steps: list[Step], *, element: int | None) -> Reference:
        component = None
        if element is not None and self.accept("."):
            component = self.ordinal("component")
        end = self.tokens[self.next - 1]
        text = self.text[first.at : end.at + len(end.text)]
        return Reference(parents, tuple(steps), element, component, first.at, text)

    def ordinal(self, what: str) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 3 or int(token.text) == 0:
            raise ExpressionFault(token.at, f"found {_named(token)}; want the number of the {what}, as 02")
        return int(token.text)

    def step(self, name: _Token) -> Step:
        filters: list[Filter] = []
        index = None
        while self.token.kind == "filter":
            token = self.take()
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
                filters.append(Filter(int(found[1]) if found[1] else None, found[2].strip().strip("'\""), at))
                at += len(part) + 1
        return Step(name.text, tuple(filters), index, name.at)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        after_dot = bool(tokens) and tokens[-1].text == "." and tokens[-1].at == at - 1
        found = (_DIGITS.match(text, at) if after_dot else None) or _TOKEN.match(text, at)
        if found is None:
            if text[at] in "'\"":
                raise ExpressionFault(at, "the text has no closing quote")
            if text[at] == "[":
                raise ExpressionFault(at, "the bracket is not closed")
            raise ExpressionFault(at, f"{shown(text[at])!r} is not part of the language")
        kind = found.lastgroup or "number"
        if kind != "space":
            tokens.append(_Token(kind, found.group(), at))
        at = found.end()
    tokens.append(_Token("end", "", len(text)))
    return tokens


def _named(token: _Token) -> str:
    return "the end" if token.kind == "end" else repr(shown(token.text))


def _limited(operands: list[Node], at: int) -> tuple[Node, ...]:
    _bounded(at, len(operands))
    return tuple(operands)


def _bounded(at: int, count: int) -> int:
    if count > MAX_OPERANDS:
        raise ExpressionFault(at, f"more than {MAX_OPERANDS} operands; make it simpler")
    return at
