"""Delimited and fixed-width text to documents: rows grouped as the layout says, each value held against its column.

A document is a node named `document` whose attributes are the columns of the whole document; its children are its rows,
each a `Record` named for its type. Values stay as they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from translators.delimited.codes import FAULTS
from translators.delimited.layout import Column, Grain, Layout, RecordLayout, Scope
from translators.delimited.rows import DelimitedLimits, GivenUp, Row, read_rows
from translators.delimited.values import fault_of, normal
from translators.errors import Position, Severity, shown
from translators.reading import IssueList, ReadDocument
from translators.tree import Node

DOCUMENT = "document"
"""Name of the root of a document."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Record(Node):
    """One row as a node: `attributes` its values by column name, `place()` where each stands."""

    __slots__ = ("_indexes", "_row")

    def __init__(
        self, name: str, values: Mapping[str, str], row: Row, indexes: Mapping[str, int], ordinal: int
    ) -> None:
        super().__init__(name, attributes=values, line=row.line, column=1, offset=row.offset, ordinal=ordinal)
        self._row = row
        self._indexes = indexes
        self.end = row.offset + len(row.text.encode(row.codec))

    def place(self, attribute: str | None = None) -> Position:
        """Where a value stands, or the row; the row's end for a column that the file does not have."""
        if attribute is None:
            return super().place()
        return self._row.position(self._index(attribute), path=attribute)

    def span(self, attribute: str | None = None) -> tuple[int, int]:
        """The bytes of a value, or of the row."""
        return super().span() if attribute is None else self._row.span(self._index(attribute))

    def _index(self, attribute: str) -> int:
        return self._indexes.get(attribute, len(self._row.values))


class Document(Node):
    """A document of rows: what is said of the whole stands in its first row."""

    __slots__ = ("_head",)

    def __init__(self, head: Record, columns: Iterable[str], children: list[Node]) -> None:
        found = {name: head.attributes[name] for name in columns if name in head.attributes}
        super().__init__(
            DOCUMENT, attributes=found, children=children, line=head.line, column=1, offset=head.offset, ordinal=0
        )
        self._head = head
        self.end = children[-1].end if children else head.end

    def place(self, attribute: str | None = None) -> Position:
        """Where a value of the whole document stands first, or where the document begins."""
        return self._head.place(attribute)

    def span(self, attribute: str | None = None) -> tuple[int, int]:
        """The bytes of a value of the whole document, where it stands first, or those of all its rows."""
        return super().span() if attribute is None else self._head.span(attribute)


def read_delimited(
    chunks: Iterable[bytes], layout: Layout, *, limits: DelimitedLimits | None = None
) -> Iterator[ReadDocument]:
    """Read the documents of a file, one at a time.

    Args:
        chunks: the bytes of the file, cut anywhere.
        layout: what was agreed about its form.
        limits: caps; None for the usual ones.

    Yields:
        Each document with its issues. Where the file cannot be read on, the last has no root and says why; a file
        whose header is wrong, or that holds no row, is one such.
    """
    return _Reading(layout, limits or DelimitedLimits()).documents(chunks)


class _Reading:
    """One file as far as it was read."""

    def __init__(self, layout: Layout, limits: DelimitedLimits) -> None:
        self._layout = layout
        self._limits = limits
        self._issues = self._new_issues()
        self._indexes: dict[str, dict[str, int]] = {}
        for record in layout.records:
            self._indexes[record.name] = {
                column.name: at if layout.fixed else column.number - 1 for at, column in enumerate(record.columns)
            }
        self._rows: list[Record] = []
        self._width = 0
        self._key: tuple[str, ...] = ()
        self._seen: set[int] = set()
        self._count = 0
        self._last = Position(line=1, column=1, offset=0)

    def documents(self, chunks: Iterable[bytes]) -> Iterator[ReadDocument]:
        """The documents of the file."""
        try:
            yield from self._read(chunks)
        except GivenUp as fault:
            self._issues.add(fault.code, str(fault), fault.position)
            yield self._broken()

    def _read(self, chunks: Iterable[bytes]) -> Iterator[ReadDocument]:
        rows = read_rows(chunks, self._layout, self._limits)
        header = next(rows, None) if self._layout.header else None
        if header is not None and not self._take_header(header):
            yield self._broken()
            return
        for row in rows:
            record = self._record_of(row)
            if record is None:
                continue
            found = self._record(row, record)
            begins, key = self._begins(found)
            if begins and self._rows:
                yield self._finished()
            if begins:
                self._key = key
                self._told_apart(found, key)
            elif not self._rows:
                wanted = self._layout.begins
                self._issues.add(
                    "delimited.record.orphan", f"{found.name} stands before any {wanted}, which begins a document",
                    found.place(),
                )  # fmt: skip
                continue
            self._check(row, record, found)
            self._rows.append(found)
            if len(self._rows) > self._limits.document_rows:
                text = f"a document has more than {self._limits.document_rows} rows"
                raise GivenUp("delimited.too_large", text, found.place())
        if self._rows:
            yield self._finished()
        elif not self._count:
            if all(issue.severity is not Severity.ERROR for issue in self._issues.listed()):
                self._issues.add("delimited.empty", "the file holds no row; want at least one", self._last)
            yield self._broken()

    def _take_header(self, row: Row) -> bool:
        """Find each column by its header; whether the file can be read."""
        record = self._layout.records[0]
        said: dict[str, int] = {}
        good = True
        for index, value in enumerate(row.values):
            name = value.strip().casefold()
            if name in said:
                text = f'two columns are headed "{shown(value)}"; name each once'
                self._issues.add("delimited.header.duplicate", text, row.position(index), value=value)
                good = False
            said.setdefault(name, index)
        indexes: dict[str, int] = {}
        for column in record.columns:
            at = said.pop(column.header.casefold(), None)
            if at is not None:
                indexes[column.name] = at
            elif column.required:
                text = f'there is no column "{column.header}" in the header'
                self._issues.add("delimited.header.missing", text, row.position(len(row.values)), value=column.header)
                good = False
        for name, index in said.items():
            if name:
                text = f'no column "{shown(row.values[index])}" was agreed; it is not read'
                self._issues.add("delimited.header.unknown", text, row.position(index), value=row.values[index])
        self._indexes[record.name] = indexes
        self._width = len(row.values)
        return good

    def _record_of(self, row: Row) -> RecordLayout | None:
        layout = self._layout
        at = layout.record_at
        if at is None:
            return layout.records[0]
        if isinstance(at, int):
            name, place = (row.values[at - 1] if len(row.values) >= at else ""), row.position(at - 1)
        else:
            name, place = row.text[at[0] - 1 : at[1]].strip(), Position(line=row.line, column=at[0], offset=row.offset)
        record = layout.record(name)
        if record is None:
            known = ", ".join(known.name for known in layout.records)
            text = f'a row of type "{shown(name)}"; want one of {known}'
            self._issues.add("delimited.record.unknown", text, place, value=name)
        return record

    def _record(self, row: Row, record: RecordLayout) -> Record:
        indexes = self._indexes[record.name]
        count = len(row.values)
        values = {
            column.name: normal(row.values[at], column) if at < count else ""
            for column in record.columns
            if (at := indexes.get(column.name)) is not None
        }
        return Record(record.name, values, row, indexes, len(self._rows) + 1)

    def _begins(self, found: Record) -> tuple[bool, tuple[str, ...]]:
        match self._layout.grain:
            case Grain.ROW:
                return True, ()
            case Grain.FILE:
                return not self._rows, ()
            case Grain.RECORDS:
                return found.name == self._layout.begins, ()
            case Grain.GROUP:
                key = tuple(found.attributes.get(name, "") for name in self._layout.group_by)
                return not self._rows or key != self._key, key

    def _told_apart(self, found: Record, key: tuple[str, ...]) -> None:
        """A group's rows stand together, or two documents would carry one number."""
        if self._layout.grain is not Grain.GROUP:
            return
        known = hash(key)
        if known in self._seen:
            said = ", ".join(f"{name} {shown(value)}" for name, value in zip(self._layout.group_by, key, strict=True))
            text = f"rows of {said} stand further up too; put the rows of one document together"
            self._issues.add("delimited.group.apart", text, found.place(self._layout.group_by[0]), value=key[0])
        self._seen.add(known)

    def _check(self, row: Row, record: RecordLayout, found: Record) -> None:
        issues = self._issues
        indexes = self._indexes[record.name]
        for code, index, message in row.faults:
            issues.add(code, message, row.position(index), value=row.values[index])
        if _CONTROL.search(row.text):
            self._tell_control(row)
        for column in record.columns:
            value = found.attributes.get(column.name)
            if not value:
                if column.required and value is not None:
                    text = f"{column.name} is missing; it must be there"
                    issues.add("delimited.value.missing", text, found.place(column.name))
                continue
            if len(value) > self._limits.value:
                text = f"{column.name} has more than {self._limits.value} characters"
                issues.add("delimited.too_large", text, found.place(column.name))
                continue
            sent = row.values[indexes[column.name]]
            fault = fault_of(sent, column)
            if fault is not None:
                issues.add(fault[0], fault[1], found.place(column.name), value=sent)
            if column.scope is Scope.DOCUMENT and self._rows:
                self._hold_together(column, value, found)
        if not self._layout.fixed:
            self._check_length(row, self._width or max(indexes.values(), default=0) + 1)

    def _tell_control(self, row: Row) -> None:
        for index, value in enumerate(row.values):
            if _CONTROL.search(value):
                text = f"{shown(value)} holds a control character; leave it out"
                self._issues.add("delimited.character", text, row.position(index), value=value)

    def _hold_together(self, column: Column, value: str, found: Record) -> None:
        first = self._rows[0].attributes.get(column.name)
        if first != value:
            text = (
                f"{column.name} is {shown(value)}, and {shown(first or '')} in the document's first row; want one value"
            )
            self._issues.add("delimited.value.differs", text, found.place(column.name), value=value)

    def _check_length(self, row: Row, width: int) -> None:
        for index in range(width, len(row.values)):
            if row.values[index]:
                text = f"the row has {len(row.values)} values, and {width} columns were agreed"
                self._issues.add("delimited.row.long", text, row.position(index), value=row.values[index])
                return

    def _finished(self) -> ReadDocument:
        """The document whose rows were collected; the next one begins empty."""
        rows, layout = self._rows, self._layout
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.name] = counts.get(row.name, 0) + 1
        for record in layout.records:
            count = counts.get(record.name, 0)
            if record.required and not count:
                text = f"the document has no {record.name}; it must have one"
                self._issues.add("delimited.record.missing", text, rows[0].place())
            if record.most is not None and count > record.most:
                text = f"the document has {count} {record.name}; it may have {record.most}"
                last = [row for row in rows if row.name == record.name][record.most]
                self._issues.add("delimited.record.too_many", text, last.place())
        self._count += 1
        columns = [column.name for column in layout.document_columns()]
        children: list[Node] = list(rows[1:] if layout.grain is Grain.RECORDS else rows)
        root = Document(rows[0], columns, children)
        read = ReadDocument(root, self._issues.listed(), self._count)
        self._last = rows[-1].place()
        self._rows = []
        self._issues = self._new_issues()
        return read

    def _broken(self) -> ReadDocument:
        self._count += 1
        return ReadDocument(None, self._issues.listed(), self._count)

    @staticmethod
    def _new_issues() -> IssueList:
        return IssueList(FAULTS, more="delimited.issues.capped")
