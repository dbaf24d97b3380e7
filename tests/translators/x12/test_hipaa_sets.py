"""Sets of health care: read by us, judged by pyx12's maps, told as our issues. Every name and number is made up."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from lxml import etree

from translators.errors import Severity
from translators.x12._pyx12 import second_opinion
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.hipaa import MAPS
from translators.x12.reader import ReadOptions
from translators.x12.writer import ControlNumbers, write_interchange

ENROLMENT = (
    "BGN*00*ENR-1*20260115*1200****2",
    "REF*38*GROUP-7",
    "N1*P5*NORTHWIND TRADING*FI*123456789",
    "N1*IN*EXAMPLE HEALTH*FI*987654321",
    "INS*Y*18*021*28*A***FT",
    "REF*0F*000000001",
    "DTP*356*D8*20260101",
    "NM1*IL*1*SAMPLE*PAT****34*000000001",
    "N3*1 MAIN STREET",
    "N4*SPRINGFIELD*IL*62701",
    "DMG*D8*19800101*F",
    "HD*021**HLT",
    "DTP*348*D8*20260101",
)
REMITTANCE = (
    "BPR*I*80*C*CHK************20260115",
    "TRN*1*CHECK-1*1512345678",
    "DTM*405*20260114",
    "N1*PR*EXAMPLE HEALTH",
    "N3*1 MAIN STREET",
    "N4*SPRINGFIELD*IL*62701",
    "PER*BL*OFFICE*TE*5550100000",
    "N1*PE*SAMPLE CLINIC*XX*1234567893",
    "LX*1",
    "CLP*CLAIM-1*1*100*80*20*12*PAYER-1",
    "NM1*QC*1*SAMPLE*PAT",
    "DTM*232*20260105",
    "SVC*HC:99213*100*80**1",
    "DTM*472*20260105",
    "CAS*PR*2*20",
)
INQUIRY = (
    "BHT*0022*13*INQ-1*20260115*1200",
    "HL*1**20*1",
    "NM1*PR*2*EXAMPLE HEALTH*****PI*12345",
    "HL*2*1*21*1",
    "NM1*1P*2*SAMPLE CLINIC*****SV*99999",
    "HL*3*2*22*0",
    "TRN*1*TRACE-1*9123456789",
    "NM1*IL*1*SAMPLE*PAT****MI*M000001",
    "DMG*D8*19800101*F",
    "DTP*472*D8*20260115",
    "EQ*30",
)
CLAIM = (
    "BHT*0019*00*BATCH-1*20260115*1200*CH",
    "NM1*41*2*SAMPLE CLINIC*****46*SUBMIT1",
    "PER*IC*OFFICE*TE*5550100000",
    "NM1*40*2*EXAMPLE HEALTH*****46*RECEIVE1",
    "HL*1**20*1",
    "NM1*85*2*SAMPLE CLINIC*****XX*1234567893",
    "N3*1 MAIN STREET",
    "N4*SPRINGFIELD*IL*627010000",
    "REF*EI*123456789",
    "HL*2*1*22*0",
    "SBR*P*18*******CI",
    "NM1*IL*1*SAMPLE*PAT****MI*M000001",
    "N3*1 MAIN STREET",
    "N4*SPRINGFIELD*IL*62701",
    "DMG*D8*19800101*F",
    "NM1*PR*2*EXAMPLE HEALTH*****PI*12345",
    "CLM*CLAIM-1*100***11:B:1*Y*A*Y*Y",
    "HI*ABK:J020",
    "LX*1",
    "SV1*HC:99213*100*UN*1***1",
    "DTP*472*D8*20260105",
)
SETS = {
    "834": ("BE", "005010X220A1", ENROLMENT),
    "835": ("HP", "005010X221A1", REMITTANCE),
    "837": ("HC", "005010X222A1", CLAIM),
    "270": ("HS", "004010X092A1", INQUIRY),
}


@pytest.fixture
def care(x12):
    """Makes a file with one set of SETS, some of its text changed."""

    def file(code: str, *changes: tuple[str, str], version: str | None = None, group: str | None = None) -> bytes:
        gs01, gs08, body = SETS[code]
        text = "~".join(body)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        segments = text.split("~")
        later = gs08.startswith("005010")
        st = f"ST*{code}*0001" + (f"*{gs08}" if later and code != "835" else "")
        tail = f"SE*{len(segments) + 2}*0001"
        head = f"GS*{group or gs01}*ACME*TRADELANE*20260115*1200*1*X*{version or gs08}"
        isa = x12.isa(isa11="^", isa12="00501", isa16=":") if later else x12.isa(isa16=":")
        return x12.file(x12.group([st, *segments, tail], gs=head), isa=isa)

    return file


@pytest.mark.parametrize("code", SETS)
def test_a_good_set_is_accepted(x12, care, code) -> None:
    seen = x12.read(care(code))
    assert seen.codes == []
    assert seen.sets[0].has_guide
    assert seen.sets[0].accepted


@pytest.mark.parametrize(
    ("code", "good", "bad", "wanted"),
    [
        ("834", "INS*Y*18", "INS*Q*18", [("x12.element.code", 6, 1, None, None, "Q")]),
        ("834", "D8*20260101~NM1", "D8*20260230~NM1", [("x12.element.date", 8, 3, None, None, "20260230")]),
        ("834", "356*D8*20260101", "356*RD8*1-2-3", [("x12.element.date", 8, 3, None, None, "1-2-3")]),
        ("834", "REF*0F*000000001~", "", [("x12.segment.missing", 7, None, None, None, None)]),
        ("834", "N3*1 MAIN STREET", "ZZZ*1", [("x12.segment.unrecognized", 10, None, None, None, None)]),
        ("834", "N3*1 MAIN STREET", "BIG*20260115*1", [("x12.segment.not_in_set", 10, None, None, None, None)]),
        ("834", "N3*1 MAIN STREET", "BGN*00*1*20260115", [("x12.segment.unexpected", 10, None, None, None, None)]),
        ("834", "*19800101*F", "*19800101*F**C:RET:01^C:QQQ:2", [("x12.element.code", 12, 5, 2, 2, "QQQ")]),
        ("834", "*IL*62701", "*IL*62701*******X", [("x12.element.too_many", 11, 10, None, None, "X")]),
        ("835", "TRN*1*CHECK-1*1512345678~", "", [("x12.segment.missing", 3, None, None, None, None)]),
        ("835", "CAS*PR*2*20", "CAS*PR*2*ABC", [("x12.element.character", 16, 3, None, None, "ABC")]),
        ("835", "CLAIM-1*1*100*80", "CLAIM-1*1**80", [("x12.element.missing", 11, 3, None, None, None)]),
        ("837", "11:B:1", "11:B:1:2:3", [("x12.element.too_many_components", 18, 5, 4, None, "2")]),
        ("837", "11:B:1", "111:B:1", [("x12.element.too_long", 18, 5, 1, None, "111")]),
        ("837", "CLAIM-1*100***", "CLAIM-1*100*X**", [("x12.element.not_used", 18, 3, None, None, "X")]),
        ("837", "*UN*1***1~DTP", "*UN*1~DTP", [("x12.element.missing", 21, 7, None, None, None)]),
        ("837", "PER*IC*OFFICE*TE*5550100000", "PER*IC*OFFICE*TE", [("x12.element.missing", 4, 4, None, None, None)]),
        ("270", "EQ*30", "EQ*999", [("x12.element.too_long", 12, 1, None, None, "999")]),
        ("270", "HL*3*2*22*0", "HL*3*9*22*0", [("x12.hl.unknown_parent", 7, 2, None, None, "9")]),
        ("270", "HL*3*2*22*0", "HL*2*1*22*0", [("x12.hl.duplicate_id", 7, 1, None, None, "2")]),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_place_in_our_words(x12, care, code, good, bad, wanted) -> None:
    data = care(code, (good, bad))
    seen = x12.read(data)
    told = [
        (issue.code, at.segment, at.element, at.component, at.repetition, issue.value)
        for issue in seen.issues
        for at in [issue.position]
    ]
    assert told == wanted
    assert not seen.sets[0].accepted
    for issue in seen.issues:
        value = (issue.value or "").encode("latin-1")
        assert data[issue.position.offset :].startswith(value)


def test_a_group_of_another_set_is_a_fault(x12, care) -> None:
    assert x12.read(care("834", group="HC")).codes == ["x12.st.wrong_group"]


def test_a_version_without_a_map_is_told_as_before(x12, care) -> None:
    seen = x12.read(care("834", version="005010X220A9"))
    assert seen.codes == ["x12.st.unsupported"]
    assert not seen.sets[0].has_guide


def test_without_validators_no_such_set_is_looked_into(x12, care) -> None:
    seen = x12.read(care("834", ("INS*Y*18", "INS*Q*18")), options=ReadOptions(validators=()))
    assert seen.codes == ["x12.st.unsupported"]


def test_lists_that_others_keep_only_warn(x12, care) -> None:
    seen = x12.read(care("834", ("SPRINGFIELD*IL", "SPRINGFIELD*QQ")))
    assert [(issue.code, issue.severity) for issue in seen.issues] == [("x12.element.code", Severity.WARNING)]
    assert seen.sets[0].accepted


def test_what_pyx12_stops_at_without_a_word_is_read_past(x12, care) -> None:
    long = care("834", ("N3*1 MAIN STREET", "N3*" + "A" * 30_000))
    assert [issue.code for issue in x12.read(long).issues] == ["x12.element.too_long"]
    gap = x12.read(care("834", ("REF*38", "ZZZ*1~REF*38")).replace(b"ZZZ*1~", b"~").replace(b"SE*16", b"SE*15"))
    assert gap.codes == ["x12.segment.empty"]
    both = care("834", ("REF*38", "ZZZ*1~REF*38"), ("INS*Y*18", "INS*Q*18")).replace(b"ZZZ*1~", b"~")
    assert "x12.element.code" in x12.read(both).codes


def test_caps_of_the_reader_hold(x12, care) -> None:
    many = care("834", ("N3*1 MAIN STREET", "N3*1" + "*" * 300 + "X"))
    assert x12.read(many).codes == ["x12.segment.too_many_elements"]
    bad = care("834", ("N3*1 MAIN STREET", "~".join(["ZZZ*1"] * 50)))
    assert x12.read(bad, options=ReadOptions(max_issues=5)).codes.count("x12.segment.unrecognized") == 5


def test_counts_and_numbers_stay_the_readers(x12, care) -> None:
    seen = x12.read(care("835").replace(b"SE*17*0001", b"SE*99*0002"))
    assert sorted(seen.codes) == ["x12.se.control_number", "x12.se.segment_count"]
    cut = x12.read(care("835").replace(b"SE*17*0001~", b""))
    assert cut.codes == ["x12.se.missing"]


def test_the_tree_has_the_loops_of_the_industrys_guide(x12, care) -> None:
    root = x12.read(care("837")).sets[0].root
    assert [segment.id for segment in root.segments] == ["ST", "BHT", "SE"]
    assert [loop.id for loop in root.loops] == ["1000A", "1000B", "2000A"]
    provider = root.loops[2]
    assert [loop.id for loop in provider.loops] == ["2010AA", "2000B"]
    assert [loop.id for loop in provider.loops[1].loops] == ["2010BA", "2010BB", "2300"]
    assert [loop.id for loop in provider.loops[1].loops[2].loops] == ["2400"]
    assert [segment.ordinal for segment in root.walk()] == list(range(1, 24))


def test_no_tree_is_made_where_none_is_wanted(x12, care) -> None:
    assert x12.read(care("837"), options=ReadOptions(keep_tree=False)).sets[0].root is None


@pytest.mark.parametrize(("purpose", "other"), [("13", "11"), ("11", "13")])
def test_a_request_and_its_response_have_maps_of_their_own(x12, purpose, other) -> None:
    gs = "GS*HI*ACME*TRADELANE*20260115*1200*1*X*004010X094A1"
    for bht02 in (purpose, "ZZ"):
        body = x12.set(f"BHT*0078*{bht02}*REQ-1*20260115*1200", st="ST*278*0001")
        seen = x12.read(x12.file(x12.group(body, gs=gs), isa=x12.isa(isa16=":")))
        faulty = {(issue.position.segment_id, issue.position.element) for issue in seen.issues}
        assert (("BHT", 2) in faulty) is (bht02 == "ZZ")


def test_a_refused_claim_is_answered_by_a_999(x12, care) -> None:
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(form=AcknowledgmentForm.IMPLEMENTATION))
    seen = x12.read(care("837", ("11:B:1", "11:Q:1"), ("CLAIM-1*100***", "CLAIM-1*100*X**")))
    (answer,) = [answer for event in seen.events for answer in builder.take(event)]
    written = write_interchange(
        answer.interchange, numbers=ControlNumbers(5, (6,)), at=datetime(2026, 1, 16, 9, 7, tzinfo=UTC)
    )
    segments = written.decode("latin-1").split("~")
    assert segments[2:-3] == [
        "ST*999*0001*005010X231A1",
        "AK1*HC*1*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK3*CLM*18**8",
        "CTX*CLM01:CLAIM-1",
        "IK4*3**I10*X",
        "IK4*5:2**7*Q",
        "IK5*R*5",
        "AK9*R*1*1*0",
        "SE*10*0001",
    ]
    assert second_opinion(written).accepted


def test_the_table_names_the_maps_that_pyx12_would_choose() -> None:
    index = etree.fromstring(files("pyx12").joinpath("map", "maps.xml").read_bytes())
    shipped = {}
    for row in index.iter("map"):
        set_code = (row.get("abbr") or "")[:3]
        if row.get("fic") not in ("", "FA", "PS", "SP") and row.get("tspc") != "11":
            shipped[row.get("vriic"), set_code] = (row.get("fic"), row.text)
    assert shipped == MAPS


@pytest.mark.parametrize(("version", "code"), MAPS)
def test_every_map_loads_and_demands_more_than_a_header(x12, version, code) -> None:
    gs01, _ = MAPS[version, code]
    later = version.startswith("005010")
    body = x12.set(st=f"ST*{code}*0001")
    isa = x12.isa(isa11="^", isa12="00501", isa16=":") if later else x12.isa(isa16=":")
    seen = x12.read(x12.file(x12.group(body, gs=f"GS*{gs01}*ACME*TRADELANE*20260115*1200*1*X*{version}"), isa=isa))
    assert seen.sets[0].has_guide
    assert "x12.segment.missing" in seen.codes
    assert {issue.position.segment_id for issue in seen.issues} & {"BHT", "BPR", "BGN"}


def test_pyx12_is_not_imported_for_sets_that_have_guides() -> None:
    program = (
        "import sys\nfrom translators.x12.guide import GuideLibrary\nfrom translators.x12.reader import read_x12\n"
        "list(read_x12([b'ISA'], guides=GuideLibrary.shipped()))\nsys.exit('pyx12' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("code", SETS)
def test_a_broken_set_never_breaks_the_reader(x12, care, code) -> None:
    chance = random.Random(20260115)
    good = care(code).decode("latin-1")
    head = good.index("ST*")
    for _ in range(150):
        text = list(good)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(head, len(text))
            text[at] = chance.choice(("", "*", "~", ":", "^", "A", "9", "-", " ", text[at] * 3, "\xe9", "*:^:*"))
        data = "".join(text).encode("latin-1")
        seen = x12.read(data)
        assert seen.kinds.count("InterchangeStart") == seen.kinds.count("InterchangeEnd")
        for issue in seen.issues:
            assert 0 <= issue.position.offset <= len(data)
            if issue.value is not None and issue.position.element is not None:
                assert data[issue.position.offset :].startswith(issue.value.encode("latin-1"))
