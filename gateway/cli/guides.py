"""`guide list` and `guide show`: what a transaction set may hold, by the standard or as agreed with a partner."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.output import EXIT_USAGE, Home, Json, fail, people, plain, print_json, print_table
from gateway.workspace import registry_of

if TYPE_CHECKING:
    from translators.x12.guide import SetGuide

guide_app = typer.Typer(help="Guides: what a transaction set may hold.", no_args_is_help=True)

_WANTED = re.compile(r"([0-9A-Z]{3})@([0-9A-Z]{4,12})")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(guide_app, name="guide")


@guide_app.command("list")
def guide_list(json: Json = False) -> None:
    """List the sets there are guides for."""
    from translators.x12.guide import GuideLibrary

    library = GuideLibrary.shipped()
    rows: list[dict[str, Any]] = []
    for version in library.versions:
        release = library.release(version)
        assert release is not None
        for code in release.codes:
            guide = release.find(code)
            assert guide is not None
            rows.append({"guide": f"{code}@{version}", "functional_group": guide.functional_group, "name": guide.name})
    if json:
        print_json(*rows)
    else:
        print_table(rows, {"guide": "guide", "functional_group": "group", "name": "name"})


@guide_app.command("show")
def guide_show(
    guide: Annotated[str, typer.Argument(help="Set and version, as 850@004010.", metavar="SET@VERSION")],
    partner: Annotated[str | None, typer.Option(help="Merge in the guide agreed with this partner.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Print a page for partners, complete in one file.")] = False,
    codes: Annotated[bool, typer.Option("--codes", help="List the codes, not just how many there are.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Print a guide: areas, loops, segments, elements, conditions in words."""
    from gateway.cli.guide_view import view

    matched = _WANTED.fullmatch(guide)
    if matched is None:
        fail(f'"{guide}" names no guide; want SET@VERSION, as 850@004010', code=EXIT_USAGE)
    found = _of_partner(partner, matched, home) if partner else _of_standard(matched)
    if html:
        from gateway.cli.guide_page import page

        sys.stdout.write(page(view(found, with_codes=codes), partner=_name(partner, home)))
    elif json:
        print_json(view(found, with_codes=codes))
    else:
        _print(view(found, with_codes=codes))


def _of_standard(wanted: re.Match[str]) -> SetGuide:
    from translators.datafile import did_you_mean
    from translators.x12.guide import GuideLibrary

    library = GuideLibrary.shipped()
    code, version = wanted.groups()
    found = library.find(code, version)
    if found is None:
        release = library.release(version)
        known = library.versions if release is None else release.codes
        hint = did_you_mean(version if release is None else code, known)
        fail(f"there is no guide {wanted[0]}{hint} (tradelane guide list shows all)", code=EXIT_USAGE)
    return found


def _of_partner(partner: str, wanted: re.Match[str], home: Path | None) -> SetGuide:
    from gateway.guides import PartnerGuides
    from translators.datafile import LoadError, did_you_mean
    from translators.x12.guide import GuideLibrary

    registry = registry_of(home)
    if partner not in registry.partners:
        hint = did_you_mean(partner, registry.partners)
        fail(f"no partner {partner}{hint}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)
    guides = PartnerGuides(registry, GuideLibrary.shipped())
    if guides.faults:
        raise LoadError(guides.faults)
    found = guides.of_set(registry.partners[partner], *wanted.groups())
    if found is None:
        print(f"tradelane: no agreement with {partner} names a guide for {wanted[0]}", file=sys.stderr)
        return _of_standard(wanted)
    return found


def _name(partner: str | None, home: Path | None) -> str:
    return "" if partner is None else registry_of(home).partners[partner].name


def _print(shown: dict[str, Any]) -> None:
    words = [f"version {shown['version']}", f"group {shown['functional_group']}"]
    words += [f"table of {shown['source']}"] if shown["source"] else []
    words += [f"with {shown['overlay']}"] if shown["overlay"] else []
    people.print(f"[bold]{plain(shown['set'])} {plain(shown['name'])}[/]  {plain(', '.join(words))}")
    for area in shown["areas"]:
        people.print(f"\n[bold]{area['area'].capitalize()}[/]")
        for node in area["content"]:
            _print_node(node, depth=1)
    for segment in shown["segments"]:
        at = f"  [dim]at {plain(segment['at'])}[/]" if segment["at"] else ""
        people.print(f"\n[bold]{segment['id']}[/] {plain(segment['name'])}{at}")
        for element in segment["elements"]:
            _print_element(element, depth=1)
        for condition in segment["conditions"]:
            people.print(f"  [dim]{condition['condition']:<11}[/]{condition['words']}{_by(condition['stated'])}")


def _print_node(node: dict[str, Any], *, depth: int) -> None:
    name = node["id"] + (f"[{node['qualifier']}]" if node["qualifier"] else "")
    times = ">1" if node["max"] is None else str(node["max"])
    indent = "  " * depth
    changed = f"  [yellow]{plain(', '.join(node['changes']))}[/]{_by(node['stated'])}" if node["changes"] else ""
    if node["kind"] == "loop":
        what = "loop" if node["loop"] == node["id"] else f"loop {node['loop']}"
    else:
        what = plain(node["name"])
    people.print(f"{indent}{plain(f'{name:<8}')} {node['use']} {times:>6}  {what}{changed}", soft_wrap=True)
    for child in node.get("content", ()):
        _print_node(child, depth=depth + 1)


def _print_element(element: dict[str, Any], *, depth: int) -> None:
    indent = "  " * depth
    if element["composite"]:
        kind, codes = f"{element['composite']:<14}", ""
    else:
        length = f"{element['min']}/{element['max']}"
        kind = f"{element['number']:>4} {element['type']:<2} {length:<6}"
        count = element["code_count"]
        codes = "" if count is None or element["changes"] else f"  [dim]{count} code{'' if count == 1 else 's'}[/]"
    again = f"  up to {element['repeat']} times" if element["repeat"] > 1 else ""
    changed = (
        f"  [yellow]{plain(', '.join(element['changes']))}[/]{_by(element['stated'])}" if element["changes"] else ""
    )
    text = f"{indent}{element['ref']:<8}{element['use']} {kind} {plain(element['name'])}{again}{codes}{changed}"
    people.print(text, soft_wrap=True)
    if element["codes"]:
        people.print(f"{indent}        {plain(' '.join(element['codes']))}")
    for part in element["components"]:
        _print_element(part, depth=depth + 1)
    for words in element["conditions"]:
        people.print(f"{indent}  [dim]{words}[/]")


def _by(stated: str | None) -> str:
    return f" [dim]({plain(stated)})[/]" if stated else ""
