"""Readers of numbers, dates, times and codes: what they give is exact, and they remember within bounds."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mappings.arithmetic import rounded, rounded_quotient
from mappings.kinds import BAD, REMEMBERED_LENGTH, REMEMBERED_VALUES, Memo, Unreadable
from mappings.readers import code_reader, date_reader, number_reader, time_reader

explicit = number_reader(None)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_a_number_reads_to_exactly_what_was_sent(value: Decimal) -> None:
    assert explicit(format(value, "f")) == value


@given(st.integers(-(10**30), 10**30), st.integers(0, 9))
def test_implied_decimals_shift_and_lose_nothing(value: int, implied: int) -> None:
    read = number_reader(implied)(str(value))
    assert isinstance(read, Decimal)
    assert Fraction(read) * 10**implied == value


@given(st.text(max_size=30))
def test_any_text_is_a_finite_decimal_or_unreadable(text: str) -> None:
    found = explicit(text)
    assert isinstance(found, Unreadable) or (isinstance(found, Decimal) and found.is_finite())


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_of_the_calendar_reads(day: date) -> None:
    assert date_reader("CCYYMMDD")(day.strftime("%Y%m%d")) == day
    assert date_reader("DD.MM.CCYY")(day.strftime("%d.%m.%Y")) == day


@given(st.text(alphabet="0123456789", min_size=8, max_size=8))
def test_eight_digits_are_a_day_or_unreadable(text: str) -> None:
    found = date_reader("CCYYMMDD")(text)
    assert isinstance(found, Unreadable) or found.strftime("%Y%m%d").zfill(8) == text


@given(st.times())
def test_every_time_of_day_reads(moment: time) -> None:
    assert time_reader()(moment.strftime("%H%M%S")) == moment.replace(microsecond=0)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6), st.integers(0, 6))
def test_a_quotient_is_rounded_once_and_half_up(left: int, right: int, places: int) -> None:
    found = rounded_quotient(Decimal(left), Decimal(right), places=places, mode="half_up")
    assert isinstance(found, Decimal)
    doubled = (abs(left) * 10**places * 2 + right) // (2 * right)
    assert Fraction(abs(found)) == Fraction(doubled, 10**places)


def test_a_quotient_just_beside_a_tie_is_not_taken_for_one() -> None:
    near = Decimal("0.4" + "9" * 60)
    assert rounded_quotient(near, Decimal(1), places=0, mode="half_up") == 0
    assert rounded_quotient(Decimal(10**110 - 1), Decimal(2 * 10**110), places=0, mode="half_up") == 0
    assert rounded(Decimal("0.5"), places=0, mode="half_up") == 1
    assert rounded(Decimal("-0.4"), places=0, mode="half_up") == 0


def test_a_reader_remembers_within_bounds() -> None:
    asked: list[str] = []

    def read(text: str) -> str:
        asked.append(text)
        return text

    memo = Memo(read, absent=None)
    assert (memo["a"], memo["a"], memo[""]) == ("a", "a", None)
    assert asked == ["a"]
    long = "x" * (REMEMBERED_LENGTH + 1)
    assert (memo[long], memo[long]) == (long, long)
    assert asked == ["a", long, long]
    for number in range(2 * REMEMBERED_VALUES):
        assert memo[str(number)] == str(number)
    assert len(memo) <= REMEMBERED_VALUES + 2
    assert memo[""] is None


def test_a_table_of_a_million_rows_is_read_by_one_look() -> None:
    table = {str(number): "x" for number in range(1_000_000)}
    read = code_reader(table, "items")
    table.clear()
    table["new"] = "y"
    assert read("new") == "y"  # in the table itself, which is neither copied nor gone through for each value
    found = read("none")
    assert isinstance(found, Unreadable)
    assert len(found.wanted) < 300


def test_the_bad_value_shows_itself() -> None:
    assert repr(BAD) == "BAD"
