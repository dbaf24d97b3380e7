"""Elements of a segment: every kind of fault, at its place, with its value and AK403 code."""

from __future__ import annotations

import pytest

from translators.errors import Severity
from translators.x12.codes import FAULTS

BEG = "BEG*00*SA*PO1**20260115"


def only(seen):
    assert len(seen.issues) == 1, seen.codes
    return seen.issues[0]


@pytest.mark.parametrize(
    ("segment", "element", "code", "ak4"),
    [
        # 1 mandatory element missing
        ("BEG**SA*PO1**20260115", 1, "x12.element.missing", "1"),
        ("BEG*00*SA***20260115", 3, "x12.element.missing", "1"),
        ("BEG*00*SA*PO1", 5, "x12.element.missing", "1"),
        # 2 conditional element missing: R0203 of REF and P0304 of N1
        ("REF*DP", 2, "x12.element.condition", "2"),
        ("N1*BY*ACME*92", 4, "x12.element.condition", "2"),
        ("N1*BY*ACME**0001", 3, "x12.element.condition", "2"),
        ("N1*BY", 2, "x12.element.condition", "2"),
        # C0403 and P0506 of DTM
        ("DTM*010*20260201**ED", 3, "x12.element.condition", "2"),
        ("DTM*010*20260201***D8", 6, "x12.element.condition", "2"),
        # 3 too many elements
        ("REF*DP*100*X**Y", 5, "x12.element.too_many", "3"),
        # 4 and 5 length
        ("CUR*BY*US", 2, "x12.element.too_short", "4"),
        ("REF*DP*" + "9" * 31, 2, "x12.element.too_long", "5"),
        ("CUR*BY*USDX", 2, "x12.element.too_long", "5"),
        # 6 characters
        ("PO1*1*five*EA*9.25", 2, "x12.element.character", "6"),
        ("PO1*1*5*EA*9.2.5", 4, "x12.element.character", "6"),
        ("PID*F****TWO>PARTS", 5, "x12.element.character", "6"),
        # 7 code value
        ("BEG*QX*SA*PO1**20260115", 1, "x12.element.code", "7"),
        ("CUR*?1*USD", 1, "x12.element.code", "7"),
        # 8 and 9 date and time
        ("DTM*010*20260230", 2, "x12.element.date", "8"),
        ("DTM*010**2400", 3, "x12.element.time", "9"),
    ],
)
def test_a_fault_of_an_element_is_located_and_has_its_code(x12, segment, element, code, ak4) -> None:
    start = [] if segment.startswith("BEG") else [BEG]
    before_line = [] if segment.startswith("PO1") else ["PO1*1*5*EA*9.25"]
    data = x12.order(*start, segment, *before_line, "CTT*1")
    issue = only(x12.read(data))
    assert issue.code == code
    position = issue.position
    assert (position.segment_id, position.element, position.component) == (segment.split("*")[0], element, None)
    assert position.segment == 2 + len(start)
    values = segment.split("*")
    value = values[element] if element < len(values) else None
    assert issue.value == (value or None)
    at = data.index(segment.encode()) + len("*".join(values[:element])) + (1 if element < len(values) else 0)
    assert position.offset == at
    row = FAULTS[code]
    assert (row.ak3, row.ak4, row.ak5) == ("8", ak4, "5")


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "1e400",
        "1E5",
        "inf",
        "+5",
        "5-",
        "--5",
        "-",
        ".",
        "1,5",
        "0x1F",
        "٣",
        "²",
        "5 ",
        " 5",
        "1_000",
        "9" * 1000,
    ],
)
def test_what_is_no_number_never_passes_as_one(x12, value) -> None:
    try:
        sent = value.encode("latin-1").decode("latin-1")
    except UnicodeEncodeError:
        sent = value.encode().decode("latin-1")
    issue = only(x12.read(x12.order(BEG, f"PO1*1*{sent}*EA*9.25", "CTT*1")))
    assert issue.code in ("x12.element.character", "x12.element.too_long")
    assert (issue.position.element, issue.value) == (2, sent)


@pytest.mark.parametrize(
    "value", ["0", "5", "-5", "-0", ".5", "-.5", "5.", "000000005", "123456789012345", "-12345678.9"]
)
def test_what_is_a_number_passes_its_sign_and_point_not_counted(x12, value) -> None:
    assert x12.read(x12.order(BEG, f"PO1*1*{value}*EA*9.25", "CTT*1")).codes == []


def test_an_integer_has_no_point_and_its_sign_is_not_counted(x12) -> None:
    # TD102 is element 80, N0 of 1 to 7 digits.
    for value, codes in (("1234567", []), ("-1234567", []), ("12.5", ["x12.element.character"])):
        assert x12.read(x12.order(BEG, f"TD1*CTN*{value}", "PO1*1*5*EA*9.25", "CTT*1")).codes == codes


@pytest.mark.parametrize(
    ("date", "good"),
    [
        ("20240229", True),
        ("20230229", False),
        ("20000229", True),
        ("19000229", False),
        ("20261301", False),
        ("20260001", False),
        ("20260100", False),
        ("20260431", False),
        ("00000101", False),
        ("00000000", False),
        ("00010101", True),
        ("2026O115", False),
        ("99991231", True),
        ("20260230", False),
    ],
)
def test_a_date_is_a_day_of_the_calendar(x12, date, good) -> None:
    seen = x12.read(x12.order(f"BEG*00*SA*PO1**{date}", "PO1*1*5*EA*9.25", "CTT*1"))
    assert seen.codes == ([] if good else ["x12.element.date"])


@pytest.mark.parametrize("date", ["0000-00-00", "2026-01-15", "1e400", "NaN", "9" * 1000, "260115"])
def test_what_is_written_unlike_a_date_is_located_with_its_value(x12, date) -> None:
    seen = x12.read(x12.order(f"BEG*00*SA*PO1**{date}", "PO1*1*5*EA*9.25", "CTT*1"))
    issue = only(seen)
    assert issue.code in ("x12.element.too_short", "x12.element.too_long", "x12.element.date")
    assert (issue.position.segment_id, issue.position.element, issue.value) == ("BEG", 5, date)


@pytest.mark.parametrize(
    ("time", "code"),
    [
        ("0000", None),
        ("2359", None),
        ("235959", None),
        ("2359591", None),
        ("23595999", None),
        ("2400", "x12.element.time"),
        ("1260", "x12.element.time"),
        ("125960", "x12.element.time"),
        ("12000", "x12.element.time"),
        ("12a0", "x12.element.time"),
        ("120", "x12.element.too_short"),
        ("120000999", "x12.element.too_long"),
        ("24:00", "x12.element.time"),
        ("NaN4", "x12.element.time"),
    ],
)
def test_a_time_is_one_of_the_day(x12, time, code) -> None:
    seen = x12.read(x12.order(BEG, f"DTM*010*20260201*{time}", "PO1*1*5*EA*9.25", "CTT*1"))
    assert seen.codes == ([code] if code else [])


def test_separators_after_the_last_value_are_warned_of(x12) -> None:
    seen = x12.read(x12.order(BEG + "***", "PO1*1*5*EA*9.25", "CTT*1"))
    assert seen.codes == ["x12.element.trailing_separators"]
    assert seen.issues[0].severity is Severity.WARNING
    assert seen.sets[0].accepted


def test_separators_past_the_segments_last_element_are_warned_of_like_others(x12) -> None:
    seen = x12.read(x12.order(BEG, "REF*DP*100*****", "PO1*1*5*EA*9.25", "CTT*1"))
    assert seen.codes == ["x12.element.trailing_separators"]


def test_a_text_of_blanks_is_warned_of(x12) -> None:
    seen = x12.read(x12.order(BEG, "N1*BY*   *92*0001", "PO1*1*5*EA*9.25", "CTT*1"))
    assert seen.codes == ["x12.element.blank"]
    assert seen.sets[0].accepted


def test_a_text_that_begins_with_a_blank_is_fine(x12) -> None:
    assert x12.read(x12.order(BEG, "N1*BY* ACME", "PO1*1*5*EA*9.25", "CTT*1")).codes == []


def test_every_fault_of_a_segment_is_found_not_only_the_first(x12) -> None:
    seen = x12.read(x12.order("BEG*QX*QQ***20261345*" + "x" * 40, "PO1*1*5*EA*9.25", "CTT*1"))
    assert [(issue.position.element, issue.code) for issue in seen.issues] == [
        (1, "x12.element.code"),
        (2, "x12.element.code"),
        (3, "x12.element.missing"),
        (5, "x12.element.date"),
        (6, "x12.element.too_long"),
    ]


def test_a_message_says_what_was_found_wanted_and_where(x12) -> None:
    seen = x12.read(x12.order("BEG*00*SA*PO1**20261345", "PO1*1*5*EA*9.25", "CTT*1"))
    assert only(seen).message == "BEG05 (Date) is 20261345; want a date CCYYMMDD"


class TestComposites:
    """REF04 is C040: two mandatory components, then P0304 and P0506."""

    def issues(self, x12, value, *, component=">"):
        data = x12.order(BEG, f"REF*DP*100**{value}", "PO1*1*5*EA*9.25", "CTT*1")
        return data, x12.read(data).issues

    def test_a_good_composite_passes(self, x12) -> None:
        assert self.issues(x12, "PO>1234")[1] == []
        assert self.issues(x12, "PO>1234>IA>77>VN>9")[1] == []

    @pytest.mark.parametrize(
        ("value", "component", "code", "bad"),
        [
            ("PO", 2, "x12.element.missing", None),
            (">1234", 1, "x12.element.missing", None),
            ("P!>1234", 1, "x12.element.code", "P!"),
            ("PO>" + "9" * 31, 2, "x12.element.too_long", "9" * 31),
            ("PO>1>IA", 4, "x12.element.condition", None),
            ("PO>1>IA>2>VN>3>X", 7, "x12.element.too_many_components", "X"),
            ("PO>1>", 3, "x12.element.trailing_separators", None),
        ],
    )
    def test_a_fault_is_located_to_its_component(self, x12, value, component, code, bad) -> None:
        data, issues = self.issues(x12, value)
        assert [(issue.code, issue.position.element, issue.position.component) for issue in issues] == [
            (code, 4, component)
        ]
        assert issues[0].value == bad
        if bad:
            assert data[issues[0].position.offset :].startswith(bad.encode())


class TestRepetitions:
    """In 004010 nothing repeats; an interchange of 00501 may still declare a repetition separator."""

    def test_a_repeated_element_that_may_stand_once_is_located_to_its_repetition(self, x12) -> None:
        order = x12.set(BEG, "REF*DP*100^200^300", "PO1*1*5*EA*9.25", "CTT*1")
        data = x12.file(x12.group(order), isa=x12.isa(isa11="^", isa12="00501"))
        issue = only(x12.read(data))
        assert issue.code == "x12.element.too_many_repetitions"
        assert (issue.position.element, issue.position.repetition, issue.value) == (2, 2, "200")
        assert data[issue.position.offset :].startswith(b"200^")
        assert FAULTS[issue.code].ak4 == "12"

    def test_without_a_repetition_separator_the_character_is_data(self, x12) -> None:
        assert x12.read(x12.order(BEG, "REF*DP*100^200", "PO1*1*5*EA*9.25", "CTT*1")).codes == []


@pytest.mark.parametrize("segment", ["ITD", "ITD*", "ITD***"])
def test_a_segment_without_a_value_is_told_of_though_it_may_lack_each(x12, segment) -> None:
    seen = x12.read(x12.order("BEG*00*SA*PO1**20260115", segment, "PO1*1*5*EA*9.25"))
    assert seen.codes[0] == "x12.segment.no_value"
    assert (seen.issues[0].position.segment, seen.issues[0].position.segment_id) == (3, "ITD")
    assert seen.sets[0].accepted
