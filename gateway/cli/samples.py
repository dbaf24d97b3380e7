"""`sample`: valid and deliberately broken files, made from a guide, for a partner's tests and for ours."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import EXIT_USAGE, Home, Json, complain, fail, print_json

if TYPE_CHECKING:
    from translators.x12.guide import SetGuide
    from translators.x12.model import Delimiters
    from translators.x12.synthesis import Parties


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sample)


def sample(
    what: Annotated[str, typer.Argument(help="Set and version, as 850@004010.", metavar="SET@VERSION")],
    sets: Annotated[int, typer.Option(min=1, max=9999, help="Transaction sets in the file.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same file.")] = 1,
    density: Annotated[float, typer.Option(min=0, max=1, help="Share of what is optional that stands.")] = 0.3,
    broken: Annotated[int, typer.Option(min=0, max=9999, help="Faults to plant, one a set; listed on stderr.")] = 0,
    partner: Annotated[str | None, typer.Option(help="Key of the partner it is from: its ids, its guide.")] = None,
    delimiters: Annotated[
        str | None, typer.Option(help="Element, component, segment and (005010) repetition, as '*>~^'.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here, not to stdout.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a valid X12 file from a guide; with --broken, one with known faults. It is dated now and marked as test."""
    from translators.errors import WritingError
    from translators.x12.synthesis import default_delimiters, sample_interchange
    from translators.x12.synthesis_faults import break_sample
    from translators.x12.writer import ControlNumbers, write_interchange

    code, _, version = what.partition("@")
    guide = _guide(code, version)
    parties = None
    if partner is not None:
        guide, parties = _of_partner(partner, guide, version, home)
    marks = default_delimiters(guide.version) if delimiters is None else _delimiters(delimiters, guide.version)
    made = sample_interchange(
        guide,
        sets=max(sets, broken),
        seed=seed,
        density=density,
        delimiters=marks,
        parties=parties,
        version=version,
    )
    try:
        content = write_interchange(made, numbers=ControlNumbers(1, (1,)), at=datetime.now(UTC))
    except WritingError as error:
        fail(f"{error}; choose other delimiters", code=EXIT_USAGE)
    content, faults = break_sample(content, guide, delimiters=marks, count=broken, seed=seed)
    if output is not None:
        output.write_bytes(content)
    if json:
        planted = [
            {
                "code": fault.code,
                "set": fault.set,
                "segment": fault.segment,
                "segment_id": fault.segment_id,
                "element": fault.element,
            }
            for fault in faults
        ]
        text = None if output is not None else content.decode("latin-1")
        print_json({"file": None if output is None else str(output), "faults": planted, "content": text})
        return
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    for fault in faults:
        complain(str(fault))
    if len(faults) < broken:
        complain(f"tradelane: {len(faults)} faults planted, not {broken}")


def _guide(code: str, version: str) -> SetGuide:
    from translators.x12.guide import GuideLibrary

    library = GuideLibrary.shipped()
    release = library.release(version)
    if release is None:
        fail(f"no guides for version {version or '(none)'}; there are {', '.join(library.versions)}", code=EXIT_USAGE)
    guide = release.find(code)
    if guide is None:
        fail(f"no guide for set {code} in {version}; there are {', '.join(release.codes)}", code=EXIT_USAGE)
    return guide


def _of_partner(key: str, guide: SetGuide, version: str, home: Path | None) -> tuple[SetGuide, Parties]:
    """The guide as the partner's overlay has it, and who sends the file to us."""
    from gateway.guides import PartnerGuides
    from gateway.workspace import registry_of
    from translators.datafile import LoadError
    from translators.x12.guide import GuideLibrary
    from translators.x12.synthesis import Parties

    registry = registry_of(home)
    partner = registry.partners.get(key)
    if partner is None:
        fail(f"no partner {key}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)
    guides = PartnerGuides(registry, GuideLibrary.shipped())
    if guides.faults:
        raise LoadError(guides.faults)
    theirs = partner.identifiers[0]
    ours = next(iter(registry.ourselves.values())).identifiers[0]
    parties = Parties((theirs.qualifier, theirs.id), (ours.qualifier, ours.id), theirs.id, ours.id)
    return guides.of_set(partner, guide.code, version) or guide, parties


def _delimiters(text: str, version: str) -> Delimiters:
    from translators.x12.model import Delimiters
    from translators.x12.synthesis import envelope_version

    if len(text) not in (3, 4) or (len(text) == 4 and envelope_version(version) < "00501"):
        fail("--delimiters wants element, component and segment, and from 005010 on repetition", code=EXIT_USAGE)
    line_end = "" if text[2] in "\r\n" else "\n"
    return Delimiters(text[0], text[1], text[2], text[3] if len(text) == 4 else None, line_end)
