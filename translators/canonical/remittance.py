"""Remittance: what a payment pays (X12 820), `remittance/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from translators.canonical.common import CurrencyCode, LocalDate, Number, Part, Text
from translators.canonical.parts import DateRole, Party, Reference, TradeDocument


class BankAccount(Part):
    """An account at a bank; each number by its kind, as the partner qualifies it (X12 506, 569)."""

    bank: Text | None = None
    bank_type: Text | None = None
    account: Text | None = None
    account_type: Text | None = None


class Adjustment(Part):
    """An amount by which a payment differs, and why (X12 426)."""

    amount: Number
    reason: Text
    reference_type: Text | None = None
    reference: Text | None = None
    note: Text | None = None


class PaidItem(Part):
    """An open item that is paid; `reference_type` says what `reference` is (X12 128), as IV for an invoice.

    `paid` is what is paid of it, `amount` what was billed, `discount` what is taken off for paying early.
    """

    reference_type: Text
    reference: Text
    action: Text | None = None
    paid: Number | None = None
    amount: Number | None = None
    discount: Number | None = None
    adjustment_reason: Text | None = None
    adjustment: Number | None = None
    invoice_date: LocalDate | None = None
    order_number: Text | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    notes: tuple[Text, ...] = ()


class Remittance(TradeDocument):
    """A payment and what it is for. `number` is its trace number (X12 TRN02); `date` the day it takes effect."""

    schema_name: ClassVar[str] = "remittance/v1"
    kind: ClassVar[str] = "remittance"
    header_block: ClassVar[str] = "payment"

    number: Text
    date: LocalDate | None = None
    amount: Number
    direction: Annotated[str, StringConstraints(pattern="^(credit|debit)$")]
    currency: CurrencyCode
    handling: Text | None = None
    method: Text | None = None
    format: Text | None = None
    payer_id: Text | None = None
    payer_supplement: Text | None = None
    trace_type: Text | None = None
    trace_payer_id: Text | None = None
    trace_supplement: Text | None = None
    payer: Party | None = None
    payee: Party | None = None
    from_account: BankAccount | None = None
    to_account: BankAccount | None = None
    items: tuple[PaidItem, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The trace number and who gave it. Source: X12 004010 TRN02, TRN03 (or BPR10)."""
        return (self.number, self.trace_payer_id or self.payer_id or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Trace number, and the number of every item paid and of its order."""
        keys: list[tuple[str, str | None]] = [("payment_trace", self.number)]
        for item in self.items:
            name = "invoice_number" if item.reference_type == "IV" else f"reference:{item.reference_type}"
            keys += [(name, item.reference), ("order_number", item.order_number)]
        return keys
