"""What canonical documents share: their base model, the kinds of value they hold, and their stable JSON form."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from translators.errors import TranslationError

Text = Annotated[str, StringConstraints(min_length=1)]
"""Text as the partner sent it, never empty: what was not sent is None."""

Number = Annotated[Decimal, Field(strict=True, allow_inf_nan=False)]
"""A quantity or an amount: a finite Decimal, never a float."""

UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
"""A unit of measure, UN/ECE Recommendation 20 (and 21 for packages, with its X)."""

CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency, ISO 4217."""

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]
"""A country, ISO 3166-1, two letters (three where the partner sends three)."""

LocalDate = date
"""A day where the document says; no zone is known."""

LocalTime = time
"""A time of day where the document says; no zone is known."""


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("want a time with its zone")
    return moment


Moment = Annotated[datetime, AfterValidator(_with_zone)]
"""A moment whose zone is known."""

Gtin = Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{12,14})$")]
"""A GTIN of 8, 12 (UPC), 13 (EAN) or 14 digits, its check digit as sent."""

Sscc = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
"""A serial shipping container code: 18 digits, without the application identifier 00."""

Scac = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
"""A carrier's standard carrier alpha code."""


class CanonicalFormError(TranslationError):
    """Bytes that should hold a canonical document do not."""


class Purpose(StrEnum):
    """What a document does to the one it is the same as (X12 data element 353)."""

    ORIGINAL = "original"
    DUPLICATE = "duplicate"
    REPLACEMENT = "replacement"
    CONFIRMATION = "confirmation"
    CHANGE = "change"
    CANCELLATION = "cancellation"


_SAME_EFFECT = frozenset({Purpose.ORIGINAL, Purpose.DUPLICATE, Purpose.REPLACEMENT, Purpose.CONFIRMATION})


class BusinessKey(NamedTuple):
    """One value people search a document by, as (`order_number`, `4500012`)."""

    name: str
    value: str


class CanonicalForm(NamedTuple):
    """A document's canonical JSON form, and the SHA-256 (32 bytes) of its content."""

    json: bytes
    content_sha256: bytes


class Part(BaseModel):
    """A part of a canonical document: frozen, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Part):
    """A canonical business document; every kind names its schema, its kind and the block its map begins with."""

    schema_name: ClassVar[str]
    """Name and version, as `purchase_order/v1`."""
    kind: ClassVar[str]
    """The kind of document in the store, as `purchase_order`."""
    header_block: ClassVar[str]
    """The word maps head the document's own fields with, as `order`."""

    purpose: Purpose = Purpose.ORIGINAL

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same document within (partner, kind, environment)."""
        raise NotImplementedError

    def business_keys(self) -> tuple[BusinessKey, ...]:
        """The values people search it by."""
        raise NotImplementedError

    def to_json_bytes(self) -> bytes:
        """The canonical JSON form: UTF-8, keys sorted, what is absent left out, so equal documents are equal bytes.

        Decimals are strings without exponent and without zeros at the end, dates and times ISO 8601; `schema` names
        the schema.
        """
        return self.form().json

    def content_hash(self) -> str:
        """SHA-256 (hex) of the content: equal for a duplicate, whatever of the harmless purposes it names.

        Original, duplicate, replacement and confirmation say the same when their content is the same; a cancellation
        or change never equals them. Source: architecture "Identity of a document".
        """
        return self.form().content_sha256.hex()

    def form(self) -> CanonicalForm:
        """Both of the above, made in one go."""
        content = _plain(self)
        content["schema"] = self.schema_name
        found = canonical_json(content)
        compared = found
        if self.purpose in _SAME_EFFECT and self.purpose is not Purpose.ORIGINAL:
            content["purpose"] = Purpose.ORIGINAL.value
            compared = canonical_json(content)
        return CanonicalForm(found, hashlib.sha256(compared).digest())

    @classmethod
    def from_json_bytes(cls, content: bytes) -> Self:
        """Read the canonical JSON form again.

        Raises:
            CanonicalFormError: not JSON, another schema, a number with a fraction that is not a string, or a fault
                of the content.
        """
        try:
            found = json.loads(content, parse_float=_refuse_float, parse_constant=_refuse_float)
            if not isinstance(found, dict):
                raise CanonicalFormError(f"want a JSON object with schema {cls.schema_name}")
            if (schema := found.pop("schema", None)) != cls.schema_name:
                raise CanonicalFormError(f"the schema is {schema!r}; want {cls.schema_name!r}")
            return cls.model_validate_json(orjson.dumps(found))
        except (ValueError, RecursionError) as error:
            raise CanonicalFormError(f"not a {cls.schema_name}: {error}") from error


def canonical_json(content: dict[str, Any]) -> bytes:
    """The canonical JSON form of what was read from one, or is about to become one: the keys are sorted."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def decimal_text(value: Decimal) -> str:
    """A Decimal as canonical text: no exponent, no zeros at the end, no negative zero.

    Source: the canonical JSON form; equal numbers must be equal text.
    """
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: Any) -> Any:
    """Plain JSON values; told by exact type first, as this is asked of every value of every document."""
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is Decimal:
        return decimal_text(value)
    if kind is tuple:
        return [_plain(item) for item in value]
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        found = {}
        for name, held in value.__dict__.items():
            if held is not None:
                plain = held if type(held) is str else _plain(held)
                if plain or plain not in ({}, []):
                    found[name] = plain
        return found
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    raise CanonicalFormError(f"no canonical form for {kind.__name__}")


def _refuse_float(text: str) -> Any:
    raise CanonicalFormError(f"the number {text} is written bare; numbers with a fraction are strings")
