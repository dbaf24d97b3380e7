"""The acknowledgment document of a file goes its way, in the transaction that finishes its transmission."""

from __future__ import annotations

import re
from datetime import datetime

from gateway.model import AcknowledgmentKind
from gateway.pipeline.file_reading import FileReading
from gateway.pipeline.outgoing import put_out, way_to
from gateway.ports import new_id
from gateway.store import Connection, acknowledgments
from gateway.store.rows import NewRows
from gateway.store.transmissions import Transmission
from gateway.store.vault import Vault
from partners.file_terms import FileAnswer
from partners.registry import PartnerRegistry
from translators.file_acknowledgment import AcknowledgmentFormat, write_acknowledgment

_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z._-]")


def send_file_answer(
    conn: Connection,
    reading: FileReading,
    found: Transmission,
    *,
    registry: PartnerRegistry,
    vault: Vault,
    at: datetime,
    later: NewRows,
    lanes: set[str],
) -> None:
    """Send the acknowledgment document of a file, if one was agreed.

    Args:
        conn: the transaction.
        reading: the file, read to its end.
        found: its transmission.
        registry: who has which account.
        vault: where the bytes go.
        at: the moment, aware.
        later: collects rows, which the caller writes.
        lanes: where the lane that brings the answer is added.
    """
    if reading.answer is FileAnswer.NONE:
        return
    assert found.account is not None  # the file was identified by it
    told = reading.acknowledgment()
    form = AcknowledgmentFormat(reading.answer.value)
    id = new_id()
    way = way_to(registry, found.account)
    name = f"ACK_{_NOT_IN_A_NAME.sub('_', found.filename)[:100]}_{found.id.hex[-12:]}.{form.value}"
    put_out(
        conn,
        way,
        id=id,
        at=at,
        partner=reading.partner,
        filename=name,
        environment=found.environment,
        payload=vault.put(later, write_acknowledgment(told, form)),
        content_format=form.value,
        later=later,
    )
    acknowledgments.add_sent(
        later,
        id=new_id(),
        kind=AcknowledgmentKind.FILE,
        interchange_id=reading.interchange_id,
        transmission_id=id,
        status=told.status.value,
        control_number="",
        at=at,
    )
    if way.lane is not None:
        lanes.add(way.lane)
