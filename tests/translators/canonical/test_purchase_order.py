"""PurchaseOrder: what it is the same as, how it is found, and its stable JSON form."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from translators.canonical.common import CanonicalFormError, Purpose, decimal_text
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from translators.canonical.registry import CANONICAL, model_named


def an_order(**changes: Any) -> PurchaseOrder:
    held: dict[str, Any] = {
        "number": "4500012",
        "date": date(2026, 3, 2),
        "currency": "USD",
        "lines": [{"number": "1", "qty": Decimal("12"), "unit": "EA", "price": Decimal("9.50")}],
    }
    return PurchaseOrder.model_validate(held | changes)


def test_the_identity_is_number_and_release() -> None:
    assert an_order().identity == ("4500012", "")
    assert an_order(release="7").identity == ("4500012", "7")


def test_an_order_is_found_by_number_release_contract_and_references() -> None:
    order = an_order(
        release="7", contract="C-1", references=[{"type": "VR", "value": "88"}, {"type": "DP", "description": "toys"}]
    )
    assert [tuple(key) for key in order.business_keys()] == [
        ("order_number", "4500012"),
        ("release", "7"),
        ("contract", "C-1"),
        ("reference:VR", "88"),
    ]


def test_the_json_form_is_sorted_and_leaves_out_what_is_absent() -> None:
    assert an_order().to_json_bytes() == (
        b'{"currency":"USD","date":"2026-03-02","lines":[{"number":"1","price":"9.5","qty":"12","unit":"EA"}],'
        b'"number":"4500012","purpose":"original","schema":"purchase_order/v1"}'
    )


def test_the_json_form_reads_back_to_an_equal_order() -> None:
    order = an_order(
        ship_to={"code": "0042", "address": {"city": "Ames"}}, partner_data={"department": "007"}, total=Decimal("114")
    )
    assert PurchaseOrder.from_json_bytes(order.to_json_bytes()) == order


def test_a_duplicate_has_the_hash_of_its_original_and_a_cancellation_has_not() -> None:
    original = an_order()
    assert an_order(purpose=Purpose.DUPLICATE).content_hash() == original.content_hash()
    assert an_order(purpose=Purpose.REPLACEMENT).content_hash() == original.content_hash()
    assert an_order(purpose=Purpose.CANCELLATION).content_hash() != original.content_hash()
    assert an_order(currency="EUR").content_hash() != original.content_hash()


def test_zeros_at_the_end_of_a_number_do_not_change_the_content() -> None:
    line = {"qty": Decimal("12.000"), "unit": "EA", "number": "1", "price": Decimal("9.5")}
    assert an_order(lines=[line]).content_hash() == an_order().content_hash()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("-0", "0"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("-2.0", "-2"),
    ],
)
def test_a_decimal_is_written_without_exponent_and_needless_zeros(written: str, text: str) -> None:
    assert decimal_text(Decimal(written)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_equal_decimals_are_equal_text_and_read_back(value: Decimal) -> None:
    assert Decimal(decimal_text(value)) == value
    assert decimal_text(value * 1) == decimal_text(value.normalize()) or value != value.normalize()


@pytest.mark.parametrize(
    "change",
    [
        {"number": ""},
        {"currency": "usd"},
        {"lines": []},
        {"surprise": "x"},
        {"lines": [{"qty": 1.5, "unit": "EA"}]},
        {"lines": [{"qty": Decimal("NaN"), "unit": "EA"}]},
        {"lines": [{"qty": Decimal("1"), "unit": "each"}]},
        {"lines": [{"qty": Decimal("1"), "unit": "EA", "gtin": "12345"}]},
    ],
)
def test_a_value_that_is_not_canonical_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        an_order(**change)


def test_an_order_and_its_lines_are_frozen() -> None:
    order = an_order()
    with pytest.raises(ValidationError):
        order.number = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        order.lines[0].qty = Decimal(2)  # type: ignore[misc]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema":"purchase_order/v2"}',
        b'{"schema":"purchase_order/v1","number":1.5}',
        b'{"schema":"purchase_order/v1","number":NaN}',
        b'{"schema":"purchase_order/v1","number":"1"}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_bytes_that_are_no_order_are_refused(content: bytes) -> None:
    with pytest.raises(CanonicalFormError):
        PurchaseOrder.from_json_bytes(content)


def test_a_bare_fraction_is_refused_where_a_number_stands() -> None:
    content = json.loads(an_order().to_json_bytes())
    content["total"] = 1.1
    with pytest.raises(CanonicalFormError, match="numbers with a fraction are strings"):
        PurchaseOrder.from_json_bytes(json.dumps(content).encode())


def test_a_model_is_found_by_its_schema_and_a_misspelt_one_is_told() -> None:
    assert model_named("purchase_order/v1") is PurchaseOrder
    assert CANONICAL["purchase_order/v1"] is PurchaseOrder
    with pytest.raises(CanonicalFormError, match='did you mean "purchase_order/v1"'):
        model_named("purchase_ordr/v1")


def test_no_field_of_the_models_is_a_float() -> None:
    for model in (PurchaseOrder, PurchaseOrderLine):
        assert not [name for name, field in model.model_fields.items() if "float" in str(field.annotation)]
