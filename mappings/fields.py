"""Fields of canonical models as maps name them: `ship_to.code`, and the kind of value it takes."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

from mappings.kinds import Kind
from translators.canonical.common import Text
from translators.datafile import did_you_mean

_KINDS = (
    (str, Kind.TEXT),
    (bool, Kind.BOOL),
    (Decimal, Kind.NUMBER),
    (int, Kind.NUMBER),
    (datetime, Kind.DATETIME),
    (date, Kind.DATE),
    (time, Kind.TIME),
)
"""Python types of fields, the narrower before the wider."""

_PLAIN_PATTERN = re.compile(
    r"\^(?:\[[A-Za-z0-9-]+\]|[A-Za-z0-9]|\{[0-9,]+\}|\((?:\[[A-Za-z0-9-]+\]|[A-Za-z0-9]|\{[0-9,]+\}|\|)+\))+\$"
)
"""Patterns of ASCII classes and letters between ^ and $; by them Python and pydantic match the same texts."""


@dataclass(frozen=True, slots=True)
class TargetField:
    """A field a rule may fill.

    `required`: the model refuses a part without it. `members`: what the model makes of each word it takes, where those
    are a closed set. `is_free_text`: it takes every text that is not empty.
    """

    path: tuple[str, ...]
    kind: Kind
    required: bool
    members: Mapping[str, Any] | None
    is_free_text: bool
    _allowed: Any

    def refusal(self, value: object) -> str | None:
        """Why the model would refuse a value that is written in the map; None where it takes it."""
        try:
            _adapter(self._allowed).validate_python(value)
        except ValidationError as error:
            return error.errors()[0]["msg"]
        return None

    def takes(self) -> Callable[[Any], Any]:
        """A test, true where the model takes a value of the field's kind and keeps it as it is; texts are of class str.

        Where a pattern is all that is asked of a text, it is the pattern's own.
        """
        return _test(self._allowed)


class UnknownField(Exception):
    """The model has no such field; `name` is the part of the path that is wrong."""

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        self.message = message
        super().__init__(message)


@cache
def find_field(model: type[BaseModel], path: tuple[str, ...]) -> TargetField:
    """The field at a dotted path.

    Raises:
        UnknownField: there is none, or it is a part or a block, not a value.
    """
    current, required = model, True
    for position, name in enumerate(path):
        annotation, needed, metadata = _field(current, name, position)
        required = required and needed
        last = position == len(path) - 1
        if get_origin(annotation) is dict:
            if position != len(path) - 2:
                raise UnknownField(position, f'"{name}" takes one more word, as {name}.department')
            return _target(path, Kind.TEXT, required=False, allowed=str)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if last:
                known = ", ".join(annotation.model_fields)
                raise UnknownField(position, f'"{name}" has parts; name one of them: {known}')
            current = annotation
            continue
        kind = _kind(annotation)
        if kind is None:
            raise UnknownField(position, f'"{name}" is a list; fill it by a block, as {name}(N9):')
        if not last:
            raise UnknownField(position + 1, f'"{name}" has no parts')
        allowed = Annotated[(annotation, *metadata)] if metadata else annotation
        return _target(path, kind, required=required, allowed=allowed)
    raise UnknownField(0, "want the name of a field")


@dataclass(frozen=True, slots=True)
class PartField:
    """A field that holds parts: their model, and whether it is a list of them."""

    model: type[BaseModel]
    many: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What a field holds: a part or (`many`) a list of parts, a value of a kind, or words by name (`mapping`)."""

    model: type[BaseModel] | None = None
    many: bool = False
    kind: Kind | None = None
    mapping: bool = False


@cache
def held_by(model: type[BaseModel], name: str) -> Held:
    """What a field of a model holds.

    Raises:
        UnknownField: there is none of that name.
    """
    annotation = _field(model, name, 0)[0]
    if get_origin(annotation) is dict:
        return Held(kind=Kind.TEXT, mapping=True)
    found = _block(annotation)
    if found is not None:
        return Held(found, many=True)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Held(annotation)
    kind = _kind(annotation)
    if kind is None:
        raise UnknownField(0, f'"{name}" is of no kind that maps read')
    return Held(kind=kind)


@cache
def find_part(model: type[BaseModel], path: tuple[str, ...]) -> PartField:
    """The parts at a dotted path; what is on the way must be single parts.

    Raises:
        UnknownField: there is no such part or list.
    """
    current = model
    for position, name in enumerate(path):
        annotation = _field(current, name, position)[0]
        found = _block(annotation)
        last = position == len(path) - 1
        if found is not None and last:
            return PartField(found, many=True)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if last:
                return PartField(annotation, many=False)
            current = annotation
            continue
        told = "is a list; it wants a block of its own" if found is not None else "is no list of parts"
        hint = "" if found is not None else did_you_mean(name, blocks(current))
        raise UnknownField(position, f'"{name}" {told}{hint}')
    raise UnknownField(0, "want the name of a list")


def blocks(model: type[BaseModel]) -> list[str]:
    """The names of the lists and parts a block may fill."""
    return [name for name, info in model.model_fields.items() if _holds_parts(_bare(info.annotation))]


def required_fields(model: type[BaseModel]) -> list[str]:
    """The fields no part of this model can be without."""
    return [name for name, info in model.model_fields.items() if info.is_required()]


def _field(model: type[BaseModel], name: str, position: int) -> tuple[Any, bool, list[Any]]:
    info = model.model_fields.get(name)
    if info is None:
        raise UnknownField(position, f'no field "{name}"{did_you_mean(name, model.model_fields)}')
    return _bare(info.annotation), info.is_required(), info.metadata


def _bare(annotation: Any) -> Any:
    """Without None and Annotated, where that says nothing of the kind."""
    while True:
        if get_origin(annotation) in (Union, types.UnionType):
            (annotation,) = [part for part in get_args(annotation) if part is not type(None)]
        elif get_origin(annotation) is Annotated and _kind(get_args(annotation)[0]) is None:
            annotation = get_args(annotation)[0]
        else:
            return annotation


def _kind(annotation: Any) -> Kind | None:
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return Kind.TEXTS if _kind(get_args(annotation)[0]) is Kind.TEXT else None
    for known, kind in _KINDS:
        if isinstance(annotation, type) and issubclass(annotation, known):
            return kind
    return None


def _block(annotation: Any) -> type[BaseModel] | None:
    annotation = _bare(annotation)
    if get_origin(annotation) is not tuple:
        return None
    item = get_args(annotation)[0]
    return item if isinstance(item, type) and issubclass(item, BaseModel) else None


def _holds_parts(annotation: Any) -> bool:
    return _block(annotation) is not None or (isinstance(annotation, type) and issubclass(annotation, BaseModel))


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def _target(path: tuple[str, ...], kind: Kind, *, required: bool, allowed: Any) -> TargetField:
    members = None
    if isinstance(allowed, type) and issubclass(allowed, StrEnum):
        members = {member.value: member for member in allowed}
    return TargetField(path, kind, required, members, allowed in (str, Text), allowed)


@cache
def _test(annotation: Any) -> Callable[[Any], Any]:
    validator = _adapter(annotation).validator
    takes, validate = validator.isinstance_python, validator.validate_python

    def text_test(value: Any) -> bool:
        return takes(value)  # not handed out as it is: pydantic may import, which a map's program cannot

    def test(value: Any) -> bool:
        try:
            found = validate(value)
        except ValidationError:
            return False
        return found.__class__ is value.__class__ and bool(found == value)

    if not _is_kept_text(annotation):
        return test
    pattern = None if annotation is str else get_args(annotation)[1].pattern
    return re.compile(pattern).fullmatch if pattern and _PLAIN_PATTERN.fullmatch(pattern) else text_test


def _is_kept_text(annotation: Any) -> bool:
    """Text that the model takes or not, and never changes."""
    if annotation is str:
        return True
    rules = get_args(annotation)[1:] if get_origin(annotation) is Annotated and get_args(annotation)[0] is str else ()
    return len(rules) == 1 and rules[0] in (
        StringConstraints(min_length=rules[0].min_length),
        StringConstraints(pattern=rules[0].pattern),
    )
