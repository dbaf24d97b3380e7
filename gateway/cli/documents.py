"""`check`, `ack` and `translate`: what Tradelane makes of a file, without a running gateway."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.files import check_file, is_x12, print_file_report, translated_file
from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Files,
    Home,
    Json,
    OneFile,
    chunks_of,
    complain,
    fail,
    people,
    plain,
    print_json,
    print_table,
)
from gateway.cli.x12_files import merged_guides, translated_x12
from gateway.workspace import registry_of

if TYPE_CHECKING:
    from translators.x12.guide import GuideLibrary
    from translators.x12.options import ReadOptions
    from translators.x12.terms import AgreedTerms


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(check)
    app.command()(ack)
    app.command()(translate)


def check(
    files: Files,
    partner: Annotated[str | None, typer.Option(help="Check as agreed with this partner, its guide and all.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Validate files: every issue with its position. Exit 0 all accepted, 1 some rejected, 2 usage or I/O."""
    from translators.x12.guide import GuideLibrary
    from translators.x12.reader import ReadOptions, read_x12
    from translators.x12.report import report

    guides = GuideLibrary.shipped()
    agreed, options = (None, ReadOptions()) if partner is None else _terms(partner, home, guides)
    worst = 0
    for path in files:
        try:
            if not is_x12(path):
                told = check_file(path, partner=partner, home=home)
                if told is not None:
                    print_json(told) if json else print_file_report(told)
                    worst = worst if told["accepted"] else max(worst, EXIT_REJECTED)
                    continue
            found = report(read_x12(chunks_of(path), guides=guides, options=options, agreed=agreed), file=str(path))
        except OSError as error:
            complain(f"tradelane: {path}: {error.strerror}")
            worst = EXIT_USAGE
            continue
        if json:
            print_json(found)
        else:
            _print_report(found)
        if not found["accepted"]:
            worst = max(worst, EXIT_REJECTED)
    raise typer.Exit(worst)


def _terms(partner: str, home: Path | None, guides: GuideLibrary) -> tuple[AgreedTerms, ReadOptions]:
    """What was agreed with one partner, whoever the files are from, and how their text is read.

    Raises:
        LoadError: its guides have mistakes.
    """
    from gateway.guides import RegistryTerms
    from translators.x12.reader import ReadOptions

    registry = registry_of(home)
    if partner not in registry.partners:
        fail(f"no partner {partner}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)
    found = registry.partners[partner]
    terms = RegistryTerms(registry, merged_guides(registry, guides), partner=found)
    return terms, ReadOptions(charset=found.text.charset, unwrap=found.text.unwrap)


def ack(
    file: OneFile,
    json: Json = False,
    number: Annotated[int, typer.Option(help="ISA13 of the first answer; GS06 counts from 1.")] = 1,
) -> None:
    """Print what we would answer: TA1 and 997. Nothing is stored, no control number is used up."""
    from translators.x12.acknowledge import AcknowledgmentBuilder
    from translators.x12.guide import GuideLibrary
    from translators.x12.reader import read_x12
    from translators.x12.writer import ControlNumbers, write_interchange

    builder = AcknowledgmentBuilder()
    at = datetime.now(UTC)
    answers = [
        answer for event in read_x12(chunks_of(file), guides=GuideLibrary.shipped()) for answer in builder.take(event)
    ]
    for ordinal, answer in enumerate(answers):
        groups = tuple(range(1, len(answer.interchange.groups) + 1))
        content = write_interchange(
            answer.interchange, numbers=ControlNumbers(interchange=number + ordinal, groups=groups), at=at
        )
        if json:
            print_json(
                {
                    "kind": answer.kind,
                    "about": answer.about.control_number,
                    "groups": [group.code for group in answer.group_statuses],
                    "note": answer.note.code if answer.note else None,
                    "content": content.decode("latin-1"),
                }
            )
        else:
            sys.stdout.buffer.write(content)
            if not content.endswith(b"\n"):
                sys.stdout.buffer.write(b"\n")
            sys.stdout.buffer.flush()
    if not answers:
        complain("tradelane: nothing to answer: no readable interchange, or only acknowledgments")
        raise typer.Exit(EXIT_REJECTED)


def translate(
    file: OneFile,
    map: Annotated[str | None, typer.Option(help="Name of the map, as base/850.in.")] = None,  # noqa: A002 the option's name
    partner: Annotated[str | None, typer.Option(help="Key of the partner whose agreement names the map.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Print the canonical documents of a file; without --map and --partner the ISA tells whose file it is."""
    if map is not None and partner is not None:
        fail("--map and --partner exclude each other; give one", code=EXIT_USAGE)
    worst = 0
    translated = translated_x12 if is_x12(file) else translated_file
    for made in translated(file, map_name=map, partner=partner, home=home):
        for document in made.documents:
            sys.stdout.write((document.to_json_bytes().decode() if json else _pretty(document)) + "\n")
        for issue in made.issues:
            complain(f"{issue.code}: {issue.message} ({issue.position})")
            worst = EXIT_REJECTED if issue.severity == "error" else worst
    raise typer.Exit(worst)


def _pretty(document: Any) -> str:
    import orjson

    return orjson.dumps(orjson.loads(document.to_json_bytes()), option=orjson.OPT_INDENT_2).decode()


def _print_report(found: dict[str, Any]) -> None:
    verdict = "[green]accepted[/]" if found["accepted"] else "[red]rejected[/]"
    people.print(f"{verdict} [bold]{plain(found['file'])}[/]")
    for interchange in found["interchanges"]:
        people.print(
            f"  interchange {plain(interchange['control_number'])}  {plain(interchange['sender'])} -> "
            f"{plain(interchange['receiver'])}  {plain(interchange['version'])}"
        )
        for group in interchange["groups"]:
            words = (plain(group[name]) for name in ("control_number", "functional_id", "version"))
            people.print(f"    group {'  '.join(words)}")
            for item in group["sets"]:
                mark = "[green]accepted[/]" if item["accepted"] else "[red]rejected[/]"
                people.print(
                    f"      {plain(item['set'])} {plain(item['control_number'])}  {item['segments']} segments  {mark}"
                )
    if found["issues"]:
        print_table(
            (
                {
                    "severity": issue["severity"],
                    "where": _where(issue["position"]),
                    "message": issue["message"],
                    "code": issue["code"],
                }
                for issue in found["issues"]
            ),
            {"severity": "", "where": "where", "message": "what", "code": "code"},
        )


def _where(position: dict[str, Any]) -> str:
    from translators.errors import Position

    return str(Position(**position))
