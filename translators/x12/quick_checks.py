"""The quick check of a segment: a function for every number of elements it may come with.

It is Python source made from the guide, so that a good segment costs one call and allocates nothing. It is allowed to
refuse a good segment (the slow path then finds no fault), never to pass a bad one.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from translators.x12.conditions import Condition, ConditionKind
from translators.x12.guide import CompositeGuide, ElementGuide, ElementUse, SegmentGuide
from translators.x12.periods import is_period, period_positions
from translators.x12.values import HOURS_MINUTES, MONTH_DAYS, is_time

Check = Callable[[list[str]], bool]
"""Elements of a segment (the id first) -> nothing is wrong with them, as far as can be told quickly.

The caller has looked for component and repetition separators, control characters and blank values before.
"""

_FIRST_DATE = "00010101"


class Checks(dict[int, Check]):
    """The checks of one segment by the length of the list of its elements, the id among them.

    Each is made when a segment of that length first comes. A length that no good segment has is not remembered.
    """

    def __init__(self, guide: SegmentGuide | None) -> None:
        """None for a segment that always goes the slow way."""
        super().__init__()
        self._names: dict[str, object] = {
            "is_time": is_time,
            "MONTH_DAYS": MONTH_DAYS,
            "HOURS_MINUTES": HOURS_MINUTES,
            "is_period": is_period,
        }
        # not the guide itself: this is kept as long as the guide lives
        self._elements = () if guide is None else guide.elements
        self._conditions = () if guide is None else guide.conditions
        self._periods = () if guide is None else period_positions(guide)

    def __missing__(self, length: int) -> Check:
        """Make the check of a length."""
        last = length - 1
        mandatory = max((use.position for use in self._elements if use.required), default=1)
        if not mandatory <= last <= len(self._elements):
            return _refuse
        # The source holds numbers and names made here; a guide's own text reaches it only as values in the names.
        names = self._names
        exec(compile(self.source(last), "<quick check>", "exec"), names)  # noqa: S102
        made = names.pop("check")
        assert callable(made)
        self[length] = made
        return made

    def source(self, last: int) -> str:
        """The source of the check of segments whose last element, not empty, is number `last`."""
        tests = [f"v{last}"]
        for use in self._elements[:last]:
            at = use.position
            test = self._test(use)
            if at in self._periods:
                test = f"{test} and is_period(v{at - 1}, v{at})"
            tests.append(f"({test})" if use.required or at == last else f"(not v{at} or {test})")
        tests += [held for condition in self._conditions if (held := _held(condition, last)) != "True"]
        names = ", ".join(f"v{at}" for at in range(last + 1))
        return f"def check(elements):\n {names} = elements\n return bool({' and '.join(tests)})\n"

    def _test(self, use: ElementUse) -> str:
        """An expression over the value of an element, false where it is empty."""
        if not use.used:
            return "False"
        name = f"v{use.position}"
        if isinstance(use.element, ElementGuide):
            return self._plain(use.element, name)
        return self._plain_composite(use.element, name)

    def _plain_composite(self, guide: CompositeGuide, name: str) -> str:
        """A composite without a separator in it: its first component stands alone."""
        first, *others = guide.components
        present = [False, True]
        unmet = any(each.missing(present) or each.excluded(present) for each in guide.conditions)
        if unmet or any(use.required for use in others) or not isinstance(first.element, ElementGuide):
            return "False"
        return self._plain(first.element, name)

    def _plain(self, element: ElementGuide, name: str) -> str:
        if element.codes is not None:
            return f"{name} in {self._named(element.codes)}"
        least = max(element.min, 1)
        exact = least == element.max
        length = f"len({name}) == {least}" if exact else f"{least} <= len({name}) <= {element.max}"
        match element.type[0], element.type:
            case "N", _:
                return f"{name}.isdecimal() and {length}"
            case _, "R":
                return f'(w := {name}.replace(".", "", 1)).isdecimal() and {length.replace(f"({name})", "(w)")}'
            case _, "DT" if element.min == element.max == 8:
                return (
                    f"len({name}) == 8 and {name}[4:] in MONTH_DAYS "
                    f'and {name}.isdecimal() and {name} >= "{_FIRST_DATE}"'
                )
            case _, "DT" if element.min == element.max == 6:
                return f"len({name}) == 6 and {name}[2:] in MONTH_DAYS and {name}.isdecimal()"
            case _, "DT":
                return "False"
            case _, "TM":
                return f"{length} and ({name} in HOURS_MINUTES or is_time({name}))"
            case _:
                return length

    def _named(self, codes: frozenset[str]) -> str:
        name = next((name for name, value in self._names.items() if value is codes), f"codes_{len(self._names)}")
        self._names[name] = codes
        return name


def checks_of(guide: SegmentGuide) -> Checks:
    """The quick checks of a segment; made once, kept as long as the guide."""
    found = _CHECKS.get(guide)
    if found is None:
        found = _CHECKS[guide] = Checks(guide)
    return found


def _held(condition: Condition, last: int) -> str:
    """The condition, where elements past `last` are not there."""
    inside = [f"v{position}" for position in condition.positions if position <= last]
    whole = len(inside) == len(condition.positions)
    has_first = condition.positions[0] <= last
    if not inside:
        return "False" if condition.kind is ConditionKind.REQUIRED else "True"
    either = " or ".join(inside)
    match condition.kind:
        case ConditionKind.PAIRED if not whole:
            return f"not ({either})"
        case ConditionKind.PAIRED if len(inside) == 2:
            return f"(not {inside[0]}) is (not {inside[1]})"
        case ConditionKind.PAIRED:
            return f"(({' and '.join(inside)}) or not ({either}))"
        case ConditionKind.REQUIRED:
            return f"({either})"
        case ConditionKind.EXCLUSION:
            return f"({' + '.join(f'(not {each})' for each in inside)} >= {len(inside) - 1})"
        case ConditionKind.CONDITIONAL if not has_first:
            return "True"
        case ConditionKind.CONDITIONAL:
            return f"(not {inside[0]} or ({' and '.join(inside[1:])}))" if whole else f"not {inside[0]}"
        case ConditionKind.LIST if not has_first:
            return "True"
        case ConditionKind.LIST:
            return " or ".join([f"(not {inside[0]}", *inside[1:]]) + ")"


def _refuse(elements: list[str]) -> bool:  # noqa: ARG001 one of the checks
    return False


NONE_PASSES = Checks(None)
"""The checks of a step that must go the slow way."""

_CHECKS: WeakKeyDictionary[SegmentGuide, Checks] = WeakKeyDictionary()
