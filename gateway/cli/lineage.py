"""`map lineage`: where every value of a stored document came from, or of what a document of ours was made into."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from gateway.cli.maps import map_app
from gateway.cli.output import EXIT_USAGE, Home, Json, fail, people, plain, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the group of `map`."""
    del app  # the group is registered with the commands it had first
    map_app.command("lineage")(map_lineage)


def map_lineage(
    id: Annotated[str, typer.Argument(help="Of a document, or of the transmission that brought it.")],
    field: Annotated[str | None, typer.Option(help="Only this value, as lines[3].unit, 7:PO103, /Invoice/ID.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say of every value which line of the map made it, and of what: bytes of the partner's file, or our own fields.

    A document of ours tells of the set or file that it was last sent as.
    """
    from gateway.app import workspace_store
    from gateway.store import documents

    try:
        wanted = UUID(id)
    except ValueError:
        fail(f"{id} is no id; tradelane search finds documents by their keys", code=EXIT_USAGE)
    with workspace_store(home) as store, store.begin() as conn:
        rows = documents.lineages(conn, wanted)
    if not rows:
        fail(f"there is no document or transmission {id}", code=EXIT_USAGE)
    told = [_told(row, path) for row in rows for path in row["lineage"] if field in (None, path)]
    if not told:
        what = "has no lineage: it was not sent yet" if field is None else f"has no value {field}"
        fail(f"{id} {what}", code=EXIT_USAGE)
    for one in told:
        if json:
            print_json(one)
            continue
        made = ", ".join(_source(source) for source in one["sources"]) or "a constant"
        people.print(f"[bold]{plain(one['field'])}[/]  {plain(one['file'])} line {one['line']}  from {plain(made)}")


def _told(row: dict[str, Any], path: str) -> dict[str, Any]:
    file, line, sources = row["lineage"][path]
    return {
        "document": str(row["id"]),
        "kind": row["kind"],
        "identity": row["identity"].strip("|"),
        "map": row["map_name"],
        "field": path,
        "file": file,
        "line": line,
        "sources": [dict(zip(("name", "segment", "element", "start", "end"), one, strict=True)) for one in sources],
    }


def _source(source: dict[str, Any]) -> str:
    where = "" if source["end"] is None else f" (bytes {source['start']}-{source['end']})"
    segment = "" if source["segment"] is None else f" of segment {source['segment']}"
    return f"{source['name']}{segment}{where}"
