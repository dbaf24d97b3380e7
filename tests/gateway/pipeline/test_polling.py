"""A business system that is polled: each event becomes one document for the partner, whatever is killed in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

import orjson
import pytest
from sqlalchemy import select, update

from gateway.adapters.events import Event as Told
from gateway.adapters.events import Page
from gateway.errors import NoTelling
from gateway.pipeline import polling, told_events
from gateway.pipeline.polling import Polling
from gateway.store import timeline
from gateway.store.engine import Store
from gateway.store.tables import delivery, document, exception, poll_state, told_event
from tests.gateway.inbound_line import Line
from tests.gateway.outbound_line import Seller, answer, bill, buyer_profile, notice
from tests.gateway.pipeline.scripted_adapter import Killed
from translators.canonical.common import Document
from translators.canonical.invoice import Invoice
from translators.canonical.order_acknowledgment import OrderAcknowledgment
from translators.canonical.ship_notice import ShipNotice


@dataclass(slots=True)
class ToldSystem:
    """Tells of its events in pages; the cursor is how many it told of. `before` is called before each answer."""

    events: list[Told] = field(default_factory=list)
    asked: list[tuple[str | None, int]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def poll(self, cursor: str | None, limit: int) -> Page[Told]:
        self.asked.append((cursor, limit))
        self.before()
        begin = 0 if cursor is None else int(cursor)
        found = tuple(self.events[begin : begin + limit])
        end = begin + len(found)
        return Page(found, str(end), more=end < len(self.events))


class Shop:
    """A seller whose business system answers what it is asked."""

    def __init__(self, store: Store, home: Path) -> None:
        folder = home / "partners" / "profiles" / "buyer"
        folder.mkdir(parents=True)
        (folder / "profile.yaml").write_text(buyer_profile(more="ourselves: us"))
        self.line = Line(store, home)
        self.seller = Seller(self.line)
        self.system = ToldSystem()
        self.woken: list[str] = []

    def polling(self, *, destination: str = "erp") -> Polling:
        """As after a start of the process."""
        told = self.line.gateway.told_events(destination, self.woken.extend)
        return Polling(self.line.store, self.line.clock, destination, self.system, told)

    def order(self, number: str) -> str:
        """An order comes in and is delivered; the reference it was delivered under."""
        self.seller.gets_order(number)
        with self.line.store.begin() as conn:
            rows = conn.execute(select(delivery.c.reference).where(delivery.c.destination == "erp"))
            return str(rows.scalars().all()[-1])

    def tells(self, said: Document, about: str | None, *, id: str | None = None) -> None:
        """It will tell of this."""
        self.system.events.append(Told(id or f"event-{len(self.system.events)}", said, about=about))

    def sets(self) -> list[str]:
        """The sets that wait for the buyer, sorted."""
        files = self.line.answers("buyer")
        return sorted(segment[:6] for file in files for segment in file if segment.startswith("ST*"))

    def exceptions(self) -> list[tuple[str, str]]:
        """Code and state of all."""
        with self.line.store.begin() as conn:
            return [(row.code, row.state) for row in conn.execute(select(exception.c.code, exception.c.state))]


@pytest.fixture
def shop(fresh_store: Store, tmp_path: Path) -> Shop:
    return Shop(fresh_store, tmp_path)


def acknowledgment(number: str) -> OrderAcknowledgment:
    return OrderAcknowledgment.from_json_bytes(orjson.dumps(answer(number)))


def test_what_answers_an_order_goes_to_its_partner_and_is_joined_with_it(shop: Shop) -> None:
    reference = shop.order("PO-1")
    shop.tells(acknowledgment("PO-1"), reference)
    shop.tells(ShipNotice.from_json_bytes(orjson.dumps(notice("PO-1"))), reference)
    shop.tells(Invoice.from_json_bytes(orjson.dumps(bill("PO-1"))), reference)
    assert shop.polling().run() == 3
    assert set(shop.woken) == {"dispatch:buyer:live"}
    shop.line.run()
    assert shop.sets() == ["ST*810", "ST*855", "ST*856", "ST*997"]
    with shop.line.store.begin() as conn:
        [told] = conn.execute(select(told_event).where(told_event.c.event_id == "event-0")).all()
        life = timeline.life(conn, told.transmission_id)
    assert life["transmission"]["channel"] == "destination:erp"
    [found] = life["documents"]
    kinds = {one["kind"] for one in shop.seller.family(found["id"])}
    assert kinds == {"purchase_order", "order_acknowledgment", "ship_notice", "invoice"}


def test_what_was_told_is_never_taken_again_over_restarts(shop: Shop) -> None:
    references = [shop.order(f"PO-{place}") for place in range(3)]
    for place, reference in enumerate(references):
        shop.tells(acknowledgment(f"PO-{place}"), reference)
    assert [shop.polling().run() for _ in range(3)] == [3, 0, 0]
    assert [cursor for cursor, _ in shop.system.asked] == [None, "3", "3"]
    shop.line.run()
    assert shop.sets().count("ST*855") == 3


def test_a_kill_within_a_page_loses_and_repeats_nothing(shop: Shop) -> None:
    references = [shop.order(f"PO-{place}") for place in range(3)]
    for place, reference in enumerate(references):
        shop.tells(acknowledgment(f"PO-{place}"), reference)
    killed = shop.polling()
    taken = 0

    def die(_: object) -> None:
        nonlocal taken
        taken += 1
        if taken == 2:
            raise Killed

    dying = Polling(killed.store, killed.clock, "erp", shop.system, shop.line.gateway.told_events("erp", die))
    with pytest.raises(Killed):
        dying.run()
    assert shop.polling().run() == 1
    with shop.line.store.begin() as conn:
        assert len(conn.execute(select(told_event)).all()) == 3
    shop.line.run()
    assert shop.sets().count("ST*855") == 3


def test_all_pages_are_taken_in_one_run(shop: Shop) -> None:
    reference = shop.order("PO-1")
    for place in range(polling.EVENTS_AT_ONCE + 1):
        shop.tells(acknowledgment("PO-1"), reference, id=f"e{place}")
    assert shop.polling().run() == polling.EVENTS_AT_ONCE + 1
    assert [cursor for cursor, _ in shop.system.asked] == [None, str(polling.EVENTS_AT_ONCE)]


def test_of_two_that_poll_at_once_the_slower_does_not_move_the_cursor_back(shop: Shop) -> None:
    reference = shop.order("PO-1")
    shop.tells(acknowledgment("PO-1"), reference)
    slow = shop.polling()

    def overtaken() -> None:
        shop.system.before = lambda: None
        shop.tells(acknowledgment("PO-1"), reference)
        assert shop.polling().run() == 2
        del shop.system.events[1:]  # what the slower one was told before

    shop.system.before = overtaken
    assert slow.run() == 0
    with shop.line.store.begin() as conn:
        assert conn.execute(select(poll_state.c.cursor)).scalar_one() == "2"


def test_the_same_event_twice_has_one_effect_whatever_the_cursor_says(shop: Shop) -> None:
    reference = shop.order("PO-1")
    shop.tells(acknowledgment("PO-1"), reference, id="same")
    shop.tells(acknowledgment("PO-1"), reference, id="same")
    assert shop.polling().run() == 1


@pytest.mark.parametrize("about", ["0" * 32, None])
def test_what_answers_nothing_that_was_delivered_there_is_left_to_a_person(shop: Shop, about: str | None) -> None:
    shop.tells(acknowledgment("PO-1"), about)
    assert shop.polling().run() == 1
    assert shop.exceptions() == [(told_events.UNKNOWN, "open")]
    assert shop.line.out("buyer") == {}


def test_no_system_answers_for_another(shop: Shop) -> None:
    shop.tells(acknowledgment("PO-1"), shop.order("PO-1"))
    assert shop.polling(destination="other").run() == 1
    assert shop.exceptions() == [(told_events.UNKNOWN, "open")]


def test_a_system_that_cannot_be_asked_is_told_of_once_it_has_lasted_and_resolved(shop: Shop) -> None:
    shop.tells(acknowledgment("PO-1"), shop.order("PO-1"))

    def silent() -> None:
        raise NoTelling("no answer")

    shop.system.before = silent
    minutes = (0, 14, 1, 5)
    seen = []
    for minute in minutes:
        shop.line.clock.advance(timedelta(minutes=minute))
        assert shop.polling().run() == 0
        seen.append(shop.exceptions())
    assert seen == [[], [], [(polling.FAILING, "open")], [(polling.FAILING, "open")]]
    shop.system.before = lambda: None
    assert shop.polling().run() == 1
    assert shop.exceptions() == [(polling.FAILING, "resolved")]
    shop.system.before = silent
    shop.polling().run()
    assert shop.exceptions() == [(polling.FAILING, "resolved")]


def test_what_is_left_when_it_stops_is_for_another_time(shop: Shop) -> None:
    stop = Event()
    stop.set()
    assert shop.polling().run(stop) == 0
    assert shop.system.asked == []


def test_an_adapter_that_fails_in_any_way_stops_only_its_own_poll(shop: Shop) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    shop.system.before = broken
    assert shop.polling().run() == 0
    assert [cursor for cursor, _ in shop.system.asked] == [None]


def test_a_test_order_is_answered_as_a_test(shop: Shop) -> None:
    reference = shop.order("PO-1")
    with shop.line.store.begin() as conn:
        conn.execute(update(document).values(environment="test"))
    shop.tells(acknowledgment("PO-1"), reference)
    shop.polling().run()
    assert shop.woken == ["dispatch:buyer:test"]
