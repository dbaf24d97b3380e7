"""How commands print: tables and colours for people, one JSON object a line for programs."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

EXIT_REJECTED = 1
EXIT_USAGE = 2
CHUNK_BYTES = 1 << 16

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Files = Annotated[list[Path], typer.Argument(help="Files to read.", metavar="FILE...")]
OneFile = Annotated[Path, typer.Argument(help="The file to read.", metavar="FILE")]
Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="TRADELANE_HOME", help="The workspace folder.", show_default="./tradelane-home"),
]

people = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def print_json(*objects: object) -> None:
    """Each object on a line of its own."""
    for found in objects:
        # A column's name from the database is a str of its own kind, which orjson takes for no key without this.
        sys.stdout.write(orjson.dumps(found, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


def print_table(
    rows: Iterable[dict[str, Any]], columns: dict[str, str], *, title: str | None = None, whole: Collection[str] = ()
) -> None:
    """A table of rows; `columns` is key -> heading. Values are shown as text, never read as markup.

    Args:
        whole: keys whose values are never folded: what people copy.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for key, heading in columns.items():
        table.add_column(heading, overflow="fold", no_wrap=key in whole)
    for row in rows:
        table.add_row(*(plain(row.get(key)) for key in columns))
    people.print(table)


def plain(value: object) -> str:
    """A value as a person reads it, safe beside markup: neither a colour nor a control character in it takes effect."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return escape(printable(str(value)))


def plain_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(plain(line) for line in text.splitlines())


def printable(text: str) -> str:
    """Text that does nothing to a terminal: control characters, line ends among them, are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def complain(message: str) -> None:
    """One line on stderr."""
    print(printable(message), file=sys.stderr)


def fail(message: str, *, code: int) -> NoReturn:
    """Say what is wrong on stderr and end."""
    complain(f"tradelane: {message}")
    raise SystemExit(code)


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, 64 KiB at a time.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
