"""The acknowledgment document: the same facts in JSON, XML and CSV, whatever a partner's values hold."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import Issue, Position, Severity
from translators.file_acknowledgment import (
    NAMESPACE,
    AcknowledgmentFormat,
    DocumentStatus,
    FileAcknowledgment,
    FileStatus,
    write_acknowledgment,
)
from translators.xmldoc.reader import read_xml

BAD = Issue("delimited.value.number", "qty is =x; want digits", Position(line=5, column=17, path="qty"), value="=x")
NOTE = Issue("delimited.header.unknown", "not read", Position(line=1, column=9), Severity.WARNING, value="colour")


def acknowledgment(
    *told: DocumentStatus, documents: int = 3, accepted: int = 2, not_told: int = 0
) -> FileAcknowledgment:
    at = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    return FileAcknowledgment("orders.csv", "ab" * 32, "order", at, documents, accepted, told, not_told)


PARTIAL = acknowledgment(DocumentStatus(1, "P1|", True, (NOTE,)), DocumentStatus(3, "", False, (BAD,)), not_told=4)


def test_json_tells_the_file_its_counts_and_each_issue() -> None:
    assert json.loads(write_acknowledgment(PARTIAL, AcknowledgmentFormat.JSON)) == {
        "file": "orders.csv",
        "sha256": "ab" * 32,
        "document": "order",
        "received_at": "2026-03-02T09:15:00+00:00",
        "status": "partial",
        "documents": 3,
        "accepted": 2,
        "rejected": 1,
        "not_told": 4,
        "told": [
            {
                "ordinal": 1,
                "key": "P1|",
                "status": "accepted",
                "issues": [
                    {
                        "code": "delimited.header.unknown",
                        "severity": "warning",
                        "line": "1",
                        "column": "9",
                        "value": "colour",
                        "message": "not read",
                    }
                ],
            },
            {
                "ordinal": 3,
                "key": "",
                "status": "rejected",
                "issues": [
                    {
                        "code": "delimited.value.number",
                        "severity": "error",
                        "line": "5",
                        "column": "17",
                        "field": "qty",
                        "value": "=x",
                        "message": "qty is =x; want digits",
                    }
                ],
            },
        ],
    }


def test_xml_tells_the_same() -> None:
    root = read_xml([write_acknowledgment(PARTIAL, AcknowledgmentFormat.XML)]).root
    assert root.name == f"{{{NAMESPACE}}}FileAcknowledgment"
    assert (root.attributes["status"], root.attributes["rejected"], root.attributes["not_told"]) == (
        "partial",
        "1",
        "4",
    )
    first, second = root.children
    assert (first.attributes["ordinal"], first.attributes["status"]) == ("1", "accepted")
    (issue,) = second.children
    assert (issue.attributes["code"], issue.attributes["field"], issue.text) == (BAD.code, "qty", BAD.message)


def test_csv_tells_the_same_and_runs_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(write_acknowledgment(PARTIAL, AcknowledgmentFormat.CSV).decode())))
    assert [row["record"] for row in rows] == ["file", "issue", "issue"]
    assert (rows[0]["status"], rows[0]["documents"], rows[0]["not_told"]) == ("partial", "3", "4")
    assert (rows[2]["ordinal"], rows[2]["code"], rows[2]["value"]) == ("3", BAD.code, "'=x")


@pytest.mark.parametrize(
    ("documents", "accepted", "status"),
    [(2, 2, FileStatus.ACCEPTED), (2, 1, FileStatus.PARTIAL), (2, 0, FileStatus.REJECTED), (0, 0, FileStatus.REJECTED)],
)
def test_the_status_is_that_of_all_documents(documents, accepted, status) -> None:
    assert acknowledgment(documents=documents, accepted=accepted).status is status


@given(st.text(max_size=30), st.sampled_from(AcknowledgmentFormat))
def test_any_value_of_a_partner_can_be_told(value, form) -> None:
    issue = Issue("x.y", f"found {value}", Position(path=value), value=value)
    assert write_acknowledgment(acknowledgment(DocumentStatus(1, value, False, (issue,))), form)
