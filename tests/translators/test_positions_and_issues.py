"""Positions and issues: their stable JSON form, and what people read."""

from __future__ import annotations

import dataclasses
import json

import pytest

from translators.errors import SHOWN_VALUE_LENGTH, Issue, Position, Severity, shown

POSITION_FIELDS = [
    "interchange", "group", "set", "loop", "segment_id", "segment", "element", "component", "repetition", "offset",
]  # fmt: skip


def test_the_json_of_a_position_has_the_promised_fields_in_order() -> None:
    assert list(Position().as_json()) == POSITION_FIELDS
    assert list(Position(line=3, column=4).as_json()) == [*POSITION_FIELDS, "line", "column"]


def test_the_json_of_an_issue_has_the_promised_fields_and_survives_a_round_trip() -> None:
    issue = Issue("x12.element.date", "wrong", Position(1, 1, 2, None, "BEG", 2, 5, offset=9), value="20261345")
    found = issue.as_json()
    assert list(found) == ["code", "severity", "level", "message", "position", "value"]
    assert found["severity"] == "error"
    assert json.loads(json.dumps(found)) == found


def test_a_position_reads_from_the_outside_in() -> None:
    position = Position(1, 2, 3, "N1", "N4", 7, 2, offset=412)
    assert str(position) == "interchange 1, group 2, set 3, segment 7 (N4), element 2, byte 412"
    assert str(Position(line=4, column=9)) == "line 4, column 9"
    assert str(Position()) == ""


def test_an_issue_is_an_error_unless_said_otherwise_and_cannot_be_changed() -> None:
    issue = Issue("x", "y", Position())
    assert issue.severity is Severity.ERROR
    with pytest.raises(dataclasses.FrozenInstanceError):
        issue.code = "z"


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", "plain"), ("a\x07b\n", "a\\x07b\\n"), ("é", "é"), ("\u202e", "\\u202e"), ("", "")],
)
def test_a_value_is_shown_with_its_control_characters_escaped(value, text) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    assert len(shown("x" * 1000)) == SHOWN_VALUE_LENGTH
    assert shown("x" * 1000).endswith("…")
    assert shown("x" * SHOWN_VALUE_LENGTH) == "x" * SHOWN_VALUE_LENGTH
