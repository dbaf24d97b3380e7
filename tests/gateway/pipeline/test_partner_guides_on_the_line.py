"""A partner's guide and strictness on the line: who they hold for, what is delivered, what a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.inbound_line import codes, group, interchange, order, orders, segments_starting
from tests.gateway.pipeline.conftest import LineMaker
from translators.datafile import LoadError

PROFILE = """\
name: One with a guide of its own
identifiers:
  - {qualifier: ZZ, id: STRICT}
sftp:
  - user: strict
agreements:
  - document: "850"
    direction: in
    map: base/850.in
    deliver_to: [erp]
    currency: USD
"""
GUIDE = "extends: 850@004010\nsegments:\n  BEG:\n    elements:\n      BEG02: {codes: [NE]}\n"


def with_guide(home: Path, text: str = GUIDE) -> None:
    folder = home / "partners/profiles/strict/guides"
    folder.mkdir(parents=True)
    (folder / "850.in.yaml").write_text(text)


def sent_by(sender: str, *sets: list[str], control: str = "000000001") -> bytes:
    return interchange([group(list(sets))], sender=sender, control=control)


def test_a_fault_against_the_partners_guide_is_told_a_person_and_not_delivered(
    make_line: LineMaker, tmp_path: Path
) -> None:
    with_guide(tmp_path)
    line = make_line(strict=PROFILE + "    guide: 850.in\n")
    life = line.sent(sent_by("STRICT", order("PO-1")), account="strict")
    assert codes(life["issues"]) == ["x12.partner.code"]
    assert "strict/guides/850.in.yaml:5" in life["issues"][0]["message"]
    assert codes(life["exceptions"]) == ["x12.partner.code"]
    assert line.erp() == []
    # A 997 speaks of the standard, which has no fault here.
    [answer] = line.answers("strict")
    assert segments_starting(answer, "AK5", "AK3") == ["AK5*A"]


def test_a_partners_guide_holds_for_that_partner_alone(make_line: LineMaker, tmp_path: Path) -> None:
    with_guide(tmp_path)
    line = make_line(strict=PROFILE + "    guide: 850.in\n")
    line.sent(sent_by("ACME", order("PO-1")))
    assert line.numbers() == ["PO-1"]


def test_what_the_agreement_accepts_is_delivered_and_noted(make_line: LineMaker) -> None:
    line = make_line(strict=PROFILE + "    strictness: {x12.se.segment_count: accept}\n")
    miscounted = [*order("PO-1")[:-1], "SE*99*0001"]
    life = line.sent(sent_by("STRICT", miscounted), account="strict")
    assert [(issue["code"], issue["severity"]) for issue in life["issues"]] == [("x12.se.segment_count", "warning")]
    assert line.numbers() == ["PO-1"]
    [answer] = line.answers("strict")
    assert segments_starting(answer, "AK5", "AK9") == ["AK5*E*4", "AK9*E*1*1*1"]


def test_what_the_agreement_ignores_is_not_mentioned(make_line: LineMaker) -> None:
    line = make_line(strict=PROFILE + "    strictness: {level 7: ignore, x12.se.segment_count: ignore}\n")
    life = line.sent(sent_by("STRICT", [*order("PO-1")[:-1], "SE*99*0001"]), account="strict")
    assert life["issues"] == []
    [answer] = line.answers("strict")
    assert segments_starting(answer, "AK5") == ["AK5*A"]


def test_strictness_of_one_partner_is_not_anothers(make_line: LineMaker) -> None:
    line = make_line(strict=PROFILE + "    strictness: {level 1: accept}\n")
    line.sent(sent_by("ACME", [*orders(["PO-1"])[0][:-1], "SE*99*0001"]))
    assert line.erp() == []


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        ("extends: 855@004010\n", "the guide 850.in is one of set 855"),
        (GUIDE.replace("[NE]", "[NEE]"), "5:23: "),
    ],
)
def test_the_gateway_does_not_start_with_a_broken_guide(
    make_line: LineMaker, tmp_path: Path, guide: str, said: str
) -> None:
    with_guide(tmp_path, guide)
    with pytest.raises(LoadError, match=said):
        make_line(strict=PROFILE + "    guide: 850.in\n")
