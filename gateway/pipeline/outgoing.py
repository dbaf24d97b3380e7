"""Outgoing: what was made for a partner goes its way: into the mailbox it is collected from, or onto a send lane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.model import Environment
from gateway.ports import new_id
from gateway.store import Connection, documents, mailbox, transmissions
from gateway.store.rows import NewRows
from gateway.store.vault import StoredPayload
from gateway.store.work_statements import SEND
from partners.registry import PartnerRegistry
from translators.formats import Format

OUT_FOLDER = "out"
MAILBOX_CHANNEL = "sftp"


@dataclass(frozen=True, slots=True)
class Way:
    """How one account of a partner is reached.

    Args:
        channel: `sftp`, `https`, `as2` ...
        account: whose.
        pushed: whether we bring it there; else it stands in the account's mailbox until it is collected.
    """

    channel: str
    account: str
    pushed: bool = False

    @property
    def lane(self) -> str | None:
        """The lane that brings it, in order; None where it is collected."""
        return f"{SEND}{self.channel}:{self.account}" if self.pushed else None


def way_to(registry: PartnerRegistry, account: str) -> Way:
    """The way to an account. For one that is in no profile any more it waits in its mailbox: it may come back."""
    found = registry.way(account, active=False)
    return Way(MAILBOX_CHANNEL, account) if found is None else Way(found.channel, account, pushed=found.pushed)


def note_sources(
    rows: NewRows,
    sent: Iterable[tuple[UUID | None, Sequence[tuple[str, str]], UUID]],
    *,
    transmission_id: UUID,
) -> None:
    """Which document each set or file's document was made of, and by what it is found.

    Args:
        sent: the document's row, if it was made of one; its (name, value) keys; the row of what carries it.
    """
    for document_id, keys, set_id in sent:
        if document_id is not None:
            source = {"document_id": document_id, "transaction_set_id": set_id}
            documents.add_rows(rows, documents=(), sources=[source])
            transmissions.add_business_keys(rows, keys, transmission_id=transmission_id, document_id=document_id)


def names_out(conn: Connection, wanted: Sequence[tuple[Way, str]]) -> list[str]:
    """What files are called where they are collected: with a number more where a name is taken.

    Test and live files, and those of several of us, count apart, and may come to the same name.
    """
    collected = [(way.account, OUT_FOLDER, name) for way, name in wanted if not way.pushed]
    free = iter(mailbox.free_names(conn, collected) if collected else ())
    return [name if way.pushed else next(free) for way, name in wanted]


def put_out(
    conn: Connection,
    way: Way,
    *,
    id: UUID,
    at: datetime,
    partner: str,
    filename: str,
    environment: Environment,
    payload: StoredPayload,
    later: NewRows,
    content_format: str = Format.X12.value,
) -> None:
    """Keep one outbound transmission and set it on its way, all in the caller's transaction.

    Args:
        conn: the transaction.
        way: to whom, and how; its lane may be woken after the commit.
        id: of the transmission.
        at: the moment, aware.
        partner: whom it is for.
        filename: what it is called there; see `names_out`, which is asked.
        environment: live or test.
        payload: its bytes, in the vault.
        later: collects the rows, which the caller writes.
        content_format: its wire format.
    """
    [name] = names_out(conn, [(way, filename)])
    out = Out(id, way, name, payload, content_format)
    put_out_named(out, at=at, partner=partner, environment=environment, later=later)


@dataclass(frozen=True, slots=True)
class Out:
    """A transmission for a partner: its id, the way it goes, its name there (of `names_out`), its bytes and format."""

    id: UUID
    way: Way
    filename: str
    payload: StoredPayload
    content_format: str = Format.X12.value


def put_out_named(out: Out, *, at: datetime, partner: str, environment: Environment, later: NewRows) -> None:
    """As `put_out`, under a name that is known to be free."""
    transmissions.add_outbound(
        later,
        id=out.id,
        at=at,
        channel=out.way.channel,
        account=out.way.account,
        partner=partner,
        filename=out.filename,
        environment=environment,
        payload=out.payload,
        lane=out.way.lane,
        content_format=out.content_format,
    )
    if not out.way.pushed:
        mailbox.show_new(
            later,
            id=new_id(),
            at=at,
            account=out.way.account,
            folder=OUT_FOLDER,
            name=out.filename,
            payload=out.payload,
            transmission_id=out.id,
        )
