"""Translator: one expression of a map becomes lines of the map's program, its kinds checked on the way.

Every node becomes a Value: the name that holds it in the program, its kind, whether it may be absent or BAD, and what
it was made from. Absent is "" for a text and None for every other kind. All faults of an expression are collected.
"""

from __future__ import annotations

from decimal import Decimal

from mappings.arithmetic import add, multiply, subtract
from mappings.calls import CallWriter
from mappings.expressions import ExpressionFault
from mappings.functions import FUNCTIONS
from mappings.kinds import Kind
from mappings.syntax import (
    Arithmetic,
    BlockName,
    Both,
    Call,
    Comparison,
    Conditional,
    Either,
    Literal,
    Negative,
    Node,
    Not,
    Outside,
    ReferenceNode,
)
from mappings.values import UNKNOWN, Value, absence, tuple_code
from translators.datafile import did_you_mean

_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.TIME)
_OPERATIONS = {"+": add, "-": subtract, "*": multiply}


class Translator(CallWriter):
    """Writes expressions; what is worked out once in a scope is not written again."""

    def translate(self, node: Node) -> Value:
        """Write a node; the name that holds its value is in the result."""
        key = (self.number_of(node), self.scope)
        for known in self._known:
            if key in known:
                return known[key]
        before = self.volatile
        try:
            value = self._node(node)
        except ExpressionFault as fault:
            self.fault(fault.at, fault.message)
            value = UNKNOWN
        if not isinstance(node, Literal) and value is not UNKNOWN and self.volatile == before:
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
            case ReferenceNode():
                return self.source.read(node, self)
            case Outside():
                return self._outside(node)
            case Call():
                return self._call(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Negative():
                value = self._wanted(node.operand, Kind.NUMBER)
                return self._worked(
                    self.constant(subtract), [Value(self.constant(Decimal(0)), Kind.NUMBER, absent=False), value]
                )
            case Comparison():
                return self._comparison(node)
            case Not():
                value = self.translate(node.operand)
                code = self.assign(f"not ({self.truth(value)})", bad=[value])
                return Value(code, Kind.BOOL, value.bad, False, value.sources)
            case Both():
                return self._both(node)
            case Either():
                return self._either(node.operands, node.at)
            case Conditional():
                return self._conditional(node)
            case BlockName() if node.name == "each" and node.field_name is None:
                if self.each is None:
                    raise ExpressionFault(node.at, "each is the value of emit each: ... by ..., which is not here")
                return self.each
            case BlockName():
                known = [*FUNCTIONS, "true", "false", "none"]
                hint = did_you_mean(node.name, known) or "; a text has quotes of its own within the file's, as \"'EA'\""
                raise ExpressionFault(node.at, f'"{node.name}" is no value here{hint}')

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
                return Value(self.constant(node.value), Kind.NUMBER, absent=False, choices=choices)

    def _outside(self, node: Outside) -> Value:
        self.source.check_outside(node)
        if node.source == "agreement":
            self.agreement_names.add(node.name)
        code = self.assign(f"{node.source}.get({node.name!r}, '')")
        return Value(code, Kind.TEXT, sources=(f"{node.source + '.' + node.name!r}, 0",))

    def _arithmetic(self, node: Arithmetic) -> Value:
        if node.operator == "/":
            self.translate(node.left)
            self.translate(node.right)
            raise ExpressionFault(node.at, "a division says how it is rounded: round(x / y, 2)")
        left, right = self._wanted(node.left, Kind.NUMBER), self._wanted(node.right, Kind.NUMBER)
        return self._worked(self.constant(_OPERATIONS[node.operator]), [left, right])

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
        code = self.assign(text, bad=[left, right])
        return Value(code, Kind.BOOL, left.bad or right.bad, False, left.sources + right.sources)

    def _both(self, node: Both) -> Value:
        code = self.program.fresh("v")
        bad = False
        sources: tuple[str, ...] = ()
        for position, operand in enumerate(node.operands):
            header = f"if {code} is True:" if position else None
            with self.branch(header):
                value = self.translate(operand)
                text = f"BAD if {value.code} is BAD else " if value.bad else ""
                if self.program.mutable:
                    text = f"True if {self.program.mutant(self.rule, f'operand {position + 1} left out')} else {text}"
                self.program.line(f"{code} = {text}bool({self.truth(value)})")
            bad = bad or value.bad
            sources = sources + value.sources if not position else sources
        return Value(code, Kind.BOOL, bad, False, sources)

    def _either(self, operands: tuple[Node, ...], at: int) -> Value:
        code, origin = self.program.fresh("v"), self.program.fresh("q")
        values: list[Value] = []
        for number, operand in enumerate(operands, 1):
            header = None
            if values:
                kind = values[0].kind
                header = f"if {absence(Value(code, kind))}:" if kind is not Kind.BOOL else f"if {code} is False:"
            with self.branch(header):
                value = self.mutated(self.translate(operand), f"operand {number} left out")
                values.append(value)
                self.program.line(f"{code} = {value.code}")
                self.program.line(f"{origin} = {tuple_code(value.sources)}")
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
            all(value.sound for value in values),
        )

    def _conditional(self, node: Conditional) -> Value:
        condition = self.translate(node.condition)
        code, origin = self.program.fresh("v"), self.program.fresh("q")
        word = "if"
        if condition.bad:
            with self.program.block(f"if {condition.code} is BAD:"):
                self.program.line(f"{code} = BAD")
                self.program.line(f"{origin} = ()")
            word = "elif"
        values = []
        test = self.truth(condition)
        if self.program.mutable:
            holds = self.program.mutant(self.rule, "condition taken to hold")
            fails = self.program.mutant(self.rule, "condition taken not to hold")
            test = f"({test} or {holds}) and not ({fails})"
        for header, branch in ((f"{word} {test}:", node.then), ("else:", node.otherwise)):
            with self.branch(header):
                value = self.translate(branch)
                values.append(value)
                self.program.line(f"{code} = {value.code}")
                self.program.line(f"{origin} = {tuple_code(value.sources)}")
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
            with self.program.block(f"if {code} is None:"):
                self.program.line(f"{code} = ''")
        choices = None
        if all(value.choices is not None or value.kind is Kind.NOTHING for value in values):
            choices = frozenset(choice for value in values for choice in value.choices or ())
        absent = then.absent or otherwise.absent
        bad = condition.bad or then.bad or otherwise.bad
        return Value(code, kind, bad, absent, (f"*{origin}",), None, None, choices)
