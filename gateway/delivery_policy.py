"""`retry`, `breaker` and `rate` of a destination in tradelane.yaml: how it is tried again, and how much it is given.

Source: delivery design, "Failures have two kinds, and two ways" and "Back-pressure".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.adapters.protocol import Rate
from partners.fields import Fields

POLICY_KEYS = ("retry", "breaker", "rate")
"""What a destination of any kind may say beside its kind's own keys."""
_RETRY = ("first", "longest", "deadline")
_BREAKER = ("after", "pause")


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How one destination is treated.

    Args:
        first: the wait after a first failure; each further one waits twice as long.
        longest: no wait is longer.
        deadline: after so long from its making a delivery is given up and a person is told; None: never.
        breaker_after: so many failures on end, whosesoever, pause the destination.
        breaker_pause: for how long; then one delivery tries how it is.
        rate: no more requests than this; None: the adapter's own rate, if it has one.
    """

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=10)
    deadline: timedelta | None = None
    breaker_after: int = 20
    breaker_pause: timedelta = timedelta(minutes=1)
    rate: Rate | None = None


USUAL = DeliveryPolicy()
"""Where a destination says nothing."""


def read_policy(outer: Fields) -> DeliveryPolicy:
    """Read a destination's `retry`, `breaker` and `rate`."""
    retry, breaker = (_below(outer, key, known) for key, known in (("retry", _RETRY), ("breaker", _BREAKER)))
    policy = replace(USUAL, rate=_rate(outer))
    if retry is not None:
        first = retry.span("first", default=USUAL.first)
        longest = retry.span("longest", default=max(USUAL.longest, first))
        if longest < first:
            retry.fault(retry.place_of("longest"), "longest is shorter than first")
        deadline = retry.span("deadline", default=timedelta()) if retry.has("deadline") else None
        policy = replace(policy, first=first, longest=longest, deadline=deadline)
    if breaker is not None:
        after = breaker.number("after", default=USUAL.breaker_after, low=1, high=1_000_000)
        policy = replace(policy, breaker_after=after, breaker_pause=breaker.span("pause", default=USUAL.breaker_pause))
    return policy


def _rate(outer: Fields) -> Rate | None:
    fields = _below(outer, "rate", ("requests", "per"))
    if fields is None:
        return None
    fields.require("requests")
    per = fields.span("per", default=timedelta(seconds=1))
    return Rate(requests=fields.number("requests", default=1, low=1, high=1_000_000), seconds=int(per.total_seconds()))


def _below(outer: Fields, key: str, known: tuple[str, ...]) -> Fields | None:
    found = outer.mapping(key)
    return None if found is None else Fields(found, of=key, known=known, faults=outer.faults)
