"""Which of several agreements holds: the most specific one, never the first or the luckiest.

An agreement is more specific than another if it says everything the other says, and more. Two that can both hold for
one document, neither of them the more specific, tie; unless a third says exactly what both say together and so settles
it. Ties are refused at load, hence among the agreements that hold for a document one is always the most specific, and
it is the one that says most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from partners.model import Agreement

Answers = tuple[str | None, ...]


def ties(agreements: Sequence[Agreement]) -> list[tuple[Agreement, Agreement]]:
    """Pairs (earlier, later) of one partner's agreements for one document and direction that tie."""
    said = {agreement.criteria.as_tuple() for agreement in agreements}
    found: list[tuple[Agreement, Agreement]] = []
    for one, other in combinations(agreements, 2):
        first, second = one.criteria.as_tuple(), other.criteria.as_tuple()
        both = _both(first, second)
        if both is None:
            continue
        if first == second or both not in said:
            found.append((one, other))
    return found


def by_specificity(agreements: Iterable[Agreement]) -> tuple[Agreement, ...]:
    """In the order in which `most_specific` wants them."""
    return tuple(sorted(agreements, key=lambda item: item.criteria.as_tuple().count(None)))


def most_specific(agreements: Iterable[Agreement], answers: Answers) -> Agreement | None:
    """The agreement that holds.

    Args:
        agreements: without ties, as `by_specificity` puts them.
        answers: what the document says to each of the criteria, in the order of `Criteria.as_tuple`.
    """
    return next((item for item in agreements if _holds(item.criteria.as_tuple(), answers)), None)


def _holds(said: Answers, answers: Answers) -> bool:
    return all(want is None or want == found for want, found in zip(said, answers, strict=True))


def _both(first: Answers, second: Answers) -> Answers | None:
    """What two agreements say together; None if no document can satisfy both."""
    if any(a is not None and b is not None and a != b for a, b in zip(first, second, strict=True)):
        return None
    return tuple(b if a is None else a for a, b in zip(first, second, strict=True))
