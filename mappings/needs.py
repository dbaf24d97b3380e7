"""What must be there for an expression to have a value: rules that need the same part are written behind one test."""

from __future__ import annotations

from typing import Any

from mappings.functions import FUNCTIONS
from mappings.signatures import Form
from mappings.source import Source
from mappings.syntax import Call, Comparison, Conditional, Either, Literal, Node, ReferenceNode


def need(node: Node, source: Source, scope: Any) -> str | None:
    """The program's name of what must be there; without it the expression is absent and makes no issue.

    Args:
        node: the expression.
        source: what its references are of.
        scope: where it stands.

    Returns:
        The name; None where nothing can be said.

    Raises:
        ExpressionFault: as `Source.read`.
    """
    match node:
        case ReferenceNode():
            return source.needed(node, scope)
        case Call() if node.arguments:
            function = FUNCTIONS.get(node.name)
            if function is not None and function.form is Form.SOURCE and function.segment_first:
                return source.needed_by(node, scope)
            reads = function is not None and function.form is Form.READER and function.remembers
            return need(node.arguments[0], source, scope) if reads else None
        case Either():
            needs = {need(operand, source, scope) for operand in node.operands}
            return needs.pop() if len(needs) == 1 else None
        case Conditional(condition=Comparison(operator="==", left=ReferenceNode() as left, right=Literal() as right)):
            wanted = need(left, source, scope) if isinstance(right.value, str) and right.value else None
            other = node.otherwise
            if isinstance(other, Literal) and other.value is None:
                return wanted
            return wanted if need(other, source, scope) == wanted else None
        case _:
            return None
