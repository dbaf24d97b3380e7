"""Acknowledge: answers get their control numbers and go their ways to the partners, all in the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.model import AcknowledgmentKind, Environment, TransmissionState
from gateway.pipeline.outgoing import OUT_FOLDER, Out, Way, names_out, put_out_named
from gateway.ports import new_id
from gateway.store import Connection, acknowledgments, control_numbers, envelopes, expected, mailbox, transmissions
from gateway.store.control_numbers import Wanted
from gateway.store.envelopes import Row
from gateway.store.rows import NewRows
from gateway.store.vault import StoredPayload, Vault
from partners.model import Acknowledgments, NumberWindow
from partners.work_days import WorkDays
from translators.x12.acknowledge import Answer
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import read_x12
from translators.x12.writer import ControlNumbers, write_interchange

_ANSWERED = frozenset({AcknowledgmentKind.ADVICE_824})
"""Answers that are themselves acknowledged, set by set."""
_NOT_IN_A_NAME = re.compile("[^0-9A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerToSend:
    """One answer, all but its control numbers.

    Args:
        answer: itself.
        way: how it reaches the partner.
        partner: whom it is for.
        environment: of what it answers; test and live count apart.
        interchange_id: the inbound interchange it answers.
        counts: how our numbers to the partner are counted.
        work_days: of the partner.
        owed: what the partner owes us for each group of it; None for nothing.
        id: of the outbound transmission.
    """

    answer: Answer
    way: Way
    partner: str
    environment: Environment
    interchange_id: UUID
    counts: NumberWindow
    work_days: WorkDays
    owed: Acknowledgments | None = None
    id: UUID = field(default_factory=new_id)


def send_answers(
    conn: Connection,
    answers: Sequence[AnswerToSend],
    *,
    vault: Vault,
    guides: GuideLibrary,
    at: datetime,
    later: NewRows,
) -> None:
    """Store answers and offer them to their partners; numbers and names are asked for once for all.

    Args:
        conn: the transaction that finishes what is answered.
        answers: in the order in which their numbers are given.
        vault: where their bytes go.
        guides: to read an 824 back by, since the partner's 997 names its sets.
        at: the moment, aware.
        later: collects the rows, which the caller writes.
    """
    if not answers:
        return
    wanted = [wanted for one in answers for wanted in _numbers_for(one)]
    numbers = iter(control_numbers.allocate(conn, wanted, at=at))
    numbered = []
    for one in answers:
        groups = tuple(next(numbers) for _ in one.answer.interchange.groups)
        numbered.append(ControlNumbers(interchange=next(numbers), groups=groups))
    pairs = list(zip(answers, numbered, strict=True))
    names = names_out(conn, [(one.way, _name_of(one.answer, given)) for one, given in pairs])
    for (one, given), name in zip(pairs, names, strict=True):
        _put_out(one, given, name, vault=vault, guides=guides, at=at, later=later)


def _numbers_for(one: AnswerToSend) -> Iterator[Wanted]:
    """Those of its groups, and its own."""
    made = one.answer.interchange
    for kind in (*(one.counts.count_of(group.functional_id) for group in made.groups), "ISA13"):
        yield Wanted(
            sender=made.sender,
            receiver=made.receiver,
            environment=one.environment,
            kind=kind,
            transmission_id=one.id,
        )


def _name_of(answer: Answer, numbers: ControlNumbers) -> str:
    about = _NOT_IN_A_NAME.sub("", answer.about.control_number) or "0"
    return f"{answer.kind}_{about}_{numbers.interchange:09d}.edi"


def _put_out(
    one: AnswerToSend,
    numbers: ControlNumbers,
    name: str,
    *,
    vault: Vault,
    guides: GuideLibrary,
    at: datetime,
    later: NewRows,
) -> None:
    id, answer, partner = one.id, one.answer, one.partner
    content = write_interchange(answer.interchange, numbers=numbers, at=at)
    out = Out(id, one.way, name, vault.put(later, content))
    put_out_named(out, at=at, partner=partner, environment=one.environment, later=later)
    interchange, inside = envelopes.answer_rows(
        answer.interchange, numbers=numbers, transmission_id=id, partner=partner, size=len(content)
    )
    sets = _set_rows(content, transmission_id=id, guides=guides) if answer.kind in _ANSWERED else []
    envelopes.add_rows(later, interchanges=[interchange], groups=inside, sets=sets)
    if one.owed is not None:
        for group in inside:
            expected.expect(
                later,
                kind=AcknowledgmentKind(one.owed.form.value),
                partner=partner,
                transmission_id=id,
                interchange_id=interchange["id"],
                functional_group_id=group["id"],
                at=at,
                due_at=one.work_days.after(at, one.owed.within),
            )
    acknowledgments.add_sent(
        later,
        id=new_id(),
        kind=AcknowledgmentKind(answer.kind),
        interchange_id=one.interchange_id,
        transmission_id=id,
        status=answer.status,
        control_number=f"{numbers.interchange:09d}",
        at=at,
    )
    transmissions.add_business_keys(later, [("isa13", f"{numbers.interchange:09d}")], transmission_id=id)


def _set_rows(content: bytes, *, transmission_id: UUID, guides: GuideLibrary) -> list[Row]:
    """The rows of the sets of what we wrote."""
    events = read_x12([content], guides=guides)
    sets = (event for event in events if isinstance(event, TransactionSet))
    return [envelopes.set_row(one, id=new_id(), transmission_id=transmission_id, accepted=True) for one in sets]


def offer_again(conn: Connection, *, interchange_id: UUID, at: datetime) -> set[str]:
    """Send the stored answers to an interchange once more, byte for byte. Returns the lanes that bring them."""
    lanes: set[str] = set()
    for stored in acknowledgments.answers_to(conn, interchange_id):
        if stored.lane is not None:
            transmissions.queue_again(conn, stored.transmission_id, at=at)
            lanes.add(stored.lane)
            continue
        name = mailbox.free_name(conn, account=stored.account, folder=OUT_FOLDER, name=stored.filename)
        mailbox.put_file(
            conn,
            id=new_id(),
            at=at,
            account=stored.account,
            folder=OUT_FOLDER,
            name=name,
            payload=StoredPayload(stored.sha256, stored.size),
            transmission_id=stored.transmission_id,
        )
        transmissions.set_outbound_state(conn, stored.transmission_id, TransmissionState.READY, at=at)
    return lanes
