"""What the crash tests of SFTP run in a process of its own, which may be killed: serve, poll, or work a lane."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from threading import Event

from gateway.app import Gateway, load_gateway
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.ports import FakeClock
from gateway.settings import load_settings
from gateway.store import work
from gateway.store.engine import open_store
from sftp.server import SFTPServer

WORKER = "child/w1"
VISITS = 6


def gateway_of(url: str, home: Path, day: int) -> tuple[Gateway, FakeClock]:
    """The workspace; its clock stands so many days after the others'."""
    clock = FakeClock()
    clock.advance(timedelta(days=day))
    return load_gateway(load_settings(home, environment={}), open_store(url), clock=clock), clock


def serve(url: str, home: Path, day: int) -> None:
    """The SFTP server, until this process is killed; its port stands in a file."""
    gateway, _ = gateway_of(url, home, day)
    server = SFTPServer(gateway.mailbox(lambda _lanes: None), host_keys=[(home / "host_key").read_bytes()])
    server.start("127.0.0.1", 0)
    (home / "port.new").write_text(str(server.address[1]))
    (home / "port.new").rename(home / "port")
    Event().wait()


def poll(url: str, home: Path, day: int) -> None:
    """Some visits to the partner's server, an hour apart."""
    gateway, clock = gateway_of(url, home, day)
    poller = gateway.poller(lambda _lanes: None)
    for _ in range(VISITS):
        for account in poller.due():
            poller.visit(account)
        clock.advance(timedelta(hours=1))


def send(url: str, home: Path, day: int) -> None:
    """Work every lane until nothing is due."""
    gateway, clock = gateway_of(url, home, day)
    gateway_work = gateway.work(worker=WORKER, wake=lambda _lanes: None)
    lanes = LaneWork(
        gateway.store,
        gateway_work,
        worker=WORKER,
        clock=clock,
        backoff=Backoff(random=lambda: 0.0),
        stop=Event(),
        together=gateway_work.together,
        ended=gateway_work.batch_ended,
    )
    while True:
        with gateway.store.begin() as conn:
            due = work.due_lanes(conn, clock.now())
        if not due:
            return
        for lane in due:
            lanes.run(lane)


if __name__ == "__main__":
    command, url, home, day = sys.argv[1:]
    {"serve": serve, "poll": poll, "send": send}[command](url, Path(home), int(day))
