"""What can stand in the way of a document of ours, beside the faults its map and its guide find: FAULTS, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from translators.errors import Issue, Position

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "outbound.unreadable": "what was handed in is no canonical document",
        "outbound.partner": "there is no such partner, or it is inactive",
        "outbound.no_agreement": "no agreement sends documents of this kind to the partner",
        "outbound.several_agreements": "several agreements could send the document, none more specific",
        "outbound.map_unfit": "the agreement's map makes another format, set or version than was agreed",
        "outbound.ourselves": "which of our legal entities sends it cannot be told",
        "outbound.no_way": "no account takes files for the partner",
        "outbound.several_origins": "the map reads the document this one answers, and there are several",
        "outbound.told": "the partner's acknowledgment document says this of a file of ours",
        "outbound.refused": "what was made is not what the standard or the agreement allows",
    }
)
"""Code -> what it means."""


def fault(code: str, message: str, *, value: str | None = None) -> Issue:
    """An issue of one of these codes."""
    assert code in FAULTS
    return Issue(code, message, Position(), level=7, value=value)
