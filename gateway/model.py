"""The gateway's closed sets of words: what a transmission, a document, a delivery and an acknowledgment can be."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Seen from us."""

    IN = "in"
    OUT = "out"


class Environment(StrEnum):
    """Live documents reach business systems; test documents are translated, acknowledged and shown, never delivered."""

    LIVE = "live"
    TEST = "test"


class TransmissionState(StrEnum):
    """Where one file or message on the wire stands.

    Inbound: the first seven. Outbound, where the partner collects: ready, collected, withdrawn; where we go to the
    partner: queued, working, sending, retrying, awaiting, sent, refused, uncertain, quarantined.
    """

    RECEIVED = "received"
    """Committed, waiting for its lane."""
    WORKING = "working"
    """Claimed by a worker."""
    RETRYING = "retrying"
    """The world was broken when it was tried; `next_at` says when again."""
    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    """Same content as an earlier one (`duplicate_of`): answered again, no effect."""
    PARKED = "parked"
    """Nobody's, or unreadable: an exception is open, the bytes are kept."""
    QUARANTINED = "quarantined"
    """It brought a worker down three times."""
    READY = "ready"
    """Stands in the partner's /out."""
    COLLECTED = "collected"
    """The partner has read it to its end."""
    WITHDRAWN = "withdrawn"
    """Removed from /out uncollected."""
    QUEUED = "queued"
    """Waits for its send lane."""
    SENDING = "sending"
    """The first byte may have left: recovery must find out before sending again."""
    AWAITING = "awaiting"
    """Sent; the partner's own receipt (an asynchronous MDN) is due at `next_at`."""
    SENT = "sent"
    """The partner has it, by its own word."""
    REFUSED = "refused"
    """The partner said no, for good; an exception is open."""
    UNCERTAIN = "uncertain"
    """Sent without an answer, and nothing to ask: a person decides."""


class DocumentState(StrEnum):
    """The business object's own life; delivery and acknowledgment have their own states."""

    STAGED = "staged"
    """Made in a chunk that waits for the trailers; gone if they never come."""
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    """A later revision of the same identity is active."""
    DUPLICATE = "duplicate"
    """Same identity and content as an earlier one (`duplicate_of`): no effect."""
    HELD = "held"
    """An exception waits for a person; nothing is delivered."""


class DeliveryState(StrEnum):
    """Where one document's way to one destination stands."""

    STAGED = "staged"
    READY = "ready"
    WORKING = "working"
    """Claimed; nothing was sent yet."""
    SENDING = "sending"
    """The first byte may have left: recovery must find out before sending again."""
    RETRYING = "retrying"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The business system said no; an exception is open."""
    UNCERTAIN = "uncertain"
    """Sent without an answer, and nothing to ask: a person decides."""
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"
    """Given up by a person, or its document was superseded before it left."""
    TEST = "test"
    """A test document: shown as it would have gone, never sent."""


class AttemptOutcome(StrEnum):
    """How one try ended."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    CRASHED = "crashed"
    """The worker died with it."""
    SUPERSEDED = "superseded"
    """The worker was overtaken (fencing): it wrote nothing."""


class AcknowledgmentKind(StrEnum):
    """What answers what."""

    TA1 = "TA1"
    FUNCTIONAL_997 = "997"
    FUNCTIONAL_999 = "999"
    ADVICE_824 = "824"
    FILE = "file"
    """The acknowledgment document of a file that is not X12."""


class ExpectedState(StrEnum):
    """Where an acknowledgment we wait for stands: not come yet, or what it said."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    """It did not come in time; an exception is open until it does."""
    ACCEPTED = "accepted"
    WITH_ERRORS = "accepted_with_errors"
    PARTIAL = "partial"
    """Of a group: some of its sets were rejected."""
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """It came, and does not say."""
    REPLACED = "replaced"
    """What it would be about was sent again in an envelope of its own: that one's is waited for."""


class FileState(StrEnum):
    """How far a file of a mailbox has come."""

    COMPLETE = "complete"
    HELD = "held"
    """Whole, waiting for its rename."""
    PARTIAL = "partial"
    """What arrived before a connection broke; may be resumed, never counts."""


class ExceptionState(StrEnum):
    """A matter for a person."""

    OPEN = "open"
    RESOLVED = "resolved"


class AlertEvent(StrEnum):
    """What is told of a group of exceptions, once each."""

    OPENED = "opened"
    RESOLVED = "resolved"


class AlertState(StrEnum):
    """How far an alert is on one of the channels."""

    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given_up"
    """The channel refused this one again and again, or is gone from the settings."""


class NodeEnding(StrEnum):
    """How a node ended."""

    STOPPED = "stopped"
    DEAD = "dead"
    """Nothing was heard of it for too long; what it had in hand was given to others."""
