"""What an agreement's strictness makes of the faults of a set, and what it may not say."""

from __future__ import annotations

import pytest

from translators.datafile import LoadFault, Mapping, read_datafile
from translators.errors import Severity
from translators.x12.codes import FAULTS
from translators.x12.guide import GuideLibrary
from translators.x12.reader import read_x12
from translators.x12.strictness import Strictness, Switch, has_switch, read_strictness
from translators.x12.terms import SetTerms

BAD_CODE = ("BEG*00*??*PO1**20260115", "PO1*1*5*EA*9.25**UP*012345678905", "CTT*1")


def strictness(text: str) -> tuple[Strictness, list[LoadFault]]:
    faults: list[LoadFault] = []
    found = read_datafile(f"strictness:\n{text}".encode(), file="profile.yaml").get("strictness")
    assert isinstance(found, Mapping)
    return read_strictness(found, faults), faults


class Always:
    """The same terms for every set."""

    def __init__(self, terms: SetTerms) -> None:
        self._terms = terms

    def terms(self, interchange, group, set_code) -> SetTerms:
        return self._terms


def read(x12, data: bytes, text: str):
    agreed, faults = strictness(text)
    assert faults == []
    events = list(read_x12([data], guides=GuideLibrary.shipped(), agreed=Always(SetTerms(strictness=agreed))))
    (found,) = [event for event in events if type(event).__name__ == "TransactionSet"]
    (group,) = [event for event in events if type(event).__name__ == "GroupEnd"]
    return found, group


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("  x12.element.code: reject", Severity.ERROR),
        ("  x12.element.code: accept", Severity.WARNING),
        ("  level 5: accept", Severity.WARNING),
        ("  level 1: accept", Severity.ERROR),
        ("  level 5: ignore\n  x12.element.code: accept", Severity.WARNING),
        ("  level 5: accept\n  x12.element.code: reject", Severity.ERROR),
    ],
)
def test_a_fault_does_what_the_agreement_says_a_kind_before_its_level(x12, text, severity) -> None:
    found, group = read(x12, x12.order(*BAD_CODE), text)
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.level) == ("x12.element.code", severity, 5)
    assert found.accepted is (severity is Severity.WARNING)
    assert group.sets_accepted == int(found.accepted)


@pytest.mark.parametrize("text", ["  x12.element.code: ignore", "  level 5: ignore"])
def test_an_ignored_fault_is_not_mentioned(x12, text) -> None:
    found, _ = read(x12, x12.order(*BAD_CODE), text)
    assert found.issues == []


def test_a_wrong_count_of_segments_may_be_accepted(x12, order_segments) -> None:
    data = x12.file(x12.group(x12.set(*order_segments, se="SE*99*0001")))
    found, _ = read(x12, data, "  x12.se.segment_count: accept")
    assert [issue.severity for issue in found.issues] == [Severity.WARNING]


def test_a_warning_may_be_made_an_error_by_its_kind_and_never_by_its_level(x12, order_segments) -> None:
    data = x12.order(order_segments[0] + "*", *order_segments[1:])
    assert read(x12, data, "  level 1: reject")[0].accepted
    assert read(x12, data, "  level 1: ignore")[0].issues != []
    assert not read(x12, data, "  x12.element.trailing_separators: reject")[0].accepted


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("  x12.element.cod: accept", "2:3", 'did you mean "x12.element.code"'),
        ("  level 8: accept", "2:3", 'did you mean "level'),
        ("  nonsense: accept", "2:3", "docs/errors.md"),
        ("  x12.element.code: accpet", "2:21", 'did you mean "accept"'),
        ("  x12.element.code: [accept]", "2:21", "want reject or accept or ignore"),
        ("  x12.isa.date: accept", "2:3", "belongs to the envelope"),
        ("  x12.ge.set_count: ignore", "2:3", "belongs to the envelope"),
        ("  x12.segment.too_large: accept", "2:3", "cannot be accepted"),
        ("  x12.se.missing: accept", "2:3", "cannot be accepted"),
    ],
)
def test_what_cannot_be_switched_is_told_where_it_stands(text, place, said) -> None:
    _, (fault,) = strictness(text)
    assert str(fault).startswith(f"profile.yaml:{place}: ")
    assert said in fault.message


def test_a_level_never_lets_pass_what_has_no_switch() -> None:
    everything = Strictness(levels=dict.fromkeys(range(1, 8), Switch.IGNORE))
    for fault in FAULTS.values():
        if fault.severity is Severity.ERROR:
            wanted = None if has_switch(fault.code) else Severity.ERROR
            assert everything.severity(fault, Severity.ERROR) is wanted, fault.code
