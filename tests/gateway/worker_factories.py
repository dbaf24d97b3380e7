"""Work for worker processes of tests: rows are delivered, and their ordering keys say what happens instead."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.protocol import Accepted, BatchCheckpoint, Outcome, Submission
from gateway.app import load_gateway
from gateway.logs import configure_logs
from gateway.settings import load_settings
from gateway.store import Connection, work
from gateway.store.vault import Vault
from gateway.store.work import Claim
from gateway.worker_process import Work, WorkerContext
from translators.canonical.common import Document

POISON = "POISON"


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


def poisoned(context: WorkerContext) -> Work:
    """The work of the gateway at option `home`; a document numbered POISON kills whoever reads or delivers it.

    Option `at` says where: `in`, when its bytes are read; `out`, in its adapter.
    """
    configure_logs("critical")
    home = Path(context.options["home"])
    gateway = load_gateway(load_settings(home, environment={}), context.store, clock=context.clock)
    usual = gateway.work(worker=context.worker, wake=context.lanes.wake)
    if context.options["at"] == "in":
        vault: Any = _FatalVault(usual.inbound.vault)
        return replace(usual, inbound=replace(usual.inbound, vault=vault))
    deadly = {name: Deadly(FolderAdapter(FolderConfig(path=home / name))) for name in usual.outbound.adapters}
    return replace(usual, outbound=replace(usual.outbound, adapters=deadly))


class _FatalVault:
    """A vault that ends the process when the bytes of a document numbered POISON are read."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    def verified(self, sha256: bytes, body: bytes) -> bytes:
        if POISON.encode() in body:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._vault.verified(sha256, body)

    def open(self, conn: Connection, sha256: bytes) -> Iterator[bytes]:
        return iter([self.verified(sha256, b"".join(self._vault.open(conn, sha256)))])

    def read(self, conn: Connection, sha256: bytes) -> bytes:
        return b"".join(self.open(conn, sha256))


class Deadly:
    """A folder whose adapter ends the process at a document numbered POISON, alone or among others."""

    Config = FolderConfig

    def __init__(self, adapter: FolderAdapter) -> None:
        self._adapter = adapter
        self.manifest, self.check, self.probe = adapter.manifest, adapter.check, adapter.probe

    def submit(self, document: Document, **how: Any) -> Outcome:
        """Deliver one."""
        if document.identity[0] == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._adapter.submit(document, **how)

    def submit_together(self, submissions: Sequence[Submission], checkpoint: BatchCheckpoint) -> Mapping[str, Accepted]:
        """Deliver several."""
        if any(each.number == POISON for each in submissions):
            os.kill(os.getpid(), signal.SIGKILL)
        return self._adapter.submit_together(submissions, checkpoint)
