"""Our guides as a folder of maps that pyx12 reads, so that it can judge our files by our own tables.

What pyx12 finds by such a map is its own work: the walk through the loops, counts, types, lengths, dates, conditions.
Only the tables are shared. Code lists go to `codes.xml`: a list that stands in the map would also tell loops apart, and
a bad code would then be a segment pyx12 cannot place.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from translators.x12.guide import (
    CompositeGuide,
    ElementGuide,
    ElementUse,
    LoopUse,
    ReleaseGuide,
    SegmentGuide,
    SegmentUse,
    SetGuide,
)

INTERCHANGE_VERSIONS = {"004010": "00401", "005010": "00501"}
"""GS08 -> the ISA12 that pyx12 demands."""

_STEP = 10
_UNLIMITED = ">1"


def write_maps(release: ReleaseGuide, sets: Iterable[str], folder: Path) -> None:
    """Write the maps of some sets of a version.

    Args:
        release: the guides; its version is a key of INTERCHANGE_VERSIONS.
        sets: set codes, no two of one functional group: pyx12 finds a map by the group.
        folder: an empty folder that exists.

    Raises:
        KeyError: there is no guide for one of the sets, or no ISA12 for the version.
    """
    interchange = INTERCHANGE_VERSIONS[release.version]
    index = Element("maps")
    version = SubElement(index, "version", icvn=interchange)
    for code in sets:
        guide = release.find(code)
        if guide is None:
            raise KeyError(code)
        row = SubElement(version, "map", vriic=release.version, fic=guide.functional_group, abbr=code)
        row.text = f"{code}.xml"
        _save(_transaction(release, interchange, guide), folder / row.text)
    _save(_transaction(release, interchange, None), folder / f"x12.control.{interchange}.xml")
    _save(index, folder / "maps.xml")
    _save(_elements(release), folder / "dataele.xml")
    _save(_codes(release), folder / "codes.xml")


def _save(root: Element, path: Path) -> None:
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _elements(release: ReleaseGuide) -> Element:
    root = Element("data_elements")
    for number, guide in release.elements.items():
        row = {"ele_num": number, "data_type": guide.type, "name": guide.name}
        SubElement(root, "data_ele", {**row, "min_len": str(guide.min), "max_len": str(guide.max)})
    return root


def _codes(release: ReleaseGuide) -> Element:
    root = Element("codesets")
    for number, guide in release.elements.items():
        if guide.codes is not None:
            codeset = SubElement(root, "codeset")
            SubElement(codeset, "id").text = number
            SubElement(codeset, "name").text = guide.name
            SubElement(codeset, "data_ele").text = number
            listed = SubElement(codeset, "version")
            for code in sorted(guide.codes):
                SubElement(listed, "code").text = code
    return root


def _transaction(release: ReleaseGuide, interchange: str, guide: SetGuide | None) -> Element:
    """ISA to IEA around the set; around nothing for the control map."""
    root = Element("transaction", xid="X12" if guide is None else guide.code)
    SubElement(root, "name").text = "control segments" if guide is None else guide.name
    outer = _loop(root, "ISA_LOOP", at=1, required=True, repeat=None)
    isa = _segment(outer, release.segments["ISA"], at=1, required=True, limit=1, with_codes=False)
    version = isa.find("element[@xid='ISA12']")
    assert version is not None
    SubElement(SubElement(version, "valid_codes"), "code").text = interchange
    group = _loop(outer, "GS_LOOP", at=2, required=True, repeat=None)
    _segment(group, release.segments["GS"], at=1, required=True, limit=1, with_codes=False)
    if guide is not None:
        _children(_loop(group, "ST_LOOP", at=2, required=True, repeat=None), guide.root)
    _segment(group, release.segments["GE"], at=3, required=True, limit=1)
    _segment(outer, release.segments["TA1"], at=3, required=False, limit=1)
    _segment(outer, release.segments["IEA"], at=4, required=True, limit=1)
    return root


def _children(parent: Element, uses: LoopUse) -> None:
    for at, use in enumerate(uses.children, 1):
        if isinstance(use, SegmentUse):
            _segment(parent, use.segment, at=at, required=use.required, limit=use.max_use)
        else:
            # The name begins with its place: pyx12 counts by path, and takes a bare N1 in it for a segment.
            name = f"{at * _STEP:04d}_{use.id}"
            _children(_loop(parent, name, at=at, required=use.required, repeat=use.repeat), use)


def _loop(parent: Element, name: str, *, at: int, required: bool, repeat: int | None) -> Element:
    loop = SubElement(parent, "loop", xid=name, type="explicit" if name.endswith("_LOOP") else "")
    _use(loop, name, at=at, required=required)
    SubElement(loop, "repeat").text = _UNLIMITED if repeat is None else str(repeat)
    return loop


def _segment(
    parent: Element, guide: SegmentGuide, *, at: int, required: bool, limit: int | None, with_codes: bool = True
) -> Element:
    segment = SubElement(parent, "segment", xid=guide.id)
    _use(segment, guide.name, at=at, required=required)
    SubElement(segment, "max_use").text = _UNLIMITED if limit is None else str(limit)
    for condition in guide.conditions:
        SubElement(segment, "syntax").text = str(condition)
    for use in guide.elements:
        if isinstance(use.element, CompositeGuide):
            _composite(segment, use, use.element)
        else:
            _element(segment, use, use.element, name=use.ref, with_codes=with_codes)
    return segment


def _use(node: Element, name: str, *, at: int, required: bool) -> None:
    SubElement(node, "name").text = name
    SubElement(node, "usage").text = "R" if required else "S"
    SubElement(node, "pos").text = f"{at * _STEP:04d}"


def _composite(segment: Element, use: ElementUse, guide: CompositeGuide) -> None:
    composite = SubElement(segment, "composite", xid=guide.id)
    SubElement(composite, "refdes").text = use.ref
    _place(composite, use, guide)
    SubElement(composite, "repeat").text = str(use.repeat)
    for part in guide.components:
        assert isinstance(part.element, ElementGuide)
        _element(composite, part, part.element, name=f"{use.ref}-{part.position:02d}", with_codes=True)


def _element(parent: Element, use: ElementUse, guide: ElementGuide, *, name: str, with_codes: bool) -> None:
    element = SubElement(parent, "element", xid=name)
    _place(element, use, guide)
    if guide.codes is not None and with_codes:
        SubElement(element, "valid_codes", external=guide.number)


def _place(node: Element, use: ElementUse, guide: CompositeGuide | ElementGuide) -> None:
    SubElement(node, "data_ele").text = guide.id if isinstance(guide, CompositeGuide) else guide.number
    SubElement(node, "name").text = guide.name
    SubElement(node, "usage").text = "R" if use.required else "S"
    SubElement(node, "seq").text = f"{use.position:02d}"
