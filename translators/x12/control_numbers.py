"""Which control numbers were seen: constant memory for the usual run of consecutive ones."""

from __future__ import annotations


class SeenControlNumbers:
    """The control numbers of one group or interchange.

    Senders count up by one, so a run is kept as its two ends; what does not continue the run is kept singly. Numbers
    are told apart as text: `0001` is not `00001`.
    """

    def __init__(self) -> None:
        self._width = 0
        self._first = 0
        self._last = -1
        self._others: set[str] = set()

    def add(self, number: str) -> bool:
        """Note a number.

        Returns:
            It had been seen before.
        """
        if not (number.isdecimal() and number.isascii()) or len(number) > 18:
            return self._add_other(number)
        value = int(number)
        if self._last < self._first:
            self._width, self._first, self._last = len(number), value, value
            return False
        if len(number) != self._width:
            return self._add_other(number)
        if self._first <= value <= self._last:
            return True
        if value == self._last + 1 and number not in self._others:
            self._last = value
            return False
        return self._add_other(number)

    def _add_other(self, number: str) -> bool:
        if number in self._others:
            return True
        self._others.add(number)
        return False
