"""The formats maps read and make: READS and MAKES, one row for each word a map's header may begin a side with."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path

from mappings.document_target import DocumentTarget
from mappings.field_source import FieldSource
from mappings.file_targets import JSONTarget, RecordTarget, XMLTarget
from mappings.node_source import JSONSource, XMLSource
from mappings.program import Program
from mappings.record_source import RecordSource
from mappings.source import Source
from mappings.spec import CANONICAL_SIDE, MapSpec, Side
from mappings.target import Target
from mappings.x12_source import X12SetSource
from mappings.x12_target import X12SetTarget
from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL
from translators.datafile import LoadError, LoadFault, Mapping, Place, Scalar, did_you_mean
from translators.delimited.layout import Layout
from translators.delimited.layout_file import read_layout
from translators.x12.guide import GuideLibrary, SetGuide

LAYOUT_FILE = ".layout.yaml"
"""How the files of layouts end."""


class SideFault(Exception):
    """A side that cannot be read or made: `at` is the offset in the side's text, or the place itself."""

    def __init__(self, at: int | Place, message: str) -> None:
        self.at = at
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What formats may need to know a side: the guides of X12, and the map's own further keys."""

    guides: GuideLibrary
    spec: MapSpec

    def option(self, name: str, words: tuple[str, ...]) -> str | None:
        """The word an option of the map says, one of `words`; None where it says nothing.

        Raises:
            SideFault: it says something else.
        """
        if name not in self.spec.options:
            return None
        value = self.spec.options[name][1]
        if not isinstance(value, Scalar) or value.text not in words:
            raise SideFault(value.place, f"{name} wants one of {', '.join(words)}")
        return value.text

    def text(self, name: str) -> str:
        """The text an option of the map says; "" where it says nothing.

        Raises:
            SideFault: it is something else.
        """
        if name not in self.spec.options:
            return ""
        value = self.spec.options[name][1]
        if not isinstance(value, Scalar):
            raise SideFault(value.place, f"{name} wants one text")
        return value.text

    def words(self, name: str) -> dict[str, str]:
        """The words an option of the map gives by name; none where it is not there.

        Raises:
            SideFault: it is something else.
        """
        if name not in self.spec.options:
            return {}
        value = self.spec.options[name][1]
        if not isinstance(value, Mapping) or not all(isinstance(word, Scalar) for _, word in value.entries):
            raise SideFault(value.place, f"{name} wants a word for each name")
        return {key.text: word.text for key, word in value.entries if isinstance(word, Scalar)}

    def layout(self, side: Side) -> Layout:
        """The layout a side names: the file `NAME.layout.yaml` beside the map whose header names it.

        Raises:
            SideFault: there is none, or it has mistakes.
        """
        assert self.spec.header is not None
        path = Path(self.spec.header.origin.path).parent / f"{side.name}{LAYOUT_FILE}"
        at = len(side.word) + 1
        try:
            return read_layout(path.read_bytes(), name=side.name, file=str(path))
        except FileNotFoundError as error:
            raise SideFault(at, f"there is no layout {path.name} beside the map") from error
        except LoadError as error:
            raise SideFault(error.faults[0].place, "; ".join(fault.message for fault in error.faults)) from error


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """A format that is read: the options a map of it may have, and what makes its Source.

    `make` raises SideFault where the side names nothing it knows.
    """

    options: tuple[str, ...]
    make: Callable[[Side, Program, Surroundings], Source]


@dataclass(frozen=True, slots=True)
class TargetFormat:
    """A format that is made: as SourceFormat, with what makes its Target."""

    options: tuple[str, ...]
    make: Callable[[Side, Surroundings], Target]


def _x12_source(side: Side, program: Program, around: Surroundings) -> Source:
    infer = around.option("hl02", ("infer",)) is not None
    return X12SetSource(program, _guide(side, around.guides), infer=infer)


def _document_source(side: Side, program: Program, around: Surroundings) -> Source:
    answers = around.spec.answers
    origin = None
    if answers is not None:
        origin = CANONICAL.get(answers.text)
        if origin is None:
            hint = did_you_mean(answers.text, CANONICAL)
            raise SideFault(answers.place, f'no canonical document "{answers.text}"{hint}')
    return FieldSource(program, _model(side), origin)


def _x12_target(side: Side, around: Surroundings) -> Target:
    return X12SetTarget(_guide(side, around.guides))


def _document_target(side: Side, around: Surroundings) -> Target:
    del around  # the models are always the same
    return DocumentTarget(_model(side))


def _model(side: Side) -> type[Document]:
    model = CANONICAL.get(side.name)
    if model is None:
        raise SideFault(0, f'no canonical document "{side.name}"{did_you_mean(side.name, CANONICAL)}')
    return model


def _guide(side: Side, guides: GuideLibrary) -> SetGuide:
    if not side.version:
        raise SideFault(0, f"want the version too, as x12/{side.name}@004010")
    guide = guides.find(side.name, side.version)
    if guide is None:
        at = len(side.word) + 1
        raise SideFault(at, f"there is no guide for set {side.name} in version {side.version}")
    return guide


def _xml_source(side: Side, program: Program, around: Surroundings) -> Source:
    return XMLSource(program, side.name, around.words("namespaces"))


def _json_source(side: Side, program: Program, around: Surroundings) -> Source:
    del side, around  # the name is for people
    return JSONSource(program)


def _record_source(side: Side, program: Program, around: Surroundings) -> Source:
    return RecordSource(program, around.layout(side))


def _xml_target(side: Side, around: Surroundings) -> Target:
    doctype = around.text("doctype")
    return XMLTarget(side.name, around.words("namespaces"), doctype)


def _json_target(side: Side, around: Surroundings) -> Target:
    del side, around  # the name is for people
    return JSONTarget()


def _record_target(side: Side, around: Surroundings) -> Target:
    return RecordTarget(around.layout(side))


READS: Table[str, SourceFormat] = {
    "x12": SourceFormat(("hl02",), _x12_source),
    "xml": SourceFormat(("namespaces",), _xml_source),
    "json": SourceFormat((), _json_source),
    "csv": SourceFormat((), _record_source),
    CANONICAL_SIDE: SourceFormat(("like", "origin"), _document_source),
}
"""Word of a side -> how it is read."""
MAKES: Table[str, TargetFormat] = {
    CANONICAL_SIDE: TargetFormat((), _document_target),
    "x12": TargetFormat((), _x12_target),
    "xml": TargetFormat(("namespaces", "doctype"), _xml_target),
    "json": TargetFormat((), _json_target),
    "csv": TargetFormat((), _record_target),
}
"""Word of a side -> how it is made."""


def unknown_side(side: Side, known: Table[str, object], verb: str) -> str:
    """What to say of a side that no format reads or makes."""
    told = ", ".join("canonical documents" if word == CANONICAL_SIDE else word for word in known)
    return f'maps {verb} {told}, not "{side}"{did_you_mean(side.word, known)}'


def odd_options(spec: MapSpec, *formats: SourceFormat | TargetFormat) -> list[LoadFault]:
    """A fault for every option that neither side has."""
    known = {name for found in formats for name in found.options}
    further = [
        LoadFault(written.place, f"{name} is for maps that read a canonical document")
        for name, written in (("like", spec.like), ("origin", spec.answers))
        if written is not None and name not in known
    ]
    return further + [
        LoadFault(key.place, f"{name} says nothing to {spec.header.text if spec.header else 'this map'}")
        for name, (key, _) in spec.options.items()
        if name not in known
    ]
