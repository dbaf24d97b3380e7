"""The files maps make of nodes: XMLTarget, JSONTarget, RecordTarget."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mappings.expressions import ExpressionFault
from mappings.kinds import Kind
from mappings.node_made import Leg, Legs, MadeFile
from mappings.node_references import NodeStep
from mappings.node_source import XML_NAMESPACE
from mappings.node_target import Filled, NodeTarget, legs_of, path_of, split_attribute
from mappings.x12_writers import date_writer
from translators.canonical.common import decimal_text
from translators.datafile import did_you_mean
from translators.delimited.layout import Column, ColumnType, Grain, Layout
from translators.delimited.reader import DOCUMENT
from translators.delimited.writer import write_delimited
from translators.jsondoc.reader import ROOT
from translators.jsondoc.writer import write_json
from translators.tree import Node, NodeKind
from translators.xmldoc.writer import XMLForm, write_xml


class XMLTarget(NodeTarget):
    """An XML document.

    Args:
        name: the local name of its root.
        namespaces: prefix -> namespace; "" for names without one.
        doctype: the system identifier of the DOCTYPE; "" for none.
    """

    suffix = "xml"

    def __init__(self, name: str, namespaces: dict[str, str], doctype: str) -> None:
        super().__init__()
        self._name = name
        self._namespaces = {"xml": XML_NAMESPACE, **namespaces}
        self._form = XMLForm(prefixes=namespaces, doctype=doctype)

    def root(self) -> Callable[[], Node]:
        """See NodeTarget."""
        return partial(Node, self._qualified(self._name, 0))

    def filled(self, text: str, place: tuple[str, ...]) -> Filled:
        """See NodeTarget."""
        del place  # any element may stand anywhere, as far as is known
        path, attribute = split_attribute(text)
        named = None if attribute is None else self._attribute(attribute, text.rindex("@"))
        if path in ("", "."):
            return Filled((), named)
        return Filled(legs_of(path_of(path), self._element, self._attribute), named)

    def block_legs(self, text: str, place: tuple[str, ...]) -> Legs:
        """See NodeTarget."""
        del place
        return legs_of(path_of(text), self._element, self._attribute)

    def write_file(self, root: Node, terms: Mapping[str, Any]) -> bytes:
        """See NodeTarget."""
        del terms  # always UTF-8
        return write_xml(root, form=self._form)

    def shown(self, made: MadeFile) -> str:
        """See NodeTarget."""
        return made.content.decode("utf-8")

    def _element(self, step: NodeStep) -> str:
        return self._qualified(step.name, step.at)

    def _attribute(self, name: str, at: int) -> str:
        return self._qualified(name, at) if ":" in name else name

    def _qualified(self, name: str, at: int) -> str:
        prefix, _, local = name.rpartition(":")
        if prefix not in self._namespaces and prefix:
            hint = did_you_mean(prefix, self._namespaces) or "; declare it in namespaces:"
            raise ExpressionFault(at, f'no namespace "{prefix}"{hint}')
        namespace = self._namespaces.get(prefix, "")
        return f"{{{namespace}}}{local}" if namespace else local


class JSONTarget(NodeTarget):
    """A JSON object."""

    suffix = "json"
    arrays = True

    def root(self) -> Callable[[], Node]:
        """See NodeTarget."""
        return partial(Node, ROOT, kind=NodeKind.OBJECT)

    def filled(self, text: str, place: tuple[str, ...]) -> Filled:
        """See NodeTarget."""
        return Filled(self.block_legs(text, place), None)

    def block_legs(self, text: str, place: tuple[str, ...]) -> Legs:
        """See NodeTarget."""
        del place
        if "@" in text or ":" in text:
            raise ExpressionFault(0, "JSON has neither attributes nor namespaces; want names, as total/amount")
        return legs_of(path_of(text), lambda step: step.name, lambda name, _: name)

    def node_kind(self, kind: Kind) -> NodeKind:
        """See NodeTarget."""
        return {Kind.NUMBER: NodeKind.NUMBER, Kind.BOOL: NodeKind.BOOLEAN}.get(kind, NodeKind.TEXT)

    def write_file(self, root: Node, terms: Mapping[str, Any]) -> bytes:
        """See NodeTarget."""
        del terms  # always UTF-8
        return write_json(root)

    def shown(self, made: MadeFile) -> Any:
        """See NodeTarget."""
        return json.loads(made.content)


class RecordTarget(NodeTarget):
    """A document of rows."""

    suffix = "csv"
    lists = False

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    @property
    def form(self) -> Layout:
        """See Target."""
        return self._layout

    def root(self) -> Callable[[], Node]:
        """See NodeTarget."""
        return partial(Node, DOCUMENT)

    def filled(self, text: str, place: tuple[str, ...]) -> Filled:
        """See NodeTarget."""
        self._column(text, place)
        return Filled((), text)

    def block_legs(self, text: str, place: tuple[str, ...]) -> Legs:
        """See NodeTarget."""
        begins = self._layout.begins if self._layout.grain is Grain.RECORDS else ""
        known = [record.name for record in self._layout.records if record.name != begins]
        if place or text not in known:
            hint = did_you_mean(text, known) or f"; there is {', '.join(known)}"
            raise ExpressionFault(0, f'no rows "{text}" below the document{hint}')
        return (Leg(text, ""),)

    def written_as(self, kind: Kind, filled: Filled, place: tuple[str, ...]) -> Callable[[Any], str] | None:
        """See NodeTarget; a date is written as its column says."""
        column = self._column(filled.attribute or "", place)
        if kind is Kind.DATE and column.type is ColumnType.DATE:
            return date_writer(column.pattern)
        return decimal_text if kind is Kind.NUMBER else super().written_as(kind, filled, place)

    def write_file(self, root: Node, terms: Mapping[str, Any]) -> bytes:
        """See NodeTarget; `encoding` may be another than the layout's."""
        encoding = terms.get("encoding") or self._layout.encoding
        return write_delimited([root], replace(self._layout, encoding=encoding))

    def shown(self, made: MadeFile) -> str:
        """See NodeTarget; line ends as LF."""
        plain = replace(self._layout, encoding="utf-8", bom=False)
        return write_delimited([made.root], plain).decode().replace("\r\n", "\n")

    def _column(self, text: str, place: tuple[str, ...]) -> Column:
        layout = self._layout
        record = layout.record(place[-1]) if place else None
        columns = record.columns if record is not None else layout.document_columns()
        found = next((column for column in columns if column.name == text), None)
        if found is None:
            of = record.name if record is not None else "the document"
            hint = did_you_mean(text, [column.name for column in columns])
            raise ExpressionFault(0, f'{of} has no column "{text}" in layout {layout.name}{hint}')
        return found
