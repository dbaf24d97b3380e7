"""Where a partner's overlay speaks of: `N1[ST]/N4` read, and found in the standard's guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from translators.datafile import did_you_mean
from translators.errors import shown
from translators.x12.guide import ElementGuide, LoopUse, SegmentGuide, SegmentUse

Use = SegmentUse | LoopUse
Codes = frozenset[str]

_STEP = re.compile(r"([A-Z][A-Z0-9]{1,2}|[0-9]{4})(?:#([1-9][0-9]?))?(?:\[([^\[\]/]+)\])?")
_ENVELOPE = ("ST", "SE")


@dataclass(frozen=True, slots=True)
class PathStep:
    """One use on the way, and the qualifiers that tell which of it (None for all)."""

    use: Use
    codes: Codes | None = None


Path = tuple[PathStep, ...]


class NoSuchPlace(Exception):
    """A path leads nowhere; the message says where it stops."""


def find_path(text: str, root: LoopUse, *, more_codes: Codes = frozenset()) -> Path:
    """The uses that a path names, from the set down.

    A step is a segment id; the first segment of a loop stands for the loop, and so does the loop's own id. `#2` takes
    the second of several uses in the same loop, `[ST]` or `[ST|BT]` those with such a qualifier, which is the first
    coded element of the segment.

    Args:
        text: as `PO1/PID` or `N1[ST]/N4`.
        root: of the standard's guide.
        more_codes: qualifiers that are good though the standard does not list them.

    Raises:
        NoSuchPlace: with what is wrong.
    """
    path: list[PathStep] = []
    loop = root
    steps = text.split("/")
    for at, step in enumerate(steps):
        matched = _STEP.fullmatch(step)
        if matched is None:
            raise NoSuchPlace(f'"{shown(step)}" is no step of a path; want a segment id, as PO1, N1[ST] or REF#2')
        use = _choose(matched[1], matched[2], loop, root)
        codes = None if matched[3] is None else _qualifiers(matched[3], first_segment(use), more_codes)
        path.append(PathStep(use, codes))
        if at == len(steps) - 1:
            break
        if not isinstance(use, LoopUse):
            raise NoSuchPlace(f"{step} is a segment, not a loop; nothing stands below it")
        loop = use
    return tuple(path)


def first_segment(use: Use) -> SegmentGuide:
    """The segment of a use: a loop's first."""
    return use.trigger.segment if isinstance(use, LoopUse) else use.segment


def qualifier_position(segment: SegmentGuide) -> int | None:
    """The element that tells uses of a segment apart: its first with a code list; None where it has none."""
    for use in segment.elements:
        if isinstance(use.element, ElementGuide) and use.element.codes:
            return use.position
    return None


def _choose(name: str, ordinal: str | None, loop: LoopUse, root: LoopUse) -> Use:
    inside = [child for child in loop.children[0 if loop is root else 1 :] if _name(child) not in _ENVELOPE]
    found = [child for child in inside if _name(child) == name or child.id == name]
    if not found:
        elsewhere = [path for path, use in _paths(root) if _name(use) == name]
        hint = f"; it stands in {' and '.join(elsewhere[:4])}" if elsewhere else ""
        hint = hint or did_you_mean(name, [_name(child) for child in inside])
        where = f"the loop {_name(loop)}" if loop is not root else "the set, outside its loops"
        raise NoSuchPlace(f"there is no {name} in {where}{hint}")
    if ordinal is None and len(found) > 1:
        choices = " or ".join(f"{name}#{number}" for number in range(1, len(found) + 1))
        raise NoSuchPlace(f"{name} stands at {len(found)} places here; say {choices}")
    number = int(ordinal or 1)
    if number > len(found):
        raise NoSuchPlace(f"{name} stands at {len(found)} place{'s' if len(found) > 1 else ''} here, not {number}")
    return found[number - 1]


def _qualifiers(text: str, segment: SegmentGuide, more_codes: Codes) -> Codes:
    position = qualifier_position(segment)
    if position is None:
        raise NoSuchPlace(f"{segment.id} has no coded element that could tell its uses apart")
    element = segment.elements[position - 1].element
    assert isinstance(element, ElementGuide)
    known = (element.codes or frozenset()) | more_codes
    codes = text.split("|")
    for code in codes:
        if code not in known:
            ref = segment.elements[position - 1].ref
            raise NoSuchPlace(f'"{shown(code)}" is no code of {ref} ({element.name}){did_you_mean(code, known)}')
    return frozenset(codes)


def _name(use: Use) -> str:
    return use.trigger.id if isinstance(use, LoopUse) else use.id


def _paths(loop: LoopUse, before: Sequence[str] = ()) -> Iterator[tuple[str, Use]]:
    for child in loop.children[1 if before else 0 :]:
        yield "/".join((*before, _name(child))), child
        if isinstance(child, LoopUse):
            yield from _paths(child, (*before, _name(child)))
