"""Answer: all that a partner is owed for one interchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model import AcknowledgmentKind
from gateway.pipeline.acknowledge import AnswerToSend
from gateway.pipeline.chunk import Matter, ReadInterchange
from gateway.pipeline.outgoing import way_to
from partners.model import Acknowledgments, Direction, NumberWindow, TradingPartner
from partners.registry import PartnerRegistry
from partners.work_days import WorkDays
from translators.x12.acknowledge import AcknowledgmentPolicy
from translators.x12.advising import advice_answer
from translators.x12.guide import GuideLibrary


@dataclass(frozen=True, slots=True)
class Owed:
    """What a partner is owed for one interchange: answers, or a matter for a person where they cannot be sent."""

    answers: Sequence[AnswerToSend] = ()
    matters: Sequence[Matter] = ()


def answers_owed(
    read: ReadInterchange, *, to: str | None, registry: PartnerRegistry, guides: GuideLibrary, at: datetime
) -> Owed:
    """TA1, 997, 999 and 824 for one interchange; none where an earlier one was the same, which `offer_again` answers.

    Args:
        read: the interchange.
        to: the account that brought it; None for a channel that carries everyone's.
        registry: who has which account, and what was agreed.
        guides: of the standard.
        at: the moment, aware.
    """
    if read.repeats is not None:
        return Owed()
    partner = None if read.partner is None else registry.partners[read.partner]
    answers = list(read.answers)
    if read.advice:
        answers.append(advice_answer(read.header, read.advice, at=at, guides=guides))
    account = _account(to, partner, registry)
    if answers and account is None:
        reason = "there is no account that takes it"
        return Owed(matters=[Matter("acknowledgment.no_channel", read.partner or "", reason)])
    owed = []
    for answer in answers:
        assert account is not None
        owed.append(
            AnswerToSend(
                answer=answer,
                way=way_to(registry, account),
                partner=read.partner or _partner_of(account, registry),
                environment=read.environment,
                interchange_id=read.id,
                counts=NumberWindow() if partner is None else partner.control_numbers,
                work_days=WorkDays() if partner is None else partner.work_days,
                owed=_owed_for_advice(partner) if answer.kind == "824" else None,
            )
        )
    return Owed(owed)


def _account(to: str | None, partner: TradingPartner | None, registry: PartnerRegistry) -> str | None:
    """The way back: the way it came, or the first of the partner's by which anything can reach it."""
    came = None if to is None else registry.way(to, active=False)
    if to is not None and (came is None or came.takes_files):
        return to
    return next((way.user for way in (() if partner is None else partner.ways) if way.takes_files), None)


def _partner_of(account: str, registry: PartnerRegistry) -> str:
    found = registry.way(account)
    return account if found is None else found.partner


def _owed_for_advice(partner: TradingPartner | None) -> Acknowledgments | None:
    """What the partner owes us for an 824: a 997 or 999, where its agreement for 824 says that one always comes."""
    for agreement in () if partner is None else partner.agreements:
        if agreement.document == AcknowledgmentKind.ADVICE_824 and agreement.direction is Direction.OUT:
            always = agreement.acknowledge.functional is AcknowledgmentPolicy.ALWAYS
            return agreement.acknowledge if always else None
    return None
