"""Answer: all that a partner is owed for one interchange, in the transaction that finishes its transmission."""

from __future__ import annotations

from datetime import datetime

from gateway.model import AcknowledgmentKind
from gateway.pipeline.acknowledge import offer_again, send_answer
from gateway.pipeline.chunk import Matter, ReadInterchange
from gateway.pipeline.outgoing import way_to
from gateway.store import Connection
from gateway.store.rows import NewRows
from gateway.store.vault import Vault
from partners.model import Acknowledgments, Direction, NumberWindow, TradingPartner
from partners.registry import PartnerRegistry
from partners.work_days import WorkDays
from translators.x12.acknowledge import AcknowledgmentPolicy
from translators.x12.advising import advice_answer
from translators.x12.guide import GuideLibrary


def send_answers(
    conn: Connection,
    read: ReadInterchange,
    *,
    to: str | None,
    registry: PartnerRegistry,
    vault: Vault,
    guides: GuideLibrary,
    at: datetime,
    later: NewRows,
    lanes: set[str],
) -> list[Matter]:
    """Send TA1, 997, 999 and 824 for one interchange, or offer those again that answered the same one before.

    Args:
        conn: the transaction.
        read: the interchange.
        to: the account that brought it; None for a channel that carries everyone's.
        registry: who has which account, and what was agreed.
        vault: where the bytes go.
        guides: of the standard.
        at: the moment, aware.
        later: collects rows, which the caller writes.
        lanes: where the lanes that bring the answers are added.

    Returns:
        What cannot be sent: a matter for a person.
    """
    if read.repeats is not None:
        lanes |= offer_again(conn, interchange_id=read.repeats, at=at)
        return []
    partner = None if read.partner is None else registry.partners[read.partner]
    answers = list(read.answers)
    if read.advice:
        answers.append(advice_answer(read.header, read.advice, at=at, guides=guides))
    account = _account(to, partner, registry)
    if answers and account is None:
        return [Matter("acknowledgment.no_channel", read.partner or "", "there is no account that takes it")]
    for answer in answers:
        assert account is not None
        way = way_to(registry, account)
        if way.lane is not None:
            lanes.add(way.lane)
        send_answer(
            conn,
            answer,
            vault=vault,
            way=way,
            partner=read.partner or _partner_of(account, registry),
            environment=read.environment,
            interchange_id=read.id,
            at=at,
            later=later,
            guides=guides,
            counts=NumberWindow() if partner is None else partner.control_numbers,
            work_days=WorkDays() if partner is None else partner.work_days,
            owed=_owed_for_advice(partner) if answer.kind == "824" else None,
        )
    return []


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
