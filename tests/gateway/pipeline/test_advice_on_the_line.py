"""What a 997 or 999 has no code for: told in an 824 where that was agreed, and else to a person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.pipeline.chunk import SETS_IN_CHUNK
from gateway.store import timeline
from tests.gateway.inbound_line import Line, codes, group, interchange, order, segments_of, segments_starting
from tests.gateway.pipeline.conftest import LineMaker
from translators.errors import Issue
from translators.x12.guide import GuideLibrary
from translators.x12.reader import read_x12

GUIDE = "extends: 850@004010\nsegments:\n  BEG:\n    elements:\n      BEG02: {codes: [NE]}\n"


def profile(*, acknowledge: str = "{advice: on_error}", currency: str = ", currency: USD", more: str = "") -> str:
    return (
        "name: One that takes advice\n"
        "identifiers:\n  - {qualifier: ZZ, id: ADVISED}\n"
        "sftp:\n  - user: advised\n"
        "acknowledge: {functional: always}\n"
        "agreements:\n"
        f'  - {{document: "850", direction: in, map: base/850.in, deliver_to: [erp]{currency}'
        f", acknowledge: {acknowledge}{more}}}\n"
        '  - {document: "855", direction: in, pass_through: true, deliver_to: [erp]}\n'
        '  - {document: "824", direction: in, pass_through: true, deliver_to: [erp], acknowledge: {advice: on_error}}\n'
        '  - {document: "824", direction: out, pass_through: true, acknowledge: {form: 999, within: 2h}}\n'
    )


def miscounted(number: str, *, st02: str = "0001") -> list[str]:
    """An order whose CTT01 counts a line too many: what no 997 has a code for."""
    return [segment.replace("CTT*1", "CTT*2") for segment in order(number, st02=st02)]


def sent(line: Line, *sets: list[str], control: str = "000000001", name: str = "1.edi", **how: Any) -> dict[str, Any]:
    content = interchange([group(list(sets), **how)], sender="ADVISED", control=control)
    return line.sent(content, account="advised", name=name)


def issues_of(content: bytes) -> list[Issue]:
    """What our own reader finds in what we wrote."""
    return [issue for event in read_x12([content], guides=GuideLibrary.shipped()) for issue in event.issues]


def advice(line: Line) -> list[bytes]:
    return [content for name, content in line.out("advised").items() if name.startswith("824")]


def test_a_fault_without_a_code_is_told_in_an_824_beside_the_997_that_accepts(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    life = sent(line, order("PO-1"), miscounted("PO-2", st02="0002"))
    assert list(line.out("advised")) == ["824_000000001_000000002.edi", "997_000000001_000000001.edi"]
    [content] = advice(line)
    found = segments_of(content)
    number = found[3].split("*")[2]
    assert found == [
        "ISA*00*          *00*          *ZZ*TRADELANE      *ZZ*ADVISED        *260105*0900*U*00401*000000002*0*P*>",
        "GS*AG*TRADELANE*ACME*20260105*0900*2*X*004010",
        "ST*824*0001",
        f"BGN*00*{number}*20260105*0900",
        "OTI*TR*TN*0002*ACME*TRADELANE*20261120*0915*17*0002*850*004010",
        "TED*010*CTT01 is 2; the set has 1 PO1*CTT*4*1*354*2",
        "SE*5*0001",
        "GE*1*2",
        "IEA*1*000000002",
    ]
    assert len(number) == 30
    assert issues_of(content) == []
    assert life["exceptions"] == []
    assert line.numbers() == ["PO-1"]
    answers = [(one["kind"], one["status"]) for one in life["interchanges"][0]["acknowledgments"]]
    assert answers == [("997", "A"), ("824", "TR")]


def test_each_refused_set_has_its_own_824_with_a_number_of_its_own(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    sent(line, miscounted("PO-1"), order("PO-2", st02="0002"), miscounted("PO-3", st02="0003"))
    [content] = advice(line)
    found = segments_of(content)
    assert [part.split("*")[9] for part in segments_starting(found, "OTI")] == ["0001", "0003"]
    assert len(set(segments_starting(found, "BGN"))) == 2
    assert segments_starting(found, "GE") == ["GE*2*2"]


def test_without_an_agreement_a_person_is_told(make_line: LineMaker) -> None:
    line = make_line(advised=profile(acknowledge="{advice: never}"))
    life = sent(line, miscounted("PO-1"))
    assert advice(line) == []
    assert codes(life["exceptions"]) == ["x12.balance.count"]


def test_a_set_that_the_997_refuses_has_no_824(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    life = sent(line, [part.replace("*20261120", "*20261345") for part in miscounted("PO-1")])
    assert codes(life["issues"]) == ["x12.balance.count", "x12.element.date"]
    assert list(line.out("advised")) == ["997_000000001_000000001.edi"]
    assert life["exceptions"] == []


def test_what_the_map_cannot_take_is_told_too(make_line: LineMaker) -> None:
    line = make_line(advised=profile(currency=""))
    life = sent(line, order("PO-1"))
    [issue] = life["issues"]
    assert (issue["stage"], life["documents"], life["exceptions"]) == ("map", [], [])
    [content] = advice(line)
    assert issues_of(content) == []
    [told] = segments_starting(segments_of(content), "TED")
    assert told.split("*")[2][:20] in issue["message"].replace("*", " ")


@pytest.mark.parametrize(
    ("form", "kinds", "opened"),
    [("997", ["824", "997"], []), ("999", ["999"], [])],
)
def test_a_fault_against_the_partners_guide_is_told_where_its_acknowledgment_cannot(
    make_line: LineMaker, tmp_path: Path, form: str, kinds: list[str], opened: list[str]
) -> None:
    folder = tmp_path / "partners/profiles/advised/guides"
    folder.mkdir(parents=True)
    (folder / "850.in.yaml").write_text(GUIDE)
    line = make_line(advised=profile(acknowledge=f"{{advice: on_error, form: {form}}}", more=", guide: 850.in"))
    life = sent(line, order("PO-1"))
    assert [name[:3] for name in line.out("advised")] == kinds
    assert codes(life["exceptions"]) == opened
    assert line.erp() == []


def test_a_999_that_has_a_code_for_it_leaves_nothing_for_a_person(make_line: LineMaker, tmp_path: Path) -> None:
    folder = tmp_path / "partners/profiles/advised/guides"
    folder.mkdir(parents=True)
    (folder / "850.in.yaml").write_text(GUIDE)
    line = make_line(advised=profile(acknowledge="{form: 999}", more=", guide: 850.in"))
    life = sent(line, order("PO-1"))
    [answer] = line.answers("advised")
    assert segments_starting(answer, "IK3", "IK4", "IK5") == ["IK3*BEG*2**8", "IK4*2*92*I6*SA", "IK5*R*I5"]
    assert life["exceptions"] == []


@pytest.mark.parametrize("fault", [{"count": 7}, {"ge02": "18"}])
def test_sets_of_a_refused_group_have_no_824(make_line: LineMaker, fault: dict[str, Any]) -> None:
    line = make_line(advised=profile())
    life = sent(line, miscounted("PO-1"), **fault)
    assert advice(line) == []
    assert life["interchanges"][0]["groups"][0]["status"] == "R"


def test_sets_of_a_refused_interchange_have_no_824(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    content = interchange([group([miscounted("PO-1")])], sender="ADVISED", count=3)
    line.sent(content, account="advised")
    assert [name[:3] for name in line.out("advised")] == ["TA1"]


def test_an_824_is_not_answered_by_an_824(make_line: LineMaker, tmp_path: Path) -> None:
    folder = tmp_path / "partners/profiles/advised/guides"
    folder.mkdir(parents=True)
    (folder / "824.in.yaml").write_text(
        "extends: 824@004010\nsegments:\n  BGN:\n    elements:\n      BGN01: {codes: ['11']}\n"
    )
    plain = profile().replace('"824", direction: in,', '"824", direction: in, guide: 824.in,')
    line = make_line(advised=plain)
    said = ["ST*824*0001", "BGN*00*1*20261120", "OTI*TA*TN*0001", "SE*4*0001"]
    life = sent(line, said, functional_id="AG")
    assert [name[:3] for name in line.out("advised")] == ["997"]
    assert codes(life["exceptions"]) == ["x12.partner.code"]


def test_an_interchange_that_comes_again_is_offered_its_824_again(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    sent(line, miscounted("PO-1"))
    again = sent(line, miscounted("PO-1"), name="2.edi")
    assert again["transmission"]["state"] == "duplicate"
    first, second = advice(line)
    assert first == second


def test_version_and_separators_are_those_of_what_is_answered(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    content = interchange([group([miscounted("PO-1")], version="005010")], sender="ADVISED", version="00501")
    content = content.replace(b"*U*", b"*^*").replace(b"*", b"|").replace(b"~", b"!")
    line.sent(content, account="advised")
    [answer] = advice(line)
    assert (answer[3:4], answer[105:107]) == (b"|", b"!\n")
    assert issues_of(answer) == []
    assert segments_starting(segments_of(answer), "GS", "TED") == [
        "GS*AG*TRADELANE*ACME*20260105*0900*2*X*005010",
        "TED*010*CTT01 is 2; the set has 1 PO1*CTT*4*1*354*2",
    ]


def test_the_997_of_our_824_is_waited_for_where_agreed_and_matched_to_its_set(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    sent(line, miscounted("PO-1"))
    ours = ours_of_kind(line, "824")
    [owed] = ours["interchanges"][0]["awaited"]
    due = line.clock.now() + timedelta(hours=2)
    assert (owed["kind"], owed["state"], owed["due_at"]) == ("999", "waiting", due.isoformat())
    segments = ["ST*997*0001", "AK1*AG*2", "AK2*824*0001", "AK5*A", "AK9*A*1*1*1", "SE*6*0001"]
    said = sent(line, segments, functional_id="FA", control="000000002", name="2.edi")
    assert said["exceptions"] == []
    ours = line.life(ours["transmission"]["id"])
    [inside] = ours["interchanges"]
    assert inside["awaited"][0]["state"] == "accepted"
    assert inside["groups"][0]["sets"][0]["outcome"] == "accepted"


def test_a_file_that_is_read_again_from_its_beginning_tells_each_set_once(make_line: LineMaker) -> None:
    line = make_line(advised=profile())
    good = group([order("PO-1"), miscounted("PO-2", st02="0002")])
    staged = [miscounted(f"PX-{number}", st02=f"{number:04}") for number in range(1, SETS_IN_CHUNK + 5)]
    content = interchange([good, group(staged, control="18", count=9)], sender="ADVISED")
    line.sent(content, account="advised")
    [found] = advice(line)
    assert [part.split("*")[8:10] for part in segments_starting(segments_of(found), "OTI")] == [["17", "0002"]]


def test_the_agreement_of_a_groups_first_set_says_whether_997_or_999_answers_it(make_line: LineMaker) -> None:
    line = make_line(advised=profile(acknowledge="{form: 999}"))
    answer_855 = [["ST*855*0001", "BAK*00*AD*PO-1*20261120", "SE*3*0001"]]
    content = interchange(
        [group([order("PO-1")]), group(answer_855, functional_id="PR", control="18")], sender="ADVISED"
    )
    line.sent(content, account="advised")
    found = {name[:3]: segments_starting(segments_of(content), "AK1") for name, content in line.out("advised").items()}
    assert found == {"997": ["AK1*PR*18"], "999": ["AK1*PO*17*004010"]}


def ours_of_kind(line: Line, kind: str) -> dict[str, Any]:
    with line.store.begin() as conn:
        [row] = [one for one in timeline.newest(conn, direction="out") if str(one["filename"]).startswith(kind)]
        return timeline.life(conn, row["id"])
