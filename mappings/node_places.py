"""What programs call to find nodes, and NodePlaces: where the values of XML, JSON and delimited text stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.source import SourceRange
from translators.errors import Position
from translators.tree import Node

Index = Mapping[str, Sequence[Node]]


@dataclass(frozen=True, slots=True)
class Pick:
    """What picks a node: an attribute, or the text of a child, that is (or is not) a value."""

    name: str
    attribute: bool
    value: str
    differs: bool

    def takes(self, node: Node) -> bool:
        """Whether it picks the node; one without the attribute or child is not `value`."""
        if self.attribute:
            found = [node.attributes[self.name]] if self.name in node.attributes else []
        else:
            found = [child.text.strip() for child in node.children if child.name == self.name]
        return (self.value in found) is not self.differs


@dataclass(frozen=True, slots=True)
class Hop:
    """One name of a path as the program follows it: what picks among the nodes of that name, and which of those."""

    name: str
    picks: tuple[Pick, ...]
    index: int | None


def indexed(node: Node) -> Index:
    """The children of a node by name, each name's in order."""
    found: dict[str, list[Node]] = {}
    for child in node.children:
        found.setdefault(child.name, []).append(child)
    return found


def along(index: Index, hops: tuple[Hop, ...]) -> Sequence[Node]:
    """The nodes at the end of a path, in order; `index` is that of the node it begins at."""
    nodes = _picked(index.get(hops[0].name, ()), hops[0])
    for hop in hops[1:]:
        below: list[Node] = []
        for node in nodes:
            below += _picked([child for child in node.children if child.name == hop.name], hop)
        nodes = below
    return nodes


def _picked(nodes: Sequence[Node], hop: Hop) -> Sequence[Node]:
    for pick in hop.picks:
        nodes = [node for node in nodes if pick.takes(node)]
    if hop.index is not None:
        return nodes[hop.index - 1 : hop.index]
    return nodes


def only(nodes: Sequence[Node]) -> Node | None:
    """The first node, where there is one."""
    return nodes[0] if nodes else None


def text_of(node: Node | None) -> str:
    """The node's own text without the blanks around it; "" for none."""
    return "" if node is None else node.text.strip()


def attribute_of(node: Node | None, name: str) -> str:
    """An attribute's text; "" where it is not there."""
    return "" if node is None else node.attributes.get(name, "")


def texts_of(nodes: Sequence[Node], name: str | None, part: int) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """The texts (or attributes) of nodes that are not empty, and the flat pairs of where they stand."""
    values: list[str] = []
    origins: list[object] = []
    for node in nodes:
        value = text_of(node) if name is None else attribute_of(node, name)
        if value:
            values.append(value)
            origins += (node, part)
    return tuple(values), tuple(origins)


class NodePlaces:
    """Places of (node, number of its attribute) in one document; see `source.Places`.

    Args:
        names: the attributes (or columns) the map reads, by their numbers; 0 is the node's own text.
    """

    def __init__(self, root: Node, names: Sequence[str | None]) -> None:
        self._root = root
        self._names = names

    def position(self, holder: Node | None, part: int | None) -> Position:
        """The position of a node, of one of its attributes, or of the document."""
        return self._root.place() if holder is None else holder.place(self._name(part))

    def told(self, holder: Node, part: int | None) -> str:
        """As `cbc:Quantity/@unitCode`, without prefixes."""
        return holder.place(self._name(part)).path or holder.local_name

    def value(self, holder: Node, part: int | None) -> str | None:
        """The text that stands there."""
        name = self._name(part)
        return (text_of(holder) if name is None else attribute_of(holder, name)) or None

    def range(self, holder: Node, part: int) -> SourceRange:
        """Line, column and bytes."""
        name = self._name(part)
        place = holder.place(name)
        start, end = holder.span(name)
        return SourceRange(place.path or holder.local_name, start=start, end=end, line=place.line, column=place.column)

    def _name(self, part: int | None) -> str | None:
        return self._names[part] if part else None
