"""Who is answered, and when: the partner's terms for the TA1, each agreement's own for the 997."""

from __future__ import annotations

import pytest

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


def profile(*, partner: str = "always", ta1: str = "on_error", agreement: str | None = None) -> str:
    own = "" if agreement is None else f", acknowledge: {{functional: {agreement}}}"
    return (
        "name: One with terms of its own\n"
        "identifiers:\n  - {qualifier: ZZ, id: TERMS}\n"
        "sftp:\n  - user: terms\n"
        f"acknowledge: {{functional: {partner}, interchange: {ta1}}}\n"
        "agreements:\n"
        f'  - {{document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD{own}}}\n'
        '  - {document: "855", direction: in, pass_through: true, deliver_to: [erp]}\n'
    )


def send(line: Line, content: bytes) -> dict[str, object]:
    return line.sent(content, account="terms")


BAD = order("PO-1", date="20261345")


@pytest.mark.parametrize(
    ("partner", "agreement", "good", "bad"),
    [
        ("always", None, 1, 1),
        ("always", "never", 0, 0),
        ("always", "on_error", 0, 1),
        ("never", "always", 1, 1),
        ("never", None, 0, 0),
        ("on_error", None, 0, 1),
    ],
)
def test_the_agreement_says_when_its_groups_are_answered(
    make_line: LineMaker, partner: str, agreement: str | None, good: int, bad: int
) -> None:
    line = make_line(terms=profile(partner=partner, agreement=agreement))
    send(line, interchange([group(orders(["PO-GOOD"]))], sender="TERMS", control="000000001"))
    assert len(line.out("terms")) == good
    send(line, interchange([group([BAD])], sender="TERMS", control="000000002"))
    assert len(line.out("terms")) == good + bad


def test_one_interchange_may_hold_groups_under_different_terms(make_line: LineMaker) -> None:
    line = make_line(terms=profile(agreement="never"))
    answer_855 = [["ST*855*0001", "BAK*00*AD*PO-1*20261120", "SE*3*0001"]]
    groups = [group(orders(["PO-1"])), group(answer_855, functional_id="PR", control="18")]
    send(line, interchange(groups, sender="TERMS"))
    [answer] = line.answers("terms")
    assert segments_starting(answer, "AK1") == ["AK1*PR*18"]


def test_a_refused_set_that_nobody_is_told_of_is_a_matter_for_a_person(make_line: LineMaker) -> None:
    line = make_line(terms=profile(partner="never"))
    life = send(line, interchange([group([BAD, order("PO-2", st02="0002")])], sender="TERMS"))
    assert codes(life["exceptions"]) == ["acknowledgment.not_agreed"]
    assert life["interchanges"][0]["groups"][0]["status"] == "P"
    assert line.numbers() == ["PO-2"]


def test_an_interchange_refused_without_a_ta1_is_a_matter_for_a_person(make_line: LineMaker) -> None:
    line = make_line(terms=profile(ta1="never"))
    life = send(line, interchange([group(orders(["PO-1"]))], sender="TERMS", count=2))
    assert line.out("terms") == {}
    assert codes(life["exceptions"]) == ["acknowledgment.not_agreed"]


@pytest.mark.parametrize(("ta1", "asked", "expected"), [("on_error", "1", 2), ("always", "0", 2), ("never", "1", 1)])
def test_a_ta1_is_sent_where_it_is_asked_for_or_agreed(
    make_line: LineMaker, ta1: str, asked: str, expected: int
) -> None:
    line = make_line(terms=profile(ta1=ta1))
    send(line, interchange([group(orders(["PO-1"]))], sender="TERMS", ta1=asked))
    assert len(line.out("terms")) == expected
    notes = [answer for answer in line.answers("terms") if answer[0].startswith("TA1")]
    assert notes == [["TA1*000000017*261120*0915*A*000"]] * (expected - 1)


def test_control_numbers_of_answers_count_up_for_each_partner_and_environment(line: Line) -> None:
    for place, usage in enumerate("PPT", 1):
        line.sent(file_of(f"PO-{place}", control=f"{place:09}", usage=usage), name=f"{place}.edi")
    assert sorted(line.out()) == [
        "997_000000001_000000001.edi",
        "997_000000002_000000002.edi",
        "997_000000003_000000001.edi",
    ]


def test_who_brings_the_question_takes_the_answer(make_line: LineMaker) -> None:
    silent = profile().replace("sftp:\n  - user: terms\n", "")
    network = "name: A network\nsftp:\n  - user: van\n    carries: [terms]\n"
    line = make_line(terms=silent, van=network)
    life = line.sent(interchange([group(orders(["PO-1"]))], sender="TERMS"), account="van")
    assert life["transmission"]["state"] == "processed"
    assert len(line.out("van")) == 1


def test_an_answer_with_no_account_at_all_is_a_matter_for_a_person(make_line: LineMaker) -> None:
    line = make_line(terms=profile().replace("sftp:\n  - user: terms\n", ""))
    id = line.drop_without_account(interchange([group(orders(["PO-1"]))], sender="TERMS"))
    line.run()
    life = line.life(id)
    assert life["transmission"]["state"] == "processed"
    assert codes(life["exceptions"]) == ["acknowledgment.no_channel"]
    assert line.numbers() == ["PO-1"]
