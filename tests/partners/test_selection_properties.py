"""Whatever agreements there are, without ties the one chosen says all that any other that holds says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partners.model import Agreement, Criteria, Direction, Usage
from partners.selection import by_specificity, most_specific, ties

_CRITERIA = st.builds(
    Criteria,
    release=st.sampled_from([None, "004010", "005010"]),
    usage=st.sampled_from([None, Usage.PRODUCTION, Usage.TEST]),
    ourselves=st.sampled_from([None, "us", "eu"]),
)
_ANSWERS = st.tuples(
    st.just("PO"),
    st.sampled_from(["004010", "005010", "006020"]),
    st.just(""),
    st.sampled_from(["P", "T"]),
    st.sampled_from(["us", "eu"]),
    st.just("THEM"),
    st.just("US"),
)


def _holds(criteria: Criteria, answers: tuple[str, ...]) -> bool:
    return all(said in (None, found) for said, found in zip(criteria.as_tuple(), answers, strict=True))


@given(st.lists(_CRITERIA, max_size=6), _ANSWERS)
def test_the_chosen_agreement_is_the_most_specific(said: list[Criteria], answers: tuple[str, ...]) -> None:
    agreements: list[Agreement] = []
    for criteria in said:
        more = [*agreements, Agreement("acme", "850", Direction.IN, criteria=criteria)]
        if not ties(more):
            agreements = more
    chosen = most_specific(by_specificity(agreements), answers)
    holding = [item for item in agreements if _holds(item.criteria, answers)]
    assert (chosen is None) == (not holding)
    if chosen is not None:
        assert chosen in holding
        for other in holding:
            assert _holds(other.criteria, tuple(part or "" for part in chosen.criteria.as_tuple()))


@given(_CRITERIA, _CRITERIA, _ANSWERS)
def test_two_agreements_tie_only_if_one_document_could_satisfy_both(
    one: Criteria, other: Criteria, answers: tuple[str, ...]
) -> None:
    pair = [Agreement("acme", "850", Direction.IN, criteria=criteria) for criteria in (one, other)]
    if _holds(one, answers) and _holds(other, answers) and not ties(pair):
        first, second = one.as_tuple().count(None), other.as_tuple().count(None)
        assert first != second
