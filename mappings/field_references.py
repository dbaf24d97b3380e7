"""How references to fields of a canonical document are written: `ship_to.address.city`, `references[type=DP].value`."""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.expressions import Dialect, ExpressionFault, Parser, Token, bounded, named_token
from mappings.syntax import FieldReference, FieldStep, Pick
from translators.errors import shown

_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_PICK = re.compile(r"\s*(?P<name>[a-z][a-z0-9_]*)\s*(?P<operator>==?|!=)(?P<value>.+)")
_MAX_STEPS = 10


class _FieldDialect(Dialect):
    """References to fields; names in small letters."""

    def reference(self, parser: Parser, token: Token) -> FieldReference | None:
        """See `expressions.Dialect`."""
        return None if token.text[0].isupper() else _Reading(parser).read(token)


FIELD_DIALECT = _FieldDialect()


@lru_cache(maxsize=4096)
def parse_fields(text: str) -> FieldReference:
    """Read a reference that stands alone, as in a block's parentheses.

    Raises:
        ExpressionFault: it is none.
    """
    parser = Parser(text, FIELD_DIALECT)
    first = parser.take()
    found = FIELD_DIALECT.reference(parser, first) if first.kind == "name" else None
    if found is None:
        raise ExpressionFault(first.at, f"found {named_token(first)}; want a field, as lines or ship_to.name")
    parser.expect_end()
    return found


class _Reading:
    def __init__(self, parser: Parser) -> None:
        self.parser = parser

    def read(self, first: Token) -> FieldReference:
        token, parents, origin = first, 0, False
        while token.text == "parent" and self.parser.token.text == ".":
            parents += 1
            bounded(token.at, parents * 10)
            self.parser.take()
            token = self.parser.take()
        if token.text == "origin" and self.parser.token.text == ".":
            origin = True
            self.parser.take()
            token = self.parser.take()
        steps = [self.step(token)]
        while self.parser.accept("."):
            if len(steps) == _MAX_STEPS:
                raise ExpressionFault(token.at, f"a path has at most {_MAX_STEPS} names")
            steps.append(self.step(self.parser.take()))
        end = self.parser.tokens[self.parser.next - 1]
        text = self.parser.text[first.at : end.at + len(end.text)]
        return FieldReference(origin, parents, tuple(steps), at=first.at, text=text)

    def step(self, name: Token) -> FieldStep:
        if name.kind != "name":
            raise ExpressionFault(name.at, f"found {named_token(name)}; want a field, as ship_to.name")
        picks: list[Pick] = []
        index = None
        while self.parser.token.kind == "filter":
            token = self.parser.take()
            content, at = token.text[1:-1], token.at + 1
            if index is not None:
                raise ExpressionFault(token.at, "the number of the part comes last, as references[type=DP][#2]")
            if content.startswith("#"):
                if not content[1:].isdecimal() or len(content) > 6 or int(content[1:]) == 0:
                    raise ExpressionFault(at, f"found {shown(content)!r}; want the number of the part, as #2")
                index = int(content[1:])
                continue
            for part in content.split(","):
                picks.append(self.pick(part, at))
                at += len(part) + 1
        return FieldStep(name.text, tuple(picks), index, name.at)

    def pick(self, text: str, at: int) -> Pick:
        found = _PICK.fullmatch(text)
        if found is None:
            told = f"found {shown(text)!r} in brackets; want a field and its value, as type=DP"
            raise ExpressionFault(at, told)
        value = found["value"].strip()
        if found["operator"] != "==":
            return Pick(found["name"], value.strip("'\""), found["operator"] == "!=", at)
        try:
            return Pick(found["name"], parse_fields(value), False, at)
        except ExpressionFault as fault:
            hint = f"; write [{found['name']}={value}] for the text {shown(value)}"
            raise ExpressionFault(at + found.start("value"), fault.message + hint) from fault
