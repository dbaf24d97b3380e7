"""LX counts, LS and LE name the loop between them."""

from __future__ import annotations

from translators.errors import Severity
from translators.x12.numbering import MAX_FAULTS, BoundsWatch, NumberingWatch


def numbers(watch: NumberingWatch, *texts: str, place: int = 5) -> list[tuple[int, str | None]]:
    for ordinal, text in enumerate(texts, 3):
        watch.notes["LX"](["LX", text], ordinal, 100, place)
    return [(each.ordinal, each.value) for each in watch.faults()]


def test_numbers_that_count_from_one_are_good() -> None:
    assert numbers(NumberingWatch({5: False}), "1", "2", "03", "4") == []


def test_a_number_left_out_or_used_twice_is_told_of_once() -> None:
    assert numbers(NumberingWatch({5: False}), "1", "3", "4", "4", "5") == [(4, "3"), (6, "4")]


def test_a_loop_within_a_loop_may_count_from_one_again() -> None:
    assert numbers(NumberingWatch({5: True}), "1", "2", "1", "2") == []
    assert numbers(NumberingWatch({5: False}), "1", "2", "1", "2") == [(5, "1")]


def test_each_place_counts_for_itself_and_what_has_no_place_does_not_count() -> None:
    watch = NumberingWatch({5: False, 9: True})
    assert numbers(watch, "1", "2") == []
    assert numbers(watch, "1", place=9) == []
    assert numbers(watch, "7", place=0) == []
    assert numbers(watch, "x") == []
    assert numbers(watch, "3") == []


def test_no_more_faults_are_kept_than_can_be_listed() -> None:
    assert len(numbers(NumberingWatch({5: False}), *["7"] * (MAX_FAULTS + 50))) == MAX_FAULTS


def test_a_warehouse_order_that_counts_wrong_is_warned_of_at_lx01(x12) -> None:
    lines = [segment for number in ("1", "2", "4") for segment in (f"LX*{number}", "W01*5*EA**UP*012345678905")]
    body = ["W05*N*ORDER-1", "N1*ST*SHOP*92*07", *lines, "W76*15"]
    gs = "GS*OW*ACME*TRADELANE*20260115*1200*1*X*004010"
    seen = x12.read(x12.file(x12.group(x12.set(*body, st="ST*940*0001"), gs=gs)))
    (issue,) = seen.issues
    assert (issue.code, issue.severity) == ("x12.lx.number", Severity.WARNING)
    assert (issue.position.segment, issue.position.element, issue.value) == (8, 1, "4")


def test_a_total_of_a_warehouse_order_is_the_sum_of_its_lines_in_one_unit(x12) -> None:
    def codes(*segments: str) -> list[str]:
        body = ["W05*N*ORDER-1", "N1*ST*SHOP*92*07", *segments]
        gs = "GS*OW*ACME*TRADELANE*20260115*1200*1*X*004010"
        return x12.read(x12.file(x12.group(x12.set(*body, st="ST*940*0001"), gs=gs))).codes

    each = ("LX*1", "W01*5*EA**UP*012345678905", "LX*2", "W01*7*EA**UP*012345678912")
    assert codes(*each, "W76*12") == []
    assert codes(*each, "W76*13") == ["x12.balance.total"]
    assert codes(*each[:3], "W01*7*CA**UP*012345678912", "W76*13") == []


def test_le_that_names_another_loop_is_told_of_at_le01() -> None:
    watch = BoundsWatch()
    watch.notes["LS"](["LS", "LDT"], 5, 100, 7)
    watch.notes["LE"](["LE", "LDT"], 7, 120, 9)
    watch.notes["LS"](["LS", "LDT"], 8, 140, 7)
    watch.notes["LE"](["LE", "MAN"], 10, 160, 9)
    (fault,) = watch.faults()
    assert (fault.code, fault.ordinal, fault.element, fault.offset) == ("x12.loop.bounds", 10, 1, 163)


def test_le_without_ls_and_bounds_without_a_name_are_another_faults_affair() -> None:
    watch = BoundsWatch()
    watch.notes["LE"](["LE", "LDT"], 5, 100, 9)
    watch.notes["LS"](["LS"], 6, 110, 7)
    watch.notes["LE"](["LE", "LDT"], 7, 120, 9)
    assert watch.faults() == []
