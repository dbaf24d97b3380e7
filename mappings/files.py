"""The files of a map's source format, but for X12: read into documents, as the map's own layout says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mappings.compiled import CompiledMap
from translators.delimited.layout import Layout
from translators.delimited.reader import read_delimited
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


def _xml(_form: object, chunks: Iterable[bytes], _encoding: str | None) -> Iterator[ReadDocument]:
    yield read_xml(chunks)


def _json(_form: object, chunks: Iterable[bytes], _encoding: str | None) -> Iterator[ReadDocument]:
    yield read_json(chunks)


def _delimited(form: object, chunks: Iterable[bytes], encoding: str | None) -> Iterator[ReadDocument]:
    assert isinstance(form, Layout)
    return read_delimited(chunks, form if encoding is None else replace(form, encoding=encoding))


_READERS: dict[str, Callable[[object, Iterable[bytes], str | None], Iterator[ReadDocument]]] = {
    "xml": _xml,
    "json": _json,
    "csv": _delimited,
}
