"""Work for worker processes of tests: rows are delivered, and their ordering keys say what happens instead."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Event

from gateway.store import work
from gateway.store.work import Claim
from gateway.worker_process import Work, WorkerContext


def delivering(context: WorkerContext) -> Work:
    """Key `poison` kills the worker; `gate` waits until the file of option `gate` is there; `sent` marks sending first.

    Every row begun is noted in the file of option `begun`, every row delivered in that of option `done`.
    """
    gate = Path(context.options.get("gate", "/nonexistent"))

    def do(claim: Claim) -> None:
        _note(context, "begun", claim)
        key = claim.ordering_key or ""
        if key.startswith("poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        if key.startswith("sent") and claim.state != "sending":
            with context.store.begin() as conn:
                work.guarded_update(conn, claim, state="sending")
            key = "gate"
        if key.startswith("gate"):
            between = Event()
            while not gate.exists():
                between.wait(0.01)
        with context.store.begin() as conn:
            work.release(conn, claim, state="processed" if claim.lane.startswith("in:") else "delivered")
        _note(context, "done", claim)

    return do


def broken(context: WorkerContext) -> Work:
    """A factory that fails."""
    raise RuntimeError("no maps here")


def _note(context: WorkerContext, what: str, claim: Claim) -> None:
    """One write of one short line, so that processes do not mix theirs."""
    path = context.options.get(what)
    if path is not None:
        with Path(path).open("ab", buffering=0) as file:
            file.write(f"{claim.id} {claim.state} {os.getpid()}\n".encode())
