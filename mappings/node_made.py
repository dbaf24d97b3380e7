"""What a map makes of nodes: the program's builder, the trail of what each value came from, and the finished file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.lineage import LineageView
from mappings.report import Report
from translators.errors import Position, WritingError
from translators.tree import Node, NodeKind


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a path to be made: the node's name, which of its like it is, and attributes it always has."""

    name: str
    slot: str
    attributes: tuple[tuple[str, str], ...] = ()


Legs = tuple[Leg, ...]
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A document as it will be written, and its bytes alone; files of the same bytes are equal."""

    root: Node = field(compare=False, repr=False)
    content: bytes


class Maker:
    """A node being made, and the nodes below it that rules name by a path.

    `alive` are the paths that hold a value of the document, and not only constants.
    """

    __slots__ = ("_counts", "_nodes", "alive", "node", "path", "trace")

    def __init__(self, node: Node, path: str, trace: list[tuple[str, int, Sequence[Any]]]) -> None:
        self.node = node
        self.path = path
        self.trace = trace
        self.alive: set[Key] = set()
        self._nodes: dict[Key, Node] = {(): node}
        self._counts: dict[tuple[Key, str], int] = {}

    def at(self, legs: Legs) -> tuple[Node, Key]:
        """The node at a path, made where it is not there, and its key."""
        key: Key = ()
        node = self.node
        for leg in legs:
            key = (*key, (leg.name, leg.slot))
            found = self._nodes.get(key)
            if found is None:
                found = Node(leg.name, attributes=dict(leg.attributes))
                node.children.append(found)
                node.kind = NodeKind.OBJECT
                self._nodes[key] = found
            node = found
        return node, key

    def live(self, key: Key) -> None:
        """What is at a path, and around it, holds a value of the document."""
        for end in range(len(key) + 1):
            self.alive.add(key[:end])


def put(
    made: Maker,
    legs: Legs,
    attribute: str | None,
    text: Any,
    kind: NodeKind,
    rule: int,
    sources: Sequence[Any],
    alive: bool,
) -> None:
    """Fill the text or an attribute of the node at a path; nothing, where there is no text."""
    if not text or text.__class__ is not str:
        return
    node, key = made.at(legs)
    if attribute is None:
        node.text, node.kind = text, kind
    else:
        node.attributes = {**node.attributes, attribute: text}
    if alive:
        made.live(key)
    named = made.path + "".join(f"/{leg.name.rpartition('}')[2]}" for leg in legs)
    made.trace.append((named if attribute is None else f"{named}/@{attribute.rpartition('}')[2]}", rule, sources))


def put_beside(made: Maker, legs: Legs, attribute: str, text: Any, rule: int, sources: Sequence[Any]) -> None:
    """Fill an attribute of a node whose text another rule fills; nothing, where that gave none."""
    key = tuple((leg.name, leg.slot) for leg in legs)
    if key in made.alive:
        put(made, legs, attribute, text, NodeKind.TEXT, rule, sources, False)


def put_all(made: Maker, legs: Legs, texts: Any, rule: int, sources: Sequence[Any], listed: bool) -> None:
    """Make a node for each of several texts."""
    if not texts or texts.__class__ is not tuple:
        return
    parent, key = made.at(legs[:-1])
    for text in texts:
        parent.children.append(Node(legs[-1].name, text=text, attributes=dict(legs[-1].attributes), listed=listed))
    parent.kind = NodeKind.OBJECT
    made.live(key)
    named = made.path + "".join(f"/{leg.name.rpartition('}')[2]}" for leg in legs)
    made.trace.append((named, rule, sources))


def child(made: Maker, legs: Legs, listed: bool) -> Maker:
    """Begin one more node at a path, whatever stands there already."""
    parent, key = made.at(legs[:-1])
    last = legs[-1]
    node = Node(last.name, attributes=dict(last.attributes), listed=listed, kind=NodeKind.OBJECT)
    parent.children.append(node)
    parent.kind = NodeKind.OBJECT
    count = made._counts[key, last.name] = made._counts.get((key, last.name), 0) + 1
    inner = "".join(f"/{leg.name.rpartition('}')[2]}" for leg in legs)
    return Maker(node, f"{made.path}{inner}[{count}]", made.trace)


def close(made: Maker, wanted: tuple[Key, ...]) -> None:
    """Take away what holds constants alone, where rules would have filled it; the deepest first."""
    for key in wanted:
        if key in made.alive or key not in made._nodes:
            continue
        node, parent = made._nodes.pop(key), made._nodes.get(key[:-1])
        if parent is not None and node in parent.children:
            parent.children.remove(node)


def end(above: Maker, legs: Legs, made: Maker, certain: bool) -> None:
    """End a node begun by `child`: it stands if it is `certain`, or holds a value of the document."""
    key = tuple((leg.name, leg.slot) for leg in legs[:-1])
    if certain or made.alive:
        above.live(key)
        return
    parent, _ = above.at(legs[:-1])
    parent.children.remove(made.node)


@dataclass(frozen=True, slots=True)
class NodeTrail:
    """The lineage of nodes that were made: paths as `/Order/OrderLine[2]/Quantity`."""

    def walk(self, content: Node, trace: Any) -> Iterator[tuple[str, tuple[int, Sequence[Any]]]]:
        """Every value a rule filled: path, rule, sources."""
        del content  # every value knows its path
        for path, rule, sources in trace:
            yield path, (rule, sources)


def finished(
    write: Callable[[Node, Mapping[str, Any]], bytes],
    content: Node,
    report: Report,
    lineage: LineageView,
    terms: Mapping[str, Any],
) -> MadeFile | None:
    """The file; None, and an issue, where its format refuses something."""
    del lineage  # a layout or form says all there is to say
    try:
        return MadeFile(content, write(content, terms))
    except WritingError as error:
        report.add(
            "map.value.unfit", None, str(error), None, None, cause=error.place, position=Position(path=error.place)
        )
        return None
