"""The virtual tree over the store's mailbox against the model that holds for the one in memory (test plan, row S1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from gateway.channels.sftp import StoreMailbox
from gateway.model import Environment
from gateway.ports import FakeClock, new_id
from gateway.store import mailbox as rows
from gateway.store.engine import Store
from gateway.store.tables import transmission
from gateway.store.vault import Vault
from partners.registry import PartnerRegistry
from sftp.ports import Mailbox, Place
from tests.sftp.test_tree_machine import TreeMachine


class StoredTreeMachine(TreeMachine):
    """Acme's rows are those of a new account at each run; globex's, too."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store = store
        self.clock = FakeClock()
        self.vault = Vault(store, home / "vault", self.clock)
        self.account, self.other = f"acme-{new_id()}", f"globex-{new_id()}"
        super().__init__()

    def make(self) -> Mailbox:
        registry = PartnerRegistry.load([])
        return StoreMailbox(self.store, self.vault, registry, self.clock, lambda _: None, large_bytes=1000)

    def place(self, place: Place, name: str, content: bytes) -> None:
        with self.store.begin() as conn:
            rows.put_file(
                conn,
                id=new_id(),
                at=self.clock.now(),
                account=self.account,
                folder=str(place).removeprefix("/"),
                name=name,
                payload=self.vault.put(conn, content),
                transmission_id=None,
            )

    def handed_on(self) -> list[tuple[str, bytes]]:
        with self.store.begin() as conn:
            column = transmission.c
            found = select(column.environment, column.payload_sha256).where(column.account == self.account)
            return [
                ("/test" if one.environment == Environment.TEST else "/in", self.vault.read(conn, one.payload_sha256))
                for one in conn.execute(found.order_by(column.id))
            ]

    def now(self) -> datetime:
        self.clock.advance(timedelta(seconds=1))
        return self.clock.now()


def test_the_stored_tree_is_the_model(fresh_store: Store, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: StoredTreeMachine(fresh_store, tmp_path),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
