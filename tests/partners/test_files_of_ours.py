"""What an agreement says of files of ours that are not X12: names, how many go together, how long we wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from partners.file_names import LONGEST_NAME, WORDS, fault_of, file_name, words_in
from partners.file_terms import FileAnswer
from partners.model import Agreement, Batch
from partners.profile import read_profile
from translators.datafile import LoadFault, Mapping, read_datafile

AT = datetime(2026, 3, 2, 23, 5, 9, tzinfo=UTC)


def agreement(keys: str, *, syntax: str = "csv", direction: str = "out") -> tuple[Agreement | None, list[str]]:
    way = ", deliver_to: [erp]" if direction == "in" else ""
    item = f"{{document: bill, direction: {direction}, syntax: {syntax}, pass_through: true{way}, {keys}}}"
    faults: list[LoadFault] = []
    top = read_datafile(f"name: A\nagreements:\n  - {item}\n".encode(), file="profile.yaml")
    assert isinstance(top, Mapping)
    found = read_profile(top, key="acme", faults=faults).partner
    return next(iter(found.agreements), None), [fault.message for fault in faults]


def test_a_file_of_ours_is_called_by_its_pattern_and_its_answer_waited_for() -> None:
    found, faults = agreement('file: {name: "INV_{key}.csv", answer: json}, acknowledge: {within: 90m}')
    assert faults == []
    assert found is not None
    assert (found.file.name, found.file.answer) == ("INV_{key}.csv", FileAnswer.JSON)
    assert found.acknowledge.within == timedelta(minutes=90)
    assert found.batch == Batch(sets=1)


def test_rows_of_several_documents_share_a_file_only_where_agreed() -> None:
    found, faults = agreement("batch: {documents: 50, every: 1h}")
    assert (faults, found and found.batch) == ([], Batch(sets=50, every=timedelta(hours=1)))
    found, faults = agreement("batch: {every: 1h}", syntax="xml")
    assert (faults, found and found.batch) == ([], Batch(sets=1, every=timedelta(hours=1)))


@pytest.mark.parametrize(
    ("keys", "syntax", "told"),
    [
        ('file: {name: "bill-*.csv"}', "csv", 'name "bill-*.csv" has a character that is no letter'),
        ('file: {name: "{number}.csv"}', "csv", "has {number}; want one of {document}, {key}, {date}, {time}, {id}"),
        ('file: {name: "{key.csv"}', "csv", "has a brace without its other one"),
        ('file: {name: ".{key}.csv"}', "csv", "begins with a dot, a blank or a hyphen"),
        ("file: {root: Invoice}", "xml", "root is for direction in; what goes out is as the map makes it"),
        ("file: {archive: zip}", "csv", "archive is for direction in"),
        ("batch: {sets: 5}", "csv", 'the batch of an agreement of syntax csv has no key "sets"'),
        ("batch: {documents: 5}", "xml", 'the batch of an agreement of syntax xml has no key "documents"'),
        ("batch: {documents: 5}, file: {name: '{key}.csv'}", "csv", "a file of several documents has no {key}"),
        ("acknowledge: {form: 999}", "csv", 'has no key "form"'),
        ("envelope: {ta1: true}", "csv", "envelope is for syntax x12, not csv"),
    ],
)
def test_what_makes_no_sense_for_a_file_of_ours_is_told(keys: str, syntax: str, told: str) -> None:
    _, faults = agreement(keys, syntax=syntax)
    assert len(faults) == 1
    assert told in faults[0]


def test_a_pattern_for_what_comes_in_is_no_name_of_ours() -> None:
    found, faults = agreement('file: {name: "orders-*.csv"}', direction="in")
    assert (faults, found and found.file.name) == ([], "orders-*.csv")
    _, faults = agreement("acknowledge: {functional: never}", direction="in")
    assert faults == ["acknowledge is for syntax x12, not csv"]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{document}_{key}.xml", "bill_A_.._1.xml"),
        ("{date} {time}.csv", "20260302 230509.csv"),
        ("{key}{id}", "A_.._1abc"),
    ],
)
def test_values_in_a_name_mean_nothing_to_a_file_system(pattern: str, name: str) -> None:
    assert file_name(pattern, document="bill", key="A/../1", at=AT, mark="abc") == name
    assert words_in(pattern) <= WORDS.keys()
    assert fault_of(pattern) is None


def test_a_name_is_never_empty_hidden_or_long() -> None:
    assert file_name("{key}", document="bill", key="", at=AT, mark="abc") == "abc"
    assert file_name("{key}", document="bill", key="..", at=AT, mark="abc") == "abc"
    long = file_name("{key}" * 9, document="bill", key="x" * 500, at=AT, mark="abc")
    assert len(long) <= LONGEST_NAME
