"""`xref import|export|list`: cross references between partners' values and ours, as CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, OneFile, complain, fail, people, print_json, print_table
from translators.delimited.formulas import neutralised

if TYPE_CHECKING:
    from mappings.cross_references import CrossReference

COLUMNS = ("table", "partner", "value", "word", "from", "to")
MAX_BYTES = 64 * 1024 * 1024
MAX_FIELD = 500

xref_app = typer.Typer(
    help="Cross references: a partner's value and ours, by table and day, as maps ask for them with xref().",
    no_args_is_help=True,
)

Table = Annotated[str | None, typer.Option(help="Only this table.")]
Partner = Annotated[str | None, typer.Option(help="Only this partner's own rows.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(xref_app, name="xref")


@xref_app.command("import")
def xref_import(
    file: OneFile,
    home: Home = None,
    json: Json = False,
) -> None:
    """Add or change the rows of a CSV file with the columns table, partner, value, word, from, to; all or none.

    An empty partner is a row for every partner; empty days are no limit. What was held for want of a row is tried
    again. Exit 1 where a row is wrong; nothing is then changed.
    """
    from gateway.app import load_gateway, workspace_store
    from gateway.errors import NotYet
    from gateway.settings import load_settings
    from gateway.store import cross_references
    from gateway.workspace import home_of, registry_of

    if file.stat().st_size > MAX_BYTES:
        fail(f"{file} is larger than {MAX_BYTES} bytes", code=EXIT_REJECTED)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"{file}: byte {error.start} is not UTF-8", code=EXIT_REJECTED)
    rows, faults = _read(text, partners=registry_of(home).partners)
    for fault in faults:
        complain(f"{file}:{fault}")
    if faults:
        fail(f"{file}: {len(faults)} mistake(s); nothing was changed", code=EXIT_REJECTED)
    with workspace_store(home) as store:
        gateway = load_gateway(load_settings(home_of(home)), store)
        with store.begin() as conn:
            changed = cross_references.put(conn, rows, by="cli", at=gateway.clock.now())
        try:
            released = len(gateway.releasing("cli").run())
        except NotYet as error:
            people.print(f"the running gateway lets go what was held: {error}")
            released = 0
    if json:
        print_json({"rows": len(rows), "changed": changed, "lanes": released})
    else:
        people.print(f"{len(rows)} row(s), {changed} new or changed")


@xref_app.command("export")
def xref_export(table: Table = None, partner: Partner = None, home: Home = None) -> None:
    """Print the rows as CSV, as `xref import` reads them."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    out.writerows(_cells(row) for row in _stored(table, partner, home))


@xref_app.command("list")
def xref_list(table: Table = None, partner: Partner = None, home: Home = None, json: Json = False) -> None:
    """List the rows."""
    rows = [dict(zip(COLUMNS, _cells(row), strict=True)) for row in _stored(table, partner, home)]
    if json:
        print_json(*rows)
    else:
        print_table(rows, {name: name for name in COLUMNS})


def _stored(table: str | None, partner: str | None, home: Home) -> Sequence[CrossReference]:
    from gateway.app import workspace_store
    from gateway.store import cross_references

    with workspace_store(home) as store, store.begin() as conn:
        return cross_references.read(conn, table=table, partner=partner)


def _cells(row: CrossReference) -> tuple[str, ...]:
    days = ("" if day is None else day.isoformat() for day in (row.first, row.last))
    return (neutralised(row.table), row.partner or "", neutralised(row.value), neutralised(row.word), *days)


def _read(text: str, *, partners: Collection[str]) -> tuple[list[CrossReference], list[str]]:
    """The rows, and every mistake as LINE: message."""
    from mappings.cross_references import CrossReference

    faults: list[str] = []
    found: dict[tuple[str, str | None, str, date | None], CrossReference] = {}
    for line, cells in _lines(text, faults):
        row, wrong = _row(cells, partners)
        if row is None:
            faults += [f"{line}: {one}" for one in wrong]
            continue
        key = (row.table, row.partner, row.value, row.first)
        if key in found:
            faults.append(f"{line}: {row.table} has {row.value} twice from the same day")
        found[key] = CrossReference(row.table, row.value, row.word, row.partner, row.first, row.last)
    return list(found.values()), faults


def _lines(text: str, faults: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if tuple(head) != COLUMNS:
            faults.append(f"1: the columns are {', '.join(head)[:80]}; want {', '.join(COLUMNS)}")
            return
        for cells in reader:
            if len(cells) != len(COLUMNS):
                faults.append(f"{reader.line_num}: {len(cells)} cells; want {len(COLUMNS)}")
            elif any(len(cell) > MAX_FIELD for cell in cells):
                faults.append(f"{reader.line_num}: a cell is longer than {MAX_FIELD} characters")
            else:
                yield reader.line_num, dict(zip(COLUMNS, map(_as_it_was, cells), strict=True))
    except csv.Error as error:
        faults.append(f"{reader.line_num}: not CSV: {error}")


def _as_it_was(cell: str) -> str:
    """A cell without the apostrophe that an export put before what a spreadsheet would run."""
    return cell[1:] if cell.startswith("'") and neutralised(cell[1:]) == cell else cell


def _row(cells: dict[str, str], partners: Collection[str]) -> tuple[CrossReference | None, list[str]]:
    from mappings.cross_references import CrossReference

    wrong = [f"{name} is empty" for name in ("table", "value", "word") if not cells[name]]
    partner = cells["partner"] or None
    if partner is not None and partner not in partners:
        wrong.append(f"there is no partner {partner}")
    days: dict[str, date | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = date.fromisoformat(cells[name]) if cells[name] else None
        except ValueError:
            wrong.append(f"{name} is {cells[name]}; want a day as 2026-03-01, or nothing")
    first, last = days.get("from"), days.get("to")
    if first is not None and last is not None and last < first:
        wrong.append(f"to is {last}, before from, {first}")
    if wrong:
        return None, wrong
    return CrossReference(cells["table"], cells["value"], cells["word"], partner, first, last), []
