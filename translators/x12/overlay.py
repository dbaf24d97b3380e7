"""A partner's guide: what it makes of a standard set, stated as differences in a YAML file and checked against it.

```yaml
extends: 850@004010
segments:
  CUR: not used
  BEG:
    elements:
      BEG02: {codes: [SA, NE]}
      BEG06: mandatory
  N1[ST]:
    use: mandatory
    repeat: 1
    elements:
      N104: {use: mandatory, min: 13, max: 13}
  N1[ST]/N4: mandatory
  PO1/PID: {max: 5}
  PO1: {conditions: [P0304]}
extra:
  - {segment: NTE, after: PO1/PID, max: 3}
```
The file's keys are described in docs/guides.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from translators.datafile import (
    LoadError,
    LoadFault,
    Mapping,
    Place,
    Scalar,
    Sequence,
    Value,
    did_you_mean,
    read_datafile,
)
from translators.errors import TranslationError, shown
from translators.x12.conditions import Condition, parse_condition
from translators.x12.guide import ElementGuide, ElementUse, GuideLibrary, SegmentGuide, SetGuide
from translators.x12.overlay_merge import ElementRule, Extra, Rule, UseWord, merge
from translators.x12.overlay_paths import NoSuchPlace, Path, find_path, first_segment

TOP_KEYS = ("extends", "segments", "extra")
USE_KEYS = ("use", "max", "repeat", "elements", "conditions")
ELEMENT_KEYS = ("use", "codes", "codes+", "min", "max")
EXTRA_KEYS = ("segment", "after", "use", "max")

_EXTENDS = re.compile(r"([0-9]{3})@([0-9]{6}[0-9A-Z]{0,6})")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_COMPONENT = re.compile(r"([A-Z0-9]{4,5})-([0-9]{2})")
_ANY = "any"


def read_overlay(content: bytes, *, file: str, label: str, guides: GuideLibrary) -> SetGuide:
    """Read an overlay and merge it into the guide that it extends.

    Args:
        content: the YAML file.
        file: its path, for the places of faults.
        label: its short name, for the issues it causes, as `acme/guides/850.in.yaml`.
        guides: where the standard's guide is found.

    Raises:
        LoadError: with every mistake of the file at its line and column.
    """
    top = read_datafile(content, file=file)
    faults: list[LoadFault] = []
    reading = _Reading(top, label=label, guides=guides, faults=faults)
    guide = reading.guide()
    if faults or guide is None:
        raise LoadError(faults)
    return guide


def extended_set(content: bytes, *, file: str) -> tuple[str, str] | None:
    """The (set code, version) that an overlay extends; None where it does not say so as it should.

    Raises:
        LoadError: it is no data file.
    """
    found = read_datafile(content, file=file).get("extends")
    matched = _EXTENDS.fullmatch(found.text) if isinstance(found, Scalar) else None
    return None if matched is None else (matched[1], matched[2])


class _Reading:
    """One overlay while it is read; what is at fault is left out and told."""

    def __init__(self, top: Mapping, *, label: str, guides: GuideLibrary, faults: list[LoadFault]) -> None:
        self._top = top
        self._label = label
        self._guides = guides
        self._faults = faults

    def guide(self) -> SetGuide | None:
        """The merged guide; None where something is at fault."""
        self._check_keys(self._top, TOP_KEYS, of="a guide overlay")
        base = self._base()
        if base is None:
            return None
        segments = self._top.get("segments")
        entries = () if segments is None else self._entries(segments, "segments")
        rules = [rule for key, value in entries if (rule := self._rule(key, value, base)) is not None]
        extras = [extra for item in self._items(self._top, "extra") if (extra := self._extra(item, base)) is not None]
        self._check_qualifiers(rules)
        return None if self._faults else merge(base, rules, extras, label=self._label)

    def _base(self) -> SetGuide | None:
        found = self._top.get("extends")
        place = self._top.place if found is None else found.place
        matched = _EXTENDS.fullmatch(found.text) if isinstance(found, Scalar) else None
        if matched is None:
            self._fault(place, "a guide overlay needs extends: SET@VERSION, as 850@004010")
            return None
        guide = self._guides.find(matched[1], matched[2])
        if guide is None:
            release = self._guides.release(matched[2])
            known = self._guides.versions if release is None else release.codes
            word = matched[2] if release is None else matched[1]
            text = f"there is no guide {matched[0]} to extend{did_you_mean(word, known)}"
            self._fault(place, f"{text} (there are {', '.join(known)})")
        return guide

    def _rule(self, key: Scalar, value: Value, base: SetGuide) -> Rule | None:
        path = self._path(key, base, more_codes=_added_codes(value))
        if path is None:
            return None
        use = path[-1].use
        rule = Rule(path, key.place, self._stated(key.place))
        if isinstance(value, Scalar):
            rule.use = self._use(value, required=use.required)
            return rule
        if not isinstance(value, Mapping):
            self._fault(value.place, f"{key.text} wants mandatory, optional, not used, or keys and values")
            return None
        self._check_keys(value, USE_KEYS, of=shown(key.text))
        rule.use = self._use(value.get("use"), required=use.required)
        limit, again = value.get("max"), value.get("repeat")
        if limit is not None and again is not None:
            self._fault(again.place, "max and repeat say the same; keep one")
        limit = limit or again
        if limit is not None:
            rule.limit, rule.limited = self._limit(limit), True
        segment = first_segment(use)
        elements = value.get("elements")
        for name, item in () if elements is None else self._entries(elements, "elements"):
            self._element(name, item, segment, rule)
        rule.conditions = self._conditions(value, segment)
        return rule

    def _element(self, name: Scalar, value: Value, segment: SegmentGuide, rule: Rule) -> None:
        matched = _COMPONENT.fullmatch(name.text)
        ref, component = (matched[1], int(matched[2])) if matched else (name.text, None)
        use = next((use for use in segment.elements if use.ref == ref), None)
        if use is None:
            hint = did_you_mean(ref, [use.ref for use in segment.elements])
            count = len(segment.elements)
            self._fault(name.place, f'{segment.id} has no element "{shown(ref)}"; it has {count}{hint}')
            return
        part = use
        if component is not None:
            parts = () if isinstance(use.element, ElementGuide) else use.element.components
            if component > len(parts) or not component:
                self._fault(name.place, f"{ref} has {len(parts)} components, and no {component:02d}")
                return
            part = parts[component - 1]
        found = self._element_rule(name, value, part)
        if found is not None:
            rule.elements[(use.position, component)] = found

    def _element_rule(self, name: Scalar, value: Value, use: ElementUse) -> ElementRule | None:
        stated = self._stated(name.place)
        if isinstance(value, Scalar):
            return ElementRule(stated, use=self._use(value, required=use.required))
        if not isinstance(value, Mapping):
            self._fault(value.place, f"{name.text} wants mandatory, optional, not used, or keys and values")
            return None
        self._check_keys(value, ELEMENT_KEYS, of=f"the element {shown(name.text)}")
        rule = ElementRule(stated, use=self._use(value.get("use"), required=use.required))
        element = use.element
        if not isinstance(element, ElementGuide):
            if any(value.get(key) for key in ("codes", "codes+", "min", "max")):
                self._fault(name.place, f"{name.text} is a composite; speak of its components, as {name.text}-01")
            return rule
        more = self._words(value, "codes+")
        if more and element.codes is None:
            self._fault(name.place, f"the standard has no code list for {name.text} to add to; say codes")
        for word in more:
            if not element.min <= len(word.text) <= element.max:
                wanted = f"{element.min} to {element.max} characters"
                self._fault(word.place, f'"{shown(word.text)}" cannot be a code of {name.text}; want {wanted}')
        rule.more_codes = frozenset(word.text for word in more)
        if value.get("codes") is not None:
            codes = self._words(value, "codes")
            for word in codes:
                known = element.codes
                if known is not None and word.text not in known | rule.more_codes:
                    hint = did_you_mean(word.text, known)
                    hint = hint or "; what the standard does not list goes under codes+"
                    text = f'"{shown(word.text)}" is no code of {name.text} ({element.name}){hint}'
                    self._fault(word.place, text)
            if not codes:
                self._fault(name.place, f"{name.text} may have no code at all; say not used, or list some")
            rule.codes = frozenset(word.text for word in codes) | rule.more_codes
        self._lengths(value, element, rule, name)
        return rule

    def _lengths(self, value: Mapping, element: ElementGuide, rule: ElementRule, name: Scalar) -> None:
        for key in ("min", "max"):
            found = value.get(key)
            if found is None:
                continue
            if element.type in ("DT", "TM"):
                self._fault(
                    found.place, f"{name.text} is a {'date' if element.type == 'DT' else 'time'}; its length is set"
                )
                return
            number = self._number(found, key)
            if key == "min":
                rule.min = number
            else:
                rule.max = number
        low, high = rule.min or element.min, rule.max or element.max
        if low > high:
            self._fault(
                name.place,
                f"{name.text} would be {low} to {high} long; its standard length is {element.min} to {element.max}",
            )

    def _conditions(self, value: Mapping, segment: SegmentGuide) -> list[tuple[Condition, str]]:
        found: list[tuple[Condition, str]] = []
        for word in self._words(value, "conditions"):
            try:
                condition = parse_condition(word.text)
            except TranslationError as error:
                self._fault(word.place, str(error))
                continue
            if max(condition.positions) > len(segment.elements):
                count = len(segment.elements)
                self._fault(word.place, f"{word.text} names an element past {segment.id}{count:02d}")
                continue
            found.append((condition, self._stated(word.place)))
        return found

    def _extra(self, item: Value, base: SetGuide) -> Extra | None:
        if not isinstance(item, Mapping):
            self._fault(item.place, "an extra segment wants keys and values: segment, after, use, max")
            return None
        self._check_keys(item, EXTRA_KEYS, of="an extra segment")
        name, after = item.get("segment"), item.get("after")
        if not isinstance(name, Scalar) or not isinstance(after, Scalar):
            self._fault(item.place, "an extra segment needs the keys segment and after")
            return None
        segment = base.directory.get(name.text)
        if segment is None:
            hint = did_you_mean(name.text, base.directory)
            self._fault(name.place, f'{base.version} has no segment "{shown(name.text)}"{hint}')
        path = self._path(after, base)
        if segment is None or path is None:
            return None
        if any(step.codes for step in path):
            self._fault(after.place, "after names a place, not one kind of it; leave out the qualifier")
            return None
        limit = item.get("max")
        use = self._use(item.get("use"), required=False)
        if use is UseWord.NOT_USED:
            self._fault(item.place, "an extra segment that is not used is none; leave it out")
        count = 1 if limit is None else self._limit(limit)
        return Extra(segment, path, use is UseWord.MANDATORY, count, self._stated(item.place))

    def _check_qualifiers(self, rules: Iterable[Rule]) -> None:
        """One code belongs to one of the kinds that are told apart."""
        seen: dict[object, dict[frozenset[str], Place]] = {}
        for rule in rules:
            for at, step in enumerate(rule.path):
                if step.codes is not None:
                    key = (tuple((id(each.use), each.codes) for each in rule.path[:at]), id(step.use))
                    seen.setdefault(key, {}).setdefault(step.codes, rule.place)
        for kinds in seen.values():
            known: set[str] = set()
            for codes, place in kinds.items():
                for code in sorted(codes & known):
                    self._fault(place, f"the qualifier {shown(code)} stands in two different lists; part them")
                known |= codes
        paths: dict[Path, Place] = {}
        for rule in rules:
            if rule.path in paths:
                self._fault(rule.place, f"the same place was spoken of before, at line {paths[rule.path].line}")
            paths.setdefault(rule.path, rule.place)

    def _path(self, key: Scalar, base: SetGuide, *, more_codes: frozenset[str] = frozenset()) -> Path | None:
        try:
            return find_path(key.text, base.root, more_codes=more_codes)
        except NoSuchPlace as error:
            self._fault(key.place, str(error))
            return None

    def _use(self, value: Value | None, *, required: bool) -> UseWord | None:
        if value is None:
            return None
        words = [word.value for word in UseWord]
        if not isinstance(value, Scalar) or value.text not in words:
            text = shown(value.text) if isinstance(value, Scalar) else "no word"
            self._fault(value.place, f'use is "{text}"; want {" or ".join(words)}{did_you_mean(text, words)}')
            return None
        use = UseWord(value.text)
        if use is UseWord.NOT_USED and required:
            text = "the standard makes it mandatory; say optional where the partner leaves it out"
            self._fault(value.place, text)
        return use

    def _limit(self, value: Value) -> int | None:
        return None if isinstance(value, Scalar) and value.text == _ANY else self._number(value, "a limit")

    def _number(self, value: Value, name: str) -> int:
        if isinstance(value, Scalar) and _NUMBER.fullmatch(value.text):
            return int(value.text)
        text = shown(value.text) if isinstance(value, Scalar) else "no number"
        self._fault(value.place, f'{name} is "{text}"; want a whole number from 1')
        return 1

    def _words(self, value: Mapping, key: str) -> list[Scalar]:
        words: list[Scalar] = []
        for item in self._items(value, key):
            if not isinstance(item, Scalar) or not item.text:
                self._fault(item.place, f"{key} wants a list of words")
            else:
                words.append(item)
        return words

    def _items(self, mapping: Mapping, key: str) -> tuple[Value, ...]:
        found = mapping.get(key)
        if found is None:
            return ()
        if not isinstance(found, Sequence):
            self._fault(found.place, f"{key} wants a list")
            return ()
        return found.items

    def _entries(self, value: Value, name: str) -> tuple[tuple[Scalar, Value], ...]:
        if isinstance(value, Mapping):
            return value.entries
        self._fault(value.place, f"{name} wants keys and values")
        return ()

    def _check_keys(self, mapping: Mapping, known: tuple[str, ...], *, of: str) -> None:
        for name, _ in mapping.entries:
            if name.text not in known:
                hint = did_you_mean(name.text, known) or f"; want {', '.join(known)}"
                self._fault(name.place, f'{of} has no key "{shown(name.text)}"{hint}')

    def _stated(self, place: Place) -> str:
        return f"{self._label}:{place.line}"

    def _fault(self, place: Place, message: str) -> None:
        self._faults.append(LoadFault(place, message))


def _added_codes(value: Value) -> frozenset[str]:
    """Every code that a rule adds, to whichever element."""
    elements = value.get("elements") if isinstance(value, Mapping) else None
    found: set[str] = set()
    for _, item in elements.entries if isinstance(elements, Mapping) else ():
        more = item.get("codes+") if isinstance(item, Mapping) else None
        found |= {word.text for word in more.items if isinstance(word, Scalar)} if isinstance(more, Sequence) else set()
    return frozenset(found)
