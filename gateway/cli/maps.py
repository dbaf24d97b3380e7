"""`map ...`: check, test, show, explain, prove and compare maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    OneFile,
    fail,
    people,
    plain,
    print_json,
    print_table,
    printable,
)
from gateway.ports import SystemClock
from gateway.workspace import home_of, map_roots, maps_of, registry_of, vault_folder

if TYPE_CHECKING:
    from mappings.compiled import CompiledMap
    from mappings.coverage import MapCoverage
    from mappings.engine import Mapped
    from mappings.golden import SampleResults
    from mappings.lineage import Lineage
    from translators.x12.guide import GuideLibrary

map_app = typer.Typer(help="Maps: check, test, show, explain, prove and compare them.", no_args_is_help=True)

_AGAINST = re.compile(r"last:([1-9][0-9]{0,5})")
_DIFFERENCES_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(map_app, name="map")


@map_app.command("check")
def map_check(home: Home = None, json: Json = False) -> None:
    """Load every map; print every mistake as FILE:LINE:COLUMN. Exit 1 if there is any."""
    catalog = maps_of(home, guides=shipped_guides())
    faults = catalog.load_all()
    if json:
        print_json(
            *(
                {
                    "file": fault.place.file,
                    "line": fault.place.line,
                    "column": fault.place.column,
                    "message": fault.message,
                }
                for fault in faults
            )
        )
    else:
        for fault in faults:
            print(printable(str(fault)))
        people.print(f"{len(catalog.names())} maps, {len(faults)} mistake(s)")
    if faults:
        raise typer.Exit(EXIT_REJECTED)


@map_app.command("test")
def map_test(
    partner: Annotated[str | None, typer.Argument(help="Only the maps of this folder, as acme or base.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Run the samples that lie beside the maps. Exit 1 if one does not come out as expected."""
    from mappings.golden import run_samples

    catalog = maps_of(home, guides=shipped_guides())
    names = [name for name in catalog.names() if partner is None or name.split("/", 1)[0] == partner]
    if not names:
        fail(f"no map of {partner}; there are {', '.join(catalog.names())}", code=EXIT_USAGE)
    results = [run_samples(catalog, name) for name in names]
    if json:
        print_json(
            *(
                {
                    "map": found.map_name,
                    "sample": result.name,
                    "passed": result.passed,
                    "differences": result.differences,
                }
                for found in results
                for result in found.results
            )
        )
    else:
        for found in results:
            print_samples(found)
        run = [result for found in results for result in found.results]
        people.print(f"{sum(result.passed for result in run)} of {len(run)} samples passed")
    if not all(found.passed for found in results):
        raise typer.Exit(EXIT_REJECTED)


@map_app.command("show")
def map_show(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")], home: Home = None, json: Json = False
) -> None:
    """Print a map as it is after `extends`, each rule with the line that states it."""
    found = maps_of(home, guides=shipped_guides()).find(name)
    if json:
        print_json({"map": found.name, "revision": found.revision, "resolved": found.resolved})
    else:
        people.print(f"[bold]{plain(found.name)}[/]  {plain(found.resolved['map'])}  revision {found.revision[:12]}")
        for name, table in found.resolved["tables"].items():
            people.print(
                f"  table {plain(name)}: {plain(', '.join(f'{key}: {value}' for key, value in table.items()))}"
            )
        print_table(
            ({"field": rule.field, "rule": rule.text, "place": f"{rule.file}:{rule.line}"} for rule in found.rules),
            {"field": "field", "rule": "rule", "place": "stated at"},
        )


@map_app.command("explain")
def map_explain(
    file: OneFile,
    map: Annotated[str, typer.Option(help="Name of the map, as base/850.in.")],  # noqa: A002 the option's name
    field: Annotated[str | None, typer.Option(help="Only this field, as lines[3].unit, or 7:PO103 of a set.")] = None,
    origin: Annotated[Path | None, typer.Option(help="The canonical document that is answered.")] = None,
    partner: Annotated[str | None, typer.Option(help="Whose agreement with this map is read by it.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say of every value that a map makes of a file which line made it, and of which bytes. Exit 1 on issues."""
    from gateway.pipeline.drafts import words_of

    found = maps_of(home, guides=shipped_guides()).find(map)
    content = file.read_bytes()
    worst = told = 0
    words = {} if partner is None else words_of(registry_of(home), partner, map)
    for mapped in _mapped(found, file, content, origin, words):
        for number, lineage in enumerate(mapped.lineages, 1):
            for path, held in lineage.items():
                if field is None or path == field:
                    told += 1
                    _print_lineage(number, path, held, content, json=json)
        for issue in mapped.issues:
            worst = EXIT_REJECTED
            if json:
                print_json({"issue": issue.as_json()})
            else:
                people.print(f"[red]{plain(issue.code)}[/] {plain(issue.message)}")
    if field is not None and not told and not worst:
        fail(f"the map makes no {field} of this file", code=EXIT_USAGE)
    raise typer.Exit(worst)


@map_app.command("coverage")
def map_coverage(
    name: Annotated[str | None, typer.Argument(help="A map as acme/850.in, or a folder as acme; else all.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Prove every rule by the samples: with it deleted or altered, one must fail. Exit 1 where a rule is not proved."""
    from mappings.coverage import map_coverage as coverage_of

    catalog = maps_of(home, guides=shipped_guides())
    names = [held for held in catalog.names() if name is None or name in (held, held.split("/", 1)[0])]
    if not names:
        fail(f"no map {name}; there are {', '.join(catalog.names())}", code=EXIT_USAGE)
    proved = True
    for held in names:
        found = coverage_of(catalog, held)
        proved = proved and found.proved
        if json:
            print_json(found.as_json())
        else:
            _print_coverage(found)
    if not proved:
        raise typer.Exit(EXIT_REJECTED)


@map_app.command("diff")
def map_diff(
    draft: Annotated[Path, typer.Argument(help="A map file that is not in force yet.", exists=True, dir_okay=False)],
    map: Annotated[str, typer.Option(help="The map it is to replace, as acme/850.in.")],  # noqa: A002 the option's name
    against: Annotated[str, typer.Option(help="How many of the newest documents, as last:1000.")] = "last:100",
    home: Home = None,
    json: Json = False,
) -> None:
    """Run a draft over the newest real documents of a map and print what would change. Exit 1 if anything would."""
    from gateway.app import workspace_store
    from gateway.pipeline.drafts import compare_draft
    from gateway.settings import load_settings
    from gateway.store.vault import Vault
    from mappings.catalog import MapCatalog
    from mappings.spec import CANONICAL_SIDE

    limit = _AGAINST.fullmatch(against)
    if limit is None:
        fail(f"{against} is not how many; want last:1000", code=EXIT_USAGE)
    compiled = MapCatalog(map_roots(home_of(home)), guides=shipped_guides()).drafted(map, draft)
    if compiled.reads.word == CANONICAL_SIDE:
        fail(f"{map} reads {compiled.reads}; diff compares what is made of partners' files", code=EXIT_USAGE)
    settings = load_settings(home_of(home))
    with workspace_store(home) as store:
        clock = SystemClock()
        vault = Vault(store, vault_folder(settings.home), clock)
        found = compare_draft(store, vault, compiled, registry_of(home), limit=int(limit[1]), at=clock.now())
        changes = list(found)
    changed = [change for change in changes if change.differences]
    for change in changed:
        if json:
            print_json(change.as_json())
            continue
        people.print(f"[bold]{plain(change.identity)}[/]  {plain(str(change.document_id))}")
        for difference in change.differences[:_DIFFERENCES_SHOWN]:
            people.print(f"  {plain(difference)}")
    if not json:
        people.print(f"{len(changes)} documents, {len(changed)} would change")
    if changed:
        raise typer.Exit(EXIT_REJECTED)


def _mapped(
    found: CompiledMap, file: Path, content: bytes, origin: Path | None, words: Mapping[str, str]
) -> Iterator[Mapped]:
    """What a map makes of a file of its source's format."""
    from mappings.engine import run
    from mappings.golden import read_source

    answered = None if origin is None else origin.read_bytes()
    around = {"agreement": words}
    for source, context in read_source(
        found, content, name=file.name, origin=answered, guides=shipped_guides(), surroundings=around
    ):
        yield run(found, source, context)


def _print_lineage(number: int, path: str, held: Lineage, content: bytes, *, json: bool) -> None:
    row = held.as_json()
    for source, place in zip(row["sources"], held.sources, strict=True):
        if place.start is not None and place.end is not None:
            source["bytes"] = content[place.start : place.end].decode("latin-1")
    if json:
        print_json({"document": number, "field": path, **row})
        return
    people.print(f"[bold]{plain(path)}[/]  {plain(held.rule)}  [dim]{plain(held.file)}:{held.line}[/]")
    for source in row["sources"]:
        where = "" if source["segment"] is None else f"  segment {source['segment']}"
        where += "" if source["start"] is None else f", bytes {source['start']}-{source['end']}"
        said = f"  {plain(source['bytes'])!r}" if "bytes" in source else ""
        people.print(f"    {plain(source['name'])}{where}{said}")


def _print_coverage(found: MapCoverage) -> None:
    mark = "[green]proved[/]" if found.proved else "[red]not proved[/]"
    people.print(f"{mark} [bold]{plain(found.map_name)}[/]  {found.mutants} changes tried")
    for result in found.failed:
        people.print(f"  [red]failed[/] {plain(result.name)}: {plain('; '.join(result.differences[:3]))}")
    if not found.failed and not found.mutants:
        people.print("  no samples")
    for survivor in found.survivors:
        place = f"{survivor.rule.file}:{survivor.rule.line}"
        people.print(f"  {plain(survivor.rule.field)} {plain(survivor.change)}, and no sample notices  [dim]{place}[/]")
    if found.unread:
        told = ", ".join(f"{name} ({count})" for name, count in found.unread)
        people.print(f"  read by no rule: {plain(told)}")


def print_samples(found: SampleResults) -> None:
    """Print which samples pass, and what the others give."""
    if not found.results:
        people.print(f"[red]no samples[/] {plain(found.map_name)}: put FILE.edi and FILE.expected.json beside the map")
    for result in found.results:
        mark = "[green]passed[/]" if result.passed else "[red]failed[/]"
        people.print(f"{mark} {plain(found.map_name)} {plain(result.name)}")
        for difference in result.differences:
            people.print(f"  {plain(difference)}")


def shipped_guides() -> GuideLibrary:
    """The guides of the standard."""
    from translators.x12.guide import GuideLibrary

    return GuideLibrary.shipped()
