"""Separators of every kind, in the ISA and in what follows it: accepted, or refused with the TA1 code for it."""

from __future__ import annotations

import itertools

import pytest

from translators.x12.codes import FAULTS
from translators.x12.delimiters import parse_isa

USABLE_TERMINATORS = ["~", "\n", "\r", "|", "¦", "'", "\x1c", "\x1d", "\x1e", "\x1f", "!", "$", "\x85", "^", "\\", "{"]
USABLE_SEPARATORS = ["*", "|", "+", ":", "\x1d", "\x1f", "^", "\t", "¦", "~", ",", ";"]
UNUSABLE = ["A", "7", " ", "é", "\x00"]


def changed(data: bytes, *, element: str = "*", component: str = ">", terminator: str = "~") -> bytes:
    table = str.maketrans({"*": element, ">": component, "~": terminator})
    return data.decode("latin-1").translate(table).encode("latin-1")


@pytest.mark.parametrize("terminator", USABLE_TERMINATORS, ids=ascii)
def test_a_usable_terminator_is_taken_from_byte_106(x12, terminator) -> None:
    component = ">" if terminator != ">" else ":"
    seen = x12.read(changed(x12.order(), terminator=terminator, component=component))
    assert seen.codes == []
    assert seen.interchange.header.delimiters.segment == terminator


@pytest.mark.parametrize("element", USABLE_SEPARATORS, ids=ascii)
def test_a_usable_element_separator_is_taken_from_byte_4(x12, element) -> None:
    terminator = "~" if element != "~" else "\n"
    seen = x12.read(changed(x12.order(), element=element, terminator=terminator))
    assert seen.codes == []
    assert seen.interchange.header.delimiters.element == element


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=ascii)
def test_a_line_end_after_each_terminator_is_no_data_and_is_remembered(x12, line_end) -> None:
    data = x12.order().replace(b"~", b"~" + line_end.encode())
    seen = x12.read(data)
    assert seen.codes == []
    assert seen.interchange.header.delimiters.line_end == line_end
    offsets = [segment.offset for segment in seen.sets[0].root.walk()]
    assert [data[at : at + 2] for at in offsets] == [b"ST", b"BE", b"PO", b"CT", b"SE"]


def test_segments_may_be_indented(x12) -> None:
    data = x12.order().replace(b"~", b"~\n   ")
    seen = x12.read(data)
    assert seen.codes == []
    offsets = [segment.offset for segment in seen.sets[0].root.walk()]
    assert [data[at : at + 2] for at in offsets] == [b"ST", b"BE", b"PO", b"CT", b"SE"]


def test_a_terminator_of_cr_with_lf_after_it_is_read(x12) -> None:
    seen = x12.read(x12.order().replace(b"~", b"\r\n"))
    assert seen.codes == []
    assert seen.interchange.header.delimiters.segment == "\r"
    assert seen.interchange.header.delimiters.line_end == "\n"


@pytest.mark.parametrize("element", ["A", "7", " ", "é"], ids=ascii)
def test_an_element_separator_that_data_may_hold_is_026(x12, element) -> None:
    # Only the separators of the ISA are replaced: what follows cannot be read in any case.
    data = x12.isa(element=element).encode("latin-1")
    seen = x12.read(data)
    assert seen.kinds == ["InterchangeStart", "InterchangeEnd"]
    assert "x12.isa.element_separator" in seen.codes
    assert FAULTS["x12.isa.element_separator"].ta1 == "026"


@pytest.mark.parametrize("terminator", UNUSABLE, ids=ascii)
def test_a_terminator_that_data_may_hold_is_004_and_the_next_interchange_is_read(x12, terminator) -> None:
    bad = x12.isa(terminator=terminator).encode("latin-1")
    seen = x12.read(bad + b"GS*PO*whatever stands here~" + x12.order())
    assert seen.codes == ["x12.isa.segment_terminator"]
    assert FAULTS["x12.isa.segment_terminator"].ta1 == "004"
    assert seen.kinds[:2] == ["InterchangeStart", "InterchangeEnd"]
    assert [each.accepted for each in seen.sets] == [True]


@pytest.mark.parametrize("component", UNUSABLE, ids=ascii)
def test_a_component_separator_that_data_may_hold_is_027(x12, component) -> None:
    seen = x12.read(x12.file(x12.group(), isa=x12.isa(isa16=component)))
    assert "x12.isa.component_separator" in seen.codes
    assert FAULTS["x12.isa.component_separator"].ta1 == "027"
    assert seen.interchange.rejected


@pytest.mark.parametrize(
    ("isa16", "terminator", "code"),
    [
        ("*", "~", "x12.isa.component_separator"),
        ("~", "~", "x12.isa.component_separator"),
        (">", "*", "x12.isa.segment_terminator"),
        (">", ">", "x12.isa.component_separator"),
    ],
)
def test_two_separators_of_one_byte_are_refused(x12, isa16, terminator, code) -> None:
    seen = x12.read(x12.isa(isa16=isa16, terminator=terminator).encode() + b"GS*PO")
    assert code in seen.codes
    assert seen.interchange.rejected


@pytest.mark.parametrize("version", ["00402", "00403", "00501", "00801"])
@pytest.mark.parametrize("separator", ["^", "!", "\\", "\x1e"])
def test_isa11_is_the_repetition_separator_from_00402_on(x12, version, separator) -> None:
    seen = x12.read(x12.file(x12.group(), isa=x12.isa(isa11=separator, isa12=version)))
    assert seen.codes == []
    assert seen.interchange.header.delimiters.repetition == separator


@pytest.mark.parametrize("version", ["00402", "00501"])
def test_isa11_u_means_no_repetition_at_any_version_with_a_warning(x12, version) -> None:
    seen = x12.read(x12.file(x12.group(), isa=x12.isa(isa11="U", isa12=version)))
    assert seen.codes == ["x12.isa.standards_id"]
    assert seen.interchange.header.delimiters.repetition is None
    assert not seen.interchange.rejected


@pytest.mark.parametrize("separator", ["A", "7", " ", "*", ">", "~"])
def test_a_repetition_separator_that_cannot_be_one_is_016(x12, separator) -> None:
    seen = x12.read(x12.isa(isa11=separator, isa12="00501").encode() + b"IEA*0*000000001~")
    assert "x12.isa.repetition_separator" in seen.codes
    assert FAULTS["x12.isa.repetition_separator"].ta1 == "016"


def test_isa11_before_00402_is_no_separator_whatever_it_says(x12) -> None:
    seen = x12.read(x12.file(x12.group(), isa=x12.isa(isa11="^", isa12="00401")))
    assert seen.codes == ["x12.isa.standards_id"]
    assert seen.interchange.header.delimiters.repetition is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"isa06": "ACME"}, "ISA06"),
        ({"isa02": "", "isa04": ""}, "ISA02, ISA04"),
        ({"isa06": "ACME OF THE LONG NAME"}, "ISA06"),
        ({"isa13": "1"}, "ISA13"),
        ({"isa05": "Z", "isa06": "ACME".ljust(16)}, "ISA05, ISA06"),
    ],
)
def test_a_ragged_isa_is_refused_and_read_for_the_rest(x12, order_segments, change, named) -> None:
    data = x12.file(x12.group(x12.set(*order_segments)), isa=x12.isa(**change))
    seen = x12.read(data)
    width = next(issue for issue in seen.issues if issue.code == "x12.isa.width")
    assert width.message.startswith(f"{named}: ")
    assert seen.interchange.rejected
    assert seen.sets[0].accepted
    assert data[seen.sets[0].offset :].startswith(b"ST*850")


def test_an_isa_without_isa16_is_027_and_its_terminator_is_found(x12, order_segments) -> None:
    data = x12.file(x12.group(x12.set(*order_segments)), isa=x12.isa(isa16=""))
    seen = x12.read(data)
    assert {"x12.isa.width", "x12.isa.component_separator"} <= set(seen.codes)
    assert seen.sets[0].accepted


def test_an_isa_with_too_few_separators_is_no_isa(x12) -> None:
    seen = x12.read(b"ISA*00*ACME~" + b"GS-PO-ACME~" * 200)
    assert seen.codes == ["x12.file.not_x12"]


def test_a_byte_order_mark_is_no_data(x12) -> None:
    seen = x12.read(b"\xef\xbb\xbf" + x12.order())
    assert seen.codes == []
    assert seen.interchange.header.offset == 3


def test_the_isa_of_a_file_is_read_field_by_field(x12) -> None:
    header = x12.read(x12.order()).interchange.header
    assert header.sender == ("ZZ", "ACME")
    assert header.receiver == ("ZZ", "TRADELANE")
    assert (header.version, header.control_number, header.usage) == ("00401", "000000001", "P")
    assert not header.acknowledgment_requested


def test_any_three_usable_separators_read_alike(x12) -> None:
    for element, component, terminator in itertools.permutations(["*", "|", "^", "\x1d"], 3):
        isa = parse_isa(changed(x12.order(), element=element, component=component, terminator=terminator).decode())
        assert isa is not None
        found = isa.delimiters
        assert (found.element, found.component, found.segment, isa.length) == (element, component, terminator, 106)
