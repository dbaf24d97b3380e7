"""ApplicationAdvice: what became of a document in the other's business system (X12 824), `application_advice/v1`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, LocalTime, Number, Part, Text
from translators.canonical.parts import DateRole, Party, Reference, TradeDocument


class AdviceOutcome(StrEnum):
    """What became of a document (X12 data element 110)."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_CHANGES = "accepted_with_changes"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    REJECTED = "rejected"
    PARTLY_ACCEPTED = "partly_accepted"


class AdviceError(Part):
    """One fault the other side found, and where: segment, its place in the set, element, the value and a better one."""

    code: Text
    message: Text | None = None
    segment: Text | None = None
    segment_position: Number | None = None
    element_position: Number | None = None
    element: Number | None = None
    bad_value: Text | None = None
    new_value: Text | None = None
    notes: tuple[Text, ...] = ()


class AdvisedDocument(Part):
    """A document that is advised of, by its number and by the control numbers it went out with."""

    outcome: AdviceOutcome
    scope: Text | None = None
    reference_type: Text
    reference: Text
    sender_code: Text | None = None
    receiver_code: Text | None = None
    date: LocalDate | None = None
    time: LocalTime | None = None
    group_control_number: Text | None = None
    set_control_number: Text | None = None
    set_code: Text | None = None
    version: Text | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    amount: Number | None = None
    errors: tuple[AdviceError, ...] = ()


class ApplicationAdvice(TradeDocument):
    """What became of our documents, or what we say of theirs."""

    schema_name: ClassVar[str] = "application_advice/v1"
    kind: ClassVar[str] = "application_advice"
    header_block: ClassVar[str] = "advice"

    number: Text
    date: LocalDate
    time: LocalTime | None = None
    zone: Text | None = None
    original: Text | None = None
    type: Text | None = None
    sender: Party | None = None
    receiver: Party | None = None
    documents: Annotated[tuple[AdvisedDocument, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """Its number, day and time. Source: X12 004010 BGN02, BGN03, BGN04."""
        return (self.number, self.date.isoformat(), self.time.isoformat() if self.time is not None else "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The advice's number, and the number of every document it tells of by its type."""
        keys: list[tuple[str, str | None]] = [("advice_number", self.number)]
        keys += [(f"reference:{one.reference_type}", one.reference) for one in self.documents]
        return keys
