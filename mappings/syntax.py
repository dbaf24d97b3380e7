"""The syntax tree of expressions. `at` is the offset of a node in its text; nodes that mean the same are equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or none; `kind` tells true from 1."""

    kind: str
    value: str | Decimal | bool | None
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """`[ST]` (element None: the segment's qualifier), `[03=2L]`; `[!ST]`, `[03!=2L]`: any but that."""

    element: int | None
    value: str
    at: int = field(compare=False)
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One segment of a path with what picks its instances; `index` counts from 1 after the filters."""

    segment: str
    filters: tuple[Filter, ...]
    index: int | None
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceNode:
    """What a source's dialect reads as a reference; each source has a class of its own below this one."""

    at: int = field(compare=False)
    text: str = field(compare=False)

    @property
    def word(self) -> str | None:
        """The word it is where it may also be read as a plain word (`half_up`), else None."""
        return None


@dataclass(frozen=True, slots=True)
class Reference(ReferenceNode):
    """Segments and an element: `BEG03`, `N1[ST]/N4.02`, `parent.REF[DP].02`; element None: the segments themselves.

    `ancestor` is the step of `ancestor(HL[O])/PRF01`.
    """

    parents: int
    steps: tuple[Step, ...]
    element: int | None
    component: int | None
    ancestor: Step | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """`(03 step 2)`: elements from 03 on, two at a time."""

    start: int
    step: int


@dataclass(frozen=True, slots=True)
class X12Source:
    """What a block is made from: loops or segments, of each segment its windows."""

    reference: Reference
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """`[type=DP]`, `[type!=DP]`, or `[number==order_line]`: a field as seen from where the reference stands."""

    name: str
    value: str | FieldReference
    negated: bool
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One name of a path of fields, with what picks parts of a list; `index` counts from 1 after the picks."""

    name: str
    picks: tuple[Pick, ...]
    index: int | None
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class FieldReference(ReferenceNode):
    """A field of a canonical document: `number`, `ship_to.address.city`, `references[type=DP].value`.

    `origin`: of the document that is answered.
    """

    origin: bool
    parents: int
    steps: tuple[FieldStep, ...]

    @property
    def word(self) -> str | None:
        """The word, where it is a single one."""
        plain = len(self.steps) == 1 and not self.steps[0].picks and self.steps[0].index is None
        return self.steps[0].name if plain and not self.parents and not self.origin else None


@dataclass(frozen=True, slots=True)
class Outside:
    """A value from around the document: `env.GS03`, `file.name`, `agreement.currency`."""

    source: str
    name: str
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class BlockName:
    """A block of the map, `lines`, or a field of it, `lines.qty`."""

    name: str
    field_name: str | None
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; named ones as `implied=2`."""

    name: str
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`not x`."""

    operand: Node
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-x`."""

    operand: Node
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` on numbers."""

    operator: str
    left: Node
    right: Node
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`== != < <= > >=`."""

    operator: str
    left: Node
    right: Node
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Either:
    """`a or b or c`: the first that is not empty, or whether one of them is true."""

    operands: tuple[Node, ...]
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Both:
    """`a and b and c`."""

    operands: tuple[Node, ...]
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if condition else otherwise`."""

    then: Node
    condition: Node
    otherwise: Node
    at: int = field(compare=False)


Node = (
    Literal
    | ReferenceNode
    | Outside
    | BlockName
    | Call
    | Not
    | Negative
    | Arithmetic
    | Comparison
    | Either
    | Both
    | Conditional
)


def offset(node: Node) -> int:
    """Where a node begins in its text; `at` of an operator is the operator's own place."""
    match node:
        case Arithmetic() | Comparison():
            return offset(node.left)
        case Either() | Both():
            return offset(node.operands[0])
        case Conditional():
            return offset(node.then)
        case _:
            return node.at


def bare_word(node: Node) -> str | None:
    """The word a node is, where it is nothing but a word: `half_up`, `off`."""
    if isinstance(node, BlockName):
        return node.name if node.field_name is None else None
    return node.word if isinstance(node, ReferenceNode) else None
