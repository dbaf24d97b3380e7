"""The expressions of maps: tokens, and a parser that knows the column of everything.

The language is closed: references, literals, operators and named functions; no loops, no attributes, no user code.
Length and depth are limited, so every expression is read in bounded time and memory. How a reference is written is the
dialect's, one for each kind of source; everything else is the same for all.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

from mappings.syntax import (
    Arithmetic,
    BlockName,
    Both,
    Call,
    Comparison,
    Conditional,
    Either,
    Literal,
    Negative,
    Node,
    Not,
    Outside,
    ReferenceNode,
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


EACH = "each"
"""What `emit each: ... by ...` groups by, in every dialect."""
OUTSIDE = ("env", "file", "agreement")
_WORDS = {"true": True, "false": False, "none": None}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_RESERVED = frozenset({"or", "and", "not", "if", "else", *_WORDS, *OUTSIDE})

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<filter>\[[^\[\]]*\])"
    r"|(?P<operator>==|!=|<=|>=|[-+*/<>(),.=])"
)
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `kind` is `text`, `number`, `name`, `filter`, `operator`, `path` (of a dialect) or `end`."""

    kind: str
    text: str
    at: int


class Dialect(ABC):
    """How references to one kind of source are written; one object for the life of the process.

    `paths` finds whole references as tokens of kind `path` before any other, None where there are none; `words` are
    names the dialect's references may begin with although a parenthesis follows.
    """

    paths: ClassVar[re.Pattern[str] | None] = None
    words: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def reference(self, parser: Parser, token: Token) -> ReferenceNode | None:
        """The reference that begins with this token (already taken); None where none does.

        Raises:
            ExpressionFault: it begins one and does not read.
        """


@lru_cache(maxsize=REMEMBERED_EXPRESSIONS)
def parse(text: str, dialect: Dialect) -> Node:
    """Read an expression; what many maps inherit is read once.

    Raises:
        ExpressionFault: it is too long, too deep or not of the language; the first fault found.
    """
    parser = Parser(text, dialect)
    node = parser.conditional()
    parser.expect_end()
    return node


class Parser:
    """Reads one text; what is public is for dialects."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionFault(0, f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read")
        self.text = text
        self.dialect = dialect
        self.tokens = _tokens(text, dialect.paths)
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.next]

    def take(self) -> Token:
        """Take the next token; the end stays."""
        token = self.tokens[self.next]
        if token.kind != "end":
            self.next += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Take the next token if it is one of these operators or words."""
        if self.token.kind in ("operator", "name") and self.token.text in texts:
            return self.take()
        return None

    def expect(self, text: str) -> Token:
        """Take the next token, which must be this operator or word."""
        found = self.accept(text)
        if found is None:
            raise ExpressionFault(self.token.at, f"found {named_token(self.token)}; want {text!r}")
        return found

    def expect_end(self) -> None:
        """Nothing may be left."""
        if self.token.kind != "end":
            raise ExpressionFault(self.token.at, f"found {named_token(self.token)}; want the end of the expression")

    def conditional(self) -> Node:
        """A whole expression."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionFault(self.token.at, f"nested deeper than {MAX_DEPTH}; make it simpler")
        then = self._either()
        if (word := self.accept("if")) is not None:
            condition = self._either()
            self.expect("else")
            then = Conditional(then, condition, self.conditional(), word.at)
        self.depth -= 1
        return then

    def _either(self) -> Node:
        first = self._both()
        operands, at = [first], self.token.at
        while self.accept("or"):
            operands.append(self._both())
        return Either(_limited(operands, at), at) if len(operands) > 1 else first

    def _both(self) -> Node:
        first = self._negation()
        operands, at = [first], self.token.at
        while self.accept("and"):
            operands.append(self._negation())
        return Both(_limited(operands, at), at) if len(operands) > 1 else first

    def _negation(self) -> Node:
        if (word := self.accept("not")) is None:
            return self._comparison()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionFault(word.at, f"nested deeper than {MAX_DEPTH}; make it simpler")
        operand = self._negation()
        self.depth -= 1
        return Not(operand, word.at)

    def _comparison(self) -> Node:
        left = self._sum()
        if (operator := self.accept(*_COMPARISONS)) is None:
            return left
        right = self._sum()
        if (chained := self.accept(*_COMPARISONS)) is not None:
            raise ExpressionFault(chained.at, "comparisons are not chained; join two with and")
        return Comparison(operator.text, left, right, operator.at)

    def _sum(self) -> Node:
        left = self._product()
        count = 1
        while (operator := self.accept("+", "-")) is not None:
            count += 1
            left = Arithmetic(operator.text, left, self._product(), bounded(operator.at, count))
        return left

    def _product(self) -> Node:
        left = self._signed()
        count = 1
        while (operator := self.accept("*", "/")) is not None:
            count += 1
            left = Arithmetic(operator.text, left, self._signed(), bounded(operator.at, count))
        return left

    def _signed(self) -> Node:
        if (sign := self.accept("-")) is None:
            return self.primary()
        return Negative(self.primary(), sign.at)

    def primary(self) -> Node:
        """A value without operators, or anything in parentheses."""
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
        if token.kind == "path":
            found = self.dialect.reference(self, token)
            assert found is not None
            return found
        if token.kind != "name":
            raise ExpressionFault(token.at, f"found {named_token(token)}; want a value")
        return self._name(token)

    def _name(self, token: Token) -> Node:
        word = token.text
        if word in _WORDS:
            return Literal(word, _WORDS[word], token.at)
        if word in OUTSIDE:
            self.expect(".")
            name = self.take()
            if name.kind != "name":
                raise ExpressionFault(name.at, f"found {named_token(name)}; want a name, as env.GS03")
            return Outside(word, name.text, token.at)
        if word in _RESERVED:
            raise ExpressionFault(token.at, f"found {word!r}; want a value")
        if self.token.text == "(" and self.token.kind == "operator" and word not in self.dialect.words:
            return self._call(token)
        found = self.dialect.reference(self, token) if word != EACH else None
        if found is not None:
            return found
        field_name = None
        if self.accept("."):
            part = self.take()
            if part.kind != "name":
                raise ExpressionFault(part.at, f"found {named_token(part)}; want a field, as lines.qty")
            field_name = part.text
        return BlockName(word, field_name, token.at)

    def _call(self, name: Token) -> Call:
        self.expect("(")
        arguments: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.accept(")"):
            if (arguments or named) and not self.accept(","):
                raise ExpressionFault(self.token.at, f"found {named_token(self.token)}; want ',' or ')'")
            token, after = self.token, self.tokens[min(self.next + 1, len(self.tokens) - 1)]
            if token.kind == "name" and after.kind == "operator" and after.text == "=":
                self.take()
                self.take()
                named.append((token.text, self.conditional()))
            elif named:
                raise ExpressionFault(token.at, "arguments with a name come last")
            else:
                arguments.append(self.conditional())
            bounded(token.at, len(arguments) + len(named))
        return Call(name.text, tuple(arguments), tuple(named), name.at)


def _tokens(text: str, paths: re.Pattern[str] | None) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if paths is not None and (path := paths.match(text, at)) is not None and path.end() > at:
            tokens.append(Token("path", path.group(), at))
            at = path.end()
            continue
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
            tokens.append(Token(kind, found.group(), at))
        at = found.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def named_token(token: Token) -> str:
    """A token as messages show it."""
    return "the end" if token.kind == "end" else repr(shown(token.text))


def _limited(operands: list[Node], at: int) -> tuple[Node, ...]:
    bounded(at, len(operands))
    return tuple(operands)


def bounded(at: int, count: int) -> int:
    """`at`, where a chain has no more than MAX_OPERANDS members.

    Raises:
        ExpressionFault: it has more.
    """
    if count > MAX_OPERANDS:
        raise ExpressionFault(at, f"more than {MAX_OPERANDS} operands; make it simpler")
    return at
