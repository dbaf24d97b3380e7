"""Translator: one expression of a map becomes lines of the map's program, its kinds checked on the way.

Every node becomes a Value: the name that holds it in the program, its kind, whether it may be absent or BAD, and what
it was made from. Absent is "" for a text and None for every other kind. All faults of an expression are collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.arithmetic import ROUNDINGS, add, multiply, rounded, rounded_quotient, subtract
from mappings.expressions import (
    Arithmetic,
    BlockName,
    Both,
    Call,
    Comparison,
    Conditional,
    Either,
    ExpressionFault,
    Literal,
    Negative,
    Node,
    Not,
    Outside,
    Reference,
)
from mappings.functions import FUNCTIONS, Accepts, Form, Function, Parameter
from mappings.kinds import Kind, Memo
from mappings.program import Program
from mappings.readers import number_reader
from mappings.scopes import Found, Match, Resolver, Scope, pair_positions
from translators.datafile import did_you_mean
from translators.x12.guide import ElementGuide, ElementUse

_ENVELOPE = re.compile(r"ISA(0[1-9]|1[0-6])|GS0[1-8]|ST0[1-3]")
_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.TIME)
_OPERATIONS = {"+": add, "-": subtract, "*": multiply}


@dataclass(frozen=True, slots=True)
class Value:
    """One value in the program.

    Args:
        code: the name (or literal) that holds it.
        kind: its kind.
        bad: it may be BAD.
        absent: it may be absent.
        sources: pairs `segment, element` as program text, or `*name` of a tuple of such pairs.
        element: the element it is, where the expression is a plain reference.
        spot: program text of its segment, and the element's number, where there is one to point at.
        choices: the values it can have, where the map writes them all out.
    """

    code: str
    kind: Kind
    bad: bool = False
    absent: bool = True
    sources: tuple[str, ...] = ()
    element: ElementUse | None = None
    spot: tuple[str, int] | None = None
    choices: frozenset[Any] | None = None


@dataclass(frozen=True, slots=True)
class BlockParts:
    """A block as expressions see it: the program's name of the list of its parts, and the kinds of their fields."""

    code: str
    fields: Mapping[str, Kind]


UNKNOWN = Value("None", Kind.UNKNOWN)


def tuple_code(sources: tuple[str, ...]) -> str:
    """Program text of the tuple of a value's sources."""
    if len(sources) == 1 and sources[0].startswith("*"):
        return sources[0][1:]
    return f"({', '.join(sources)},)" if sources else "()"


def absence(value: Value) -> str:
    """Program text that is true where the value is absent."""
    return f"not {value.code}" if value.kind in (Kind.TEXT, Kind.TEXTS) else f"{value.code} is None"


class Translator:
    """Writes expressions into a program. `scope`, `rule` and `parts` are set by the compiler before each rule.

    `fault` is called with the offset and message of every fault; `agreement_names` collects what maps read of the
    agreement.
    """

    def __init__(
        self,
        program: Program,
        resolver: Resolver,
        tables: Mapping[str, Mapping[str, str]],
        fault: Callable[[int, str], None],
    ) -> None:
        self._program = program
        self._resolver = resolver
        self._tables = tables
        self._fault = fault
        self._known: list[dict[tuple[Node, int], Value]] = [{}]
        self._constants: dict[Any, str] = {}
        self.scope: Scope
        self.rule = 0
        self.parts: Mapping[str, BlockParts] = {}
        self.agreement_names: set[str] = set()

    def translate(self, node: Node) -> Value:
        """Write a node; the name that holds its value is in the result. A value written before is not written again."""
        key = (node, id(self.scope))
        for known in self._known:
            if key in known:
                return known[key]
        try:
            value = self._node(node)
        except ExpressionFault as fault:
            self._fault(fault.at, fault.message)
            value = UNKNOWN
        if not isinstance(node, Literal) and value is not UNKNOWN:
            self._known[-1][key] = value
        return value

    def truth(self, value: Value) -> str:
        """Program text that is true where the value is true, or (any other kind) is there."""
        if value.kind in (Kind.TEXT, Kind.TEXTS, Kind.BOOL, Kind.SEGMENTS):
            return value.code
        return f"{value.code} is not None"

    def _node(self, node: Node) -> Value:
        match node:
            case Literal():
                return self._literal(node)
            case Reference():
                return self._reference(node)
            case Outside():
                return self._outside(node)
            case Call():
                return self._call(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Negative():
                value = self._wanted(node.operand, Kind.NUMBER)
                return self._worked(
                    self._constant(subtract), [Value(self._constant(Decimal(0)), Kind.NUMBER, absent=False), value]
                )
            case Comparison():
                return self._comparison(node)
            case Not():
                value = self.translate(node.operand)
                code = self._assign(f"not ({self.truth(value)})", bad=[value])
                return Value(code, Kind.BOOL, value.bad, False, value.sources)
            case Both():
                return self._both(node)
            case Either():
                return self._either(node.operands, node.at)
            case Conditional():
                return self._conditional(node)
            case BlockName():
                known = [*FUNCTIONS, "true", "false", "none"]
                hint = did_you_mean(node.name, known) or "; a text has quotes of its own within the file's, as \"'EA'\""
                raise ExpressionFault(node.at, f'"{node.name}" is no value here{hint}')

    # single nodes

    def _literal(self, node: Literal) -> Value:
        match node.value:
            case None:
                return Value("None", Kind.NOTHING)
            case bool():
                return Value(repr(node.value), Kind.BOOL, absent=False)
            case str():
                return Value(repr(node.value), Kind.TEXT, absent=not node.value, choices=frozenset({node.value}))
            case Decimal():
                choices = frozenset({node.value})
                return Value(self._constant(node.value), Kind.NUMBER, absent=False, choices=choices)

    def _outside(self, node: Outside) -> Value:
        if node.source == "env" and _ENVELOPE.fullmatch(node.name) is None:
            raise ExpressionFault(
                node.at, f"env.{node.name} is not known; want an element of ISA, GS or ST, as env.GS03"
            )
        if node.source == "file" and node.name != "name":
            raise ExpressionFault(node.at, f"file.{node.name} is not known; there is file.name")
        if node.source == "agreement":
            self.agreement_names.add(node.name)
        code = self._assign(f"{node.source}.get({node.name!r}, '')")
        return Value(code, Kind.TEXT, sources=(f"{node.source + '.' + node.name!r}, 0",))

    def _reference(self, node: Reference) -> Value:
        found = self._resolver.find(node, self.scope)
        if found.element is None:
            return self._presence(found)
        number = found.element.position
        level = found.scope.level
        if found.match is None:
            text, segment, bad = f"u{level}[{number}] if n{level} > {number} else ''", f"t{level}", False
            code = self._assign(text)
        elif found.index is not None:
            found.match.all_of = True
            segment, elements, at = self._program.fresh("g"), self._program.fresh("e"), found.index - 1
            listed = f"x{found.match.number}"
            self._program.line(f"{segment} = {listed}[{at}] if len({listed}) > {at} else None")
            self._program.line(f"{elements} = EMPTY if {segment} is None else {segment}.elements")
            code = self._assign(f"{elements}[{number}] if len({elements}) > {number} else ''")
            bad = self._one_only(node, found.above, code)
        else:
            found.match.one = True
            which = found.match.number
            segment = f"s{which}"
            code = self._assign(f"e{which}[{number}] if len(e{which}) > {number} else ''")
            bad = self._one_only(node, (*found.above, found.match), code)
        if node.component is not None:
            code = self._assign(f"COMPONENT({code}, {node.component}, separator)", bad=[Value(code, Kind.TEXT, bad)])
        element = None if node.component is not None else found.element
        return Value(code, Kind.TEXT, bad, True, (f"{segment}, {number}",), element, (segment, number))

    def _one_only(self, node: Reference, matches: tuple[Match, ...], code: str) -> bool:
        """Make the value BAD where a step of its path matches several segments; whether it may."""
        for position, match in enumerate(matches):
            match.one = True
            with self._program.block(f"{'elif' if position else 'if'} m{match.number}:"):
                self._program.line(
                    f"{code} = report.several({self.rule}, s{match.number}, {node.text!r}, {match.number})"
                )
        return bool(matches)

    def _presence(self, found: Found) -> Value:
        if found.match is None:
            return Value("True", Kind.SEGMENTS, absent=False)
        found.match.all_of = True
        listed = f"x{found.match.number}"
        code = self._assign(f"bool({listed})" if found.index is None else f"len({listed}) >= {found.index}")
        return Value(code, Kind.SEGMENTS, absent=False)

    def _arithmetic(self, node: Arithmetic) -> Value:
        if node.operator == "/":
            self.translate(node.left)
            self.translate(node.right)
            raise ExpressionFault(node.at, "a division says how it is rounded: round(x / y, 2)")
        left, right = self._wanted(node.left, Kind.NUMBER), self._wanted(node.right, Kind.NUMBER)
        return self._worked(self._constant(_OPERATIONS[node.operator]), [left, right])

    def _comparison(self, node: Comparison) -> Value:
        left, right = self.translate(node.left), self.translate(node.right)
        kinds = {left.kind, right.kind} - {Kind.UNKNOWN, Kind.NOTHING}
        if len(kinds) > 1:
            told = " and ".join(sorted(kinds))
            hint = "; num(..) reads a number" if kinds == {Kind.TEXT, Kind.NUMBER} else ""
            raise ExpressionFault(node.at, f"{told} do not compare{hint}")
        if kinds & {Kind.SEGMENTS, Kind.TEXTS}:
            raise ExpressionFault(node.at, "only single values compare; count(..) counts")
        if node.operator not in ("==", "!=") and not kinds <= {*_ORDERED}:
            raise ExpressionFault(node.at, f"{node.operator} wants numbers, dates or times; num(..) reads a number")
        text = f"{left.code} {node.operator} {right.code}"
        if node.operator not in ("==", "!="):
            guards = [f"{value.code} is not None and " for value in (left, right) if value.absent]
            text = "".join(guards) + text
        elif left.kind is Kind.NOTHING or right.kind is Kind.NOTHING:
            value = right if left.kind is Kind.NOTHING else left
            text = absence(value) if node.operator == "==" else f"not ({absence(value)})"
        code = self._assign(text, bad=[left, right])
        return Value(code, Kind.BOOL, left.bad or right.bad, False, left.sources + right.sources)

    def _both(self, node: Both) -> Value:
        code = self._program.fresh("v")
        bad = False
        sources: tuple[str, ...] = ()
        for position, operand in enumerate(node.operands):
            header = f"if {code} is True:" if position else None
            with self._branch(header):
                value = self.translate(operand)
                text = f"BAD if {value.code} is BAD else " if value.bad else ""
                self._program.line(f"{code} = {text}bool({self.truth(value)})")
            bad = bad or value.bad
            sources = sources + value.sources if not position else sources
        return Value(code, Kind.BOOL, bad, False, sources)

    def _either(self, operands: tuple[Node, ...], at: int) -> Value:
        code, origin = self._program.fresh("v"), self._program.fresh("q")
        values: list[Value] = []
        for operand in operands:
            header = None
            if values:
                kind = values[0].kind
                header = f"if {absence(Value(code, kind))}:" if kind is not Kind.BOOL else f"if {code} is False:"
            with self._branch(header):
                value = self.translate(operand)
                values.append(value)
                self._program.line(f"{code} = {value.code}")
                self._program.line(f"{origin} = {tuple_code(value.sources)}")
        kinds = {value.kind for value in values} - {Kind.UNKNOWN}
        if kinds & {Kind.SEGMENTS, Kind.NOTHING}:
            raise ExpressionFault(at, "or joins values; want a value on each side")
        if len(kinds) > 1:
            raise ExpressionFault(at, f"or joins values of one kind; found {' and '.join(sorted(kinds))}")
        if not kinds:
            return UNKNOWN
        choices = None
        if all(value.choices is not None for value in values):
            choices = frozenset(choice for value in values for choice in value.choices or ())
        return Value(
            code,
            kinds.pop(),
            any(value.bad for value in values),
            all(value.absent for value in values),
            (f"*{origin}",),
            None,
            next((value.spot for value in values if value.spot is not None), None) if values[0].spot else None,
            choices,
        )

    def _conditional(self, node: Conditional) -> Value:
        condition = self.translate(node.condition)
        code, origin = self._program.fresh("v"), self._program.fresh("q")
        word = "if"
        if condition.bad:
            with self._program.block(f"if {condition.code} is BAD:"):
                self._program.line(f"{code} = BAD")
                self._program.line(f"{origin} = ()")
            word = "elif"
        values = []
        for header, branch in ((f"{word} {self.truth(condition)}:", node.then), ("else:", node.otherwise)):
            with self._branch(header):
                value = self.translate(branch)
                values.append(value)
                self._program.line(f"{code} = {value.code}")
                self._program.line(f"{origin} = {tuple_code(value.sources)}")
        then, otherwise = values
        kinds = {then.kind, otherwise.kind} - {Kind.UNKNOWN, Kind.NOTHING}
        if len(kinds) > 1:
            raise ExpressionFault(node.at, f"both sides want one kind of value; found {' and '.join(sorted(kinds))}")
        if Kind.SEGMENTS in kinds:
            raise ExpressionFault(node.at, "want a value on each side, not segments")
        if not kinds:
            return UNKNOWN if Kind.UNKNOWN in (then.kind, otherwise.kind) else Value("None", Kind.NOTHING)
        kind = kinds.pop()
        if kind is Kind.TEXT and Kind.NOTHING in (then.kind, otherwise.kind):
            with self._program.block(f"if {code} is None:"):
                self._program.line(f"{code} = ''")
        choices = None
        if all(value.choices is not None or value.kind is Kind.NOTHING for value in values):
            choices = frozenset(choice for value in values for choice in value.choices or ())
        absent = then.absent or otherwise.absent
        bad = condition.bad or then.bad or otherwise.bad
        return Value(code, kind, bad, absent, (f"*{origin}",), None, None, choices)

    # calls

    def _call(self, node: Call) -> Value:
        function = FUNCTIONS.get(node.name)
        if function is None:
            for argument in node.arguments:
                self.translate(argument)
            raise ExpressionFault(node.at, f'no function "{node.name}"{did_you_mean(node.name, FUNCTIONS)}')
        given = self._bound(function, node)
        match function.form:
            case Form.READER:
                return self._read(function, given)
            case Form.VALUE:
                values = [self._wanted(argument, Kind.TEXT) for argument in node.arguments]
                code = self._assign(" + ".join(value.code for value in values), bad=values)
                sources = tuple(source for value in values for source in value.sources)
                absent = all(value.absent for value in values)
                return Value(code, Kind.TEXT, any(value.bad for value in values), absent, sources)
            case Form.EITHER:
                return self._either(node.arguments, node.at)
            case Form.ROUND:
                return self._round(node.arguments[0], places=given["places"], mode=given["mode"])
            case Form.PAIR:
                return self._pair(node)
            case Form.GATHER:
                return self._gather(function, node.arguments[0], given)

    def _bound(self, function: Function, node: Call) -> dict[str, Any]:
        """The arguments by parameter: nodes for values, the value itself for what the map writes out."""
        plain = [parameter for parameter in function.parameters if not parameter.named]
        needed = sum(not parameter.optional for parameter in plain)
        many = bool(plain) and plain[-1].many
        count = len(node.arguments)
        if count < needed or (count > len(plain) and not many):
            at = node.at if count < needed else _offset(node.arguments[len(plain)])
            for argument in node.arguments if count < needed else node.arguments[: len(plain)]:
                if not isinstance(argument, BlockName):
                    self.translate(argument)
            raise ExpressionFault(at, f"found {count} arguments; want {function.signature}")
        given: dict[str, Any] = {parameter.name: parameter.default for parameter in function.parameters}
        for position, argument in enumerate(node.arguments):
            parameter = plain[min(position, len(plain) - 1)]
            given[parameter.name] = self._argument(parameter, argument)
        named = {parameter.name: parameter for parameter in function.parameters if parameter.named}
        for name, argument in node.named:
            if name not in named:
                raise ExpressionFault(
                    _offset(argument),
                    f'{function.name} has no "{name}="{did_you_mean(name, named)}; want {function.signature}',
                )
            given[name] = self._argument(named[name], argument)
        return given

    def _argument(self, parameter: Parameter, node: Node) -> Any:
        at = _offset(node)
        word = node.name if isinstance(node, BlockName) and node.field_name is None else None
        match parameter.accepts:
            case Accepts.VALUE | Accepts.REFERENCE:
                return node
            case Accepts.TEXT:
                if not isinstance(node, Literal) or not isinstance(node.value, str) or not node.value:
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
                if node.value not in self._tables:
                    raise ExpressionFault(at, f'no table "{node.value}"{did_you_mean(node.value, self._tables)}')
                return (node.value, self._tables[node.value])
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

    def _read(self, function: Function, given: dict[str, Any]) -> Value:
        value = self._wanted(given.pop(function.parameters[0].name), Kind.TEXT)
        choices = None
        if function.name == "num":
            given["implied"] = _implied(given["implied"], value.element)
        if function.name == "code" and value is not UNKNOWN:
            choices = frozenset(given["table"][1].values())
        key = (function.name, *(held[0] if isinstance(held, tuple) else held for held in given.values()))
        if key not in self._constants:
            assert function.make is not None
            reader = function.make(*given.values())
            remembered = Memo(reader, absent="" if function.result is Kind.TEXT else None)
            self._constants[key] = self._program.constant(remembered if function.remembers else reader)
        name = self._constants[key]
        code = self._assign(f"{name}[{value.code}]" if function.remembers else f"{name}({value.code})", bad=[value])
        if function.fails:
            self._check(code, found=value.code, sources=value.sources)
        bad = value.bad or function.fails
        return Value(code, function.result, bad, True, value.sources, None, value.spot, choices)

    def _round(self, node: Node, *, places: int, mode: str) -> Value:
        assert mode in ROUNDINGS
        if isinstance(node, Arithmetic) and node.operator == "/":
            values = [self._wanted(node.left, Kind.NUMBER), self._wanted(node.right, Kind.NUMBER)]
            return self._worked(self._constant(rounded_quotient), values, f", places={places}, mode={mode!r}")
        value = self._wanted(node, Kind.NUMBER)
        return self._worked(self._constant(rounded), [value], f", places={places}, mode={mode!r}")

    def _pair(self, node: Call) -> Value:
        scope = self.scope
        positions = pair_positions(scope.trigger)
        if not positions:
            raise ExpressionFault(node.at, f"{scope.trigger.id} has no qualifier and id pairs")
        guide = scope.trigger.elements[positions[0] - 1].element
        codes = guide.codes if isinstance(guide, ElementGuide) else None
        qualifiers = []
        for argument in node.arguments:
            assert isinstance(argument, Literal)
            qualifiers.append(str(argument.value))
            if codes is not None and argument.value not in codes:
                hint = did_you_mean(str(argument.value), sorted(codes))
                self._fault(argument.at, f"{argument.value} is no product id qualifier{hint}")
        scope.pairs = True
        level, at = scope.level, self._program.fresh("i")
        tried = " or ".join(f"p{level}.get({qualifier!r})" for qualifier in qualifiers)
        self._program.line(f"{at} = {tried} or 0")
        code = self._assign(f"u{level}[{at}] if {at} else ''")
        with self._program.block(f"if {at} < 0:"):
            self._program.line(f"{code} = report.several_pairs({self.rule}, t{level}, -{at})")
        return Value(code, Kind.TEXT, True, True, (f"t{level}, {at}",), None, (f"t{level}", positions[0]))

    def _gather(self, function: Function, node: Node, given: dict[str, Any]) -> Value:
        if isinstance(node, BlockName):
            return self._gather_block(function, node)
        if not isinstance(node, Reference):
            raise ExpressionFault(_offset(node), f"{function.name} wants a reference, as PID05 or N9/MSG.01")
        found = self._resolver.find(node, self.scope)
        if found.index is not None or node.component is not None:
            raise ExpressionFault(node.at, f"{function.name} takes every segment and the whole element")
        listed = f"(t{found.scope.level},)"
        if found.match is not None:
            found.match.all_of = True
            listed = f"x{found.match.number}"
        if found.element is None:
            if function.name != "count":
                raise ExpressionFault(node.at, f"{function.name} wants an element, as {node.text}.01")
            return Value(self._assign(f"DECIMAL(len({listed}))"), Kind.NUMBER, absent=False)
        number = found.element.position
        code, origin = self._program.fresh("v"), self._program.fresh("q")
        spot = (listed[1:-2], number) if found.match is None else None
        bad = False
        match function.name:
            case "first" | "last":
                self._program.line(f"{code} = ''")
                self._program.line(f"{origin} = ()")
                with self._program.block(f"for g in {listed if function.name == 'first' else f'reversed({listed})'}:"):
                    self._program.line("f = g.elements")
                    with self._program.block(f"if len(f) > {number} and f[{number}]:"):
                        self._program.line(f"{code} = f[{number}]")
                        self._program.line(f"{origin} = (g, {number})")
                        self._program.line("break")
            case "count":
                self._program.line(f"{code} = DECIMAL(len(ALL({listed}, {number})[0]))")
                self._program.line(f"{origin} = ()")
            case "sum":
                name = self._constant(Memo(number_reader(_implied("guide", found.element)), absent=None), shared=False)
                self._program.line(f"{code}, {origin} = SUM({name}, {listed}, {number})")
                self._check(code, found=None, sources=(f"*{origin}",))
                bad = True
            case "join":
                self._program.line(f"{code}, {origin} = ALL({listed}, {number})")
                self._program.line(f"{code} = {given['separator']!r}.join({code})")
            case _:
                self._program.line(f"{code}, {origin} = ALL({listed}, {number})")
        absent = function.result is not Kind.NUMBER
        return Value(code, function.result, bad, absent, (f"*{origin}",), None, spot)

    def _gather_block(self, function: Function, node: BlockName) -> Value:
        parts = self.parts.get(node.name)
        if parts is None:
            raise ExpressionFault(node.at, f'no block "{node.name}" here{did_you_mean(node.name, self.parts)}')
        if function.name == "count":
            if node.field_name is not None:
                raise ExpressionFault(node.at, f"want the block alone, as count({node.name})")
            return Value(self._assign(f"DECIMAL(len({parts.code}))"), Kind.NUMBER, absent=False)
        if function.name != "sum" or node.field_name is None:
            raise ExpressionFault(node.at, f"{function.name} wants a reference; of a block there are count and sum")
        kind = parts.fields.get(node.field_name)
        if kind is None:
            hint = did_you_mean(node.field_name, parts.fields)
            raise ExpressionFault(node.at, f'no rule of {node.name} fills "{node.field_name}"{hint}')
        if kind not in (Kind.NUMBER, Kind.UNKNOWN):
            raise ExpressionFault(node.at, f"{node.name}.{node.field_name} is a {kind}; want a number")
        code = self._assign(f"TOTAL([part.get({node.field_name!r}) for part in {parts.code}])")
        self._check(code, found=None, sources=())
        return Value(code, Kind.NUMBER, True, False)

    # pieces of program

    def _wanted(self, node: Node, kind: Kind) -> Value:
        value = self.translate(node)
        if value.kind not in (kind, Kind.UNKNOWN):
            hint = ""
            if kind is Kind.NUMBER and value.kind is Kind.TEXT:
                hint = "; num(..) reads a number"
            self._fault(_offset(node), f"found a {value.kind}; want a {kind}{hint}")
            return UNKNOWN
        return value

    def _worked(self, work: str, values: list[Value], further: str = "") -> Value:
        """A function of numbers, absent where one of them is."""
        code = self._program.fresh("v")
        sources = tuple(source for value in values for source in value.sources)
        word = "if"
        for test, result in (
            (" or ".join(f"{value.code} is BAD" for value in values if value.bad), "BAD"),
            (" or ".join(absence(value) for value in values if value.absent), "None"),
        ):
            if test:
                with self._program.block(f"{word} {test}:"):
                    self._program.line(f"{code} = {result}")
                word = "elif"
        call = f"{code} = {work}({', '.join(value.code for value in values)}{further})"
        with self._branch("else:" if word == "elif" else None):
            self._program.line(call)
            self._check(code, found=None, sources=sources)
        return Value(code, Kind.NUMBER, True, any(value.absent for value in values), sources)

    def _assign(self, text: str, bad: list[Value] | None = None) -> str:
        code = self._program.fresh("v")
        tests = [f"{value.code} is BAD" for value in bad or () if value.bad]
        self._program.line(f"{code} = BAD if {' or '.join(tests)} else {text}" if tests else f"{code} = {text}")
        return code

    def _check(self, code: str, *, found: str | None, sources: tuple[str, ...]) -> None:
        with self._program.block(f"if {code}.__class__ is UNREADABLE:"):
            self._program.line(
                f"{code} = report.unreadable({self.rule}, {code}, {found or code + '.found'}, {tuple_code(sources)})"
            )

    def _constant(self, value: Any, *, shared: bool = True) -> str:
        key = (type(value), value) if shared else object()
        if key not in self._constants:
            self._constants[key] = self._program.constant(value)
        return self._constants[key]

    @contextmanager
    def _branch(self, header: str | None) -> Iterator[None]:
        """Lines that are not always run: what they work out is not known after them."""
        if header is None:
            yield
            return
        with self._program.block(header):
            self._known.append({})
            try:
                yield
            finally:
                self._known.pop()


def _implied(given: Any, element: ElementUse | None) -> int | None:
    if given == "off":
        return None
    if given != "guide":
        return int(given)
    kind = element.element.type if element is not None and isinstance(element.element, ElementGuide) else ""
    return int(kind[1:]) if kind.startswith("N") else None


def _offset(node: Node) -> int:
    """Where a node begins in its text."""
    match node:
        case Arithmetic() | Comparison():
            return _offset(node.left)
        case Either() | Both():
            return _offset(node.operands[0])
        case Conditional():
            return _offset(node.then)
        case _:
            return node.at
