"""Every fault the X12 translator reports, with the code the standard's acknowledgments have for it.

One row per fault. `ta1` is the note code of TA105, `ak3` the code of AK304 (IK304), `ak4` of AK403 (IK403), `ak5` of
AK502 (IK502), `ak9` of AK905; None where that acknowledgment has no code for it. Source: X12 004010 data elements I18,
720, 723, 718, 716. `ik3` and `ik4` are codes that only a 999 has (IK304, IK403), for the rules of an implementation.
Source: X12 005010 data elements 620, 621.

`severity` is what the fault does unless an agreement says otherwise: an error, but a warning for what harms no data
(separators and terminators too many or too few, a blank value, an ISA11 of another version).
"""

from __future__ import annotations

from dataclasses import dataclass

from translators.errors import Severity


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    code: str
    level: int
    meaning: str
    ta1: str | None = None
    ak3: str | None = None
    ak4: str | None = None
    ak5: str | None = None
    ak9: str | None = None
    ik3: str | None = None
    ik4: str | None = None
    severity: Severity = Severity.ERROR


_ROWS = (
    # outside any interchange
    Fault("x12.file.empty", 1, "the file holds no byte that counts"),
    Fault("x12.file.not_x12", 1, "the file does not begin with ISA"),
    Fault("x12.file.stray_text", 1, "text between or after interchanges"),
    Fault("x12.isa.truncated", 1, "the file ends inside the ISA", ta1="023"),
    Fault("x12.isa.width", 1, "the ISA is not 106 characters, or an element of it has the wrong width", ta1="024"),
    # interchange
    Fault("x12.isa.segment_terminator", 1, "the segment terminator cannot be one", ta1="004"),
    Fault("x12.isa.element_separator", 1, "the element separator cannot be one", ta1="026"),
    Fault("x12.isa.component_separator", 1, "the component separator cannot be one", ta1="027"),
    Fault("x12.isa.repetition_separator", 1, "ISA11 is neither U nor a usable repetition separator", ta1="016"),
    Fault("x12.isa.standards_id", 1, "ISA11 is not the one of the version in ISA12", severity=Severity.WARNING),
    Fault("x12.isa.authorization_qualifier", 1, "ISA01 is not in its code list", ta1="010"),
    Fault("x12.isa.authorization", 1, "ISA02 holds a character it may not", ta1="011"),
    Fault("x12.isa.security_qualifier", 1, "ISA03 is not in its code list", ta1="012"),
    Fault("x12.isa.security", 1, "ISA04 holds a character it may not", ta1="013"),
    Fault("x12.isa.sender_qualifier", 1, "ISA05 is not in its code list", ta1="005"),
    Fault("x12.isa.sender", 1, "ISA06 is empty or holds a character it may not", ta1="006"),
    Fault("x12.isa.receiver_qualifier", 1, "ISA07 is not in its code list", ta1="007"),
    Fault("x12.isa.receiver", 1, "ISA08 is empty or holds a character it may not", ta1="008"),
    Fault("x12.isa.unknown_receiver", 1, "ISA07/08 is not one of our identities", ta1="009"),
    Fault("x12.isa.date", 1, "ISA09 is no date YYMMDD", ta1="014"),
    Fault("x12.isa.time", 1, "ISA10 is no time HHMM", ta1="015"),
    Fault("x12.isa.version", 1, "ISA12 is no version of the envelope we know", ta1="017"),
    Fault("x12.isa.control_number", 1, "ISA13 is not nine digits, or is zero", ta1="018"),
    Fault("x12.isa.duplicate_control_number", 1, "ISA13 was used before for other content", ta1="025"),
    Fault("x12.isa.acknowledgment_requested", 1, "ISA14 is not 0 or 1", ta1="019"),
    Fault("x12.isa.usage", 1, "ISA15 is not in its code list", ta1="020"),
    Fault("x12.iea.missing", 1, "the interchange ends without IEA", ta1="023"),
    Fault("x12.iea.control_number", 1, "IEA02 is not ISA13", ta1="001"),
    Fault("x12.iea.group_count", 1, "IEA01 is not the number of groups", ta1="021"),
    Fault("x12.interchange.structure", 1, "a segment stands where the envelope does not allow it", ta1="022"),
    Fault("x12.interchange.empty", 1, "the interchange holds neither a group nor a TA1", ta1="024"),
    Fault("x12.ta1.invalid", 1, "a TA1 holds an element that does not read", ta1="022"),
    Fault("x12.ta1.place", 1, "a TA1 stands after a functional group", severity=Severity.WARNING),
    Fault("x12.interchange.service", 1, "ISB or ISE, which is not looked into", severity=Severity.WARNING),
    Fault("x12.segment.too_large", 1, "a segment is longer than the cap", ta1="024", ak3="8"),
    Fault("x12.segment.too_many_elements", 1, "a segment has more elements than the cap", ta1="024", ak3="8"),
    Fault("x12.segment.empty", 1, "two segment terminators with nothing between them", severity=Severity.WARNING),
    Fault("x12.segment.unterminated", 1, "the file ends without a segment terminator", severity=Severity.WARNING),
    Fault("x12.issues.capped", 1, "more faults were found than are listed", severity=Severity.WARNING),
    # functional group
    Fault("x12.gs.unsupported_group", 2, "GS01 is no functional group we know", ak9="1"),
    Fault("x12.gs.unsupported_version", 2, "GS08 is no version we have guides for", ak9="2"),
    Fault("x12.ge.missing", 1, "the group ends without GE", ak9="3"),
    Fault("x12.ge.control_number", 1, "GE02 is not GS06", ak9="4"),
    Fault("x12.ge.set_count", 1, "GE01 is not the number of transaction sets", ak9="5"),
    Fault("x12.gs.control_number", 1, "GS06 is not a number of one to nine digits", ak9="6"),
    Fault("x12.gs.element", 1, "an element of GS or GE does not read", ak9="6"),
    Fault("x12.gs.duplicate_control_number", 1, "GS06 was used before in this interchange", ak9="6"),
    Fault("x12.group.structure", 1, "a segment stands between the transaction sets"),
    # transaction set
    Fault("x12.st.unsupported", 2, "there is no guide for this set and version", ak5="1"),
    Fault("x12.st.wrong_group", 2, "the set does not belong in a group of this GS01", ak5="6"),
    Fault("x12.st.set_code", 1, "ST01 is missing or no set identifier", ak5="6"),
    Fault("x12.st.control_number", 1, "ST02 is missing or has the wrong length", ak5="7"),
    Fault("x12.st.duplicate_control_number", 1, "ST02 was used before in this group", ak5="23"),
    Fault("x12.se.missing", 1, "the set ends without SE", ak5="2"),
    Fault("x12.se.control_number", 1, "SE02 is not ST02", ak5="3"),
    Fault("x12.se.segment_count", 1, "SE01 is not the number of segments", ak5="4"),
    Fault("x12.set.too_many_segments", 1, "the set has more segments than the cap", ak5="5"),
    # segments
    Fault("x12.segment.unrecognized", 2, "no segment of this version has this id", ak3="1", ak5="5"),
    Fault("x12.segment.unexpected", 2, "the segment is not used here", ak3="2", ak5="5"),
    Fault("x12.segment.missing", 2, "a mandatory segment is missing", ak3="3", ak5="5"),
    Fault("x12.loop.too_many", 2, "the loop occurs more often than it may", ak3="4", ak5="5"),
    Fault("x12.segment.too_many", 2, "the segment occurs more often than it may", ak3="5", ak5="5"),
    Fault("x12.segment.not_in_set", 2, "the segment is not part of this set", ak3="6", ak5="5"),
    Fault("x12.segment.sequence", 2, "the segment stands out of its order", ak3="7", ak5="5"),
    Fault("x12.segment.not_used", 2, "not used by the industry's guide of GS08", ak3="2", ak5="5", ik3="I4"),
    Fault("x12.segment.no_value", 1, "the segment holds no value", severity=Severity.WARNING),
    # elements; each makes its segment AK304 = 8
    Fault("x12.element.missing", 1, "a mandatory element is missing", ak3="8", ak4="1", ak5="5"),
    Fault("x12.element.condition", 1, "a condition asks for an element that is missing", ak3="8", ak4="2", ak5="5"),
    Fault("x12.element.too_many", 1, "more elements than the segment has", ak3="8", ak4="3", ak5="5"),
    Fault("x12.element.too_short", 1, "shorter than its minimum", ak3="8", ak4="4", ak5="5"),
    Fault("x12.element.too_long", 1, "longer than its maximum", ak3="8", ak4="5", ak5="5"),
    Fault("x12.element.character", 1, "a character its type does not allow", ak3="8", ak4="6", ak5="5"),
    Fault("x12.element.code", 5, "not in its code list", ak3="8", ak4="7", ak5="5"),
    Fault("x12.element.date", 1, "no date of the calendar", ak3="8", ak4="8", ak5="5"),
    Fault("x12.element.time", 1, "no time of the day", ak3="8", ak4="9", ak5="5"),
    Fault("x12.element.exclusion", 1, "a condition forbids it beside another", ak3="8", ak4="10", ak5="5"),
    Fault("x12.element.too_many_repetitions", 1, "repeated more often than it may", ak3="8", ak4="12", ak5="5"),
    Fault("x12.element.too_many_components", 1, "more components than the composite has", ak3="8", ak4="13", ak5="5"),
    Fault("x12.element.blank", 1, "text of blanks only", severity=Severity.WARNING),
    Fault("x12.element.not_used", 2, "not used by the industry's guide", ak3="8", ak4="10", ak5="5", ik4="I10"),
    Fault("x12.element.trailing_blanks", 1, "blanks at the end of a value", severity=Severity.WARNING),
    Fault("x12.element.trailing_separators", 1, "empty elements at the end of the segment", severity=Severity.WARNING),
    Fault("x12.binary.too_short", 1, "binary data shorter than its length says", ak3="8", ak4="4", ak5="5"),
    Fault("x12.binary.too_long", 1, "binary data longer than its length says", ak3="8", ak4="5", ak5="5"),
    # partner rules, of the overlay that the agreement names; a 997 has no codes for them, a 999 has some
    Fault("x12.partner.segment_missing", 7, "a segment is missing that the partner makes mandatory", ik3="I8"),
    Fault("x12.partner.loop_missing", 7, "a loop is missing that the partner makes mandatory", ik3="I7"),
    Fault("x12.partner.segment_not_used", 7, "a segment stands that the partner does not use", ik3="I4"),
    Fault("x12.partner.segment_too_often", 7, "a segment occurs more often than the partner allows", ik3="5"),
    Fault("x12.partner.loop_too_often", 7, "a loop occurs more often than the partner allows", ik3="4"),
    Fault("x12.partner.element_missing", 7, "an element is missing that the partner wants", ik3="8", ik4="I9"),
    Fault("x12.partner.element_not_used", 7, "an element stands that the partner does not use", ik3="8", ik4="I10"),
    Fault("x12.partner.code", 7, "not among the codes the partner uses", ik3="8", ik4="I6"),
    Fault("x12.partner.length", 7, "shorter or longer than the partner allows", ik3="8", ik4="I12"),
    Fault("x12.partner.condition", 7, "a condition that the partner states is not met", ik3="8", ik4="I9"),
    # document rules; most have no code in a 997 or 999
    Fault("x12.loop.bounds", 2, "LE01 is not the LS01 of the loop it closes", ak3="8", ak4="7", ak5="5"),
    Fault("x12.lx.number", 2, "LX01 does not count from 1 by 1", severity=Severity.WARNING),
    Fault("x12.balance.count", 3, "CTT01 is not the number of line items"),
    Fault("x12.balance.hash_total", 3, "CTT02 is not the total of the quantities", severity=Severity.WARNING),
    Fault("x12.balance.total", 3, "a total is not the sum of the lines", severity=Severity.WARNING),
    Fault("x12.balance.amount", 3, "TDS01 is not what the invoice's lines make", severity=Severity.WARNING),
    Fault("x12.hl.duplicate_id", 6, "HL01 was used before in this set"),
    Fault("x12.hl.unknown_parent", 6, "HL02 names no HL of this set"),
    Fault("x12.hl.cycle", 6, "HL02 makes an HL its own ancestor"),
    Fault("x12.hl.level", 6, "the level of HL03 may not stand under its parent's"),
    Fault("x12.hl.later_parent", 6, "HL02 names an HL that stands later", severity=Severity.WARNING),
    Fault("x12.hl.roots", 6, "more HL without a parent than the set has", severity=Severity.WARNING),
    Fault("x12.hl.child_code", 6, "HL04 says otherwise than the HL that follow", severity=Severity.WARNING),
    # acknowledgments of what we sent, as the partner wrote them
    Fault("x12.acknowledged.contradiction", 6, "an acknowledgment contradicts itself", severity=Severity.WARNING),
    Fault("x12.acknowledged.segment", 6, "the partner found a segment in error and does not say what"),
    Fault("x12.acknowledged.other", 6, "the partner gives a code that has no row of its own here"),
    Fault("x12.acknowledged.advice", 6, "the partner's application found this"),
)

FAULTS: dict[str, Fault] = {fault.code: fault for fault in _ROWS}
"""Fault code -> its row."""
