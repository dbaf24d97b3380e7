"""The writer: exact bytes, and refusal instead of a corrupted file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from translators.errors import DelimiterInValue, TranslationError, WritingError
from translators.tree import Segment
from translators.x12.model import Delimiters
from translators.x12.writer import (
    ControlNumbers,
    OutboundGroup,
    OutboundInterchange,
    OutboundSet,
    Repeats,
    elements_of,
    write_interchange,
)

AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
ORDER = OutboundSet("850", [["BEG", "00", "SA", "4711", "", "20240305"], ["PO1", "1", "2", "EA", "9.95"]])
GROUP = OutboundGroup("PO", "BUYER", "SELLER", "004010", [ORDER])
INTERCHANGE = OutboundInterchange(("ZZ", "BUYER"), ("01", "987654321"), groups=[GROUP])
NUMBERS = ControlNumbers(42, (7,))


def written(interchange: OutboundInterchange, numbers: ControlNumbers = NUMBERS) -> str:
    return write_interchange(interchange, numbers=numbers, at=AT).decode("latin-1")


def with_segment(*elements: object) -> OutboundInterchange:
    return replace(INTERCHANGE, groups=[replace(GROUP, sets=[OutboundSet("850", [list(elements)])])])  # type: ignore[list-item]


def test_an_interchange_is_written_byte_for_byte() -> None:
    assert written(INTERCHANGE) == (
        "ISA*00*          *00*          *ZZ*BUYER          *01*987654321      *240305*0907*U*00401*000000042*0*P*>~"
        "GS*PO*BUYER*SELLER*20240305*0907*7*X*004010~"
        "ST*850*0001~"
        "BEG*00*SA*4711**20240305~"
        "PO1*1*2*EA*9.95~"
        "SE*4*0001~"
        "GE*1*7~"
        "IEA*1*000000042~"
    )


def test_delimiters_line_end_usage_and_request_are_those_asked_for() -> None:
    delimiters = Delimiters(element="|", component=":", segment="'", repetition="^", line_end="\r\n")
    asked = replace(
        INTERCHANGE, version="00501", usage="T", acknowledgment_requested=True, delimiters=delimiters, groups=[]
    )
    assert written(asked, ControlNumbers(999_999_999)) == (
        "ISA|00|          |00|          |ZZ|BUYER          |01|987654321      |240305|0907|^|00501|999999999|1|T|:'\r\n"
        "IEA|0|999999999'\r\n"
    )


def test_a_version_with_repetition_but_none_chosen_says_u() -> None:
    assert written(replace(INTERCHANGE, version="00501", groups=[]), ControlNumbers(1))[82] == "U"


def test_set_numbers_restart_in_each_group_and_every_trailer_counts() -> None:
    twice = replace(INTERCHANGE, groups=[replace(GROUP, sets=[ORDER, ORDER]), GROUP])
    text = written(twice, ControlNumbers(1, (8, 9)))
    ids = [line.split("*")[:3] for line in text.split("~") if line[:2] in {"ST", "SE", "GE", "IE"}]
    assert ids == [
        ["ST", "850", "0001"],
        ["SE", "4", "0001"],
        ["ST", "850", "0002"],
        ["SE", "4", "0002"],
        ["GE", "2", "8"],
        ["ST", "850", "0001"],
        ["SE", "4", "0001"],
        ["GE", "1", "9"],
        ["IEA", "2", "000000001"],
    ]


def test_an_older_release_has_a_two_digit_year_in_its_group() -> None:
    assert "GS*PO*BUYER*SELLER*240305*0907*7*X*003050~" in written(
        replace(INTERCHANGE, groups=[replace(GROUP, version="003050")])
    )


def test_trailing_empty_elements_and_components_are_left_out() -> None:
    assert "~REF*DP~" in written(with_segment("REF", "DP", "", ""))
    assert "~AK4*3**7~" in written(with_segment("AK4", ("3", ""), "", "7", ("", "")))


def test_composites_and_repetitions_take_the_separators_of_the_interchange() -> None:
    delimiters = Delimiters(component=":", repetition="^")
    asked = replace(with_segment("XX", ("a", "b"), Repeats(["c", ("d", "e")])), version="00501", delimiters=delimiters)
    assert "~XX*a:b*c^d:e~" in written(asked)


def test_a_segment_read_under_other_delimiters_is_written_under_these() -> None:
    read = Segment(["XX", "a:b", "c^d:e", ">"], ordinal=1, offset=0)
    elements = elements_of(read, Delimiters(component=":", repetition="^"))
    assert elements == ["XX", ("a", "b"), Repeats(["c", ("d", "e")]), ">"]
    under = replace(with_segment(*elements), version="00501", delimiters=Delimiters(component="<", repetition="!"))
    assert "~XX*a<b*c!d<e*>~" in written(under)


@pytest.mark.parametrize("value", ["A*B", "A~B", "A>B", "~"])
def test_a_value_holding_a_delimiter_is_refused_with_its_place(value: str) -> None:
    with pytest.raises(DelimiterInValue, match=r"group 1, set 1, BEG03: .* holds the delimiter") as refused:
        written(with_segment("BEG", "00", "SA", value))
    assert refused.value.place == "group 1, set 1, BEG03"


def test_a_component_holding_a_delimiter_is_refused_with_its_place() -> None:
    with pytest.raises(DelimiterInValue, match=r"group 1, set 1, AK401:2: "):
        written(with_segment("AK4", ("1", "2>3")))


def test_a_repetition_separator_is_a_delimiter_only_where_there_is_one() -> None:
    assert "*A^B~" in written(with_segment("MSG", "A^B"))
    under = replace(with_segment("MSG", "A^B"), version="00501", delimiters=Delimiters(repetition="^"))
    with pytest.raises(DelimiterInValue):
        written(under)


def test_latin_1_is_one_byte_a_character_and_nothing_else_is_written() -> None:
    assert b"*M\xfcller~" in write_interchange(with_segment("N1", "ST", "Müller"), numbers=NUMBERS, at=AT)
    with pytest.raises(WritingError, match=r"N102: .* latin-1"):
        written(with_segment("N1", "ST", "10 €"))


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (replace(INTERCHANGE, sender=("ZZ", "SIXTEEN-LETTERS-")), "ISA06"),
        (replace(INTERCHANGE, receiver=("ZZ", " ")), "ISA08"),
        (replace(INTERCHANGE, sender=("ZZZ", "A")), "ISA05"),
        (replace(INTERCHANGE, receiver=("", "A")), "ISA07"),
        (replace(INTERCHANGE, sender=("ZZ", "A*B")), "ISA06"),
        (replace(INTERCHANGE, version="401"), "ISA12"),
        (replace(INTERCHANGE, usage=""), "ISA15"),
        (replace(INTERCHANGE, groups=[replace(GROUP, functional_id="")]), "group 1, GS01"),
        (replace(INTERCHANGE, groups=[replace(GROUP, sender="A~")]), "group 1, GS02"),
        (replace(INTERCHANGE, groups=[replace(GROUP, sets=[OutboundSet("", [])])]), "group 1, set 1, ST01"),
        (with_segment("", "1"), "group 1, set 1"),
        (with_segment("B*G"), "group 1, set 1"),
        (with_segment("XX", Repeats(["a", "b"])), "group 1, set 1, XX01"),
        (replace(INTERCHANGE, delimiters=Delimiters(element="~")), "delimiters"),
        (replace(INTERCHANGE, delimiters=Delimiters(component="A")), "component separator"),
        (replace(INTERCHANGE, delimiters=Delimiters(segment=" ")), "segment terminator"),
        (replace(INTERCHANGE, delimiters=Delimiters(segment="")), "segment terminator"),
        (replace(INTERCHANGE, delimiters=Delimiters(repetition="^")), "ISA11"),
        (replace(INTERCHANGE, delimiters=Delimiters(line_end=" ")), "line end"),
        (replace(INTERCHANGE, delimiters=Delimiters(segment="\n", line_end="\n")), "line end"),
        (replace(INTERCHANGE, delimiters=Delimiters(element="\r")), "element separator"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_place(broken: OutboundInterchange, place: str) -> None:
    with pytest.raises(WritingError) as refused:
        written(broken)
    assert refused.value.place == place
    assert isinstance(refused.value, TranslationError)


@pytest.mark.parametrize(
    "numbers",
    [ControlNumbers(0, (1,)), ControlNumbers(1_000_000_000, (1,)), ControlNumbers(1, (0,)), ControlNumbers(1)],
)
def test_control_numbers_out_of_range_or_of_another_count_are_refused(numbers: ControlNumbers) -> None:
    with pytest.raises(WritingError):
        written(INTERCHANGE, numbers)
