"""Which watches a set needs: from the shipped tables of hierarchies and balances, and from what stands in its guide."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from translators.x12.balance import CountRule, CountWatch, InvoiceWatch, TotalRule, TotalWatch
from translators.x12.compiler import compile_set
from translators.x12.guide import GuideError, SetGuide
from translators.x12.hierarchy import HierarchyRule, HierarchyWatch, Shape
from translators.x12.numbering import BoundsWatch, NumberingWatch
from translators.x12.watch import Watch, Watches

INVOICE = "810"

_FOLDER = Path(__file__).parent / "guides"


def watches_of(guide: SetGuide) -> Watches:
    """New watches for one set; what they are is worked out once a guide."""
    makers = _MAKERS.get(guide)
    if makers is None:
        makers = _MAKERS[guide] = _makers(guide)
    return Watches([make() for make in makers])


@cache
def hierarchy_rules(path: Path = _FOLDER / "hierarchies.json") -> dict[str, HierarchyRule]:
    """Set code -> what is known of its hierarchy.

    Raises:
        GuideError: the table is broken.
    """
    try:
        return {code: _hierarchy_rule(row) for code, row in _read(path).items()}
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise GuideError(f"{path}: {error!r}") from error


@cache
def balance_rules(path: Path = _FOLDER / "balances.json") -> dict[str, CountRule | TotalRule]:
    """Set code -> what its summary states of its lines.

    Raises:
        GuideError: the table is broken.
    """
    found: dict[str, CountRule | TotalRule] = {}
    try:
        for code, row in _read(path).items():
            if "lines" in row:
                quantity = None if row["quantity"] is None else (row["quantity"][0], row["quantity"][1])
                found[code] = CountRule(row["lines"], quantity, row["certain"])
            else:
                total, lines = row["total"], row["sum"]
                found[code] = TotalRule((total[0], total[1]), (lines[0], lines[1]), row["unit"])
    except (IndexError, KeyError, TypeError) as error:
        raise GuideError(f"{path}: {error!r}") from error
    return found


def _hierarchy_rule(row: dict[str, Any]) -> HierarchyRule:
    levels = {level for each in row["shapes"] for level in each["parents"]}
    shapes = tuple(
        Shape(each["name"], each["code"], {level: frozenset(each["parents"].get(level, ())) for level in levels})
        for each in row["shapes"]
    )
    return HierarchyRule(roots=row["roots"], shapes=shapes, shape_element=(row["shape"][0], row["shape"][1]))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise GuideError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(found, dict):
        raise GuideError(f"{path}: want an object at the top")
    return found


def _makers(guide: SetGuide) -> list[Callable[[], Watch]]:
    compiled = compile_set(guide)
    makers: list[Callable[[], Watch]] = []
    if "HL" in compiled.ids:
        rule = hierarchy_rules().get(guide.code, HierarchyRule())
        makers.append(lambda: HierarchyWatch(rule))
    match balance_rules().get(guide.code):
        case CountRule() as counted:
            makers.append(lambda: CountWatch(counted))
        case TotalRule() as totalled:
            makers.append(lambda: TotalWatch(totalled))
        case None:
            pass
    if guide.code == INVOICE:
        makers.append(InvoiceWatch)
    if "LX" in compiled.ids:
        nested = {place.number: place.loop.depth > 1 for place in compiled.places if place.use.id == "LX"}
        makers.append(lambda: NumberingWatch(nested))
    if "LS" in compiled.ids:
        makers.append(BoundsWatch)
    return makers


_MAKERS: WeakKeyDictionary[SetGuide, list[Callable[[], Watch]]] = WeakKeyDictionary()
