"""Every 997 and 999 we make for a public file is accepted by our own reader, and by pyx12 where it has a map."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from translators.x12._pyx12 import second_opinion
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentTerms, Answer
from translators.x12.acknowledge_form import HIPAA_999, AcknowledgmentForm
from translators.x12.guide import GuideLibrary
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.writer import ControlNumbers, write_interchange

CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")) / "x12"
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
OPTIONS = ReadOptions(keep_tree=False)

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public sample files are not beside the repository")


def answers(data: bytes, form: AcknowledgmentForm = AcknowledgmentForm.FUNCTIONAL) -> Iterator[tuple[Answer, bytes]]:
    """The answers to a file; for a 999 with the trees, which CTX needs."""
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(form=form))
    options = ReadOptions(keep_tree=form is AcknowledgmentForm.IMPLEMENTATION)
    for event in read_x12([data], guides=GuideLibrary.shipped(), options=options):
        for answer in builder.take(event):
            numbers = ControlNumbers(1, tuple(range(1, len(answer.interchange.groups) + 1)))
            yield answer, write_interchange(answer.interchange, numbers=numbers, at=AT)


def standard_codes() -> dict[str, frozenset[str]]:
    """The standard's own lists where pyx12's map, a HIPAA guide, has a part of them."""
    release = GuideLibrary.shipped().release("004010")
    assert release is not None
    lists = {"AK101": "479", "AK201": "143", "ISA05": "I05", "ISA07": "I05", "ISA15": "I14"}
    return {reference: release.elements[number].codes or frozenset() for reference, number in lists.items()}


def test_every_997_for_a_public_file_in_004010_is_accepted_by_pyx12_and_by_us() -> None:
    made, objections = 0, {}
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        for answer, data in answers(path.read_bytes()):
            if answer.kind != "997" or {group.version for group in answer.interchange.groups} != {"004010"}:
                continue
            made += 1
            own = report(read_x12([data], guides=GuideLibrary.shipped(), options=OPTIONS), file=path.name)
            # pyx12 knows no envelope older than 00401, which differs from 00400 in its number only.
            known = data[:84] + b"00401" + data[89:] if data[84:89] == b"00400" else data
            found = second_opinion(known, also_allowed=standard_codes())
            if own["issues"] or not found.accepted:
                objections[path.name] = (own["issues"], found.errors)
    assert objections == {}
    assert made >= 30


def test_every_999_for_a_public_file_is_accepted_by_us_and_that_of_a_hipaa_guide_by_pyx12() -> None:
    made, opinions, objections = 0, 0, {}
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        for answer, data in answers(path.read_bytes(), AcknowledgmentForm.IMPLEMENTATION):
            if answer.kind != "999":
                continue
            made += 1
            own = report(read_x12([data], guides=GuideLibrary.shipped(), options=OPTIONS), file=path.name)
            found = []
            if {group.version for group in answer.interchange.groups} == {HIPAA_999}:
                opinions += 1
                found = second_opinion(data, also_allowed=standard_codes()).errors
            if own["issues"] or found:
                objections[path.name] = (own["issues"], found)
    assert objections == {}
    assert made >= 60
    assert opinions >= 10
