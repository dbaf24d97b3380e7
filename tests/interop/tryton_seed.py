"""What the Tryton of tests holds before any order: a company with its accounts, goods, a web shop and two customers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

DATABASE = "tradelane"
ADMIN = "admin"
MODULES = ("sale", "account_invoice_stock", "web_shop")
ACTIVATED = 300
"""Seconds within which the modules are activated."""
SHOP = "Tradelane"
PRODUCTS = ("00123", "A-20415", "A-20416", "B-77")
CUSTOMERS = ("00042", "BUYER-1")
"""The code of each customer, as partners' documents name it."""
FIRST_YEAR, LAST_YEAR = 2025, 2030
"""Of the fiscal years: Tryton works with its own clock, today's."""


class Rpc(Protocol):
    """Who seeds."""

    user: int

    def works_for(self, company: int) -> None: ...
    def call(self, method: str, *params: Any) -> Any: ...
    def create(self, model: str, **values: Any) -> int: ...
    def search(self, model: str, *domain: Any, fields: tuple[str, ...] = ("id",)) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Seeded:
    """What tests have to know of it."""

    company: int
    shop: int
    warehouse: int
    currency: int
    api_key: str

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def day(value: date) -> dict[str, Any]:
    """A date as Tryton's JSON has it."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def number(value: str) -> dict[str, Any]:
    """A Decimal as Tryton's JSON has it."""
    return {"__class__": "Decimal", "decimal": str(Decimal(value))}


def several(*values: dict[str, Any]) -> list[Any]:
    """Records made together with the one that holds them."""
    return [["create", list(values)]]


def seed(rpc: Rpc) -> Seeded:
    """Fill a database whose modules were just activated."""
    rate = {"date": day(date(2020, 1, 1)), "rate": number("1")}
    currency = rpc.create(
        "currency.currency",
        name="US Dollar",
        code="USD",
        numeric_code="840",
        symbol="$",
        rounding=number("0.01"),
        digits=2,
        rates=several(rate),
    )
    country = rpc.create("country.country", name="United States", code="US", code3="USA", code_numeric="840")
    us = rpc.create("party.party", name="Us", addresses=several({"street": "1 Main St", "country": country}))
    company = rpc.create("company.company", party=us, currency=currency)
    groups = [row["id"] for row in rpc.search("res.group")]
    of_user = {"companies": [["add", [company]]], "company": company, "groups": [["add", groups]]}
    rpc.call("model.res.user.write", [rpc.user], of_user)
    rpc.works_for(company)
    revenue, expense = _chart(rpc, company)
    _fiscal_years(rpc, company)
    _goods(rpc, revenue=revenue, expense=expense)
    shipments = [row["id"] for row in rpc.search("ir.sequence", ["sequence_type.name", "=", "Customer Shipment"])]
    rpc.call("model.ir.sequence.write", shipments, {"prefix": "SHIP-"})  # BSN02 of an 856 has two characters at least
    rpc.call("model.sale.configuration.write", [1], {"sale_invoice_method": "fulfillment"})
    [warehouse] = (row["id"] for row in rpc.search("stock.location", ["type", "=", "warehouse"]))
    shop = rpc.create("web.shop", name=SHOP, company=company, currency=currency, warehouses=[["add", [warehouse]]])
    month = {"type": "remainder", "relativedeltas": several({"days": 30})}
    term = rpc.create("account.invoice.payment_term", name="Net 30", lines=several(month))
    for code in CUSTOMERS:
        rpc.create(
            "party.party",
            name=f"Customer {code}",
            customer_payment_term=term,
            identifiers=several({"code": code}),
            addresses=several({"street": "2 Elm St", "city": "Akron", "country": country}),
        )
    key = rpc.create("res.user.application", user=rpc.user, application="rest")
    [found] = rpc.search("res.user.application", ["id", "=", key], fields=("key",))
    return Seeded(company, shop, warehouse, currency, found["key"])


def _chart(rpc: Rpc, company: int) -> tuple[int, int]:
    """The chart of accounts; the accounts of revenue and expense."""
    [template] = rpc.search("account.account.template", ["parent", "=", None])
    wizard = rpc.call("wizard.account.create_chart.create")[0]
    of_company = {"company": company, "account_template": template["id"]}
    rpc.call("wizard.account.create_chart.execute", wizard, {"account": of_company}, "create_account")

    def first(kind: str) -> int:
        domain = [["company", "=", company], ["closed", "!=", True], [f"type.{kind}", "=", True]]
        id: int = rpc.search("account.account", *domain)[0]["id"]
        return id

    revenue, expense = first("revenue"), first("expense")
    properties = {
        "company": company,
        "account_receivable": first("receivable"),
        "account_payable": first("payable"),
        "category_account_expense": expense,
        "category_account_revenue": revenue,
    }
    rpc.call("wizard.account.create_chart.execute", wizard, {"properties": properties}, "create_properties")
    return revenue, expense


def _fiscal_years(rpc: Rpc, company: int) -> None:
    types = {row["name"]: row["id"] for row in rpc.search("ir.sequence.type", fields=("name",))}
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        moves = rpc.create(
            "ir.sequence.strict", name=f"Moves {year}", sequence_type=types["Account Move"], company=company
        )
        invoices = rpc.create(
            "ir.sequence.strict",
            name=f"Invoices {year}",
            sequence_type=types["Invoice"],
            company=company,
            prefix=f"INV{year}-",
        )
        sequences = dict.fromkeys(
            ("in_invoice_sequence", "in_credit_note_sequence", "out_invoice_sequence", "out_credit_note_sequence"),
            invoices,
        )
        found = rpc.create(
            "account.fiscalyear",
            name=str(year),
            start_date=day(date(year, 1, 1)),
            end_date=day(date(year, 12, 31)),
            company=company,
            move_sequence=moves,
            invoice_sequences=several({"company": company, **sequences}),
        )
        rpc.call("model.account.fiscalyear.create_period", [found])


def _goods(rpc: Rpc, *, revenue: int, expense: int) -> None:
    units = {row["symbol"]: row["id"] for row in rpc.search("product.uom", fields=("symbol",))}
    goods = rpc.create(
        "product.category", name="Goods", accounting=True, account_expense=expense, account_revenue=revenue
    )
    for code in PRODUCTS:
        unit = units["kg"] if code == "B-77" else units["u"]
        rpc.create(
            "product.template",
            name=f"Item {code}",
            type="goods",
            default_uom=unit,
            sale_uom=unit,
            salable=True,
            list_price=number("10"),
            account_category=goods,
            products=several({"suffix_code": code}),
        )
