"""NodeSource: XML, JSON and delimited text as maps read them; each path of a scope is followed once for a node."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mappings.expressions import ExpressionFault
from mappings.kinds import Kind
from mappings.node_places import (
    Hop,
    NodePlaces,
    Pick,
    along,
    attribute_of,
    indexed,
    only,
    text_of,
    texts_of,
)
from mappings.node_references import NODE_DIALECT, NodeReference, NodeStep, parse_items
from mappings.source import Items, Listing, Opened, Opener, Scope, Source
from mappings.syntax import ReferenceNode
from mappings.values import Value
from translators.datafile import did_you_mean
from translators.errors import shown
from translators.tree import Node

if TYPE_CHECKING:
    from mappings.program import Program, Reserved
    from mappings.writer import Writer

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


@dataclass(slots=True, eq=False, kw_only=True)
class NodeScope(Scope):
    """A node; in the program `n` + level is it, and `i` + level its children by name.

    Args:
        hops: what finds it in the scope around it.
        followed: the paths that rules follow from it, each with the program's name of the nodes at its end.
        place: where the lines that follow them go.
    """

    hops: tuple[Hop, ...] = ()
    followed: dict[tuple[Hop, ...], str] = field(default_factory=dict)
    place: Reserved | None = None


@dataclass(frozen=True, slots=True)
class Spotted:
    """What a reference names: hops from a scope's node, and an attribute of what stands there (None: its text)."""

    scope: NodeScope
    hops: tuple[Hop, ...]
    attribute: str | None


class NodeSource(Source):
    """A document of nodes.

    Args:
        program: where its lines go.
    """

    dialect = NODE_DIALECT

    def __init__(self, program: Program) -> None:
        self.program = program
        self._numbers: list[str | None] = [None]
        self._functions: dict[Any, str] = {}

    @abstractmethod
    def refusal(self, root: Node) -> str | None:
        """Why a document is not what the map reads; None where it is."""

    @abstractmethod
    def spotted(self, node: NodeReference, scope: NodeScope) -> Spotted:
        """What a reference names, seen from a scope.

        Raises:
            ExpressionFault: it can name nothing.
        """

    @abstractmethod
    def below(self, step: NodeStep, scope: NodeScope) -> NodeScope:
        """The scope of the nodes of one step of a block's path.

        Raises:
            ExpressionFault: there can be none.
        """

    @property
    def opener(self) -> Opener:
        """See Source."""
        return partial(_opened, self.refusal, self._numbers)

    def root(self) -> NodeScope:
        """See Source."""
        return NodeScope(0, None)

    def items(self, text: str, scope: NodeScope) -> Items:
        """See Source; every step of a path is a scope of its own."""
        named = parse_items(text)
        around = self.outward(named, scope)
        scopes: list[NodeScope] = []
        for step in named.steps:
            around = self.below(step, around)
            around.level = scope.level + len(scopes) + 1
            scopes.append(around)
        return Items(tuple(scopes))

    @contextmanager
    def each(self, items: Items) -> Iterator[None]:
        """See Source."""
        with self._nested(items.scopes):
            yield

    def kept(self, items: Items) -> str:
        """See Source."""
        return ", ".join(f"n{scope.level}" for scope in items.scopes)

    @contextmanager
    def again(self, items: Items, members: str) -> Iterator[None]:
        """See Source."""
        with self.program.block(f"for ({self.kept(items)},) in {members}:"):
            for scope in items.scopes:
                self._names(scope)
            yield

    @contextmanager
    def whole(self, scope: NodeScope) -> Iterator[None]:
        """See Source."""
        self.program.line("n0 = root")
        self._names(scope)
        yield

    @contextmanager
    def _nested(self, scopes: tuple[NodeScope, ...]) -> Iterator[None]:
        if not scopes:
            yield
            return
        scope = scopes[0]
        assert isinstance(scope.parent, NodeScope)
        nodes = self._nodes(scope.parent, scope.hops)
        with self.program.block(f"for n{scope.level} in {nodes}:"):
            self._names(scope)
            with self._nested(scopes[1:]):
                yield

    def _names(self, scope: NodeScope) -> None:
        """Write what the names of a scope are; the paths its rules follow are filled in as they are met."""
        scope.place = self.program.reserve()

    def _nodes(self, scope: NodeScope, hops: tuple[Hop, ...]) -> str:
        """The program's name of the nodes at the end of a path, followed once for each node of the scope."""
        if hops not in scope.followed:
            name = self.program.fresh("x")
            assert scope.place is not None
            with self.program.filling(scope.place):
                if not scope.followed:
                    self.program.line(f"i{scope.level} = {self._function(indexed)}(n{scope.level})")
                self.program.line(f"{name} = {self._function(along)}(i{scope.level}, {self.program.constant(hops)})")
            scope.followed[hops] = name
        return scope.followed[hops]

    def read(self, node: ReferenceNode, writer: Writer) -> Value:
        """See Source."""
        assert isinstance(node, NodeReference)
        found = self.spotted(node, writer.scope)
        number = self._number(found.attribute)
        if not found.hops:
            holder = f"n{found.scope.level}"
            return Value(
                self._text(holder, found.attribute, writer), Kind.TEXT, False, True, (f"{holder}, {number}",), None,
                (holder, number),
            )  # fmt: skip
        nodes = self._nodes(found.scope, found.hops)
        holder = writer.assign(f"{self._function(only)}({nodes})")
        code = self._text(holder, found.attribute, writer)
        with self.program.block(f"if len({nodes}) > 1:"):
            cause = int(nodes.rpartition("_")[2])
            self.program.line(f"{code} = report.several({writer.rule}, {nodes}[1], {node.text!r}, {cause})")
        return Value(code, Kind.TEXT, True, True, (f"{holder}, {number}",), None, (holder, number))

    def listed(self, node: ReferenceNode, writer: Writer) -> Listing:
        """See Source."""
        assert isinstance(node, NodeReference)
        found = self.spotted(node, writer.scope)
        nodes = self._nodes(found.scope, found.hops) if found.hops else f"(n{found.scope.level},)"
        values, origins = self.program.fresh("v"), self.program.fresh("q")
        number = self._number(found.attribute)
        self.program.line(f"{values}, {origins} = {self._function(texts_of)}({nodes}, {found.attribute!r}, {number})")
        return Listing(values, origins, Kind.TEXT)

    def counted(self, node: ReferenceNode, writer: Writer) -> str:
        """See Source."""
        assert isinstance(node, NodeReference)
        found = self.spotted(node, writer.scope)
        if found.hops and found.attribute is None:
            return f"len({self._nodes(found.scope, found.hops)})"
        return f"len({self.listed(node, writer).values})"

    def spot(self, scope: NodeScope) -> tuple[str, Any]:
        """See Source."""
        return (f"n{scope.level}", 0)

    def outward(self, node: NodeReference, scope: NodeScope) -> NodeScope:
        """The scope that `parent.` leads to.

        Raises:
            ExpressionFault: there are not so many around it.
        """
        for _ in range(node.parents):
            if scope.parent is None:
                raise ExpressionFault(node.at, "there is no block around this one; leave parent. out")
            assert isinstance(scope.parent, NodeScope)
            scope = scope.parent
        return scope

    def _text(self, holder: str, attribute: str | None, writer: Writer) -> str:
        if attribute is None:
            return writer.assign(f"{self._function(text_of)}({holder})")
        return writer.assign(f"{self._function(attribute_of)}({holder}, {attribute!r})")

    def _number(self, attribute: str | None) -> int:
        if attribute not in self._numbers:
            self._numbers.append(attribute)
        return self._numbers.index(attribute)

    def _function(self, function: Any) -> str:
        if function not in self._functions:
            self._functions[function] = self.program.constant(function)
        return self._functions[function]


class XMLSource(NodeSource):
    """An XML document.

    Args:
        program: where its lines go.
        name: the local name of its root; its namespace is that of names without a prefix.
        namespaces: prefix -> namespace; "" for names without one.
    """

    def __init__(self, program: Program, name: str, namespaces: dict[str, str]) -> None:
        super().__init__(program)
        self._root_name = _qualified(name, namespaces.get("", ""))
        self._namespaces = {"xml": XML_NAMESPACE, **namespaces}

    def refusal(self, root: Node) -> str | None:
        """See NodeSource."""
        if root.name == self._root_name:
            return None
        return f"the root is {shown(root.name)}; want {self._root_name}"

    def spotted(self, node: NodeReference, scope: NodeScope) -> Spotted:
        """See NodeSource."""
        hops = tuple(self._hop(step) for step in node.steps)
        attribute = None if node.attribute is None else self._attribute(node.attribute, node.at)
        return Spotted(self.outward(node, scope), hops, attribute)

    def below(self, step: NodeStep, scope: NodeScope) -> NodeScope:
        """See NodeSource."""
        return NodeScope(scope.level + 1, scope, hops=(self._hop(step),))

    def _hop(self, step: NodeStep) -> Hop:
        picks = tuple(
            Pick(
                self._attribute(found.name, step.at) if found.attribute else self._element(found.name, step.at),
                found.attribute,
                found.value,
                found.differs,
            )
            for found in step.filters
        )
        return Hop(self._element(step.name, step.at), picks, step.index)

    def _element(self, name: str, at: int) -> str:
        prefix, colon, local = name.rpartition(":")
        return (
            _qualified(local, self._namespace(prefix, at)) if colon else _qualified(name, self._namespaces.get("", ""))
        )

    def _attribute(self, name: str, at: int) -> str:
        prefix, colon, local = name.rpartition(":")
        return _qualified(local, self._namespace(prefix, at)) if colon else name

    def _namespace(self, prefix: str, at: int) -> str:
        if prefix not in self._namespaces:
            hint = did_you_mean(prefix, self._namespaces) or "; declare it in namespaces:"
            raise ExpressionFault(at, f'no namespace "{prefix}"{hint}')
        return self._namespaces[prefix]


class JSONSource(NodeSource):
    """A JSON document whose root is an object, or an array of `item`."""

    def refusal(self, root: Node) -> str | None:
        """See NodeSource."""
        return None if root.children else "there is no member in it; want an object"

    def spotted(self, node: NodeReference, scope: NodeScope) -> Spotted:
        """See NodeSource."""
        if node.attribute is not None:
            raise ExpressionFault(node.at, f"JSON has no attributes; write {node.attribute}")
        return Spotted(self.outward(node, scope), tuple(_plain_hop(step) for step in node.steps), None)

    def below(self, step: NodeStep, scope: NodeScope) -> NodeScope:
        """See NodeSource."""
        return NodeScope(scope.level + 1, scope, hops=(_plain_hop(step),))


def _plain_hop(step: NodeStep) -> Hop:
    """A step among names without namespaces."""
    for found in (step.name, *(picked.name for picked in step.filters)):
        if ":" in found:
            raise ExpressionFault(step.at, f"{shown(found)} has a prefix, and there are no namespaces here")
    picks = tuple(Pick(found.name, found.attribute, found.value, found.differs) for found in step.filters)
    return Hop(step.name, picks, step.index)


def _qualified(local: str, namespace: str) -> str:
    return f"{{{namespace}}}{local}" if namespace else local


def _opened(refusal: Any, names: list[str | None], root: Node) -> Opened:
    """A document for the program."""
    return Opened(root, NodePlaces(root, names), mismatch=refusal(root))
