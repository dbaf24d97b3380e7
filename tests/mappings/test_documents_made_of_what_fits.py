"""Documents made of values that are known to fit are those their model's own validation makes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from mappings.catalog import SHIPPED, MapCatalog
from mappings.document_parts import PartForm, filled, part_form, unmade
from mappings.engine import run
from mappings.fields import find_field
from mappings.golden import read_samples
from mappings.report import Report
from translators.canonical.common import Part
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from translators.canonical.registry import CANONICAL
from translators.x12.guide import GuideLibrary

CATALOG = MapCatalog([SHIPPED])
INBOUND = [name for name in CATALOG.names() if name.endswith(".in")]
BEG = "BEG*00*SA*4500012**20260302"


def alike(made: Any, wanted: Any) -> bool:
    """Equal in type, in every value and its type, in the order of fields, and in what counts as filled."""
    if type(made) is not type(wanted):
        return False
    if isinstance(made, BaseModel):
        return (
            list(made.__dict__) == list(wanted.__dict__)
            and made.model_fields_set == wanted.model_fields_set
            and made.__pydantic_extra__ is wanted.__pydantic_extra__ is None
            and made.__pydantic_private__ is wanted.__pydantic_private__ is None
            and all(alike(value, wanted.__dict__[name]) for name, value in made.__dict__.items())
        )
    if isinstance(made, tuple):
        return len(made) == len(wanted) and all(map(alike, made, wanted))
    return bool(made == wanted)


def documents_of(name: str) -> Iterator[Any]:
    """The documents of a map's samples."""
    compiled = CATALOG.find(name)
    for sample in read_samples(compiled, CATALOG.folder(name) / "samples", guides=GuideLibrary.shipped()):
        for source, context in sample.sources:
            yield from run(compiled, source, context).documents


@pytest.mark.parametrize("name", INBOUND)
def test_every_document_of_a_sample_is_what_its_model_would_make(name: str) -> None:
    documents = list(documents_of(name))
    assert documents
    for document in documents:
        assert alike(document, type(document).model_validate(unmade(document)))


def test_parts_share_no_words_by_name(x12: Any, workspace: Any, smallest: str) -> None:
    (order,) = workspace.run(smallest, x12(BEG, "PO1*1*12*EA", "PO1*2*3*EA")).documents
    first, second = order.lines
    assert first.partner_data == second.partner_data == {}
    assert first.partner_data is not second.partner_data


@pytest.mark.parametrize("text", ["4500012", "Bestellung 4711 für Köln"])
def test_text_of_any_script_is_taken_from_around_the_document(
    text: str, x12: Any, workspace: Any, with_rules: Any
) -> None:
    source = x12(BEG, "PO1*1*12*EA")
    rule = with_rules(order="contract: agreement.contract")
    (order,) = workspace.run(rule, source, agreement={"currency": "USD", "contract": text}).documents
    assert order.contract == text


def test_text_that_is_no_unicode_is_an_issue(x12: Any, workspace: Any, with_rules: Any) -> None:
    rule = with_rules(order="contract: agreement.contract")
    agreement = {"currency": "USD", "contract": "4500\ud800"}
    (issue,) = workspace.run(rule, x12(BEG, "PO1*1*12*EA"), agreement=agreement).issues
    assert issue.code == "map.value.invalid"
    assert issue.rule.field == "contract"


def test_a_part_that_lacks_what_it_cannot_be_without_is_an_issue(x12: Any, workspace: Any) -> None:
    text = """\
map: x12/850@004010 -> shipment_status/v1
event:
  shipment_id!: BEG03
  carrier!: BEG02
  weight.unit: CUR02
"""
    (issue,) = workspace.run(text, x12(BEG, "CUR*BY*KGM", "PO1*1*12*EA")).issues
    assert issue.code == "map.value.invalid"
    assert "weight.value" in issue.message
    (status,) = workspace.run(text, x12(BEG, "PO1*1*12*EA")).documents
    assert status.weight is None


def test_a_word_of_a_closed_set_becomes_its_member(x12: Any, workspace: Any, with_rules: Any) -> None:
    table = "tables:\n  purpose: {00: original, 05: replacement}\n"
    text = with_rules(order="purpose: code(BEG01, 'purpose')").replace("order:", f"{table}order:", 1)
    (order,) = workspace.run(text, x12("BEG*05*SA*4500012**20260302", "PO1*1*12*EA")).documents
    assert alike(order, PurchaseOrder.model_validate(unmade(order)))
    assert order.purpose.name == "REPLACEMENT"


def test_a_word_that_is_in_no_closed_set_is_an_issue(x12: Any, workspace: Any, with_rules: Any) -> None:
    (issue,) = workspace.run(with_rules(order="purpose: BEG01"), x12(BEG, "PO1*1*12*EA")).issues
    assert (issue.code, issue.value) == ("map.value.invalid", "00")


def test_a_word_of_a_closed_set_may_be_sent_as_it_is(x12: Any, workspace: Any, with_rules: Any) -> None:
    source = x12("BEG*00*SA*4500012**20260302", "REF*DP*cancellation", "PO1*1*12*EA")
    (order,) = workspace.run(with_rules(order="purpose: REF[DP].02"), source).documents
    assert order.purpose is type(order.purpose).CANCELLATION
    assert order.lines[0].__class__ is PurchaseOrderLine


class Checked(Part):
    """A part whose model does more than check each field."""

    name: str

    @field_validator("name")
    @classmethod
    def _capital(cls, value: str) -> str:
        return value.upper()


def test_a_model_that_does_more_than_check_its_fields_is_not_made_here() -> None:
    assert not PartForm(Checked).is_plain


def test_every_canonical_model_only_checks_its_fields() -> None:
    pending: list[type[BaseModel]] = [*CANONICAL.values()]
    seen: set[type[BaseModel]] = set()
    while pending:
        model = pending.pop()
        if model not in seen:
            seen.add(model)
            assert part_form(model).is_plain, model
            pending += models_of(model)
    assert len(seen) > 50


def models_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models of a model's fields."""
    for info in model.model_fields.values():
        waiting = [info.annotation]
        while waiting:
            found = waiting.pop()
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield found
            waiting += getattr(found, "__args__", ())


def test_what_is_filled_is_told_of_parts_made_and_not_made() -> None:
    part = PurchaseOrderLine(qty=Decimal(1), unit="EA")
    assert [filled(found, "unit") for found in (part, {"unit": "EA"})] == ["EA", "EA"]
    assert [filled(found, "notes") for found in (part, {"unit": "EA"}, ())] == [None, None, None]


def test_the_plain_order_goes_through_no_validation() -> None:
    compiled = CATALOG.find("base/850.in")
    samples = read_samples(compiled, CATALOG.folder("base/850.in") / "samples", guides=GuideLibrary.shipped())
    (plain,) = [sample for sample in samples if sample.name == "plain.edi"]
    ((source, context),) = plain.sources
    opened = compiled.opener(source)
    report = Report(compiled.rules, opened.places)
    around = (context.env, context.file, context.agreement, context.origin, opened.extra, context)
    ((content, _),) = compiled.runner.function(opened.root, report, *around)
    assert type(content) is PurchaseOrder


def test_a_qualifier_that_stands_twice_is_one_issue_whatever_the_field_takes(
    x12: Any, workspace: Any, with_rules: Any
) -> None:
    source = x12(BEG, "PO1*1*12*EA***UP*012345678905*UP*012345678912")
    (issue,) = workspace.run(with_rules(lines="gtin: pair('UP')"), source).issues
    assert issue.code == "map.pair.several"


@pytest.mark.parametrize("field", [("lines", "gtin"), ("currency",), ("ship_to", "address", "country")])
@given(text=st.text("0123456789AZaz-\n\u0661", max_size=15) | st.text("0123456789", min_size=8, max_size=14))
def test_a_pattern_takes_what_the_model_takes(field: tuple[str, ...], text: str) -> None:
    model, path = (PurchaseOrderLine, field[1:]) if field[0] == "lines" else (PurchaseOrder, field)
    target = find_field(model, path)
    assert bool(target.takes()(text)) == (target.refusal(text) is None)
