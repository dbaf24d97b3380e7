"""What a reading of a transmission hands over to be written: a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway.model import Environment
from gateway.pipeline.translate import MadeDocument
from translators.x12.acknowledge import Answer
from translators.x12.advising import ToAdvise
from translators.x12.model import InterchangeHeader

SETS_IN_CHUNK = 200
ISSUES_IN_CHUNK = 5_000
INTERCHANGES_IN_CHUNK = 500

Row = dict[str, Any]
GroupKey = tuple[int, int]
"""Ordinals of an interchange and of a group in it."""


@dataclass(slots=True)
class Matter:
    """Something for a person; matters with the same (code, about) within a transmission are one exception.

    `group` is where it was found, if in a group: what a trailer refuses is no matter of ours any more. `fingerprint` is
    of the group of exceptions it belongs to, where (code, about) says more than that.
    """

    code: str
    about: str
    reason: str
    document_id: UUID | None = None
    group: GroupKey | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class ReadInterchange:
    """An interchange as far as it was read; `content_sha256` is None until that is to its end.

    `answers` are TA1, 997 and 999; `advice` is told in 824.
    `repeats` is the interchange whose control number and content these are again, in `repeated_transmission`.
    """

    id: UUID
    header: InterchangeHeader
    partner: str | None
    environment: Environment
    end: int
    counted: bool
    rejected: bool
    content_sha256: bytes | None = None
    answers: Sequence[Answer] = ()
    advice: Sequence[ToAdvise] = ()
    repeats: UUID | None = None
    repeated_transmission: UUID | None = None


@dataclass(slots=True)
class Chunk:
    """Rows found since the last write."""

    interchanges: list[ReadInterchange] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    sets: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    made: list[MadeDocument] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    """Rows of `interchange` for files that are not X12."""

    @property
    def full(self) -> bool:
        """Enough for one transaction."""
        return (
            len(self.sets) >= SETS_IN_CHUNK
            or len(self.issues) >= ISSUES_IN_CHUNK
            or len(self.interchanges) >= INTERCHANGES_IN_CHUNK
        )
