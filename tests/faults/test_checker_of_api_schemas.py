"""The checker of our OpenAPI's schemas finds each way in which a value breaks one."""

from __future__ import annotations

import pytest

from tests.faults.api_schema import Schema, faults

THING: Schema = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "kind": {"type": "string", "enum": ["in", "out"]},
        "status": {"type": "string", "const": "ok"},
        "name": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]+$"},
        "size": {"type": "integer", "minimum": 0, "maximum": 9},
        "parts": {"type": "array", "items": {"type": "boolean"}},
        "inner": {"$ref": "#/components/schemas/Thing"},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}
DOCUMENT: Schema = {"components": {"schemas": {"Thing": THING}}}
ID = "0199f7a2-0000-7000-8000-000000000000"


def test_a_value_that_keeps_all_of_it_has_no_faults() -> None:
    inner = {"id": ID, "at": None}
    whole = {"id": ID, "at": "2026-01-05T09:00:00Z", "kind": "in", "status": "ok", "name": "abc", "size": 9}
    assert faults({**whole, "parts": [True], "inner": inner, "more": {"x": 1}}, THING, DOCUMENT) == []


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"id": "x"}, "$.id"),
        ({"id": None}, "$.id"),
        ({"at": "yesterday"}, "$.at"),
        ({"at": 1}, "$.at"),
        ({"kind": "by"}, "$.kind"),
        ({"status": "no"}, "$.status"),
        ({"name": ""}, "$.name"),
        ({"name": "abcd"}, "$.name"),
        ({"name": "A"}, "$.name"),
        ({"size": -1}, "$.size"),
        ({"size": 10}, "$.size"),
        ({"size": True}, "$.size"),
        ({"size": 1.0}, "$.size"),
        ({"parts": [True, 1]}, "$.parts[1]"),
        ({"parts": {}}, "$.parts"),
        ({"inner": {}}, "$.inner"),
        ({"more": {"x": "1"}}, "$.more.x"),
        ({"else": 1}, "$"),
    ],
)
def test_a_value_that_breaks_it_is_told_where(broken: dict[str, object], where: str) -> None:
    found = faults({"id": ID, **broken}, THING, DOCUMENT)
    assert {fault.partition(": ")[0] for fault in found} == {where}


def test_a_word_the_checker_does_not_know_is_an_error() -> None:
    with pytest.raises(AssertionError, match="multipleOf"):
        faults(1, {"type": "integer", "multipleOf": 2}, DOCUMENT)
