"""Random canonical documents from a seed: every kind, filled from its model."""

from __future__ import annotations

import random
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from translators.canonical.common import Document, Purpose

Made = Callable[[random.Random], Any]
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
TEXT = LETTERS + "abcdefghikmnopqrstuvwxyz0123456789 .,-/&'()+%=?!"
CURRENCIES = ("USD", "EUR", "CAD", "GBP")
COUNTRIES = ("US", "DE", "CA", "MX")
UNITS = ("EA", "XCS", "LBR", "KGM")
PATTERNS: dict[str, Made] = {
    r"^[A-Z0-9]{2,3}$": lambda rng: rng.choice(UNITS),
    r"^[A-Z]{3}$": lambda rng: rng.choice(CURRENCIES),
    r"^[A-Z]{2,3}$": lambda rng: rng.choice(COUNTRIES),
    r"^([0-9]{8}|[0-9]{12,14})$": lambda rng: digits(rng, rng.choice((8, 12, 13, 14))),
    r"^[0-9]{18}$": lambda rng: digits(rng, 18),
    r"^[A-Z]{2,4}$": lambda rng: "".join(rng.choices(LETTERS, k=4)),
    "^(allowance|charge)$": lambda rng: rng.choice(("allowance", "charge")),
    "^(credit|debit)$": lambda rng: rng.choice(("credit", "debit")),
}
DEPTH = 5


@dataclass(frozen=True)
class Shape:
    """What of a model is filled, and with what.

    Args:
        makers: a value for a path, as `lines.number`; `*` stands for anything; the first that fits counts. A maker that
            gives None leaves the field out, for a list gives its items or, as a whole number, how many there are.
        only: paths that are filled, with all that is above them; None: every field.
        density: the share of optional fields that are filled.
    """

    makers: Mapping[str, Made] = field(default_factory=dict)
    only: tuple[str, ...] | None = None
    density: float = 0.5

    def maker(self, path: str) -> Made | None:
        """How the field at a path is made, where the shape says."""
        return next((made for pattern, made in self.makers.items() if fnmatchcase(path, pattern)), None)

    def fills(self, path: str) -> bool:
        """Whether the field may be filled."""
        return self.only is None or any(fnmatchcase(path, one) or one.startswith(f"{path}.") for one in self.only)


EVERYTHING = Shape()


def digits(rng: random.Random, count: int) -> str:
    """So many random digits."""
    return "".join(rng.choices("0123456789", k=count))


def words(rng: random.Random, longest: int = 20) -> str:
    """Text that any character set of X12 has, without spaces at its ends."""
    return "".join(rng.choices(TEXT, k=rng.randint(1, longest))).strip() or "X"


def number(rng: random.Random, places: int = 2) -> Decimal:
    """A positive number with up to so many decimal places."""
    return Decimal(rng.randint(1, 999_999)).scaleb(-rng.randint(0, places))


def day(rng: random.Random) -> date:
    """A day of these years."""
    return date(2024, 1, 1) + timedelta(days=rng.randrange(1200))


def clock(rng: random.Random) -> time:
    """A time of day, to the minute."""
    return time(rng.randrange(24), rng.randrange(60))


def random_document(model: type[Document], seed: object, shape: Shape = EVERYTHING) -> Document:
    """The document of a kind that a seed makes; always the same for the same seed."""
    rng = random.Random(f"{model.schema_name} {seed}")
    return model.model_validate(_part(model, "", rng, shape, DEPTH))


def _part(model: type[BaseModel], path: str, rng: random.Random, shape: Shape, depth: int) -> dict[str, Any]:
    found = {}
    for name, info in model.model_fields.items():
        where = f"{path}.{name}" if path else name
        made = shape.maker(where)
        if made is None and not info.is_required() and (not shape.fills(where) or rng.random() > shape.density):
            continue
        annotation = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        value = _value(annotation, where, rng, shape, depth, made)
        if value is not None and value != {} and value != []:
            found[name] = value
    return found


def _value(annotation: Any, path: str, rng: random.Random, shape: Shape, depth: int, made: Made | None) -> Any:
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += tuple(more)
        elif get_origin(annotation) in (Union, types.UnionType):
            (annotation,) = [part for part in get_args(annotation) if part is not type(None)]
        else:
            break
    if get_origin(annotation) is tuple:
        return _items(annotation, metadata, path, rng, shape, depth, made)
    if made is not None:
        return made(rng)
    if get_origin(annotation) is dict:
        return {words(rng, 8): words(rng) for _ in range(rng.randint(1, 2))}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _part(annotation, path, rng, shape, depth - 1) if depth else None
    return _plain(annotation, metadata, rng)


def _items(
    annotation: Any,
    metadata: tuple[Any, ...],
    path: str,
    rng: random.Random,
    shape: Shape,
    depth: int,
    made: Made | None,
) -> list[Any]:
    given = made(rng) if made is not None else 0
    if given is None or isinstance(given, list):
        return given or []
    fewest = max((getattr(one, "min_length", None) or 0 for one in metadata), default=0)
    count = given or rng.randint(max(fewest, 1), 3)
    if depth <= 0 and not fewest:
        return []
    found = [_value(get_args(annotation)[0], path, rng, shape, depth - 1, None) for _ in range(count)]
    return [one for one in found if one is not None and (fewest or one != {})]


def _plain(annotation: Any, metadata: tuple[Any, ...], rng: random.Random) -> Any:
    if annotation is Purpose:
        return rng.choice(list(Purpose))
    if issubclass(annotation, Enum):
        return rng.choice(list(annotation))
    if issubclass(annotation, str):
        pattern = next((one.pattern for one in metadata if getattr(one, "pattern", None)), None)
        return PATTERNS[pattern](rng) if pattern is not None else words(rng)
    if issubclass(annotation, Decimal):
        return number(rng)
    if issubclass(annotation, datetime):
        return datetime.combine(day(rng), clock(rng), UTC)
    if issubclass(annotation, date):
        return day(rng)
    assert issubclass(annotation, time)
    return clock(rng)
