"""Reading the transmission log: the newest, one whole life, and search by any business key. JSON-ready dicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, Text, cast, func, or_, select

from gateway.store import relatives
from gateway.store.held_behind import held_behind
from gateway.store.tables import (
    acknowledgment,
    attempt,
    audit,
    audit_seal,
    business_key,
    delivery,
    document,
    document_source,
    exception,
    expected_acknowledgment,
    functional_group,
    interchange,
    issue,
    mailbox_file,
    transaction_set,
    transmission,
)

Life = dict[str, Any]


def newest(
    conn: Connection,
    *,
    limit: int = 50,
    partner: str | None = None,
    state: str | None = None,
    direction: str | None = None,
) -> list[Life]:
    """The newest transmissions, with counts of sets, issues and open exceptions beside each."""
    columns = transmission.c
    query = (
        select(
            columns.id,
            columns.direction,
            columns.state,
            columns.environment,
            columns.channel,
            columns.account,
            columns.partner,
            columns.filename,
            columns.format,
            columns.size,
            columns.reason,
            columns.duplicate_of,
            columns.received_at,
            _count(transaction_set, transaction_set.c.transmission_id == columns.id).label("sets"),
            _count(
                transaction_set, (transaction_set.c.transmission_id == columns.id) & transaction_set.c.accepted
            ).label("sets_accepted"),
            _count(issue, issue.c.transmission_id == columns.id).label("issues"),
            _count(exception, (exception.c.transmission_id == columns.id) & (exception.c.state == "open")).label(
                "open_exceptions"
            ),
        )
        .order_by(columns.received_at.desc(), columns.id.desc())
        .limit(limit)
    )
    for column, wanted in ((columns.partner, partner), (columns.state, state), (columns.direction, direction)):
        if wanted is not None:
            query = query.where(column == wanted)
    return _all(conn, query)


def search(conn: Connection, key: str, *, limit: int = 100) -> list[Life]:
    """Transmissions and documents by a business key: exact, else by its beginning, else by its end.

    Keys: order and invoice numbers, ISA13, GS06, file names. A `*` at either end asks for that end only.
    """
    wanted = key.strip("*")
    if not wanted:
        return []
    reverse = func.reverse
    ways: list[ColumnElement[bool]] = []
    if key.startswith("*"):
        ways = [reverse(business_key.c.value).startswith(wanted[::-1], autoescape=True)]
    elif key.endswith("*"):
        ways = [business_key.c.value.startswith(wanted, autoescape=True)]
    else:
        ways = [
            business_key.c.value == wanted,
            business_key.c.value.startswith(wanted, autoescape=True),
            reverse(business_key.c.value).startswith(wanted[::-1], autoescape=True),
        ]
    for way in ways:
        found = _all(
            conn,
            select(
                business_key.c.name,
                business_key.c.value,
                business_key.c.transmission_id,
                business_key.c.document_id,
                transmission.c.direction,
                transmission.c.state,
                transmission.c.partner,
                transmission.c.filename,
                transmission.c.received_at,
            )
            .join(transmission, transmission.c.id == business_key.c.transmission_id)
            .where(way)
            .order_by(transmission.c.received_at.desc(), business_key.c.name, business_key.c.value)
            .limit(limit),
        )
        if found:
            return found
    return []


def resolve(conn: Connection, prefix: str) -> list[tuple[str, UUID]]:
    """(`transmission` | `document` | `delivery`, id) of everything whose id begins or ends with the text."""
    text = prefix.lower()
    found: list[tuple[str, UUID]] = []
    for name, table in (("transmission", transmission), ("document", document), ("delivery", delivery)):
        as_text = cast(table.c.id, Text)
        query = select(table.c.id).where(
            or_(as_text.startswith(text, autoescape=True), as_text.endswith(text, autoescape=True))
        )
        found += [(name, id) for id in conn.execute(query.limit(10)).scalars()]
    return found


def transmission_of(conn: Connection, kind: str, id: UUID) -> UUID | None:
    """The transmission a document or delivery belongs to."""
    if kind == "transmission":
        return id
    if kind == "delivery":
        id = conn.execute(select(delivery.c.document_id).where(delivery.c.id == id)).scalar_one()
    found: UUID | None = conn.execute(select(document.c.transmission_id).where(document.c.id == id)).scalar_one()
    return found


def only_transmission(conn: Connection, prefix: str) -> UUID | str:
    """The one transmission that an id, or an end of one, leads to; or why there is none."""
    found = resolve(conn, prefix)
    if len(found) != 1:
        why = "nothing has this id" if not found else f"{len(found)} ids match; give more of it"
        return f"{prefix}: {why}"
    return transmission_of(conn, *found[0]) or f"{prefix}: it belongs to no transmission"


def life(conn: Connection, transmission_id: UUID) -> Life:
    """The whole life of one transmission.

    Returns:
        `transmission`, `interchanges` (with groups, sets, acknowledgments), `issues`, `documents` (with deliveries,
        what they wait for, and attempts), `answers` (what it answers, of ours or of the partner's), `family` (every
        document that its documents belong with, with what carried it out), `exceptions`, `files`, `keys`, `audit`.

    Raises:
        LookupError: there is none of this id.
    """
    columns = transmission.c
    found = _all(
        conn,
        select(*[column for column in columns if column.name not in ("seq", "payload_kept")]).where(
            columns.id == transmission_id
        ),
    )
    if not found:
        raise LookupError(f"no transmission {transmission_id}")
    interchanges = _all(
        conn,
        select(interchange).where(interchange.c.transmission_id == transmission_id).order_by(interchange.c.ordinal),
    )
    mine = select(interchange.c.id).where(interchange.c.transmission_id == transmission_id)
    answered = select(func.coalesce(interchange.c.duplicate_of, interchange.c.id)).where(
        interchange.c.transmission_id == transmission_id
    )
    groups = _all(
        conn,
        select(functional_group)
        .where(functional_group.c.interchange_id.in_(mine))
        .order_by(functional_group.c.interchange_id, functional_group.c.ordinal),
    )
    sets = _all(
        conn,
        select(transaction_set)
        .where(transaction_set.c.transmission_id == transmission_id)
        .order_by(transaction_set.c.interchange_ordinal, transaction_set.c.group_ordinal, transaction_set.c.ordinal),
    )
    acknowledgments = _all(
        conn,
        select(
            acknowledgment.c.interchange_id,
            acknowledgment.c.functional_group_id,
            acknowledgment.c.direction,
            acknowledgment.c.kind,
            acknowledgment.c.status,
            acknowledgment.c.control_number,
            acknowledgment.c.transmission_id,
            acknowledgment.c.created_at,
            transmission.c.filename,
            transmission.c.state,
        )
        .join(transmission, transmission.c.id == acknowledgment.c.transmission_id)
        .where(acknowledgment.c.interchange_id.in_(answered))
        .order_by(acknowledgment.c.created_at),
    )
    awaited = _all(
        conn,
        select(
            expected_acknowledgment.c.interchange_id,
            expected_acknowledgment.c.functional_group_id,
            expected_acknowledgment.c.kind,
            expected_acknowledgment.c.state,
            expected_acknowledgment.c.due_at,
            expected_acknowledgment.c.closed_at,
        )
        .where(expected_acknowledgment.c.interchange_id.in_(mine))
        .order_by(expected_acknowledgment.c.id),
    )
    awaited_of = _by(awaited, "interchange_id")
    sets_of = _by(sets, "interchange_ordinal", "group_ordinal")
    groups_of, acknowledgments_of = _by(groups, "interchange_id"), _by(acknowledgments, "interchange_id")
    for row in interchanges:
        row["groups"] = groups_of[(row["id"],)]
        for group in row["groups"]:
            group["sets"] = sets_of[(row["ordinal"], group["ordinal"])]
        row["sets"] = [] if row["groups"] else sets_of[(row["ordinal"], 1)]  # of a file that is not X12
        row["awaited"] = awaited_of[(row["id"],)]
        row["acknowledgments"] = acknowledgments_of[(row["duplicate_of"] or row["id"],)]
    my_documents = select(document.c.id).where(document.c.transmission_id == transmission_id)
    my_deliveries = select(delivery.c.id).where(delivery.c.document_id.in_(my_documents))
    documents = _all(
        conn,
        select(*[column for column in document.c if column.name != "lineage"], document_source.c.transaction_set_id)
        .outerjoin(document_source, document_source.c.document_id == document.c.id)
        .where(document.c.transmission_id == transmission_id)
        .order_by(document.c.created_at, document.c.id),
    )
    deliveries = _all(
        conn,
        select(delivery).where(delivery.c.document_id.in_(my_documents)).order_by(delivery.c.seq),
    )
    attempts = _all(
        conn,
        select(attempt)
        .where(or_(attempt.c.delivery_id.in_(my_deliveries), attempt.c.transmission_id == transmission_id))
        .order_by(attempt.c.started_at, attempt.c.number),
    )
    tries_of, deliveries_of = _by(attempts, "delivery_id"), _by(deliveries, "document_id")
    waits = held_behind(conn, transmission_id)
    for row in deliveries:
        row["tries"] = tries_of[(row["id"],)]
        row |= waits.get(row["id"], {"behind": None, "paused_until": None})
    for row in documents:
        row["deliveries"] = deliveries_of[(row["id"],)]
    return {
        "transmission": found[0] | {"tries": tries_of[(None,)]},
        "interchanges": interchanges,
        "issues": _all(conn, select(issue).where(issue.c.transmission_id == transmission_id).order_by(issue.c.id)),
        "documents": documents,
        "answers": _answers(conn, transmission_id),
        "family": relatives.family(conn, _carried(conn, transmission_id)),
        "exceptions": _all(
            conn,
            select(exception)
            .where(
                or_(
                    exception.c.transmission_id == transmission_id,
                    exception.c.document_id.in_(my_documents),
                    exception.c.delivery_id.in_(my_deliveries),
                )
            )
            .order_by(exception.c.opened_at),
        ),
        "files": _all(
            conn,
            select(
                mailbox_file.c.account,
                mailbox_file.c.folder,
                mailbox_file.c.name,
                mailbox_file.c.size,
                mailbox_file.c.modified_at,
                mailbox_file.c.removed_at,
            )
            .where(mailbox_file.c.transmission_id == transmission_id)
            .order_by(mailbox_file.c.modified_at),
        ),
        "keys": _all(
            conn,
            select(business_key.c.name, business_key.c.value)
            .where(business_key.c.transmission_id == transmission_id)
            .order_by(business_key.c.name, business_key.c.value),
        ),
        "audit": _all(
            conn,
            select(
                audit.c.seq,
                audit.c.at,
                audit.c.actor,
                audit.c.action,
                audit.c.subject,
                audit.c.subject_id,
                audit.c.detail,
                audit_seal.c.position.label("sealed_as"),
            )
            .outerjoin(audit_seal, audit_seal.c.audit_seq == audit.c.seq)
            .where(
                or_(
                    audit.c.subject_id == str(transmission_id),
                    audit.c.subject_id.in_(select(cast(my_documents.subquery().c.id, Text))),
                    audit.c.subject_id.in_(select(cast(my_deliveries.subquery().c.id, Text))),
                )
            )
            .order_by(audit.c.seq),
        ),
    }


def _carried(conn: Connection, transmission_id: UUID) -> set[UUID]:
    """The documents a transmission brought, and those of ours that left in it."""
    brought = select(document.c.id).where(document.c.transmission_id == transmission_id)
    left = (
        select(document_source.c.document_id)
        .join(transaction_set, transaction_set.c.id == document_source.c.transaction_set_id)
        .where(transaction_set.c.transmission_id == transmission_id)
    )
    return {*conn.execute(brought).scalars(), *conn.execute(left).scalars()}


def _answers(conn: Connection, transmission_id: UUID) -> list[Life]:
    """What a transmission answers; of a group of ours with its sets, as they stand now."""
    found = _all(
        conn,
        select(
            acknowledgment.c.kind,
            acknowledgment.c.direction,
            acknowledgment.c.status,
            acknowledgment.c.functional_group_id,
            functional_group.c.functional_id,
            functional_group.c.control_number.label("group_number"),
            interchange.c.control_number,
            interchange.c.transmission_id,
            transmission.c.filename,
        )
        .join(interchange, interchange.c.id == acknowledgment.c.interchange_id)
        .join(transmission, transmission.c.id == interchange.c.transmission_id)
        .outerjoin(functional_group, functional_group.c.id == acknowledgment.c.functional_group_id)
        .where(acknowledgment.c.transmission_id == transmission_id)
        .order_by(acknowledgment.c.id),
    )
    sets = _all(
        conn,
        select(
            functional_group.c.id.label("group_id"),
            transaction_set.c.code,
            transaction_set.c.control_number,
            transaction_set.c.outcome,
        )
        .join(interchange, interchange.c.id == functional_group.c.interchange_id)
        .join(
            transaction_set,
            (transaction_set.c.transmission_id == interchange.c.transmission_id)
            & (transaction_set.c.interchange_ordinal == interchange.c.ordinal)
            & (transaction_set.c.group_ordinal == functional_group.c.ordinal),
        )
        .where(functional_group.c.id.in_([row["functional_group_id"] for row in found]))
        .order_by(transaction_set.c.ordinal),
    )
    sets_of = _by(sets, "group_id")
    return [row | {"sets": sets_of[(row["functional_group_id"],)]} for row in found]


def documents_of(conn: Connection, transmission_ids: Sequence[UUID]) -> list[Life]:
    """The canonical documents made from these transmissions, in the order they were made."""
    return _all(
        conn,
        select(document.c.id, document.c.transmission_id, document.c.kind, document.c.state, document.c.canonical)
        .where(document.c.transmission_id.in_(list(transmission_ids)))
        .order_by(document.c.created_at, document.c.id),
    )


def _count(table: Table, condition: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(table).where(condition).scalar_subquery()


def _by(rows: Sequence[Life], *columns: str) -> defaultdict[tuple[Any, ...], list[Life]]:
    """Rows by the values of these columns."""
    found: defaultdict[tuple[Any, ...], list[Life]] = defaultdict(list)
    for row in rows:
        found[tuple(row[column] for column in columns)].append(row)
    return found


def _all(conn: Connection, query: Select[Any]) -> list[Life]:
    return [_plain(row) for row in conn.execute(query).mappings()]


def _plain(row: RowMapping) -> Life:
    """SQLAlchemy's own kind of str is no key for JSON."""
    return {str(name): _json(value) for name, value in row.items()}


def _json(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return value
