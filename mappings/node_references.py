"""How references to XML, JSON and delimited text are written: `cac:Party/cbc:Name`, `lines[type=A]/qty`, `@id`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from mappings.expressions import Dialect, ExpressionFault, Parser, Token, bounded
from mappings.syntax import ReferenceNode
from translators.errors import shown

_NAME = r"[^\W\d][\w-]*(?::[^\W\d][\w-]*)?"
_STEP = rf"{_NAME}(?:\[[^\[\]]*\])*"
_PATH = re.compile(
    rf"(?:parent\.)+(?:@{_NAME}|{_STEP}(?:/{_STEP})*(?:/@{_NAME})?)"
    rf"|\./{_STEP}(?:/{_STEP})*(?:/@{_NAME})?"
    rf"|@{_NAME}"
    rf"|{_STEP}(?:/{_STEP})+(?:/@{_NAME})?"
    rf"|{_STEP}/@{_NAME}"
    r"|[^\W\d][\w-]*:[^\W\d][\w-]*(?:\[[^\[\]]*\])*"
    rf"|[^\W\d]\w*(?:\[[^\[\]]*\])+"
    r"|\.(?=[\s),]|$)"
)
_FILTER = re.compile(rf"(?P<attribute>@)?(?P<name>{_NAME})(?P<differs>!)?=(?P<value>.+)")
_FIRST_STEP = re.compile(_STEP)
_BRACKET = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class NodeFilter:
    """`[@unit=EA]`, `[cbc:ID=7]`, `[type!=A]`: by an attribute (or column), or by the text of a child."""

    name: str
    attribute: bool
    value: str
    differs: bool


@dataclass(frozen=True, slots=True)
class NodeStep:
    """One name of a path with what picks its instances; `index` counts from 1 after the filters."""

    name: str
    filters: tuple[NodeFilter, ...]
    index: int | None
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class NodeReference(ReferenceNode):
    """A path from the node at hand: no step and no attribute is the node itself (`.`)."""

    parents: int
    steps: tuple[NodeStep, ...]
    attribute: str | None

    @property
    def word(self) -> str | None:
        """The word, where it is a single one."""
        plain = len(self.steps) == 1 and self.attribute is None and not self.parents
        step = self.steps[0] if plain else None
        return step.name if step is not None and not step.filters and step.index is None else None


class _NodeDialect(Dialect):
    """Paths without blanks: `a / b` divides, `a/b` is a path."""

    paths = _PATH

    def reference(self, parser: Parser, token: Token) -> NodeReference | None:
        """See `expressions.Dialect`; a name followed by a point is a block's field."""
        if token.kind == "name" and parser.token.kind == "operator" and parser.token.text == ".":
            return None
        return _read(token.text, token.at)


NODE_DIALECT = _NodeDialect()


@lru_cache(maxsize=4096)
def parse_items(text: str) -> NodeReference:
    """Read what a block's header names in its parentheses: `cac:OrderLine/cac:LineItem`, `lines`, `row`.

    Raises:
        ExpressionFault: it is no path.
    """
    bounded(0, len(text) // 40)
    words = text.strip()
    found = _PATH.fullmatch(words) or _FIRST_STEP.fullmatch(words)
    if found is None or "@" in re.sub(r"\[[^\[\]]*\]", "", words) or words == ".":
        raise ExpressionFault(0, "want the path of what the block is made from, as cac:OrderLine")
    return _read(words, text.index(words) if words else 0)


def _read(text: str, at: int) -> NodeReference:
    """Take a path apart that is known to have the form of one."""
    parents, rest, start = 0, text, at
    while rest.startswith("parent."):
        parents += 1
        bounded(at, parents * 10)
        rest, start = rest[len("parent.") :], start + len("parent.")
    if rest == ".":
        return NodeReference(at=at, text=text, parents=parents, steps=(), attribute=None)
    if rest.startswith("./"):
        rest, start = rest[2:], start + 2
    steps: list[NodeStep] = []
    attribute = None
    while rest:
        bounded(at, len(steps) * 4)
        if rest.startswith("@"):
            attribute, rest = rest[1:], ""
            continue
        found = _FIRST_STEP.match(rest)
        assert found is not None
        steps.append(_step(found.group(), start))
        cut = min(found.end() + 1, len(rest))
        rest, start = rest[cut:], start + cut
    return NodeReference(at=at, text=text, parents=parents, steps=tuple(steps), attribute=attribute)


def _step(text: str, at: int) -> NodeStep:
    name = text.partition("[")[0]
    filters: list[NodeFilter] = []
    index = None
    for bracket in _BRACKET.finditer(text):
        content, place = bracket[1].strip(), at + bracket.start() + 1
        if index is not None:
            raise ExpressionFault(place, "the number of the instance comes last, as line[type=A][2]")
        number = content.removeprefix("#")
        if number.isdecimal():
            if len(number) > 4 or int(number) == 0:
                raise ExpressionFault(place, f"found {shown(content)!r}; want the number of the instance, as 2")
            index = int(number)
            continue
        found = _FILTER.fullmatch(content)
        if found is None:
            raise ExpressionFault(place, f"found {shown(content)!r} in brackets; want [2], [@unit=EA] or [type=A]")
        value = found["value"].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        filters.append(NodeFilter(found["name"], bool(found["attribute"]), value, bool(found["differs"])))
    return NodeStep(name, tuple(filters), index, at)
