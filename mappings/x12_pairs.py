"""PairLayout: where in a segment the values stand beside wanted qualifiers (product ids, communication numbers).

A sender writes the qualifiers of a segment in the same order every time, so what is found for an order is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

REMEMBERED_ORDERS = 2000
"""Orders of qualifiers that are kept for each segment of a map."""

_LONGEST = 3
"""Characters of the longest qualifier that is remembered; the standard's have two."""


class PairLayout(dict[tuple[str, ...], tuple[int, ...]]):
    """For each group of wanted qualifiers the position of the value beside the first of them that is there.

    It is 0 where none of them is there, and negative, and the qualifier's, where that stands twice. By key: of
    qualifiers in the order of the segment, of which none lacks its value.
    """

    def __init__(self, positions: Sequence[int], wanted: Sequence[Sequence[str]]) -> None:
        """The layout.

        Args:
            positions: of the qualifiers, in their order.
            wanted: the groups, each in the order of preference.
        """
        super().__init__()
        self._positions = tuple(positions)
        self._wanted = tuple(map(tuple, wanted))

    def of(self, elements: Sequence[str]) -> tuple[int, ...]:
        """The positions in a segment of which a qualifier may lack its value."""
        found: dict[str, int] = {}
        for position in self._positions:
            if position + 1 >= len(elements):
                break
            qualifier = elements[position]
            if qualifier and elements[position + 1]:
                found[qualifier] = -position if qualifier in found else position + 1
        return tuple(next((found[each] for each in group if each in found), 0) for group in self._wanted)

    def __missing__(self, qualifiers: tuple[str, ...]) -> tuple[int, ...]:
        elements = [""] * (self._positions[-1] + 2)
        for position, qualifier in zip(self._positions, qualifiers, strict=False):
            elements[position : position + 2] = qualifier, "value"
        found = self.of(elements)
        if all(len(qualifier) <= _LONGEST for qualifier in qualifiers):
            if len(self) >= REMEMBERED_ORDERS:
                self.clear()
            self[qualifiers] = found
        return found


def is_regular(positions: Sequence[int]) -> bool:
    """Whether every second element is a qualifier, from the first one to the last."""
    return tuple(positions) == tuple(range(positions[0], positions[-1] + 1, 2))
