"""What must hold of the effects of histories: each step once, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.faults.histories import STEPS, Interchange
from tests.faults.watched_erp import WatchedERP


def check_effects(erp: WatchedERP, files: Iterable[Interchange]) -> None:
    """Each step of each order in these files came once, and those of an order in their order."""
    wanted = Counter(step for each in files for step in each.steps)
    assert set(wanted.values()) == {1}
    seen = Counter(erp.seen)
    lost, doubled = sorted((wanted - seen).elements(), key=str), sorted((seen - wanted).elements(), key=str)
    assert lost == []
    assert doubled == []
    assert [name for name, count in erp.names.items() if count > 1] == []
    assert erp.overwritten == []
    in_order = list(range(1, STEPS + 1))
    assert {number: steps for number, steps in erp.histories().items() if steps != in_order} == {}
