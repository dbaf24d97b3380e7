"""Parts that canonical documents are made of: parties, items, money, dates, charges, taxes, terms, packages, carriers.

A `type`, `role` or `code` without a list of its own here is the partner's: X12's code where the partner sends X12.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from translators.canonical.common import (
    BusinessKey,
    CountryCode,
    CurrencyCode,
    Document,
    Gtin,
    LocalDate,
    LocalTime,
    Number,
    Part,
    Sscc,
    Text,
    UnitCode,
)


class Money(Part):
    """An amount that names its own currency."""

    amount: Number
    currency: CurrencyCode


class Quantity(Part):
    """So much of a unit."""

    value: Number
    unit: UnitCode


class Contact(Part):
    """A person or desk at a party."""

    role: Text | None = None
    name: Text | None = None
    phone: Text | None = None
    fax: Text | None = None
    email: Text | None = None


class Address(Part):
    """A postal address."""

    line1: Text | None = None
    line2: Text | None = None
    line3: Text | None = None
    line4: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    country: CountryCode | None = None


class Party(Part):
    """A company or place, by the code the partner knows it under (`code`, of the kind `code_type`)."""

    code: Text | None = None
    code_type: Text | None = None
    name: Text | None = None
    name2: Text | None = None
    tax_number: Text | None = None
    address: Address | None = None
    contact: Contact | None = None


class Reference(Part):
    """A number by which somebody knows the document or line; `type` as the partner qualifies it (X12 128)."""

    type: Text
    value: Text | None = None
    description: Text | None = None


class RoleParty(Party):
    """A party in a part that has no field of its own in the document; `role` as the partner qualifies it (X12 98)."""

    role: Text
    contacts: tuple[Contact, ...] = ()
    references: tuple[Reference, ...] = ()


class DateRole(Part):
    """A day that has no field of its own in the document; `type` as the partner qualifies it (X12 374, 432).

    `time_type` is the partner's, where times are qualified apart from days (X12 176).
    """

    type: Text
    date: LocalDate | None = None
    time: LocalTime | None = None
    time_type: Text | None = None
    zone: Text | None = None


class Measure(Part):
    """A measured value, as a weight or a length; `type` as the partner qualifies it (X12 738)."""

    type: Text
    value: Number
    unit: UnitCode | None = None
    about: Text | None = None


class Instruction(Part):
    """A remark that says what it is for; `type` as the partner qualifies it (X12 363)."""

    type: Text | None = None
    text: Text


class ItemId(Part):
    """An item number that has no field of its own; `type` as the partner qualifies it (X12 235)."""

    type: Text
    value: Text


class Charge(Part):
    """An allowance (`kind` allowance, to be taken off) or a charge."""

    kind: Annotated[str, StringConstraints(pattern="^(allowance|charge)$")]
    code: Text | None = None
    amount: Number | None = None
    percent: Number | None = None
    rate: Number | None = None
    qty: Number | None = None
    unit: UnitCode | None = None
    base_amount: Number | None = None
    handling: Text | None = None
    reference: Text | None = None
    description: Text | None = None


class Tax(Part):
    """A tax; `percent` is of `base_amount`, `exemption` says why none is due."""

    type: Text
    amount: Number | None = None
    percent: Number | None = None
    base_amount: Number | None = None
    jurisdiction: Text | None = None
    exemption: Text | None = None
    number: Text | None = None


class PaymentTerm(Part):
    """When payment is due, and the discount for paying sooner."""

    type: Text | None = None
    basis: Text | None = None
    discount_percent: Number | None = None
    discount_amount: Number | None = None
    discount_days: Number | None = None
    discount_due: LocalDate | None = None
    net_days: Number | None = None
    net_due: LocalDate | None = None
    description: Text | None = None


class Carrier(Part):
    """Who carries the goods, and how."""

    code: Text | None = None
    code_type: Text | None = None
    name: Text | None = None
    mode: Text | None = None
    routing: Text | None = None
    service: Text | None = None


class Equipment(Part):
    """A trailer, container or car; its seals, and the temperature it has to keep."""

    type: Text | None = None
    initial: Text | None = None
    number: Text | None = None
    length: Number | None = None
    seals: tuple[Text, ...] = ()
    temperature: Quantity | None = None


class Package(Part):
    """What is handled as one: a carton or pallet with its label, or so many of them alike."""

    sscc: Sscc | None = None
    marks: Text | None = None
    tracking_number: Text | None = None
    type: Text | None = None
    count: Number | None = None
    gross_weight: Quantity | None = None
    net_weight: Quantity | None = None
    volume: Quantity | None = None
    length: Quantity | None = None
    width: Quantity | None = None
    height: Quantity | None = None


class Item(Part):
    """An item by the numbers it is known under.

    `sku` is the seller's item number, `buyer_item` the buyer's, `item_ids` what else it is known under.
    """

    gtin: Gtin | None = None
    sku: Text | None = None
    buyer_item: Text | None = None
    manufacturer_item: Text | None = None
    item_ids: tuple[ItemId, ...] = ()
    description: Text | None = None


class Line(Item):
    """What lines of all documents have; `partner_data` keeps what the partner wants back."""

    number: Text | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    notes: tuple[Text, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)


class Priced(Part):
    """A price. `price_per` is how many units it is for (100: a price per hundred); without it, one."""

    price: Number | None = None
    price_per: Number | None = None
    price_basis: Text | None = None


class TradeDocument(Document):
    """What the heads of all documents have.

    `references`, `dates` and `parties` hold what has no field of its own; `partner_data` keeps what the partner wants
    back.
    """

    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    parties: tuple[RoleParty, ...] = ()
    contacts: tuple[Contact, ...] = ()
    notes: tuple[Text, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)

    def business_keys(self) -> tuple[BusinessKey, ...]:
        """The keys of this kind of document, then every reference of the head by its type."""
        keys = [BusinessKey(name, value) for name, value in self.own_keys() if value is not None]
        keys += [
            BusinessKey(f"reference:{found.type}", found.value) for found in self.references if found.value is not None
        ]
        return tuple(dict.fromkeys(keys))

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The business keys that fields of this kind of document hold; a value that is absent is none."""
        raise NotImplementedError
