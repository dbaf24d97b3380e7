"""Writes docs/seeded-faults.md: `python -m tests.translators.x12.seeded_document`."""

from __future__ import annotations

from pathlib import Path

from tests.translators.x12.seeded_faults import KINDS
from tests.translators.x12.seeded_run import DENSITIES, SETS, VERSIONS, Outcome, originals, run

DOCUMENT = Path(__file__).parents[3] / "docs" / "seeded-faults.md"
COUNT = 5_500
SEED = 1

REASONS: dict[str, str] = {}
"""Kind of fault -> why some of it are not told at their place; a kind that is missed must have its reason here."""

_HEAD = """# Seeded faults

Does the validator find what is wrong, and say where? {count} single faults are put into valid files of {sets} sets in
{versions}, {originals} files in all, made by `tradelane sample` thin and full (density {densities}). Each file has
one fault; it counts as told when an issue with a fitting code stands at the very segment (its ordinal in the set) and
element.

The code that puts them in (`tests/translators/x12/seeded_faults.py`) shares nothing with the guides, the compiler or
the validator: it splits the text itself, counts itself, and reads plain tables of facts about sets, segments and
elements. The valid originals raise no issue at all, not even a warning.

Made by `python -m tests.translators.x12.seeded_document`; a test of the slow suite (`make faults`) holds the table.

| Kind | Put in | Told at their place | Missed |
|---|---:|---:|---:|
"""

_FOOT = """
## What each kind is

- **length**: a value one shorter than its minimum, or one longer than its maximum; elements and components.
- **type**: letters in a number, a day or hour there is not, a control character in text.
- **code**: a value of the right length that is not in the list of its element.
- **missing element**, **extra element**: a mandatory element empty; one more element than the segment has.
- **condition**: one of P, R, E, C, L broken by taking elements away (P, R, C, L) or adding one (E). Where the standard
  names no single culprit, any of the elements the condition names will do.
- **missing segment**: a mandatory segment taken out; told at the segment that stands in its place, by its own name.
- **extra segment**: an id that is none, a segment of other sets, one more than may stand.
- **order**: two neighbours of one loop changed, or a segment of the heading at the end of the set.
- **count**: SE01, GE01, IEA01, and CTT01 where the standard says what it counts.
- **control number**: SE02, GE02, IEA02 not as in the header; ST02 as in the set before.

Counts that follow from a change (SE01) are mended, so that there is one fault. Segments are missing, extra or out of
order only where the set's table has the segment once: elsewhere the same text can be read in more than one way, and
which segment is the wrong one is a matter of opinion. For the same reason the first segment of a loop is not taken out:
what follows it then belongs to the loop before, or to none.
"""


def document(outcome: Outcome) -> str:
    """The page.

    Raises:
        KeyError: a kind was missed and has no reason.
    """
    head = _HEAD.format(
        count=f"{outcome.tried.total():,}",
        sets=len(SETS),
        versions=" and ".join(VERSIONS),
        originals=len(originals()),
        densities=", ".join(map(str, DENSITIES)),
    )
    missed = {kind: len(outcome.missed[kind]) for kind in KINDS}
    rows = [f"| {kind} | {put} | {put - missed[kind]} | {missed[kind]} |" for kind, put in outcome.tried.items()]
    total = outcome.tried.total()
    gone = sum(missed.values())
    rows.append(f"| **all** | **{total}** | **{total - gone}** ({(total - gone) / total:.2%}) | **{gone}** |")
    reasons = [f"- **{kind}**, {missed[kind]}: {REASONS[kind]}" for kind in KINDS if missed[kind]]
    misses = ["", "## Misses", "", *(reasons or ["None in this run."]), ""]
    return head + "\n".join([*rows, *misses]) + _FOOT


if __name__ == "__main__":
    DOCUMENT.write_text(document(run(COUNT, seed=SEED)), encoding="utf-8")
