"""AS2 messages beside their transmissions: what makes a repeat known, what a receipt is held against, the receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.model import Direction
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import as2_message

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message as it was taken.

    Args:
        transmission_id: of its content.
        account: whose.
        body_sha256: of what came over the wire, in the vault.
        mics: digest -> bytes, of its content.
        receipt: none, unsigned or signed.
        receipt_url: where an asynchronous MDN goes.
        mdn_status: what it was answered with.
        mdn_headers: of the MDN (or of the empty answer).
        mdn_transmission_id: of the MDN, where it goes by itself.
    """

    transmission_id: UUID
    account: str
    message_id: str
    headers: Pairs
    body_sha256: bytes
    mics: Mapping[str, bytes]
    receipt: str
    receipt_url: str
    mdn_status: int
    mdn_headers: Pairs
    mdn_body: bytes
    mdn_transmission_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message of ours, as it was tried last.

    Args:
        verdict: what its MDN meant: delivered or rejected; None while there is none that counts.
        awaited: whether it was taken and its MDN comes by itself.
    """

    transmission_id: UUID
    account: str
    message_id: str
    mics: Mapping[str, bytes]
    receipt: str
    tries: int
    verdict: str | None = None
    awaited: bool = False


def add_inbound(target: Target, found: InboundMessage, *, at: datetime) -> None:
    """Keep a received message and its receipt; its message id stands once for an account.

    Raises:
        StoreConflict: it stands there already, when the rows are written.
    """
    row = {
        "transmission_id": found.transmission_id,
        "direction": Direction.IN,
        "account": found.account,
        "message_id": found.message_id,
        "headers": [list(pair) for pair in found.headers],
        "body_sha256": found.body_sha256,
        "mics": _hex(found.mics),
        "receipt": found.receipt,
        "receipt_url": found.receipt_url,
        "mdn_status": found.mdn_status,
        "mdn_headers": [list(pair) for pair in found.mdn_headers],
        "mdn_body": found.mdn_body,
        "mdn_transmission_id": found.mdn_transmission_id,
        "tries": 1,
        "at": at,
    }
    insert_rows(target, as2_message, [row])


def find_inbound(conn: Connection, *, account: str, message_id: str) -> InboundMessage | None:
    """The message an account sent under this id; None if it sent none."""
    columns = as2_message.c
    row = conn.execute(
        select(as2_message).where(
            columns.direction == Direction.IN, columns.account == account, columns.message_id == message_id
        )
    ).one_or_none()
    if row is None:
        return None
    return InboundMessage(
        transmission_id=row.transmission_id,
        account=row.account,
        message_id=row.message_id,
        headers=_pairs(row.headers),
        body_sha256=row.body_sha256,
        mics=_bytes(row.mics),
        receipt=row.receipt,
        receipt_url=row.receipt_url,
        mdn_status=row.mdn_status,
        mdn_headers=_pairs(row.mdn_headers),
        mdn_body=row.mdn_body,
        mdn_transmission_id=row.mdn_transmission_id,
    )


def add_mdn(
    target: Target, transmission_id: UUID, *, account: str, message_id: str, headers: Pairs, url: str, at: datetime
) -> None:
    """Keep an MDN of ours that goes by itself: its own Message-ID, its headers, and where it goes."""
    row = {
        "transmission_id": transmission_id,
        "direction": Direction.OUT,
        "account": account,
        "message_id": message_id,
        "headers": [list(pair) for pair in headers],
        "mics": {},
        "receipt": "none",
        "receipt_url": url,
        "tries": 0,
        "at": at,
    }
    insert_rows(target, as2_message, [row])


def find_mdn(conn: Connection, transmission_id: UUID) -> tuple[str, Pairs] | None:
    """Where an MDN of ours goes, and its headers."""
    columns = as2_message.c
    row = conn.execute(
        select(columns.receipt_url, columns.headers).where(
            columns.transmission_id == transmission_id, columns.receipt_url != ""
        )
    ).one_or_none()
    return None if row is None else (row.receipt_url, _pairs(row.headers))


def keep_try(conn: Connection, found: OutboundMessage, *, headers: Pairs, at: datetime) -> None:
    """Keep a message of ours before its first byte leaves; a later try writes over what only a try says."""
    row = {
        "transmission_id": found.transmission_id,
        "direction": Direction.OUT,
        "account": found.account,
        "message_id": found.message_id,
        "headers": [list(pair) for pair in headers],
        "mics": _hex(found.mics),
        "receipt": found.receipt,
        "receipt_url": "",
        "tries": found.tries,
        "at": at,
    }
    again = {name: row[name] for name in ("headers", "mics", "receipt", "tries", "at")}
    again |= dict.fromkeys(("verdict", "mdn_status", "mdn_headers", "mdn_body"))
    conn.execute(insert(as2_message).values(row).on_conflict_do_update(index_elements=["transmission_id"], set_=again))


def note_awaited(conn: Connection, transmission_id: UUID, *, status: int) -> None:
    """It was taken; its MDN comes by itself."""
    _update(conn, transmission_id, mdn_status=status)


def note_mdn(conn: Connection, transmission_id: UUID, *, verdict: str, headers: Pairs, body: bytes) -> None:
    """Keep the partner's MDN as it was received, and what it means."""
    _update(conn, transmission_id, verdict=verdict, mdn_headers=[list(pair) for pair in headers], mdn_body=body)


def find_outbound(conn: Connection, transmission_id: UUID) -> OutboundMessage | None:
    """A message of ours by its transmission; None if it was never tried."""
    return _outbound(conn, as2_message.c.transmission_id == transmission_id)


def find_sent(conn: Connection, *, account: str, message_id: str) -> OutboundMessage | None:
    """A message of ours by its id, with or without angle brackets; None if we sent none."""
    plain = message_id.strip().strip("<>")
    columns = as2_message.c
    wanted = (columns.account == account) & columns.message_id.in_([plain, f"<{plain}>"])
    return _outbound(conn, wanted & (columns.direction == Direction.OUT))


def _outbound(conn: Connection, condition: Any) -> OutboundMessage | None:
    row = conn.execute(select(as2_message).where(condition, as2_message.c.direction == Direction.OUT)).one_or_none()
    if row is None:
        return None
    return OutboundMessage(
        transmission_id=row.transmission_id,
        account=row.account,
        message_id=row.message_id,
        mics=_bytes(row.mics),
        receipt=row.receipt,
        tries=row.tries,
        verdict=row.verdict,
        awaited=row.mdn_status is not None,
    )


def _update(conn: Connection, transmission_id: UUID, **values: Any) -> None:
    conn.execute(update(as2_message).where(as2_message.c.transmission_id == transmission_id).values(values))


def _hex(mics: Mapping[str, bytes]) -> dict[str, str]:
    return {str(name): value.hex() for name, value in mics.items()}


def _bytes(mics: Mapping[str, str]) -> dict[str, bytes]:
    return {name: bytes.fromhex(value) for name, value in mics.items()}


def _pairs(rows: Sequence[Sequence[str]]) -> Pairs:
    return tuple((name, value) for name, value in rows)
