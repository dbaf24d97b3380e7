"""Arguments: a call's arguments bound to a function's parameters, and what the map writes out checked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.expressions import ExpressionFault
from mappings.signatures import Accepts, Function, Parameter
from mappings.syntax import Call, Literal, Node, ReferenceNode, bare_word, offset
from translators.datafile import did_you_mean

Tables = Mapping[str, Mapping[str, str]]
"""The map's code tables: name -> code -> word."""


def bound(function: Function, node: Call, tables: Tables) -> dict[str, Any]:
    """The arguments by parameter: nodes for values, the value itself for what the map writes out.

    Raises:
        ExpressionFault: their number, names or kinds are not the function's.
    """
    plain = [parameter for parameter in function.parameters if not parameter.named]
    needed = sum(not parameter.optional for parameter in plain)
    many = bool(plain) and plain[-1].many
    arguments = node.arguments
    if function.segment_first and arguments and isinstance(arguments[0], ReferenceNode):
        arguments = arguments[1:]
    count = len(arguments)
    if count < needed or (count > len(plain) and not many):
        at = node.at if count < needed else offset(arguments[len(plain)])
        raise ExpressionFault(at, f"found {count} arguments; want {function.signature}")
    given: dict[str, Any] = {parameter.name: parameter.default for parameter in function.parameters}
    for position, argument in enumerate(arguments):
        parameter = plain[min(position, len(plain) - 1)]
        given[parameter.name] = _argument(parameter, argument, tables)
    named = {parameter.name: parameter for parameter in function.parameters if parameter.named}
    for name, argument in node.named:
        if name not in named:
            raise ExpressionFault(
                offset(argument),
                f'{function.name} has no "{name}="{did_you_mean(name, named)}; want {function.signature}',
            )
        given[name] = _argument(named[name], argument, tables)
    return given


def _argument(parameter: Parameter, node: Node, tables: Tables) -> Any:
    at = offset(node)
    word = bare_word(node)
    match parameter.accepts:
        case Accepts.VALUE | Accepts.REFERENCE:
            return node
        case Accepts.TEXT:
            if not isinstance(node, Literal) or not isinstance(node.value, str) or not (node.value or parameter.empty):
                raise ExpressionFault(at, f"want the {parameter.name} in quotes")
            if parameter.words and node.value not in parameter.words:
                known = did_you_mean(node.value, parameter.words)
                raise ExpressionFault(at, f"want one of {', '.join(parameter.words)}{known}")
            if parameter.limits != (0, 0) and not parameter.limits[0] <= len(node.value) <= parameter.limits[1]:
                raise ExpressionFault(at, f"want the {parameter.name} with {parameter.limits[1]} character")
            return node.value
        case Accepts.TABLE:
            if not isinstance(node, Literal) or not isinstance(node.value, str):
                raise ExpressionFault(at, "want the name of a table in quotes")
            if node.value not in tables:
                raise ExpressionFault(at, f'no table "{node.value}"{did_you_mean(node.value, tables)}')
            return (node.value, tables[node.value])
        case Accepts.WORD:
            if word not in parameter.words:
                raise ExpressionFault(at, f"want one of {', '.join(parameter.words)}")
            return word
        case Accepts.WHOLE:
            low, high = parameter.limits
            if word is not None and word in parameter.words:
                return word
            number = node.value if isinstance(node, Literal) else None
            if isinstance(number, Decimal) and low <= number <= high and number == int(number):
                return int(number)
            raise ExpressionFault(at, f"want {parameter.name} as a whole number from {low} to {high}")
