"""What each answer of Tryton means, by what its body says; the requests are those that trytond 8.2 takes."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from gateway.adapters.protocol import Rejected, Retry, Uncertain
from gateway.adapters.secrets import SecretReference
from gateway.adapters.tryton_client import NotDone, TrytonClient

LOCK = "<!doctype html><title>503 Service Unavailable</title><p>database is locked</p>"


@pytest.fixture
def key(tmp_path: Path) -> SecretReference:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text("0123abcd\n")
    return SecretReference(path=path)


def client(key: SecretReference, answer: Callable[[httpx.Request], httpx.Response]) -> TrytonClient:
    return TrytonClient("https://erp.example/db/", key, timeout=5, transport=httpx.MockTransport(answer))


def outcome_of(key: SecretReference, answer: httpx.Response | Exception, *, method: str = "POST") -> object:
    def answered(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = client(key, answered)
    asks = {
        "POST": lambda: found.create("sale.sale", {}, company=1),
        "GET": lambda: found.search("sale.sale", (), ("id",)),
    }
    with pytest.raises(NotDone) as caught:
        asks[method]()
    return caught.value.outcome


@pytest.mark.parametrize(
    ("status", "headers", "after", "scope"),
    [
        (503, {}, timedelta(seconds=1), "document"),
        (503, {"retry-after": "7"}, timedelta(seconds=7), "document"),
        (429, {"retry-after": "20"}, timedelta(seconds=20), "target"),
        (429, {"retry-after": "99999999"}, timedelta(hours=1), "target"),
        (429, {"retry-after": "Fri, 31 Dec 2027 23:59:59 GMT"}, timedelta(seconds=15), "target"),
        (401, {}, timedelta(minutes=1), "target"),
        (403, {}, timedelta(minutes=1), "target"),
        (404, {}, timedelta(minutes=1), "target"),
        (302, {"location": "https://other.example/"}, timedelta(seconds=15), "target"),
        (502, {}, timedelta(seconds=15), "target"),
    ],
)
def test_what_will_pass_is_tried_again_when_it_may_have(
    key: SecretReference, status: int, headers: dict[str, str], after: timedelta, scope: str
) -> None:
    outcome = outcome_of(key, httpx.Response(status, headers=headers, html=LOCK))
    assert isinstance(outcome, Retry)
    assert (outcome.after, outcome.scope) == (after, scope)


def test_a_business_error_comes_in_tryton_s_own_words(key: SecretReference) -> None:
    said = {"status": 400, "message": "The web ID must\n be unique.", "description": "Ask somebody."}
    outcome = outcome_of(key, httpx.Response(400, json=said))
    assert outcome == Rejected("tryton.refused", "The web ID must be unique. Ask somebody.", path="", fix="data")


@pytest.mark.parametrize("body", [b"<p>secret page</p>", b"[1]", b'{"message": 7}'])
def test_a_body_that_is_no_message_is_not_repeated(key: SecretReference, body: bytes) -> None:
    outcome = outcome_of(key, httpx.Response(400, content=body))
    assert isinstance(outcome, Rejected)
    assert "secret" not in outcome.message


def test_an_unknown_field_is_a_matter_of_settings(key: SecretReference) -> None:
    outcome = outcome_of(key, httpx.Response(500, html="<p>&#39;nonsense&#39;</p>"))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.fix) == ("tryton.failed", "config")


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
def test_what_never_left_is_tried_again(key: SecretReference, error: Exception) -> None:
    assert isinstance(outcome_of(key, error), Retry)


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.RemoteProtocolError("")])
def test_a_write_without_an_answer_is_uncertain_and_a_read_is_not(key: SecretReference, error: Exception) -> None:
    assert isinstance(outcome_of(key, error), Uncertain)
    assert isinstance(outcome_of(key, error, method="GET"), Retry)


@pytest.mark.parametrize("body", [b"", b"<p>", b'{"__class__": "date"}', b'[{"__class__": "Decimal", "decimal": "x"}]'])
def test_an_answer_that_is_not_its_json_is_tried_again(key: SecretReference, body: bytes) -> None:
    assert isinstance(outcome_of(key, httpx.Response(200, content=body), method="GET"), Retry)


def test_a_secret_that_is_not_there_pauses_the_destination(tmp_path: Path) -> None:
    outcome = outcome_of(SecretReference(path=tmp_path / "none"), httpx.Response(200, json={"id": 1}))
    assert isinstance(outcome, Retry)
    assert outcome.scope == "target"


def test_a_search_says_whose_records_in_which_order_and_how_many(key: SecretReference) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[])

    at = datetime(2026, 1, 2, 3)  # noqa: DTZ001 Tryton's are UTC, bare
    domain = (("date", "=", date(2026, 11, 20)), ("price", "=", Decimal("0.10")), ("at", ">", at))
    order = (("id", "ASC"),)
    client(key, answer).search("sale.sale", domain, ("a", "b.c"), company=7, order=order, limit=5, offset=10)
    [request] = seen
    assert request.url.copy_with(query=None) == "https://erp.example/db/rest/model/sale.sale"
    assert request.headers["authorization"] == "Bearer 0123abcd"
    assert decoded(request.headers["x-tryton-context"]) == {"company": 7}
    asked = request.url.params
    assert asked.get_list("f") == ["a", "b.c"]
    assert (asked["s"], asked["p"], decoded(asked["o"])) == ("5", "10", [["id", "ASC"]])
    assert decoded(asked["d"]) == [
        ["date", "=", {"__class__": "date", "year": 2026, "month": 11, "day": 20}],
        ["price", "=", {"__class__": "Decimal", "decimal": "0.10"}],
        [
            "at",
            ">",
            {
                "__class__": "datetime",
                "year": 2026,
                "month": 1,
                "day": 2,
                "hour": 3,
                "minute": 0,
                "second": 0,
                "microsecond": 0,
            },
        ],
    ]


def test_numbers_days_and_bytes_are_read_as_they_are(key: SecretReference) -> None:
    content = (
        b'[{"id": 1, "a": 0.1, "b": {"__class__": "Decimal", "decimal": "0.10"},'
        b' "c": {"__class__": "bytes", "base64": "eyJhIjoxfQ==\\n"},'
        b' "d": {"__class__": "date", "year": 2028, "month": 2, "day": 29}}]'
    )
    [found] = client(key, lambda _: httpx.Response(200, content=content)).search("m", (), ())
    assert found == {"id": 1, "a": Decimal("0.1"), "b": Decimal("0.10"), "c": b'{"a":1}', "d": date(2028, 2, 29)}
    assert str(found["b"]) == "0.10"


def decoded(text: str) -> object:
    return json.loads(urlsafe_b64decode(text))
