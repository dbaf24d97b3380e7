"""`audit` and `retention` of tradelane.yaml: where checkpoints of the audit log go, and how long things are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from partners.fields import WORD, Fields
from translators.canonical.registry import CANONICAL
from translators.datafile import Mapping, did_you_mean
from translators.errors import shown

AUDIT_KEYS = ("checkpoints", "every")
"""What `audit` may say."""
RETENTION_KEYS = ("days", "kinds", "partners")
"""What `retention` may say."""
SEVEN_YEARS = 2557
_MOST_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Where checkpoints are written, and how often; None where nobody asked for any."""

    checkpoints: Path | None = None
    every: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept.

    Args:
        days: where nothing else is said.
        rules: (partner, kind) -> days; None for any.
    """

    days: int = SEVEN_YEARS
    rules: dict[tuple[str | None, str | None], int] = field(default_factory=dict)


def read_audit(outer: Fields, *, home: Path) -> AuditSettings:
    """Read `audit`."""
    found = outer.mapping("audit")
    usual = AuditSettings()
    if found is None:
        return usual
    fields = Fields(found, of="audit", known=AUDIT_KEYS, faults=outer.faults)
    path = fields.text("checkpoints")
    return AuditSettings(home / path if path else None, fields.span("every", default=usual.every))


def read_retention(outer: Fields) -> RetentionSettings:
    """Read `retention`."""
    found = outer.mapping("retention")
    if found is None:
        return RetentionSettings()
    fields = Fields(found, of="retention", known=RETENTION_KEYS, faults=outer.faults)
    rules: dict[tuple[str | None, str | None], int] = {}
    _kinds(fields, None, rules)
    partners = fields.mapping("partners")
    for name, value in () if partners is None else partners.entries:
        if not WORD.pattern.fullmatch(name.text):
            fields.fault(name.place, f'a partner is "{shown(name.text)}"; want {WORD.want}')
        own = fields.as_mapping(value, name=name.text)
        if own is not None:
            _partner(own, name.text, rules, outer)
    return RetentionSettings(fields.number("days", default=SEVEN_YEARS, low=1, high=_MOST_DAYS), rules)


def _partner(found: Mapping, key: str, rules: dict[tuple[str | None, str | None], int], outer: Fields) -> None:
    fields = Fields(found, of="a partner's retention", known=("days", "kinds"), faults=outer.faults)
    if fields.has("days"):
        rules[key, None] = fields.number("days", default=SEVEN_YEARS, low=1, high=_MOST_DAYS)
    _kinds(fields, key, rules)


def _kinds(outer: Fields, partner: str | None, rules: dict[tuple[str | None, str | None], int]) -> None:
    known = sorted({"acknowledgment", *(model.kind for model in CANONICAL.values())})
    found = outer.mapping("kinds")
    if found is None:
        return
    fields = Fields(found, of="kinds", known=[name.text for name, _ in found.entries], faults=outer.faults)
    for name, _ in found.entries:
        if name.text not in known:
            hint = did_you_mean(name.text, known)
            fields.fault(name.place, f'there is no kind "{shown(name.text)}"{hint}; want acknowledgment or a document')
        else:
            rules[partner, name.text] = fields.number(name.text, default=SEVEN_YEARS, low=1, high=_MOST_DAYS)
