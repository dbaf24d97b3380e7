"""A gateway for tests without worker processes: the real store, mailbox, maps and partners, worked on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from gateway.app import Gateway, load_gateway
from gateway.lane_work import LaneWork
from gateway.model import Environment
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.receive import Arrival, receive
from gateway.ports import FakeClock
from gateway.settings import load_settings
from gateway.store import audit, timeline, work
from gateway.store.engine import Store
from gateway.store.tables import mailbox_file
from sftp.ports import Account, Area, Place, Received

SEGMENT_END = "~\n"


class Line:
    """One workspace on one store."""

    def __init__(self, store: Store, home: Path) -> None:
        self.clock = FakeClock()
        self.home = home
        self.store = store
        self.gateway: Gateway = load_gateway(load_settings(home, environment={}), store, clock=self.clock)
        self.woken: list[str] = []
        self.box = self.gateway.mailbox(self.woken.extend)
        self._work = self.gateway.work(worker="test/w1", wake=self.woken.extend, backoff=Backoff(random=lambda: 0.0))

    def drop(self, content: bytes, *, account: str = "acme", name: str = "po.edi", area: Area = Area.IN) -> UUID:
        """Upload a file as the SFTP server would hand it on; the id of its transmission."""
        received = Received(Place(area), name, BytesIO(content), len(content), True, self.clock.now())
        self.box.receive(Account(account), received)
        with self.store.begin() as conn:
            rows = conn.execute(
                select(mailbox_file.c.transmission_id)
                .where(mailbox_file.c.account == account, mailbox_file.c.folder == area.value)
                .where(mailbox_file.c.name == name, mailbox_file.c.removed_at.is_(None))
            )
            found: UUID = rows.scalar_one()
        return found

    def drop_without_account(self, content: bytes) -> UUID:
        """Receive a file over a channel that carries everyone's, as a watched folder does."""
        arrival = Arrival("folder", None, "po.edi", Environment.LIVE)
        with self.store.begin() as conn:
            payload = self.gateway.vault.put(conn, content)
            return receive(conn, arrival, payload, at=self.clock.now(), large_bytes=5_000_000).id

    def run(self) -> None:
        """Work every lane until nothing is due at this moment."""
        while lanes := self.due():
            for lane in lanes:
                self.lane_work().run(lane)

    def due(self) -> list[str]:
        """The lanes with due rows."""
        with self.store.begin() as conn:
            return work.due_lanes(conn, self.clock.now())

    def lane_work(self) -> LaneWork:
        """What works a lane."""
        backoff = Backoff(first=timedelta(seconds=1), random=lambda: 0.0)
        return LaneWork(
            self.store,
            self._work,
            worker="test/w1",
            clock=self.clock,
            backoff=backoff,
            stop=Event(),
            together=self._work.together,
            ended=self._work.batch_ended,
        )

    def sent(self, content: bytes, **how: Any) -> dict[str, Any]:
        """Drop a file, work everything, and read its life."""
        id = self.drop(content, **how)
        self.run()
        return self.life(id)

    def life(self, id: UUID) -> dict[str, Any]:
        """The whole life of a transmission."""
        with self.store.begin() as conn:
            return timeline.life(conn, id)

    def files(self, folder: str, *, account: str = "acme") -> dict[str, bytes]:
        """What an account sees in a folder."""
        with self.store.begin() as conn:
            rows = conn.execute(
                select(mailbox_file.c.name, mailbox_file.c.payload_sha256)
                .where(mailbox_file.c.account == account, mailbox_file.c.folder == folder)
                .where(mailbox_file.c.removed_at.is_(None))
                .order_by(mailbox_file.c.name)
            ).all()
            return {row.name: self.gateway.vault.read(conn, row.payload_sha256) for row in rows}

    def out(self, account: str = "acme") -> dict[str, bytes]:
        """What waits for an account."""
        return self.files("out", account=account)

    def answers(self, account: str = "acme") -> list[list[str]]:
        """The answers in /out, each as its segments between ISA and IEA."""
        return [segments_of(content)[1:-1] for content in self.out(account).values()]

    def erp(self) -> list[dict[str, Any]]:
        """The orders that reached the business system."""
        return [orjson.loads(path.read_bytes()) for path in sorted((self.home / "erp").glob("*.json"))]

    def numbers(self) -> list[str]:
        """The order numbers among them, sorted."""
        return sorted(order["number"] for order in self.erp())

    def audited(self, id: UUID) -> list[str]:
        """What the audit log says of a transmission and what came of it."""
        return [row["action"] for row in self.life(id)["audit"]]

    def audit_holds(self) -> bool:
        """Seal everything and verify the chain."""
        audit.Sealer(self.store).seal_pending()
        return audit.verify(self.store).ok


def segments_of(content: bytes) -> list[str]:
    """The segments of a file of ours, without terminators; separators are shown as `*`."""
    text = content.decode("latin-1")
    element, end = text[3], text[105]
    return [part.strip("\r\n").replace(element, "*") for part in text.split(end) if part.strip("\r\n")]


def order(
    number: str, *, purpose: str = "00", qty: str = "24", st02: str = "0001", date: str = "20261120", code: str = "850"
) -> list[str]:
    """The segments of one purchase order, ST to SE, without terminators."""
    body = [
        f"BEG*{purpose}*SA*{number}**{date}",
        f"PO1*1*{qty}*EA*12.5*PE*IN*A-20415*VN*TL-100",
        "CTT*1",
    ]
    return [f"ST*{code}*{st02}", *body, f"SE*{len(body) + 2}*{st02}"]


def group(
    sets: Sequence[Sequence[str]],
    *,
    control: str = "17",
    functional_id: str = "PO",
    version: str = "004010",
    count: int | None = None,
    ge02: str | None = None,
) -> list[str]:
    """The segments of one functional group."""
    said = len(sets) if count is None else count
    return [
        f"GS*{functional_id}*ACME*TRADELANE*20261120*0915*{control}*X*{version}",
        *(segment for one in sets for segment in one),
        f"GE*{said}*{ge02 or control}",
    ]


def interchange(
    groups: Sequence[Sequence[str]],
    *,
    control: str = "000000017",
    sender: str = "ACME",
    receiver: str = "TRADELANE",
    usage: str = "P",
    version: str = "00401",
    ta1: str = "0",
    count: int | None = None,
    iea02: str | None = None,
    end: str = SEGMENT_END,
) -> bytes:
    """One interchange."""
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}*261120*0915*U*{version}*{control}*{ta1}*{usage}*>"
    iea = f"IEA*{len(groups) if count is None else count}*{iea02 or control}"
    return end.join([isa, *(segment for one in groups for segment in one), iea, ""]).encode("latin-1")


def orders(numbers: Iterable[str], **how: Any) -> list[list[str]]:
    """One set per number, ST02 counted."""
    return [order(number, st02=f"{place:04}", **how) for place, number in enumerate(numbers, 1)]


def file_of(*numbers: str, control: str = "000000017", **how: Any) -> bytes:
    """One interchange of one group with these orders."""
    return interchange([group(orders(numbers))], control=control, **how)


def segments_starting(segments: Iterable[str], *ids: str) -> list[str]:
    """Those segments whose id is one of these."""
    return [segment for segment in segments if segment.split("*", 1)[0] in ids]


def codes(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The codes of issues or exceptions, sorted."""
    return sorted(row["code"] for row in rows)
