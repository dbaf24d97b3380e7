"""What the API answers with: the models OpenAPI is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.model import AcknowledgmentKind, Direction, Environment, TransmissionState
from translators.x12.acknowledged import Outcome


class Transmission(BaseModel):
    """One file that came in or goes out."""

    id: UUID
    direction: Direction
    state: TransmissionState = Field(description="Where it stands. `processed`: validated, answered, handed on.")
    environment: Environment
    account: str
    filename: str
    size: int = Field(description="Bytes.")
    sha256: str = Field(description="Of its bytes, hexadecimal.", min_length=64, max_length=64)
    received_at: datetime = Field(description="UTC; of one that goes out: when it was made.")
    finished_at: datetime | None = Field(description="When it came to its end; null while it is under way.")
    duplicate_of: UUID | None = Field(description="The earlier transmission it repeats; it then had no effect.")


class TransactionSet(BaseModel):
    """ST to SE."""

    code: str = Field(description="ST01.")
    control_number: str = Field(description="ST02.")
    accepted: bool
    outcome: Outcome | None = Field(description="Of one that went out: what the partner said of it last.")


class Group(BaseModel):
    """GS to GE."""

    functional_id: str = Field(description="GS01.")
    control_number: str = Field(description="GS06.")
    status: str = Field(description="As AK901 says it: A accepted, E with errors, P partially, R rejected.")
    outcome: Outcome | None
    sets: list[TransactionSet]


class Interchange(BaseModel):
    """ISA to IEA."""

    control_number: str = Field(description="ISA13.")
    accepted: bool
    outcome: Outcome | None
    groups: list[Group]


class Issue(BaseModel):
    """One thing that was found wrong."""

    stage: str = Field(description="identify, validate, map or route.")
    code: str
    severity: str
    message: str = Field(description="What was found, what was wanted, what to do.")
    position: dict[str, Any] = Field(description="Where: interchange, group, set, segment, element; byte offset.")
    value: str | None


class TransmissionDetail(Transmission):
    """A transmission with what is in it and what was found wrong."""

    interchanges: list[Interchange]
    issues: list[Issue]


class TransmissionPage(BaseModel):
    """Some transmissions, newest first."""

    items: list[Transmission]
    next_before: UUID | None = Field(description="Ask for `before` this to get those that are older; null: none is.")


class Acknowledgment(BaseModel):
    """One answer: ours to what was sent to us, the partner's to what we sent."""

    kind: AcknowledgmentKind
    direction: Direction = Field(description="out: ours; in: the partner's.")
    interchange: str = Field(description="ISA13 of the interchange it is about.")
    status: str = Field(description="out: TA104, or the AK901 of each group, by commas; in: an outcome.")
    control_number: str = Field(description="ISA13 of the interchange it stands in.")
    created_at: datetime
    carried_by: UUID | None = Field(description="The transmission it stands in: an `id` for `/v1/outbound`.")


class Acknowledgments(BaseModel):
    """All answers to a transmission, oldest first."""

    items: list[Acknowledgment]


class Outbound(BaseModel):
    """Files that wait to be collected, oldest first."""

    items: list[Transmission]


class Health(BaseModel):
    """Whether it runs, or is ready."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"] = "ok"


def transmission_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `gateway.store.partner_view` as `Transmission` wants it."""
    return {**row, "sha256": bytes(row["sha256"]).hex()}
