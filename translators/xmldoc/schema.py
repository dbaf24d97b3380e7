"""XMLSchema: a document held against an XSD that was agreed; nothing but the files handed in is ever read.

A schema may be several files that include or import each other by relative path. A place outside of them, on disk or
on the network, is a fault of the schema, found when it is loaded. A DOCTYPE, which the schema of XML signatures has and
so every published UBL has too, is read past; a text made of its entities is refused. Source: W3C XML Schema 1.0.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from translators.errors import Issue, Position, TranslationError, shown
from translators.reading import IssueList
from translators.tree import Node
from translators.xmldoc.codes import FAULTS

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_REFERRING = frozenset({f"{_XSD}import", f"{_XSD}include", f"{_XSD}redefine"})
_SCHEME = "tradelane-schema:///"
_QUALIFIED = re.compile(r"\{[^}]*\}")


class SchemaError(TranslationError):
    """An XSD cannot be used: it does not read, or names a place that was not handed in."""


class XMLSchema:
    """A loaded schema.

    Args:
        files: path -> bytes of every file of the schema, paths relative to one folder, with `/`.
        main: the file that declares the document's root.

    Raises:
        SchemaError: it cannot be used, and why.
    """

    def __init__(self, files: Mapping[str, bytes], *, main: str) -> None:
        if main not in files:
            raise SchemaError(f"there is no schema file {main}; there is {', '.join(sorted(files)) or 'none'}")
        plain = {name: _plain(name, content, files) for name, content in files.items()}
        parser = _parser()
        parser.resolvers.add(_Handed(plain))
        try:
            tree = etree.fromstring(plain[main], parser, base_url=_SCHEME + main)
            self._schema = etree.XMLSchema(tree)
        except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise SchemaError(f"{main}: not an XML Schema: {shown(str(error))}") from error

    def check(self, content: bytes, root: Node) -> tuple[Issue, ...]:
        """What of a document its schema does not allow.

        Args:
            content: the bytes, which the reader found to be well-formed.
            root: its tree, as read; issues get their columns and bytes from it.

        Returns:
            One issue for each fault, in order.
        """
        issues = IssueList(FAULTS, more="xml.issues.capped")
        try:
            tree = etree.fromstring(content, _parser())
        except etree.XMLSyntaxError as error:
            place = Position(line=error.lineno, column=error.offset)
            issues.add("xml.syntax", f"not well-formed XML: {shown(error.msg or '')}", place)
            return issues.listed()
        if self._schema.validate(tree):
            return ()
        places = _by_line(root)
        for entry in list[Any](self._schema.error_log):  # type: ignore[call-overload]  # the stubs do not know it can be listed
            node = places.get(entry.line)
            position = Position(
                line=entry.line,
                column=entry.column or (node.column if node is not None else None),
                offset=None if node is None else node.offset,
                path=entry.path,
            )
            issues.add("xml.schema", shown_fault(entry.message), position)
        return issues.listed()


def shown_fault(message: str) -> str:
    """What libxml2 says, without the namespaces of names, and cut."""
    text = _QUALIFIED.sub("", message)
    return text if len(text) <= 400 else text[:399] + "…"


class _Handed(etree.Resolver):
    """Gives the parser the files handed in, and nothing else."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def resolve(  # type: ignore[override]  # the stubs leave the context out
        self, system_url: str | None, _public_id: str | None, context: object
    ) -> object:
        name = posixpath.normpath((system_url or "").removeprefix(_SCHEME))
        if not (system_url or "").startswith(_SCHEME) or name not in self._files:
            raise SchemaError(f"{shown(system_url or '')} is not among the schema's files; nothing is fetched")
        given = self._files[name]
        return self.resolve_string(given, context, base_url=_SCHEME + name)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        no_network=True, resolve_entities=False, load_dtd=False, huge_tree=False, dtd_validation=False
    )


def _plain(name: str, content: bytes, files: Mapping[str, bytes]) -> bytes:
    """A file whose references are all among the files, without its DOCTYPE."""
    try:
        tree = etree.fromstring(content, _parser())
    except etree.XMLSyntaxError as error:
        raise SchemaError(f"{name}: not well-formed XML: {shown(str(error))}") from error
    for found in tree.iter(*_REFERRING):
        place = found.get("schemaLocation")
        if place is None:
            continue
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), place))
        if wanted not in files:
            raise SchemaError(
                f"{name}:{found.sourceline}: names {shown(place)}, which is not among the schema's files; put it there"
            )
    if tree.getroottree().docinfo.internalDTD is None:
        return content
    for entity in tree.iter(etree.Entity):
        raise SchemaError(f"{name}:{entity.sourceline}: uses {shown(entity.text or '')}; write it out")
    return etree.tostring(tree)


def _by_line(root: Node) -> dict[int, Node]:
    """Line -> the first node that begins in it."""
    found: dict[int, Node] = {}
    for node in root.walk():
        found.setdefault(node.line, node)
    return found
