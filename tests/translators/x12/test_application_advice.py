"""824: written against files made by hand (tests/vectors/x12/advice), and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import Issue, Position, Severity
from translators.tree import Segment
from translators.x12.acknowledged import Outcome
from translators.x12.advice import (
    ADVICE_GROUP,
    MAX_ADVISED,
    AdviceStatus,
    AdvisedSet,
    application_advice,
    error_condition,
)
from translators.x12.advised import Advice, Scope, read_advice
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters, GroupHeader, InterchangeHeader, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

CASES = sorted(path.parent for path in (Path(__file__).parents[2] / "vectors" / "x12" / "advice").glob("*/in.json"))
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
ABOUT = AdvisedSet("850", "0001", "12", "004010", "HARBOR", "MERIDIAN", "20240304", "1530", ("PO", "PO-1001"))
OUTCOMES = {"TA": Outcome.ACCEPTED, "TE": Outcome.WITH_ERRORS, "TR": Outcome.REJECTED}
CONDITIONS = {"006", "007", "009", "010", "011", "012", "024", "848"}


def written(advice: OutboundSet, release: str, delimiters: Delimiters) -> bytes:
    group = OutboundGroup(ADVICE_GROUP, "MERIDIAN", "HARBOR", release, [advice])
    interchange = OutboundInterchange(
        sender=("01", "987654321"),
        receiver=("ZZ", "HARBORSTORES"),
        version="00501" if release == "005010" else "00401",
        usage="P",
        delimiters=delimiters,
        notes=[],
        groups=[group],
    )
    return write_interchange(interchange, numbers=ControlNumbers(5, (6,)), at=AT)


def read(data: bytes) -> Advice:
    events = read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
    (found,) = [read_advice(event) for event in events if isinstance(event, TransactionSet)]
    assert found is not None
    return found


def delimiters_of(release: str, separators: str = "*>~") -> Delimiters:
    element, component, segment = separators
    return Delimiters(element, component, segment, "^" if release == "005010" else None, "\n")


def issue_of(row: dict[str, Any]) -> Issue:
    place = Position(**row["position"])
    return Issue(row["code"], row["message"], place, Severity(row["severity"]), row["level"], row["value"])


def made(case: Path) -> tuple[bytes, list[Issue]]:
    asked = json.loads((case / "in.json").read_text())
    reference = asked["about"].pop("reference")
    about = AdvisedSet(**asked["about"], reference=reference and tuple(reference))
    delimiters = delimiters_of(asked["release"], "".join(asked["delimiters"]))
    issues = [issue_of(row) for row in asked["issues"]]
    status = AdviceStatus(asked["status"]) if asked["status"] else None
    advice = application_advice(about, issues, number="ADV-9", at=AT, delimiters=delimiters, status=status)
    return written(advice, asked["release"], delimiters), issues


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_824_is_the_one_written_by_hand(case: Path) -> None:
    assert made(case)[0] == (case / "out.824.edi").read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_guide_of_the_824_accepts_it(case: Path) -> None:
    data = (case / "out.824.edi").read_bytes()
    found = report(read_x12([data], guides=GuideLibrary.shipped()), file=case.name)
    assert (found["accepted"], found["issues"]) == (True, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_824_reads_back_to_what_it_was_made_from(case: Path) -> None:
    data, issues = made(case)
    advice = read(data)
    (advised,) = advice.advised
    asked = json.loads((case / "in.json").read_text())
    assert advice.number == "ADV-9"
    assert (advised.scope, advised.code, advised.version) == (Scope.SET, asked["about"]["code"], asked["release"])
    worst = any(issue.severity is Severity.ERROR for issue in issues)
    assert advised.outcome is (Outcome.REJECTED if worst else Outcome.WITH_ERRORS if issues else Outcome.ACCEPTED)
    assert [(each.position.segment_id, each.position.segment, each.position.element) for each in advised.issues] == [
        (issue.position.segment_id, issue.position.segment, issue.position.element) for issue in issues
    ]


def test_a_status_given_is_the_one_written() -> None:
    fault = Issue("delivery.late", "comes late", Position())
    advice = application_advice(
        ABOUT, [fault], number="1", at=AT, delimiters=Delimiters(), status=AdviceStatus.WITH_ERRORS
    )
    assert read(written(advice, "004010", Delimiters())).advised[0].outcome is Outcome.WITH_ERRORS


def test_more_faults_than_one_advice_lists_are_counted() -> None:
    issues = [Issue("delivery.refused", "no", Position())] * (MAX_ADVISED + 5)
    advice = application_advice(ABOUT, issues, number="1", at=AT, delimiters=Delimiters())
    listed = read(written(advice, "004010", Delimiters())).advised[0].issues
    assert len(listed) == MAX_ADVISED + 1
    assert "5 more faults are not listed" in listed[-1].message


def test_an_advised_set_takes_its_names_from_the_set_that_was_read() -> None:
    isa = InterchangeHeader(1, 0, Delimiters(), Segment(["ISA"], ordinal=1, offset=0))
    gs = ["GS", "PO", "HARBOR", "MERIDIAN", "20240304", "1530", "12", "X", "004010"]
    group = GroupHeader(1, 106, Segment(gs, ordinal=1, offset=106))
    found = TransactionSet(isa, group, 1, "850", "0001", 7, 0, 0, None, [])
    assert AdvisedSet.of(found, reference=("PO", "PO-1001")) == ABOUT


def test_what_follows_a_fault_in_words_belongs_to_it() -> None:
    case = next(case for case in CASES if case.name == "hierarchy")
    data = (case / "out.824.edi").read_bytes().replace(b"SE*5*", b"NTE*ADD*ask us~\nRED*use 8*94~\nSE*7*")
    (advised,) = read(data).advised
    (issue,) = advised.issues
    assert issue.message == "the partner's application says 011: HL02 is 9; no HL has that number ask us use 8"
    assert (issue.position.segment_id, issue.position.segment, issue.position.element) == ("HL", 5, 2)
    assert (issue.value, issue.severity) == ("9", Severity.ERROR)


def test_another_set_is_no_advice() -> None:
    isa = InterchangeHeader(1, 0, Delimiters(), Segment(["ISA"], ordinal=1, offset=0))
    group = GroupHeader(1, 106, Segment(["GS"], ordinal=1, offset=106))
    assert read_advice(TransactionSet(isa, group, 1, "850", "0001", 7, 0, 0, None, [])) is None


@pytest.mark.parametrize(
    ("status", "scope", "outcome"),
    [
        ("TC", Scope.SET, Outcome.WITH_ERRORS),
        ("TP", Scope.SET, Outcome.PARTIAL),
        ("GA", Scope.GROUP, Outcome.ACCEPTED),
        ("IR", Scope.ITEM, Outcome.REJECTED),
        ("BE", Scope.BATCH, Outcome.WITH_ERRORS),
        ("QQ", None, Outcome.UNKNOWN),
    ],
)
def test_a_partner_may_speak_of_groups_items_and_batches(status: str, scope: Scope | None, outcome: Outcome) -> None:
    case = next(case for case in CASES if case.name == "accepted")
    found = read((case / "out.824.edi").read_bytes().replace(b"OTI*TA", b"OTI*" + status.encode()))
    assert (found.advised[0].scope, found.advised[0].outcome) == (scope, outcome)


@given(
    rows=st.lists(
        st.builds(
            Issue,
            st.sampled_from(["x12.balance.total", "map.value", "delivery.refused", "x12.partner.condition"]),
            st.text(max_size=300),
            st.builds(
                Position,
                segment_id=st.none() | st.sampled_from(["PO1", "MEA", "ZZZ"]),
                segment=st.none() | st.integers(1, 2_000_000),
                element=st.none() | st.integers(1, 120),
                component=st.none() | st.integers(1, 120),
                repetition=st.none() | st.integers(1, 20_000),
            ),
            st.sampled_from(Severity),
            st.integers(1, 7),
            st.none() | st.text(max_size=200),
        ),
        max_size=5,
    ),
    names=st.lists(st.text(max_size=40), min_size=8, max_size=8),
    release=st.sampled_from(["004010", "005010"]),
)
def test_whatever_there_is_to_say_makes_an_824_our_guide_accepts(
    rows: list[Issue], names: list[str], release: str
) -> None:
    code, control, group, sender, receiver, date, time, reference = names
    about = AdvisedSet(code, control, group, release, sender, receiver, date, time, ("PO", reference))
    delimiters = delimiters_of(release)
    advice = application_advice(about, rows, number="ADV-9", at=AT, delimiters=delimiters)
    data = written(advice, release, delimiters)
    found = report(read_x12([data], guides=GuideLibrary.shipped()), file="advice")
    assert found["issues"] == []
    (advised,) = read(data).advised
    assert len(advised.issues) == len(rows)
    assert all(error_condition(issue) in CONDITIONS for issue in rows)
