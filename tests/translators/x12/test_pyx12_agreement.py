"""Our reader and pyx12 over the same tables: every difference belongs to a class that docs/second-opinion.md explains.

The tables are our guides, written as pyx12's maps; the walk, the counts and the checks of values are pyx12's own.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from translators.errors import Severity
from translators.x12._pyx12 import second_opinion
from translators.x12._pyx12_maps import INTERCHANGE_VERSIONS, write_maps
from translators.x12.codes import FAULTS
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupStart, InterchangeStart
from translators.x12.reader import ReadOptions, read_x12

SETS = ("850", "856", "810", "855", "997")
VECTORS = Path(__file__).parents[2] / "vectors" / "x12"
CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
DOCUMENT = Path(__file__).parents[3] / "docs" / "second-opinion.md"
SEED = 20260115


class Found(NamedTuple):
    """One objection, of either side: `code` is that of AK304 or AK403, or of the envelope, after `level`."""

    level: str
    segment: int | None
    id: str | None
    element: int | None
    component: int | None
    code: str


class Case(NamedTuple):
    """A file and what both say of it."""

    segments: list[list[str]]
    component_separator: str
    ours: frozenset[Found]
    theirs: frozenset[Found]
    words: dict[Found, str]
    repeats: bool
    warned: frozenset[int | None]

    @property
    def both(self) -> frozenset[Found]:
        return self.ours & self.theirs

    def begins_again(self, found: Found) -> bool:
        """Whether a segment of the same id as that at the place stood before."""
        ids = [segment[0] for segment in self.segments[: found.segment]]
        return ids[-1] in ids[:-1]

    def raw(self, found: Found) -> str:
        """The undivided element at the place."""
        return self.value(found._replace(component=None))

    def value(self, found: Found) -> str:
        """What stands at the place, "" where nothing does."""
        if found.segment is None or found.segment > len(self.segments):
            return ""
        elements = self.segments[found.segment - 1]
        text = elements[found.element] if found.element is not None and found.element < len(elements) else ""
        if found.component is None:
            return text
        parts = text.split(self.component_separator)
        return parts[found.component - 1] if found.component <= len(parts) else ""


def of_ours(data: bytes) -> tuple[frozenset[Found], bool, frozenset[int | None]]:
    """What we find, whether we accept, and the segments that we warn of because they hold no value."""
    found, accepted, warned = set(), True, set()
    for event in read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=False)):
        if isinstance(event, (InterchangeStart, GroupStart)):
            continue
        for issue in event.issues:
            row, at = FAULTS[issue.code], issue.position
            if issue.severity is not Severity.ERROR:
                warned.update([at.segment] if issue.code == "x12.segment.no_value" else [])
                continue
            accepted = False
            if at.element is not None and row.ak4 is not None:
                found.add(Found("element", at.segment, at.segment_id, at.element, at.component, row.ak4))
            elif row.ak3 is not None:
                found.add(Found("segment", at.segment, at.segment_id, None, None, row.ak3))
            else:
                code = row.ak5 or row.ak9 or row.ta1
                level = "st" if row.ak5 else "gs" if row.ak9 else "isa"
                if code is None:
                    level, code = "rule", issue.code
                found.add(Found(level, None, None, None, None, code))
    return frozenset(found), accepted, frozenset(warned)


def of_pyx12(data: bytes, maps: Path) -> tuple[frozenset[Found], bool, dict[Found, str]]:
    opinion = second_opinion(data, maps=maps)
    words = {}
    for error in opinion.errors:
        if error.place in ("isa", "gs", "st"):
            found = Found(error.place, None, None, None, None, error.code)
        elif error.place == "seg":
            found = Found("rule", error.segment, error.segment_id, None, None, error.code)
        else:
            level = "segment" if error.element is None else "element"
            code = error.code or "raises"
            found = Found(level, error.segment, error.segment_id, error.element, error.component, code)
        words[found] = error.message
    return frozenset(words), opinion.accepted, words


def case_of(data: bytes, maps: Path) -> tuple[Case, bool]:
    """The case, and whether both accept or both refuse."""
    ours, we_accept, warned = of_ours(data)
    theirs, they_accept, words = of_pyx12(data, maps)
    text = data.decode("latin-1")
    separator, component, terminator = text[3], text[104], text[105]
    segments = [piece.strip("\r\n").split(separator) for piece in text.split(terminator)]
    names = [segment[0] for segment in segments]
    body = segments[names.index("ST") :] if "ST" in names else []
    return Case(body, component, ours, theirs, words, "*00501*" in text, warned), we_accept is they_accept


MISPLACED = {"1", "2", "6", "7"}
NOTES = {"2", "10"}
CHARACTERS = re.compile("[^A-Za-z0-9 !\"&'()*+,\\-./:;?=%~@\\[\\]_{}\\\\|<>#$]")


def same_place(found: Found, other: Found) -> bool:
    return found[:5] == other[:5]


def same_segment(found: Found, other: Found) -> bool:
    return found[1:3] == other[1:3]


def only_ours(case: Case, found: Found) -> str | None:
    """The class of something that pyx12 does not say."""
    words, value = [other for other in case.theirs if same_segment(found, other)], case.value(found)
    if stops(case):
        return "pyx12 reads no further"
    if found.level == "rule":
        return "document rules"
    if found.level == "isa" and found.code == "022" and any(other.id == "TA1" for other in case.theirs):
        return "elements of the envelope"
    if found.level == "segment":
        if found.code in MISPLACED and any(other.code == "1" and other.level == "segment" for other in words):
            return "segment out of place"
        if found.code == "3" and any(each.level == "segment" and each.code in MISPLACED for each in case.theirs):
            return "after a segment out of place"
        if found.code == "3" and case.begins_again(found):
            return "loop begun again before its end"
        return None
    if found.level == "element":
        if found.code == "7" and found.id == "LE":
            return "document rules"
        if found.code == "3" and any(other.code == "3" and other.level == "element" for other in words):
            return "place of an element too many"
        if found.code in NOTES and found.component is not None:
            return "notes of a composite"
        if found.code in NOTES and any(other.code == found.code and other.level == "element" for other in words):
            return "place of a note"
        if found.code == "1" and found.component == 1:
            return "first component of an optional composite"
        if found.code == "13" and any(other.code == "raises" for other in words):
            return "pyx12 raises"
        if "^" in case.raw(found) and case.repeats:
            return "repetition separator"
        if any(same_place(found, other) for other in words) and not any(same_place(found, each) for each in case.both):
            return "which fault of a value" if value else None
    return None


def only_theirs(case: Case, found: Found) -> str | None:
    """The class of something that only pyx12 says."""
    ours = [other for other in case.ours if same_segment(found, other)]
    value, words = case.value(found), case.words[found]
    if found.level == "element" and found.id in ("ST", "SE"):
        return "elements of ST and SE"
    if found.segment is None and found.code in ("raises", "023") and stops(case):
        return "pyx12 reads no further"
    if found.id in ("ISB", "ISE"):
        return "service segments"
    if found.segment is None and found.id in ("ISA", "TA1", "GS", "GE"):
        return "elements of the envelope"
    if found.level == "isa" and found.code == "025":
        return "an interchange twice in a file"
    if found.level == "rule":
        return rule_of_theirs(case, found, ours)
    if found.level == "segment":
        if found.code == "1" and any(other.code in MISPLACED and other.level == "segment" for other in ours):
            return "segment out of place"
        if found.code == "raises" and any(other.code == "13" for other in ours):
            return "pyx12 raises"
        return None
    if found.level == "element":
        if found.code == "3" and any(other.code == "3" and other.level == "element" for other in ours):
            return "place of an element too many"
        if found.code == "3" and not any(case.segments[found.segment - 1][found.element :]):
            return "trailing separators"
        if found.code in NOTES and any(other.code == found.code and other.level == "element" for other in ours):
            return "place of a note"
        if "unnecessary trailing spaces" in words:
            return "trailing blanks"
        if "^" in case.raw(found) and case.repeats:
            return "repetition separator"
        if any(same_place(found, other) for other in ours):
            return "which fault of a value"
        if found.code == "6" and CHARACTERS.search(value):
            return "characters of the extended set"
        if found.code == "6" and re.fullmatch(r"-?[0-9]+\.", value):
            return "point at the end of a number"
        if found.code == "8" and value[:4] < "1800":
            return "years before 1800"
    return None


def stops(case: Case) -> bool:
    """Whether pyx12 gave the file up before its end, or had no map for it."""
    return any(found.code == "raises" and found.segment is None for found in case.theirs)


def rule_of_theirs(case: Case, found: Found, ours: list[Found]) -> str | None:
    """The class of what pyx12's reader says before any map is looked at."""
    if found.code == "SEG1":
        return "trailing separators"
    if case.words[found].endswith("is empty"):
        told = found.segment in case.warned or any(other.level in ("segment", "element") for other in ours)
        return "segment without a value" if told else None
    if case.words[found].endswith("leading space"):
        return "leading blanks"
    if found.code == "HL1":
        return "numbers of HL"
    if found.code == "HL2":
        if any(other.code.startswith("x12.hl.") for other in case.ours):
            return "document rules"
        return "numbers of HL" if any(other.code == "HL1" for other in case.theirs) else "parents of HL"
    return None


def classes(case: Case) -> tuple[Counter[str], list[Found]]:
    """How many differences of each class, and those without one."""
    counted: Counter[str] = Counter()
    unexplained = []
    for found in case.ours ^ case.theirs:
        name = only_ours(case, found) if found in case.ours else only_theirs(case, found)
        if name is None:
            unexplained.append(found)
        else:
            counted[name] += 1
    return counted, unexplained


def samples() -> list[str]:
    """Every good file of our own of these sets with plain separators and one set, as its segments joined by `~`."""
    found = []
    for code in SETS:
        for path in sorted((VECTORS / "004010" / code / "pass").glob("*.edi")):
            text = path.read_bytes().decode("latin-1")
            if text[3] == "*" and text[105] == "~" and text.count("ST*") == 1 and "*004010~" in text:
                found.append(re.sub("~[\r\n]*", "~", text))
    return found


def restamped(text: str, version: str) -> str:
    """The same file as one of another version."""
    if version == "004010":
        return text
    head = text[:82] + "^" + text[83:84] + "00501" + text[89:]
    return head.replace("*004010~", "*005010~", 1)


Change = Callable[[random.Random, list[list[str]]], None]


def _pick(chance: random.Random, body: list[list[str]]) -> int:
    """A segment that is neither ST nor SE."""
    return chance.randrange(1, len(body) - 1)


def _at(chance: random.Random, body: list[list[str]], *, filled: bool) -> tuple[list[str], int]:
    """A place in a segment; one that holds a value, if it has one."""
    segment = body[_pick(chance, body)]
    places = [number for number in range(1, len(segment)) if bool(segment[number]) is filled]
    return segment, chance.choice(places or [1])


def drop_segment(chance: random.Random, body: list[list[str]]) -> None:
    del body[_pick(chance, body)]


def repeat_segment(chance: random.Random, body: list[list[str]]) -> None:
    at = _pick(chance, body)
    body[at:at] = [list(body[at]) for _ in range(chance.choice((1, 1, 2, 5, 30, 205)))]


def swap_segments(chance: random.Random, body: list[list[str]]) -> None:
    at = _pick(chance, body)
    if at + 1 < len(body) - 1:
        body[at], body[at + 1] = body[at + 1], body[at]


def move_segment(chance: random.Random, body: list[list[str]]) -> None:
    segment = body.pop(_pick(chance, body))
    body.insert(chance.randrange(1, len(body)), segment)


def add_segment(chance: random.Random, body: list[list[str]]) -> None:
    new = chance.choice(
        ("ZZZ*1", "BIG*20260115*1", "N1*ST*NORTH", "REF*PO*17", "HL*9**S", "AK1*PO*7", "ITD", "DTM*011*20260115")
    )
    body.insert(chance.randrange(1, len(body)), new.split("*"))


def empty_element(chance: random.Random, body: list[list[str]]) -> None:
    segment, at = _at(chance, body, filled=True)
    segment[at:] = ["", *segment[at + 1 :]] if at + 1 < len(segment) else []


def cut_segment(chance: random.Random, body: list[list[str]]) -> None:
    segment, at = _at(chance, body, filled=True)
    del segment[max(at, 2) :]


def add_element(chance: random.Random, body: list[list[str]]) -> None:
    segment = body[_pick(chance, body)]
    segment.extend([""] * chance.choice((0, 1, 5, 30)) + ["17"])


def fill_element(chance: random.Random, body: list[list[str]]) -> None:
    segment, at = _at(chance, body, filled=False)
    segment[at : at + 1] = [chance.choice(("X1", "7", "EA", "20260115", "NORTH"))]


def change_value(chance: random.Random, body: list[list[str]]) -> None:
    segment, at = _at(chance, body, filled=True)
    value = segment[at]
    segment[at] = chance.choice((
        value * 40, value + "0", value[:1], value[:-1] or "Q", "??", "A.B", "-" + value, value + ".", "1.5", "0", ".",
        "-", "20260230", "17991231", "0230", "2460", "12", "123", value + " ", " " + value, " ", value + "\x07",
        value + "\xe9", value + "^", value.lower(), value + ">A", value + ">A>B>C>D>E>F>G", ">" + value, "0" + value,
    ))  # fmt: skip


def break_trailer(chance: random.Random, body: list[list[str]]) -> None:
    body[-1][chance.choice((1, 2))] = chance.choice(("999", "7777", ""))


CHANGES: tuple[tuple[Change, int], ...] = (
    (drop_segment, 3), (repeat_segment, 3), (swap_segments, 2), (move_segment, 3), (add_segment, 3), (empty_element, 3),
    (cut_segment, 2), (add_element, 2), (fill_element, 3), (change_value, 12), (break_trailer, 1),
)  # fmt: skip


def mutant(number: int, texts: list[str]) -> bytes:
    """File `number` of the seed: one change to one sample in one version; the count in SE01 stays true."""
    chance = random.Random(SEED + number)
    version = chance.choice(tuple(INTERCHANGE_VERSIONS))
    segments = [piece.split("*") for piece in restamped(chance.choice(texts), version).rstrip("~").split("~")]
    body = segments[2:-2]
    (change,) = chance.choices([each for each, _ in CHANGES], [weight for _, weight in CHANGES])
    change(chance, body)
    if change is not break_trailer:
        body[-1][1] = str(len(body))
    return "".join("*".join(segment) + "~" for segment in [*segments[:2], *body, *segments[-2:]]).encode("latin-1")


@pytest.fixture(scope="module")
def maps(tmp_path_factory) -> dict[str, Path]:
    """Our guides as map folders, by version."""
    folders = {}
    for version in INTERCHANGE_VERSIONS:
        release = GuideLibrary.shipped().release(version)
        folders[version] = tmp_path_factory.mktemp(version)
        write_maps(release, SETS, folders[version])
    return folders


def explained() -> set[str]:
    """The classes in the table of docs/second-opinion.md."""
    return set(re.findall(r"(?m)^\| ([^|]+?) \| (?:pyx12|ours|both) \|", DOCUMENT.read_text("utf-8")))


def compare(files: Iterator[tuple[str, bytes]], maps: dict[str, Path]) -> tuple[Counter[str], list[str]]:
    counted: Counter[str] = Counter()
    unexplained = []
    for name, data in files:
        version = "005010" if data[84:89] == b"00501" else "004010"
        case, same_verdict = case_of(data, maps[version])
        found, left = classes(case)
        counted += found
        unexplained += [f"{name}: {each} {case.words.get(each, 'only ours')}" for each in left]
        if not same_verdict and not found:
            unexplained.append(f"{name}: the verdicts differ without a difference")
    return counted, unexplained


def mutants(numbers: range) -> Iterator[tuple[str, bytes]]:
    texts = samples()
    return ((f"mutant {number}", mutant(number, texts)) for number in numbers)


def readable_by_pyx12(data: bytes) -> bytes | None:
    """The file with the ISA12 and GS08 that pyx12 demands, or None where it has no guide or no regular ISA."""
    text = data.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip("\r\n")
    if not text.startswith("ISA") or len(text) < 106 or text[83] != text[3] or text[103] != text[3]:
        return None
    mark = re.escape(text[3])
    release = re.search(f"GS{mark}(?:[^{mark}]*{mark}){{7}}((00[45]010)[0-9A-Z]*)", text)
    if release is None:
        return None
    version = release[2]
    head = text[:82] + ("U" if version == "004010" else text[82]) + text[83] + INTERCHANGE_VERSIONS[version]
    return (head + text[89:].replace(release[1], version)).encode("latin-1")


def of_folder(folder: Path, codes: set[str]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(each for code in codes for each in (folder / code).rglob("*") if each.is_file()):
        data = readable_by_pyx12(path.read_bytes()) if path.suffix != ".issues" else None
        if data is not None:
            yield path.name, data


def test_both_say_the_same_of_our_own_samples_or_it_is_explained(maps) -> None:
    files = list(of_folder(VECTORS / "004010", set(SETS)))
    counted, unexplained = compare(iter(files), maps)
    assert len(files) > 40
    assert unexplained == []
    assert set(counted) <= explained()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public sample files are not beside the repository")
def test_both_say_the_same_of_public_samples_or_it_is_explained(maps) -> None:
    files = list(of_folder(CORPUS / "x12", set(SETS)))
    counted, unexplained = compare(iter(files), maps)
    assert len(files) > 50
    assert unexplained == []
    assert set(counted) <= explained()


def test_both_say_the_same_of_mutants_or_it_is_explained(maps) -> None:
    counted, unexplained = compare(mutants(range(100)), maps)
    assert unexplained == []
    assert set(counted) <= explained()


@pytest.mark.interop
def test_both_say_the_same_of_two_thousand_mutants_or_it_is_explained(maps) -> None:
    counted, unexplained = compare(mutants(range(2000)), maps)
    assert unexplained == []
    assert set(counted) <= explained()


def test_a_mutant_differs_from_its_sample_and_is_the_same_every_time() -> None:
    texts = samples()
    assert [mutant(number, texts) for number in range(20)] == [mutant(number, texts) for number in range(20)]
    assert len({mutant(number, texts) for number in range(20)}) > 15


def test_a_difference_of_no_class_is_noticed(maps) -> None:
    data = mutant(0, samples())
    case, _ = case_of(data, maps["005010" if data[84:89] == b"00501" else "004010"])
    stranger = Found("element", 2, case.segments[1][0], 1, None, "5")
    assert stranger not in case.ours | case.theirs
    assert stranger in classes(case._replace(ours=case.ours | {stranger}))[1]
