"""Guides as data: what is shipped, what any other version needs, and what broken data says."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest

from translators.x12.compiler import compile_set
from translators.x12.guide import GuideError, GuideLibrary, LoopUse, SegmentUse
from translators.x12.guides.build import SHIPPED, main
from translators.x12.quick_checks import checks_of

FACTS = Path(os.environ.get("TRADELANE_FACTS", Path(__file__).parents[4] / "shared" / "facts")) / "x12"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="the tables of facts are not beside the repository")

ELEMENTS = {
    "1": {"name": "Code", "type": "ID", "min": 1, "max": 2, "codes": "A B"},
    "2": {"name": "Text", "type": "AN", "min": 1, "max": 9},
    "143": {"name": "Set", "type": "ID", "min": 3, "max": 3},
}
SEGMENTS = {
    "ST": {"name": "Header", "elements": [["143", "M"], ["2", "M"]]},
    "SE": {"name": "Trailer", "elements": [["2", "M"], ["2", "M"]]},
    "AA": {"name": "First", "elements": [["1", "M"], ["C01", "O", 3], ["2", "X"]], "conditions": ["C0203"]},
    "C01": {"name": "Pair", "composite": True, "elements": [["1", "M"], ["2", "O"]]},
}
SET = {
    "set": "100",
    "name": "Test",
    "functional_group": "TT",
    "heading": [["ST", "M", 1], ["AA", "M", None]],
    "summary": [["SE", "M", 1]],
}


def written(folder: Path, *, elements=ELEMENTS, segments=SEGMENTS, row=SET, version="009990") -> GuideLibrary:
    target = folder / version
    (target / "sets").mkdir(parents=True)
    for name, content in (("elements", elements), ("segments", segments), ("sets/100", row)):
        (target / f"{name}.json").write_text(json.dumps(content))
    return GuideLibrary([folder])


@pytest.mark.parametrize(("version", "code"), [(version, code) for version in SHIPPED for code in SHIPPED[version]])
def test_a_shipped_set_begins_with_st_ends_with_se_and_compiles(version, code) -> None:
    guide = GuideLibrary.shipped().find(code, version)
    assert guide is not None
    assert (guide.code, guide.version) == (code, version)
    uses = [use for use in guide.root.walk() if isinstance(use, SegmentUse)]
    assert (uses[0].id, uses[-1].id) == ("ST", "SE")
    assert compile_set(guide).ids == {use.id for use in uses}


def test_facts_of_the_850_that_everybody_knows() -> None:
    guide = GuideLibrary.shipped().find("850", "004010")
    assert guide is not None
    assert guide.functional_group == "PO"
    lines = next(use for use in guide.root.children if isinstance(use, LoopUse) and use.id == "PO1")
    assert (lines.required, lines.repeat, lines.trigger.id) == (True, 100000, "PO1")
    po1 = guide.directory["PO1"]
    assert [use.ref for use in po1.elements[:4]] == ["PO101", "PO102", "PO103", "PO104"]
    quantity = po1.elements[1].element
    assert (quantity.number, quantity.type, quantity.min, quantity.max) == ("330", "R", 1, 15)
    assert [str(condition) for condition in po1.conditions[:3]] == ["C0302", "C0504", "P0607"]


@pytest.mark.parametrize("version", ["004010", "004010VICS", "004010UCS", "004010X357"])
def test_a_suffix_finds_its_releases_guide(version) -> None:
    guide = GuideLibrary.shipped().find("850", version)
    assert guide is not None
    assert guide.version == "004010"


@pytest.mark.parametrize("version", ["", "4010", "00401", "007030", "../004010", "VICS"])
def test_a_version_without_a_guide_is_none(version) -> None:
    assert GuideLibrary.shipped().find("850", version) is None


@pytest.mark.parametrize("code", ["", "999", "../850", "850/../850", "x" * 5000, "\x00"])
def test_a_set_without_a_guide_is_none(code) -> None:
    assert GuideLibrary.shipped().find(code, "004010") is None


def test_a_folder_named_like_the_whole_version_is_preferred(tmp_path) -> None:
    written(tmp_path)
    library = written(tmp_path, row={**SET, "name": "Industry"}, version="009990ABC")
    assert library.versions == ("009990", "009990ABC")
    names = [library.find("100", version).name for version in ("009990", "009990ABC", "009990XYZ")]
    assert names == ["Test", "Industry", "Test"]


def test_a_later_folder_replaces_a_version(tmp_path) -> None:
    written(tmp_path / "ours")
    written(tmp_path / "theirs", row={**SET, "name": "Theirs"})
    found = GuideLibrary([tmp_path / "ours", tmp_path / "theirs"]).find("100", "009990")
    assert found is not None
    assert found.name == "Theirs"


def test_repeats_and_composites_are_read(tmp_path) -> None:
    guide = written(tmp_path).find("100", "009990")
    assert guide is not None
    use = guide.directory["AA"].elements[1]
    assert (use.repeat, use.required, use.element.id) == (3, False, "C01")
    assert [part.ref for part in use.element.components] == ["C0101", "C0102"]


def broken_segments(**changes):
    return {**SEGMENTS, "AA": {**SEGMENTS["AA"], **changes}}


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("elements", {**ELEMENTS, "1": {**ELEMENTS["1"], "type": "XX"}}, "element 1"),
        ("elements", {**ELEMENTS, "1": {**ELEMENTS["1"], "min": 3}}, "element 1"),
        ("elements", {**ELEMENTS, "1": {**ELEMENTS["1"], "codes": "A BBB"}}, "element 1"),
        ("elements", {"1": {"name": "no more"}}, "element 1"),
        ("segments", broken_segments(elements=[["77", "M"]]), "77"),
        ("segments", broken_segments(elements=[["1", "Q"]]), "'Q'"),
        ("segments", broken_segments(conditions=["Z0102"]), "Z0102"),
        ("segments", broken_segments(conditions=["P0109"]), "AA"),
        ("row", {**SET, "heading": [["ST", "M", 1], ["ZZ", "M", 1]]}, "ZZ"),
        ("row", {**SET, "summary": []}, "ends with SE"),
        ("row", {key: value for key, value in SET.items() if key != "functional_group"}, "functional_group"),
        (
            "row",
            {**SET, "heading": [["ST", "M", 1], {"loop": "L", "use": "O", "repeat": 1, "content": [["AA", "O", 1]]}]},
            "loop L",
        ),
    ],
)
def test_broken_data_is_a_guide_error_that_names_the_file_and_the_entry(tmp_path, part, content, said) -> None:
    library = written(tmp_path, **{part: content})
    with pytest.raises(GuideError) as caught:
        library.find("100", "009990")
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_file_that_is_no_json_object_is_a_guide_error(tmp_path, content) -> None:
    library = written(tmp_path)
    (tmp_path / "009990" / "elements.json").write_bytes(content)
    with pytest.raises(GuideError, match=r"elements\.json"):
        library.find("100", "009990")


@pytest.mark.parametrize(("count", "codes"), [(1, []), (3, []), (4, ["x12.segment.too_many"])])
def test_a_segment_that_has_two_places_takes_the_second_when_the_first_is_full(x12, tmp_path, count, codes) -> None:
    row = {**SET, "heading": [["ST", "M", 1], ["AA", "M", 1], ["AA", "O", 2]]}
    library = written(tmp_path, row=row)
    order = x12.set(*["AA*A"] * count, st="ST*100*0001")
    data = x12.file(x12.group(order, gs="GS*TT*ACME*TRADELANE*20260115*1200*1*X*009990"))
    assert x12.read(data, guides=library).codes == codes


def test_the_data_are_package_data() -> None:
    folder = files("translators.x12.guides") / "004010"
    assert (folder / "segments.json").is_file()
    assert (folder / "sets" / "850.json").is_file()


@needs_facts
def test_the_shipped_data_are_what_the_build_makes_of_the_facts(tmp_path) -> None:
    shipped = files("translators.x12.guides")
    main([str(FACTS), "--target", str(tmp_path)])
    for version in SHIPPED:
        for path in sorted((tmp_path / version).rglob("*.json")):
            name = path.relative_to(tmp_path)
            assert (shipped / str(name)).read_bytes() == path.read_bytes(), name


def test_the_build_asks_for_its_facts() -> None:
    with pytest.raises(SystemExit):
        main([])


FUNCTIONAL_GROUPS = (
    "204 SM 210 IM 211 BL 214 QM 753 RF 754 RG 810 IN 812 CD 816 OR 820 RA 824 AG 830 PS 832 SC 846 IB 850 PO 852 PD "
    "855 PR 856 SH 860 PC 861 RC 862 SS 864 TX 865 CA 867 PT 869 RS 870 RS 940 OW 943 AR 944 RE 945 SW 947 AW 990 GF "
    "997 FA"
)


@pytest.mark.parametrize("version", SHIPPED)
def test_every_set_of_the_design_is_shipped_in_its_functional_group(version) -> None:
    words = FUNCTIONAL_GROUPS.split()
    wanted = dict(zip(words[::2], words[1::2], strict=True)) | ({"999": "FA"} if version == "005010" else {})
    release = GuideLibrary.shipped().release(version)
    assert release is not None
    found = {code: release.find(code).functional_group for code in release.codes}
    assert found == wanted


def test_a_table_taken_from_another_version_says_so() -> None:
    library = GuideLibrary.shipped()
    taken = {(v, code): library.find(code, v).source for v in SHIPPED for code in SHIPPED[v]}
    assert {key: source for key, source in taken.items() if source} == {
        ("004010", "753"): "004030",
        ("004010", "754"): "004030",
    }


DIFFERENCES = {"005010 element 618": "the facts miss I5, which the 999 of 005010X231A1 has"}
"""Where the shipped guides differ from the facts on purpose: what -> why."""


def told(use: SegmentUse | LoopUse) -> object:
    """A use as the facts write it."""
    if isinstance(use, SegmentUse):
        return (use.id, use.required, use.max_use)
    return (use.id, use.required, use.repeat, [told(child) for child in use.children])


def stated(row) -> object:
    def limit(value) -> int | None:
        return None if value == ">1" else value

    if "segment" in row:
        return (row["segment"], row["req"] == "M", limit(row["max"]))
    return (row["loop"], row["req"] == "M", limit(row["repeat"]), [stated(child) for child in row["children"]])


@needs_facts
@pytest.mark.parametrize("version", SHIPPED)
def test_what_the_library_says_agrees_with_the_facts(version) -> None:
    release = GuideLibrary.shipped().release(version)
    assert release is not None
    facts = {name: json.loads((FACTS / version / f"{name}.json").read_text()) for name in ("elements", "segments")}
    different = set()
    assert set(release.elements) == set(facts["elements"])
    for number, row in facts["elements"].items():
        found = release.elements[number]
        codes = None if row["codes"] is None else frozenset(row["codes"])
        here = (found.name, found.type, found.min, found.max, found.codes)
        if here != (row["name"], row["type"], row["min"], row["max"], codes):
            different.add(f"{version} element {number}")
    composites = {name for name, row in facts["segments"].items() if row.get("kind") == "composite"}
    assert set(release.segments) == set(facts["segments"]) - composites
    for name, segment in release.segments.items():
        row = facts["segments"][name]
        uses = [(use["element"], use["req"] == "M", use.get("repeat", 1)) for use in row["elements"]]
        found = [(getattr(u.element, "number", None) or u.element.id, u.required, u.repeat) for u in segment.elements]
        if found != uses or [str(each) for each in segment.conditions] != row["syntax"]:
            different.add(f"{version} segment {name}")
    paths = {path.stem: path for path in (FACTS / version / "sets").glob("*.json")}
    assert set(release.codes) == set(paths)
    for code, path in paths.items():
        row = json.loads(path.read_text())
        content = [stated(child) for area in row["areas"] for child in area["content"]]
        if [told(child) for child in release.find(code).root.children] != content:
            different.add(f"{version} set {code}")
    assert different == {what for what in DIFFERENCES if what.startswith(version)}


@pytest.mark.parametrize("version", SHIPPED)
def test_every_place_of_every_set_compiles(version) -> None:
    release = GuideLibrary.shipped().release(version)
    assert release is not None
    for code in release.codes:
        guide = release.find(code)
        assert guide is not None
        compiled = compile_set(guide)
        for place in compiled.places:
            compiled.enter(place)
            assert place.use.id == "SE" or "SE" in place.row
    for segment in release.segments.values():
        checks = checks_of(segment)
        for last in range(1, len(segment.elements) + 1):
            compile(checks.source(last), segment.id, "exec")


def test_repeated_composites_of_005010_are_read_one_by_one(x12) -> None:
    # CTX01 is C998, ten times: a name, and a value that may be left out.
    def read(ctx):
        body = ["AK1*PO*1*005010", "AK2*850*0001*005010", "IK3*N3*12**8", ctx, "IK5*R*5", "AK9*R*1*1*0"]
        row = x12.set(*body, st="ST*999*0001*005010", se="SE*8*0001")
        group = x12.group(row, gs="GS*FA*ACME*TRADELANE*20260115*1200*1*X*005010")
        data = x12.file(group, isa=x12.isa(isa11="^", isa12="00501"))
        return data, x12.read(data).issues

    assert read("CTX*CLM01>1^CLM02>2")[1] == []
    data, (issue,) = read("CTX*CLM01>1^>2^CLM03>3")
    assert issue.code == "x12.element.missing"
    assert (issue.position.element, issue.position.component, issue.position.repetition) == (1, 1, 2)
    assert data[issue.position.offset :].startswith(b">2^")
    _, (issue,) = read("CTX*" + "^".join(["CLM01>1"] * 11))
    assert issue.code == "x12.element.too_many_repetitions"
    assert issue.position.repetition == 11
