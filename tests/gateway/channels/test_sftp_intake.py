"""A closed intake refuses what is dropped over SFTP, honestly, and takes the same again once it is open."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from gateway.errors import IntakeClosed
from gateway.store.engine import Store
from sftp.errors import MailboxUnavailableError
from sftp.ports import Account, Area, Place, Received
from tests.gateway.inbound_line import Line, file_of


def closed() -> None:
    raise IntakeClosed("full", retry_after=30)


@pytest.mark.parametrize("counts", [True, False], ids=["at its close", "held for its rename"])
def test_what_is_dropped_while_intake_is_closed_is_refused(fresh_store: Store, tmp_path: Path, counts: bool) -> None:
    line = Line(fresh_store, tmp_path)
    account, place, content = Account("acme"), Place(Area.IN), file_of("PO-1")

    def received() -> Received:
        return Received(place, "po.edi", BytesIO(content), len(content), counts, line.clock.now())

    with pytest.raises(MailboxUnavailableError):
        replace(line.box, admit=closed).receive(account, received())
    assert line.box.entry(account, place, "po.edi") is None
    line.box.receive(account, received())
    entry = line.box.entry(account, place, "po.edi")
    assert entry is not None
    assert entry.size == len(content)


def test_the_served_mailbox_asks_the_gateways_intake(store: Store, tmp_path: Path) -> None:
    line = Line(store, tmp_path)
    assert line.box.admit == line.gateway.intake.admit
