"""Files of a mailbox as rows: versions, free names, folders, and names that mean something to SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ports import FakeClock, new_id
from gateway.store import mailbox
from gateway.store.engine import Store
from gateway.store.vault import Vault

CLOCK = FakeClock()


@pytest.fixture
def vault(fresh_store: Store, tmp_path: Path) -> Vault:
    return Vault(fresh_store, tmp_path, CLOCK)


def put(store: Store, vault: Vault, name: str, content: bytes = b"x", *, folder: str = "out") -> None:
    with store.begin() as conn:
        mailbox.put_file(
            conn,
            id=new_id(),
            at=CLOCK.now(),
            account="acme",
            folder=folder,
            name=name,
            payload=vault.put(conn, content),
            transmission_id=None,
        )


def listed(store: Store, folder: str = "out") -> list[tuple[str, int]]:
    with store.begin() as conn:
        return [(one.name, one.size) for one in mailbox.list_files(conn, account="acme", folder=folder)]


def test_a_file_of_the_same_name_takes_the_place_of_the_one_before(fresh_store: Store, vault: Vault) -> None:
    put(fresh_store, vault, "a.edi", b"1")
    put(fresh_store, vault, "a.edi", b"22")
    assert listed(fresh_store) == [("a.edi", 2)]


@pytest.mark.parametrize(
    ("there", "wanted", "free"),
    [
        ([], "a.edi", "a.edi"),
        (["a.edi"], "a.edi", "a-2.edi"),
        (["a.edi", "a-2.edi"], "a.edi", "a-3.edi"),
        (["a-2.edi"], "a.edi", "a.edi"),
        (["noending"], "noending", "noending-2"),
        (["100%_.edi"], "100%_.edi", "100%_-2.edi"),
    ],
)
def test_a_free_name_is_found_beside_those_there(
    fresh_store: Store, vault: Vault, there: list[str], wanted: str, free: str
) -> None:
    for name in there:
        put(fresh_store, vault, name)
    with fresh_store.begin() as conn:
        assert mailbox.free_name(conn, account="acme", folder="out", name=wanted) == free
        assert mailbox.free_name(conn, account="globex", folder="out", name=wanted) == wanted


def test_folders_are_those_with_visible_files(fresh_store: Store, vault: Vault) -> None:
    put(fresh_store, vault, "a.edi", folder="archive/20260105")
    put(fresh_store, vault, "b.edi", folder="archive/20260106")
    with fresh_store.begin() as conn:
        assert mailbox.remove_file(conn, account="acme", folder="archive/20260106", name="b.edi", at=CLOCK.now())
        assert not mailbox.remove_file(conn, account="acme", folder="out", name="none", at=CLOCK.now())
        assert mailbox.list_folders(conn, account="acme", under="archive") == ["20260105"]


def test_a_file_looked_up_by_itself_is_the_one_that_a_transaction_finds(fresh_store: Store, vault: Vault) -> None:
    put(fresh_store, vault, "a.edi", b"22", folder="in")
    asked = {"account": "acme", "folder": "in"}
    for ingested in (False, True):
        with fresh_store.begin() as conn:
            found = mailbox.find_file(conn, **asked, name="a.edi", ingested=ingested)
        assert found is not None
        assert mailbox.look_up_file(fresh_store, **asked, name="a.edi", ingested=ingested) == found
        assert mailbox.look_up_file(fresh_store, **asked, name="b.edi", ingested=ingested) is None
