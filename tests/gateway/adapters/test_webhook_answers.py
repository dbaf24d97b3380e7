"""What an answer of a REST API means: by the rules of the settings, then by its status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.adapters.json_pointer import read_json, text_at
from gateway.adapters.protocol import Accepted, Duplicate, ExternalRef, Outcome, Rejected, Retry, Uncertain
from gateway.adapters.webhook_answers import Answered, Sent, judge
from gateway.adapters.webhook_config import Rule

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SENT = Sent("ref-1", "ab" * 32, AT)


def judged(status: int, body: object = None, *rules: dict[str, Any], **headers: str) -> Outcome:
    read = [TypeAdapter[Rule](Rule).validate_python(rule) for rule in rules]
    return judge(Answered(status, {name.replace("_", "-"): value for name, value in headers.items()}, body), read, SENT)


TAKEN = {"outcome": "accepted", "status": "2xx", "id": "/order/id", "state": "/order/state"}


def test_the_first_rule_that_knows_an_answer_decides() -> None:
    pending = {"outcome": "retry", "status": "200", "where": {"/order/state": ["queued", "locked"]}, "seconds": 9}
    body = {"order": {"id": 7, "state": "locked"}}
    assert judged(200, body, pending, TAKEN) == Retry(timedelta(seconds=9), "target", "answered 200 OK")
    assert judged(200, body, TAKEN, pending) == Accepted(ExternalRef("7"), "locked")


@pytest.mark.parametrize("body", [None, {}, {"order": {}}, {"order": {"id": None}}, {"order": {"id": ""}}, [], "x"])
def test_success_without_the_agreed_id_is_not_believed(body: object) -> None:
    assert isinstance(judged(200, body, TAKEN), Uncertain)


def test_an_id_of_endless_length_is_not_believed() -> None:
    assert isinstance(judged(200, {"order": {"id": "x" * 201}}, TAKEN), Uncertain)


def test_a_success_that_no_rule_knows_is_uncertain() -> None:
    only = {"outcome": "accepted", "status": "200", "where": {"/ok": "true"}}
    assert judged(200, {"ok": True}, only) == Accepted(ExternalRef("ref-1"), "200")
    assert isinstance(judged(200, {"ok": False}, only), Uncertain)


def test_without_rules_success_is_taken_at_its_word() -> None:
    assert judged(204) == Accepted(ExternalRef("ref-1"), "204")


def test_a_rule_may_go_by_a_header() -> None:
    replayed = {"outcome": "duplicate", "status": "200", "headers": {"X-Replayed": "true"}, "same_content": True}
    assert judged(200, {}, replayed, x_replayed="true") == Duplicate(ExternalRef("ref-1"), same_content=True)
    assert isinstance(judged(200, {}, replayed, x_replayed="false"), Accepted)


@pytest.mark.parametrize(("content", "same"), [("AB" * 32, True), ("cd" * 32, False), (None, False)])
def test_the_content_of_a_duplicate_is_compared_by_its_hash(content: str | None, same: bool) -> None:
    rule = {"outcome": "duplicate", "status": "409", "id": "/id", "content_sha256": "/sha"}
    assert judged(409, {"id": "SO-1", "sha": content}, rule) == Duplicate(ExternalRef("SO-1"), same_content=same)


def test_a_rejection_names_code_message_and_place() -> None:
    rule = {
        "outcome": "rejected",
        "status": ["400", "422"],
        "code": "/c",
        "message": "/m",
        "path": "/p",
        "fix": "mapping",
    }
    assert judged(422, {"c": "E1", "m": "no\x1b[2J", "p": "lines.0"}, rule) == Rejected(
        "E1", "no\\x1b[2J", "lines.0", "mapping"
    )
    assert judged(400, None, rule) == Rejected("http.400", "400 Bad Request", "", "mapping")


def test_uncertain_may_be_a_rule() -> None:
    assert isinstance(judged(202, {}, {"outcome": "uncertain", "status": "202"}), Uncertain)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (301, Retry),
        (400, Rejected),
        (401, Retry),
        (403, Retry),
        (404, Rejected),
        (408, Uncertain),
        (409, Rejected),
        (422, Rejected),
        (425, Retry),
        (429, Retry),
        (500, Uncertain),
        (502, Uncertain),
        (503, Retry),
        (504, Uncertain),
        (599, Uncertain),
    ],
)
def test_a_status_alone_never_proves_that_nothing_was_taken(status: int, wanted: type) -> None:
    assert isinstance(judged(status), wanted)


def test_what_the_settings_cause_is_put_right_there() -> None:
    found = {status: judged(status) for status in (404, 405, 422)}
    assert [one.fix for one in found.values() if isinstance(one, Rejected)] == ["config", "config", "data"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("Mon, 05 Jan 2026 09:01:30 GMT", 90),
        ("Mon, 05 Jan 2026 08:00:00 GMT", 0),
        ("999999999", 86_400),
        ("soon", 30),
        ("", 30),
        ("-5", 30),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_a_day(said: str, seconds: int) -> None:
    outcome = judged(503, retry_after=said)
    assert isinstance(outcome, Retry)
    assert (outcome.after, outcome.scope) == (timedelta(seconds=seconds), "target")


def test_a_pointer_leads_through_names_and_places_only() -> None:
    value = {"a/b": {"~": [{"id": Decimal("1.10")}]}, "t": True, "n": None}
    assert text_at(value, "/a~1b/~0/0/id") == "1.10"
    assert text_at(value, "/t") == "true"
    assert [text_at(value, pointer) for pointer in ("/n", "/x", "/a~1b", "/a~1b/~0/1", "/a~1b/~0/-1", "/t/0")] == [
        None
    ] * 6


def test_numbers_of_an_answer_keep_their_digits_and_nonsense_is_nothing() -> None:
    assert text_at(read_json(b'{"id": 12345678901234567890.10}'), "/id") == "12345678901234567890.10"
    assert [read_json(text) for text in (b"", b"<p>", b'{"a": NaN}', b"[" * 100_000)] == [None] * 4
