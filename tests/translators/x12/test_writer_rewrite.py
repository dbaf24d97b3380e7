"""The writer and the reader are each other's inverse: read(write(x)) == x, and write(read(b)) == b for our output."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.tree import Segment
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    Delimiters,
    GroupStart,
    InterchangeNote,
    InterchangeStart,
    TransactionSet,
)
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import (
    ControlNumbers,
    Element,
    OutboundGroup,
    OutboundInterchange,
    OutboundSet,
    Repeats,
    elements_of,
    write_interchange,
)

AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
OURS = sorted((Path(__file__).parents[2] / "vectors" / "x12" / "ack").glob("*/out.*.edi"))


def read_back(data: bytes) -> tuple[OutboundInterchange, ControlNumbers]:
    """One interchange as it was before it was written."""
    notes: list[list[Element]] = []
    groups: list[OutboundGroup] = []
    group_numbers: list[int] = []
    sets: list[OutboundSet] = []
    for event in read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True)):
        match event:
            case InterchangeNote():
                notes.append(elements_of(event.ta1, event.interchange.delimiters))
            case GroupStart(header=gs):
                sets = []
                groups.append(OutboundGroup(gs.functional_id, gs.sender, gs.receiver, gs.version, sets))
                group_numbers.append(int(gs.control_number))
            case TransactionSet():
                assert event.root is not None
                inside: list[Segment] = list(event.root.walk())[1:-1]
                sets.append(OutboundSet(event.code, [elements_of(s, event.interchange.delimiters) for s in inside]))
            case InterchangeStart(header=header):
                isa = header
    made = OutboundInterchange(
        isa.sender,
        isa.receiver,
        isa.version,
        isa.usage,
        isa.acknowledgment_requested,
        isa.delimiters,
        notes,
        groups,
    )
    return made, ControlNumbers(int(isa.control_number), tuple(group_numbers))


# 003050 has no guide, so its sets come back without a tree to write from.
@pytest.mark.parametrize("path", [p for p in OURS if b"*003050~" not in p.read_bytes()], ids=lambda p: p.parent.name)
def test_our_own_output_is_written_again_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    made, numbers = read_back(data)
    assert write_interchange(made, numbers=numbers, at=AT) == data


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=("Cc",)), max_size=12)
PUNCTUATION = "!\"#$%&'()+,-./:;<=>?@[]^_`{|}*~\x1c\x1d\x1e\x1f"


@st.composite
def interchanges(draw: st.DrawFn) -> OutboundInterchange:
    """Orders of whatever text, under whatever delimiters, no value holding one."""
    version = draw(st.sampled_from(["00401", "00501"]))
    separators = draw(st.permutations(PUNCTUATION))[:4]
    element, component, segment, repetition = separators
    if version == "00401":
        repetition = None
    delimiters = Delimiters(element, component, segment, repetition, draw(st.sampled_from(["", "\n", "\r\n"])))
    text = TEXT.map(lambda value: "".join(ch for ch in value if ch not in separators))
    word = text.map(lambda value: value.strip() or "A")
    last = text.map(lambda value: value or "Z")
    composite = st.builds(lambda head, end: (*head, end), st.lists(text, min_size=1, max_size=2), last)
    kinds: list[st.SearchStrategy[Element]] = [text, composite]
    if repetition is not None:
        kinds.append(st.builds(lambda head, end: Repeats([*head, end]), st.lists(text, min_size=1, max_size=2), last))
    middle = st.lists(st.one_of(kinds), max_size=5)
    reference = st.builds(lambda elements, end: ["REF", *elements, end], middle, st.one_of(last, composite))
    note = st.builds(lambda elements, end: ["MSG", *elements, end], middle, last)
    body = st.builds(
        lambda refs, notes: [["BEG", "00"], *refs, ["N9", "L1"], *notes, ["PO1", "1"]],
        st.lists(reference, max_size=4),
        st.lists(note, max_size=3),
    )
    sets = st.lists(st.builds(OutboundSet, st.just("850"), body), min_size=1, max_size=3)
    short = word.map(lambda value: value[:15].strip())
    group = st.builds(OutboundGroup, st.just("PO"), short, short, st.just("004010"), sets)
    return OutboundInterchange(
        (draw(st.sampled_from(["ZZ", "01"])), draw(short)),
        (draw(st.sampled_from(["ZZ", "14"])), draw(short)),
        version,
        draw(st.sampled_from("PT")),
        draw(st.booleans()),
        delimiters,
        [],
        draw(st.lists(group, min_size=1, max_size=2)),
    )


@given(interchanges(), st.integers(1, 999_999_999))
def test_what_is_written_is_read_back_as_it_was(made: OutboundInterchange, number: int) -> None:
    numbers = ControlNumbers(number, tuple(range(1, len(made.groups) + 1)))
    data = write_interchange(made, numbers=numbers, at=AT)
    again, read_numbers = read_back(data)
    assert again == made
    assert read_numbers == numbers
    assert write_interchange(again, numbers=read_numbers, at=AT) == data
