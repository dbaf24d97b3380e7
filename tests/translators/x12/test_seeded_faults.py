"""Single faults put into valid files by independent code are told at their segment and element."""

from __future__ import annotations

import pytest

from tests.translators.x12.seeded_document import COUNT, DOCUMENT, SEED, document
from tests.translators.x12.seeded_faults import KINDS
from tests.translators.x12.seeded_run import Outcome, issues_of, originals, run

MADE_OFTEN = 660
WANTED = 0.99


def test_the_valid_originals_raise_no_alarm() -> None:
    assert [issue for original in originals() for issue in issues_of(original)] == []


def test_single_faults_are_told_at_their_segment_and_element() -> None:
    _judge(run(MADE_OFTEN, seed=20260302), MADE_OFTEN)


@pytest.mark.faults
def test_thousands_of_single_faults_are_told_at_their_segment_and_element() -> None:
    outcome = run(COUNT, seed=SEED)
    _judge(outcome, COUNT)
    assert DOCUMENT.read_text(encoding="utf-8") == document(outcome)


def _judge(outcome: Outcome, count: int) -> None:
    missed = [
        f"{kind}: {fault.what} at set {fault.set} segment {fault.segment} {sorted(fault.elements)}"
        for kind, each in outcome.missed.items()
        for fault, _ in each
    ]
    assert outcome.tried == dict.fromkeys(KINDS, count // len(KINDS))
    assert outcome.found >= WANTED, "\n".join(missed)
