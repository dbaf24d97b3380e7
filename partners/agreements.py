"""One agreement of a profile: a document, a direction, for which versions it holds, and what is done with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from partners.dispatching import read_batch, read_envelope
from partners.fields import WORD, Fields, Reference, ReferenceKind, form
from partners.file_names import words_in
from partners.file_terms import read_file_terms
from partners.model import RELEASE_LENGTH, Acknowledgments, Agreement, Criteria, Direction, Syntax, Usage
from translators.datafile import LoadFault, Mapping, Scalar
from translators.errors import shown
from translators.x12.strictness import read_strictness

GROUP_ID = form(r"[!-~](?:[ -~]{0,13}[!-~])?", "1 to 15 printable ASCII characters, no space at the ends (GS02)")
_SET_CODE = form(r"[0-9A-Z]{3}", "a transaction set, as 850 (ST01)")
_FUNCTIONAL_ID = form(r"[A-Z]{2}", "two capital letters, as PO (GS01)")
_VERSION = form(r"any|[0-9]{6}[0-9A-Z]{0,6}", "any, a release as 004010, or a release and suffix as 004010VICS (GS08)")
_MAP = form(r"[a-z0-9][a-z0-9_-]*/[a-zA-Z0-9][a-zA-Z0-9._-]*", "the name of a map, as acme/850.in")
_GUIDE = form(r"[a-zA-Z0-9][a-zA-Z0-9._-]*", "the name of a guide in the partner's guides folder, as 850.in")
_CURRENCY = form(r"[A-Z]{3}", "an ISO 4217 code, as USD")
_SPAN = form(r"[1-9][0-9]{0,3}[mhd]", "minutes, hours or days, as 90m, 24h or 2d")
_SPAN_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_VALUE_NAME = re.compile(r"[a-z][a-z0-9_]*")

AGREEMENT_KEYS = (
    "document",
    "direction",
    "syntax",
    "version",
    "functional_id",
    "usage",
    "ourselves",
    "gs_sender",
    "gs_receiver",
    "guide",
    "strictness",
    "map",
    "pass_through",
    "deliver_to",
    "ordered",
    "currency",
    "acknowledge",
    "batch",
    "envelope",
    "values",
    "account",
    "file",
)
"""What an agreement may say."""

ACKNOWLEDGE_KEYS = ("functional", "interchange", "form", "within", "advice")
"""What the `acknowledge` of a profile may say."""

_OF_X12 = (
    "version",
    "functional_id",
    "usage",
    "gs_sender",
    "gs_receiver",
    "guide",
    "strictness",
    "envelope",
)
"""Keys of an agreement that only X12 gives a meaning."""
_ANSWERING = ("functional", "interchange", "form", "advice")
_WAITING = ("functional", "interchange", "form", "within")
"""What that of an agreement may say, by its direction; `interchange` is known there to be told of as misplaced."""
_WAITING_FOR_A_FILE = ("within",)


def read_agreement(
    item: Mapping,
    *,
    partner: str,
    inherited: Acknowledgments,
    references: list[Reference],
    faults: list[LoadFault],
) -> Agreement | None:
    """Read one agreement; None where anything in it is at fault.

    Args:
        item: the agreement.
        partner: key of the partner it is with.
        inherited: the partner's acknowledgments.
        references: where the entity it names is added.
        faults: where mistakes are added.
    """
    count = len(faults)
    fields = Fields(item, of="an agreement", known=AGREEMENT_KEYS, faults=faults)
    fields.require("document", "direction")
    entity = fields.scalar("ourselves", WORD)
    if entity is not None:
        references.append(Reference(ReferenceKind.ENTITY, entity))
    version = fields.text("version", _VERSION, default="any")
    release, suffix = ("", "") if version == "any" else (version[:RELEASE_LENGTH], version[RELEASE_LENGTH:])
    direction = fields.choice_or_none("direction", Direction)
    switches = fields.mapping("strictness")
    syntax = fields.choice("syntax", Syntax.X12)
    if syntax is not Syntax.X12:
        _refuse_x12_keys(fields, syntax, direction)
    waiting = _WAITING if syntax is Syntax.X12 else _WAITING_FOR_A_FILE
    read = Agreement(
        partner=partner,
        document=fields.text("document", _SET_CODE if syntax is Syntax.X12 else WORD),
        direction=direction or Direction.IN,
        syntax=syntax,
        criteria=Criteria(
            functional_id=fields.text("functional_id", _FUNCTIONAL_ID) or None,
            release=release or None,
            suffix=suffix or None,
            usage=fields.choice_or_none("usage", Usage),
            ourselves=None if entity is None else entity.text,
            gs_sender=fields.text("gs_sender", GROUP_ID) or None,
            gs_receiver=fields.text("gs_receiver", GROUP_ID) or None,
        ),
        guide=fields.text("guide", _GUIDE),
        strictness=None if switches is None else read_strictness(switches, faults),
        map=fields.text("map", _MAP),
        deliver_to=tuple(name.text for name in fields.scalars("deliver_to", WORD)),
        ordered=fields.flag("ordered", default=True),
        pass_through=fields.flag("pass_through", default=False),
        currency=fields.text("currency", _CURRENCY),
        acknowledge=read_acknowledgments(
            fields,
            of=f"the acknowledge of an agreement with direction {(direction or Direction.OUT).value}",
            inherited=inherited,
            known=_ANSWERING if direction is Direction.IN else waiting,
        ),
        batch=read_batch(fields, syntax=syntax.value),
        envelope=read_envelope(fields),
        values=_values(fields),
        account=fields.text("account"),
        file=read_file_terms(fields, syntax=syntax.value, outgoing=direction is Direction.OUT),
        place=item.place,
    )
    _check_names(fields, read)
    _check_way(fields, direction=direction, pass_through=read.pass_through)
    return read if len(faults) == count else None


def read_acknowledgments(
    outer: Fields, *, of: str, inherited: Acknowledgments, known: Sequence[str] = ACKNOWLEDGE_KEYS
) -> Acknowledgments:
    """Read `acknowledge`; what it leaves out is inherited.

    Args:
        outer: what holds it.
        of: what it is of, for messages.
        inherited: the profile's.
        known: what it may say; a profile's may say all.
    """
    found = outer.mapping("acknowledge")
    if found is None:
        return inherited
    fields = Fields(found, of=of, known=known, faults=outer.faults)
    if known is not ACKNOWLEDGE_KEYS and fields.has("interchange"):
        place = fields.place_of("interchange")
        fields.fault(place, "interchange stands in the profile's acknowledge: a TA1 answers before a set is known")
        return inherited
    return Acknowledgments(
        functional=fields.choice("functional", inherited.functional),
        interchange=fields.choice("interchange", inherited.interchange),
        form=fields.choice("form", inherited.form),
        within=_span(fields, "within", default=inherited.within),
        advice=fields.choice("advice", inherited.advice),
    )


def _span(fields: Fields, key: str, *, default: timedelta) -> timedelta:
    found = fields.scalar(key, _SPAN)
    return default if found is None else timedelta(**{_SPAN_UNITS[found.text[-1]]: int(found.text[:-1])})


def _check_way(fields: Fields, *, direction: Direction | None, pass_through: bool) -> None:
    """A document is mapped or passed through, and one that comes in and is mapped goes somewhere."""
    if pass_through and fields.has("map"):
        fields.fault(fields.place_of("map"), "map and pass_through: true exclude each other; keep one")
    if not pass_through and not fields.has("map"):
        fields.fault(fields.place, 'an agreement needs the key "map" (or pass_through: true)')
    if direction is Direction.IN and not pass_through and not fields.items("deliver_to"):
        fields.fault(fields.place, 'an agreement with direction in needs "deliver_to", a list of destinations')
    if direction is Direction.OUT and fields.has("deliver_to"):
        place = fields.place_of("deliver_to")
        fields.fault(place, "deliver_to is for direction in; what goes out goes to the partner")
    for key in ("batch", "envelope", "account"):
        if direction is Direction.IN and fields.has(key):
            fields.fault(fields.place_of(key), f"{key} is for direction out; what comes in is as the partner made it")


def _check_names(fields: Fields, read: Agreement) -> None:
    """A file with several documents is not called after one of them."""
    if read.direction is Direction.OUT and read.batch.sets > 1 and "key" in words_in(read.file.name):
        fields.fault(fields.place_of("file"), "a file of several documents has no {key}; use {date}, {time} or {id}")


def _refuse_x12_keys(fields: Fields, syntax: Syntax, direction: Direction | None) -> None:
    misplaced = _OF_X12 if direction is Direction.OUT else (*_OF_X12, "acknowledge")
    for key in misplaced:
        if fields.has(key):
            fields.fault(fields.place_of(key), f"{key} is for syntax x12, not {syntax.value}")


def _values(outer: Fields) -> dict[str, str]:
    found = outer.mapping("values")
    values: dict[str, str] = {}
    for name, value in () if found is None else found.entries:
        if name.text == "currency":
            outer.fault(name.place, "currency has a key of its own in the agreement; put it there")
        elif not _VALUE_NAME.fullmatch(name.text):
            outer.fault(name.place, f'a value is named "{shown(name.text)}"; want lower-case letters, digits and _')
        elif not isinstance(value, Scalar):
            outer.fault(value.place, f"{name.text} wants a text")
        else:
            values[name.text] = value.text
    return values
