"""Advise: what a 997 or 999 has no code for is told in an 824 where that was agreed, and else to a person."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import AcknowledgmentKind
from partners.model import AdvicePolicy, Agreement
from translators.errors import Issue, Severity
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.acknowledge_sets import has_code
from translators.x12.advice import AdvisedSet
from translators.x12.advising import ToAdvise
from translators.x12.model import TransactionSet

MOST_ADVICE = 10_000
"""824 in the answer to one interchange; a person is told of what is past it."""


def untold(event: TransactionSet, form: AcknowledgmentForm) -> list[Issue]:
    """The errors of a set that its acknowledgment has no code for; none where it refuses the set for another.

    Args:
        event: the set.
        form: which of 997 and 999 answers it.
    """
    errors = [issue for issue in event.issues if issue.severity is Severity.ERROR]
    return [] if any(has_code(issue, form) for issue in errors) else errors


def advice_on(event: TransactionSet, issues: Sequence[Issue], agreement: Agreement, *, number: str) -> ToAdvise | None:
    """The 824 of a set, where it was agreed to send one; an 824 itself is never answered by one.

    Args:
        event: the set.
        issues: what there is to tell.
        agreement: what was agreed for it.
        number: BGN02.
    """
    if agreement.acknowledge.advice is AdvicePolicy.NEVER or event.code == AcknowledgmentKind.ADVICE_824:
        return None
    return ToAdvise(event.group, AdvisedSet.of(event), issues, number)
