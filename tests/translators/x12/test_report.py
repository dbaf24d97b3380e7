"""The report of `tradelane check --json`, from events made by hand."""

from __future__ import annotations

import json

from translators.errors import Issue, Position, Severity
from translators.tree import Segment
from translators.x12.model import (
    Delimiters,
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)
from translators.x12.report import MAX_ISSUES, report

ISA = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "BUYER          ", "01", "987654321      "]
HEADER = InterchangeHeader(
    1, 0, Delimiters(), Segment([*ISA, "240304", "1530", "U", "00401", "000000077", "0", "P", ">"], ordinal=1, offset=0)
)
GS = GroupHeader(
    1, 106, Segment(["GS", "PO", "BUYER", "SELLER", "20240304", "1530", "12", "X", "004010"], ordinal=1, offset=106)
)
FAULT = Issue("x12.se.segment_count", "SE01 is 9; want 3", Position(interchange=1, group=1, set=2, offset=200))
NOTED = Issue("x12.isa.standards_id", "ISA11 is U", Position(interchange=1, offset=82), Severity.WARNING)


def one_set(number: str, *issues: Issue, segments: int = 3) -> TransactionSet:
    return TransactionSet(HEADER, GS, 1, "850", number, segments, 0, 0, None, list(issues))


def events(
    *sets: TransactionSet, isa: tuple[Issue, ...] = (), gs: tuple[Issue, ...] = (), iea: tuple[Issue, ...] = ()
) -> list[ReaderEvent]:
    """One interchange with one group; what stands in `isa` and `gs` is told at the start and again at the end."""
    return [
        InterchangeStart(HEADER, list(isa)),
        GroupStart(HEADER, GS, list(gs)),
        *sets,
        GroupEnd(HEADER, GS, len(sets), len(sets), sum(found.accepted for found in sets), list(gs)),
        InterchangeEnd(HEADER, 1, 0, [*isa, *iea]),
    ]


def test_a_clean_file_is_reported_whole() -> None:
    assert report(events(one_set("0001"), one_set("0002", segments=4)), file="orders.edi") == {
        "file": "orders.edi",
        "accepted": True,
        "format": "x12",
        "interchanges": [
            {
                "control_number": "000000077",
                "sender": "ZZ:BUYER",
                "receiver": "01:987654321",
                "version": "00401",
                "groups": [
                    {
                        "control_number": "12",
                        "functional_id": "PO",
                        "version": "004010",
                        "sets": [
                            {"control_number": "0001", "set": "850", "accepted": True, "segments": 3},
                            {"control_number": "0002", "set": "850", "accepted": True, "segments": 4},
                        ],
                    }
                ],
            }
        ],
        "issues": [],
    }


def test_a_bad_set_is_told_apart_and_the_file_is_not_accepted() -> None:
    found = report(events(one_set("0001"), one_set("0002", FAULT)), file="f")
    assert found["accepted"] is False
    assert [row["accepted"] for row in found["interchanges"][0]["groups"][0]["sets"]] == [True, False]
    assert found["issues"] == [
        {
            "code": "x12.se.segment_count",
            "severity": "error",
            "level": 1,
            "message": "SE01 is 9; want 3",
            "position": {
                "interchange": 1,
                "group": 1,
                "set": 2,
                "loop": None,
                "segment_id": None,
                "segment": None,
                "element": None,
                "component": None,
                "repetition": None,
                "offset": 200,
            },
            "value": None,
        }
    ]
    json.dumps(found)


def test_a_rejected_group_or_interchange_rejects_what_is_in_it() -> None:
    for made in (events(one_set("0001"), gs=(FAULT,)), events(one_set("0001"), iea=(FAULT,))):
        found = report(made, file="f")
        assert found["accepted"] is False
        assert found["interchanges"][0]["groups"][0]["sets"][0]["accepted"] is False


def test_a_warning_is_listed_once_and_does_not_reject() -> None:
    found = report(events(one_set("0001"), isa=(NOTED,), gs=(NOTED,)), file="f")
    assert found["accepted"] is True
    assert [issue["code"] for issue in found["issues"]] == ["x12.isa.standards_id"] * 2


def test_a_file_without_an_interchange_is_not_accepted() -> None:
    assert report([], file="f")["accepted"] is False
    empty = Issue("x12.file.empty", "the file is empty", Position(offset=0))
    found = report([Stray([empty])], file="f")
    assert (found["accepted"], found["interchanges"], len(found["issues"])) == (False, [], 1)


def test_stray_text_and_a_bad_ta1_reject_the_file_but_not_its_sets() -> None:
    stray = Issue("x12.file.stray_text", "text", Position(offset=500))
    note = Issue("x12.ta1.invalid", "TA104 is Q", Position(interchange=1))
    ta1 = Segment(["TA1"], ordinal=1, offset=106)
    made = events(one_set("0001"))
    found = report([made[0], InterchangeNote(HEADER, ta1, [note]), *made[1:], Stray([stray])], file="f")
    assert found["accepted"] is False
    assert found["interchanges"][0]["groups"][0]["sets"][0]["accepted"] is True
    assert [issue["code"] for issue in found["issues"]] == ["x12.ta1.invalid", "x12.file.stray_text"]


def test_a_long_list_of_issues_is_cut_and_says_how_many_more() -> None:
    found = report(events(*(one_set(str(number), FAULT) for number in range(MAX_ISSUES + 7))), file="f")
    assert len(found["issues"]) == MAX_ISSUES + 1
    last = found["issues"][-1]
    assert (last["code"], last["severity"]) == ("x12.report.more", "error")
    assert last["message"].startswith("7 more issues")
    assert len(found["interchanges"][0]["groups"][0]["sets"]) == MAX_ISSUES + 7


def test_issues_left_out_that_were_warnings_leave_the_file_accepted() -> None:
    found = report(events(*(one_set(str(number), NOTED) for number in range(MAX_ISSUES + 1))), file="f")
    assert found["accepted"] is True
    assert found["issues"][-1]["severity"] == "warning"
