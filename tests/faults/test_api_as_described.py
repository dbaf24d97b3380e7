"""Any request at all to any route: never a 5xx, and only answers that the OpenAPI description names, in their form."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gateway.api import models
from gateway.api.problems import ProblemBody
from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving
from tests.gateway.inbound_line import file_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

EXAMPLES = int(os.environ.get("API_EXAMPLES", "400"))

WORDS = st.one_of(
    st.sampled_from(
        ["in", "out", "live", "test", "received", "processed", "ready", "0", "1", "200", "201", "-1", "null"]
    ),
    st.text(max_size=40),
    st.uuids().map(str),
    st.integers().map(str),
)
NAMES = st.sampled_from(
    ["filename", "environment", "direction", "state", "before", "limit", "stat", "", "a[]", "\u00e9"]
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
KINDS = st.sampled_from(
    [
        "application/octet-stream",
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=" + "b" * 300,
        "application/json",
        "",
        ";",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda name, data: (
            b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + data + b"\r\n--b--\r\n"
        ),
        st.sampled_from([b"file", b"x", b'file"; filename="\xff', b'file"; filename="a.edi']),
        st.binary(max_size=60),
    ),
)


@pytest.fixture(scope="module")
def site(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with one order worked and its answer waiting."""
    with serving(store, tmp_path_factory.mktemp("api") / "home") as found:
        found.send(file_of("PO-1"))
        found.line.run()
        yield found


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    with site.client() as made:
        yield made


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def ids(client: httpx.Client) -> list[UUID]:
    return [UUID(one["id"]) for one in client.get("/v1/transmissions").json()["items"]]


@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(
    client: httpx.Client, described: dict[str, Any], ids: list[UUID], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(described["paths"])), label="path")
    method = data.draw(st.sampled_from(sorted(described["paths"][path])), label="method")
    operation = described["paths"][path][method]
    id = data.draw(
        st.one_of(st.sampled_from(ids).map(str), st.uuids().map(str), st.just("x"), st.just("%00")), label="id"
    )
    query = data.draw(st.lists(st.tuples(NAMES, WORDS), max_size=3), label="query")
    headers = [(b"content-type", data.draw(KINDS, label="kind").encode())]
    if data.draw(st.booleans(), label="with a key"):
        headers.append((b"idempotency-key", data.draw(HEADER_TEXT, label="key").strip().encode("latin-1")))
    body = data.draw(BODIES, label="body") if method == "post" else b""
    answer = client.request(method, path.replace("{id}", id), params=query, headers=headers, content=body)
    check(answer, operation)


def check(answer: httpx.Response, operation: dict[str, Any]) -> None:
    """The status is named, and the body is of the form named beside it."""
    assert answer.status_code < 500, answer.text
    responses = operation["responses"]
    assert str(answer.status_code) in responses, f"{answer.status_code} is not described: {answer.text[:300]}"
    content = responses[str(answer.status_code)].get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert (kind in content) if content else not answer.content
    if kind == "application/problem+json":
        ProblemBody.model_validate_json(answer.content)
    elif kind == "application/json":
        name = content[kind]["schema"]["$ref"].rpartition("/")[2]
        TypeAdapter(getattr(models, name)).validate_json(answer.content)
