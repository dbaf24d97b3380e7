"""Rows collected and written in one statement are the rows that single inserts would have made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import event, select

from gateway.errors import StoreConflict
from gateway.ports import new_id
from gateway.store.engine import Store
from gateway.store.rows import NewRows, insert_rows
from gateway.store.tables import audit, delivery, document, mailbox_file, payload
from tests.gateway.work_rows import _delivery, _document

AT = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)


def an_order(**values: Any) -> dict[str, Any]:
    made = new_id()
    return {**_document(made), "content_sha256": bytes(range(32)), "created_at": AT, **values}


def test_every_kind_of_value_arrives_as_from_a_single_insert(store: Store) -> None:
    content = {"text": 'a "b" \\ ~ ü €', "list": [1, None, True], "money": "12.50"}
    rows = [an_order(canonical=content, reason=None), an_order(canonical=orjson.Fragment(orjson.dumps(content)))]
    with store.begin() as conn:
        insert_rows(conn, document, rows[:1])
        together = NewRows()
        insert_rows(together, document, rows[1:])
        together.write(conn)
        found = [conn.execute(select(document).where(document.c.id == row["id"])).one() for row in rows]
    alike = [{**one._mapping, "id": None, "identity": None} for one in found]
    assert alike[0] == alike[1]
    assert (alike[1]["canonical"], alike[1]["created_at"], alike[1]["content_sha256"]) == (
        content,
        AT,
        bytes(range(32)),
    )


def test_rows_of_several_tables_take_one_statement_and_may_refer_to_one_another(store: Store) -> None:
    order = an_order()
    made = _delivery(new_id(), order["id"], "out:x#0", None) | {"state": "ready"}
    together = NewRows()
    insert_rows(together, delivery, [made])
    insert_rows(together, document, [order])
    statements: list[str] = []
    with store.begin() as conn:
        event.listen(conn, "before_cursor_execute", lambda *args: statements.append(args[2]))
        together.write(conn)
        together.write(conn)
        assert (
            conn.execute(select(delivery.c.document_id).where(delivery.c.id == made["id"])).scalar_one() == order["id"]
        )
    assert len([text for text in statements if "INSERT" in text]) == 1


def test_rows_of_a_table_are_numbered_in_the_order_they_came(store: Store) -> None:
    subject = str(new_id())
    together = NewRows()
    for number in range(50):
        row = {"at": AT, "actor": "t", "action": "a", "subject": "s", "subject_id": subject, "detail": str(number)}
        insert_rows(together, audit, [row])
    with store.begin() as conn:
        together.write(conn)
        found = conn.execute(select(audit.c.detail).where(audit.c.subject_id == subject).order_by(audit.c.seq))
        assert list(found.scalars()) == [str(number) for number in range(50)]


def test_what_is_there_already_is_kept_only_where_asked(store: Store) -> None:
    row = {"sha256": new_id().bytes * 2, "size": 1, "body": b"\x00", "location": None, "stored_at": AT}
    with store.begin() as conn:
        for _ in range(2):
            kept = NewRows()
            insert_rows(kept, payload, [row], keep=True)
            kept.write(conn)
    refused = NewRows()
    insert_rows(refused, payload, [row])
    with pytest.raises(StoreConflict), store.begin() as conn:
        refused.write(conn)


def a_version(account: str, name: str, sha256: bytes) -> dict[str, Any]:
    shown = {"id": new_id(), "account": account, "folder": "in", "name": name, "payload_sha256": sha256, "size": 1}
    return shown | {"transmission_id": None, "state": "complete", "modified_at": AT}


def test_a_row_that_gives_way_is_marked_before_the_new_one_is_inserted(store: Store) -> None:
    """Only one visible file of a name is allowed: in the other order the new one would be refused."""
    account, sha256 = str(new_id()), new_id().bytes * 2
    others = [a_version(account, "other", sha256), a_version(str(new_id()), "po", sha256)]
    with store.begin() as conn:
        insert_rows(conn, payload, [{"sha256": sha256, "size": 1, "body": b"x", "location": None, "stored_at": AT}])
        insert_rows(conn, mailbox_file, others)
    versions = [a_version(account, "po", sha256) for _ in range(3)]
    for number, version in enumerate(versions):
        together = NewRows()
        insert_rows(together, mailbox_file, [version])
        where = {"account": account, "folder": "in", "name": "po"}
        together.mark(mailbox_file, "removed_at", AT + timedelta(days=number), where=where)
        with store.autocommit() as conn:
            together.write(conn)
    with store.begin() as conn:
        removed = dict(conn.execute(select(mailbox_file.c.id, mailbox_file.c.removed_at)).all())  # type: ignore[arg-type]
    found = [removed[row["id"]] for row in (*versions, *others)]
    assert found == [AT + timedelta(days=1), AT + timedelta(days=2), None, None, None]


def test_marks_alone_are_written_too(store: Store) -> None:
    account, sha256 = str(new_id()), new_id().bytes * 2
    rows = [a_version(account, name, sha256) for name in ("a", "b", "c")]
    marks = NewRows()
    for name in ("a", "b"):
        marks.mark(mailbox_file, "removed_at", AT, where={"account": account, "name": name})
    with store.begin() as conn:
        insert_rows(conn, payload, [{"sha256": sha256, "size": 1, "body": b"x", "location": None, "stored_at": AT}])
        insert_rows(conn, mailbox_file, rows)
        marks.write(conn)
        marks.write(conn)
        left = conn.execute(
            select(mailbox_file.c.name).where(mailbox_file.c.account == account, mailbox_file.c.removed_at.is_(None))
        )
        assert list(left.scalars()) == ["c"]


def test_rows_written_at_once_are_kept_and_after_a_conflict_may_be_written_again(store: Store) -> None:
    order = an_order()
    first, second = NewRows(), NewRows()
    insert_rows(first, document, [order])
    insert_rows(second, document, [order])
    first.write_at_once(store)
    with pytest.raises(StoreConflict):
        second.write_at_once(store)
    with store.begin() as conn:
        conn.execute(document.delete().where(document.c.id == order["id"]))
    second.write_at_once(store)
    with store.begin() as conn:
        assert conn.execute(select(document.c.created_at).where(document.c.id == order["id"])).scalar_one() == AT
    second.write_at_once(store)  # nothing is left to write
