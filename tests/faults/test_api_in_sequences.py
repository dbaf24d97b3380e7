"""Sequences of calls by two partners against a model: what one did shows, what the other did does not, and no 5xx.

Calls, parameters and the form of answers come from our own OpenAPI document; the values keep its schemas or break them.
CI makes 2,000 calls (or `API_CALLS`), `make soak` 50,000; sequences that begin after them do nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from gateway.store.engine import Store
from tests.faults.api_schema import Schema, faults, values
from tests.gateway.api.site import Site, serving
from tests.gateway.inbound_line import file_of

pytestmark = pytest.mark.timeout(900)

ACCOUNTS = ("acme-api", "globex-api")
WRONG = st.one_of(st.text(max_size=30), st.integers().map(str), st.sampled_from(["null", "", "%00", "a" * 300]))
PLACES = st.integers(0, 99)
"""Which of what there is: what that is hypothesis must not know, since it is never the same twice."""
PROBLEM = "application/problem+json"
STEPS = 50
_numbers = count(1)


class World:
    """One server for all sequences, and a client for each partner."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        self.site = site
        self.clients = {account: stack.enter_context(site.client(account)) for account in ACCOUNTS}
        self.document: Schema = self.clients[ACCOUNTS[0]].get("/openapi.json").json()
        self.calls = 0


class CallingMachine(RuleBasedStateMachine):
    """The model: what each account uploaded under which key, and which ids it has seen."""

    world: ClassVar[World]
    most: ClassVar[int] = int(os.environ.get("API_CALLS", "2000"))

    def __init__(self) -> None:
        super().__init__()
        self.number = next(_numbers)
        self.uploads: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.ids: dict[str, list[str]] = {account: [] for account in ACCOUNTS}
        self.collected: set[str] = set()
        self.is_over = self.world.calls >= self.most

    def call(
        self, account: str, method: str, path: str, *, id: str = "", text: bytes = b"", **how: Any
    ) -> httpx.Response:
        """One call; its answer is one that the document names, in the form it names."""
        world = self.world
        world.calls += 1
        answer = world.clients[account].request(method, path.replace("{id}", id), content=text, **how)
        described = world.document["paths"][path][method]["responses"]
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in described, f"{answer.status_code} of {path}: {answer.text[:300]}"
        content = described[str(answer.status_code)].get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        assert (kind in content) if content else not answer.content, f"{kind} of {path}"
        if kind in ("application/json", PROBLEM):
            assert faults(answer.json(), content[kind]["schema"], world.document) == []
        return answer

    @rule(
        account=st.sampled_from(ACCOUNTS),
        key=st.sampled_from(["a", "b", "c", None]),
        order=st.integers(1, 4),
        test=st.booleans(),
    )
    def upload(self, account: str, key: str | None, order: int, test: bool) -> None:
        if self.is_over:
            return
        content = file_of(f"PO-{self.number}-{order}", control=f"{self.number * 10 + order:09d}")
        headers = {} if key is None else {"Idempotency-Key": f"{self.number}-{key}"}
        params = {"environment": "test"} if test else {}
        answer = self.call(account, "post", "/v1/transmissions", text=content, headers=headers, params=params)
        before = None if key is None else self.uploads.get((account, key))
        said = content + str(test).encode()
        if before is None:
            assert answer.status_code == 201
        elif before[0] == said:
            assert (answer.status_code, answer.json()["id"]) == (200, before[1])
        else:
            assert answer.status_code == 422
            return
        id = answer.json()["id"]
        self.ids[account].append(id)
        if key is not None:
            self.uploads[account, key] = (said, id)

    @rule(account=st.sampled_from(ACCOUNTS))
    def outbound(self, account: str) -> None:
        if self.is_over:
            return
        items = self.call(account, "get", "/v1/outbound", params={"limit": "200"}).json()["items"]
        self.ids[account] += [item["id"] for item in items]
        assert not self.collected & {item["id"] for item in items}

    @rule()
    def work(self) -> None:
        """The line works what came: acknowledgments begin to wait."""
        if self.is_over:
            return
        self.world.site.line.run()

    @rule(account=st.sampled_from(ACCOUNTS), place=PLACES)
    def collect(self, account: str, place: int) -> None:
        if self.is_over:
            return
        items = self.call(account, "get", "/v1/outbound", params={"limit": "5"}).json()["items"]
        if not items:
            return
        item = items[place % len(items)]
        read = self.call(account, "get", "/v1/outbound/{id}/content", id=item["id"])
        assert (read.status_code, len(read.content)) == (200, item["size"])
        for _ in range(2):
            assert self.call(account, "post", "/v1/outbound/{id}/collected", id=item["id"]).status_code == 204
        self.collected.add(item["id"])
        self.ids[account].append(item["id"])

    @rule(owner=st.sampled_from(ACCOUNTS), place=PLACES)
    def look(self, owner: str, place: int) -> None:
        """What is one's own is shown, what is the other's does not exist."""
        if self.is_over:
            return
        if not self.ids[owner]:
            return
        id = self.own(owner, place)
        for account in ACCOUNTS:
            for path in ("/v1/transmissions/{id}", "/v1/transmissions/{id}/acknowledgments"):
                assert self.call(account, "get", path, id=id).status_code == (200 if account == owner else 404)
            if account != owner:
                assert self.call(account, "get", "/v1/outbound/{id}/content", id=id).status_code == 404
                assert self.call(account, "post", "/v1/outbound/{id}/collected", id=id).status_code == 404

    def own(self, account: str, place: int) -> str:
        """One of the ids the account has seen."""
        return self.ids[account][place % len(self.ids[account])]

    @rule(account=st.sampled_from(ACCOUNTS), data=st.data(), breaks=st.booleans(), place=PLACES)
    def anything_described(self, account: str, data: st.DataObject, breaks: bool, place: int) -> None:
        """Any operation with parameters of its schemas, or of none; the former are never called invalid."""
        document = self.world.document
        path = data.draw(st.sampled_from(sorted(document["paths"])))
        method = data.draw(st.sampled_from(sorted(document["paths"][path])))
        operation = document["paths"][path][method]
        drawn: dict[str, dict[str, str]] = {"query": {}, "path": {}, "header": {}}
        for parameter in operation.get("parameters", ()):
            if not parameter["required"] and not data.draw(st.booleans()):
                continue
            good = values(parameter["schema"], document)
            drawn_from = WRONG if breaks and parameter["in"] == "query" else good
            drawn[parameter["in"]][parameter["name"]] = data.draw(drawn_from)
        if drawn["path"] and self.ids[account] and place % 2:
            drawn["path"]["id"] = self.own(account, place)
        content = data.draw(st.binary(max_size=100)) if method == "post" else b""
        if self.is_over:  # only now: what is drawn must not depend on it
            return
        headers = {name: value.encode() for name, value in drawn["header"].items()}
        answer = self.call(
            account, method, path, id=drawn["path"].get("id", ""), text=content, params=drawn["query"], headers=headers
        )
        if answer.status_code == 201:
            self.ids[account].append(answer.json()["id"])
        if answer.status_code == 204:
            self.collected.add(drawn["path"]["id"])
        if not breaks and drawn["query"].get("filename", "x").isprintable():
            assert answer.status_code not in (400, 422), answer.text


@pytest.fixture(scope="module", autouse=True)
def world(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(store, tmp_path_factory.mktemp("api") / "home") as site, ExitStack() as stack:
        CallingMachine.world = World(site, stack)
        yield CallingMachine.world
        assert CallingMachine.world.calls >= CallingMachine.most


_usual = settings(stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.faults
class TestCallsInTheSlowSuite(CallingMachine.TestCase):
    """Two thousand calls."""

    settings = settings(_usual, max_examples=CallingMachine.most // 10)


class LongCallingMachine(CallingMachine):
    """The same, for a release."""

    most = 50_000


@pytest.mark.soak
@pytest.mark.timeout(0)
class TestCallsAtLength(LongCallingMachine.TestCase):
    """Fifty thousand."""

    settings = settings(_usual, max_examples=LongCallingMachine.most // 10)
