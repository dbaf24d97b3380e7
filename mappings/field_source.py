"""FieldSource: a canonical document as maps read it, by its model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from mappings.expressions import ExpressionFault
from mappings.field_references import FIELD_DIALECT, parse_fields
from mappings.fields import Held, UnknownField, held_by
from mappings.kinds import Kind
from mappings.source import Items, Listing, Opened, Opener, Scope, Source, SourceRange
from mappings.syntax import FieldReference, FieldStep, Pick, ReferenceNode
from mappings.values import Value
from translators.canonical.common import Document
from translators.datafile import did_you_mean
from translators.errors import Position

if TYPE_CHECKING:
    from mappings.program import Program, Reserved
    from mappings.writer import Writer

IT = "it"
"""The name of a text in a block made from a list of texts."""
_ORIGIN_LEVEL = 900


@dataclass(eq=False, slots=True, kw_only=True)
class FieldScope(Scope):
    """A part of the document; in the program `d` + level is the part, `p` + level its path with the dot.

    Args:
        model: of the part; None for a text.
        step: what finds it in the scope around it.
        many: it is one of a list.
        place: where lines go that are run once for each part.
        walks: lists that were looked for here, by their steps.
    """

    model: type[BaseModel] | None
    step: FieldStep | None = None
    many: bool = False
    place: Reserved | None = None
    walks: dict[Any, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Walked:
    """A reference as far as it goes through lists: program text of (path, part) pairs, and the steps that are left."""

    found: str
    model: type[BaseModel] | None
    rest: tuple[FieldStep, ...]


class FieldSource(Source):
    """A canonical document of one model, perhaps the answer to one of another."""

    dialect = FIELD_DIALECT

    def __init__(self, program: Program, model: type[Document], answers: type[Document] | None) -> None:
        self.program = program
        self._model = model
        self._origin = None if answers is None else FieldScope(level=_ORIGIN_LEVEL, parent=None, model=answers)
        self._answers = answers
        self._reads_origin = False
        self._reads: set[str] = set()

    @property
    def opener(self) -> Opener:
        """See Source."""
        return partial(_opened, self._model)

    def root(self) -> FieldScope:
        """See Source."""
        return FieldScope(level=0, parent=None, model=self._model)

    def items(self, text: str, scope: FieldScope) -> Items:
        """See Source; every list of a path is a scope of its own."""
        reference = parse_fields(text)
        if reference.origin or reference.parents:
            raise ExpressionFault(reference.at, f"{reference.text} is not inside the block around this one")
        scopes: list[FieldScope] = []
        for position, step in enumerate(reference.steps):
            if scope.model is None:
                raise ExpressionFault(step.at, f"{reference.steps[position - 1].name} has no parts")
            found = _held(scope.model, step)
            if found.model is None and found.kind is not Kind.TEXTS:
                raise ExpressionFault(step.at, f"{step.name} is a value; want a list or a part")
            if step.index is not None:
                raise ExpressionFault(step.at, "a block is made from every part; leave the number out")
            for pick in step.picks:
                if not isinstance(pick.value, str) or found.model is None:
                    raise ExpressionFault(pick.at, "a block picks by a text, as references[type=DP]")
                _held(found.model, FieldStep(pick.name, (), None, pick.at))
            many = found.many or found.kind is Kind.TEXTS
            scope = FieldScope(level=scope.level + 1, parent=scope, model=found.model, step=step, many=many)
            scopes.append(scope)
            self._note(scope, ())
        return Items(tuple(scopes))

    @contextmanager
    def each(self, items: Items) -> Iterator[None]:
        """See Source."""
        with ExitStack() as stack:
            for scope in items.scopes:
                assert scope.step is not None
                level, above, name = scope.level, scope.level - 1, scope.step.name
                listed = f"NUMBERED(p{above} + {name!r}, d{above}.{name})"
                if not scope.many:
                    listed = f"(() if d{above}.{name} is None else ((p{above} + {name + '.'!r}, d{above}.{name}),))"
                stack.enter_context(self.program.block(f"for p{level}, d{level} in {listed}:"))
                for pick in scope.step.picks:
                    self.program.line(
                        f"if d{level}.{pick.name} {'==' if pick.negated else '!='} {pick.value!r}: continue"
                    )
                scope.place = self.program.reserve()
            yield

    def kept(self, items: Items) -> str:
        """See Source."""
        return ", ".join(f"p{scope.level}, d{scope.level}" for scope in items.scopes)

    @contextmanager
    def again(self, items: Items, members: str) -> Iterator[None]:
        """See Source."""
        with self.program.block(f"for ({self.kept(items)},) in {members}:"):
            for scope in items.scopes:
                scope.place = self.program.reserve()
            yield

    @contextmanager
    def whole(self, scope: FieldScope) -> Iterator[None]:
        """See Source; a missing origin is one issue, and nothing is made."""
        self.program.line("d0 = root")
        self.program.line("p0 = ''")
        check = self.program.reserve()
        scope.place = self.program.reserve()
        if self._origin is not None:
            self._origin.place = scope.place
        yield
        if self._reads_origin and self._answers is not None:
            with self.program.filling(check):
                model = self.program.constant(self._answers)
                with self.program.block(f"if not IS_A(origin, {model}):"):
                    self.program.line(f"report.no_origin(origin, {self._answers.schema_name!r})")
                    self.program.line("return []")
                self.program.line(f"d{_ORIGIN_LEVEL} = origin")
                self.program.line(f"p{_ORIGIN_LEVEL} = 'origin.'")

    def read(self, node: ReferenceNode, writer: Writer) -> Value:
        """See Source."""
        assert isinstance(node, FieldReference)
        scope, steps = self._begin(node, writer.scope)
        self._note(scope, steps)
        if scope.model is None:
            return Value(f"d{scope.level}", Kind.TEXT, False, False, (f"p{scope.level}[:-1], 0",))
        found = self._walk(scope, steps, writer)
        program = self.program
        if found is None:
            part, path, model, certain, several = f"d{scope.level}", f"p{scope.level}", scope.model, True, ""
            rest = steps
        else:
            part, path, certain, several = program.fresh("h"), program.fresh("b"), False, found.found
            program.line(f"{path}, {part} = {several}[0] if {several} else ('', None)")
            rest = found.rest
            if found.model is None or not rest:
                raise ExpressionFault(node.at, f"{node.text} names parts; want a field of one, or count(..)")
            model = found.model
        code, kind, name = self._field(part, model, rest, certain=certain)
        origin = f"{path} + {name!r}, 0"
        if several:
            with program.block(f"if len({several}) > 1:"):
                program.line(f"{code} = report.several({writer.rule}, {path}, {node.text!r}, {writer.rule})")
        return Value(code, kind, bool(several), True, (origin,), None, (path + f" + {name!r}", 0))

    def listed(self, node: ReferenceNode, writer: Writer) -> Listing:
        """See Source."""
        assert isinstance(node, FieldReference)
        scope, steps = self._begin(node, writer.scope)
        self._note(scope, steps)
        assert scope.model is not None
        found, kind = self._everything(node, scope, steps, writer)
        if kind is None:
            raise ExpressionFault(node.at, f"{node.text} names parts; want a field of them")
        values, origins = self.program.fresh("v"), self.program.fresh("q")
        self.program.line(f"{values}, {origins} = VALUES({found})")
        return Listing(values, origins, Kind.TEXT if kind is Kind.TEXTS else kind, typed=True)

    def counted(self, node: ReferenceNode, writer: Writer) -> str:
        """See Source."""
        assert isinstance(node, FieldReference)
        scope, steps = self._begin(node, writer.scope)
        self._note(scope, steps)
        if scope.model is None:
            raise ExpressionFault(node.at, f"{node.text} is one text")
        found, kind = self._everything(node, scope, steps, writer)
        return f"len({found})" if kind is None else f"len(VALUES({found})[0])"

    def unread(self, source: Document) -> Iterator[str]:
        """See Source: fields by their path, `lines.qty`."""
        told: dict[str, None] = {}
        for path in _paths(json.loads(source.to_json_bytes()), ""):
            if path not in self._reads and path not in ("schema", "purpose"):
                told[path] = None
        return iter(told)

    def _note(self, scope: FieldScope, steps: tuple[FieldStep, ...]) -> None:
        """Remember what is read, and what parts are picked by."""
        around = [each.step.name for each in scope.chain() if each.step is not None]
        path = ".".join([*reversed(around), *(step.name for step in steps)])
        if scope.level != _ORIGIN_LEVEL:
            self._reads.add(path)
            for depth, step in enumerate(steps, 1):
                head = ".".join([*reversed(around), *(before.name for before in steps[:depth])])
                self._reads.update(f"{head}.{pick.name}" for pick in step.picks)

    def spot(self, scope: FieldScope) -> tuple[str, Any]:
        """See Source."""
        return (f"p{scope.level}", 0)

    # finding

    def _begin(self, node: FieldReference, scope: FieldScope) -> tuple[FieldScope, tuple[FieldStep, ...]]:
        """The scope a reference begins in, and its steps there."""
        if node.origin:
            if self._origin is None:
                raise ExpressionFault(node.at, "say what is answered, as origin: purchase_order/v1")
            self._reads_origin = True
            return self._origin, node.steps
        scopes: list[FieldScope] = list(scope.chain())[node.parents :]
        if not scopes:
            raise ExpressionFault(node.at, "there is no block around this one; leave parent. out")
        first = node.steps[0]
        for candidate in scopes[:1] if node.parents else scopes:
            if candidate.model is None:
                if first.name == IT and len(node.steps) == 1:
                    return candidate, node.steps
                continue
            if first.name in candidate.model.model_fields:
                return candidate, node.steps
        known = [name for each in scopes if each.model is not None for name in each.model.model_fields]
        raise ExpressionFault(first.at, f'no field "{first.name}"{did_you_mean(first.name, known)}')

    def _walk(self, scope: FieldScope, steps: tuple[FieldStep, ...], writer: Writer) -> _Walked | None:
        """Write how far a reference goes through lists; None where it meets none."""
        assert scope.model is not None
        model: type[BaseModel] | None = scope.model
        last = -1
        models: list[type[BaseModel] | None] = []
        for position, step in enumerate(steps):
            if model is None:
                break
            found = _held(model, step)
            if found.many:
                last = position
            elif step.picks or step.index is not None:
                raise ExpressionFault(step.at, f"{step.name} is no list; nothing is picked of it")
            model = found.model
            models.append(model)
        if last < 0:
            return None
        return _Walked(self._found(scope, steps[: last + 1], models, writer), models[last], steps[last + 1 :])

    def _found(
        self, scope: FieldScope, steps: tuple[FieldStep, ...], models: list[type[BaseModel] | None], writer: Writer
    ) -> str:
        """The name of what a walk finds; looked for once for each part of the scope it begins in."""
        head, dynamic = steps, None
        for position, step in enumerate(steps):
            model = models[position]
            for pick in step.picks:
                assert model is not None
                _held(model, FieldStep(pick.name, (), None, pick.at))
                if not isinstance(pick.value, str):
                    if position != len(steps) - 1 or len(step.picks) > 1 or step.index is not None:
                        raise ExpressionFault(pick.at, "a pick by a field stands alone, at the last list of the path")
                    head, dynamic = (*steps[:-1], FieldStep(step.name, (), None, step.at)), pick
        walk = tuple((step.name, _literal(step.picks), step.index) for step in head)
        name = self._once(scope, ("walk", walk), f"WALK(d{scope.level}, p{scope.level}, {self._constant(walk)})")
        if dynamic is None:
            return name
        assert isinstance(dynamic.value, FieldReference)
        table = self._once(scope, ("index", walk, dynamic.name), f"INDEXED({name}, {dynamic.name!r})")
        value = writer.translate(dynamic.value)
        return writer.assign(f"{table}.get({value.code}, ())")

    def _once(self, scope: FieldScope, key: Any, text: str) -> str:
        if key not in scope.walks:
            assert scope.place is not None
            scope.walks[key] = self.program.fresh("l")
            with self.program.filling(scope.place):
                self.program.line(f"{scope.walks[key]} = {text}")
        return scope.walks[key]

    def _constant(self, walk: Any) -> str:
        return self.program.constant(walk)

    def _everything(
        self, node: FieldReference, scope: FieldScope, steps: tuple[FieldStep, ...], writer: Writer
    ) -> tuple[str, Kind | None]:
        """Program text of everything a reference names, and the kind of value; None where they are parts."""
        model: type[BaseModel] | None = scope.model
        models: list[type[BaseModel] | None] = []
        kind: Kind | None = None
        for step in steps:
            if model is None:
                raise ExpressionFault(step.at, f"{node.text} has no parts")
            found = _held(model, step)
            model, kind = found.model, found.kind
            models.append(model)
            if found.mapping:
                break
        return self._found(scope, steps, models, writer), kind

    def _field(
        self, part: str, model: type[BaseModel], steps: tuple[FieldStep, ...], *, certain: bool
    ) -> tuple[str, Kind, str]:
        """Write the rest of a path, which has no list; the value's name, its kind, and the path as text."""
        program, names = self.program, ".".join(step.name for step in steps)
        for position, step in enumerate(steps):
            found = _held(model, step)
            last = position == len(steps) - 1
            if found.mapping:
                if position != len(steps) - 2:
                    raise ExpressionFault(step.at, f'"{step.name}" takes one more word, as {step.name}.department')
                code = program.fresh("v")
                test = "" if certain else f"'' if {part} is None else "
                program.line(f"{code} = {test}{part}.{step.name}.get({steps[-1].name!r}, '')")
                return code, Kind.TEXT, names
            if found.model is not None:
                if last:
                    known = ", ".join(found.model.model_fields)
                    raise ExpressionFault(step.at, f'"{step.name}" has parts; name one of them: {known}')
                inner = program.fresh("h")
                test = "" if certain else f"None if {part} is None else "
                program.line(f"{inner} = {test}{part}.{step.name}")
                part, model, certain = inner, found.model, False
                continue
            if not last:
                raise ExpressionFault(steps[position + 1].at, f'"{step.name}" has no parts')
            assert found.kind is not None
            code = program.fresh("v")
            test = "" if certain else f"None if {part} is None else "
            program.line(f"{code} = {test}{part}.{step.name}")
            if found.kind in (Kind.TEXT, Kind.TEXTS):
                empty = "''" if found.kind is Kind.TEXT else "()"
                program.line(f"if {code} is None: {code} = {empty}")
            return code, found.kind, names
        raise ExpressionFault(0, "want the name of a field")


class _FieldPlaces:
    """Values of a canonical document are named by their paths, which are holders of their own."""

    def position(self, holder: Any, part: Any) -> Position:
        """A canonical document stands in no file."""
        del holder, part
        return Position()

    def told(self, holder: Any, part: Any) -> str:
        """Its path."""
        del part
        return str(holder)

    def value(self, holder: Any, part: Any) -> str | None:
        """Unknown by its path alone."""
        del holder, part
        return None

    def range(self, holder: Any, part: Any) -> SourceRange:
        """Its path."""
        return SourceRange(self.told(holder, part))


def _opened(model: type[Document], source: Document) -> Opened:
    """A canonical document, for the program of a map that reads `model`."""
    if not isinstance(source, model):
        told = getattr(type(source), "schema_name", type(source).__name__)
        return Opened(None, _FieldPlaces(), mismatch=f"the document is {told}; want {model.schema_name}")
    return Opened(source, _FieldPlaces())


def _held(model: type[BaseModel], step: FieldStep) -> Held:
    try:
        return held_by(model, step.name)
    except UnknownField as unknown:
        raise ExpressionFault(step.at, unknown.message) from unknown


def _paths(value: Any, prefix: str) -> Iterator[str]:
    """The paths of all values of a JSON value, those of a list's members the same."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _paths(held, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for held in value:
            yield from _paths(held, prefix)
    else:
        yield prefix


def _literal(picks: tuple[Pick, ...]) -> tuple[tuple[str, str, bool], ...]:
    return tuple((pick.name, pick.value, pick.negated) for pick in picks if isinstance(pick.value, str))
