"""The keys of a data file read by type: a value, or a fault at the exact place of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from translators.datafile import LoadFault, Mapping, Place, Scalar, Sequence, Value, did_you_mean
from translators.errors import shown

_SIZE = re.compile(r"([0-9]{1,15}) ?(KiB|MiB|GiB)?")
_SIZE_UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SPAN_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Form:
    """How a text must look, and how to say so."""

    pattern: re.Pattern[str]
    want: str


def form(pattern: str, want: str) -> Form:
    """A form from a regular expression the whole text must match."""
    return Form(re.compile(pattern), want)


TEXT = form(r"(?s).+", "a text")
_SPAN = form(r"[1-9][0-9]{0,4}[smhd]", "seconds, minutes, hours or days, as 30s, 10m, 24h or 90d")
WORD = form(r"[a-z0-9][a-z0-9_-]{0,62}", "a word of lower-case letters, digits, - and _")


class ReferenceKind(StrEnum):
    """What a profile may refer to by name."""

    PARTNER = "partner"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must exist elsewhere, checked once every profile is read."""

    kind: ReferenceKind
    name: Scalar


class Fields:
    """One mapping of a data file, read key by key.

    Args:
        mapping: the mapping.
        of: what it describes, for messages ("a profile").
        known: every key it may have; another is a fault with the nearest known one.
        faults: where mistakes are added.
    """

    def __init__(self, mapping: Mapping, *, of: str, known: Iterable[str], faults: list[LoadFault]) -> None:
        self.place = mapping.place
        self._mapping = mapping
        self._of = of
        self.faults = faults
        names = tuple(known)
        for name, _ in mapping.entries:
            if name.text not in names:
                self.fault(name.place, f'{of} has no key "{shown(name.text)}"{did_you_mean(name.text, names)}')

    def fault(self, place: Place, message: str) -> None:
        """Add a mistake."""
        self.faults.append(LoadFault(place, message))

    def place_of(self, key: str) -> Place:
        """Where the key itself stands, or the mapping where it is missing."""
        return next((name.place for name, _ in self._mapping.entries if name.text == key), self.place)

    def has(self, key: str) -> bool:
        """Whether the key stands in the file."""
        return self._mapping.get(key) is not None

    def require(self, *keys: str) -> None:
        """Every one of these keys must be there."""
        for key in keys:
            if not self.has(key):
                self.fault(self.place, f'{self._of} needs the key "{key}"')

    def scalar(self, key: str, wanted: Form = TEXT) -> Scalar | None:
        """The text of `key` with its place; None where it is missing or at fault."""
        value = self._mapping.get(key)
        return None if value is None else self.checked(value, name=key, wanted=wanted)

    def text(self, key: str, wanted: Form = TEXT, *, default: str = "") -> str:
        """The text of `key`, or the default."""
        found = self.scalar(key, wanted)
        return default if found is None else found.text

    def choice(self, key: str, default: Choice) -> Choice:
        """One word of the default's enumeration."""
        return self.choice_or_none(key, type(default)) or default

    def choice_or_none(self, key: str, words: type[Choice]) -> Choice | None:
        """One word of an enumeration, or None."""
        found = self.scalar(key)
        if found is None:
            return None
        try:
            return words(found.text)
        except ValueError:
            known = [word.value for word in words]
            self.fault(
                found.place,
                f'{key} is "{shown(found.text)}"; want {" or ".join(known)}{did_you_mean(found.text, known)}',
            )
            return None

    def flag(self, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        found = self.scalar(key)
        if found is None:
            return default
        if found.text not in ("true", "false"):
            self.fault(found.place, f'{key} is "{shown(found.text)}"; want true or false')
        return found.text == "true"

    def number(self, key: str, *, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        found = self.scalar(key)
        if found is None:
            return default
        if not re.fullmatch(r"[0-9]{1,12}", found.text) or not low <= int(found.text) <= high:
            self.fault(found.place, f'{key} is "{shown(found.text)}"; want a whole number from {low} to {high}')
            return default
        return int(found.text)

    def size(self, key: str, *, default: int) -> int:
        """A number of bytes, at least 1: `1048576`, `64 MiB`."""
        found = self.scalar(key)
        if found is None:
            return default
        match = _SIZE.fullmatch(found.text)
        if match is None or int(match[1]) == 0:
            self.fault(found.place, f'{key} is "{shown(found.text)}"; want bytes, as 1048576 or 64 MiB')
            return default
        return int(match[1]) * _SIZE_UNITS[match[2] or ""]

    def span(self, key: str, *, default: timedelta) -> timedelta:
        """A span of time, at least a second: `30s`, `10m`, `24h`, `90d`."""
        found = self.scalar(key, _SPAN)
        return default if found is None else timedelta(**{_SPAN_UNITS[found.text[-1]]: int(found.text[:-1])})

    def mapping(self, key: str) -> Mapping | None:
        """A mapping below `key`; None where it is missing or at fault."""
        value = self._mapping.get(key)
        return None if value is None else self.as_mapping(value, name=key)

    def items(self, key: str) -> tuple[Value, ...]:
        """The items of a list; none where it is missing or at fault."""
        value = self._mapping.get(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence):
            self.fault(value.place, f"{key} wants a list")
            return ()
        return value.items

    def mappings(self, key: str) -> list[Mapping]:
        """The items of a list of mappings, those at fault left out."""
        read = (self.as_mapping(item, name=f"an item of {key}") for item in self.items(key))
        return [mapping for mapping in read if mapping is not None]

    def scalars(self, key: str, wanted: Form = TEXT) -> list[Scalar]:
        """The items of a list of texts, those at fault left out; the same text twice is a fault."""
        found: list[Scalar] = []
        for item in self.items(key):
            scalar = self.checked(item, name=f"an item of {key}", wanted=wanted)
            if scalar is None:
                continue
            if any(scalar.text == before.text for before in found):
                self.fault(scalar.place, f'{key} has "{shown(scalar.text)}" twice')
                continue
            found.append(scalar)
        return found

    def checked(self, value: Value, *, name: str, wanted: Form) -> Scalar | None:
        """A value that must be a text of this form, or None with its fault."""
        if not isinstance(value, Scalar):
            self.fault(value.place, f"{name} wants {wanted.want}")
            return None
        if not value.text:
            self.fault(value.place, f"{name} has no value; want {wanted.want}")
            return None
        if not wanted.pattern.fullmatch(value.text):
            self.fault(value.place, f'{name} is "{shown(value.text)}"; want {wanted.want}')
            return None
        return value

    def as_mapping(self, value: Value, *, name: str) -> Mapping | None:
        """A value that must be a mapping, or None with its fault."""
        if isinstance(value, Mapping):
            return value
        self.fault(value.place, f"{name} wants keys and values")
        return None
