"""Sets that somebody has rendered already: an X12 file whose sets are to go out in envelopes of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.guides import PartnerGuides, RegistryTerms
from gateway.model import Environment
from gateway.pipeline.dispatch import SetToSend, group_id
from partners.model import Agreement, Direction, LegalEntity, TradingPartner
from partners.registry import NotIdentified, PartnerRegistry
from translators.errors import Issue, Position, Severity, shown
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupEnd, InterchangeEnd, Stray, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import OutboundSet, elements_of

_TRAILERS = ("ST", "SE")


@dataclass(slots=True)
class Prepared:
    """The sets of a file, to be sent if none of the issues is an error; those of test interchanges apart."""

    sets: dict[Environment, list[SetToSend]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    @property
    def errors(self) -> list[Issue]:
        """What stands in the way."""
        return [issue for issue in self.issues if issue.severity is Severity.ERROR]


def prepare(
    chunks: Iterable[bytes],
    *,
    partner: TradingPartner,
    ourselves: LegalEntity,
    registry: PartnerRegistry,
    guides: GuideLibrary,
    partner_guides: PartnerGuides,
) -> Prepared:
    """Read a file of sets that are to be sent to a partner.

    Its own envelope has to be whole, and says what each set is (GS01, GS08) and whether it is test (ISA15); nothing
    else of it goes out.

    Args:
        chunks: the file.
        partner: whom it is for; its guides and strictness for what goes out hold.
        ourselves: whose it is.
    """
    agreed = RegistryTerms(registry, partner_guides, partner=partner, ourselves=ourselves, direction=Direction.OUT)
    found = Prepared()
    for event in read_x12(chunks, guides=guides, options=ReadOptions(keep_tree=True), agreed=agreed):
        match event:
            case TransactionSet():
                found.issues += event.issues
                agreement = _agreement(event, partner, ourselves, registry)
                if isinstance(agreement, NotIdentified):
                    found.issues.append(_not_agreed(event, agreement))
                elif event.accepted and event.root is not None:
                    test = event.interchange.usage == "T"
                    environment = Environment.TEST if test else Environment.LIVE
                    found.sets.setdefault(environment, []).append(_to_send(event, agreement))
            case GroupEnd() | InterchangeEnd() | Stray():
                found.issues += event.issues
    return found


def _agreement(
    event: TransactionSet, partner: TradingPartner, ourselves: LegalEntity, registry: PartnerRegistry
) -> Agreement | NotIdentified:
    """By the group's own codes, or else by those we would write."""
    group = event.group
    found: Agreement | NotIdentified
    for sender, receiver in ((group.sender, group.receiver), (group_id(ourselves), group_id(partner))):
        found = registry.agreement(
            partner,
            ourselves=ourselves,
            direction=Direction.OUT,
            functional_id=group.functional_id,
            set_code=event.code,
            version=group.version,
            usage=event.interchange.usage,
            gs_sender=sender,
            gs_receiver=receiver,
        )
        if not isinstance(found, NotIdentified):
            break
    return found


def _to_send(event: TransactionSet, agreement: Agreement) -> SetToSend:
    assert event.root is not None
    delimiters = event.interchange.delimiters
    segments = list(event.root.walk())
    convention = next((segment.element(3) for segment in segments if segment.id == "ST"), "")
    body = [elements_of(segment, delimiters) for segment in segments if segment.id not in _TRAILERS]
    content = OutboundSet(event.code, body, convention)
    return SetToSend(agreement, event.group.functional_id, event.group.version, content)


def _not_agreed(event: TransactionSet, why: NotIdentified) -> Issue:
    position = Position(
        interchange=event.interchange.ordinal, group=event.group.ordinal, set=event.ordinal, segment_id="ST", segment=1
    )
    return Issue(why.code.value, why.reason, replace(position, offset=event.offset), level=7, value=shown(event.code))
