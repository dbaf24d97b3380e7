"""Acknowledgment documents of partners: read in each of their three forms, and refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from translators.errors import Issue, Position, Severity
from translators.file_acknowledged import (
    ToldFile,
    UnreadableAcknowledgment,
    acknowledgment_form,
    read_file_acknowledgment,
)
from translators.file_acknowledgment import (
    AcknowledgmentFormat,
    DocumentStatus,
    FileAcknowledgment,
    FileStatus,
    write_acknowledgment,
)

SHA256 = "ab" * 32
FAULTY = Issue("map.value.invalid", "qty is many", Position(line=5, column=17, path="qty"), value="=many")
NOTED = Issue("xml.schema", "Note is long", Position(line=9), severity=Severity.WARNING)
TOLD = FileAcknowledgment(
    file="=inv.csv",
    sha256=SHA256,
    document="invoice",
    received_at=datetime(2026, 3, 2, tzinfo=UTC),
    documents=3,
    accepted=2,
    told=[DocumentStatus(2, "I-2", False, (FAULTY,)), DocumentStatus(3, "I-3", True, (NOTED,))],
)
FORMS = list(AcknowledgmentFormat)


def read(content: bytes) -> ToldFile | UnreadableAcknowledgment:
    form = acknowledgment_form(content[:4096])
    assert form is not None
    return read_file_acknowledgment([content[:40], content[40:]], form)


@pytest.mark.parametrize("form", FORMS)
def test_what_we_write_reads_as_what_it_says(form: AcknowledgmentFormat) -> None:
    content = write_acknowledgment(TOLD, form)
    assert acknowledgment_form(content) is form
    found = read(content)
    assert isinstance(found, ToldFile)
    assert (found.sha256.hex(), found.status, found.documents) == (SHA256, FileStatus.PARTIAL, {2: False, 3: True})
    first, second = found.issues
    assert (first.ordinal, first.code, first.message, first.severity) == (
        2, "map.value.invalid", "qty is many", Severity.ERROR,
    )  # fmt: skip
    assert first.position == Position(line=5, column=17, path="qty")
    assert (second.ordinal, second.severity, second.position) == (3, Severity.WARNING, Position(line=9))
    assert [found.accepts(ordinal) for ordinal in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_wholly_taken_or_refused_says_nothing_of_its_documents(form: AcknowledgmentFormat) -> None:
    good = read(write_acknowledgment(replace(TOLD, accepted=3, told=()), form))
    bad = read(write_acknowledgment(replace(TOLD, accepted=0, told=()), form))
    assert isinstance(good, ToldFile)
    assert isinstance(bad, ToldFile)
    assert (good.status, good.accepts(1)) == (FileStatus.ACCEPTED, True)
    assert (bad.status, bad.accepts(1)) == (FileStatus.REJECTED, False)


@pytest.mark.parametrize("form", FORMS)
def test_what_it_leaves_out_is_not_known(form: AcknowledgmentFormat) -> None:
    found = read(write_acknowledgment(replace(TOLD, not_told=7), form))
    assert isinstance(found, ToldFile)
    assert [found.accepts(ordinal) for ordinal in (1, 2)] == [None, False]


@pytest.mark.parametrize(
    "content", [b"<Order/>", b'{"file": "a.csv", "number": 1}', b"record,number\n", b"", b"ISA*00*"]
)
def test_another_file_is_no_acknowledgment(content: bytes) -> None:
    assert acknowledgment_form(content) is None


@pytest.mark.parametrize(
    ("form", "before", "after", "reason"),
    [
        ("json", SHA256, "xyz", "sha256 is xyz; want 64 hexadecimal digits"),
        ("xml", 'status="partial"', 'status="fine"', "status is fine; want one of accepted, partial, rejected"),
        ("csv", "\r\nissue", "\r\nfile", "there are 3 rows of record file; want one"),
        ("json", '"ordinal": 2', '"ordinal": "two"', "a document has the ordinal two; want its number in the file"),
        ("xml", "</FileAcknowledgment>", "", "line"),
        ("xml", "FileAcknowledgment", "Fileacknowledgment", "want FileAcknowledgment"),
        ("csv", ",status,", ",state,", "status is ; want one of accepted, partial, rejected"),
        ("json", '"accepted": 2', '"not_told": "some"', "not_told is some; want a number"),
    ],
)
def test_one_that_cannot_be_read_says_why(form: str, before: str, after: str, reason: str) -> None:
    content = write_acknowledgment(TOLD, AcknowledgmentFormat(form)).decode()
    assert before in content
    found = read(content.replace(before, after).encode())
    assert isinstance(found, UnreadableAcknowledgment)
    assert reason in found.reason
