"""Sample files made from a guide: valid by its every rule, different for every seed, the same for the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from translators.x12.compiler import SegmentPlace, compile_set
from translators.x12.guide import LoopUse, SegmentUse, SetGuide
from translators.x12.model import Delimiters
from translators.x12.synthesis_rules import SampleSegment, settle
from translators.x12.synthesis_segments import SampleSegments
from translators.x12.writer import Element, OutboundGroup, OutboundInterchange, OutboundSet

ENVELOPE_VERSIONS = {"004": "00401", "005": "00501"}
"""First three characters of GS08 -> ISA12 of a sample."""

SENDER, RECEIVER = ("ZZ", "NORTHSIDE"), ("ZZ", "TRADELANE")
DENSITY = 0.3

_HIERARCHY_LOOPS = (4, 8)
_LINES = (2, 4)
_MORE = (1, 2)
_DEPTH_THINS = 0.4


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a sample is from and for: (ISA qualifier, id) and GS02, GS03."""

    sender: tuple[str, str] = SENDER
    receiver: tuple[str, str] = RECEIVER
    group_sender: str = SENDER[1]
    group_receiver: str = RECEIVER[1]


def sample_set(guide: SetGuide, random: Random, *, density: float = DENSITY, repeats: bool = False) -> OutboundSet:
    """A transaction set that is valid by its guide.

    Args:
        guide: what it may hold; with a partner's overlay merged in, that is kept to too.
        random: what decides.
        density: share of the optional segments and elements that stand, 0 to 1.
        repeats: elements that may repeat sometimes do; only where there is a repetition separator.
    """
    made = _SampleSet(guide, random, density=density, repeats=repeats).segments()
    return OutboundSet(guide.code, [segment.elements for segment in made])


def sample_interchange(
    guide: SetGuide,
    *,
    sets: int = 1,
    seed: int = 1,
    density: float = DENSITY,
    delimiters: Delimiters | None = None,
    parties: Parties | None = None,
    version: str = "",
) -> OutboundInterchange:
    """An interchange of one group of valid sets, ready to be written.

    Args:
        guide: of every set.
        sets: how many.
        seed: the same seed makes the same sets.
        density: as in `sample_set`.
        delimiters: those of the version, where not given: with `^` to repeat from 005010.
        parties: whom it is from and for.
        version: GS08, where it is not just the guide's version, as `004010VICS`.
    """
    random = Random(seed)  # noqa: S311 nothing secret
    parties = parties or Parties()
    marks = delimiters or default_delimiters(guide.version)
    repeats = marks.repetition is not None
    group = OutboundGroup(
        functional_id=guide.functional_group,
        sender=parties.group_sender,
        receiver=parties.group_receiver,
        version=version or guide.version,
        sets=[sample_set(guide, random, density=density, repeats=repeats) for _ in range(sets)],
    )
    return OutboundInterchange(
        sender=parties.sender,
        receiver=parties.receiver,
        version=envelope_version(guide.version),
        usage="T",
        delimiters=marks,
        groups=[group],
    )


def envelope_version(version: str) -> str:
    """ISA12 of a sample whose GS08 begins so."""
    return ENVELOPE_VERSIONS.get(version[:3], "00401")


def default_delimiters(version: str) -> Delimiters:
    """The delimiters of a sample of this version (GS08), where none are asked for; a segment a line."""
    repetition = "^" if envelope_version(version) >= "00501" else None
    return Delimiters(repetition=repetition, line_end="\n")


class _SampleSet:
    """Walks the guide from ST to SE; `_here` is where the reader would be after the last segment made."""

    def __init__(self, guide: SetGuide, random: Random, *, density: float, repeats: bool) -> None:
        self._guide = guide
        self._random = random
        self._density = density
        self._compiled = compile_set(guide)
        self._places = {place.use: place for place in self._compiled.places}
        self._here: SegmentPlace = self._compiled.start
        self._elements = SampleSegments(random, repeats=repeats)
        self._made: list[SampleSegment] = []

    def segments(self) -> list[SampleSegment]:
        """What stands between ST and SE."""
        self._children(self._guide.root.children[1:-1], depth=0)
        settle(self._guide, self._made, self._random)
        return self._made

    def _children(self, children: Sequence[SegmentUse | LoopUse], *, depth: int) -> None:
        density = self._density ** (1 + depth * _DEPTH_THINS) if self._density else 0.0
        for use in children:
            if use.ruling is not None and use.ruling.not_used:
                continue
            for again in range(self._times(use, density)):
                if not self._stands(use, density, number=again + 1):
                    break
                if isinstance(use, LoopUse):
                    self._children(use.children[1:], depth=depth + 1)

    def _stands(self, use: SegmentUse | LoopUse, density: float, *, number: int) -> bool:
        """Add a segment, unless the reader would take it for another one than is meant and it can be left out."""
        first = use.trigger if isinstance(use, LoopUse) else use
        elements = self._elements.make(first.segment, density=density, qualifier=use.qualifier)
        place = self._places[first]
        if not (use.required and number == 1) and not self._leads_to(place, elements):
            return False
        self._made.append(SampleSegment(elements, number))
        self._compiled.enter(place)
        self._here = place
        return True

    def _leads_to(self, place: SegmentPlace, elements: list[Element]) -> bool:
        texts = [element if isinstance(element, str) else "" for element in elements]
        step = self._compiled.step(self._here, place.use.id)
        while step is not None and step.qualifier is not None and not step.qualifier.fits(texts):
            step = step.otherwise
        return step is not None and step.target is place and all(absent.counter is not None for absent in step.missing)

    def _times(self, use: SegmentUse | LoopUse, density: float) -> int:
        random = self._random
        limit = (use.repeat if isinstance(use, LoopUse) else use.max_use) or 1_000
        if isinstance(use, LoopUse) and use.required and limit > 1 and self._density:
            return min(limit, random.randint(*(_HIERARCHY_LOOPS if use.trigger.id == "HL" else _LINES)))
        if not use.required and random.random() >= density:
            return 0
        more = random.randint(*_MORE) if random.random() < density else 0
        return min(limit, 1 + more)
