"""CreditMemo: what is credited or debited after an invoice (X12 812), `credit_memo/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from translators.canonical.common import LocalDate, Number, Text, UnitCode
from translators.canonical.invoice import Billing
from translators.canonical.parts import Charge, Line, Priced, Tax

Direction = Annotated[str, StringConstraints(pattern="^(credit|debit)$")]
"""Credit: the buyer owes less; debit: more."""


class AdjustedLine(Line, Priced):
    """One adjustment: of an item, or of the whole; `price` and `qty` are the right ones, the others what was billed.

    `amount` is what this adjustment credits or debits; `credited_qty` how much of the item it is for.
    """

    reason: Text
    direction: Direction
    amount: Number
    credited_qty: Number | None = None
    unit: UnitCode | None = None
    price_difference: Number | None = None
    billed_price: Number | None = None
    billed_qty: Number | None = None
    qty: Number | None = None
    invoice_number: Text | None = None
    order_number: Text | None = None
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()


class CreditMemo(Billing):
    """A credit (or debit) memo; `amount` is its total, without a sign: `direction` says whose favour it is in."""

    schema_name: ClassVar[str] = "credit_memo/v1"
    kind: ClassVar[str] = "credit_memo"
    header_block: ClassVar[str] = "memo"

    type: Text | None = None
    direction: Direction
    amount: Number
    reason: Text | None = None
    invoice_number: Text | None = None
    invoice_date: LocalDate | None = None
    lines: tuple[AdjustedLine, ...] = ()

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Memo number, and every invoice and order it is about."""
        keys = [
            ("memo_number", self.number),
            ("invoice_number", self.invoice_number),
            ("order_number", self.order_number),
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
        ]
        for line in self.lines:
            keys += [("invoice_number", line.invoice_number), ("order_number", line.order_number)]
        return keys
