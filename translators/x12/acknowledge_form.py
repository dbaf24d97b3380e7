"""How an acknowledgment is written: 997 or 999, in which release, under which delimiters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from translators.x12.guide import RELEASE_LENGTH, SegmentGuide
from translators.x12.model import Delimiters, GroupHeader

FIRST_VERSION_WITH_999 = "00501"
"""ISA12 of an interchange that carries a 999."""

RELEASE_OF_999 = "005010"
HIPAA_999 = "005010X231A1"
"""The guide that a 999 follows if it answers one of the HIPAA guides."""

_HIPAA = re.compile(r"005010X[0-9]{3}(A[0-9]+)?")


class AcknowledgmentForm(StrEnum):
    """Which set acknowledges a functional group."""

    FUNCTIONAL = "997"
    IMPLEMENTATION = "999"


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How an answer is written.

    Args:
        kind: 997 or 999.
        release: its GS08, as `004010`.
        delimiters: its own; no value copied into it may hold one.
        directory: the segments of the version answered, for the data element numbers of AK402; empty where unknown.
    """

    kind: AcknowledgmentForm
    release: str
    delimiters: Delimiters
    directory: Mapping[str, SegmentGuide]

    @property
    def is_implementation(self) -> bool:
        """A 999, which has codes for the rules of an implementation guide, and CTX."""
        return self.kind is AcknowledgmentForm.IMPLEMENTATION

    @property
    def is_later(self) -> bool:
        """Written by 005010 or later, which knows repetitions."""
        return self.release[:RELEASE_LENGTH] >= RELEASE_OF_999

    @property
    def convention(self) -> str:
        """ST03 of a 999 that follows the HIPAA guide, else ""."""
        return self.release if self.release == HIPAA_999 else ""


def is_hipaa(version: str) -> bool:
    """GS08 names one of the HIPAA implementation guides of 005010."""
    return _HIPAA.fullmatch(version) is not None


def release_of_answer(header: GroupHeader, *, kind: AcknowledgmentForm, interchange_version: str) -> str:
    """GS08 of the answer to a group.

    Args:
        header: of the group answered.
        kind: 997 or 999.
        interchange_version: ISA12, for a group whose GS08 names no release.

    Returns:
        For a 997 the release of the group, without the suffix of its industry; for a 999 its own.
    """
    if kind is AcknowledgmentForm.IMPLEMENTATION:
        return HIPAA_999 if is_hipaa(header.version) else RELEASE_OF_999
    release = header.version[:RELEASE_LENGTH]
    if len(release) == RELEASE_LENGTH and release.isascii() and release.isdigit():
        return release
    return interchange_version + "0"
