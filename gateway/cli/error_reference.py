"""The tables of docs/errors.md, made from the tables of faults: `python -m gateway.cli.error_reference [FILE]`."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.pipeline.outbound_faults import FAULTS as OUTBOUND_FAULTS
from mappings.codes import FAULTS as MAP_FAULTS
from partners.registry import Refusal
from translators.archives import FAULTS as ARCHIVE_FAULTS
from translators.delimited.codes import FAULTS as DELIMITED_FAULTS
from translators.errors import Severity
from translators.formats import Format
from translators.jsondoc.codes import FAULTS as JSON_FAULTS
from translators.reading import FormatFault
from translators.x12.codes import FAULTS, Fault
from translators.x12.strictness import has_switch
from translators.xmldoc.codes import FAULTS as XML_FAULTS

BEGIN = "<!-- made by python -m gateway.cli.error_reference: begin -->"
END = "<!-- made by python -m gateway.cli.error_reference: end -->"
NONE = "none: 824 or exception"

REFUSALS = {
    Refusal.UNKNOWN_SENDER: "ISA05/06 is an identity of no partner",
    Refusal.SENDER_NOT_CARRIED: "the account may not bring this partner's interchanges",
    Refusal.INACTIVE: "the partner is inactive",
    Refusal.UNKNOWN_GROUP_SENDER: "GS02 is none of the partner's group ids",
    Refusal.UNKNOWN_GROUP_RECEIVER: "GS03 is none of our group ids",
    Refusal.NO_AGREEMENT: "nothing was agreed with the partner for this set",
    Refusal.NOT_AS_AGREED: "agreements for this set hold for other versions, usages or groups",
}
FORMATS: tuple[dict[str, FormatFault], ...] = (XML_FAULTS, DELIMITED_FAULTS, JSON_FAULTS, ARCHIVE_FAULTS)
FILES = {
    Format.XML: "the file is XML",
    Format.UNKNOWN: "the file is text of no kind that is read",
    Format.BINARY: "the file is no text",
    Format.EMPTY: "the file holds no byte that counts",
}


def reference() -> str:
    """Every code in one table, as Markdown."""
    lines = ["| Code | Level | Default | Switch | Answer | Meaning |", "|---|---|---|---|---|---|"]
    for fault in FAULTS.values():
        default = "reject" if fault.severity is Severity.ERROR else "accept"
        switch = "yes" if has_switch(fault.code) else "no"
        answer = answer_of(fault)
        lines.append(f"| `{fault.code}` | {fault.level} | {default} | {switch} | {answer} | {fault.meaning} |")
    for row in (row for table in FORMATS for row in table.values()):
        default = "reject" if row.severity is Severity.ERROR else "accept"
        lines.append(f"| `{row.code}` | {row.level} | {default} | no | acknowledgment document | {row.meaning} |")
    others = [(fault.code, str(fault.level), fault.meaning) for fault in MAP_FAULTS.values()]
    others += [(refusal.value, "7", meaning) for refusal, meaning in REFUSALS.items()]
    others += [(code, "7", meaning) for code, meaning in OUTBOUND_FAULTS.items()]
    others += [(f"file.{kind.value}", "1", meaning) for kind, meaning in FILES.items()]
    lines += [f"| `{code}` | {level} | reject | no | {NONE} | {meaning} |" for code, level, meaning in others]
    return "\n".join(lines) + "\n"


def answer_of(fault: Fault) -> str:
    """The codes of a fault in the acknowledgments, as `AK304 8, AK403 7, AK502 5`."""
    places = (
        ("TA105", fault.ta1),
        ("AK304", fault.ak3),
        ("AK403", fault.ak4),
        ("AK502", fault.ak5),
        ("AK905", fault.ak9),
        ("IK304", fault.ik3),
        ("IK403", fault.ik4),
    )
    said = [f"{place} {code}" for place, code in places if code is not None]
    if not said:
        return NONE
    only_999 = fault.ak3 is None and (fault.ik3 or fault.ik4)
    return ", ".join(said) + (f" (999; in a 997 {NONE})" if only_999 else "")


def with_reference(text: str) -> str:
    """A document with what stands between the two marks made anew.

    Raises:
        ValueError: the marks are not there.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"want the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{reference()}\n{END}{tail}"


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/errors.md")
    path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")
