"""10,000 random changes to the audit log, to payloads and to an evidence pack: every one is detected.

A new seed each time, printed with the figures; TRADELANE_FAULT_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from secrets import randbits
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from gateway.errors import PayloadDamaged
from gateway.evidence import checkpoints
from gateway.evidence.pack import EvidenceMaker
from gateway.evidence.signing import signing_key
from gateway.evidence.verify import examine
from gateway.store.audit import AuditFaultKind, ChainPoint, Sealer, verify_on
from gateway.store.audit_chain import GENESIS, link_of, seal_after
from gateway.store.engine import Store
from tests.figures import Figures
from tests.gateway.inbound_line import Line, file_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

AT = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
TEXTS = ("actor", "action", "subject", "subject_id", "detail")
ROUNDS = {
    "a bit of a row": 2600,
    "a bit of a seal": 400,
    "a row deleted": 150,
    "a row and its seal deleted": 150,
    "two rows exchanged": 100,
    "the tail cut off": 300,
    "the tail cut off, its traces covered": 200,
    "the log sealed anew from a changed row": 100,
    "a bit of a payload": 2000,
    "a byte of an evidence pack": 4000,
}
assert sum(ROUNDS.values()) == 10_000


class Tampering:
    """A log of some orders, a checkpoint of it kept outside, and a pack of one order."""

    def __init__(self, store: Store, home: Path, chance: random.Random) -> None:
        self.chance = chance
        self.line = Line(store, home)
        for number in range(3):
            life = self.line.sent(file_of(f"PO-{number}", control=f"{number + 1:09}"), name=f"{number}.edi")
        key = signing_key(home)
        taken = checkpoints.take(store, key, at=AT)
        self.known = ChainPoint(taken.position, taken.seal)
        Sealer(store).seal_pending()
        made = EvidenceMaker(store, self.line.gateway.vault, key).make(
            UUID(life["transmission"]["id"]), home / "pack.zip", by="test", at=AT
        )
        Sealer(store).seal_pending()
        self.pack, self.key = made.path.read_bytes(), key.public
        with store.begin() as conn:
            wanted = (
                "SELECT s.position, s.seal, a.* FROM audit_seal s JOIN audit a ON a.seq = s.audit_seq ORDER BY position"
            )
            self.rows: list[Any] = list(conn.execute(text(wanted)))
            self.payloads = list(conn.execute(text("SELECT sha256, size FROM payload WHERE size > 0")))
            assert verify_on(conn, known=self.known).ok
        assert self.examined(self.pack) == []

    @contextmanager
    def undone(self) -> Iterator[Connection]:
        """A transaction that is rolled back."""
        with self.line.store.begin() as conn:
            inside = conn.begin_nested()
            yield conn
            inside.rollback()

    def found(self, change: Callable[[Connection], None], *, known: ChainPoint | None = None) -> bool:
        """Whether a change of the log is found."""
        with self.undone() as conn:
            change(conn)
            return not verify_on(conn, known=known).ok

    def examined(self, content: bytes) -> list[str]:
        """The faults of a pack."""
        return examine(BytesIO(content), key=self.key).faults

    def a_row(self) -> Any:
        return self.chance.choice(self.rows)

    def a_bit_of_a_row(self) -> bool:
        row, column = self.a_row(), self.chance.choice((*TEXTS, "at"))
        value: Any
        if column == "at":
            value = row.at + timedelta(microseconds=1 << self.chance.randrange(40))
        else:
            before: str = getattr(row, column)
            place = self.chance.randrange(len(before))
            flipped = chr(ord(before[place]) ^ 1 << self.chance.randrange(7))
            value = before[:place] + (flipped if flipped != "\0" else "") + before[place + 1 :]
        statement = text(f"UPDATE audit SET {column} = :value WHERE seq = :seq")
        return self.found(lambda conn: conn.execute(statement, {"value": value, "seq": row.seq}) and None)

    def a_bit_of_a_seal(self) -> bool:
        row = self.a_row()
        seal = bytearray(row.seal)
        seal[self.chance.randrange(32)] ^= 1 << self.chance.randrange(8)
        values = {"seal": bytes(seal), "position": row.position}
        statement = text("UPDATE audit_seal SET seal = :seal WHERE position = :position")
        return self.found(lambda conn: conn.execute(statement, values) and None)

    def a_row_deleted(self) -> bool:
        return self.found(self._deleting("DELETE FROM audit WHERE seq = :seq", self.a_row().seq))

    def a_row_and_its_seal_deleted(self) -> bool:
        seq = self.a_row().seq

        def change(conn: Connection) -> None:
            self._deleting("DELETE FROM audit WHERE seq = :seq", seq)(conn)
            self._deleting("DELETE FROM audit_seal WHERE audit_seq = :seq", seq)(conn)

        return self.found(change)

    def two_rows_exchanged(self) -> bool:
        one, other = self.chance.sample(self.rows, 2)

        def change(conn: Connection) -> None:
            for seq, now in ((one.seq, -1), (other.seq, one.seq), (-1, other.seq)):
                statement = text("UPDATE audit_seal SET audit_seq = :now WHERE audit_seq = :seq")
                conn.execute(statement, {"seq": seq, "now": now})

        return self.found(change)

    def the_tail_cut_off(self) -> bool:
        return self.found(self._cutting(self.chance.randrange(1, len(self.rows))))

    def the_tail_cut_off_its_traces_covered(self) -> bool:
        """Head and sequence set back, too: only the checkpoint knows of what was there."""
        left = self.chance.randrange(1, self.known.position)

        def change(conn: Connection) -> None:
            self._cutting(left)(conn)
            head = "UPDATE audit_head SET position = :left, settled_seq = :seq, seal = :seal"
            last = self.rows[left - 1]
            seq = max(row.seq for row in self.rows[:left])
            conn.execute(text(head), {"left": left, "seq": seq, "seal": last.seal})
            conn.execute(text("DELETE FROM audit WHERE seq > :seq"), {"seq": seq})
            conn.execute(text("ALTER TABLE audit ALTER COLUMN seq RESTART"))
            conn.execute(text("SELECT setval('audit_seq_seq', :seq)"), {"seq": seq})

        return self.found(change, known=self.known)

    def the_log_sealed_anew_from_a_changed_row(self) -> bool:
        """The whole chain fits again: only the checkpoint knows that it is another."""
        changed = self.rows[self.chance.randrange(self.known.position)]

        def change(conn: Connection) -> None:
            conn.execute(text("UPDATE audit SET actor = 'somebody' WHERE seq = :seq"), {"seq": changed.seq})
            seal = GENESIS
            wanted = "SELECT s.position, a.* FROM audit_seal s JOIN audit a ON a.seq = s.audit_seq ORDER BY position"
            seals = []
            for row in conn.execute(text(wanted)):
                seal = seal_after(seal, link_of(row.position, row))
                seals.append({"position": row.position, "seal": seal})
            conn.execute(text("UPDATE audit_seal SET seal = :seal WHERE position = :position"), seals)
            conn.execute(text("UPDATE audit_head SET seal = :seal"), {"seal": seal})
            assert verify_on(conn).ok

        with self.undone() as conn:
            change(conn)
            return {fault.kind for fault in verify_on(conn, known=self.known).faults} == {AuditFaultKind.REWRITTEN}

    def a_bit_of_a_payload(self) -> bool:
        kept = self.chance.choice(self.payloads)
        values = {"bit": self.chance.randrange(kept.size * 8), "sha256": kept.sha256}
        flip = "UPDATE payload SET body = set_bit(body, :bit, 1 - get_bit(body, :bit)) WHERE sha256 = :sha256"
        with self.undone() as conn:
            conn.execute(text(flip), values)
            try:
                self.line.gateway.vault.read(conn, bytes(kept.sha256))
            except PayloadDamaged:
                return True
        return False

    def a_byte_of_an_evidence_pack(self) -> bool:
        changed = bytearray(self.pack)
        place = self.chance.randrange(len(changed))
        match self.chance.randrange(8):
            case 0:
                del changed[place]
            case 1:
                changed.insert(place, self.chance.randrange(256))
            case 2:
                del changed[place:]
            case _:
                changed[place] ^= self.chance.randrange(1, 256)
        return bytes(changed) == self.pack or self.examined(bytes(changed)) != []

    def _deleting(self, statement: str, seq: int) -> Callable[[Connection], None]:
        return lambda conn: conn.execute(text(statement), {"seq": seq}) and None

    def _cutting(self, left: int) -> Callable[[Connection], None]:
        gone = [row.seq for row in self.rows[left:]]

        def change(conn: Connection) -> None:
            conn.execute(text("DELETE FROM audit_seal WHERE position > :left"), {"left": left})
            conn.execute(text("DELETE FROM audit WHERE seq = ANY(:gone)"), {"gone": gone})

        return change


def test_ten_thousand_random_changes_are_all_detected(fresh_store: Store, tmp_path: Path, figures: Figures) -> None:
    seed = int(os.environ.get("TRADELANE_FAULT_SEED") or randbits(32))
    tampering = Tampering(fresh_store, tmp_path, random.Random(seed))
    missed: Counter[str] = Counter()
    for what, rounds in ROUNDS.items():
        change: Callable[[], bool] = getattr(tampering, what.replace(",", "").replace(" ", "_"))
        for number in range(rounds):
            tampering.chance.seed(f"{seed} {what} {number}")
            missed[what] += not change()
    told = {what: f"{rounds - missed[what]} of {rounds} detected" for what, rounds in ROUNDS.items()}
    figures("Random changes", {**told, "seed": seed})
    assert missed.total() == 0, f"seed {seed}: {missed}"
    with fresh_store.begin() as conn:
        assert verify_on(conn, known=tampering.known).ok
