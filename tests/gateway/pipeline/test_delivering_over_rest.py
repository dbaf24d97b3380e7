"""Orders on the line reach a REST system once each, whatever happens to requests, and never with a secret in a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.fault_proxy import AnswerInstead, BreakOff, FaultProxy, LoseAnswer
from gateway.adapters.webhook_fake import Demands, FakeRestSystem
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line, file_of

CANARY = "canary-4711"
SETTINGS = """\
destinations:
  erp:
    kind: webhook
    url: http://{address}/orders
    auth: {{type: bearer, token: "file:token"}}
    idempotency: unique_reference
    answers:
      - {{outcome: accepted, status: 2xx, id: /id, state: /status}}
      - {{outcome: duplicate, status: 409, id: /error/id, content_sha256: /error/content}}
      - {{outcome: rejected, status: 422, code: /error/code, message: /error/message, path: /error/field}}
    probe: {{url: "http://{address}/orders?reference={{reference}}", id: /items/0/id}}
"""


class Rest:
    """A line whose business system stands behind a proxy."""

    def __init__(self, line: Line, system: FakeRestSystem, proxy: FaultProxy) -> None:
        self.line = line
        self.system = system
        self.proxy = proxy

    def settle(self) -> None:
        """Let every wait pass, and work what is due."""
        for _ in range(6):
            self.line.clock.advance(timedelta(minutes=30))
            self.line.run()

    def delivery(self, life: dict[str, Any]) -> dict[str, Any]:
        [document] = life["documents"]
        [found] = document["deliveries"]
        return dict(found)


@pytest.fixture
def rest(fresh_store: Store, tmp_path: Path) -> Iterator[Rest]:
    with ExitStack() as closing:
        system = closing.enter_context(FakeRestSystem(Demands(authorization=f"Bearer {CANARY}")))
        proxy = closing.enter_context(FaultProxy(system.address))
        (tmp_path / "token").touch(mode=0o600)
        (tmp_path / "token").write_text(CANARY)
        host, port = proxy.address
        (tmp_path / "tradelane.yaml").write_text(SETTINGS.format(address=f"{host}:{port}"))
        line = Line(fresh_store, tmp_path)
        for destination in line.gateway.settings.destinations.values():
            assert CANARY not in repr(destination)
        yield Rest(line, system, proxy)


def test_an_answer_that_is_lost_is_asked_for_and_not_sent_again(rest: Rest) -> None:
    rest.proxy.at(0, LoseAnswer())
    id = rest.line.drop(file_of("PO-1"))
    rest.line.run()
    assert rest.delivery(rest.line.life(id))["state"] == "sending"
    rest.settle()
    found = rest.delivery(rest.line.life(id))
    assert (found["state"], found["external_ref"], len(rest.system.kept)) == ("delivered", "SO-1", 1)
    assert [one.method for one in rest.system.asked] == ["POST", "GET"]


def test_faults_of_every_kind_end_in_one_record_of_each_order_and_no_secret_in_a_row(rest: Rest) -> None:
    ids = []
    for number, fault in enumerate((BreakOff(), AnswerInstead(503, {"Retry-After": "60"}), AnswerInstead(500))):
        rest.proxy.at(0, fault)
        ids.append(rest.line.drop(file_of(f"PO-{number}", control=f"{number + 1:09}"), name=f"po-{number}.edi"))
        rest.line.run()
        rest.settle()
    lives = [rest.line.life(id) for id in ids]
    assert [rest.delivery(life)["state"] for life in lives] == ["delivered"] * 3
    assert len({one.reference for one in rest.system.kept}) == len(rest.system.kept) == 3
    assert CANARY not in str(lives)


def test_a_rejection_waits_for_a_person_with_its_place(rest: Rest) -> None:
    rest.system.demands.unknown_items = frozenset({"TL-100", "A-20415"})
    life = rest.line.sent(file_of("PO-1"))
    found = rest.delivery(life)
    assert (found["state"], found["reason"]) == ("rejected", "unknown_item: no such item (lines.0.sku)")
    rest.settle()
    assert [one.method for one in rest.system.asked] == ["POST"]
