"""What the tests of alerts share: a store with channels, exceptions that open and end, and a channel that can fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.alerts.bringing_out import BringingOut
from gateway.alerts.channel import Channel, NotTold
from gateway.ports import FakeClock, new_id
from gateway.store import alerts, exceptions
from gateway.store.engine import Store

CODE = "unknown_item"


class SenderDied(BaseException):
    """The process is gone, with whatever it had not written down."""


@dataclass
class ScriptedChannel:
    """Takes what it is told, unless the script says otherwise, a word for each time."""

    script: list[str] = field(default_factory=list)
    taken: list[alerts.Message] = field(default_factory=list)

    def tell(self, message: alerts.Message, *, at: datetime) -> None:
        word = self.script.pop(0) if self.script else "taken"
        if word in ("down", "refused"):
            raise NotTold(f"it is {word}", refused=word == "refused")
        self.taken.append(message)
        if word == "dies after it":
            raise SenderDied

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(message.event.value, message.fingerprint) for message in self.taken]


@dataclass
class Desk:
    """A store, its clock, and what brings its alerts out."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)

    def channels(self, *names: str) -> int:
        with self.store.begin() as conn:
            return alerts.keep_channels(conn, names, at=self.clock.now())

    def open(self, group: str, *, code: str = CODE, reason: str = "no item 17") -> UUID:
        id = new_id()
        with self.store.begin() as conn:
            exceptions.open_exception(conn, id=id, at=self.clock.now(), code=code, reason=reason, group=group)
        return id

    def resolve(self, id: UUID) -> None:
        with self.store.begin() as conn:
            exceptions.resolve(conn, id, by="cli:eva", at=self.clock.now())

    def bring_out(self, name: str, channel: Channel) -> int:
        return BringingOut(self.store, self.clock, name, channel).run()

    def state(self, name: str) -> alerts.ChannelState:
        with self.store.begin() as conn:
            return next(found for found in alerts.channels(conn) if found.name == name)
