"""What a function of maps is: its parameters, its result, and how it is emitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mappings.kinds import Kind


class Form(StrEnum):
    """How a function is emitted."""

    READER = "reader"
    VALUE = "value"
    WORK = "work"
    GATHER = "gather"
    SOURCE = "source"
    EITHER = "either"
    ROUND = "round"
    COUNTER = "counter"


class Accepts(StrEnum):
    """What stands for an argument that the map itself writes out."""

    VALUE = "value"
    WORK = "work"
    TEXT = "text literal"
    WHOLE = "whole number"
    TABLE = "table"
    WORD = "word"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Args:
        name: for the documentation, and for `name=` where `named`.
        kinds: kinds of value it takes (Accepts.VALUE only).
        accepts: a value worked out for each document, or something the map writes out.
        named: given as `name=value`.
        optional: it may be left out; then `default`.
        many: the last parameter, given once or more often.
        words: what a word may be (also beside a whole number).
        limits: the smallest and largest whole number.
        empty: a text may be empty.
    """

    name: str
    kinds: tuple[Kind, ...] = ()
    accepts: Accepts = Accepts.VALUE
    named: bool = False
    optional: bool = False
    default: Any = None
    many: bool = False
    words: tuple[str, ...] = ()
    limits: tuple[int, int] = (0, 0)
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its signature, its kind of result, what it does, and how.

    `make` of a READER takes the written-out arguments by name and gives the reader; `work` of a VALUE function is the
    function itself, which gets None (text: "") for what is absent. `writes` is the kind a READER also takes, and
    `unmake` then gives what writes such a value as text. `around` names what a WORK function gets of the run's context.
    `fails` tells whether it may give Unreadable;
    `segment_first`: a segment may be named before the other arguments.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Kind
    form: Form
    summary: str
    example: str
    make: Callable[..., Callable[[str], Any]] | None = None
    work: Callable[..., Any] | None = None
    fails: bool = False
    remembers: bool = False
    segment_first: bool = False
    around: str = ""
    writes: Kind | None = None
    unmake: Callable[..., Callable[[Any], Any]] | None = None

    @property
    def signature(self) -> str:
        """As the documentation shows it: `num(text, implied=whole number or off) -> number`."""
        shown = ["[segment: reference]"] if self.segment_first else []
        for parameter in self.parameters:
            told = f"{parameter.name}="
            kinds = " or ".join(parameter.kinds) or str(parameter.accepts)
            if parameter.words:
                quote = "'" if parameter.accepts is Accepts.TEXT else ""
                words = " or ".join(f"{quote}{word}{quote}" for word in parameter.words)
                kinds = f"{kinds} or {words}" if parameter.accepts is Accepts.WHOLE else words
            text = told + kinds if parameter.named else f"{parameter.name}: {kinds}"
            text += ", ..." if parameter.many else ""
            shown.append(f"[{text}]" if parameter.optional else text)
        result = "the same kind" if self.form is Form.EITHER else self.result
        return f"{self.name}({', '.join(shown)}) -> {result}"
