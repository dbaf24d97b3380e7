"""`table list|export|import`: the code tables of maps, as CSV for whoever keeps them in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json as json_text
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    OneFile,
    complain,
    fail,
    people,
    plain,
    print_json,
    print_table,
)
from gateway.workspace import home_of, map_roots, maps_of
from translators.delimited.formulas import neutralised

COLUMNS = ("map", "table", "value", "word")
table_app = typer.Typer(help="Code tables of maps: list, export and import them as CSV.", no_args_is_help=True)
MapName = Annotated[str | None, typer.Option("--map", help="Only this map's, as acme/850.in.")]
TableName = Annotated[str | None, typer.Option("--table", help="Only this table.")]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TABLES = re.compile(r"^tables:.*\n(?:(?:[ \t#].*)?\n)*", re.MULTILINE)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(table_app, name="table")


@table_app.command("list")
def table_list(name: MapName = None, table: TableName = None, home: Home = None, json: Json = False) -> None:
    """List the rows of code tables, as the maps have them: with what they take over from the maps they extend."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in _rows(name, table, home)]
    if json:
        print_json(*rows)
    else:
        print_table(rows, {column: column for column in COLUMNS})


@table_app.command("export")
def table_export(name: MapName = None, table: TableName = None, home: Home = None) -> None:
    """Print the rows as CSV, as `table import` reads them."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    out.writerows([neutralised(cell) for cell in row] for row in _rows(name, table, home))


@table_app.command("import")
def table_import(file: OneFile, home: Home = None, json: Json = False) -> None:
    """Add or change rows of a CSV file (map, table, value, word) in the workspace's own maps; all or none.

    The `tables` of a map file are written anew; what they only take over stays where it is. Nothing is changed where a
    row is wrong, or a map would not load with it: exit 1.
    """
    from translators.datafile import LoadError

    folder = home_of(home)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"{file}: byte {error.start} is not UTF-8", code=EXIT_REJECTED)
    wanted, faults = _read(text)
    own = map_roots(folder)[0]
    faults += [
        f"the workspace has no map file for {name}; write one that extends it first"
        for name in wanted
        if not (own / name / "map.yaml").is_file()
    ]
    drafts: dict[Path, Path] = {}
    catalog = maps_of(home, guides=_guides())
    try:
        for name, tables in wanted.items() if not faults else ():
            path = own / name / "map.yaml"
            had = catalog.find(name).resolved["tables"]
            written = _changed(
                path, {t: {v: w for v, w in rows.items() if had.get(t, {}).get(v) != w} for t, rows in tables.items()}
            )
            if written is not None:
                drafts[path] = path.with_name(".map.yaml.import")
                drafts[path].write_text(written, encoding="utf-8")
                maps_of(home, guides=_guides()).drafted(name, drafts[path])
        for fault in faults:
            complain(f"{file}: {fault}")
        if faults:
            fail(f"{file}: {len(faults)} mistake(s); nothing was changed", code=EXIT_REJECTED)
        for path, draft in drafts.items():
            os.replace(draft, path)
    except LoadError as error:
        for mistake in error.faults:
            complain(str(mistake))
        fail(f"{file}: the map would not load; nothing was changed", code=EXIT_REJECTED)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    changed = [str(path.parent.relative_to(own)) for path in drafts]
    if json:
        print_json({"changed": changed})
    else:
        people.print(f"changed: {plain(', '.join(changed)) or 'nothing'}")


def _rows(name: str | None, table: str | None, home: Path | None) -> Iterator[tuple[str, str, str, str]]:
    catalog = maps_of(home, guides=_guides())
    known = catalog.names()
    if name is not None and name not in known:
        fail(f"there is no map {name}", code=EXIT_USAGE)
    for one in known if name is None else [name]:
        for told, rows in catalog.find(one).resolved["tables"].items():
            if table in (None, told):
                yield from ((one, told, value, word) for value, word in rows.items())


def _read(text: str) -> tuple[dict[str, dict[str, dict[str, str]]], list[str]]:
    """map -> table -> value -> word, and every mistake as `line N: message`."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    faults: list[str] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if tuple(head) != COLUMNS:
            return {}, [f"line 1: the columns are {', '.join(head)[:80]}; want {', '.join(COLUMNS)}"]
        for cells in reader:
            name, table, value, word = [_as_it_was(cell) for cell in cells] if len(cells) == len(COLUMNS) else [""] * 4
            rows = found.setdefault(name, {}).setdefault(table, {})
            if not (name and value and word and _NAME.fullmatch(table)):
                faults.append(f"line {reader.line_num}: want a map, a table's name, a value and its word")
            elif rows.setdefault(value, word) != word:
                faults.append(f"line {reader.line_num}: {table} of {name} has {value} twice")
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: not CSV: {error}")
    return found, faults


def _as_it_was(cell: str) -> str:
    """A cell without the apostrophe that an export put before what a spreadsheet would run."""
    return cell[1:] if cell.startswith("'") and neutralised(cell[1:]) == cell else cell


def _changed(path: Path, tables: dict[str, dict[str, str]]) -> str | None:
    """The text of a map file with these rows in its own `tables`; None where there is nothing new."""
    from translators.datafile import Mapping, Scalar, read_datafile

    if not any(tables.values()):
        return None
    text = path.read_text(encoding="utf-8")
    top: Mapping = read_datafile(text.encode(), file=str(path))
    held = top.get("tables")
    own: dict[str, dict[str, str]] = {}
    for table, rows in held.entries if isinstance(held, Mapping) else ():
        inside = rows.entries if isinstance(rows, Mapping) else ()
        own[table.text] = {value.text: word.text for value, word in inside if isinstance(word, Scalar)}
    for name, more in tables.items():
        own.setdefault(name, {}).update(more)
    lines = ["tables:"]
    for name, words in own.items():
        lines.append(f"  {name}:")
        lines += [f"    {json_text.dumps(value)}: {json_text.dumps(word)}" for value, word in words.items()]
    block = "\n".join(lines) + "\n"
    if held is None:
        return f"{text.rstrip()}\n\n{block}"
    return _TABLES.sub(lambda _found: block + "\n", f"{text.rstrip()}\n", count=1)


def _guides() -> Any:
    from translators.x12.guide import GuideLibrary

    return GuideLibrary.shipped()
