"""Whose documents an account may bring: `carries`, the same in accounts of every channel."""

from __future__ import annotations

from partners.fields import WORD, Fields, Reference, ReferenceKind


def read_carries(fields: Fields, *, partner: str, references: list[Reference]) -> frozenset[str]:
    """Read `carries`; the partner alone where it is left out.

    Args:
        fields: the account.
        partner: key of the partner it belongs to.
        references: where the partners it names are added.
    """
    names = fields.scalars("carries", WORD)
    if fields.has("carries") and not fields.items("carries"):
        fields.fault(fields.place_of("carries"), "carries names no partner; leave it out for this partner alone")
    references.extend(Reference(ReferenceKind.PARTNER, name) for name in names)
    return frozenset(name.text for name in names) or frozenset({partner})
