"""Acknowledge: an answer gets its control numbers and goes its way to the partner, all in the caller's transaction."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from gateway.model import AcknowledgmentKind, Environment, TransmissionState
from gateway.pipeline.outgoing import OUT_FOLDER, Way, put_out
from gateway.ports import new_id
from gateway.store import Connection, acknowledgments, control_numbers, envelopes, expected, mailbox, transmissions
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


def send_answer(
    conn: Connection,
    answer: Answer,
    *,
    vault: Vault,
    way: Way,
    partner: str,
    environment: Environment,
    interchange_id: UUID,
    at: datetime,
    later: NewRows,
    guides: GuideLibrary,
    counts: NumberWindow,
    work_days: WorkDays,
    owed: Acknowledgments | None = None,
) -> UUID:
    """Store one answer and offer it to the partner.

    Args:
        conn: the transaction that finishes what is answered.
        answer: all but its control numbers.
        vault: where its bytes go.
        way: how it reaches the partner.
        partner: whom it is for.
        environment: of what it answers; test and live count apart.
        interchange_id: the inbound interchange it answers.
        at: the moment, aware.
        later: collects the answer's rows, which the caller writes.
        guides: to read an 824 back by, since the partner's 997 names its sets.
        counts: how our numbers to the partner are counted.
        work_days: of the partner.
        owed: what the partner owes us for each group of it; None for nothing.

    Returns:
        The id of the outbound transmission.
    """
    id = new_id()

    def next_number(kind: str) -> int:
        return control_numbers.allocate(
            conn,
            sender=answer.interchange.sender,
            receiver=answer.interchange.receiver,
            environment=environment,
            kind=kind,
            transmission_id=id,
            at=at,
        )

    groups = tuple(next_number(counts.count_of(group.functional_id)) for group in answer.interchange.groups)
    numbers = ControlNumbers(interchange=next_number("ISA13"), groups=groups)
    content = write_interchange(answer.interchange, numbers=numbers, at=at)
    payload = vault.put(later, content)
    about = _NOT_IN_A_NAME.sub("", answer.about.control_number) or "0"
    name = f"{answer.kind}_{about}_{numbers.interchange:09d}.edi"
    put_out(
        conn,
        way,
        id=id,
        at=at,
        partner=partner,
        filename=name,
        environment=environment,
        payload=payload,
        later=later,
    )
    interchange, inside = envelopes.answer_rows(
        answer.interchange, numbers=numbers, transmission_id=id, partner=partner, size=len(content)
    )
    sets = _set_rows(content, transmission_id=id, guides=guides) if answer.kind in _ANSWERED else []
    envelopes.add_rows(later, interchanges=[interchange], groups=inside, sets=sets)
    if owed is not None:
        for group in inside:
            expected.expect(
                later,
                kind=AcknowledgmentKind(owed.form.value),
                partner=partner,
                transmission_id=id,
                interchange_id=interchange["id"],
                functional_group_id=group["id"],
                at=at,
                due_at=work_days.after(at, owed.within),
            )
    acknowledgments.add_sent(
        later,
        id=new_id(),
        kind=AcknowledgmentKind(answer.kind),
        interchange_id=interchange_id,
        transmission_id=id,
        status=answer.status,
        control_number=f"{numbers.interchange:09d}",
        at=at,
    )
    transmissions.add_business_keys(later, [("isa13", f"{numbers.interchange:09d}")], transmission_id=id)
    return id


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
