"""Reading the log: filters, search from both ends, ids by a part, and what documents were made with."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import orjson
from sqlalchemy import select

from gateway.store import timeline
from gateway.store.engine import Store
from gateway.store.tables import map_revision, partner_revision
from tests.gateway.inbound_line import Line, file_of


def test_a_key_with_wildcard_signs_of_sql_is_taken_literally(fresh_store: Store, tmp_path: Path) -> None:
    Line(fresh_store, tmp_path).sent(file_of("PO-100"), name="100%_a.edi")
    with fresh_store.begin() as conn:
        assert [row["name"] for row in timeline.search(conn, "100%*")] == ["filename"]
        assert [row["name"] for row in timeline.search(conn, "*_a.edi")] == ["filename"]
        assert timeline.search(conn, "1_0%*") == timeline.search(conn, "%") == timeline.search(conn, "*") == []


def test_an_exact_key_is_preferred_to_its_longer_kin(fresh_store: Store, tmp_path: Path) -> None:
    Line(fresh_store, tmp_path).sent(file_of("PO-1", "PO-11"))
    with fresh_store.begin() as conn:
        assert [row["value"] for row in timeline.search(conn, "PO-1")] == ["PO-1"]
        assert [row["value"] for row in timeline.search(conn, "PO-1*")] == ["PO-1", "PO-11"]
        assert [row["value"] for row in timeline.search(conn, "O-11")] == ["PO-11"]


def test_a_document_and_a_delivery_lead_to_their_transmission(fresh_store: Store, tmp_path: Path) -> None:
    life = Line(fresh_store, tmp_path).sent(file_of("PO-1"))
    id = UUID(life["transmission"]["id"])
    document = life["documents"][0]
    with fresh_store.begin() as conn:
        for kind, found in (
            ("transmission", str(id)),
            ("document", document["id"]),
            ("delivery", document["deliveries"][0]["id"]),
        ):
            assert timeline.resolve(conn, found.upper()) == [(kind, UUID(found))]
            assert timeline.transmission_of(conn, kind, UUID(found)) == id
        [made] = timeline.documents_of(conn, [id])
    assert made["canonical"]["number"] == "PO-1"


def test_every_value_of_a_life_is_ready_for_json(fresh_store: Store, tmp_path: Path) -> None:
    line = Line(fresh_store, tmp_path)
    for life in (line.sent(file_of("PO-1")), line.sent(b"no", name="no.txt")):
        assert orjson.loads(orjson.dumps(life)) == life


def test_the_form_of_the_map_a_document_was_made_with_is_kept(fresh_store: Store, tmp_path: Path) -> None:
    document = Line(fresh_store, tmp_path).sent(file_of("PO-1"))["documents"][0]
    line = Line(fresh_store, tmp_path)  # a second process changes nothing
    with fresh_store.begin() as conn:
        kept = conn.execute(
            select(map_revision.c.resolved).where(
                map_revision.c.map_name == document["map_name"], map_revision.c.revision == document["map_revision"]
            )
        ).scalar_one()
        partners = set(conn.execute(select(partner_revision.c.partner)).scalars())
    assert orjson.loads(kept)["map"]
    assert {"acme", "globex"} <= partners == set(line.gateway.registry.partners)
