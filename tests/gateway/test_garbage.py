"""How often garbage is looked for while documents are worked."""

from __future__ import annotations

import gc

from gateway.garbage import ALLOCATIONS, rare_collection


def test_garbage_is_collected_rarely_within_and_as_before_afterwards() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    kept: list[object] = [[] for _ in range(10)]
    with rare_collection():
        assert gc.get_threshold()[0] == ALLOCATIONS
        assert gc.get_freeze_count() > frozen + len(kept)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
