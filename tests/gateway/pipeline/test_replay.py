"""Replay: resend, re-envelope and reprocess, each without a second effect, refused where there could be one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import insert, select, update

from gateway.adapters.protocol import Accepted, Duplicate, ExternalRef, Rejected, Uncertain
from gateway.app import load_gateway
from gateway.housekeeping import mark_overdue
from gateway.pipeline.replay import Replay, Replayed, Verb
from gateway.ports import new_id
from gateway.settings import load_settings
from gateway.store import decided, exceptions
from gateway.store.engine import Store
from gateway.store.replayable import Selection
from gateway.store.tables import audit, delivery, document, exception, transmission
from tests.gateway.inbound_line import Line, file_of, segments_of, segments_starting
from tests.gateway.outbound_line import Seller, answer, buyer_profile, write_map
from tests.gateway.pipeline.conftest import LineMaker
from tests.gateway.pipeline.scripted_adapter import Killed
from tests.gateway.pipeline.test_deliver import Outbound
from tests.gateway.pipeline.test_files_beside_x12 import GOOD, PROFILE
from tests.gateway.sending import Buyer, answer_to, profile

NATIVE = {"erp": "native"}
MAP = """\
extends: base/850.in
partner: acme
lines:
  sku: {sku}
"""


def replay_of(line: Line, promised: Mapping[str, str] | None = None, *, fresh: bool = False) -> Replay:
    """What replays; `fresh` with the maps as they are written now."""
    gateway = line.gateway
    if fresh:
        gateway = load_gateway(load_settings(line.home, environment={}), line.store, clock=line.clock)
    found = gateway.replay(by="cli:anna", reason="the partner asked")
    return found if promised is None else replace(found, idempotency=promised)


def replayed(
    line: Line, verb: Verb, *ids: UUID | str, promised: Mapping[str, str] | None = None, fresh: bool = False
) -> list[Replayed]:
    replay = replay_of(line, promised, fresh=fresh)
    wanted = Selection(tuple(UUID(str(id)) for id in ids))
    return [replay.replay(verb, item) for item in replay.find(verb, wanted, most=100)]


def rows(store: Store, table: Any, **equal: Any) -> list[dict[str, Any]]:
    wanted = select(table)
    for name, value in equal.items():
        wanted = wanted.where(table.c[name] == value)
    with store.begin() as conn:
        return [dict(row) for row in conn.execute(wanted).mappings()]


def set_state(store: Store, state: str, **more: Any) -> None:
    with store.begin() as conn:
        conn.execute(update(delivery).values(state=state, **more))


@pytest.fixture
def out(fresh_store: Store, tmp_path: Path) -> Outbound:
    return Outbound(fresh_store, tmp_path)


def test_a_delivered_document_is_resent_under_its_keys_and_the_business_system_says_it_has_it(out: Outbound) -> None:
    id = out.route("PO-1")
    out.adapter.steps = [Accepted(ExternalRef("SO-1"), "created"), Duplicate(ExternalRef("SO-1"), same_content=True)]
    out.run()
    [done] = replayed(out.line, Verb.RESEND, id, promised=NATIVE)
    assert (done.done, done.says) == (True, "due again")
    out.run()
    first, second = out.adapter.submitted
    assert (first.reference, first.request_key) == (second.reference, second.request_key)
    assert out.row().state == "delivered"
    tries = out.line.life(id)["documents"][0]["deliveries"][0]["tries"]
    assert [one["outcome"] for one in tries] == ["accepted", "duplicate"]


def test_a_replay_is_audited_with_who_and_why(out: Outbound) -> None:
    out.route("PO-1")
    out.run()
    replayed(out.line, Verb.RESEND, out.row().id, promised=NATIVE)
    [row] = rows(out.store, audit, action="delivery.replayed")
    assert row["actor"] == "cli:anna"
    assert orjson.loads(row["detail"]) == {
        "verb": "resend",
        "reason": "the partner asked",
        "was": "delivered",
        "now": "due again",
    }


def test_a_rejected_document_is_resent_under_its_reference_and_a_new_key_for_the_try(out: Outbound) -> None:
    id = out.route("PO-1")
    out.adapter.steps = [Rejected("item.unknown", "no item", path="", fix="data")]
    out.run()
    assert out.row().state == "rejected"
    replayed(out.line, Verb.RESEND, id, promised=NATIVE)
    out.run()
    first, second = out.adapter.submitted
    assert first.reference == second.reference
    assert first.request_key != second.request_key
    assert [one["state"] for one in out.line.life(id)["exceptions"]] == ["resolved"]


@pytest.mark.parametrize("state", ["delivered", "uncertain"])
def test_what_may_have_arrived_where_nobody_can_tell_is_never_resent(out: Outbound, state: str) -> None:
    out.route("PO-1")
    out.run()
    set_state(out.store, state)
    [refused] = replayed(out.line, Verb.RESEND, out.row().id, promised={"erp": "none"})
    assert not refused.done
    assert "can neither refuse a repeat nor be asked" in refused.says
    assert out.row().state == state
    assert rows(out.store, audit, action="delivery.replayed") == []


@pytest.mark.parametrize(
    ("state", "promised"), [("uncertain", "none"), ("delivered", "none"), ("uncertain", "probe_only")]
)
def test_what_a_person_looked_for_in_vain_is_sent_again_under_its_keys(
    out: Outbound, state: str, promised: Any
) -> None:
    out.adapter.idempotency = promised
    out.route("PO-1")
    out.run()
    set_state(out.store, state, external_ref="SO-0")
    replay = replace(replay_of(out.line, {"erp": promised}), not_there=True)
    [item] = [one for one in replay.find(Verb.RESEND, Selection((out.row().id,)), most=9) if one.subject == "delivery"]
    assert replay.replay(Verb.RESEND, item).done
    out.run()
    first, second = out.adapter.submitted
    assert (second.reference, second.request_key, second.resume) == (first.reference, first.request_key, None)
    assert out.adapter.probes == []
    assert out.row().state == "delivered"
    [noted] = rows(out.store, audit, action="delivery.replayed")
    assert orjson.loads(noted["detail"])["not_there"] is True


def test_nobodys_word_sends_to_a_destination_that_is_gone(out: Outbound) -> None:
    out.route("PO-1")
    out.run()
    set_state(out.store, "uncertain")
    replay = replace(replay_of(out.line, {}), not_there=True)
    [refused] = [
        replay.replay(Verb.RESEND, item) for item in replay.find(Verb.RESEND, Selection((out.row().id,)), most=9)
    ]
    assert "no destination erp" in refused.says
    assert out.row().state == "uncertain"


@pytest.mark.parametrize("state", ["delivered", "rejected"])
def test_what_an_earlier_try_was_known_by_is_nothing_to_resume_from(out: Outbound, state: str) -> None:
    """Else a worker that dies while it sends anew is followed by one that goes on from there, without asking."""
    out.adapter.idempotency = "unique_reference"
    out.route("PO-1")
    out.run()
    set_state(out.store, state, external_ref="SO-0")
    replayed(out.line, Verb.RESEND, out.row().id, promised={"erp": "unique_reference"})
    out.adapter.steps = [Accepted(ExternalRef("SO-0"), "created"), Killed()]
    out.adapter.checkpoints = ["", None]
    out.die()
    out.adapter.probed = ExternalRef("SO-1")
    out.later(60)
    assert len(out.adapter.submitted) == 2
    assert len(out.adapter.probes) == 1
    assert (out.row().state, out.row().external_ref) == ("delivered", "SO-1")


def test_an_uncertain_delivery_is_asked_for_before_it_is_sent_again(out: Outbound) -> None:
    out.route("PO-1")
    out.run()
    set_state(out.store, "uncertain", external_ref=None)
    out.adapter.probed = ExternalRef("SO-7")
    [done] = replayed(out.line, Verb.RESEND, out.row().id, promised=NATIVE)
    assert done.done
    out.run()
    assert (len(out.adapter.submitted), len(out.adapter.probes)) == (1, 1)
    assert (out.row().state, out.row().external_ref) == ("delivered", "SO-7")


def test_a_delivered_document_that_can_only_be_asked_for_is_asked_for(out: Outbound) -> None:
    out.adapter.idempotency = "probe_only"
    out.route("PO-1")
    out.run()
    out.adapter.probed = ExternalRef("SO-7")
    replayed(out.line, Verb.RESEND, out.row().id, promised={"erp": "probe_only"})
    out.run()
    assert len(out.adapter.submitted) == 1
    assert (out.row().state, out.row().external_ref) == ("delivered", "SO-7")


def test_a_quarantined_delivery_goes_on_from_its_last_checkpoint(out: Outbound) -> None:
    out.route("PO-1")
    out.run()
    set_state(out.store, "quarantined", external_ref="staged-1", crashes=3)
    [done] = replayed(out.line, Verb.RESEND, out.row().id, promised={"erp": "none"})
    assert done.done
    out.run()
    assert out.adapter.submitted[-1].resume == ExternalRef("staged-1")
    assert out.row().crashes == 0


ON_THE_WAY = {
    "ready": "on its way",
    "sending": "on its way",
    "retrying": "on its way",
    "test": "never delivered",
    "cancelled": "given up",
}


def test_what_is_not_at_its_end_or_has_none_is_not_resent(out: Outbound) -> None:
    out.route("PO-1")
    for state, why in ON_THE_WAY.items():
        set_state(out.store, state)
        [refused] = replayed(out.line, Verb.RESEND, out.row().id, promised=NATIVE)
        assert not refused.done
        assert why in refused.says
        assert out.row().state == state


def test_a_delivery_to_a_destination_that_is_gone_is_not_resent(out: Outbound) -> None:
    out.route("PO-1")
    out.run()
    [refused] = replayed(out.line, Verb.RESEND, out.row().id, promised={})
    assert "no destination erp" in refused.says


def test_deliveries_are_found_by_what_they_have_in_common(out: Outbound) -> None:
    out.route("PO-1", "PO-2")
    out.adapter.steps = [Rejected("item.unknown", "no item", path="", fix="data")]
    out.run()
    replay = replay_of(out.line, NATIVE)
    now = out.clock.now()

    def names(**wanted: Any) -> list[str]:
        found = replay.find(Verb.RESEND, Selection(**wanted), most=10)
        return [item.name for item in found if item.subject == "delivery"]

    [received] = rows(out.store, transmission, direction="in")
    [group] = {row["fingerprint"] for row in out.line.life(received["id"])["exceptions"]}
    assert names(state="rejected") == ["purchase_order PO-1 to erp"]
    assert len(names(partner="acme", kind="purchase_order")) == 2
    assert names(partner="globex") == []
    assert names(kind="invoice") == []
    assert len(names(since=now)) == 2
    assert names(since=now + timedelta(seconds=1)) == []
    assert names(until=now) == []
    assert names(group=group) == names(state="rejected")


def test_of_a_group_only_what_its_open_exceptions_are_about_is_resent(out: Outbound) -> None:
    """Not where the same document went beside, nor what was dealt with long ago."""
    id = out.route("PO-1", "PO-2", "PO-3")
    refused = Rejected("item.unknown", "no item", path="", fix="data")
    out.adapter.steps = [refused, refused, refused]
    out.run()
    first, second, third = rows(out.store, delivery)
    with (
        out.store.begin() as conn
    ):  # the second was dealt with, the third closed by hand and still stands; one went beside
        decided.has_arrived(conn, second["id"], ref="SO-2", by="anna", at=out.clock.now(), reason="seen")
        [closed] = [row["id"] for row in rows(out.store, exception, delivery_id=third["id"])]
        exceptions.resolve(conn, closed, by="anna", at=out.clock.now())
        beside = first | {"id": new_id(), "destination": "wms", "state": "delivered", "reference": "r2"}
        del beside["seq"]
        conn.execute(insert(delivery), beside)
    [group] = {row["fingerprint"] for row in out.line.life(id)["exceptions"]}
    found = replay_of(out.line, NATIVE).find(Verb.RESEND, Selection(group=group), most=10)
    assert {item.id for item in found} == {first["id"], third["id"]}


@pytest.fixture
def buyer(make_line: LineMaker) -> Buyer:
    return Buyer(make_line(buyer=profile()))


def collect(line: Line) -> None:
    """The buyer takes everything out of /out."""
    with line.store.begin() as conn:
        conn.execute(update(transmission).where(transmission.c.state == "ready").values(state="collected"))


def test_what_was_collected_stands_in_out_again_byte_for_byte(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    [content] = buyer.line.out("buyer").values()
    collect(buyer.line)
    [done] = replayed(buyer.line, Verb.RESEND, life["transmission"]["id"])
    assert done.says == "stands in /out again"
    assert set(buyer.line.out("buyer").values()) == {content}
    [again] = replayed(buyer.line, Verb.RESEND, life["transmission"]["id"])
    assert "not collected yet" in again.says


def test_sets_go_out_again_in_a_new_envelope_and_a_new_acknowledgment_is_awaited(buyer: Buyer) -> None:
    [id] = buyer.send(answer_to("PO-1"), answer_to("PO-2"))
    [before] = buyer.line.out("buyer").values()
    collect(buyer.line)
    [done] = replayed(buyer.line, Verb.RE_ENVELOPE, id)
    assert done.done, done.says
    new = UUID(done.says.removeprefix("sent as "))
    after = buyer.line.gateway.vault
    with buyer.line.store.begin() as conn:
        sha256 = conn.execute(select(transmission.c.payload_sha256).where(transmission.c.id == new)).scalar_one()
        content = after.read(conn, sha256)
    assert segments_starting(segments_of(content), "BAK") == segments_starting(segments_of(before), "BAK")
    assert segments_starting(segments_of(content), "IEA", "GE") == ["GE*2*2", "IEA*1*000000002"]
    life = buyer.line.life(new)
    assert life["transmission"]["replay_of"] == str(id)
    assert [one["state"] for one in life["interchanges"][0]["awaited"]] == ["waiting"]
    assert [one["state"] for one in buyer.line.life(id)["interchanges"][0]["awaited"]] == ["replaced"]
    buyer.says("AK1*PR*2", "AK9*A*2*2*2")
    assert [one["state"] for one in buyer.line.life(new)["interchanges"][0]["awaited"]] == ["accepted"]


def test_an_overdue_acknowledgment_is_no_matter_once_its_sets_went_out_again(buyer: Buyer) -> None:
    [id] = buyer.send(answer_to("PO-1"))
    collect(buyer.line)
    buyer.line.clock.advance(timedelta(days=2))
    assert mark_overdue(buyer.line.gateway) == 1
    replayed(buyer.line, Verb.RE_ENVELOPE, id)
    assert [one["state"] for one in buyer.line.life(id)["exceptions"]] == ["resolved"]


def test_what_the_partner_has_not_collected_gets_no_second_envelope(buyer: Buyer) -> None:
    [id] = buyer.send(answer_to("PO-1"))
    [refused] = replayed(buyer.line, Verb.RE_ENVELOPE, id)
    assert not refused.done
    assert buyer.line.out("buyer").keys() == {"855_000000001.edi"}


def test_an_acknowledgment_of_ours_is_resent_and_not_enveloped_anew(make_line: LineMaker) -> None:
    line = make_line()
    life = line.sent(file_of("PO-1"))
    answer_id = life["interchanges"][0]["acknowledgments"][0]["transmission_id"]
    collect(line)
    [refused] = replayed(line, Verb.RE_ENVELOPE, answer_id)
    assert not refused.done
    assert len(rows(line.store, transmission, direction="out")) == 1
    [done] = replayed(line, Verb.RESEND, answer_id)
    assert done.done


def test_a_document_keeps_its_name_and_family_in_its_new_envelope(make_line: LineMaker) -> None:
    seller = Seller(make_line(buyer=buyer_profile()))
    seller.gets_order("PO-1")
    handed = seller.sends(answer("PO-1"))
    collect(seller.line)
    assert handed.document_id is not None
    [done] = replayed(seller.line, Verb.RE_ENVELOPE, handed.document_id)
    new = done.says.removeprefix("sent as ")
    assert {"name": "order_number", "value": "PO-1"} in seller.line.life(UUID(new))["keys"]
    [member] = [one for one in seller.family(handed.document_id) if one["id"] == str(handed.document_id)]
    assert new in [one["transmission_id"] for one in member["sent"]]


@pytest.fixture
def mapped(make_line: LineMaker, tmp_path: Path) -> Line:
    """Acme, with a map of its own that looks for the item in the wrong place."""
    write_map(tmp_path, MAP.format(sku="xref(pair('IN', 'BP'), 'item')"), name="acme/850.in")
    return make_line()


def remap(line: Line, sku: str) -> None:
    write_map(line.home, MAP.format(sku=sku), name="acme/850.in")


def test_a_set_that_could_not_be_mapped_is_made_and_delivered_once_by_the_map_of_today(mapped: Line) -> None:
    id = UUID(mapped.sent(file_of("PO-1"))["transmission"]["id"])
    assert mapped.numbers() == []
    remap(mapped, "pair('IN', 'BP')")
    [done] = replayed(mapped, Verb.REPROCESS, id, fresh=True)
    assert done.says == "1 made and routed"
    mapped.run()
    assert mapped.numbers() == ["PO-1"]
    assert [one["state"] for one in mapped.life(id)["exceptions"]] == ["resolved"]
    [again] = replayed(mapped, Verb.REPROCESS, id, fresh=True)
    assert again.says == "1 as before"
    mapped.run()
    assert mapped.numbers() == ["PO-1"]
    assert mapped.audit_holds()


def test_a_set_that_still_cannot_be_mapped_is_told_anew(mapped: Line) -> None:
    id = UUID(mapped.sent(file_of("PO-1"))["transmission"]["id"])
    [done] = replayed(mapped, Verb.REPROCESS, id, fresh=True)
    assert done.says == "1 fault(s) still"
    assert sorted(one["state"] for one in mapped.life(id)["exceptions"]) == ["open", "resolved"]


def test_a_document_that_differs_from_the_delivered_one_is_held_and_not_delivered(mapped: Line) -> None:
    remap(mapped, "pair('IN', 'BP')")
    line = Line(mapped.store, mapped.home)
    id = UUID(line.sent(file_of("PO-1"))["transmission"]["id"])
    assert len(line.erp()) == 1
    remap(line, "pair('VN')")
    [done] = replayed(line, Verb.REPROCESS, id, fresh=True)
    assert done.says == "1 held: they differ from what was delivered"
    line.run()
    assert len(line.erp()) == 1
    assert sorted(row["state"] for row in rows(line.store, document)) == ["active", "held"]
    [again] = replayed(line, Verb.REPROCESS, id, fresh=True)
    assert "1 held" in again.says
    assert len(rows(line.store, document)) == 2


def test_a_document_that_was_never_taken_is_replaced_by_the_one_of_today(mapped: Line) -> None:
    remap(mapped, "pair('IN', 'BP')")
    line = Line(mapped.store, mapped.home)
    id = line.drop(file_of("PO-1"))
    for lane in [lane for lane in line.due() if lane.startswith("in:")]:
        line.lane_work().run(lane)
    set_state(line.store, "rejected")
    remap(line, "pair('VN')")
    [done] = replayed(line, Verb.REPROCESS, id, fresh=True)
    assert done.says == "1 made and routed"
    line.run()
    [order] = line.erp()
    assert order["lines"][0]["sku"] == "TL-100"
    assert sorted(row["state"] for row in rows(line.store, document)) == ["active", "superseded"]
    assert sorted(row["state"] for row in rows(line.store, delivery)) == ["cancelled", "delivered"]


def test_a_parked_transmission_is_read_again_and_answered_once_it_can_be(make_line: LineMaker) -> None:
    line = make_line()
    id = line.drop(file_of("PO-1"))
    content = file_of("PO-1").replace(b"ISA", b"nothing that we know", 1)
    parked = line.drop(content, name="later.edi")
    line.run()
    assert line.life(parked)["transmission"]["state"] == "parked"
    [done] = replayed(line, Verb.REPROCESS, parked)
    assert done.says == "is read again from its first byte"
    assert [one["state"] for one in line.life(parked)["exceptions"]] == ["resolved"]
    line.run()
    life = line.life(parked)
    assert life["transmission"]["state"] == "parked"
    assert sorted(one["state"] for one in life["exceptions"]) == ["open", "resolved"]
    assert len(life["issues"]) == 1
    assert line.life(id)["transmission"]["state"] == "processed"


def test_a_quarantined_transmission_is_read_again_and_answered(make_line: LineMaker) -> None:
    line = make_line()
    id = line.drop(file_of("PO-1"))
    with line.store.begin() as conn:
        conn.execute(update(transmission).values(state="quarantined", crashes=3))
    line.run()
    assert line.numbers() == []
    [done] = replayed(line, Verb.REPROCESS, id)
    assert done.done
    line.run()
    assert line.numbers() == ["PO-1"]
    assert len(line.out()) == 1


def test_a_file_that_is_not_x12_is_mapped_again(make_line: LineMaker) -> None:
    line = make_line(beech=PROFILE.split("  - {document: stock")[0])
    id = line.drop(GOOD, account="beech", name="orders-1.csv")
    for lane in [lane for lane in line.due() if lane.startswith("in:")]:
        line.lane_work().run(lane)
    with line.store.begin() as conn:
        conn.execute(document.update().values(content_sha256=b"made otherwise"))
    set_state(line.store, "rejected")
    [done] = replayed(line, Verb.REPROCESS, id)
    assert done.says == "2 made and routed"
    line.run()
    assert line.numbers() == ["P1", "P2"]


def test_a_held_document_of_ours_is_made_by_the_map_of_today(make_line: LineMaker, tmp_path: Path) -> None:
    write_map(tmp_path, "extends: base/855.out\npartner: buyer\nemit:\n  BAK08: xref(seller_order, 'our-order')\n")
    seller = Seller(make_line(buyer=buyer_profile(answer_map="buyer/855.out")))
    handed = seller.sends(answer("PO-1", seller_order="SO-1"))
    assert seller.line.out("buyer") == {}
    write_map(tmp_path, "extends: base/855.out\npartner: buyer\n")
    [done] = replayed(seller.line, Verb.REPROCESS, handed.transmission_id, fresh=True)
    assert done.done, done.says
    again = Seller(Line(seller.line.store, tmp_path))
    again.line.run()
    assert len(again.line.out("buyer")) == 1
    assert again.open_exceptions() == []
    [refused] = replayed(seller.line, Verb.REPROCESS, handed.transmission_id)
    assert "re-enveloped or resent" in refused.says


def test_a_duplicate_transmission_is_not_reprocessed(make_line: LineMaker) -> None:
    line = make_line()
    line.sent(file_of("PO-1"))
    second = line.sent(file_of("PO-1"), name="again.edi")
    assert second["transmission"]["state"] == "duplicate"
    [refused] = replayed(line, Verb.REPROCESS, second["transmission"]["id"])
    assert "repeats an earlier" in refused.says
    assert line.numbers() == ["PO-1"]


def test_an_uncertain_answer_after_a_replay_is_a_persons_again(out: Outbound) -> None:
    out.route("PO-1")
    out.adapter.idempotency = "none"
    out.adapter.steps = [Rejected("busy", "try later", path="", fix="config"), Uncertain("no answer")]
    out.run()
    replayed(out.line, Verb.RESEND, out.row().id, promised={"erp": "none"})
    out.run()
    assert out.row().state == "uncertain"
