"""CallWriter: calls of functions become lines of the map's program."""

from __future__ import annotations

from typing import Any

from mappings.arguments import bound
from mappings.arithmetic import ROUNDINGS, rounded, rounded_quotient
from mappings.expressions import ExpressionFault
from mappings.functions import FUNCTIONS, Form, Function
from mappings.kinds import Kind, Memo
from mappings.readers import number_reader
from mappings.scopes import pair_positions
from mappings.syntax import Arithmetic, BlockName, Call, Literal, Node, Reference, offset
from mappings.values import UNKNOWN, Value
from mappings.writer import Writer
from translators.datafile import did_you_mean
from translators.x12.guide import ElementGuide, ElementUse


class CallWriter(Writer):
    """Writes calls, by the form of their function."""

    def _call(self, node: Call) -> Value:
        function = FUNCTIONS.get(node.name)
        if function is None:
            for argument in node.arguments:
                self.translate(argument)
            raise ExpressionFault(node.at, f'no function "{node.name}"{did_you_mean(node.name, FUNCTIONS)}')
        given = bound(function, node, self._tables)
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
            raise ExpressionFault(offset(node), f"{function.name} wants a reference, as PID05 or N9/MSG.01")
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


def _implied(given: Any, element: ElementUse | None) -> int | None:
    """How many decimals are implied: as the rule says, else as the guide types the element."""
    if given == "off":
        return None
    if given != "guide":
        return int(given)
    kind = element.element.type if element is not None and isinstance(element.element, ElementGuide) else ""
    return int(kind[1:]) if kind.startswith("N") else None
