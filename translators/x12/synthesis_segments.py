"""One segment of a sample: which of its elements stand, so that every condition holds, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from translators.x12.conditions import Condition, ConditionKind
from translators.x12.guide import CompositeGuide, ElementGuide, ElementUse, Qualifier, SegmentGuide
from translators.x12.synthesis_values import SampleValues
from translators.x12.writer import Element, Repeats

USUAL_ELEMENTS = frozenset(
    {
        "19", "26", "66", "67", "93", "98", "116", "127", "128", "143", "156", "166", "212",
        "234", "235", "324", "330", "337", "352", "355", "364", "365", "373", "380", "382", "639",
    }
)  # fmt: skip
"""Elements that are nearly always sent at the first of their places in a segment."""

_USUAL_DENSITY = 0.75
_REPAIRS = 40
_TRIES = 30


class SampleSegments:
    """Makes the elements of segments.

    Args:
        random: what decides.
        repeats: elements that may repeat sometimes do; only with a repetition separator.
    """

    def __init__(self, random: Random, *, repeats: bool) -> None:
        self._random = random
        self._values = SampleValues(random)
        self._repeats = repeats

    def make(self, guide: SegmentGuide, *, density: float, qualifier: Qualifier | None = None) -> list[Element]:
        """The elements of a segment, the id first and no empty one at the end.

        Args:
            guide: what the segment may hold.
            density: share of the optional elements that stand; 0 makes what is mandatory or asked for by a condition.
            qualifier: where the guide tells uses of this segment apart, which of them is wanted.
        """
        wanted = frozenset() if qualifier is None or qualifier.others else frozenset({qualifier.position})
        present = self._present(guide.elements, guide.conditions, density=density, wanted=wanted)
        before: dict[str, str] = {}
        made: list[Element] = [guide.id]
        for use in guide.elements:
            if use.position not in present:
                made.append("")
            elif qualifier is not None and use.position == qualifier.position:
                made.append(self._qualifying(use, qualifier, before))
            else:
                made.append(self._element(use, before, density=density))
        while not made[-1]:
            made.pop()
        return made

    def _qualifying(self, use: ElementUse, qualifier: Qualifier, before: dict[str, str]) -> str:
        assert isinstance(use.element, ElementGuide)
        fit = qualifier.codes
        if use.element.codes is not None:
            fit = use.element.codes - fit if qualifier.others else use.element.codes & fit
        value = self._random.choice(sorted(fit)) if fit else self._values.value(use.element, before)
        before[use.element.number] = value
        return value

    def _element(self, use: ElementUse, before: dict[str, str], *, density: float) -> Element:
        if self._repeats and use.repeat > 1 and self._random.random() < density:
            return Repeats(self._occurrence(use, before, density=density) for _ in range(2))
        return self._occurrence(use, before, density=density)

    def _occurrence(self, use: ElementUse, before: dict[str, str], *, density: float) -> str | tuple[str, ...]:
        guide = use.element
        if isinstance(guide, CompositeGuide):
            inside: dict[str, str] = {}
            # a composite that stands has a first component, so that it is never empty text
            present = self._present(guide.components, guide.conditions, density=density, wanted=frozenset({1}))
            components = [self._value(part, inside) if part.position in present else "" for part in guide.components]
            while len(components) > 1 and not components[-1]:
                components.pop()
            return tuple(components)
        return self._value(use, before)

    def _value(self, use: ElementUse, before: dict[str, str]) -> str:
        assert isinstance(use.element, ElementGuide)
        value = self._values.value(use.element, before)
        before[use.element.number] = value
        return value

    def _present(
        self,
        uses: Sequence[ElementUse],
        conditions: Sequence[Condition],
        *,
        density: float,
        wanted: frozenset[int],
    ) -> set[int]:
        """Positions that stand; drawn, mended until every condition holds, and drawn thinner where that fails."""
        required = {use.position for use in uses if use.required} | wanted
        allowed = {use.position for use in uses if use.used}
        for attempt in range(_TRIES):
            thinner = density * (1 - attempt / _TRIES) if attempt < _TRIES - 1 else 0.0
            present = set(required)
            known: set[str] = set()
            for use in uses:
                number = use.element.number if isinstance(use.element, ElementGuide) else use.element.id
                usual = thinner and number in USUAL_ELEMENTS and number not in known
                known.add(number)
                share = max(thinner, _USUAL_DENSITY) if usual else thinner
                if use.position in allowed and self._random.random() < share:
                    present.add(use.position)
            if not present and uses:
                present.add(min(allowed))
            if self._mended(present, conditions, required=required, allowed=allowed):
                return present
        return required

    def _mended(
        self, present: set[int], conditions: Sequence[Condition], *, required: set[int], allowed: set[int]
    ) -> bool:
        for _ in range(_REPAIRS):
            broken = [condition for condition in conditions if not _holds(condition, present)]
            if not broken:
                return True
            self._mend(broken[0], present, required=required, allowed=allowed)
        return False

    def _mend(self, condition: Condition, present: set[int], *, required: set[int], allowed: set[int]) -> None:
        positions = condition.positions
        here = [position for position in positions if position in present]
        absent = [position for position in positions if position not in present]
        match condition.kind:
            case ConditionKind.PAIRED | ConditionKind.CONDITIONAL:
                if allowed.issuperset(absent):
                    present.update(absent)
                else:
                    present.difference_update(set(here) - required)
            case ConditionKind.REQUIRED | ConditionKind.LIST:
                choice = [position for position in absent if position in allowed]
                if choice:
                    present.add(self._random.choice(choice))
                else:
                    present.difference_update(set(positions[:1]) - required)
            case ConditionKind.EXCLUSION:
                keep = next((position for position in here if position in required), None)
                keep = self._random.choice(here) if keep is None else keep
                present.difference_update({position for position in here if position != keep} - required)


def _holds(condition: Condition, present: set[int]) -> bool:
    here = [position in present for position in range(max(condition.positions) + 1)]
    return not condition.missing(here) and not condition.excluded(here)
