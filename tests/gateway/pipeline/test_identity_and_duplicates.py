"""The same again is answered and has no effect; other content under the same name is a revision or an exception."""

from __future__ import annotations

import pytest

from sftp.ports import Account, Area, Place
from tests.gateway.inbound_line import (
    Line,
    codes,
    file_of,
    group,
    interchange,
    order,
    orders,
    segments_starting,
)
from tests.gateway.pipeline.conftest import LineMaker

ACME = Account("acme")
OUT = Place(Area.OUT)
VAN = """\
name: A network that carries Acme's and Globex's files
sftp:
  - user: van
    carries: [acme, globex]
"""
WITHOUT_ACCOUNT = """\
name: One whose files a network brings
identifiers:
  - {qualifier: ZZ, id: SILENT}
agreements:
  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}
"""


def one_order(number: str, *, control: str, **how: str) -> bytes:
    return interchange([group([order(number, **how)])], control=control)


def test_a_clean_order_goes_the_whole_line(line: Line) -> None:
    content = file_of("PO-1")
    life = line.sent(content)
    head = life["transmission"]
    assert (head["state"], head["partner"], head["format"]) == ("processed", "acme", "x12")
    assert line.files("in") == {}
    assert line.files("archive/20260105") == {"po.edi": content}
    [found] = life["interchanges"]
    assert (found["accepted"], found["partner"], found["control_number"]) == (True, "acme", "000000017")
    [document] = life["documents"]
    assert (document["state"], document["revision"], document["map_name"]) == ("active", 1, "acme/850.in")
    [delivery] = document["deliveries"]
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
    assert [one["outcome"] for one in delivery["tries"]] == ["accepted"]
    assert line.erp()[0]["lines"][0]["qty"] == "24"
    [answer] = line.answers()
    assert segments_starting(answer, "GS", "AK1", "AK2", "AK5", "AK9") == [
        "GS*FA*TRADELANE*ACME*20260105*0900*1*X*004010",
        "AK1*PO*17",
        "AK2*850*0001",
        "AK5*A",
        "AK9*A*1*1*1",
    ]
    assert {(key["name"], key["value"]) for key in life["keys"]} >= {
        ("filename", "po.edi"),
        ("isa13", "000000017"),
        ("gs06", "17"),
        ("order_number", "PO-1"),
    }
    assert [row["action"] for row in life["audit"]] == [
        "transmission.received",
        "transmission.processed",
        "delivery.delivered",
    ]
    assert line.audit_holds()


def test_the_same_file_again_is_answered_with_the_same_bytes_and_has_no_effect(line: Line) -> None:
    content = file_of("PO-1")
    first = line.sent(content)
    again = line.sent(content, name="again.edi")
    third = line.sent(content, name="third.edi")
    assert [life["transmission"]["state"] for life in (again, third)] == ["duplicate", "duplicate"]
    assert again["transmission"]["duplicate_of"] == first["transmission"]["id"]
    assert again["interchanges"][0]["duplicate_of"] == first["interchanges"][0]["id"]
    assert again["documents"] == []
    assert again["interchanges"][0]["acknowledgments"] == first["interchanges"][0]["acknowledgments"]
    assert list(line.out()) == [
        "997_000000017_000000001-2.edi",
        "997_000000017_000000001-3.edi",
        "997_000000017_000000001.edi",
    ]
    assert len(set(line.out().values())) == 1
    assert line.numbers() == ["PO-1"]


def test_a_collected_answer_is_offered_again_and_counts_as_uncollected(line: Line) -> None:
    line.sent(file_of("PO-1"))
    [answer] = line.box.entries(ACME, OUT)
    download = line.box.open_download(ACME, OUT, answer.name)
    download.read(0, answer.size)
    download.close(complete=True)
    line.box.remove(ACME, OUT, answer.name)
    life = line.sent(file_of("PO-1"), name="again.edi")
    [acknowledgment] = life["interchanges"][0]["acknowledgments"]
    assert acknowledgment["state"] == "ready"
    assert list(line.out()) == [answer.name]


def test_the_same_isa13_with_other_content_is_told_by_ta1_025(line: Line) -> None:
    line.sent(file_of("PO-1"))
    life = line.sent(file_of("PO-2"), name="other.edi")
    assert codes(life["issues"]) == codes(life["exceptions"]) == ["x12.isa.duplicate_control_number"]
    assert life["issues"][0]["position"]["element"] == 13
    assert ["TA1*000000017*261120*0915*R*025"] in line.answers()
    assert not life["interchanges"][0]["accepted"]
    assert life["interchanges"][0]["duplicate_of"] is None
    assert line.numbers() == ["PO-1"]


def test_test_and_live_number_apart(line: Line) -> None:
    line.sent(file_of("PO-1"))
    life = line.sent(file_of("PO-2", usage="T"), name="test.edi")
    assert life["transmission"]["state"] == "processed"
    assert life["issues"] == []


def test_the_same_interchange_twice_in_a_file_has_one_effect(line: Line) -> None:
    content = file_of("PO-1")
    life = line.sent(content + content)
    assert life["transmission"]["state"] == "processed"
    first, second = life["interchanges"]
    assert second["duplicate_of"] == first["id"]
    assert life["transmission"]["duplicate_of"] is None
    assert len(set(line.out().values())) == 1
    assert line.numbers() == ["PO-1"]


def test_two_interchanges_of_one_isa13_and_other_content_in_a_file(line: Line) -> None:
    life = line.sent(file_of("PO-1") + file_of("PO-2"))
    assert codes(life["issues"]) == ["x12.isa.duplicate_control_number"]
    assert line.numbers() == ["PO-1"]
    kinds = sorted(segments_starting(answer, "TA1", "AK9")[0] for answer in line.answers())
    assert kinds == ["AK9*A*1*1*1", "TA1*000000017*261120*0915*R*025"]


def test_the_same_order_under_a_new_control_number_is_accepted_and_has_no_effect(line: Line) -> None:
    line.sent(one_order("PO-1", control="000000001"))
    life = line.sent(one_order("PO-1", control="000000002"), name="again.edi")
    assert life["transmission"]["state"] == "processed"
    [document] = life["documents"]
    assert (document["state"], document["deliveries"]) == ("duplicate", [])
    assert document["duplicate_of"] is not None
    assert life["exceptions"] == []
    assert line.numbers() == ["PO-1"]


def test_the_same_order_twice_in_one_interchange_has_one_effect(line: Line) -> None:
    life = line.sent(interchange([group([order("PO-1"), order("PO-1", st02="0002")])]))
    assert [document["state"] for document in life["documents"]] == ["active", "duplicate"]
    assert line.numbers() == ["PO-1"]


def test_another_order_of_the_same_number_is_held_for_a_person(line: Line) -> None:
    line.sent(one_order("PO-1", control="000000001"))
    life = line.sent(one_order("PO-1", control="000000002", qty="25"), name="again.edi")
    [document] = life["documents"]
    assert (document["state"], document["deliveries"]) == ("held", [])
    [exception] = life["exceptions"]
    assert (exception["code"], exception["document_id"]) == ("document.contradicts", document["id"])
    assert "original" in exception["reason"]
    assert [order["lines"][0]["qty"] for order in line.erp()] == ["24"]


@pytest.mark.parametrize("purpose", ["05", "01"])
def test_a_replacement_or_cancellation_is_a_revision(line: Line, purpose: str) -> None:
    first = line.sent(one_order("PO-1", control="000000001"))
    life = line.sent(one_order("PO-1", control="000000002", qty="25", purpose=purpose), name="again.edi")
    [document] = life["documents"]
    assert (document["state"], document["revision"]) == ("active", 2)
    assert line.life(first["transmission"]["id"])["documents"][0]["state"] == "superseded"
    assert sorted(order["lines"][0]["qty"] for order in line.erp()) == ["24", "25"]
    references = {
        delivery["reference"]
        for one in (first, life)
        for document in one["documents"]
        for delivery in document["deliveries"]
    }
    assert len(references) == 2


def test_a_held_document_does_not_keep_a_later_replacement_back(line: Line) -> None:
    line.sent(one_order("PO-1", control="000000001"))
    line.sent(one_order("PO-1", control="000000002", qty="25"), name="held.edi")
    life = line.sent(one_order("PO-1", control="000000003", qty="26", purpose="05"), name="third.edi")
    assert [(document["state"], document["revision"]) for document in life["documents"]] == [("active", 2)]


@pytest.mark.parametrize("how", ["ISA15", "folder"])
def test_a_test_document_is_shown_and_never_delivered(line: Line, how: str) -> None:
    in_isa = how == "ISA15"
    life = line.sent(file_of("PO-1", usage="T" if in_isa else "P"), area=Area.IN if in_isa else Area.TEST)
    [document] = life["documents"]
    assert (document["environment"], document["state"]) == ("test", "active")
    assert [delivery["state"] for delivery in document["deliveries"]] == ["test"]
    assert line.due() == []
    assert line.erp() == []
    assert segments_starting(line.answers()[0], "AK9") == ["AK9*A*1*1*1"]


def test_a_test_order_is_no_duplicate_of_a_live_one(line: Line) -> None:
    line.sent(one_order("PO-1", control="000000001"))
    life = line.sent(interchange([group([order("PO-1")])], control="000000002", usage="T"), name="test.edi")
    assert [document["state"] for document in life["documents"]] == ["active"]


def test_a_network_carries_for_those_it_may_and_collects_their_answers(make_line: LineMaker) -> None:
    line = make_line(van=VAN)
    life = line.sent(file_of("PO-1") + file_of("PO-2", sender="STRANGER", control="000000018"), account="van")
    assert life["transmission"]["state"] == "processed"
    assert [found["partner"] for found in life["interchanges"]] == ["acme", None]
    assert codes(life["exceptions"]) == ["partner.unknown_sender"]
    assert len(line.out("van")) == 1
    assert line.out("acme") == {}
    assert line.numbers() == ["PO-1"]


def test_a_file_of_the_same_name_replaces_the_visible_one_and_both_are_worked(line: Line) -> None:
    first = line.drop(file_of("PO-1", control="000000001"))
    second = line.drop(file_of("PO-2", control="000000002"))
    line.run()
    assert [line.life(id)["transmission"]["state"] for id in (first, second)] == ["processed", "processed"]
    assert line.numbers() == ["PO-1", "PO-2"]


def test_contradictions_of_one_kind_are_one_matter_with_an_exception_for_each_document(line: Line) -> None:
    line.sent(file_of("PO-1", "PO-2"))
    life = line.sent(interchange([group(orders(("PO-1", "PO-2"), qty="99"))], control="000000018"))
    assert len({row["document_id"] for row in life["exceptions"]}) == 2
    assert {row["code"] for row in life["exceptions"]} == {"document.contradicts"}
    assert len({row["fingerprint"] for row in life["exceptions"]}) == 1
