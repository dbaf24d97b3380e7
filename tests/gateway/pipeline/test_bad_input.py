"""Whatever arrives: a clear issue with its place, an exception where a person is needed, and nothing good lost."""

from __future__ import annotations

import tracemalloc

import pytest

from gateway.store import timeline
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

PASSED_THROUGH = """\
name: One who sends what we do not read
identifiers:
  - {qualifier: ZZ, id: OPAQUE}
sftp:
  - user: opaque
agreements:
  - {document: "999", direction: in, pass_through: true, deliver_to: [erp]}
  - {document: "850", direction: in, pass_through: true, deliver_to: [erp]}
"""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\r\n  \r\n", "file.empty"),
        (bytes(range(256)) * 40, "file.binary"),
        (b"PK\x03\x04" + b"\x00" * 500, "file.binary"),
        (b"<?xml version='1.0'?><order/>", "file.xml"),
        (b"order;item;qty\n1;2;3\n", "file.unknown"),
    ],
)
def test_what_is_no_x12_is_parked_with_its_reason(line: Line, content: bytes, code: str) -> None:
    life = line.sent(content)
    assert life["transmission"]["state"] == "parked"
    assert life["transmission"]["reason"].endswith("want an X12 interchange")
    assert codes(life["issues"]) == codes(life["exceptions"]) == [code]
    assert life["issues"][0]["position"]["offset"] == 0
    assert line.files("in") == {}
    assert line.files("error") == {"po.edi": content}
    assert line.out() == {}
    assert line.audited(life["transmission"]["id"]) == [
        "transmission.received",
        "exception.opened",
        "transmission.parked",
    ]


def test_a_truncated_isa_is_parked(line: Line) -> None:
    life = line.sent(file_of("PO-1")[:70])
    assert life["transmission"]["state"] == "parked"
    assert codes(life["issues"]) == ["x12.isa.truncated"]
    assert codes(life["exceptions"]) == ["x12.isa.truncated"]
    assert life["transmission"]["reason"]


def test_an_isa_without_a_usable_terminator_is_told_by_ta1_004(line: Line) -> None:
    life = line.sent(file_of("PO-1")[:105] + b"A" * (3 * 1024 * 1024))
    assert "x12.isa.segment_terminator" in codes(life["issues"])
    assert all(issue["position"]["offset"] is not None for issue in life["issues"])
    assert line.answers() == [["TA1*000000017*261120*0915*R*004"]]
    assert line.erp() == []


def test_a_file_without_a_terminator_is_refused_and_the_memory_it_costs_is_bounded(line: Line) -> None:
    content = file_of("PO-1")[:107] + b"GS" + b"A" * (12 * 1024 * 1024)
    id = line.drop(content)
    tracemalloc.start()
    line.run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    life = line.life(id)
    assert {"x12.segment.too_large", "x12.iea.missing"} <= set(codes(life["issues"]))
    assert line.answers()[0][0].startswith("TA1*000000017*261120*0915*R*")
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("content", "issue", "answered"),
    [
        (interchange([group(orders(["PO-1"]), count=2)]), "x12.ge.set_count", "AK9*R*2*1*0*5"),
        (interchange([group(orders(["PO-1"]), ge02="18")]), "x12.ge.control_number", "AK9*R*1*1*0*4"),
    ],
)
def test_a_wrong_trailer_of_a_group_refuses_it_in_the_997(
    line: Line, content: bytes, issue: str, answered: str
) -> None:
    life = line.sent(content)
    assert life["transmission"]["state"] == "processed"
    assert codes(life["issues"]) == [issue]
    [found] = life["interchanges"]
    assert [(one["status"], one["sets_accepted"]) for one in found["groups"]] == [("R", 0)]
    assert not found["groups"][0]["sets"][0]["accepted"]
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == [answered]
    assert life["documents"] == []
    assert line.erp() == []
    assert line.files("archive/20260105") == {"po.edi": content}


@pytest.mark.parametrize(
    ("content", "issue", "note"),
    [
        (interchange([group(orders(["PO-1"]))], count=2), "x12.iea.group_count", "R*021"),
        (interchange([group(orders(["PO-1"]))], iea02="000000018"), "x12.iea.control_number", "R*001"),
        (file_of("PO-1").rpartition(b"IEA")[0], "x12.iea.missing", "R*023"),
    ],
)
def test_a_wrong_trailer_of_an_interchange_is_answered_by_a_ta1_alone(
    line: Line, content: bytes, issue: str, note: str
) -> None:
    life = line.sent(content)
    assert codes(life["issues"]) == [issue]
    assert not life["interchanges"][0]["accepted"]
    assert not life["interchanges"][0]["groups"][0]["sets"][0]["accepted"]
    [answer] = line.answers()
    assert answer == [f"TA1*000000017*261120*0915*{note}"]
    assert [one["status"] for one in life["interchanges"][0]["acknowledgments"]] == ["R"]
    assert line.erp() == []


def test_a_wrong_count_of_segments_refuses_its_set_and_not_the_one_beside_it(line: Line) -> None:
    bad = order("PO-1")
    bad[-1] = "SE*9*0001"
    life = line.sent(interchange([group([bad, order("PO-2", st02="0002")])]))
    assert codes(life["issues"]) == ["x12.se.segment_count"]
    [answer] = line.answers()
    assert segments_starting(answer, "AK2", "AK5", "AK9") == [
        "AK2*850*0001",
        "AK5*R*4",
        "AK2*850*0002",
        "AK5*A",
        "AK9*P*2*2*1",
    ]
    assert life["interchanges"][0]["groups"][0]["status"] == "P"
    assert line.numbers() == ["PO-2"]


def test_an_unknown_version_is_refused_with_its_group(line: Line) -> None:
    good = group(orders(["PO-2"]), control="18")
    life = line.sent(interchange([group(orders(["PO-1"]), version="006010"), good]))
    assert "x12.gs.unsupported_version" in codes(life["issues"])
    assert codes(life["issues"]).count("x12.gs.unsupported_version") == 1
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == ["AK9*R*1*1*0*2", "AK9*A*1*1*1"]
    assert line.numbers() == ["PO-2"]


def test_an_unknown_set_is_refused_and_told_to_a_person(line: Line) -> None:
    life = line.sent(interchange([group([order("X", code="888"), order("PO-2", st02="0002")])]))
    [answer] = line.answers()
    assert segments_starting(answer, "AK5", "AK9") == ["AK5*R*1", "AK5*A", "AK9*P*2*2*1"]
    assert codes(life["exceptions"]) == ["partner.no_agreement"]
    assert life["interchanges"][0]["groups"][0]["sets_accepted"] == 1
    assert line.numbers() == ["PO-2"]


def test_a_set_without_agreement_is_refused_though_its_guide_is_there(line: Line) -> None:
    functional_ack = ["ST*855*0001", "BAK*00*AD*PO-1*20261120", "SE*3*0001"]
    life = line.sent(interchange([group([functional_ack], functional_id="PR"), group(orders(["PO-2"]), control="18")]))
    assert codes(life["exceptions"]) == ["partner.no_agreement"]
    [refused, accepted] = life["interchanges"][0]["groups"]
    assert (refused["status"], refused["sets_accepted"], accepted["status"]) == ("R", 0, "A")
    [answer] = line.answers()
    assert segments_starting(answer, "AK5", "AK9") == ["AK5*R*1", "AK9*R*1*1*0", "AK5*A", "AK9*A*1*1*1"]
    assert line.numbers() == ["PO-2"]


def test_an_unknown_partner_is_parked_and_not_answered(line: Line) -> None:
    life = line.sent(file_of("PO-1", sender="STRANGER"))
    assert life["transmission"]["state"] == "parked"
    assert "STRANGER" in life["transmission"]["reason"]
    assert codes(life["issues"]) == codes(life["exceptions"]) == ["partner.unknown_sender"]
    assert life["issues"][0]["position"]["segment_id"] == "ISA"
    assert line.out() == {}
    assert line.erp() == []


def test_one_partner_cannot_speak_for_another(line: Line) -> None:
    life = line.sent(file_of("PO-1"), account="globex")
    assert codes(life["exceptions"]) == ["partner.sender_not_carried"]
    assert line.out("globex") == line.out("acme") == {}
    assert line.erp() == []


def test_an_unknown_receiver_is_told_by_ta1_009(line: Line) -> None:
    life = line.sent(file_of("PO-1", receiver="NOBODY"))
    assert life["transmission"]["state"] == "parked"
    assert codes(life["exceptions"]) == ["x12.isa.unknown_receiver"]
    assert line.answers() == [["TA1*000000017*261120*0915*R*009"]]
    with line.store.begin() as conn:
        [sent] = timeline.newest(conn, direction="out")
    assert sent["partner"] == "acme"


@pytest.mark.parametrize("bad", ["unknown partner", "no trailer", "garbage"])
def test_of_several_interchanges_a_bad_one_harms_no_other(line: Line, bad: str) -> None:
    first, last = file_of("PO-1"), file_of("PO-3", control="000000019")
    middle = {
        "unknown partner": file_of("PO-2", control="000000018", sender="STRANGER"),
        "no trailer": file_of("PO-2", control="000000018").rpartition(b"GE*")[0],
        "garbage": b"what is this?",
    }[bad]
    life = line.sent(first + middle + last)
    assert life["transmission"]["state"] == "processed"
    assert line.numbers() == ["PO-1", "PO-3"]
    assert life["issues"]
    assert all(issue["position"]["offset"] is not None for issue in life["issues"])
    accepted = [answer for answer in line.answers() if segments_starting(answer, "AK9") == ["AK9*A*1*1*1"]]
    assert len(accepted) == 2


def test_an_element_of_one_megabyte_refuses_its_set_only(line: Line) -> None:
    bad = order("PO-1")
    bad.insert(2, "REF*DP*" + "9" * 1_000_000)
    bad[-1] = "SE*6*0001"
    life = line.sent(interchange([group([bad, order("PO-2", st02="0002")])]))
    assert codes(life["issues"]) == ["x12.segment.too_large"]
    assert life["issues"][0]["position"]["segment"] == 3
    assert line.numbers() == ["PO-2"]


def test_bytes_above_ascii_are_read_one_to_one(line: Line) -> None:
    named = order("PO-1")
    named.insert(2, "N1*ST*Köln Süd*92*0118")
    named[-1] = "SE*6*0001"
    life = line.sent(interchange([group([named])]))
    assert life["issues"] == []
    assert line.erp()[0]["ship_to"]["name"] == "Köln Süd"


def test_blank_segments_are_warned_about_and_accepted(line: Line) -> None:
    life = line.sent(file_of("PO-1").replace(b"CTT*1~", b"~CTT*1~~"))
    assert codes(life["issues"]) == ["x12.segment.empty", "x12.segment.empty"]
    assert {issue["severity"] for issue in life["issues"]} == {"warning"}
    assert life["exceptions"] == []
    assert line.numbers() == ["PO-1"]


@pytest.mark.parametrize("end", ["~", "~\r\n", "\r\n", "\n", "\x1c", "'"])
def test_every_usual_terminator_is_read(line: Line, end: str) -> None:
    life = line.sent(file_of("PO-1", end=end))
    assert life["transmission"]["state"] == "processed"
    assert life["issues"] == []
    assert line.numbers() == ["PO-1"]


@pytest.mark.parametrize("place", ["GS*PO*AC\x00ME", "GS*PO*ACME*TRADELANE*20261120*0915*1\x007", "BEG*00*SA*PO\x00-1"])
def test_a_nul_anywhere_is_a_fault_of_the_file_and_not_of_the_store(line: Line, place: str) -> None:
    clean = place.replace("\x00", "")
    content = file_of("PO-1").replace(clean.encode(), place.encode()) + file_of("PO-2", control="000000018")
    life = line.sent(content)
    assert life["transmission"]["state"] == "processed"
    assert life["transmission"]["tries"] == []
    assert line.numbers() == ["PO-2"]
    assert life["issues"]


def test_a_control_number_too_long_for_any_index_is_a_fault_of_the_file(line: Line) -> None:
    long = "".join(f"{number:x}" for number in range(12_000))
    life = line.sent(interchange([group(orders(["PO-1"]), control=long)]) + file_of("PO-2", control="000000018"))
    assert life["transmission"]["state"] == "processed"
    assert "x12.gs.control_number" in codes(life["issues"])
    assert line.numbers() == ["PO-2"]


def test_a_map_that_cannot_read_a_set_is_a_matter_for_a_person(line: Line) -> None:
    bad = order("PO-1")
    bad[2] = "PO1*1*24*EA*12.5*PE*VN*TL-100"  # no IN, which Acme's map takes the item from
    life = line.sent(interchange([group([bad, order("PO-2", st02="0002")])]))
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == ["AK9*A*2*2*2"]
    [issue] = life["issues"]
    assert issue["stage"] == "map"
    assert issue["position"]["set"] == 1
    assert len(life["exceptions"]) == 1
    assert life["exceptions"][0]["state"] == "open"
    assert line.numbers() == ["PO-2"]


def test_what_is_agreed_to_pass_through_is_accepted_unread(make_line: LineMaker) -> None:
    line = make_line(opaque=PASSED_THROUGH)
    sets = [order("PO-1")]
    life = line.sent(interchange([group(sets, version="006010")], sender="OPAQUE"), account="opaque")
    assert life["transmission"]["state"] == "processed"
    [answer] = line.answers("opaque")
    assert segments_starting(answer, "AK5", "AK9") == ["AK5*A", "AK9*A*1*1*1"]
    [found] = life["interchanges"][0]["groups"]
    assert (found["status"], found["sets_accepted"]) == ("A", 1)
    assert found["sets"][0]["accepted"]
    assert {issue["severity"] for issue in life["issues"]} == {"warning"}
    assert life["documents"] == life["exceptions"] == []


def test_acknowledgments_are_never_answered_not_even_with_a_reused_number(line: Line) -> None:
    functional = ["ST*997*0001", "AK1*PO*5", "AK9*A*1*1*1", "SE*4*0001"]
    first = interchange([group([functional], functional_id="FA")])
    line.sent(first)
    other = interchange([group([["ST*997*0001", "AK1*PO*6", "AK9*A*1*1*1", "SE*4*0001"]], functional_id="FA")])
    life = line.sent(other, name="again.edi")
    assert codes(life["exceptions"]) == ["x12.isa.duplicate_control_number"]
    assert line.out() == {}


@pytest.mark.parametrize(("receiver", "control"), [("TRADE\x00LANE", "000000017"), ("TRADELANE", "00/../\x0017")])
def test_an_envelope_that_would_hurt_the_store_or_a_file_name_is_answered(
    line: Line, receiver: str, control: str
) -> None:
    life = line.sent(file_of("PO-1", receiver=receiver, control=control) + file_of("PO-2", control="000000018"))
    assert life["transmission"]["state"] == "processed"
    assert life["transmission"]["tries"] == []
    assert line.numbers() == ["PO-2"]
    assert all(name.replace("_", "").replace(".", "").isalnum() for name in line.out())
    assert any(answer[0].startswith("TA1") for answer in line.answers())


@pytest.mark.parametrize("place", range(1, 17))
def test_any_element_of_an_isa_may_be_hostile(line: Line, place: int) -> None:
    elements = file_of("PO-1").split(b"~", 1)[0].split(b"*")
    elements[place] = b"\x00/" + elements[place][2:] if len(elements[place]) > 1 else b"\x00"
    bad = b"*".join(elements) + b"~" + file_of("PO-1").split(b"~", 1)[1]
    life = line.sent(bad + file_of("PO-2", control="000000018"))
    assert life["transmission"]["state"] in ("processed", "parked")
    assert life["transmission"]["tries"] == []
    assert life["issues"]
    assert "PO-2" in line.numbers()
