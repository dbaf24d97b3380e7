"""What must hold after every fault, read from the store and from what the partners collected."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.faults.parties import Collected, File
from tests.faults.served import ServedHome


def nothing_asks_for_a_person(site: ServedHome) -> None:
    """No exception is open; every delivery is delivered, every transmission processed or a duplicate."""
    with site.reading() as conn:
        opened = conn.exec_driver_sql("SELECT code, reason FROM exception").all()
        deliveries = conn.exec_driver_sql("SELECT DISTINCT state FROM delivery").scalars().all()
        states = conn.exec_driver_sql("SELECT DISTINCT state FROM transmission WHERE direction = 'in'").scalars().all()
    assert not opened
    assert set(deliveries) <= {"delivered"}
    assert set(states) <= {"processed", "duplicate"}


def check_stored_bytes(site: ServedHome, answered: Iterable[tuple[File, str]]) -> None:
    """The bytes of every answered upload are there under its name, and every payload is what its hash says."""
    with site.reading() as conn:
        rows = conn.exec_driver_sql(
            "SELECT t.account, t.filename, p.sha256, p.body FROM transmission t"
            " JOIN payload p ON p.sha256 = t.payload_sha256 WHERE t.direction = 'in'"
        ).all()
    stored = defaultdict(set)
    for account, filename, sha256, body in rows:
        assert hashlib.sha256(body).digest() == bytes(sha256)
        stored[account, filename].add(bytes(body))
    for order, filename in answered:
        assert order.content in stored[order.partner.user, filename], f"{filename}: other bytes, or none"


def check_ledger(site: ServedHome, collected: Sequence[Collected]) -> None:
    """No number stands on two contents, neither in the ledger nor in what the partners have; no number is left out."""
    contents: dict[tuple[str, str, str], set[bytes]] = defaultdict(set)
    for file in collected:
        contents[file.partner.user, "ISA13", file.element("ISA", 13)].add(file.content)
        contents[file.partner.user, "GS06", file.element("GS", 6)].add(file.content)
    twice = {key for key, found in contents.items() if len(found) > 1}
    assert not twice
    with site.reading() as conn:
        rows = conn.exec_driver_sql(
            "SELECT c.sender, c.receiver, c.kind, c.number::int, c.void_reason, t.payload_sha256 FROM control_number c"
            " JOIN transmission t ON t.id = c.transmission_id WHERE c.direction = 'out'"
        ).all()
    used: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    collected_hashes = {hashlib.sha256(file.content).digest() for file in collected}
    for sender, receiver, kind, number, void_reason, sha256 in rows:
        used[sender, receiver, kind].append(number)
        assert void_reason is not None or bytes(sha256) in collected_hashes
    for scope, numbers in used.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), f"{scope}: a number twice, or left out"
