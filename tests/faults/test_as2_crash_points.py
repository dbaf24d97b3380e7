"""kill -9 at every durable boundary of AS2: one effect, the same receipt, nothing lost."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway import crash_points
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.mdn import ReadMDN, Sent, Verdict, judge, read_mdn
from gateway.as2.message import Trust
from gateway.as2.mime import Headers
from gateway.crash_points import CRASH_AT, POINTS
from gateway.model import TransmissionState
from gateway.store import work
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from gateway.store.tables import transmission
from tests.gateway.as2.parties import NOW, ORDER, build, security, us
from tests.gateway.as2.peer import Came, Peer, Reply, serving, takes, takes_and_answers_empty
from tests.gateway.as2.workspace import request_headers, write_workspace
from tests.gateway.channels.test_as2_sending import ASYNC, LANE, Sender, receipt_by_request

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
RECEIVE = sorted(point for point in POINTS if point.startswith("as2.receive."))
SEND = sorted(point for point in POINTS if point.startswith("as2.send."))


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


def child(*arguments: str, point: str = "") -> subprocess.CompletedProcess[str]:
    """Run a gateway's process; with a point it must die there."""
    environment = os.environ | ({CRASH_AT: point} if point else {})
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.as2_child", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == (-signal.SIGKILL if point else 0), done.stderr[-2000:]
    return done


def count(store: Store, direction: str) -> int:
    with store.begin() as conn:
        return len(conn.execute(select(transmission.c.id).where(transmission.c.direction == direction)).all())


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/mdn"], ids=["sync", "async"])
@pytest.mark.parametrize("point", RECEIVE)
def test_a_receiver_killed_anywhere_takes_the_message_once_and_gives_one_receipt(
    fresh_store: Store, fresh_database_url: str, tmp_path: Path, bodies: Bodies, point: str, url: str
) -> None:
    write_workspace(tmp_path)
    built = build(security(), bodies)
    request = tmp_path / "request.json"
    body = base64.b64encode(built.body.read()).decode()
    request.write_text(json.dumps({"headers": request_headers(built.headers, url=url), "body": body}))
    arguments = ("receive", fresh_database_url, str(tmp_path), str(request))
    if point == "as2.receive.repeated":
        child(*arguments)
    child(*arguments, point=point)
    answers: list[dict[str, Any]] = [json.loads(child(*arguments).stdout) for _ in range(2)]
    assert count(fresh_store, "in") == 1
    assert [answer["status"] for answer in answers] == [200, 200]
    assert answers[0]["body"] == answers[1]["body"]
    assert count(fresh_store, "out") == (1 if url else 0)
    if not url:
        headers = Headers(tuple((name, value) for name, value in answers[0]["headers"]))
        mdn = in_memory(base64.b64decode(answers[0]["body"]))
        found = read_mdn(headers, mdn, Trust(pinned=(us().certificate,)), at=NOW, bodies=bodies)
        assert isinstance(found, ReadMDN)
        assert judge(found, Sent("<1@acme>", built.mics)).verdict is Verdict.DELIVERED


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("point", SEND)
def test_a_sender_killed_anywhere_has_its_message_taken_once(
    fresh_store: Store, fresh_database_url: str, tmp_path: Path, point: str, how: str
) -> None:
    if how == "async" and point == "as2.send.after_mdn":
        how = "sync"  # there is no MDN in the answer
    with ExitStack() as stack:
        peer = stack.enter_context(serving(takes if how == "sync" else takes_and_answers_empty))
        write_workspace(tmp_path, url=peer.url, **(ASYNC if how == "async" else {}))
        sender = Sender(fresh_store, tmp_path, peer)
        sender.id = sender.queue()
        child("work", fresh_database_url, str(tmp_path), LANE, point=point)
        with fresh_store.begin() as conn:
            give_back(conn, "child", now=sender.clock.now())
        sender.clock.advance(timedelta(seconds=5))
        sender.run()
        if how == "async":
            assert sender.state() is TransmissionState.AWAITING
            assert receipt_by_request(sender) == 200
        assert sender.state() is TransmissionState.SENT
        assert peer.documents == [ORDER]
        assert len({came.message_id for came in peer.came}) == 1


def test_a_receiver_killed_after_it_kept_a_receipt_knows_it_when_it_comes_again(
    fresh_store: Store, fresh_database_url: str, tmp_path: Path
) -> None:
    with serving(takes_and_answers_empty) as peer:
        write_workspace(tmp_path, url=peer.url, **ASYNC)
        sender = Sender(fresh_store, tmp_path, peer)
        assert sender.sent() is TransmissionState.AWAITING
        entity = peer.mdn(peer.came[-1])
        headers = request_headers(entity.headers.pairs, message_id="<mdn-1@acme>", receipt="none")
        request = tmp_path / "request.json"
        body = base64.b64encode(entity.content.read()).decode()
        request.write_text(json.dumps({"headers": headers, "body": body}))
        arguments = ("receive", fresh_database_url, str(tmp_path), str(request))
        child(*arguments, point="as2.mdn.after_commit")
        assert sender.state() is TransmissionState.SENT
        assert json.loads(child(*arguments).stdout)["status"] == 200
        assert sender.state() is TransmissionState.SENT


def test_a_bringer_of_receipts_killed_after_the_answer_brings_the_same_again(
    fresh_store: Store, fresh_database_url: str, tmp_path: Path, bodies: Bodies
) -> None:
    got: list[bytes] = []

    def gets(_peer: Peer, came: Came) -> Reply:
        got.append(came.body)
        return Reply()

    with serving(gets) as peer:
        write_workspace(tmp_path, url=peer.url)
        sender = Sender(fresh_store, tmp_path, peer)
        built = build(security(), bodies)
        request = tmp_path / "request.json"
        body = base64.b64encode(built.body.read()).decode()
        request.write_text(json.dumps({"headers": request_headers(built.headers, url=peer.url), "body": body}))
        child("receive", fresh_database_url, str(tmp_path), str(request))
        lane = "send:as2-mdn:acme-as2"
        child("work", fresh_database_url, str(tmp_path), lane, point="as2.mdn.after_answer")
        with fresh_store.begin() as conn:
            give_back(conn, "child", now=sender.clock.now())
        sender.clock.advance(timedelta(seconds=5))
        with fresh_store.begin() as conn:
            assert work.more_due(conn, lane, sender.clock.now())
        sender.run(lane)
        assert len(got) == 2
        assert got[0] == got[1]


def test_every_point_of_as2_is_one_of_those_killed_at() -> None:
    others = {"as2.mdn.after_commit", "as2.mdn.after_answer"}
    assert {point for point in crash_points.POINTS if point.startswith("as2.")} == {*RECEIVE, *SEND, *others}


def test_a_large_message_is_received_within_64_mb_above_the_baseline() -> None:
    """500 MB, signed and encrypted, as the channel takes it up to the commit."""
    from gateway.bench.as2 import LARGE, bench_memory

    assert bench_memory(LARGE) <= 64
