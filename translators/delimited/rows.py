"""Bytes of delimited or fixed-width text to rows of values, each with its line, column and byte; read in one pass.

Source: RFC 4180, and what partners send: any delimiter, lone CR or LF, quotes inside unquoted values.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NoReturn

from translators.delimited.layout import ENCODINGS, Layout
from translators.errors import Position, shown

_FED_BYTES = 256 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class DelimitedLimits:
    """Caps on one file, so that a hostile one costs little.

    Args:
        row: characters of a row, its quoted line ends included.
        value: characters of a value.
        columns: values of a row.
        document_rows: rows of one document.
        rows: in all.
    """

    row: int = 1024 * 1024
    value: int = 64 * 1024
    columns: int = 1_000
    document_rows: int = 100_000
    rows: int = 5_000_000


class GivenUp(Exception):
    """The file cannot be read on from here; the reader tells its code and message as an issue."""

    def __init__(self, code: str, message: str, position: Position) -> None:
        super().__init__(message)
        self.code = code
        self.position = position


class Row:
    """One row: its values, and where each begins.

    `line` and `offset` are of its first character; `spots` the index in `text` at which each value (or its opening
    quote) begins; `faults` (code, number of the value from 0, message) of its quoting;
    `widths` the characters of each value where columns have a fixed width.
    """

    __slots__ = ("codec", "faults", "line", "offset", "spots", "text", "values", "widths")

    def __init__(self, values: list[str], *, text: str, spots: list[int], line: int, offset: int, codec: str) -> None:
        self.values = values
        self.text = text
        self.spots = spots
        self.line = line
        self.offset = offset
        self.codec = codec
        self.faults: list[tuple[str, int, str]] = []
        self.widths: list[int] | None = None

    def position(self, index: int, *, path: str | None = None) -> Position:
        """The place of value `index` (from 0), or of the row's end where it has fewer."""
        spot = self.spots[index] if index < len(self.spots) else len(self.text)
        before = self.text[:spot]
        line, begins = self.line, 0
        for end in _LINE_END.finditer(before):
            line += 1
            begins = end.end()
        return Position(
            element=index + 1,
            line=line,
            column=spot - begins + 1,
            offset=self.offset + len(before.encode(self.codec)),
            path=path,
        )

    def span(self, index: int) -> tuple[int, int]:
        """The bytes of value `index` (from 0), quotes and all."""
        start = self.spots[index] if index < len(self.spots) else len(self.text)
        end = self.spots[index + 1] - 1 if index + 1 < len(self.spots) else len(self.text)
        if self.widths is not None and index < len(self.widths):
            end = min(start + self.widths[index], len(self.text))
        first = self.offset + len(self.text[:start].encode(self.codec))
        return first, first + len(self.text[start:end].encode(self.codec))


def read_rows(chunks: Iterable[bytes], layout: Layout, limits: DelimitedLimits) -> Iterator[Row]:
    """The rows of a file; lines without a character are none.

    Raises:
        GivenUp: the bytes are no text of the encoding, or a cap was passed.
    """
    rows = _fixed_rows if layout.fixed else _delimited_rows
    for count, row in enumerate(rows(_Lines(chunks, layout.encoding, limits), layout, limits), 1):
        if count > limits.rows:
            raise GivenUp(
                "delimited.too_large", f"more than {limits.rows} rows; send the file in parts", row.position(0)
            )
        yield row


class _Lines:
    """The lines of a file: text, line end, number from 1, byte offset."""

    def __init__(self, chunks: Iterable[bytes], encoding: str, limits: DelimitedLimits) -> None:
        self._chunks = iter(chunks)
        self._encoding = encoding
        self._limits = limits
        self._mark = 0
        self.codec = ENCODINGS[encoding]

    def __iter__(self) -> Iterator[tuple[str, str, int, int]]:
        number, offset, held = 1, 0, 0
        rest: list[str] = []
        for text in self._texts():
            if number == 1 and not rest:
                offset = self._mark
            at = 0
            for end in _LINE_END.finditer(text):
                line = text[at : end.start()]
                if rest:
                    line = "".join([*rest, line])
                    rest, held = [], 0
                at = end.end()
                yield line, end.group(), number, offset
                number += 1
                offset += self._size(line) + self._size(end.group())
            if at < len(text):
                rest.append(text[at:])
                held += len(text) - at
            if held > self._limits.row:
                place = Position(line=number, column=1, offset=offset)
                raise GivenUp("delimited.too_large", f"a row has more than {self._limits.row} characters", place)
        if rest:
            yield "".join(rest), "", number, offset

    def _size(self, text: str) -> int:
        if self.codec in _SINGLE_BYTE or (self.codec == "utf-8" and text.isascii()):
            return len(text)
        return len(text.encode(self.codec))

    def _texts(self) -> Iterator[str]:
        """The text, cut anywhere but between a CR and its LF."""
        head = b""
        while len(head) < 4 and (chunk := next(self._chunks, None)) is not None:
            head += chunk
        self._take_mark(head)
        decoder = codecs.getincrementaldecoder(self.codec)("strict")
        fed, lines, carry = self._mark, 1, ""
        for piece in self._pieces(head[self._mark :]):
            pending = decoder.getstate()[0]
            try:
                text = carry + decoder.decode(piece or b"", piece is None)
            except UnicodeDecodeError as error:
                self._undecodable(pending + (piece or b""), error.start, line=lines, offset=fed - len(pending))
            carry = "\r" if text.endswith("\r") and piece is not None else ""
            fed += len(piece or b"")
            lines += len(_LINE_END.findall(text)) - len(carry)
            yield text.removesuffix(carry)

    def _take_mark(self, head: bytes) -> None:
        if self.codec == "utf-16":
            if head and not head.startswith(_BOM_UTF16):
                text = "the file is agreed to be UTF-16 and has no byte order mark"
                raise GivenUp("delimited.encoding", text, Position(line=1, column=1, offset=0))
            self.codec = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
            self._mark = min(2, len(head))
        elif self.codec == "utf-8" and head.startswith(codecs.BOM_UTF8):
            self._mark = 3

    def _pieces(self, head: bytes) -> Iterator[bytes | None]:
        """The bytes in pieces of a bounded size; None after the last."""
        for chunk in chain((head,), self._chunks):
            for start in range(0, len(chunk), _FED_BYTES):
                yield chunk[start : start + _FED_BYTES]
        yield None

    def _undecodable(self, data: bytes, start: int, *, line: int, offset: int) -> NoReturn:
        before = _LINE_END.split(data[:start].decode(self.codec, "replace"))
        place = Position(line=line + len(before) - 1, column=len(before[-1]) + 1, offset=offset + start)
        text = f"byte {data[start]:#04x} is no text in {self._encoding}; want the encoding that was agreed"
        raise GivenUp("delimited.encoding", text, place)


def _fixed_rows(lines: _Lines, layout: Layout, limits: DelimitedLimits) -> Iterator[Row]:
    """Rows of fixed width: a value is the characters of its columns, without the blanks that fill it."""
    spans = {record.name: [column.span or (1, 1) for column in record.columns] for record in layout.records}
    only = next(iter(spans.values())) if layout.record_at is None else None
    for text, _, number, offset in lines:
        if not text.strip():
            continue
        if len(text) > limits.row:
            place = Position(line=number, column=1, offset=offset)
            raise GivenUp("delimited.too_large", f"a row has more than {limits.row} characters", place)
        wanted = only
        if wanted is None:
            start, end = layout.record_at if isinstance(layout.record_at, tuple) else (1, 1)
            wanted = spans.get(text[start - 1 : end].strip(), [(start, end)])
        values = [text[start - 1 : end].strip(" ") for start, end in wanted]
        spots = [min(start - 1, len(text)) for start, _ in wanted]
        row = Row(values, text=text, spots=spots, line=number, offset=offset, codec=lines.codec)
        row.widths = [end - start + 1 for start, end in wanted]
        yield row


def _delimited_rows(lines: _Lines, layout: Layout, limits: DelimitedLimits) -> Iterator[Row]:
    """Rows of values between delimiters; a value that begins with a quote goes on to the next, line ends and all."""
    delimiter, quote = layout.delimiter, layout.quote
    given = iter(lines)
    for text, line_end, number, offset in given:
        if not text:
            continue
        if not quote or quote not in text:
            values = text.split(delimiter)
            spots = list(accumulate((len(value) + 1 for value in values[:-1]), initial=0))
            row = Row(values, text=text, spots=spots, line=number, offset=offset, codec=lines.codec)
        else:
            row = _Quoted(text, line_end, given, layout, limits).row(line=number, offset=offset, codec=lines.codec)
        if len(row.values) > limits.columns:
            text = f"a row has more than {limits.columns} values"
            raise GivenUp("delimited.too_many_columns", text, row.position(limits.columns))
        if not any(row.values) and not row.faults:
            continue
        yield row


class _Quoted:
    """One row with quotes in it, which may go on over several lines."""

    def __init__(
        self,
        text: str,
        line_end: str,
        lines: Iterator[tuple[str, str, int, int]],
        layout: Layout,
        limits: DelimitedLimits,
    ) -> None:
        self._text = text
        self._line_end = line_end
        self._lines = lines
        self._layout = layout
        self._limits = limits
        self._whole = [text]
        self._before = 0
        """Characters of the row's lines that came before this one."""
        self._faults: list[tuple[str, int, str]] = []

    def row(self, *, line: int, offset: int, codec: str) -> Row:
        """The row, all its lines read."""
        delimiter, quote = self._layout.delimiter, self._layout.quote
        values: list[str] = []
        spots: list[int] = []
        at = 0
        while True:
            spots.append(self._before + at)
            if self._text.startswith(quote, at):
                value, at = self._quoted(at + 1, len(values))
            else:
                end = self._text.find(delimiter, at)
                value, at = (self._text[at:], -1) if end < 0 else (self._text[at:end], end)
            values.append(value)
            if at < 0 or at >= len(self._text):
                break
            at += 1
        found = Row(values, text="".join(self._whole), spots=spots, line=line, offset=offset, codec=codec)
        found.faults = self._faults
        return found

    def _quoted(self, at: int, index: int) -> tuple[str, int]:
        """The value from after its opening quote; and where the delimiter after it stands, -1 at the row's end."""
        delimiter, quote = self._layout.delimiter, self._layout.quote
        pieces: list[str] = []
        while True:
            end = self._text.find(quote, at)
            if end < 0:
                pieces.append(self._text[at:])
                if not self._next_line(pieces):
                    self._faults.append(("delimited.quote.open", index, "a quoted value has no closing quote"))
                    return "".join(pieces), -1
                at = 0
            elif self._text.startswith(quote, end + 1):
                pieces.append(self._text[at : end + 1])
                at = end + 2
            else:
                pieces.append(self._text[at:end])
                after = self._text.find(delimiter, end + 1)
                stray = self._text[end + 1 :] if after < 0 else self._text[end + 1 : after]
                if stray:
                    told = f"{shown(stray)} stands after a closing quote; double the quotes within a value"
                    self._faults.append(("delimited.quote.text_after", index, told))
                    pieces.append(stray)
                return "".join(pieces), after

    def _next_line(self, pieces: list[str]) -> bool:
        found = next(self._lines, None)
        if found is None:
            return False
        pieces.append(self._line_end)
        self._before += len(self._text) + len(self._line_end)
        self._whole += [self._line_end, found[0]]
        if self._before + len(found[0]) > self._limits.row:
            place = Position(line=found[2], column=1, offset=found[3])
            raise GivenUp("delimited.too_large", f"a row has more than {self._limits.row} characters", place)
        self._text, self._line_end = found[0], found[1]
        return True


_SINGLE_BYTE = frozenset({"latin-1", "cp1252", "ascii"})
