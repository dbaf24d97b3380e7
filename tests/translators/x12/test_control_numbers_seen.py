"""Control numbers that were seen."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from translators.x12.control_numbers import SeenControlNumbers


@given(st.lists(st.one_of(st.integers(0, 30).map("{:04d}".format), st.sampled_from(["", "A1", "1", "00001", "²"]))))
def test_a_number_is_seen_exactly_when_it_came_before(numbers) -> None:
    seen, plain = SeenControlNumbers(), set()
    for number in numbers:
        assert seen.add(number) == (number in plain)
        plain.add(number)


def test_a_run_takes_the_room_of_its_two_ends() -> None:
    seen = SeenControlNumbers()
    for number in range(100_000):
        assert not seen.add(f"{number:09d}")
    assert sum(map(sys.getsizeof, vars(seen).values())) < 1000
    assert seen.add("000000007")
