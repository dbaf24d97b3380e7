"""How often a mailbox is counted: never for each file of many, and ever oftener as it fills."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from gateway.channels.sftp_room import MailboxRoom
from gateway.ports import FakeClock, new_id
from gateway.store import mailbox
from gateway.store.engine import Store
from gateway.store.vault import Vault
from sftp.ports import Account, AccountLimits, Area, Place, Received

CLOCK = FakeClock()
ACCOUNT = Account("acme", limits=AccountLimits(files=40, total_bytes=1000))


@pytest.fixture
def store(fresh_store: Store, tmp_path: Path) -> Store:
    """A mailbox of forty files that holds twenty-three, of a byte each."""
    vault = Vault(fresh_store, tmp_path, CLOCK)
    with fresh_store.begin() as conn:
        payload = vault.put(conn, b"x")
        for number in range(23):
            mailbox.put_file(
                conn,
                id=new_id(),
                at=CLOCK.now(),
                account="acme",
                folder="in",
                name=f"{number}.edi",
                payload=payload,
                transmission_id=None,
            )
    return fresh_store


def looked(store: Store) -> MailboxRoom:
    """Room that was looked at as a twenty-fourth file came."""
    room = MailboxRoom()
    received = Received(
        place=Place(Area.IN), name="new.edi", content=BytesIO(b"x"), size=1, counts=True, began_at=CLOCK.now()
    )
    with store.autocommit() as conn:
        room.check(conn, ACCOUNT, received, at=CLOCK.now())
    return room


def test_a_quarter_of_the_room_that_was_found_is_taken_without_another_look(store: Store) -> None:
    room = looked(store)
    assert [room.is_ample(ACCOUNT, 1, at=CLOCK.now()) for _ in range(5)] == [True, True, True, True, False]


def test_bytes_count_as_files_do(store: Store) -> None:
    room = looked(store)
    assert not room.is_ample(ACCOUNT, 245, at=CLOCK.now())
    assert room.is_ample(ACCOUNT, 244, at=CLOCK.now())
    assert not room.is_ample(ACCOUNT, 1, at=CLOCK.now())


def test_what_was_found_holds_for_a_second(store: Store) -> None:
    room = looked(store)
    assert room.is_ample(ACCOUNT, 1, at=CLOCK.now() + timedelta(seconds=0.9))
    assert not room.is_ample(ACCOUNT, 1, at=CLOCK.now() + timedelta(seconds=1))
    assert not room.is_ample(Account("globex"), 1, at=CLOCK.now())
