"""The SFTP channel's mailbox on PostgreSQL keeps the mailbox contract."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest

from gateway.channels.sftp import StoreMailbox
from gateway.model import Environment
from gateway.ports import FakeClock, new_id
from gateway.store import mailbox as rows
from gateway.store import timeline, transmissions
from gateway.store.engine import Store
from gateway.store.vault import Vault
from partners.passwords import new_hash
from partners.registry import PartnerRegistry
from sftp.contract import MailboxContract, Setting
from sftp.keys import new_private_key, public_part
from sftp.ports import Account, AccountLimits, Area, Password, Place, Received

PROFILE = """\
name: {user}
sftp:
  - user: {user}
    pickup: rename
    login: either
    passwords:
      - hash: {hash}
    limits: {{files: 3, total_bytes: 1000}}
"""


class TestStoreMailbox(MailboxContract):
    """See MailboxContract."""

    @pytest.fixture(autouse=True)
    def _world(self, fresh_store: Store, tmp_path: Path) -> None:
        self.store = fresh_store
        self.home = tmp_path
        self.clock = FakeClock()
        self.woken: list[str] = []

    def make(self) -> Setting:
        key = public_part(new_private_key())
        for user in ("acme", "globex"):
            folder = self.home / "profiles" / user
            folder.mkdir(parents=True)
            (folder / "profile.yaml").write_text(PROFILE.format(user=user, hash=new_hash(f"{user} has a secret")))
            (folder / "keys").mkdir()
            other = key if user == "acme" else public_part(new_private_key())
            (folder / "keys" / "one.pub").write_text(other.line + "\n")
        (self.home / "profiles" / "ourselves.yaml").write_text(
            "us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: US}\n"
        )
        registry = PartnerRegistry.load([self.home / "profiles"])
        self.vault = Vault(self.store, self.home / "vault", self.clock)
        box = StoreMailbox(self.store, self.vault, registry, self.clock, self.woken.extend, large_bytes=5_000_000)
        account = box.login("acme", key, "127.0.0.1")
        stranger_key = registry.account("globex").keys[0]  # type: ignore[union-attr]
        stranger = box.login("globex", type(key)(stranger_key.algorithm, stranger_key.blob), "127.0.0.1")
        assert isinstance(account, Account)
        assert isinstance(stranger, Account)
        return Setting(box, "acme", key, Password("acme has a secret"), account, stranger)

    def handed_on(self, setting: Setting) -> Iterable[tuple[Place, str, bytes]]:
        with self.store.begin() as conn:
            found = timeline.newest(conn, direction="in")
            taken = [transmissions.load(conn, UUID(row["id"])) for row in found]
            return [
                (
                    Place(Area.TEST if one.environment is Environment.TEST else Area.IN),
                    one.filename,
                    self.vault.read(conn, one.sha256),
                )
                for one in sorted(taken, key=lambda one: one.id)
                if one.account == setting.account.name
            ]

    def put(self, setting: Setting, place: Place, name: str, content: bytes) -> None:
        with self.store.begin() as conn:
            rows.put_file(
                conn,
                id=new_id(),
                at=self.clock.now(),
                account=setting.account.name,
                folder=str(place).removeprefix("/"),
                name=name,
                payload=self.vault.put(conn, content),
                transmission_id=None,
            )

    def test_what_counts_wakes_its_lane_and_what_is_held_does_not(self) -> None:
        setting = self.make()
        for name, counts in (("a.tmp", False), ("b.edi", True)):
            received = Received(Place(Area.IN), name, io.BytesIO(b"ISA"), 3, counts=counts, began_at=self.clock.now())
            setting.mailbox.receive(setting.account, received)
        assert self.woken == ["in:acme:flow"]

    def test_a_large_file_has_a_lane_apart(self) -> None:
        setting = self.make()
        content = io.BytesIO(b"x" * 5_000_001)
        received = Received(Place(Area.IN), "big", content, 5_000_001, counts=True, began_at=self.clock.now())
        roomy = Account(setting.account.name, limits=AccountLimits())
        setting.mailbox.receive(roomy, received)
        assert self.woken == ["in:acme:large"]
