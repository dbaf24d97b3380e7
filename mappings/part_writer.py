"""PartWriter: how the parts of one block are made, written into a map's program.

A part begins with the values of one of which nothing is filled; rules fill in theirs, and it is made at the end by its
`PartForm`. Where a value is not sure to fit, the program tests it, and says so by `unsure`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from pydantic import BaseModel

from mappings.compilation import Compilation
from mappings.document_parts import PartForm, part_form
from mappings.fields import TargetField, UnknownField, find_field, held_by
from mappings.kinds import Kind
from mappings.program import Reserved
from mappings.values import Value


@dataclass(slots=True)
class Holder:
    """A part being made, or (`form` None) words by name, as the program holds it.

    `values` is its dict. `total` is the sum of the bits of what is filled, and `always` of those that surely are, which
    are not added to it as the program runs. `place` is where it is begun, and `guarded` the place behind a test where
    all its rules stand; None where they do not stand behind one.
    """

    values: str
    place: Reserved
    guarded: Reserved | None = None
    form: PartForm | None = None
    total: str = ""
    always: int = 0

    @property
    def sum(self) -> str:
        """Program text of the bits of all that is filled."""
        return f"{self.total} | {self.always}" if self.always else self.total


class PartWriter:
    """Writes the parts of one model.

    `guard` is the place behind the test that the rules being written stand behind; None where there is none.
    """

    def __init__(self, work: Compilation, model: type[BaseModel]) -> None:
        self._work = work
        self.model = model
        self.guard: Reserved | None = None
        self._holders: dict[tuple[str, ...], Holder] = {(): self._begun(model, "d")}

    def holder(self, names: tuple[str, ...]) -> Holder:
        """What holds a part that is no list, or words by name; begun when it is first wanted."""
        model = self.model
        for depth in range(1, len(names) + 1):
            held = held_by(model, names[depth - 1])
            if names[:depth] not in self._holders:
                self._holders[names[:depth]] = self._begun(held.model, "h")
            if self._holders[names[:depth]].guarded is not self.guard:
                self._holders[names[:depth]].guarded = None
            model = held.model or model
        return self._holders[names]

    def begin(self, names: tuple[str, ...]) -> None:
        """Write that what holds a field is begun; a field that is not there is told when its rule is written."""
        with suppress(UnknownField):
            find_field(self.model, names)
            self.holder(names[:-1])

    def fill(self, holder: Holder, name: str, text: str, *, always: bool) -> None:
        """Write that a field is filled; `always`: this line, or one like it, is run for every part."""
        self._work.program.line(f"{holder.values}[{name!r}] = {text}")
        if holder.form is not None:
            bit = holder.form.bits[name]
            if always:
                holder.always |= bit
            elif not holder.always & bit:
                self._work.program.line(f"{holder.total} |= {bit}")

    def fitting(self, value: Value, target: TargetField) -> str:
        """Program text of a value as the model keeps it; what the program cannot be sure of is written before."""
        program, code = self._work.program, value.code
        if (members := target.members) is not None:
            kept = program.fresh("v")
            program.line(f"{kept} = {program.constant(members)}.get({code}, {code})")
            if value.choices is None:
                program.line(f"if {kept} is {code}: unsure = True")
            return kept
        if value.choices is not None or (
            value.sound and (target.is_free_text or value.kind not in (Kind.TEXT, Kind.TEXTS))
        ):
            return code
        test = f"{self._work.translator.constant(target.takes())}({code})"
        if target.is_free_text:
            test = f"({code}.__class__ is TEXT and ({code}.isascii() or {test}))"
        elif value.kind is Kind.TEXT and (value.bad or not value.sound):
            test = f"({code}.__class__ is TEXT and {test})"
        program.line(f"if not {test}: unsure = True")
        return code

    def finished(self) -> str:
        """Write what is left to do when all rules are written; program text of the part."""
        for path in sorted(self._holders, key=len, reverse=True):
            self._write_beginning(self._holders[path])
            if path:
                self._put(path)
        return self._made(())

    def _begun(self, model: type[BaseModel] | None, prefix: str) -> Holder:
        """A part to be begun here; of no model, words by name."""
        program = self._work.program
        if model is None:
            return Holder(program.fresh(prefix), program.reserve())
        values, total = program.fresh(prefix), program.fresh("b")
        return Holder(values, program.reserve(), self.guard, part_form(model), total)

    def _write_beginning(self, holder: Holder) -> None:
        """Write that a part is begun, behind the test that all its rules stand behind, if they do."""
        program, form = self._work.program, holder.form
        if form is None:
            with program.filling(holder.place):
                program.line(f"{holder.values} = {{}}")
            return
        with program.filling(holder.place):
            program.line(f"{holder.total} = 0")
        with program.filling(holder.guarded or holder.place):
            program.line(f"{holder.values} = {self._work.translator.constant(form.blank)}()")

    def _put(self, path: tuple[str, ...]) -> None:
        """Write that a part that is no list, or words, go where they belong, if there is anything in them."""
        holder, above, name = self._holders[path], self._holders[path[:-1]], path[-1]
        program = self._work.program
        if holder.form is None:
            assert above.form is not None
            program.line(f"{above.values}[{name!r}] = {holder.values}")
            program.line(f"if {holder.values}: {above.total} |= {above.form.bits[name]}")
        elif holder.always:
            self.fill(above, name, self._made(path), always=True)
        else:
            with program.block(f"if {holder.total}:"):
                self.fill(above, name, self._made(path), always=False)

    def _made(self, path: tuple[str, ...]) -> str:
        """Write what is left to do for a part; program text of the part as its model makes it."""
        holder, program = self._holders[path], self._work.program
        form = holder.form
        assert form is not None
        for name in form.fresh:
            if (*path, name) not in self._holders:
                program.line(f"{holder.values}[{name!r}] = {{}}")
        if not form.is_plain:
            program.line("unsure = True")
        elif wanted := form.wanted & ~holder.always:
            program.line(f"if {holder.total} & {wanted} != {wanted}: unsure = True")
        return f"{self._work.translator.constant(form.make)}({holder.values}, {holder.sum})"
