"""What every channel that takes files in must do: subclass `InletContract`, say how a partner sends, let pytest run it.

"Answered" means what the channel's own protocol answers: the status of an SFTP close, a 2xx, a positive MDN, the move
of a file out of the watched folder. It may come only after the bytes and their row are committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, select

from gateway.store.engine import Store, open_store
from gateway.store.tables import payload, transmission
from gateway.store.vault import INLINE_LIMIT, Vault

HOSTILE_NAMES = ("../../../escape.edi", "/etc/cron.d/escape", "a\\..\\b.edi", "..", "CON", "x" * 300, "a\u202egpj.edi")


@dataclass(frozen=True, slots=True)
class Kept:
    """One transmission that was taken in."""

    channel: str
    account: str | None
    filename: str
    content: bytes


class InletContract:
    """Inherit as `class TestOurChannel(InletContract)` and implement what raises."""

    channel: str
    account: str | None
    takes_names: bool = True
    """Whether the sender names its files, and any name is refused or taken as a label."""

    @pytest.fixture(autouse=True)
    def _channel(self, fresh_database_url: str, tmp_path: Path) -> Iterator[None]:
        self.url = fresh_database_url
        self.home = tmp_path / "home"
        self.home.mkdir()
        self.store = open_store(fresh_database_url)
        self.woken: list[str] = []
        with self.serving(self.store, self.home, self.woken):
            yield
        self.store.close()

    @contextmanager
    def serving(self, store: Store, home: Path, woken: list[str]) -> Iterator[None]:
        """The channel, up on this store and home; it adds the lanes it wakes to `woken`."""
        raise NotImplementedError
        yield

    def hand_in(self, name: str, content: bytes) -> bool:
        """Send one file as a partner does, to its end; whether it was answered as taken."""
        raise NotImplementedError

    def break_off(self, name: str, content: bytes) -> None:
        """Begin to send one file, and lose the connection (or the sending program) in the middle."""
        raise NotImplementedError

    def vault_of(self, home: Path) -> Vault:
        """The vault the channel keeps bytes in."""
        raise NotImplementedError

    def test_what_is_answered_is_committed_with_its_bytes_and_its_lane_is_woken(self) -> None:
        assert self.hand_in("po.edi", b"ISA*one")
        assert self.kept() == [Kept(self.channel, self.account, "po.edi", b"ISA*one")]
        assert self.woken == [f"in:{self.account or self.channel}:flow"]

    def test_two_files_are_two_transmissions_in_the_order_they_came(self) -> None:
        assert self.hand_in("a.edi", b"ISA*one")
        assert self.hand_in("b.edi", b"ISA*two")
        assert [one.content for one in self.kept()] == [b"ISA*one", b"ISA*two"]

    def test_any_bytes_at_all_arrive_as_they_were_sent(self) -> None:
        content = bytes(range(256)) * 5 + b"\r\n\x00--boundary\r\n\r\n"
        assert self.hand_in("any.bin", content)
        assert [one.content for one in self.kept()] == [content]

    def test_a_file_larger_than_the_database_takes_is_kept_whole(self) -> None:
        content = hashlib.sha256(b"large").digest() * ((INLINE_LIMIT + 70_000) // 32)
        assert self.hand_in("large.edi", content)
        assert [one.content for one in self.kept()] == [content]

    def test_a_name_is_a_label_and_never_a_path(self, tmp_path: Path) -> None:
        if not self.takes_names:
            pytest.skip("the sender names no files on this channel")
        before = {path for path in tmp_path.rglob("*") if self.home not in path.parents}
        for place, name in enumerate(HOSTILE_NAMES):
            self.hand_in(name, f"ISA*{place}".encode())
        assert {path for path in tmp_path.rglob("*") if self.home not in path.parents} == before
        assert not [path for path in self.home.rglob("*") if "escape" in path.name]

    def test_without_a_database_nothing_is_answered_and_the_same_again_is_taken_later(self) -> None:
        with self.database_gone():
            assert not self.hand_in("po.edi", b"ISA*one")
        assert self.kept() == []
        assert self.hand_in("po.edi", b"ISA*one")
        assert [one.content for one in self.kept()] == [b"ISA*one"]

    def test_a_sender_that_breaks_off_has_sent_nothing(self) -> None:
        self.break_off("half.edi", b"ISA*" + b"x" * 300_000)
        assert self.kept() == []
        assert self.woken == []
        assert self.hand_in("half.edi", b"ISA*whole")
        assert [one.content for one in self.kept()] == [b"ISA*whole"]

    def kept(self) -> list[Kept]:
        """Everything that was taken in, oldest first; the bytes are read back and their hash compared."""
        with self.store.begin() as conn:
            vault = self.vault_of(self.home)
            rows = conn.execute(
                select(transmission, payload.c.size.label("stored_size"))
                .join(payload, payload.c.sha256 == transmission.c.payload_sha256)
                .where(transmission.c.direction == "in")
                .order_by(transmission.c.seq)
            ).all()
            return [self._kept(row, vault.read(conn, row.payload_sha256)) for row in rows]

    def _kept(self, row: Any, content: bytes) -> Kept:
        assert row.state == "received"
        assert row.size == row.stored_size == len(content)
        assert row.payload_sha256 == hashlib.sha256(content).digest()
        return Kept(row.channel, row.account, row.filename, content)

    @contextmanager
    def database_gone(self) -> Iterator[None]:
        """For so long nobody gets a connection, and those there were are ended."""
        name = make_url(self.url).database
        server = make_url(self.url).set(drivername="postgresql", database="postgres")
        with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')  # type: ignore[arg-type]
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
            try:
                yield
            finally:
                admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')  # type: ignore[arg-type]
