"""Parts of canonical documents made of values that are known to fit, without validating them once more.

A map's program knows of most values that their field takes them: a number was read by `num`, a word stands in a table
whose words were tried when the map was loaded, the elements of X12 are texts. Of such values the part is made as its
model would make it. The program tells where it is not sure; that document goes through its model's own validation.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

REMEMBERED_SETS = 4096
"""Sets of filled fields that are kept for each model."""

_CONFIG = ConfigDict(frozen=True, extra="forbid")


class PartForm:
    """How the parts of one model are made.

    `bits` numbers the fields: what is filled is the sum of its fields' bits. `wanted` is the sum of those the model
    cannot be without. `fresh` are the fields whose default is made anew for each part. `blank` gives the values of a
    part of which nothing is filled, in the order of the model. `is_plain`: the model does nothing but check each
    field by its annotation; parts of another model are never made here.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        fields = model.model_fields
        self.bits = {name: 1 << position for position, name in enumerate(fields)}
        self.wanted = sum(self.bits[name] for name, info in fields.items() if info.is_required())
        self.fresh = tuple(name for name, info in fields.items() if info.default_factory is not None)
        self.is_plain = _is_plain(model)
        self.blank: Callable[[], dict[str, Any]] = {
            name: None if info.is_required() or name in self.fresh else info.default for name, info in fields.items()
        }.copy
        self.make = _maker(model, _Filled(self.bits))


@cache
def part_form(model: type[BaseModel]) -> PartForm:
    """The form of a model's parts."""
    return PartForm(model)


def filled(part: Any, name: str) -> Any:
    """What stands in a field (or under a word) of a part, made or not; None where nothing was put there."""
    if isinstance(part, BaseModel):
        return getattr(part, name) if name in part.model_fields_set else None
    return part.get(name) if isinstance(part, dict) else None


def filled_of(part: Any) -> tuple[Container[str], Mapping[str, Any]]:
    """The names of what is filled in a part (or of the words there), made or not, and what stands there by name."""
    if isinstance(part, BaseModel):
        return part.model_fields_set, part.__dict__
    return (part, part) if isinstance(part, dict) else ((), {})


def unmade(value: Any) -> Any:
    """What a part was made of, as its model validates it: of each part what is filled, by name."""
    if isinstance(value, BaseModel):
        return {name: unmade(value.__dict__[name]) for name in value.model_fields_set}
    if isinstance(value, tuple):
        return [unmade(item) for item in value]
    return value


class _Filled(dict[int, set[str]]):
    """The names of filled fields by the sum of their bits; parts of which the same is filled share one set."""

    def __init__(self, bits: Mapping[str, int]) -> None:
        super().__init__()
        self._bits = bits

    def __missing__(self, total: int) -> set[str]:
        names = {name for name, bit in self._bits.items() if total & bit}
        if len(self) >= REMEMBERED_SETS:
            self.clear()
        self[total] = names
        return names


def _maker(model: type[BaseModel], sets: _Filled) -> Callable[[dict[str, Any], int], Any]:
    new: Any = object.__new__
    slots: Mapping[str, Any] = vars(BaseModel)
    set_values, set_filled = slots["__dict__"].__set__, slots["__pydantic_fields_set__"].__set__
    set_extra, set_private = slots["__pydantic_extra__"].__set__, slots["__pydantic_private__"].__set__

    def make(values: dict[str, Any], total: int) -> Any:
        """A part of these values (every field has one); the sum of the bits of those that were filled."""
        part = new(model)
        set_values(part, values)
        set_filled(part, sets[total])
        set_extra(part, None)
        set_private(part, None)
        return part

    return make


def _is_plain(model: type[BaseModel]) -> bool:
    own = model.__pydantic_decorators__
    return (
        model.model_config == _CONFIG
        and not (own.validators or own.field_validators or own.root_validators or own.model_validators)
        and not model.__private_attributes__
        and not model.__pydantic_custom_init__
        and model.model_post_init is BaseModel.model_post_init
        and not any(info.validation_alias or info.alias for info in model.model_fields.values())
    )
