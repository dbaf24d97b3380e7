"""The function reference of docs/maps.md, made from FUNCTIONS: `python -m mappings.reference [FILE]`."""

from __future__ import annotations

import sys
from pathlib import Path

from mappings.codes import FAULTS
from mappings.errors import MappingError
from mappings.functions import FUNCTIONS

BEGIN = "<!-- made by python -m mappings.reference: begin -->"
END = "<!-- made by python -m mappings.reference: end -->"


def reference() -> str:
    """The sections on functions and on the issues maps make, as Markdown."""
    lines = ["## Functions", ""]
    for function in FUNCTIONS.values():
        lines += [
            f"### {function.name}",
            "",
            f"`{function.signature}`",
            "",
            function.summary,
            "",
            f"Example: `{function.example}`",
            "",
        ]
    lines += ["## Issues a map makes", "", "| Code | Level | Meaning |", "|---|---|---|"]
    lines += [f"| `{fault.code}` | {fault.level} | {fault.meaning} |" for fault in FAULTS.values()]
    return "\n".join(lines) + "\n"


def with_reference(text: str) -> str:
    """A document with what stands between the two marks made anew.

    Raises:
        MappingError: the marks are not there.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise MappingError(f"want the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{reference()}\n{END}{tail}"


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/maps.md")
    path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")
