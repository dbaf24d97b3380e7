"""CallWriter: calls of functions become lines of the map's program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.arguments import bound
from mappings.arithmetic import ROUNDINGS, rounded, rounded_quotient
from mappings.expressions import ExpressionFault
from mappings.functions import FUNCTIONS
from mappings.kinds import Kind, Memo
from mappings.patterns import PatternFault
from mappings.readers import code_reader, number_reader
from mappings.signatures import Accepts, Form, Function
from mappings.syntax import Arithmetic, BlockName, Call, Node, ReferenceNode, offset
from mappings.values import UNKNOWN, BlockParts, Value, absence
from mappings.writer import Writer
from translators.datafile import did_you_mean

_OVER = {"sum": "TOTAL", "min": "SMALLEST", "max": "LARGEST"}
"""Aggregates of numbers that are numbers already."""


class CallWriter(Writer):
    """Writes calls, by the form of their function."""

    def _call(self, node: Call) -> Value:
        function = FUNCTIONS.get(node.name)
        if function is None:
            for argument in node.arguments:
                self.translate(argument)
            raise ExpressionFault(node.at, f'no function "{node.name}"{did_you_mean(node.name, FUNCTIONS)}')
        if function.form is Form.SOURCE and function.name not in self.source.functions:
            raise ExpressionFault(node.at, f"{node.name} is not known for this source")
        given = bound(function, node, self._tables)
        match function.form:
            case Form.READER:
                return self._read(function, given)
            case Form.VALUE:
                values = self._each_mutated([self._wanted(argument, Kind.TEXT) for argument in node.arguments])
                code = self.assign(" + ".join(value.code for value in values), bad=values)
                sources = tuple(source for value in values for source in value.sources)
                absent = all(value.absent for value in values)
                return Value(code, Kind.TEXT, any(value.bad for value in values), absent, sources)
            case Form.WORK:
                return self._work(function, given)
            case Form.EITHER:
                return self._either(node.arguments, node.at)
            case Form.ROUND:
                return self._round(node.arguments[0], places=given["places"], mode=given["mode"])
            case Form.SOURCE:
                return self.source.call(node, self)
            case Form.COUNTER:
                return self._counter(node, given["name"])
            case Form.GATHER:
                if len(node.arguments) > 1 and function.parameters[0].many:
                    return self._gathered([self._gather(function, each, given) for each in node.arguments])
                return self._gather(function, node.arguments[0], given)

    def _read(self, function: Function, given: dict[str, Any]) -> Value:
        argument = given.pop(function.parameters[0].name)
        value = self.translate(argument)
        if function.writes is not None and value.kind is function.writes:
            return self._written(function, value, given)
        value = self._wanted(argument, Kind.TEXT)
        choices = None
        if function.name == "num":
            given["implied"] = _implied(given["implied"], value.decimals)
        if function.name == "code" and value is not UNKNOWN:
            choices = frozenset(given["table"][1].values())
        no_text_of_the_map = not any(isinstance(argument, str | tuple) for argument in given.values())
        switched = function.name == "code" and self.program.mutable
        remembers = function.remembers and not switched
        key = (function.name, *(held[0] if isinstance(held, tuple) else held for held in given.values()))
        if key not in self._constants:
            assert function.make is not None
            try:
                reader = function.make(*given.values())
            except PatternFault as fault:
                raise ExpressionFault(offset(argument), f"the pattern does not read: {fault.message}") from fault
            if switched:
                reader = self._switched(reader, given["table"][0])
            remembered = Memo(reader, absent="" if function.result is Kind.TEXT else None)
            self._constants[key] = self.program.constant(remembered if remembers else reader)
        name = self._constants[key]
        code = self.assign(f"{name}[{value.code}]" if remembers else f"{name}({value.code})", bad=[value])
        if function.fails:
            self.check(code, found=value.code, sources=value.sources)
        bad = value.bad or function.fails
        sound = function.result is not Kind.TEXT or (value.sound and no_text_of_the_map)
        return Value(code, function.result, bad, True, value.sources, None, value.spot, choices, sound)

    def _switched(self, reader: Callable[[str], Any], table: str) -> Callable[[str], Any]:
        """A reader of codes that does not know the row whose mutant is switched on."""
        switch, rows, unknown = self.program.switch, self.program.rows, code_reader({}, table)

        def read(text: str) -> Any:
            if not text:
                return ""
            return unknown(text) if switch[0] == rows.get((table, text), -1) else reader(text)

        return read

    def _work(self, function: Function, given: dict[str, Any]) -> Value:
        values, further = [], ""
        for parameter in function.parameters:
            if parameter.accepts is Accepts.VALUE:
                values.append(self._wanted(given[parameter.name], parameter.kinds[0]))
            else:
                further += f", {parameter.name}={given[parameter.name]!r}"
        if UNKNOWN in values:
            return UNKNOWN
        if function.around:
            further = f", around.{function.around}{further}"
        return self._worked(self.constant(function.work), values, further, function.result)

    def _written(self, function: Function, value: Value, given: dict[str, Any]) -> Value:
        """A value as text, by the function that reads such texts."""
        if "implied" in given:
            given["implied"] = _implied(given["implied"], None)
        assert function.unmake is not None
        name = self.constant(function.unmake(*given.values()), shared=False)
        code = self.program.fresh("v")
        tests = [f"BAD if {value.code} is BAD else "] if value.bad else []
        tests += [f"'' if {absence(value)} else "] if value.absent else []
        self.program.line(f"{code} = {''.join(tests)}{name}({value.code})")
        self.check(code, found=None, sources=value.sources)
        return Value(code, Kind.TEXT, True, value.absent, value.sources, None, value.spot)

    def _counter(self, node: Call, name: str | None) -> Value:
        self.volatile += 1
        if name is None:
            if not self.position:
                raise ExpressionFault(node.at, "counter() numbers the parts of a block; give it a name here")
            return Value(self.assign(f"DECIMAL({self.position})"), Kind.NUMBER, absent=False)
        if name not in self.counters:
            self.counters[name] = self.program.fresh("n")
            with self.program.filling(self.top):
                self.program.line(f"{self.counters[name]} = 0")
        self.program.line(f"{self.counters[name]} += 1")
        return Value(self.assign(f"DECIMAL({self.counters[name]})"), Kind.NUMBER, absent=False)

    def _round(self, node: Node, *, places: int, mode: str) -> Value:
        assert mode in ROUNDINGS
        if isinstance(node, Arithmetic) and node.operator == "/":
            values = [self._wanted(node.left, Kind.NUMBER), self._wanted(node.right, Kind.NUMBER)]
            return self._worked(self.constant(rounded_quotient), values, f", places={places}, mode={mode!r}")
        value = self._wanted(node, Kind.NUMBER)
        return self._worked(self.constant(rounded), [value], f", places={places}, mode={mode!r}")

    def _gather(self, function: Function, node: Node, given: dict[str, Any]) -> Value:
        if isinstance(node, BlockName) or (isinstance(node, ReferenceNode) and _is_block(node, self.parts)):
            return self._gather_block(function, node)
        if not isinstance(node, ReferenceNode):
            raise ExpressionFault(offset(node), f"{function.name} wants a reference, as PID05 or N9/MSG.01")
        if function.name in ("first", "last"):
            return self.source.one_of(function.name, node, self)
        if function.name == "count":
            return Value(self.assign(f"DECIMAL({self.source.counted(node, self)})"), Kind.NUMBER, absent=False)
        found = self.source.listed(node, self)
        code = self.program.fresh("v")
        sources = (f"*{found.origins}",)
        if function.result is Kind.NUMBER:
            if found.kind is Kind.TEXT and not found.typed:
                name = self.constant(Memo(number_reader(found.decimals), absent=None), shared=False)
                work = {"sum": "SUM", "min": "LEAST", "max": "GREATEST"}[function.name]
                self.program.line(f"{code}, {found.origins} = {work}({name}, {found.values}, {found.origins})")
            elif found.kind is Kind.NUMBER:
                self.program.line(f"{code} = {_OVER[function.name]}({found.values})")
            else:
                raise ExpressionFault(node.at, f"{node.text} is a {found.kind}; want numbers")
            self.check(code, found=None, sources=sources)
            return Value(code, Kind.NUMBER, True, function.name != "sum", sources, None, found.spot)
        if found.kind is not Kind.TEXT:
            raise ExpressionFault(node.at, f"{node.text} is a {found.kind}; want texts")
        if function.name == "join":
            self.program.line(f"{code} = {given['separator']!r}.join({found.values})")
        else:
            self.program.line(f"{code} = {found.values}")
        return Value(code, function.result, False, True, sources, None, found.spot)

    def _gathered(self, lists: list[Value]) -> Value:
        """Lists of texts, one after another."""
        lists = self._each_mutated(lists)
        code = self.assign(" + ".join(found.code for found in lists))
        sources = tuple(source for found in lists for source in found.sources)
        return Value(code, Kind.TEXTS, False, True, sources, None, lists[0].spot)

    def _each_mutated(self, values: list[Value]) -> list[Value]:
        """The arguments of a call, each absent while its mutant is switched on."""
        return [self.mutated(value, f"argument {number} left out") for number, value in enumerate(values, 1)]

    def _gather_block(self, function: Function, node: BlockName | ReferenceNode) -> Value:
        if isinstance(node, ReferenceNode):
            name, _, field_name = node.text.partition(".")
            node = BlockName(name, field_name or None, node.at)
        parts = self.parts.get(node.name)
        if parts is None:
            raise ExpressionFault(node.at, f'no block "{node.name}" here{did_you_mean(node.name, self.parts)}')
        if function.name == "count":
            if node.field_name is not None:
                raise ExpressionFault(node.at, f"want the block alone, as count({node.name})")
            count = parts.count or f"len({parts.code})"
            return Value(self.assign(f"DECIMAL({count})"), Kind.NUMBER, absent=False)
        if function.name not in _OVER or node.field_name is None:
            told = "wants a reference; of a block there are count, sum, min and max"
            raise ExpressionFault(node.at, f"{function.name} {told}")
        kind = parts.fields.get(node.field_name)
        if kind is None:
            hint = did_you_mean(node.field_name, parts.fields)
            raise ExpressionFault(node.at, f'no rule of {node.name} fills "{node.field_name}"{hint}')
        if kind not in (Kind.NUMBER, Kind.UNKNOWN):
            raise ExpressionFault(node.at, f"{node.name}.{node.field_name} is a {kind}; want a number")
        held = f".__dict__[{node.field_name!r}]" if parts.made else f".get({node.field_name!r})"
        code = self.assign(f"{_OVER[function.name]}([part{held} for part in {parts.code}])")
        self.check(code, found=None, sources=())
        return Value(code, Kind.NUMBER, True, function.name != "sum")


def _implied(given: Any, decimals: int | None) -> int | None:
    """How many decimals are implied: as the rule says, else as the source types the value."""
    if given == "off":
        return None
    return decimals if given == "guide" else int(given)


def _is_block(node: ReferenceNode, parts: Mapping[str, BlockParts]) -> bool:
    """A reference that is the name of a block, `lines` or `lines.qty`, and not a field of the source."""
    return node.text.split(".")[0] in parts and "[" not in node.text
