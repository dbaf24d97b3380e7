"""FUNCTIONS: the closed table of what maps may call; pure, typed, and each documented in its row.

`docs/maps.md` is made from this table. A READER works on one text, its other arguments written in the map; WORK is done
on values of any kind, absent where one of them is; the others need the document itself and are written by the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.arithmetic import ROUNDINGS, rounded
from mappings.cross_references import looked_up
from mappings.kinds import Kind
from mappings.moments import day_in, moment, time_in, today
from mappings.patterns import pattern_reader
from mappings.readers import DATE_PATTERNS, code_reader, date_reader, number_reader, time_reader
from mappings.signatures import Accepts, Form, Function, Parameter
from mappings.units import UNITS, converted
from mappings.x12_writers import date_writer, number_writer, time_writer

MAX_PLACES = 20
"""Decimal places round() may name."""
MAX_WIDTH = 1000
"""Characters pad() may fill up to."""


def concatenated(*values: str) -> str:
    """The texts one after another."""
    return "".join(values)


def _make_code(table: tuple[str, Mapping[str, str]]) -> Callable[[str], Any]:
    return code_reader(table[1], table[0])


def _make_trim() -> Callable[[str], str]:
    return lambda text: text.strip(" ")


def _make_substr(start: int, length: int | None) -> Callable[[str], str]:
    end = None if length is None else start - 1 + length
    return lambda text: text[start - 1 : end]


def _make_pad(width: int, fill: str, side: str) -> Callable[[str], str]:
    if side == "right":
        return lambda text: text.ljust(width, fill) if text else ""
    return lambda text: text.rjust(width, fill) if text else ""


def _make_replace(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def _make_split(separator: str, part: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = text.split(separator)
        return parts[part - 1] if part <= len(parts) else ""

    return read


_TEXT = Parameter("text", (Kind.TEXT,))
_ANY = (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.TIME)
_REFERENCE = Parameter("reference", accepts=Accepts.REFERENCE)

_ROWS = (
    Function(
        "num",
        (
            _TEXT,
            Parameter(
                "implied", (), Accepts.WHOLE, named=True, optional=True, default="guide", words=("off",), limits=(0, 9)
            ),
        ),
        Kind.NUMBER,
        Form.READER,
        "The number a text holds. `implied=2` where the last two digits are decimals; without it, as the guide types "
        "the element (N2: two implied decimals); `implied=off` where the sender writes the point in such an element. "
        "Of a number it is the text, with so many implied decimals or with its point.",
        "num(PO102)",
        make=number_reader,
        writes=Kind.NUMBER,
        unmake=number_writer,
        fails=True,
        remembers=True,
    ),
    Function(
        "date",
        (
            _TEXT,
            Parameter("pattern", (), Accepts.TEXT, optional=True, default="CCYYMMDD", words=DATE_PATTERNS),
        ),
        Kind.DATE,
        Form.READER,
        "The day a text names, by the calendar. Without a century, years 00 to 49 are of 2000, 50 to 99 of 1900. Of a "
        "date it is the text.",
        "date(BEG05, 'CCYYMMDD')",
        make=date_reader,
        writes=Kind.DATE,
        unmake=date_writer,
        fails=True,
        remembers=True,
    ),
    Function(
        "time",
        (_TEXT,),
        Kind.TIME,
        Form.READER,
        "The time of day a text names: HHMM, HHMMSS, and tenths or hundredths of a second after that. 2400 is none. Of "
        "a time it is the text.",
        "time(DTM[002].03)",
        make=time_reader,
        writes=Kind.TIME,
        unmake=time_writer,
        fails=True,
        remembers=True,
    ),
    Function(
        "code",
        (_TEXT, Parameter("table", (), Accepts.TABLE)),
        Kind.TEXT,
        Form.READER,
        "The map's own word for a partner's code, by one of the map's tables. A code that is not in it is an issue.",
        "code(PO103, 'uom')",
        make=_make_code,
        fails=True,
        remembers=True,
    ),
    Function(
        "trim",
        (_TEXT,),
        Kind.TEXT,
        Form.READER,
        "The text without spaces at its ends.",
        "trim(BEG03)",
        make=_make_trim,
    ),
    Function(
        "upper",
        (_TEXT,),
        Kind.TEXT,
        Form.READER,
        "The text in capital letters.",
        "upper(N102)",
        make=lambda: str.upper,
    ),
    Function(
        "lower",
        (_TEXT,),
        Kind.TEXT,
        Form.READER,
        "The text in small letters.",
        "lower(PER04)",
        make=lambda: str.lower,
    ),
    Function(
        "substr",
        (
            _TEXT,
            Parameter("start", (), Accepts.WHOLE, limits=(1, 100_000)),
            Parameter("length", (), Accepts.WHOLE, optional=True, limits=(1, 100_000)),
        ),
        Kind.TEXT,
        Form.READER,
        "Part of a text, from character `start` (from 1) on. What is not there is absent.",
        "substr(REF02, 1, 4)",
        make=_make_substr,
    ),
    Function(
        "split",
        (
            _TEXT,
            Parameter("separator", (), Accepts.TEXT),
            Parameter("part", (), Accepts.WHOLE, limits=(1, 1000)),
        ),
        Kind.TEXT,
        Form.READER,
        "One part (from 1) of a text that is divided by a separator; absent where there are fewer.",
        "split(REF02, '-', 1)",
        make=_make_split,
    ),
    Function(
        "pad",
        (
            _TEXT,
            Parameter("width", (), Accepts.WHOLE, limits=(1, MAX_WIDTH)),
            Parameter("fill", (), Accepts.TEXT, optional=True, default="0", limits=(1, 1)),
            Parameter("side", (), Accepts.WORD, named=True, optional=True, default="left", words=("left", "right")),
        ),
        Kind.TEXT,
        Form.READER,
        "The text filled up on the left (or right) to a width, with 0 or another character; a longer text stays as it "
        "is.",
        "pad(N104, 13)",
        make=_make_pad,
    ),
    Function(
        "replace",
        (_TEXT, Parameter("old", (), Accepts.TEXT), Parameter("new", (), Accepts.TEXT, empty=True)),
        Kind.TEXT,
        Form.READER,
        "The text with one part of it replaced by another (or by nothing), wherever it stands.",
        "replace(PER04, '-', '')",
        make=_make_replace,
    ),
    Function(
        "match",
        (_TEXT, Parameter("pattern", (), Accepts.TEXT)),
        Kind.TEXT,
        Form.READER,
        "The part in parentheses (or all) of a text that matches a pattern as a whole, else absent; as a condition, "
        "whether it matches. In a pattern `.` is any character, `[A-Z0-9]` one of a class, `\\d` a digit, `\\w` a "
        "letter, digit or `_`, `\\s` a blank; after each `?`, `*`, `+`, `{3}` or `{1,3}` says how often. There are no "
        "alternatives, and it takes linear time.",
        "match(REF[PO].02, 'PO-?(\\d+)')",
        make=pattern_reader,
        fails=True,
        remembers=True,
    ),
    Function(
        "xref",
        (_TEXT, Parameter("table", (), Accepts.TEXT)),
        Kind.TEXT,
        Form.WORK,
        "Our value for a partner's, by a cross reference: a partner's own row before one for all, by the day it holds. "
        "A value without a row is an issue; adding the row releases the document.",
        "xref(PO107, 'item')",
        work=looked_up,
        fails=True,
        around="references",
    ),
    Function(
        "datetime",
        (
            Parameter("date", (Kind.DATE,)),
            Parameter("time", (Kind.TIME,)),
            Parameter("zone", (Kind.TEXT,)),
        ),
        Kind.DATETIME,
        Form.WORK,
        "The moment of a day and a time of day in a zone (`America/Chicago`, `UTC`, `+01:00`); of an hour that there "
        "is twice the first.",
        "datetime(date(BEG05), time(DTM[002].03), 'America/Chicago')",
        work=moment,
        fails=True,
    ),
    Function(
        "date_in",
        (Parameter("moment", (Kind.DATETIME,)), Parameter("zone", (Kind.TEXT,))),
        Kind.DATE,
        Form.WORK,
        "The day of a moment in a zone.",
        "date_in(datetime(date(BEG05), time(DTM[002].03), 'UTC'), 'America/Chicago')",
        work=day_in,
        fails=True,
    ),
    Function(
        "time_in",
        (Parameter("moment", (Kind.DATETIME,)), Parameter("zone", (Kind.TEXT,))),
        Kind.TIME,
        Form.WORK,
        "The time of day of a moment in a zone.",
        "time_in(datetime(date(BEG05), time(DTM[002].03), 'UTC'), 'America/Chicago')",
        work=time_in,
        fails=True,
    ),
    Function(
        "today_in",
        (Parameter("zone", (Kind.TEXT,)),),
        Kind.DATE,
        Form.WORK,
        "The day it is in a zone when the map runs.",
        "today_in('America/Chicago')",
        work=today,
        fails=True,
        around="now",
    ),
    Function(
        "convert",
        (
            Parameter("number", (Kind.NUMBER,)),
            Parameter("unit", (Kind.TEXT,)),
            Parameter("to", (), Accepts.TEXT, words=tuple(sorted(UNITS))),
        ),
        Kind.NUMBER,
        Form.WORK,
        "An amount in another unit of the same dimension, by codes of UN/ECE Recommendation 20; exact, or to 20 "
        "digits.",
        "convert(num(PO102), code(PO103, 'uom'), 'KGM')",
        work=converted,
        fails=True,
    ),
    Function(
        "concat",
        (Parameter("text", (Kind.TEXT,), many=True),),
        Kind.TEXT,
        Form.VALUE,
        "Texts one after another; what is absent adds nothing.",
        "concat(N401, ', ', N402)",
        work=concatenated,
    ),
    Function(
        "coalesce",
        (Parameter("value", _ANY, many=True),),
        Kind.UNKNOWN,
        Form.EITHER,
        "The first value that is not absent; the same as `a or b or c`.",
        "coalesce(CUR02, agreement.currency)",
    ),
    Function(
        "round",
        (
            Parameter("number", (Kind.NUMBER,)),
            Parameter("places", (), Accepts.WHOLE, limits=(0, MAX_PLACES)),
            Parameter("mode", (), Accepts.WORD, named=True, optional=True, default="half_up", words=tuple(ROUNDINGS)),
        ),
        Kind.NUMBER,
        Form.ROUND,
        "The number with so many decimal places. Its first argument is the one place where `/` may stand, so that "
        "every division says how it is rounded.",
        "round(num(PO104) / num(PO401), 4)",
        work=rounded,
        fails=True,
    ),
    Function(
        "pair",
        (Parameter("qualifier", (), Accepts.TEXT, many=True),),
        Kind.TEXT,
        Form.SOURCE,
        "The value beside a qualifier, among the pairs of the block's segment (product ids, data elements 235 and "
        "234; communication numbers, 365 and 364), or of another that is named first, as `pair(LIN, 'UP')` and "
        "`pair(PER[BD], 'TE')`; of several qualifiers the first that is there. One that is there twice is an issue.",
        "pair('UP', 'UK', 'EN')",
        fails=True,
        segment_first=True,
    ),
    Function(
        "count",
        (_REFERENCE,),
        Kind.NUMBER,
        Form.GATHER,
        "How many: parts of a block (`lines`), segments, or elements that hold something.",
        "count(lines)",
    ),
    Function(
        "sum",
        (_REFERENCE,),
        Kind.NUMBER,
        Form.GATHER,
        "The exact sum of a field over a block (`lines.qty`), or of an element over all segments that match.",
        "sum(lines.qty)",
        fails=True,
    ),
    Function(
        "counter",
        (Parameter("name", (), Accepts.TEXT, optional=True),),
        Kind.NUMBER,
        Form.COUNTER,
        "The number of the part at hand in its block, from 1; with a name, how often that counter was asked in the "
        "document, from 1, wherever it stands.",
        "counter()",
    ),
    Function(
        "min",
        (_REFERENCE,),
        Kind.NUMBER,
        Form.GATHER,
        "The smallest of the numbers in an element of all segments that match, or in a field of a block; absent where "
        "there is none.",
        "min(lines.qty)",
        fails=True,
    ),
    Function(
        "max",
        (_REFERENCE,),
        Kind.NUMBER,
        Form.GATHER,
        "The largest of the numbers in an element of all segments that match, or in a field of a block; absent where "
        "there is none.",
        "max(lines.qty)",
        fails=True,
    ),
    Function(
        "first",
        (_REFERENCE,),
        Kind.TEXT,
        Form.GATHER,
        "The first value that is not empty, of all segments that match.",
        "first(PID05)",
    ),
    Function(
        "last",
        (_REFERENCE,),
        Kind.TEXT,
        Form.GATHER,
        "The last value that is not empty, of all segments that match.",
        "last(N9/MSG.01)",
    ),
    Function(
        "join",
        (_REFERENCE, Parameter("separator", (), Accepts.TEXT, optional=True, default=" ")),
        Kind.TEXT,
        Form.GATHER,
        "All values that are not empty, of all segments that match, with a separator (a space) between them.",
        "join(PID05, ' ')",
    ),
    Function(
        "all",
        (Parameter("reference", accepts=Accepts.REFERENCE, many=True),),
        Kind.TEXTS,
        Form.GATHER,
        "All values that are not empty, of all segments that match, as a list; of several references one after "
        "another, as `all(M7.01, M7.02)`.",
        "all(N9/MSG.01)",
    ),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _ROWS}
"""Name -> function."""
