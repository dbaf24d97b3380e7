"""Reading a layout from YAML, with every mistake in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from translators.datafile import LoadError, LoadFault, Mapping, Scalar, Sequence, Value, did_you_mean, read_datafile
from translators.delimited.layout import ENCODINGS, ROW, Column, ColumnType, Grain, Layout, RecordLayout, Scope

_DELIMITERS = {"tab": "\t", "pipe": "|", "comma": ",", "semicolon": ";"}
_SPAN = re.compile(r"([1-9][0-9]{0,5})-([1-9][0-9]{0,5})")
_LENGTH = re.compile(r"([0-9]{1,7})-([0-9]{1,7})|([0-9]{1,7})")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RECORD = re.compile(r"[A-Za-z0-9_]{1,20}")
_PATTERN = re.compile(r"(?:CCYY|YY|MM|DD|[-/. ])+")


def read_layout(content: bytes, *, name: str, file: str) -> Layout:
    """Read a layout.

    Raises:
        LoadError: every mistake in it.
    """
    faults: list[LoadFault] = []
    layout = _LayoutFile(read_datafile(content, file=file), faults).layout(name)
    if faults:
        raise LoadError(faults)
    return layout


@dataclass(slots=True)
class _LayoutFile:
    """One file and the mistakes found in it."""

    top: Mapping
    faults: list[LoadFault] = field(default_factory=list)

    def layout(self, name: str) -> Layout:
        top = self.top
        self._known(top, _KEYS, "a layout")
        fixed = top.get("delimiter") is None
        delimiter = "" if fixed else self._one_of(top, "delimiter", "", _DELIMITERS, single=True)
        records_given, columns_given = top.get("records"), top.get("columns")
        record_at: int | tuple[int, int] | None = None
        records: tuple[RecordLayout, ...] = ()
        if (records_given is None) == (columns_given is None):
            self._fault(top, "want either columns (rows of one type) or records (rows of several)")
        elif columns_given is not None:
            records = (RecordLayout(ROW, self._columns(columns_given, fixed=fixed)),)
        else:
            assert records_given is not None
            record_at, records = self._records(records_given, fixed=fixed)
        grain, group_by, begins = self._grain(records)
        records = tuple(_grouped(record, group_by) for record in records)
        header = self._flag(top, "header", default=not fixed and columns_given is not None)
        if header and (fixed or records_given is not None):
            self._fault(top, "only rows of one type, with a delimiter, have a header")
        return Layout(
            name,
            delimiter,
            self._one_of(top, "quote", '"', {"none": "", "double": '"', "single": "'"}, single=True),
            self._one_of(top, "encoding", "utf-8", {known: known for known in ENCODINGS}),
            self._flag(top, "bom", default=False),
            self._one_of(top, "line_end", "\r\n", {"crlf": "\r\n", "lf": "\n"}),
            header,
            records,
            record_at,
            grain,
            group_by,
            begins,
        )

    def _grain(self, records: tuple[RecordLayout, ...]) -> tuple[Grain, tuple[str, ...], str]:
        top = self.top
        given = [key for key in ("document", "group_by", "begins") if top.get(key) is not None]
        if len(given) > 1:
            self._fault(top, f"{' and '.join(given)} exclude each other; give one")
        several = top.get("records") is not None
        if "begins" in given or several:
            begins = self._text(top, "begins")
            if not several or begins not in [record.name for record in records]:
                known = ", ".join(record.name for record in records) if several else "no records here"
                self._fault(top, f"begins wants the type of row that begins a document; there is {known}")
            return Grain.RECORDS, (), begins
        if "group_by" in given:
            names = self._texts(top, "group_by")
            known_columns = [column.name for record in records for column in record.columns]
            for name in names:
                if name not in known_columns:
                    self._fault(top, f'group_by: no column "{name}"{did_you_mean(name, known_columns)}')
            return Grain.GROUP, names, ""
        document = self._one_of(top, "document", "row", {"row": "row", "file": "file"})
        return Grain(document or "row"), (), ""

    def _records(self, given: Value, *, fixed: bool) -> tuple[int | tuple[int, int] | None, tuple[RecordLayout, ...]]:
        if not isinstance(given, Mapping):
            self._fault(given, "records wants a type of row with its columns each")
            return None, ()
        at: int | tuple[int, int] | None = 1
        records: list[RecordLayout] = []
        for key, value in given.entries:
            if key.text == "by":
                at = self._record_at(value, fixed=fixed)
                continue
            if not _RECORD.fullmatch(key.text) or not isinstance(value, Mapping):
                self._fault(key, f"{key.text}: want the type of a row and its columns")
                continue
            self._known(value, ("columns", "required", "most"), "a record")
            columns = value.get("columns")
            if columns is None:
                self._fault(key, f"{key.text} has no columns")
                continue
            most = self._text(value, "most")
            if most and not most.isdecimal():
                self._fault(value, f"most is {most}; want a number")
                most = ""
            records.append(
                RecordLayout(
                    key.text,
                    self._columns(columns, fixed=fixed),
                    self._flag(value, "required", default=False),
                    int(most) if most else None,
                )
            )
        if fixed and at == 1:
            at = (1, 1)
        return at, tuple(records)

    def _record_at(self, value: Value, *, fixed: bool) -> int | tuple[int, int] | None:
        text = value.text if isinstance(value, Scalar) else ""
        if fixed:
            span = _SPAN.fullmatch(text)
            if span is None or int(span[1]) > int(span[2]):
                self._fault(value, "by wants the characters that say a row's type, as 1-2")
                return None
            return int(span[1]), int(span[2])
        if not text.isdecimal() or int(text) < 1:
            self._fault(value, "by wants the number of the column that says a row's type, as 1")
            return None
        return int(text)

    def _columns(self, given: Value, *, fixed: bool) -> tuple[Column, ...]:
        if not isinstance(given, Mapping) or not given.entries:
            self._fault(given, "columns wants a name and what it holds each, as qty: {type: number}")
            return ()
        columns = [self._column(key, value, at, fixed=fixed) for at, (key, value) in enumerate(given.entries, 1)]
        headers: dict[str, Column] = {}
        for column in columns:
            twin = headers.setdefault(column.header.casefold(), column)
            if twin is not column:
                self._fault(given, f"{column.name} and {twin.name} have one header, {column.header}")
        return tuple(columns)

    def _column(self, key: Scalar, value: Value, number: int, *, fixed: bool) -> Column:
        if not _NAME.fullmatch(key.text):
            self._fault(key, f"{key.text} is no name of a column; want small letters, digits and _")
        if isinstance(value, Scalar) and not value.text:
            value = Mapping((), key.place)
        if not isinstance(value, Mapping):
            self._fault(value, f"{key.text} wants what it holds, as {{type: number}}")
            return Column(key.text, key.text, number)
        self._known(value, _COLUMN_KEYS, "a column")
        span = self._span(key, value) if fixed else None
        at = self._text(value, "at")
        if at and not fixed:
            if at.isdecimal() and int(at) > 0:
                number = int(at)
            else:
                self._fault(value, f"at is {at}; want the number of the column, from 1")
        length = self._text(value, "length")
        shortest, longest = self._length(value, length) if length else (None, None)
        type_word, _, pattern = self._text(value, "type", "text").partition(" ")
        if type_word not in [known.value for known in ColumnType]:
            self._fault(value, f"type is {type_word}; want {', '.join(ColumnType)}")
            type_word = "text"
        if (type_word == "date") != bool(pattern) or (pattern and not _PATTERN.fullmatch(pattern)):
            self._fault(value, "a date says its pattern, as type: date CCYYMMDD; nothing else has one")
        return Column(
            key.text,
            self._text(value, "header", key.text),
            number,
            span,
            ColumnType(type_word),
            pattern,
            self._one_of(value, "decimal", ".", {"point": ".", "comma": ","}),
            self._flag(value, "required", default=False),
            shortest,
            longest,
            frozenset(self._texts(value, "codes")),
            Scope(self._one_of(value, "per", "row", {"row": "row", "document": "document"}) or "row"),
        )

    def _span(self, key: Scalar, value: Mapping) -> tuple[int, int] | None:
        found = _SPAN.fullmatch(self._text(value, "at"))
        if found is None or int(found[1]) > int(found[2]):
            self._fault(key, f"{key.text} wants its characters, as at: 1-10; or give the file a delimiter")
            return None
        return int(found[1]), int(found[2])

    def _length(self, at: Value, text: str) -> tuple[int | None, int | None]:
        found = _LENGTH.fullmatch(text)
        if found is None or (found[1] and int(found[1]) > int(found[2])):
            self._fault(at, f"length is {text}; want 1-22, or 5")
            return None, None
        return (int(found[3]), int(found[3])) if found[3] else (int(found[1]), int(found[2]))

    def _known(self, mapping: Mapping, keys: tuple[str, ...], of: str) -> None:
        for key, _ in mapping.entries:
            if key.text not in keys:
                self._fault(key, f'{of} has no "{key.text}"{did_you_mean(key.text, keys)}')

    def _text(self, mapping: Mapping, key: str, default: str = "") -> str:
        value = mapping.get(key)
        if value is None:
            return default
        if not isinstance(value, Scalar):
            self._fault(value, f"{key} wants one word")
            return default
        return value.text

    def _texts(self, mapping: Mapping, key: str) -> tuple[str, ...]:
        value = mapping.get(key)
        items = () if value is None else value.items if isinstance(value, Sequence) else (value,)
        found = tuple(item.text for item in items if isinstance(item, Scalar))
        if len(found) != len(items):
            self._fault(mapping, f"{key} wants a list of words")
        return found

    def _flag(self, mapping: Mapping, key: str, *, default: bool) -> bool:
        text = self._text(mapping, key, "yes" if default else "no")
        if text not in ("yes", "no"):
            self._fault(mapping, f"{key} is {text}; want yes or no")
        return text == "yes"

    def _one_of(self, mapping: Mapping, key: str, default: str, words: dict[str, str], *, single: bool = False) -> str:
        text = self._text(mapping, key)
        if not text:
            return default
        if text in words:
            return words[text]
        if single and len(text) == 1 and not text.isalnum() and text not in "\r\n":
            return text
        also = " or one character" if single else ""
        self._fault(mapping, f"{key} is {text}; want {', '.join(words)}{also}")
        return default

    def _fault(self, at: Value, message: str) -> None:
        self.faults.append(LoadFault(at.place, message))


def _grouped(record: RecordLayout, group_by: tuple[str, ...]) -> RecordLayout:
    """The record with the columns that tell documents apart as columns of the document, which must be there."""
    columns = tuple(
        replace(column, scope=Scope.DOCUMENT, required=True) if column.name in group_by else column
        for column in record.columns
    )
    return replace(record, columns=columns)


_KEYS = (
    "delimiter",
    "quote",
    "encoding",
    "bom",
    "line_end",
    "header",
    "document",
    "group_by",
    "begins",
    "columns",
    "records",
)
_COLUMN_KEYS = ("header", "at", "type", "decimal", "required", "length", "codes", "per")
