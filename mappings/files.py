"""The files of a map's own formats, but for X12: read into documents as its layout says, and those it made joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mappings.compiled import CompiledMap
from mappings.node_made import MadeFile
from translators.delimited.layout import Layout
from translators.delimited.reader import read_delimited
from translators.delimited.writer import write_delimited
from translators.jsondoc.reader import read_json
from translators.reading import ReadDocument
from translators.xmldoc.reader import read_xml

SAMPLE_PATTERNS = {"xml": ("*.xml",), "json": ("*.sample.json",), "csv": ("*.csv", "*.txt")}
"""Word of what a map reads -> its samples' names."""


def read_documents(
    compiled: CompiledMap, chunks: Iterable[bytes], *, encoding: str | None = None
) -> Iterator[ReadDocument]:
    """The documents of a file that the map reads.

    Args:
        compiled: a map that reads XML, JSON or delimited text.
        chunks: the bytes of the file, cut anywhere.
        encoding: of delimited text, where an agreement says another than the layout.

    Raises:
        KeyError: the map reads something else.
    """
    return _READERS[compiled.reads.word](compiled.form, chunks, encoding)


def read_made(compiled: CompiledMap, content: bytes, *, encoding: str | None = None) -> list[ReadDocument]:
    """What a file that the map made reads as; as `read_documents`."""
    return list(_READERS[compiled.makes.word](compiled.form, [content], encoding))


def joined(compiled: CompiledMap, made: Sequence[MadeFile], *, encoding: str | None = None) -> bytes:
    """The bytes of one file with several documents that the map made; all but delimited text hold one alone.

    Raises:
        WritingError: something cannot be written.
        ValueError: several in a format that holds one.
    """
    if len(made) == 1:
        return made[0].content
    if not isinstance(compiled.form, Layout):
        raise ValueError(f"{compiled.makes.word} holds one document, not {len(made)}")
    return write_delimited([one.root for one in made], _encoded(compiled.form, encoding))


def _encoded(layout: Layout, encoding: str | None) -> Layout:
    return layout if encoding is None else replace(layout, encoding=encoding)


def _xml(_form: object, chunks: Iterable[bytes], _encoding: str | None) -> Iterator[ReadDocument]:
    yield read_xml(chunks)


def _json(_form: object, chunks: Iterable[bytes], _encoding: str | None) -> Iterator[ReadDocument]:
    yield read_json(chunks)


def _delimited(form: object, chunks: Iterable[bytes], encoding: str | None) -> Iterator[ReadDocument]:
    assert isinstance(form, Layout)
    return read_delimited(chunks, _encoded(form, encoding))


_READERS: dict[str, Callable[[object, Iterable[bytes], str | None], Iterator[ReadDocument]]] = {
    "xml": _xml,
    "json": _json,
    "csv": _delimited,
}
