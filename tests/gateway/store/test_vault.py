"""The vault gives back what was put in, small or large, and says so when it cannot."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.errors import PayloadDamaged, PayloadMissing, StoreUnavailable
from gateway.ports import SystemClock
from gateway.store.engine import Store
from gateway.store.vault import INLINE_LIMIT, Vault

LARGE = bytes(range(256)) * 20_480  # 5 MiB


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    return Vault(store, tmp_path / "objects-of-this-test", SystemClock())


@pytest.fixture(scope="module")
def module_vault(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(store, tmp_path_factory.mktemp("vault"), SystemClock(), inline_limit=64)


def objects(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("data", [b"", b"ISA*00*", b"\x00\xff" * 500, b"a" * INLINE_LIMIT])
def test_a_small_payload_lives_in_the_database(store: Store, vault: Vault, tmp_path: Path, data: bytes) -> None:
    with store.begin() as conn:
        stored = vault.put(conn, data)
    assert stored.sha256 == hashlib.sha256(data).digest()
    assert stored.size == len(data)
    assert objects(tmp_path) == []
    with store.begin() as conn:
        assert vault.read(conn, stored.sha256) == data


def test_a_large_payload_lives_in_the_folder(store: Store, vault: Vault, tmp_path: Path) -> None:
    with store.begin() as conn:
        stored = vault.put(conn, pieces(LARGE, 100_003))
    (path,) = objects(tmp_path)
    assert path.read_bytes() == LARGE
    assert path.name == hashlib.sha256(LARGE).hexdigest()
    with store.begin() as conn:
        assert vault.read(conn, stored.sha256) == LARGE
        assert max(len(chunk) for chunk in vault.open(conn, stored.sha256)) <= 256 * 1024


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=200), size=st.integers(1, 90))
def test_what_goes_in_comes_out(store: Store, module_vault: Vault, data: bytes, size: int) -> None:
    with store.begin() as conn:
        stored = module_vault.put(conn, pieces(data, size))
        assert module_vault.read(conn, stored.sha256) == data


@pytest.mark.parametrize("data", [b"the same", LARGE])
def test_the_same_bytes_are_kept_once(store: Store, vault: Vault, data: bytes) -> None:
    for _ in range(2):
        with store.begin() as conn:
            stored = vault.put(conn, data)
    with store.begin() as conn:
        count = conn.execute(text("SELECT count(*) FROM payload WHERE sha256 = :it"), {"it": stored.sha256})
        assert count.scalar_one() == 1
        assert vault.read(conn, stored.sha256) == data


def test_a_payload_vanishes_with_the_transaction_that_named_it(store: Store, vault: Vault) -> None:
    def put_and_fail() -> None:
        with store.begin() as conn:
            vault.put(conn, b"never named")
            raise LookupError

    with pytest.raises(LookupError):
        put_and_fail()
    with store.begin() as conn, pytest.raises(PayloadMissing):
        vault.read(conn, hashlib.sha256(b"never named").digest())


def test_an_upload_that_is_left_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    with vault.spool() as spool:
        spool.write(LARGE)
        assert len(objects(tmp_path)) == 1
    assert objects(tmp_path) == []


def test_an_upload_is_settled_before_the_transaction_and_named_in_it(store: Store, vault: Vault) -> None:
    with vault.spool() as spool:
        for piece in pieces(LARGE + b"x", 65_536):
            spool.write(piece)
        assert vault.settle(spool) == spool.payload
        with store.begin() as conn:
            stored = vault.put_spooled(conn, spool)
    with store.begin() as conn:
        assert vault.read(conn, stored.sha256) == LARGE + b"x"


def test_a_damaged_small_payload_is_found_when_read(store: Store, vault: Vault) -> None:
    with store.begin() as conn:
        stored = vault.put(conn, b"undamaged")
        conn.execute(text("UPDATE payload SET body = 'damaged' WHERE sha256 = :it"), {"it": stored.sha256})
        with pytest.raises(PayloadDamaged):
            vault.open(conn, stored.sha256)


def test_a_damaged_or_lost_large_payload_is_found_when_read(store: Store, vault: Vault, tmp_path: Path) -> None:
    with store.begin() as conn:
        stored = vault.put(conn, LARGE + b"y")
    (path,) = objects(tmp_path)
    with path.open("r+b") as file:
        file.seek(3_000_000)
        file.write(b"?")
    with store.begin() as conn, pytest.raises(PayloadDamaged):
        vault.read(conn, stored.sha256)
    path.unlink()
    with store.begin() as conn, pytest.raises(PayloadMissing):
        vault.open(conn, stored.sha256)


def test_the_sweep_removes_old_orphans_and_nothing_else(store: Store, vault: Vault, tmp_path: Path) -> None:
    def age(path: Path) -> None:
        os.utime(path, (1_000_000_000, 1_000_000_000))

    with store.begin() as conn:
        named = vault.put(conn, LARGE + b"named")
    for ending in (b"old orphan", b"young orphan"):
        with vault.spool() as spool:
            spool.write(LARGE + ending)
            vault.settle(spool)
    with vault.spool() as abandoned, vault.spool() as arriving:
        abandoned.write(LARGE)
        arriving.write(LARGE)
        for path in objects(tmp_path):
            if path.name in (named.sha256.hex(), hashlib.sha256(LARGE + b"old orphan").hexdigest()):
                age(path)
        age(next(path for path in objects(tmp_path) if path.parent.name == "incoming"))
        assert vault.sweep_orphans(timedelta(hours=1)) == 2
        assert vault.sweep_orphans(timedelta(hours=1)) == 0
        left = {path.name for path in objects(tmp_path) if path.parent.name != "incoming"}
        assert left == {named.sha256.hex(), hashlib.sha256(LARGE + b"young orphan").hexdigest()}
        assert len([path for path in objects(tmp_path) if path.parent.name == "incoming"]) == 1


def test_an_old_orphan_that_arrives_again_is_young_again(store: Store, vault: Vault, tmp_path: Path) -> None:
    with vault.spool() as spool:
        spool.write(LARGE + b"again")
        vault.settle(spool)
    (path,) = objects(tmp_path)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    with vault.spool() as spool:
        spool.write(LARGE + b"again")
        vault.settle(spool)
        assert vault.sweep_orphans(timedelta(hours=1)) == 0
        with store.begin() as conn:
            stored = vault.put_spooled(conn, spool)
    with store.begin() as conn:
        assert vault.read(conn, stored.sha256) == LARGE + b"again"


def test_a_disk_that_refuses_is_told_as_ours(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    vault = Vault(store, tmp_path / "file", SystemClock())
    with vault.spool() as spool, pytest.raises(StoreUnavailable, match="the vault's disk says"):
        spool.write(LARGE)
