"""How documents go out by an agreement: the envelope's separators and requests, and how many go together."""

from __future__ import annotations

from partners.fields import Fields, form
from partners.model import Batch, Envelope
from translators.x12.model import Delimiters
from translators.x12.writer import fault_of

_SEPARATOR = form(r"(?s).", "one character")
_ENVELOPE_KEYS = ("element", "component", "segment", "repetition", "lines", "ta1")
MOST_SETS = 10_000
_BATCH_KEYS = {
    "x12": ("sets", "groups", "every"),
    "csv": ("documents", "every"),
}
_ALONE = Batch(sets=1)


def read_batch(outer: Fields, *, syntax: str) -> Batch:
    """Read `batch`; XML and JSON hold one document each, and rows of several documents share a file where agreed."""
    usual = Batch() if syntax == "x12" else _ALONE
    found = outer.mapping("batch")
    if found is None:
        return usual
    known = _BATCH_KEYS.get(syntax, ("every",))
    fields = Fields(found, of=f"the batch of an agreement of syntax {syntax}", known=known, faults=outer.faults)
    count = fields.number("sets" if syntax == "x12" else "documents", default=usual.sets, low=1, high=MOST_SETS)
    return Batch(count, fields.choice("groups", usual.groups), fields.span("every", default=usual.every))


def read_envelope(outer: Fields) -> Envelope:
    """Read `envelope`; separators that cannot be used together are a fault."""
    found = outer.mapping("envelope")
    if found is None:
        return Envelope()
    fields = Fields(found, of="envelope", known=_ENVELOPE_KEYS, faults=outer.faults)
    usual = Delimiters()
    delimiters = Delimiters(
        element=fields.text("element", _SEPARATOR, default=usual.element),
        component=fields.text("component", _SEPARATOR, default=usual.component),
        segment=fields.text("segment", _SEPARATOR, default=usual.segment),
        repetition=fields.text("repetition", _SEPARATOR) or None,
        line_end="\n" if fields.flag("lines", default=False) else "",
    )
    fault = fault_of(delimiters)
    if fault is not None:
        fields.fault(fields.place, f"{fault[0]}: {fault[1]}")
    return Envelope(delimiters, fields.flag("ta1", default=False))
