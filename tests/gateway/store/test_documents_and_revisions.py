"""Documents of one identity: the newest that counts, what is only staged, what is removed without a trace."""

from __future__ import annotations

from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.model import DocumentState, Environment
from gateway.ports import new_id
from gateway.store import documents, exceptions
from gateway.store.engine import Store
from gateway.store.tables import delivery, document, exception
from tests.gateway.work_rows import START, add_transmission
from tests.waiting import wait_until


def add(
    store: Store, identity: str, *, revision: int = 1, state: DocumentState = DocumentState.ACTIVE, **more: Any
) -> UUID:
    id = new_id()
    row = {
        "id": id,
        "transmission_id": None,
        "kind": "purchase_order",
        "schema": "purchase_order/v1",
        "partner": "acme",
        "environment": Environment.LIVE,
        "state": state,
        "identity": identity,
        "purpose": "original",
        "revision": revision,
        "content_sha256": id.bytes,
        "canonical": {},
        "lineage": {},
        "map_name": "base",
        "map_revision": "1",
        "duplicate_of": None,
        "reason": None,
        "created_at": START,
        **more,
    }
    with store.begin() as conn:
        documents.add_rows(conn, documents=[row])
    return id


def latest(store: Store, *identities: str, partner: str = "acme") -> dict[str, documents.LatestRevision]:
    with store.begin() as conn:
        return documents.latest_revisions(
            conn, partner=partner, kind="purchase_order", environment=Environment.LIVE, identities=identities
        )


def state_of(store: Store, id: UUID) -> str | None:
    with store.begin() as conn:
        return conn.execute(select(document.c.state).where(document.c.id == id)).scalar_one_or_none()


def test_the_newest_revision_that_counts_is_found(fresh_store: Store) -> None:
    add(fresh_store, "A", revision=1, state=DocumentState.SUPERSEDED)
    second = add(fresh_store, "A", revision=2)
    for state in (DocumentState.HELD, DocumentState.DUPLICATE):
        add(fresh_store, "A", revision=2, state=state)
    add(fresh_store, "B", partner="globex")
    add(fresh_store, "C", environment=Environment.TEST)
    found = latest(fresh_store, "A", "B", "C")
    assert set(found) == {"A"}
    assert (found["A"].id, found["A"].revision, found["A"].staged_in) == (second, 2, None)


def test_what_is_staged_names_the_transmission_it_may_vanish_with(fresh_store: Store) -> None:
    transmission = add_transmission(fresh_store, "in:acme:flow")
    add(fresh_store, "A", state=DocumentState.STAGED, transmission_id=transmission)
    assert latest(fresh_store, "A")["A"].staged_in == transmission


def test_who_asks_second_waits_for_the_first_of_the_same_partner(fresh_store: Store) -> None:
    found: list[dict[str, documents.LatestRevision]] = []
    other = Thread(target=lambda: found.append(latest(fresh_store, "A")))
    with fresh_store.begin() as conn:
        documents.latest_revisions(
            conn, partner="acme", kind="purchase_order", environment=Environment.LIVE, identities=["A"]
        )
        assert latest(fresh_store, "A", partner="globex") == {}  # another partner does not wait
        other.start()
        wait_until(lambda: _waiting(fresh_store), within=10, what="the second to wait for the lock")
        assert found == []
    other.join(10)
    assert found == [{}]


def test_removal_leaves_nothing_that_hangs_on_a_document(fresh_store: Store) -> None:
    id = add(fresh_store, "A")
    row = {"document_id": id, "destination": "erp", "state": "staged", "created_at": START, "lane": "out:erp#0"}
    with fresh_store.begin() as conn:
        conn.execute(delivery.insert().values(id=new_id(), reference="r", request_key="k", **row))
        exceptions.open_exception(conn, id=new_id(), at=START, code="c", reason="r", group="g", document_id=id)
    with fresh_store.begin() as conn:
        documents.remove(conn, [id])
    assert state_of(fresh_store, id) is None
    with fresh_store.begin() as conn:
        assert conn.execute(select(delivery.c.id)).all() == conn.execute(select(exception.c.id)).all() == []


@pytest.mark.parametrize("revisions", [(1, 2), (1, 2, 3)])
def test_a_new_revision_supersedes_every_active_one_before_it(fresh_store: Store, revisions: tuple[int, ...]) -> None:
    ids = [add(fresh_store, "A", revision=revision) for revision in revisions]
    other = add(fresh_store, "B")
    with fresh_store.begin() as conn:
        documents.supersede(conn, ids[-1:])
    assert [state_of(fresh_store, id) for id in ids] == ["superseded"] * (len(ids) - 1) + ["active"]
    assert state_of(fresh_store, other) == "active"


def _waiting(store: Store) -> bool:
    with store.begin() as conn:
        asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(conn.exec_driver_sql(asked).scalar_one())
