"""The files that `bench x12` makes are good X12, or its figures would mean nothing."""

from __future__ import annotations

import pytest

from gateway.bench.x12 import SEGMENTS_PER_SET, acknowledgments_file, orders_file
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import read_x12


@pytest.mark.parametrize(("file", "segments"), [(orders_file, SEGMENTS_PER_SET), (acknowledgments_file, 12)])
def test_every_set_is_good_and_as_long_as_said(file, segments) -> None:
    events = list(read_x12(file(20), guides=GuideLibrary.shipped()))
    assert [issue for event in events for issue in event.issues] == []
    assert [event.segments for event in events if isinstance(event, TransactionSet)] == [segments] * 20
