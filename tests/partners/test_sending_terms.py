"""What a profile says of what goes out, of waiting for acknowledgments, and of used control numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from partners.model import (
    AdvicePolicy,
    Agreement,
    Batch,
    GroupCount,
    Grouping,
    GroupNumbers,
    NumberWindow,
    SetNumbers,
    TextTerms,
    TradingPartner,
)
from partners.profile import read_profile
from translators.datafile import LoadFault, Mapping, read_datafile
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.characters import Charset
from translators.x12.model import Delimiters


def read(text: str) -> tuple[TradingPartner, list[LoadFault]]:
    faults: list[LoadFault] = []
    top = read_datafile(text.encode(), file="profile.yaml")
    assert isinstance(top, Mapping)
    return read_profile(top, key="acme", faults=faults).partner, faults


def agreement(keys: str, *, direction: str = "out", profile: str = "") -> tuple[Agreement | None, list[str]]:
    way = ", deliver_to: [erp]" if direction == "in" else ""
    item = f'{{document: "810", direction: {direction}, pass_through: true{way}, {keys}}}'
    found, faults = read(f"name: A\n{profile}agreements:\n  - {item}\n")
    return next(iter(found.agreements), None), [fault.message for fault in faults]


def test_a_997_is_waited_for_a_day_unless_agreed_otherwise() -> None:
    found, _ = agreement("ordered: true")
    assert found is not None
    assert (found.acknowledge.within, found.acknowledge.form) == (timedelta(hours=24), AcknowledgmentForm.FUNCTIONAL)
    found, _ = agreement("ordered: true", profile="acknowledge: {within: 90m, form: 999}\n")
    assert found is not None
    assert (found.acknowledge.within, found.acknowledge.form.value) == (timedelta(minutes=90), "999")
    found, _ = agreement("acknowledge: {within: 2d}", profile="acknowledge: {within: 90m}\n")
    assert found is not None
    assert found.acknowledge.within == timedelta(days=2)


def test_an_agreement_says_how_its_sets_are_answered() -> None:
    found, _ = agreement("ordered: true", direction="in", profile="acknowledge: {advice: on_error}\n")
    assert found is not None
    assert (found.acknowledge.form.value, found.acknowledge.advice) == ("997", AdvicePolicy.ON_ERROR)
    found, _ = agreement(
        "acknowledge: {form: 999, advice: never}", direction="in", profile="acknowledge: {advice: on_error}\n"
    )
    assert found is not None
    assert (found.acknowledge.form.value, found.acknowledge.advice) == ("999", AdvicePolicy.NEVER)


def test_batches_and_envelopes_are_read() -> None:
    found, faults = agreement('batch: {sets: 100, groups: apart}, envelope: {element: "|", lines: true, ta1: true}')
    assert found is not None
    assert faults == []
    assert found.batch == Batch(100, Grouping.APART)
    assert found.envelope.delimiters == Delimiters(element="|", line_end="\n")
    assert found.envelope.ta1


@pytest.mark.parametrize(
    ("keys", "direction", "message"),
    [
        ("acknowledge: {within: soon}", "out", "want minutes, hours or days, as 90m, 24h or 2d"),
        ("acknowledge: {within: 24h}", "in", 'has no key "within"'),
        ("acknowledge: {form: 998}", "out", "want 997 or 999"),
        ("acknowledge: {advice: always}", "in", "want never or on_error"),
        ("acknowledge: {advice: on_error}", "out", 'has no key "advice"'),
        ("acknowledge: {interchange: never}", "out", "interchange stands in the profile's acknowledge"),
        ("batch: {sets: 0}", "out", "want a whole number from 1"),
        ("batch: {sets: 5}", "in", "batch is for direction out"),
        ("envelope: {ta1: true}", "in", "envelope is for direction out"),
        ('envelope: {element: "~"}', "out", "clash"),
        ("envelope: {element: A}", "out", "cannot be one"),
    ],
)
def test_terms_that_cannot_hold_are_faults(keys: str, direction: str, message: str) -> None:
    _, faults = agreement(keys, direction=direction)
    assert any(message in fault for fault in faults), faults


def test_the_window_of_control_numbers_is_for_ever_off_or_days() -> None:
    assert read("name: A\n")[0].control_numbers == NumberWindow(None)
    assert read("name: A\ncontrol_numbers: {window_days: 0}\n")[0].control_numbers == NumberWindow(0)
    assert read("name: A\ncontrol_numbers: {window_days: 30}\n")[0].control_numbers == NumberWindow(30)
    assert read("name: A\ncontrol_numbers: {}\n")[0].control_numbers == NumberWindow(None)


def test_what_is_used_once_in_the_window_is_agreed_number_by_number() -> None:
    found, faults = read(
        "name: A\ncontrol_numbers: {window_days: 30, gs06: window, st02: interchange, received_gs06: kind}\n"
    )
    wanted = NumberWindow(30, GroupNumbers.WINDOW, SetNumbers.INTERCHANGE, received_gs06=GroupCount.KIND)
    assert (found.control_numbers, faults) == (wanted, [])
    _, faults = read("name: A\ncontrol_numbers: {window_days: 0, gs06: window, st02: window}\n")
    assert [fault.message for fault in faults] == [
        "gs06: window asks for a window, and window_days is 0",
        "st02: window asks for a window, and window_days is 0",
    ]


def test_how_text_is_read_is_agreed() -> None:
    assert read("name: A\n")[0].text == TextTerms(Charset.EXTENDED, unwrap=False)
    assert read("name: A\ntext: {charset: utf-8, unwrap: true}\n")[0].text == TextTerms(Charset.UTF_8, unwrap=True)
    _, faults = read("name: A\ntext: {charset: utf8}\n")
    assert [fault.message for fault in faults] == [
        'charset is "utf8"; want basic or extended or utf-8; did you mean "utf-8"?'
    ]
