"""Segments and loops."""

from __future__ import annotations

from translators.tree import Loop, Segment


def segment(text: str, ordinal: int = 1, offset: int = 0) -> Segment:
    return Segment(text.split("*"), ordinal=ordinal, offset=offset)


def test_an_element_that_was_not_sent_is_the_empty_text() -> None:
    found = segment("REF*DP**X")
    assert found.id == "REF"
    assert [found.element(number) for number in range(1, 6)] == ["DP", "", "X", "", ""]


def test_the_range_of_an_element_is_its_bytes_in_the_file() -> None:
    text = "REF*DP**X"
    found = segment(text, offset=100)
    assert found.element_range(1) == (104, 106)
    assert found.element_range(2) == (107, 107)
    assert found.element_range(3) == (108, 109)
    assert found.element_range(4) == (109, 109)
    assert found.element_range(9) == (109, 109)


def test_the_starts_of_all_elements_are_those_of_each() -> None:
    found = segment("REF*DP**X", offset=100)
    assert found.element_starts() == [100, *(found.element_range(number)[0] for number in (1, 2, 3)), 110]


def test_a_loop_walks_its_segments_in_the_order_of_the_wire() -> None:
    root = Loop("850", [segment("ST", 1), segment("SE", 6)])
    line = Loop("PO1", [segment("PO1", 2)])
    inner = Loop("N1", [segment("N1", 4), segment("N3", 5)])
    line.segments.append(segment("REF", 3))
    line.loops.append(inner)
    root.loops.append(line)
    assert [each.id for each in root.walk()] == ["ST", "PO1", "REF", "N1", "N3", "SE"]


def test_a_thousand_nested_loops_are_walked() -> None:
    root = deepest = Loop("HL", [segment("HL", 1)])
    for ordinal in range(2, 5000):
        deeper = Loop("HL", [segment("HL", ordinal)])
        deepest.loops.append(deeper)
        deepest = deeper
    assert sum(1 for _ in root.walk()) == 4999


def test_they_say_what_they_are() -> None:
    assert repr(segment("N1*BY", 2, 7)) == "Segment(['N1', 'BY'], ordinal=2, offset=7)"
    assert repr(Loop("N1", [segment("N1")])) == "Loop('N1', 1 segments, 0 loops)"
