"""What `translate` and `route` make of an X12 file: as agreed with whom it is from, or by a map that is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.files import Made
from gateway.cli.output import EXIT_USAGE, chunks_of, fail
from gateway.workspace import maps_of, registry_of

if TYPE_CHECKING:
    from gateway.guides import PartnerGuides
    from partners.model import Agreement
    from partners.registry import PartnerRegistry
    from translators.errors import Issue
    from translators.x12.guide import GuideLibrary
    from translators.x12.model import TransactionSet


def merged_guides(registry: PartnerRegistry, guides: GuideLibrary) -> PartnerGuides:
    """Every partner's guides.

    Raises:
        LoadError: with every mistake in them.
    """
    from gateway.guides import PartnerGuides
    from translators.datafile import LoadError

    merged = PartnerGuides(registry, guides)
    if merged.faults:
        raise LoadError(merged.faults)
    return merged


def translated_x12(file: Path, *, map_name: str | None, partner: str | None, home: Path | None) -> Iterator[Made]:
    """The canonical documents of an X12 file and its issues, set by set.

    Raises:
        LoadError: partners' guides have mistakes.
        OSError: the file cannot be read.
    """
    from gateway.guides import RegistryTerms
    from gateway.pipeline.text import text_terms
    from mappings.engine import MapContext, run
    from translators.errors import Issue
    from translators.x12.guide import GuideLibrary
    from translators.x12.model import GroupStart, InterchangeStart, TransactionSet
    from translators.x12.reader import ReadOptions, read_x12

    guides = GuideLibrary.shipped()
    maps = maps_of(home, guides=guides)
    registry = None if map_name else registry_of(home)
    if registry is not None and partner is not None and partner not in registry.partners:
        fail(f"no partner {partner}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)
    terms = None if registry is None else RegistryTerms(registry, merged_guides(registry, guides))
    options = ReadOptions(keep_tree=True)
    if registry is not None:
        text = text_terms(next(iter(chunks_of(file)), b""), account=None, registry=registry)
        options = ReadOptions(keep_tree=True, charset=text.charset, unwrap=text.unwrap)
    for event in read_x12(chunks_of(file), guides=guides, options=options, agreed=terms):
        if isinstance(event, InterchangeStart | GroupStart):
            continue  # what is wrong with them is told again when they end
        if not isinstance(event, TransactionSet) or not event.accepted:
            yield Made((), event.issues)
            continue
        wanted, words, agreed, entity = map_name, {}, None, ""
        if registry is not None:
            found = _agreement(registry, event, partner=partner)
            if isinstance(found, Issue):
                yield Made((), [*event.issues, found])
                continue
            agreed, entity = found
            wanted, words = agreed.map, agreed.for_maps()
        assert wanted is not None
        mapped = run(maps.find(wanted), event, MapContext.around(event, file_name=file.name, agreement=words))
        is_test = event.interchange.usage == "T"
        yield Made(mapped.documents, [*event.issues, *mapped.issues], agreed, entity, is_test)


def _agreement(
    registry: PartnerRegistry, event: TransactionSet, *, partner: str | None
) -> tuple[Agreement, str] | Issue:
    """The agreement of a set and the key of our legal entity it is for, or why it cannot be translated."""
    from partners.model import Direction
    from partners.registry import NotIdentified
    from translators.errors import Issue, Position

    header, group = event.interchange, event.group
    place = Position(header.ordinal, group.ordinal, event.ordinal, segment_id="ST", segment=1, offset=event.offset)
    who = registry.identify_interchange(None, sender=header.sender, receiver=header.receiver)
    if isinstance(who, NotIdentified):
        return Issue(who.code.value, who.reason, place, level=7)
    if partner is not None and who.partner.key != partner:
        return Issue("partner.other", f"the set is from {who.partner.key}, not from {partner}", place, level=7)
    agreed = registry.agreement(
        who.partner,
        ourselves=who.ourselves,
        direction=Direction.IN,
        functional_id=group.functional_id,
        set_code=event.code,
        version=group.version,
        usage=header.usage,
        gs_sender=group.sender,
        gs_receiver=group.receiver,
    )
    if isinstance(agreed, NotIdentified):
        return Issue(agreed.code.value, agreed.reason, place, level=7)
    if agreed.pass_through:
        text = f"it is agreed with {who.partner.key} that {event.code} passes through unread; name a map with --map"
        return Issue("partner.passes_through", text, place, level=7)
    return agreed, who.ourselves.key
