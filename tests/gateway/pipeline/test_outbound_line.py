"""Documents of ours: handed in, kept, rendered, sent once each, linked to what they answer, or held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.errors import StoreUnavailable
from gateway.model import DocumentState, Environment
from gateway.pipeline.outbound_terms import Choices
from gateway.store import work
from tests.gateway.inbound_line import codes, group, interchange, segments_of, segments_starting
from tests.gateway.outbound_line import Seller, answer, bill, buyer_profile, notice, write_map
from tests.gateway.pipeline.conftest import LineMaker


@pytest.fixture
def seller(make_line: LineMaker) -> Seller:
    return Seller(make_line(buyer=buyer_profile()))


def test_a_document_goes_out_in_our_envelope_and_its_997_is_awaited(seller: Seller) -> None:
    handed = seller.sends(answer("PO-1"))
    [(name, content)] = seller.line.out("buyer").items()
    assert name == "855_000000001.edi"
    assert segments_of(content)[:4] == [
        "ISA*00*          *00*          *ZZ*TRADELANE      *ZZ*BUYER          *260105*0900*U*00401*000000001*0*P*>",
        "GS*PR*TRADELANE*BUYER*20260105*0900*1*X*004010",
        "ST*855*0001",
        "BAK*00*AD*PO-1*20261120*****20261121",
    ]
    sent = seller.delivery(handed)
    assert sent["state"] == "delivered"
    life = seller.line.life(sent["external_ref"])
    assert [owed["state"] for owed in life["interchanges"][0]["awaited"]] == ["waiting"]
    assert {"name": "order_number", "value": "PO-1"} in life["keys"]
    kept = seller.line.life(handed.transmission_id)
    assert (kept["transmission"]["channel"], kept["transmission"]["state"]) == ("cli", "processed")
    assert kept["documents"][0]["map_name"] == "base/855.out"


def test_documents_that_wait_together_share_an_interchange(seller: Seller) -> None:
    for number in ("PO-1", "PO-2", "PO-3"):
        seller.hands_in(answer(number))
    seller.line.run()
    [content] = seller.line.out("buyer").values()
    assert segments_starting(segments_of(content), "BAK", "GE") == [
        "BAK*00*AD*PO-1*20261120*****20261121",
        "BAK*00*AD*PO-2*20261120*****20261121",
        "BAK*00*AD*PO-3*20261120*****20261121",
        "GE*3*1",
    ]
    assert seller.numbers_used() == [("GS06", "1"), ("ISA13", "1")]


def test_a_batching_window_lets_documents_leave_at_its_marks(make_line: LineMaker) -> None:
    seller = Seller(make_line(buyer=buyer_profile(more="batch: {every: 15m}")))
    seller.line.clock.advance(timedelta(minutes=3))
    seller.hands_in(answer("PO-1"))
    seller.line.clock.advance(timedelta(minutes=11, seconds=59))
    seller.hands_in(answer("PO-2"))
    seller.line.run()
    assert seller.line.out("buyer") == {}
    seller.line.clock.advance(timedelta(seconds=1))
    seller.line.run()
    [content] = seller.line.out("buyer").values()
    assert len(segments_starting(segments_of(content), "BAK")) == 2


def test_the_same_document_again_has_no_second_effect(seller: Seller) -> None:
    seller.sends(answer("PO-1"))
    again = seller.sends(answer("PO-1"))
    assert again.state is DocumentState.DUPLICATE
    assert again.lane is None
    assert seller.line.life(again.transmission_id)["transmission"]["state"] == "duplicate"
    assert len(seller.line.out("buyer")) == 1


def test_other_content_under_the_same_number_is_held_unless_it_says_it_replaces(seller: Seller) -> None:
    seller.sends(answer("PO-1"))
    other = seller.sends(answer("PO-1", answer="rejected"))
    assert other.state is DocumentState.HELD
    assert seller.open_exceptions() == ["document.contradicts"]
    assert len(seller.line.out("buyer")) == 1
    newer = seller.sends(answer("PO-1", answer="rejected", purpose="replacement"))
    assert newer.state is DocumentState.ACTIVE
    [_, content] = seller.line.out("buyer").values()
    assert "BAK*05*RD*PO-1*20261120*****20261121" in segments_of(content)


def test_an_order_of_the_partner_and_one_of_ours_may_have_the_same_number(make_line: LineMaker) -> None:
    profile = buyer_profile() + '  - {document: "850", direction: out, map: base/850.out}\n'
    seller = Seller(make_line(buyer=profile))
    seller.gets_order("PO-1")
    ours = {
        "schema": "purchase_order/v1",
        "purpose": "original",
        "number": "PO-1",
        "date": "2026-11-20",
        "currency": "USD",
        "type": "stand_alone",
        "lines": [{"number": "1", "qty": "5", "unit": "EA", "price": "1", "sku": "V-1"}],
    }
    assert seller.sends(ours).state is DocumentState.ACTIVE
    assert any("ST*850*0001" in segments_of(content) for content in seller.line.out("buyer").values())


def test_what_answers_an_order_is_linked_to_it_and_the_whole_family_is_found(seller: Seller) -> None:
    [order] = seller.gets_order("PO-1")["documents"]
    handed = [seller.sends(document) for document in (answer("PO-1"), notice("PO-1"), bill("PO-1"))]
    assert [seller.delivery(one)["state"] for one in handed] == ["delivered"] * 3
    names = {order["id"]: "order"} | {str(one.document_id): kind for one, kind in zip(handed, "asb", strict=True)}
    found = {
        names[row["id"]]: sorted((link["relation"], names[link["to"]]) for link in row["links"])
        for row in seller.family(handed[2].document_id)  # type: ignore[arg-type]
    }
    assert found == {
        "order": [],
        "a": [("answers", "order")],
        "s": [("follows", "a"), ("ships", "order")],
        "b": [("bills", "order"), ("bills", "s")],
    }


def test_the_life_of_any_of_them_tells_of_all_and_of_what_the_partner_said(seller: Seller) -> None:
    order = seller.gets_order("PO-1")
    handed = seller.sends(answer("PO-1"))
    carrier = seller.delivery(handed)["external_ref"]
    said = ["ST*997*0001", "AK1*PR*2", "AK2*855*0001", "AK5*A", "AK9*A*1*1*1", "SE*6*0001"]
    content = interchange([group([said], functional_id="FA")], sender="BUYER", control="000000900")
    seller.line.sent(content, account="buyer", name="997.edi")
    lives = [seller.line.life(id) for id in (order["transmission"]["id"], handed.transmission_id, carrier)]
    assert lives[0]["family"] == lives[1]["family"] == lives[2]["family"]
    [_, ours] = lives[0]["family"]
    assert [(one["transmission_id"], one["outcome"]) for one in ours["sent"]] == [(carrier, "accepted")]


def test_a_map_reads_the_order_that_is_answered(make_line: LineMaker, tmp_path: Path) -> None:
    write_map(tmp_path)
    seller = Seller(make_line(buyer=buyer_profile(answer_map="buyer/855.out")))
    seller.gets_order("PO-1")
    seller.sends(answer("PO-1"))
    contents = [segments_of(content) for content in seller.line.out("buyer").values()]
    assert ["BAK*00*AD*PO-1*20261120**PO-1***20261121"] in [segments_starting(one, "BAK") for one in contents]


def test_a_missing_origin_holds_the_document_and_what_follows_it(make_line: LineMaker, tmp_path: Path) -> None:
    write_map(tmp_path)
    seller = Seller(make_line(buyer=buyer_profile(answer_map="buyer/855.out")))
    held = seller.sends(answer("PO-1"))
    behind = seller.sends(bill("PO-1"))
    other = seller.sends(bill("PO-2", invoice="INV-2"))
    assert seller.delivery(held)["state"] == "rejected"
    assert seller.open_exceptions() == ["map.origin.missing"]
    assert codes(seller.line.life(held.transmission_id)["issues"]) == ["map.origin.missing"]
    assert seller.delivery(behind)["state"] == "ready"
    assert seller.delivery(other)["state"] == "delivered"


def test_one_that_cannot_be_rendered_does_not_hold_up_those_it_waits_with(make_line: LineMaker, tmp_path: Path) -> None:
    write_map(tmp_path)
    seller = Seller(make_line(buyer=buyer_profile(answer_map="buyer/855.out")))
    seller.gets_order("PO-2")
    handed = [seller.hands_in(document) for document in (answer("PO-1"), bill("PO-1"), answer("PO-2"))]
    seller.line.run()
    assert [seller.delivery(one)["state"] for one in handed] == ["rejected", "ready", "delivered"]


def test_a_replacement_stands_in_for_what_is_held(seller: Seller) -> None:
    held = seller.sends(answer("PO-1", seller_order="A~B"))
    assert seller.open_exceptions() == ["map.value.delimiter"]
    assert seller.numbers_used() == []
    instead = seller.sends(answer("PO-1", seller_order="A~B", promised="2026-12-01", purpose="replacement"))
    assert seller.delivery(held)["state"] == "cancelled"
    assert seller.delivery(instead)["state"] == "rejected"
    assert seller.open_exceptions() == ["map.value.delimiter"]


def test_the_answer_comes_from_whom_the_order_was_addressed_to(seller: Seller) -> None:
    seller.gets_order("PO-1", receiver="TRADELANEEU")
    handed = seller.sends(answer("PO-1"), choices=Choices())
    assert seller.delivery(handed)["state"] == "delivered"
    assert any(b"*ZZ*TRADELANEEU    *ZZ*BUYER" in one for one in seller.line.out("buyer").values())


def test_test_documents_are_sent_as_test(seller: Seller) -> None:
    seller.sends(answer("PO-1"), environment=Environment.TEST)
    [content] = seller.line.out("buyer").values()
    assert segments_of(content)[0].split("*")[15] == "T"
    assert seller.sends(answer("PO-1")).state is DocumentState.ACTIVE


@pytest.mark.parametrize(
    ("document", "how", "code"),
    [
        (answer("PO-1"), {"choices": Choices()}, "outbound.ourselves"),
        (answer("PO-1"), {"choices": Choices(ourselves="uk")}, "outbound.ourselves"),
        (answer("PO-1"), {"choices": Choices("us", "acme")}, "outbound.no_way"),
        (answer("PO-1"), {"partner": "nobody"}, "outbound.partner"),
        (answer("PO-1"), {"partner": "globex"}, "outbound.no_agreement"),
    ],
)
def test_what_stands_in_the_way_is_told_at_once_and_held_by_the_line(
    seller: Seller, document: dict[str, Any], how: dict[str, Any], code: str
) -> None:
    handed = seller.sends(document, **how)
    assert codes(issue.as_json() for issue in handed.issues) == [code]
    assert seller.delivery(handed)["state"] == "rejected"
    assert seller.open_exceptions() == [code]


def test_the_most_specific_agreement_sends(make_line: LineMaker) -> None:
    profile = buyer_profile() + (
        '  - {document: "855", direction: out, usage: T, map: base/855.out, envelope: {element: "|"}}\n'
    )
    seller = Seller(make_line(buyer=profile))
    seller.sends(answer("PO-1"))
    seller.sends(answer("PO-2"), environment=Environment.TEST)
    assert sorted(content[3:4] for content in seller.line.out("buyer").values()) == [b"*", b"|"]


def test_agreements_of_two_sets_for_one_document_are_no_choice(make_line: LineMaker) -> None:
    profile = buyer_profile() + '  - {document: "865", direction: out, map: base/855.out}\n'
    seller = Seller(make_line(buyer=profile))
    assert codes(issue.as_json() for issue in seller.sends(answer("PO-1")).issues) == ["outbound.several_agreements"]


def test_a_document_goes_by_the_account_its_agreement_names(make_line: LineMaker) -> None:
    profile = buyer_profile(more="account: buyer-2", keys="  - user: buyer-2\n")
    seller = Seller(make_line(buyer=profile))
    seller.sends(answer("PO-1"))
    assert (len(seller.line.out("buyer")), len(seller.line.out("buyer-2"))) == (0, 1)


def test_a_map_that_makes_another_set_than_agreed_is_refused(make_line: LineMaker) -> None:
    profile = buyer_profile().replace('"855", direction: out', '"855", direction: out, version: "005010"')
    seller = Seller(make_line(buyer=profile))
    assert codes(issue.as_json() for issue in seller.sends(answer("PO-1")).issues) == ["outbound.map_unfit"]


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"[]",
        b'{"schema": "nothing/v1"}',
        b'{"schema": "order_acknowledgment/v1", "answer": "accepted"}',
        b'{"schema": "invoice/v1", "total": 1.5}',
    ],
)
def test_what_is_no_canonical_document_is_parked_with_its_bytes(seller: Seller, content: bytes) -> None:
    handed = seller.hands_in(content)
    seller.line.run()
    life = seller.line.life(handed.transmission_id)
    assert (life["transmission"]["state"], life["documents"]) == ("parked", [])
    assert codes(life["exceptions"]) == ["outbound.unreadable"]
    assert life["transmission"]["size"] == len(content)


def test_a_crash_before_the_commit_uses_no_number_and_sends_nothing_twice(seller: Seller) -> None:
    for number in ("PO-1", "PO-2"):
        seller.hands_in(answer(number))
    with seller.line.store.begin() as conn:
        claims = work.claim(conn, "dispatch:buyer:live", worker="test/gone", now=seller.line.clock.now())
    line = seller.line.gateway.work(worker="test/gone", wake=lambda lanes: None).dispatching
    broken = replace(line, book=replace(line.book, maps=_Gone()))  # type: ignore[arg-type]
    left, lanes = broken.together(claims)
    assert (left, lanes) == (claims, set())
    with pytest.raises(StoreUnavailable):
        broken.work(claims[0])
    assert seller.numbers_used() == []
    assert line.together(claims)[0] == []
    assert seller.numbers_used() == [("GS06", "1"), ("ISA13", "1")]
    assert len(seller.line.out("buyer")) == 1


def test_a_worker_that_was_overtaken_sends_nothing(seller: Seller) -> None:
    handed = seller.hands_in(answer("PO-1"))
    with seller.line.store.begin() as conn:
        [claim] = work.claim(conn, "dispatch:buyer:live", worker="test/slow", now=seller.line.clock.now())
        work.put_back(conn, [claim])
    seller.line.run()
    line = seller.line.gateway.work(worker="test/slow", wake=lambda lanes: None).dispatching
    left, _ = line.together([claim, replace(claim, id=handed.transmission_id)])
    assert len(left) == 2
    assert len(seller.line.out("buyer")) == 1


def test_the_document_is_kept_byte_for_byte(seller: Seller) -> None:
    content = orjson.dumps(answer("PO-1"), option=orjson.OPT_INDENT_2)
    handed = seller.hands_in(content)
    with seller.line.store.begin() as conn:
        sha256 = bytes.fromhex(seller.line.life(handed.transmission_id)["transmission"]["payload_sha256"])
        assert seller.line.gateway.vault.read(conn, sha256) == content


class _Gone:
    """Maps on a disk that is gone, as far as the line can tell."""

    def find(self, name: str) -> None:
        raise StoreUnavailable(f"{name}: the disk is gone")
