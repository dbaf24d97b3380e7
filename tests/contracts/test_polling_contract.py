"""The polling contract holds for a business system in memory, and fails where events are lost or repeated."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from gateway.adapters.events import Event, Page, Pollable
from gateway.adapters.kit import awkward_order
from gateway.adapters.kit_events import PollingContract


@dataclass(slots=True)
class MemoryOutbox:
    """Numbered events; the cursor is how many were given. `slip` makes each page begin so many too late (or early)."""

    slip: int = 0
    events: list[Event] = field(default_factory=list)

    def pollable(self) -> Pollable:
        return self

    def happen(self, count: int) -> list[str]:
        made = [f"PO-{len(self.events) + place}" for place in range(count)]
        self.events += [Event(f"event-{number}", awkward_order(number=number)) for number in made]
        return made

    def poll(self, cursor: str | None, limit: int) -> Page[Event]:
        begin = 0 if cursor is None else max(0, int(cursor) + self.slip)
        found = tuple(self.events[begin : begin + limit])
        end = begin + len(found)
        return Page(found, str(end if found else cursor or 0), more=end < len(self.events))


class TestMemory(PollingContract):
    """Every test of the contract."""

    def telling_peer(self) -> MemoryOutbox:
        return MemoryOutbox()


@pytest.mark.parametrize("slip", [1, -1])
def test_one_that_loses_or_repeats_is_found_out(slip: int) -> None:
    class Slipping(PollingContract):
        def telling_peer(self) -> MemoryOutbox:
            return MemoryOutbox(slip)

    with pytest.raises(AssertionError):
        Slipping().test_every_event_comes_once_over_restarts()
