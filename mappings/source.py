"""The seam for what maps read: a source format at load time (Source), and one document of it at run time (Opened).

A source knows how its references are written (its dialect), what they name (checked when the map is loaded), and writes
the lines of the program that find their values. The compiler and the functions know nothing of any format. At run
time, what a value came from is a pair (holder, part): `Places` tells where such a pair stands. A holder that is a text
is a name from around the document, as `agreement.currency`, or a path in a canonical document.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from mappings.expressions import Dialect, ExpressionFault
from mappings.kinds import Kind
from mappings.syntax import Call, Outside, ReferenceNode
from mappings.values import Value
from translators.errors import Position

if TYPE_CHECKING:
    from mappings.program import Program
    from mappings.writer import Writer


class SourceRange(NamedTuple):
    """Where a value stands in the file: segment ordinal and element (X12), bytes [start, end), line and column."""

    name: str
    segment: int | None = None
    element: int | None = None
    start: int | None = None
    end: int | None = None
    line: int | None = None
    column: int | None = None


class Places(Protocol):
    """Where the values of one document stand; `part` as the source's program text gave it."""

    def position(self, holder: Any, part: Any) -> Position:
        """The position of a part of a holder (None or 0: of the holder); of the whole document where it is None."""

    def told(self, holder: Any, part: Any) -> str:
        """Its name in messages, as `BEG05`."""

    def value(self, holder: Any, part: Any) -> str | None:
        """The text that stands there; None where there is none."""

    def range(self, holder: Any, part: Any) -> SourceRange:
        """The same for lineage."""


class Opened(NamedTuple):
    """A document about to be mapped: what the program begins with, and where its values stand.

    Args:
        root: the program's first argument.
        extra: what the format's own lines may need beside it, as the component separator; the name `extra` there.
        places: where values stand.
        mismatch: why it is not what the map reads; then nothing else counts but `places`.
    """

    root: Any
    places: Places
    extra: Any = None
    mismatch: str | None = None


Opener = Callable[[Any], Opened]
"""Opens what `run` was given."""


@dataclass(slots=True, eq=False)
class Scope:
    """What a block is made from, one part at a time. Sources add what they need.

    Args:
        level: how many scopes are around it; the program's names of the part at hand end in it.
        parent: the scope around it.
    """

    level: int
    parent: Scope | None

    def chain(self) -> Iterator[Any]:
        """This scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(frozen=True, slots=True)
class Listing:
    """Every value a reference names: program text of a tuple of values, and of the flat tuple of their origins.

    `decimals` are implied in each (None: the point is written); `spot` is where to point if there is none; texts that
    are `typed` hold no numbers.
    """

    values: str
    origins: str
    kind: Kind
    decimals: int | None = None
    spot: tuple[str, Any] | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """What a block is made from: the scopes it goes through, the last its own; `guard` is true where there are any."""

    scopes: tuple[Any, ...]
    guard: str | None = None

    @property
    def scope(self) -> Any:
        """The block's own scope."""
        return self.scopes[-1]


class Source(ABC):
    """A format as one map reads it; made for each compilation, writes into its program."""

    dialect: ClassVar[Dialect]
    functions: ClassVar[frozenset[str]] = frozenset()
    """Functions only some sources have; `call` writes them."""

    program: Program

    @property
    def form(self) -> Any:
        """What a file of this source is read by, where it is data of the map (a layout); else None."""
        return None

    @property
    @abstractmethod
    def opener(self) -> Opener:
        """What opens a document for the program, when it runs."""

    @abstractmethod
    def root(self) -> Any:
        """The scope of the whole document."""

    @abstractmethod
    def items(self, text: str, scope: Any) -> Items:
        """What a block's parentheses name, seen from the block around it.

        Raises:
            ExpressionFault: there is no such thing here.
        """

    @abstractmethod
    @contextmanager
    def each(self, items: Items) -> Iterator[None]:
        """Write the loop over the items; what is written inside is done for each, the scope's names set."""

    @abstractmethod
    def kept(self, items: Items) -> str:
        """Program text of what an item is, in the middle of `each`; several parted by commas."""

    @abstractmethod
    @contextmanager
    def again(self, items: Items, members: str) -> Iterator[None]:
        """As `each`, over a list of what `kept` gave."""

    @abstractmethod
    @contextmanager
    def whole(self, scope: Any) -> Iterator[None]:
        """Write what the root's names are; what is written inside sees them."""

    @abstractmethod
    def read(self, node: ReferenceNode, writer: Writer) -> Value:
        """Write a reference as one value.

        Raises:
            ExpressionFault: it names nothing, or what no rule can use.
        """

    def needed(self, node: ReferenceNode, scope: Any) -> str | None:
        """The program's name of what must be there (None if it is not) for a reference to have a value.

        None where there is no such name. What `read` writes may be left out where it is not there.

        Raises:
            ExpressionFault: as `read`.
        """
        del node, scope
        return None

    def needed_by(self, node: Call, scope: Any) -> str | None:
        """The same for a function of `functions`.

        Raises:
            ExpressionFault: as `read`.
        """
        del node, scope
        return None

    @abstractmethod
    def listed(self, node: ReferenceNode, writer: Writer) -> Listing:
        """Write a reference as all the values it names; none is empty.

        Raises:
            ExpressionFault: as `read`.
        """

    @abstractmethod
    def counted(self, node: ReferenceNode, writer: Writer) -> str:
        """Write how many things a reference names; program text of an int.

        Raises:
            ExpressionFault: as `read`.
        """

    def one_of(self, which: str, node: ReferenceNode, writer: Writer) -> Value:
        """Write the `first` or `last` of the values a reference names."""
        found = self.listed(node, writer)
        at, cut = ("0", ":2") if which == "first" else ("-1", "-2:")
        absent = "''" if found.kind is Kind.TEXT else "None"
        code = writer.assign(f"{found.values}[{at}] if {found.values} else {absent}")
        origin = writer.assign(f"{found.origins}[{cut}]")
        return Value(code, found.kind, False, True, (f"*{origin}",), None, found.spot)

    def call(self, node: Call, writer: Writer) -> Value:
        """Write a function of `functions`."""
        raise NotImplementedError(node.name, writer)

    def unread(self, source: Any) -> Iterator[str]:
        """Names of what a document says and no rule reads, each once; known when the map is compiled.

        Formats that do not keep account of what is read give nothing.
        """
        del source
        return iter(())

    def check_outside(self, node: Outside) -> None:
        """Whether `env.NAME` or `file.NAME` is known.

        Raises:
            ExpressionFault: it is not.
        """
        if node.source == "file" and node.name != "name":
            raise ExpressionFault(node.at, f"file.{node.name} is not known; there is file.name")
        if node.source == "env":
            raise ExpressionFault(node.at, "this source has no envelope")

    @abstractmethod
    def spot(self, scope: Any) -> tuple[str, Any]:
        """Program text of a holder, and the part, where an issue of a block without a better place is put."""


def first_place(sources: Sequence[Any]) -> tuple[Any, Any]:
    """The first pair of flat pairs that is in the document; (None, None) where there is none."""
    for position in range(0, len(sources), 2):
        if sources[position] is not None and not isinstance(sources[position], str):
            return sources[position], sources[position + 1]
    return None, None
