"""A REST system that does not listen and a folder that is not mounted, for an hour and for a day, beside a good one.

Nothing is lost, each order goes in its sequence, each system has one alert and its end, none is asked more often than
its policy says, and the good one gets everything at once.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from gateway.adapters.webhook_fake import FakeRestSystem
from gateway.store.engine import Store
from gateway.store.tables import attempt, delivery, document, exception
from tests.gateway.alerts.alerting import Desk, ScriptedChannel
from tests.gateway.inbound_line import Line, group, interchange, order

SETTINGS = """\
samples: false
destinations:
  api:
    kind: webhook
    url: http://127.0.0.1:{port}/orders
    idempotency: unique_reference
    retry: {{first: 1m, longest: 30m}}
    answers:
      - {{outcome: accepted, status: 2xx, id: /id}}
      - {{outcome: duplicate, status: 409, id: /error/id, content_sha256: /error/content}}
    probe: {{url: "http://127.0.0.1:{port}/orders?reference={{reference}}", id: /items/0/id}}
  mount: {{kind: folder, path: mount, retry: {{first: 1m, longest: 30m}}}}
  erp: {{kind: folder, path: erp, create: true}}
"""
PROFILE = """\
name: Acme
identifiers: [{qualifier: ZZ, id: ACME}]
sftp: [{user: acme}]
agreements:
  - {document: "850", direction: in, map: base/850.in, deliver_to: [api, mount, erp], currency: USD}
"""
OURSELVES = "us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: TRADELANE}\n"
DOWN = ("api", "mount")
EVERYWHERE = (*DOWN, "erp")
ORDERS = tuple(f"PO-{number}" for number in range(20))
FILES = 6
"""Each holds every order once more: the first makes them, the others replace them by another quantity."""
FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Outage:
    """How long two of the systems are away, and how often everybody looks."""

    lasts: timedelta
    step: timedelta


@pytest.fixture
def port() -> Iterator[int]:
    """One at which nobody listens, and which nobody else gets."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def listening(port: int) -> Iterator[FakeRestSystem]:
    with FakeRestSystem(port=port) as system:
        yield system


def file_number(place: int) -> bytes:
    """Every order, in its revision of that place."""
    sets = [
        order(number, purpose="05" if place else "00", qty=str(place + 1), st02=f"{at:04}")
        for at, number in enumerate(ORDERS, 1)
    ]
    return interchange([group(sets, control=f"{place + 1}")], control=f"{place + 1:09}")


def delivered(store: Store) -> Counter[str]:
    with store.begin() as conn:
        return Counter(conn.execute(select(delivery.c.destination).where(delivery.c.state == "delivered")).scalars())


def tries(store: Store, destination: str) -> list[datetime]:
    """When a destination was tried."""
    with store.begin() as conn:
        found = (
            select(attempt.c.started_at)
            .join(delivery, attempt.c.delivery_id == delivery.c.id)
            .where(delivery.c.destination == destination)
            .order_by(attempt.c.started_at)
        )
        return list(conn.execute(found).scalars())


def taken_in_order(store: Store, destination: str) -> dict[str, list[str]]:
    """Order -> the quantities of its revisions, as the destination accepted them."""
    with store.begin() as conn:
        rows = conn.execute(
            select(document.c.canonical)
            .join(delivery, delivery.c.document_id == document.c.id)
            .join(attempt, attempt.c.delivery_id == delivery.c.id)
            .where(delivery.c.destination == destination, attempt.c.outcome == "accepted")
            .order_by(attempt.c.id)
        ).scalars()
        found: dict[str, list[str]] = {}
        for canonical in rows:
            found.setdefault(canonical["number"], []).append(canonical["lines"][0]["qty"])
        return found


@pytest.mark.parametrize(
    "outage",
    [
        Outage(timedelta(hours=1), timedelta(minutes=1)),
        Outage(timedelta(hours=24), timedelta(minutes=15)),
    ],
    ids=["an hour", "a day"],
)
def test_an_outage_slows_nobody_else_and_ends_in_order(
    outage: Outage, fresh_store: Store, tmp_path: Path, port: int
) -> None:
    (tmp_path / "tradelane.yaml").write_text(SETTINGS.format(port=port))
    profiles = tmp_path / "partners" / "profiles"
    (profiles / "acme").mkdir(parents=True)
    (profiles / "acme" / "profile.yaml").write_text(PROFILE)
    (profiles / "ourselves.yaml").write_text(OURSELVES)
    line, duty = Line(fresh_store, tmp_path), ScriptedChannel()
    desk, watches, began = Desk(fresh_store, line.clock), line.gateway.watches(), line.clock.now()
    desk.channels("duty")

    def look() -> None:
        line.run()
        watches.look_at_destinations()
        watches.look_at_lanes()
        desk.bring_out("duty", duty)

    steps = outage.lasts // outage.step
    arrives = {steps * place // FILES: place for place in range(FILES)}
    for step in range(steps):
        if step in arrives:
            line.drop(file_number(arrives[step]), name=f"{step}.edi")
        look()
        so_far = sum(place <= step for place in arrives) * len(ORDERS)
        assert delivered(fresh_store) == Counter({"erp": so_far})
        line.clock.advance(outage.step)
    assert sorted(duty.told) == sorted(("opened", message.fingerprint) for message in duty.taken)
    assert len(duty.told) == len(DOWN)

    (tmp_path / "mount").mkdir()
    with listening(port) as system:
        back = line.clock.now()
        while line.clock.now() < back + LONGEST + outage.step:
            look()
            line.clock.advance(outage.step)
        kept = [orjson.loads(one.content)["lines"][0]["qty"] for one in system.kept]

    everything = len(ORDERS) * FILES
    assert delivered(fresh_store) == Counter(dict.fromkeys(EVERYWHERE, everything))
    assert len(kept) == len(list((tmp_path / "mount").glob("*.json"))) == everything
    in_order = {number: [str(place + 1) for place in range(FILES)] for number in ORDERS}
    for destination in EVERYWHERE:
        assert taken_in_order(fresh_store, destination) == in_order
    for destination in DOWN:
        asked = [at for at in tries(fresh_store, destination) if at < back]
        waits = [later - earlier for earlier, later in pairwise(asked)]
        assert asked[0] == began
        assert all(wait >= min(FIRST * 2 ** min(place, 10), LONGEST) for place, wait in enumerate(waits)), (
            f"{destination} was asked too often: {waits}"
        )
    assert len(tries(fresh_store, "erp")) == everything
    with fresh_store.begin() as conn:
        opened = conn.execute(select(exception.c.code, exception.c.state, exception.c.resolved_by)).all()
    assert [tuple(row) for row in opened] == [("destination.down", "resolved", "gateway")] * len(DOWN)
    assert Counter(event for event, _ in duty.told) == Counter(opened=len(DOWN), resolved=len(DOWN))
