"""The tables, one door for all of them. Rows move only through the named functions of `gateway.store`.

Ids are UUIDv7, times UTC, quantities and money live inside canonical JSON as text of a Decimal. A row of `transmission`
or `delivery` is itself the work: `lane`, `ordering_key`, `seq`, `state`, `next_at`, and `claim_no` for fencing.
"""

from __future__ import annotations

from gateway.store.tables.acknowledgments import (
    acknowledgment,
    control_counter,
    control_number,
    expected_acknowledgment,
)
from gateway.store.tables.agreed import cross_reference, map_decision, map_revision, partner_revision
from gateway.store.tables.channels import (
    api_key,
    as2_message,
    folder_file,
    idempotency_key,
    mailbox_file,
    remote_file,
    remote_state,
    sftp_session,
)
from gateway.store.tables.columns import metadata
from gateway.store.tables.deliveries import attempt, delivery, destination_state, poll_state, told_event, unread_record
from gateway.store.tables.documents import business_key, document, document_link, document_source
from gateway.store.tables.exceptions import (
    alert,
    alert_channel,
    alert_message,
    exception,
    exception_comment,
    exception_group,
)
from gateway.store.tables.nodes import node, schema_floor
from gateway.store.tables.records import audit, audit_head, audit_seal, legal_hold
from gateway.store.tables.wire import functional_group, interchange, issue, payload, transaction_set, transmission

__all__ = [
    "acknowledgment",
    "alert",
    "alert_channel",
    "alert_message",
    "api_key",
    "as2_message",
    "attempt",
    "audit",
    "audit_head",
    "audit_seal",
    "business_key",
    "control_counter",
    "control_number",
    "cross_reference",
    "delivery",
    "destination_state",
    "document",
    "document_link",
    "document_source",
    "exception",
    "exception_comment",
    "exception_group",
    "expected_acknowledgment",
    "folder_file",
    "functional_group",
    "idempotency_key",
    "interchange",
    "issue",
    "legal_hold",
    "mailbox_file",
    "map_decision",
    "map_revision",
    "metadata",
    "node",
    "partner_revision",
    "payload",
    "poll_state",
    "remote_file",
    "remote_state",
    "schema_floor",
    "sftp_session",
    "told_event",
    "transaction_set",
    "transmission",
    "unread_record",
]
