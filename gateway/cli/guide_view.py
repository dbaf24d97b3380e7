"""A guide as plain data for people and programs: its areas, its segments, and what a partner's overlay changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from translators.x12.conditions import Condition, ConditionKind
from translators.x12.guide import AREAS, ElementGuide, ElementUse, LoopUse, SegmentGuide, SegmentUse, SetGuide

Use = SegmentUse | LoopUse
View = dict[str, Any]

MANDATORY, OPTIONAL, CONDITIONAL, NOT_USED = "M", "O", "X", "-"


def view(guide: SetGuide, *, with_codes: bool) -> View:
    """The stable object of `tradelane guide show --json`, which the other forms are made of.

    Args:
        guide: of a set, perhaps with a partner's overlay merged in.
        with_codes: list every code; otherwise those of lists that the partner changed.

    Returns:
        `areas` with nested `content`; `segments` once each, in the order in which they are used, named by `key`.
    """
    keys: dict[SegmentGuide, str] = {}
    segments: list[View] = []
    for path, use in _walk(guide.root.children, ()):
        segment = use.segment
        if segment not in keys:
            keys[segment] = f"{segment.id}-{len(segments) + 1}"
            at = "" if segment.standard is None or path == (segment.id,) else "/".join(path)
            segments.append({"key": keys[segment], "at": at, **_segment(segment, with_codes=with_codes)})
    return {
        "set": guide.code,
        "version": guide.version,
        "name": guide.name,
        "functional_group": guide.functional_group,
        "source": guide.source or None,
        "overlay": guide.overlay or None,
        "areas": [
            {"area": area, "content": [_use(use, keys) for use in guide.root.children if use.area == area]}
            for area in AREAS
            if any(use.area == area for use in guide.root.children)
        ],
        "segments": segments,
    }


def in_words(condition: Condition, refs: list[str]) -> str:
    """A condition as a sentence.

    Args:
        condition: of a segment or composite.
        refs: its elements' designators; entry 0 is element 01.
    """
    names = [refs[position - 1] for position in condition.positions]
    first, others = names[0], names[1:]
    match condition.kind:
        case ConditionKind.PAIRED:
            return f"If any of {_listed(names, 'or')} is sent, all of them are."
        case ConditionKind.REQUIRED:
            return f"At least one of {_listed(names, 'or')} is sent."
        case ConditionKind.EXCLUSION:
            return f"At most one of {_listed(names, 'or')} is sent."
        case ConditionKind.CONDITIONAL:
            return f"If {first} is sent, so {'is' if len(others) == 1 else 'are'} {_listed(others, 'and')}."
        case ConditionKind.LIST:
            return f"If {first} is sent, so is {_listed(others, 'or')}."


def _listed(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _walk(uses: Iterable[Use], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], SegmentUse]]:
    for use in uses:
        name = label(use)
        if isinstance(use, LoopUse):
            yield (*above, name), use.trigger
            yield from _walk(use.children[1:], (*above, name))
        else:
            yield (*above, name), use


def label(use: Use) -> str:
    """How an overlay names a use: `PO1`, `N1[ST]`."""
    name = use.trigger.id if isinstance(use, LoopUse) else use.id
    return name if use.qualifier is None else f"{name}[{_qualifier(use)}]"


def _qualifier(use: Use) -> str:
    qualifier = use.qualifier
    if qualifier is None:
        return ""
    return "others" if qualifier.others else "|".join(sorted(qualifier.codes))


def _use(use: Use, keys: dict[SegmentGuide, str]) -> View:
    ruling = use.ruling
    not_used = ruling is not None and ruling.not_used
    found: View = {
        "kind": "loop" if isinstance(use, LoopUse) else "segment",
        "id": use.trigger.id if isinstance(use, LoopUse) else use.id,
        "qualifier": _qualifier(use) or None,
        "use": NOT_USED if not_used else MANDATORY if use.required else OPTIONAL,
        "max": use.repeat if isinstance(use, LoopUse) else use.max_use,
        "stated": None if ruling is None else ruling.stated,
        "changes": [] if ruling is None else _changes_of_use(use),
    }
    if isinstance(use, LoopUse):
        return {**found, "loop": use.id, "content": [_use(child, keys) for child in use.children]}
    return {**found, "name": use.segment.name, "segment": keys[use.segment]}


def _changes_of_use(use: Use) -> list[str]:
    ruling = use.ruling
    assert ruling is not None
    limit = use.repeat if isinstance(use, LoopUse) else use.max_use
    said = [
        ("added by the partner", ruling.adds),
        ("not used", ruling.not_used),
        ("mandatory", ruling.requires),
        ("optional", ruling.relaxes),
        (f"at most {limit}" if limit else "without limit", ruling.limits and not ruling.adds),
    ]
    return [words for words, holds in said if holds]


def _segment(segment: SegmentGuide, *, with_codes: bool) -> View:
    standard = segment.standard
    refs = [use.ref for use in segment.elements]
    own = () if standard is None else segment.conditions[len(standard.conditions) :]
    return {
        "id": segment.id,
        "name": segment.name,
        "elements": [
            _element(
                use,
                before=None if standard is None else standard.elements[use.position - 1],
                conditional=any(use.position in condition.positions for condition in segment.conditions),
                stated=segment.stated.get(use.position),
                with_codes=with_codes,
            )
            for use in segment.elements
        ],
        "conditions": [
            {
                "condition": str(condition),
                "words": in_words(condition, refs),
                "stated": segment.stated.get(condition.positions[0]) if condition in own else None,
            }
            for condition in segment.conditions
        ],
    }


def _element(
    use: ElementUse, *, before: ElementUse | None, conditional: bool, stated: str | None, with_codes: bool
) -> View:
    element = use.element
    mark = MANDATORY if use.required else CONDITIONAL if conditional else OPTIONAL
    found: View = {
        "ref": use.ref,
        "use": mark if use.used else NOT_USED,
        "name": element.name,
        "repeat": use.repeat,
        **dict.fromkeys(("composite", "number", "type", "min", "max", "code_count", "codes")),
        "components": [],
        "conditions": [],
        "stated": stated,
        "changes": [] if stated is None or before is None else _changes(use, before),
    }
    if not isinstance(element, ElementGuide):
        inside = None if before is None or isinstance(before.element, ElementGuide) else before.element.components
        components = [
            _element(
                part,
                before=None if inside is None else inside[part.position - 1],
                conditional=any(part.position in condition.positions for condition in element.conditions),
                stated=stated,
                with_codes=with_codes,
            )
            for part in element.components
        ]
        refs = [part.ref for part in element.components]
        words = [in_words(condition, refs) for condition in element.conditions]
        return {**found, "composite": element.id, "components": components, "conditions": words}
    old = element if before is None or not isinstance(before.element, ElementGuide) else before.element
    codes = None if element.codes is None else sorted(element.codes)
    return {
        **found,
        "number": element.number,
        "type": element.type,
        "min": element.min,
        "max": element.max,
        "code_count": None if codes is None else len(codes),
        "codes": codes if with_codes or element.codes != old.codes else None,
    }


def _changes(use: ElementUse, before: ElementUse) -> list[str]:
    changes: list[str] = []
    if not use.used:
        return ["not used"]
    if use.required is not before.required:
        changes.append("mandatory" if use.required else "optional")
    new, old = use.element, before.element
    if isinstance(new, ElementGuide) and isinstance(old, ElementGuide):
        if (new.min, new.max) != (old.min, old.max):
            changes.append(f"length {new.min} to {new.max}, was {old.min} to {old.max}")
        if new.codes != old.codes:
            was = f"of {len(old.codes)}" if old.codes else "where any text was allowed"
            added = (new.codes or frozenset()) - (old.codes or frozenset())
            count = len(new.codes or ())
            more = f"with {', '.join(sorted(added))} added" if added and old.codes else ""
            changes.append(" ".join(filter(None, (f"{count} code{'' if count == 1 else 's'}", was, more))))
    return changes
