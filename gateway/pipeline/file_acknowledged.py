"""What partners say of files of ours: acknowledgment documents that came in, matched by SHA-256 and settled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway.model import AcknowledgmentKind, ExpectedState
from gateway.pipeline.acknowledged import CONTRADICTS, NOTES_TOLD, REJECTED, UNREADABLE, WITHOUT_MATCH
from gateway.pipeline.chunk import Matter
from gateway.pipeline.outbound_faults import fault
from gateway.ports import new_id
from gateway.store import Connection, acknowledgments, envelopes, exceptions, expected, sent
from gateway.store.sent import SentInterchange
from partners.file_terms import FileAnswer
from partners.model import Account, Direction
from partners.registry import PartnerRegistry
from translators.errors import Issue, shown
from translators.file_acknowledged import (
    ToldFile,
    ToldIssue,
    UnreadableAcknowledgment,
    acknowledgment_form,
    read_file_acknowledgment,
)
from translators.file_acknowledgment import FileStatus
from translators.x12.acknowledged import Outcome

TOLD = "outbound.told"
_OUTCOMES = {
    FileStatus.ACCEPTED: Outcome.ACCEPTED,
    FileStatus.PARTIAL: Outcome.PARTIAL,
    FileStatus.REJECTED: Outcome.REJECTED,
}
_SAYS = {True: Outcome.ACCEPTED, False: Outcome.REJECTED, None: Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class SaidOfFile:
    """An acknowledgment document that came in.

    Args:
        content: what it says.
        partners: keys of those whose files it may speak of.
        syntax: its wire format.
    """

    content: ToldFile | UnreadableAcknowledgment
    partners: tuple[str, ...]
    syntax: str


def said_of_file(
    content: Callable[[], Iterable[bytes]], *, head: bytes, account: Account | None, registry: PartnerRegistry
) -> SaidOfFile | None:
    """The acknowledgment document that a file is.

    Args:
        content: gives its bytes.
        head: the first of them.
        account: who brought it.
        registry: every partner.

    Returns:
        None where it is none, or none of those the account carries was to send one.
    """
    partners = tuple(
        key
        for key in sorted(() if account is None else account.carries)
        if any(
            agreed.direction is Direction.OUT and agreed.file.answer is not FileAnswer.NONE
            for agreed in registry.partners[key].agreements
        )
    )
    if not partners:
        return None
    form = acknowledgment_form(head)
    return None if form is None else SaidOfFile(read_file_acknowledgment(content(), form), partners, form.value)


def settle_said_of_file(
    conn: Connection, said: SaidOfFile, *, transmission_id: UUID, at: datetime
) -> tuple[str | None, list[Matter]]:
    """Match it to the file of ours that it names, and move what is known of that.

    Args:
        conn: the transaction that finishes the transmission that carries it.
        said: what was read.
        transmission_id: that transmission.
        at: the moment, aware.

    Returns:
        Whose file it is, if there is one; and what has no match or contradicts what was said before. What the partner
        rejects is an exception of what we sent, opened here.
    """
    about = " ".join(said.partners)
    told = said.content
    if isinstance(told, UnreadableAcknowledgment):
        return None, [Matter(UNREADABLE, about, f"the acknowledgment document cannot be read: {told.reason}")]
    found = sent.find_file(conn, told.sha256, partners=said.partners)
    if found is None:
        text = (
            f"the acknowledgment document is of a file with SHA-256 {told.sha256.hex()[:12]}..., which we did not send"
        )
        return None, [Matter(WITHOUT_MATCH, about, text)]
    return found.partner, _settle(conn, told, found.interchange, found.partner, transmission_id, at)


def _settle(
    conn: Connection, told: ToldFile, ours: SentInterchange, partner: str, transmission_id: UUID, at: datetime
) -> list[Matter]:
    outcome = _OUTCOMES[told.status]
    fingerprint = _fingerprint(told)
    before = acknowledgments.find_received(
        conn, interchange_id=ours.id, functional_group_id=None, content_sha256=fingerprint
    )
    acknowledgments.add_received(
        conn,
        kind=AcknowledgmentKind.FILE,
        interchange_id=ours.id,
        functional_group_id=None,
        transmission_id=transmission_id,
        status="duplicate" if before is not None else outcome.value,
        control_number="",
        content_sha256=fingerprint,
        at=at,
        duplicate_of=before,
    )
    if before is not None:
        return []
    documents = sent.documents_of(conn, ours)
    sent.note_interchange(conn, ours.id, outcome)
    sent.note_sets(conn, [(one.id, _SAYS[told.accepts(one.ordinal)]) for one in documents])
    expected.close(conn, interchange_id=ours.id, functional_group_id=None, state=ExpectedState(outcome.value), at=at)
    set_ids = {one.ordinal: one.id for one in documents}
    issues = [_issue(one) for one in told.issues]
    rows = [
        envelopes.issue_row(
            issue,
            id=new_id(),
            transmission_id=ours.transmission_id,
            stage="acknowledged",
            transaction_set_id=set_ids.get(one.ordinal),
        )
        for one, issue in zip(told.issues, issues, strict=True)
    ]
    envelopes.add_rows(conn, issues=rows)
    if told.status is not FileStatus.ACCEPTED:
        _reject(conn, ours, partner, told, issues, at)
    if ours.outcome in (None, outcome):
        return []
    text = f"{partner} said {ours.outcome} of a file of ours before, and its acknowledgment document now says {outcome}"
    return [Matter(CONTRADICTS, partner, f"{text}; the later holds")]


def _issue(told: ToldIssue) -> Issue:
    """As an issue of what we sent: the message says that it is the partner who says so."""
    text = f"the partner says {shown(told.code)}: {shown(told.message)}" if told.code else shown(told.message)
    made = fault(TOLD, text, value=None if told.value is None else shown(told.value))
    path = None if told.position.path is None else shown(told.position.path)
    place = replace(told.position, interchange=1, group=1, set=told.ordinal, path=path)
    return replace(made, position=place, severity=told.severity)


def _reject(
    conn: Connection, ours: SentInterchange, partner: str, told: ToldFile, issues: Sequence[Issue], at: datetime
) -> None:
    refused = sum(told.accepts(ordinal) is False for ordinal in told.documents)
    what = "the file" if told.status is FileStatus.REJECTED else f"{refused} document(s) of the file"
    notes = "; ".join(f"{issue.message} ({issue.position})" for issue in issues[:NOTES_TOLD])
    more = f" (and {len(issues) - NOTES_TOLD} more)" if len(issues) > NOTES_TOLD else ""
    exceptions.open_exception(
        conn,
        id=new_id(),
        at=at,
        code=REJECTED,
        reason=f"{partner} rejects {what} by its acknowledgment document{': ' if notes else ''}{notes}{more}",
        group=exceptions.fingerprint(REJECTED, partner, AcknowledgmentKind.FILE),
        transmission_id=ours.transmission_id,
    )


def _fingerprint(told: ToldFile) -> bytes:
    """SHA-256 of what it says, whatever its form and when it was written."""
    return hashlib.sha256(repr((told.status.value, sorted(told.documents.items()), told.issues)).encode()).digest()
