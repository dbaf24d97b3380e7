"""RecordSource: delimited and fixed-width text as maps read it, every column known from its layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mappings.expressions import ExpressionFault
from mappings.node_places import Hop, Pick
from mappings.node_references import NodeReference, NodeStep
from mappings.node_source import NodeScope, NodeSource, Spotted
from translators.datafile import did_you_mean
from translators.delimited.layout import Grain, Layout, RecordLayout
from translators.errors import shown
from translators.tree import Node

if TYPE_CHECKING:
    from mappings.program import Program


@dataclass(slots=True, eq=False, kw_only=True)
class RecordScope(NodeScope):
    """The document (`record` None), or the rows of one type."""

    record: RecordLayout | None = None


class RecordSource(NodeSource):
    """A document of rows.

    Args:
        program: where its lines go.
        layout: the file's.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        super().__init__(program)
        self._layout = layout

    @property
    def form(self) -> Layout:
        """See Source."""
        return self._layout

    def refusal(self, root: Node) -> str | None:
        """See NodeSource."""
        odd = next((row.name for row in root.children if self._layout.record(row.name) is None), None)
        return None if odd is None else f"a row is {shown(odd)}, which is not in layout {self._layout.name}"

    def root(self) -> RecordScope:
        """See Source."""
        return RecordScope(0, None)

    def below(self, step: NodeStep, scope: NodeScope) -> RecordScope:
        """See NodeSource."""
        record = self._layout.record(step.name)
        known = self._inner()
        if record is None or step.name not in known:
            told = did_you_mean(step.name, known) or f"; there is {', '.join(known)}"
            raise ExpressionFault(step.at, f'no rows "{step.name}" below the document{told}')
        if scope.parent is not None:
            raise ExpressionFault(step.at, "rows have no rows below them")
        return RecordScope(1, scope, hops=(self._hop(step, record),), record=record)

    def spotted(self, node: NodeReference, scope: NodeScope) -> Spotted:
        """See NodeSource; a column is looked up in the row at hand, then in the document."""
        around = self.outward(node, scope)
        if node.attribute is not None:
            raise ExpressionFault(node.at, f"columns have no @; write {node.attribute}")
        if not node.steps:
            raise ExpressionFault(node.at, "a row has no text of its own; name a column")
        last = node.steps[-1]
        if len(node.steps) == 1:
            if last.filters or last.index is not None:
                return Spotted(self.root_of(around), self._rows(last), None)
            for found in [around] if node.parents else around.chain():
                if last.name in self._columns(found):
                    return Spotted(found, (), last.name)
            if last.name in self._inner():
                return Spotted(self.root_of(around), self._rows(last), None)
            raise ExpressionFault(last.at, self._unknown(last.name, around))
        rows = self._rows(node.steps[0])
        if len(node.steps) > 2:
            raise ExpressionFault(node.steps[1].at, "want a type of row and a column, as T/count")
        record = self._layout.record(node.steps[0].name)
        assert record is not None
        if record.column(last.name) is None or last.filters or last.index is not None:
            known = [column.name for column in record.columns]
            raise ExpressionFault(last.at, f'{record.name} has no column "{last.name}"{did_you_mean(last.name, known)}')
        return Spotted(self.root_of(around), rows, last.name)

    @staticmethod
    def root_of(scope: NodeScope) -> NodeScope:
        """The scope of the document around a scope."""
        while isinstance(scope.parent, NodeScope):
            scope = scope.parent
        return scope

    def _rows(self, step: NodeStep) -> tuple[Hop, ...]:
        record = self._layout.record(step.name)
        if record is None or step.name not in self._inner():
            hint = did_you_mean(step.name, self._inner())
            raise ExpressionFault(step.at, f'no rows "{step.name}" below the document{hint}')
        return (self._hop(step, record),)

    def _hop(self, step: NodeStep, record: RecordLayout) -> Hop:
        for found in step.filters:
            if record.column(found.name) is None:
                known = [column.name for column in record.columns]
                hint = did_you_mean(found.name, known)
                raise ExpressionFault(step.at, f'{record.name} has no column "{found.name}"{hint}')
        return Hop(
            step.name, tuple(Pick(found.name, True, found.value, found.differs) for found in step.filters), step.index
        )

    def _columns(self, scope: NodeScope) -> tuple[str, ...]:
        assert isinstance(scope, RecordScope)
        columns = self._layout.document_columns() if scope.record is None else scope.record.columns
        return tuple(column.name for column in columns)

    def _inner(self) -> tuple[str, ...]:
        """The types of row that stand below a document."""
        layout = self._layout
        begins = layout.begins if layout.grain is Grain.RECORDS else ""
        return tuple(record.name for record in layout.records if record.name != begins)

    def _unknown(self, name: str, scope: NodeScope) -> str:
        known = list(dict.fromkeys(column for found in scope.chain() for column in self._columns(found)))
        for record in self._layout.records:
            if record.column(name) is not None and record.name in self._inner():
                return f"{name} is a column of the rows; read it in a block, as lines({record.name})"
        return f'no column "{name}" in layout {self._layout.name}{did_you_mean(name, known)}'
