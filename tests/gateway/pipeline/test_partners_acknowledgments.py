"""What partners say of what we sent: matched at interchange, group and set level, shown on both transmissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.model import Environment
from gateway.store import expected
from gateway.store.gaps import findings
from tests.gateway.inbound_line import Line, codes, file_of, interchange
from tests.gateway.pipeline.conftest import LineMaker
from tests.gateway.sending import Buyer, answer_to, change_of, profile

Life = dict[str, Any]


@pytest.fixture
def buyer(make_line: LineMaker) -> Buyer:
    return Buyer(make_line(buyer=profile()))


def outcomes(life: Life) -> tuple[str, list[str]]:
    """Of the first group and its sets."""
    [found] = life["interchanges"][0]["groups"]
    return found["outcome"], [one["outcome"] for one in found["sets"]]


def awaited(life: Life) -> list[tuple[str, str]]:
    return [(owed["kind"], owed["state"]) for owed in life["interchanges"][0]["awaited"]]


def again(buyer: Buyer, life: Life) -> Life:
    return buyer.line.life(life["transmission"]["id"])


def test_what_we_send_waits_for_a_997_of_each_group(buyer: Buyer) -> None:
    [id] = buyer.send(answer_to("PO-1"), answer_to("PO-2"), change_of("PO-1"))
    life = buyer.line.life(id)
    [inside] = life["interchanges"]
    assert [(one["functional_id"], one["control_number"], len(one["sets"])) for one in inside["groups"]] == [
        ("PR", "1", 2),
        ("CA", "2", 1),
    ]
    assert awaited(life) == [("997", "waiting"), ("997", "waiting")]
    due = buyer.line.clock.now() + timedelta(hours=24)
    assert [owed["due_at"] for owed in inside["awaited"]] == [due.isoformat()] * 2


def test_a_997_that_accepts_closes_what_was_awaited(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1", "PO-2")
    said = buyer.says("AK1*PR*1", "AK2*855*0001", "AK5*A", "AK2*855*0002", "AK5*A", "AK9*A*2*2*2")
    assert said["exceptions"] == []
    life = again(buyer, life)
    assert outcomes(life) == ("accepted", ["accepted", "accepted"])
    assert awaited(life) == [("997", "accepted")]
    assert [(one["direction"], one["status"]) for one in life["interchanges"][0]["acknowledgments"]] == [
        ("in", "accepted")
    ]
    assert [(one["kind"], one["status"], one["transmission_id"]) for one in said["answers"]] == [
        ("997", "accepted", life["transmission"]["id"])
    ]
    assert life["exceptions"] == []


@pytest.mark.parametrize(
    ("segments", "group_outcome", "set_outcomes", "opened"),
    [
        (["AK9*A*2*2*2"], "accepted", ["accepted", "accepted"], []),
        (["AK9*E*2*2*2"], "accepted_with_errors", ["accepted", "accepted"], []),
        (["AK9*R*2*2*0"], "rejected", ["rejected", "rejected"], ["acknowledgment.rejected"]),
        (["AK9*P*2*2*1"], "partial", ["unknown", "unknown"], ["acknowledgment.rejected"]),
        (
            ["AK2*855*0002", "AK3*BAK*2**8", "AK4*4*373*8*20261120", "AK5*R*5", "AK9*P*2*2*1"],
            "partial",
            ["accepted", "rejected"],
            ["acknowledgment.rejected"],
        ),
        (
            ["AK2*855*0001", "AK3*BAK*2**8", "AK4*4*373*8", "AK5*E*5", "AK9*E*2*2*2"],
            "accepted_with_errors",
            ["accepted_with_errors", "accepted"],
            [],
        ),
    ],
)
def test_each_set_is_what_the_997_says_of_it_or_of_its_group(
    buyer: Buyer, segments: list[str], group_outcome: str, set_outcomes: list[str], opened: list[str]
) -> None:
    life = buyer.send_orders("PO-1", "PO-2")
    said = buyer.says("AK1*PR*1", *segments)
    life = again(buyer, life)
    assert outcomes(life) == (group_outcome, set_outcomes)
    assert awaited(life) == [("997", group_outcome)]
    assert codes(life["exceptions"]) == opened
    assert codes(said["exceptions"]) == (["acknowledgment.incomplete"] if "unknown" in set_outcomes else [])


def test_the_partners_notes_stand_with_what_we_sent(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1", "PO-2")
    buyer.says("AK1*PR*1", "AK2*855*0002", "AK3*BAK*2**8", "AK4*4*373*8*20261120", "AK5*R*5", "AK9*P*2*2*1", kind="997")
    life = again(buyer, life)
    [issue] = life["issues"]
    assert (issue["stage"], issue["severity"], issue["value"]) == ("acknowledged", "error", "20261120")
    place = issue["position"]
    assert [place[name] for name in ("interchange", "group", "set", "segment_id", "segment", "element")] == [
        1,
        1,
        2,
        "BAK",
        2,
        4,
    ]
    assert issue["transaction_set_id"] == life["interchanges"][0]["groups"][0]["sets"][1]["id"]
    [opened] = life["exceptions"]
    assert opened["reason"].startswith("buyer rejects 855 0002 of group PR 1 by 997: the partner says AK403 8")


def test_a_999_settles_what_a_997_was_awaited_for(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    segments = ["ST*999*0001", "AK1*PR*1*004010", "AK2*855*0001", "IK5*R*I5", "AK9*R*1*1*0", "SE*6*0001"]
    said = buyer.brings([segments], release="005010")
    assert [one["kind"] for one in said["answers"]] == ["999"]
    assert awaited(again(buyer, life)) == [("997", "rejected")]


def test_the_same_997_again_is_a_duplicate_without_effect(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    buyer.says("AK1*PR*1", "AK9*R*1*1*0")
    said = buyer.says("AK1*PR*1", "AK9*R*1*1*0")
    assert [one["status"] for one in said["answers"]] == ["duplicate"]
    life = again(buyer, life)
    assert codes(life["exceptions"]) == ["acknowledgment.rejected"]
    assert said["exceptions"] == []


def test_a_997_that_takes_back_what_the_first_said_holds_and_is_told(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    buyer.says("AK1*PR*1", "AK9*A*1*1*1")
    said = buyer.says("AK1*PR*1", "AK9*R*1*1*0")
    assert codes(said["exceptions"]) == ["acknowledgment.contradicts"]
    assert outcomes(again(buyer, life)) == ("rejected", ["rejected"])


@pytest.mark.parametrize("named", ["AK1*PR*2", "AK1*IN*1", "AK1*PR*0", "AK1*PR*999999999"])
def test_a_997_of_a_group_we_never_sent_is_a_matter_for_a_person(buyer: Buyer, named: str) -> None:
    life = buyer.send_orders("PO-1")
    said = buyer.says(named, "AK9*A*1*1*1")
    assert "acknowledgment.without_match" in codes(said["exceptions"])
    assert said["transmission"]["state"] == "processed"
    assert awaited(again(buyer, life)) == [("997", "waiting")]


def test_a_set_that_is_not_in_the_group_has_no_match_and_the_rest_counts(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    said = buyer.says("AK1*PR*1", "AK2*855*0007", "AK5*A", "AK9*A*1*1*1")
    assert codes(said["exceptions"]) == ["acknowledgment.without_match"]
    assert outcomes(again(buyer, life)) == ("accepted", ["accepted"])


def test_test_and_live_are_matched_apart(buyer: Buyer) -> None:
    live = buyer.send_orders("PO-1")
    test = buyer.send_orders("PO-1", environment=Environment.TEST)
    buyer.says("AK1*PR*1", "AK9*A*1*1*1", usage="T")
    assert awaited(again(buyer, live)) == [("997", "waiting")]
    assert awaited(again(buyer, test)) == [("997", "accepted")]


def test_acknowledgments_need_no_agreement_and_are_never_answered(buyer: Buyer) -> None:
    buyer.send_orders("PO-1")
    before = set(buyer.line.out("buyer"))
    for said in (buyer.says("AK1*PR*1", "AK9*A*1*1*1"), buyer.notes("TA1*000000001*260105*0900*A*000")):
        assert said["transmission"]["state"] == "processed"
        assert said["issues"] == []
        assert said["exceptions"] == []
    assert set(buyer.line.out("buyer")) == before


def test_a_997_in_an_interchange_that_is_refused_has_no_effect(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    buyer.says("AK1*PR*1", "AK9*A*1*1*1", count=7)
    assert awaited(again(buyer, life)) == [("997", "waiting")]


def test_a_997_without_an_ak1_is_told_to_a_person(buyer: Buyer) -> None:
    said = buyer.says("AK9*A*1*1*1")
    assert codes(said["exceptions"]) == ["acknowledgment.faulty", "acknowledgment.unreadable"]


def test_a_997_for_another_identity_of_ours_is_matched_all_the_same(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    buyer.says("AK1*PR*1", "AK9*A*1*1*1", to=f"01*{'006929681':15}")
    assert awaited(again(buyer, life)) == [("997", "accepted")]


def test_a_ta1_that_rejects_takes_every_group_along(make_line: LineMaker) -> None:
    buyer = Buyer(make_line(buyer=profile(more="envelope: {ta1: true}")))
    life = buyer.send_orders("PO-1", "PO-2")
    assert awaited(life) == [("TA1", "waiting"), ("997", "waiting")]
    content = next(iter(buyer.line.out("buyer").values())).decode()
    assert content.split("*")[14] == "1"
    said = buyer.notes("TA1*000000001*260105*0900*R*006")
    assert [(one["kind"], one["status"]) for one in said["answers"]] == [("TA1", "rejected")]
    life = again(buyer, life)
    assert life["interchanges"][0]["outcome"] == "rejected"
    assert outcomes(life) == ("rejected", ["rejected", "rejected"])
    assert awaited(life) == [("TA1", "rejected"), ("997", "rejected")]
    assert codes(life["exceptions"]) == ["acknowledgment.rejected"]


def test_a_ta1_that_accepts_leaves_the_997_to_come(make_line: LineMaker) -> None:
    buyer = Buyer(make_line(buyer=profile(more="envelope: {ta1: true}")))
    life = buyer.send_orders("PO-1")
    buyer.notes("TA1*000000001*260105*0900*A*000")
    assert awaited(again(buyer, life)) == [("TA1", "accepted"), ("997", "waiting")]


def test_a_ta1_may_speak_of_an_acknowledgment_of_ours(line: Line) -> None:
    answer = line.sent(file_of("PO-1"))["interchanges"][0]["acknowledgments"][0]["transmission_id"]
    said = line.sent(interchange([["TA1*000000001*260105*0900*R*006"]], control="000000018", count=0), name="note.edi")
    assert [one["transmission_id"] for one in said["answers"]] == [answer]
    assert codes(line.life(answer)["exceptions"]) == ["acknowledgment.rejected"]


def advice(status: str, *, group: str = "1", number: str = "0001") -> list[str]:
    oti = f"OTI*{status}*PO*PO-1*****{group}*{number}*855"
    return ["ST*824*0001", "BGN*00*ADV-1*20261120", oti, "TED*024*price is wrong", "SE*5*0001"]


def test_an_824_moves_the_set_it_speaks_of(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1", "PO-2")
    buyer.says("AK1*PR*1", "AK9*A*2*2*2")
    said = buyer.brings([advice("TR", number="0002")], functional_id="AG")
    assert [(one["kind"], one["status"]) for one in said["answers"]] == [("824", "rejected")]
    life = again(buyer, life)
    assert outcomes(life) == ("accepted", ["accepted", "rejected"])
    assert awaited(life) == [("997", "accepted")]
    assert codes(life["exceptions"]) == ["acknowledgment.rejected"]
    assert "price is wrong" in life["exceptions"][0]["reason"]


def test_an_824_that_does_not_name_the_kind_of_set_is_matched_by_its_numbers(buyer: Buyer) -> None:
    lives = [buyer.send_orders("PO-1"), buyer.line.life(buyer.send(change_of("PO-9"))[0])]
    nameless = [part.replace("*855", "") for part in advice("TR", group="2")]
    assert buyer.brings([nameless], functional_id="AG")["exceptions"] == []
    assert [outcomes(again(buyer, life))[1] for life in lives] == [[None], ["rejected"]]


def test_an_824_of_something_else_has_no_match(buyer: Buyer) -> None:
    buyer.send_orders("PO-1")
    said = buyer.brings([advice("TR", group="99")], functional_id="AG")
    assert codes(said["exceptions"]) == ["acknowledgment.without_match"]


BY_KIND = profile(profile_keys="control_numbers: {sent_gs06: kind}\n")


def test_each_kind_of_group_may_be_counted_apart(make_line: LineMaker) -> None:
    buyer = Buyer(make_line(buyer=BY_KIND))
    sent = buyer.send(answer_to("PO-1"), change_of("PO-9"), answer_to("PO-2"))
    sent += buyer.send(answer_to("PO-3"))
    groups = [inside for id in sent for inside in buyer.line.life(id)["interchanges"][0]["groups"]]
    assert [(one["functional_id"], one["control_number"], len(one["sets"])) for one in groups] == [
        ("PR", "1", 2),
        ("CA", "1", 1),
        ("PR", "2", 1),
    ]
    said = buyer.says("AK1*CA*1", "AK9*R*1*1*0")
    assert said["exceptions"] == []
    assert [outcomes(buyer.line.life(id))[0] for id in sent] == [None, "rejected", None]
    with buyer.line.store.begin() as conn:
        assert findings(conn) == []


def test_an_824_finds_its_group_by_the_set_where_kinds_are_counted_apart(make_line: LineMaker) -> None:
    buyer = Buyer(make_line(buyer=BY_KIND))
    sent = buyer.send(answer_to("PO-1"), change_of("PO-9"))
    assert buyer.brings([advice("TR")], functional_id="AG")["exceptions"] == []
    assert [outcomes(buyer.line.life(id))[1] for id in sent] == [["rejected"], [None]]
    nameless = [part.replace("*855", "") for part in advice("TR")]
    said = buyer.brings([nameless], functional_id="AG")
    assert codes(said["exceptions"]) == ["acknowledgment.without_match"]


def test_a_number_counted_anew_means_what_was_sent_last(make_line: LineMaker) -> None:
    buyer = Buyer(make_line(buyer=profile()))
    before = buyer.send_orders("PO-1")
    buyer = Buyer(make_line(buyer=BY_KIND))
    buyer.line.clock.advance(timedelta(minutes=1))
    after = buyer.send_orders("PO-2")
    assert after["interchanges"][0]["groups"][0]["control_number"] == "1"
    buyer.says("AK1*PR*1", "AK9*A*1*1*1")
    assert (outcomes(again(buyer, before))[0], outcomes(again(buyer, after))[0]) == (None, "accepted")


def test_what_is_overdue_is_told_once_and_resolved_when_it_comes(buyer: Buyer) -> None:
    life = buyer.send_orders("PO-1")
    clock = buyer.line.clock

    def mark() -> int:
        with buyer.line.store.begin() as conn:
            return expected.mark_overdue(conn, at=clock.now())

    clock.advance(timedelta(hours=23, minutes=59))
    assert mark() == 0
    clock.advance(timedelta(minutes=1))
    assert [mark(), mark()] == [1, 0]
    late = again(buyer, life)
    assert awaited(late) == [("997", "overdue")]
    [opened] = late["exceptions"]
    assert (opened["code"], opened["state"]) == ("acknowledgment.overdue", "open")
    assert opened["reason"] == (
        "no 997 from buyer for group PR 1 of interchange 000000001 by 2026-01-06 09:00 UTC; the file is ready"
    )
    buyer.says("AK1*PR*1", "AK9*A*1*1*1")
    come = again(buyer, life)
    assert awaited(come) == [("997", "accepted")]
    assert [one["state"] for one in come["exceptions"]] == ["resolved"]
    assert mark() == 0


@pytest.mark.parametrize("terms", ["acknowledge: {functional: never}", "acknowledge: {functional: on_error}"])
def test_nothing_is_awaited_where_no_acknowledgment_is_always_made(make_line: LineMaker, terms: str) -> None:
    buyer = Buyer(make_line(buyer=profile(terms=terms)))
    life = buyer.send_orders("PO-1")
    assert awaited(life) == []
    buyer.says("AK1*PR*1", "AK9*A*1*1*1")
    assert outcomes(again(buyer, life)) == ("accepted", ["accepted"])
