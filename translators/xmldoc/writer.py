"""A tree of nodes to XML bytes, with the prefixes and DOCTYPE the partner wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from translators.errors import WritingError, shown
from translators.tree import Node

MAX_DEPTH = 256


@dataclass(frozen=True, slots=True)
class XMLForm:
    """How a document of ours looks.

    Args:
        prefixes: prefix -> namespace; "" for the namespace of names without a prefix.
        encoding: of the bytes, as the declaration says it.
        doctype: the system identifier of the DOCTYPE, as cXML wants it; "" for none.
        indent: two blanks a level; without, the root in one line.
    """

    prefixes: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "UTF-8"
    doctype: str = ""
    indent: bool = True


def write_xml(root: Node, *, form: XMLForm | None = None) -> bytes:
    """The bytes of a document.

    Raises:
        WritingError: a name or value that XML cannot hold, with the path of the element.
    """
    form = form or XMLForm()
    prefixes = {prefix or None: namespace for prefix, namespace in form.prefixes.items()}
    made = _element(root, None, prefixes, "", 1)
    tree = made.getroottree()
    try:
        if form.doctype:
            tree.docinfo.system_url = form.doctype  # type: ignore[attr-defined]  # the stubs leave it out
        written = etree.tostring(tree, encoding=form.encoding, xml_declaration=True, pretty_print=form.indent)
    except (LookupError, ValueError) as error:
        raise WritingError("the document", f"its encoding or DOCTYPE cannot be written: {shown(str(error))}") from error
    assert isinstance(written, bytes)
    return written


def _element(
    node: Node, parent: etree._Element | None, prefixes: dict[str | None, str], above: str, depth: int
) -> etree._Element:
    path = f"{above}/{node.local_name}"
    if depth > MAX_DEPTH:
        raise WritingError(shown(path), f"nested deeper than {MAX_DEPTH}")
    try:
        made = _begun(node.name, parent, prefixes)
        for name, value in node.attributes.items():
            made.set(name, value)
        made.text = node.text or None
    except ValueError as error:
        raise WritingError(path, f"XML cannot hold it: {shown(str(error))}") from error
    for child in node.children:
        _element(child, made, prefixes, path, depth + 1)
    return made


def _begun(name: str, parent: etree._Element | None, prefixes: dict[str | None, str]) -> etree._Element:
    if parent is not None:
        return etree.SubElement(parent, name)
    return etree.Element(name, nsmap=prefixes)  # type: ignore[arg-type]  # the stubs leave the default namespace out
