"""Outbound terms: by which agreement, from whom of us and over which account a document of ours goes to a partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.guides import PartnerGuides
from gateway.model import Environment
from gateway.pipeline.outbound_faults import fault
from gateway.store.control_numbers import Party
from mappings.catalog import MapCatalog
from mappings.compiled import CompiledMap
from partners.model import RELEASE_LENGTH, Agreement, Direction, LegalEntity, Syntax, TradingPartner, Usage
from partners.registry import PartnerRegistry
from translators.canonical.common import Document
from translators.datafile import did_you_mean
from translators.errors import Issue, shown
from translators.x12.guide import GuideLibrary, SetGuide


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever handed a document in chose for its way; what is None is told from the rest.

    Args:
        ourselves: key of our legal entity.
        account: of the partner.
    """

    ourselves: str | None = None
    account: str | None = None

    @classmethod
    def from_json(cls, found: Mapping[str, str] | None) -> Choices:
        """As a row keeps them."""
        return cls() if found is None else cls(found.get("ourselves"), found.get("account"))

    def as_json(self) -> dict[str, str] | None:
        """For a row; None where nothing was chosen."""
        made = {"ourselves": self.ourselves, "account": self.account}
        return {name: value for name, value in made.items() if value is not None} or None


@dataclass(frozen=True, slots=True)
class OutboundTerms:
    """How one document goes.

    Args:
        version: GS08 of X12; else "".
        guide: of X12, the partner's or the standard's; None for what is no X12.
    """

    partner: TradingPartner
    ourselves: LegalEntity
    account: str
    agreement: Agreement
    map: CompiledMap
    version: str
    guide: SetGuide | None


@dataclass(frozen=True, slots=True)
class OutboundBook:
    """What was agreed about documents of ours, and by what they are made."""

    registry: PartnerRegistry
    maps: MapCatalog
    guides: GuideLibrary
    partner_guides: PartnerGuides

    def partner(self, key: str) -> TradingPartner | Issue:
        """The partner something is for."""
        known = self.registry.partners
        found = known.get(key)
        if found is None:
            return fault("outbound.partner", f"there is no partner {shown(key)}{did_you_mean(key, known)}", value=key)
        if not found.active:
            return fault("outbound.partner", f"the partner {key} is inactive; set status: active in its profile")
        return found

    def terms(
        self,
        document: Document,
        *,
        partner: str,
        environment: Environment,
        choices: Choices,
        addressed: Party | None,
    ) -> OutboundTerms | Issue:
        """By what a document goes.

        Args:
            document: what is to be sent.
            partner: for whom.
            environment: live or test; an agreement may be of one of them.
            choices: made when it was handed in.
            addressed: our identity that the document it answers came to; the answer comes from there. Of a file, whose
                agreement says it, ("", key of our legal entity).
        """
        to = self.partner(partner)
        if isinstance(to, Issue):
            return to
        found = self._agreement(document, to, environment, choices, addressed)
        if isinstance(found, Issue):
            return found
        agreement, ourselves, compiled = found
        account = self._account(to, agreement, choices)
        if isinstance(account, Issue):
            return account
        if agreement.syntax is not Syntax.X12:
            if compiled.makes.word == agreement.syntax:
                return OutboundTerms(to, ourselves, account, agreement, compiled, "", None)
            text = f"the map {compiled.name} makes {compiled.makes}; agreed is {agreement.syntax}"
            return fault("outbound.map_unfit", f"{text}; name a map that makes it in the agreement")
        version = agreement.version or compiled.makes.version
        guide = self.partner_guides.of(agreement) or self.guides.find(agreement.document, version[:RELEASE_LENGTH])
        fits = compiled.makes.word == Syntax.X12 and compiled.makes.name == agreement.document
        if not fits or guide is None or compiled.makes.version != version[:RELEASE_LENGTH]:
            text = f"the map {compiled.name} makes {compiled.makes}; agreed is {agreement.document} {version}".rstrip()
            return fault("outbound.map_unfit", f"{text}; name a map that makes it in the agreement")
        return OutboundTerms(to, ourselves, account, agreement, compiled, version, guide)

    def _agreement(
        self,
        document: Document,
        partner: TradingPartner,
        environment: Environment,
        choices: Choices,
        addressed: Party | None,
    ) -> tuple[Agreement, LegalEntity, CompiledMap] | Issue:
        """The most specific agreement whose map reads documents of this kind, and who of us sends by it."""
        usage = Usage.TEST if environment is Environment.TEST else Usage.PRODUCTION
        given = self._chosen(choices, addressed)
        if isinstance(given, Issue):
            return given
        fitting: list[tuple[Agreement, CompiledMap]] = []
        for agreement in partner.agreements:
            if agreement.direction is not Direction.OUT or not agreement.map:
                continue
            compiled = self.maps.find(agreement.map)
            criteria = agreement.criteria
            if (
                compiled.reads.name == document.schema_name
                and criteria.usage in (None, usage)
                and (given is None or criteria.ourselves in (None, given.key))
            ):
                fitting.append((agreement, compiled))
        if not fitting:
            what = f"{document.kind} to {partner.key}" + (f" from {given.key}" if given is not None else "")
            text = (
                f"no agreement sends {what}; add one with direction: out, and a map that reads {document.schema_name}"
            )
            return fault("outbound.no_agreement", text)
        said = [sum(part is not None for part in item.criteria.as_tuple()) for item, _ in fitting]
        best = [pair for pair, count in zip(fitting, said, strict=True) if count == max(said)]
        if len(best) > 1:
            places = " and ".join(f"{item.document} {item.version or 'any version'}" for item, _ in best)
            text = f"{len(best)} agreements with {partner.key} send {document.kind} ({places}), none more specific"
            return fault("outbound.several_agreements", f"{text}; say more in one, or take one away")
        [(agreement, compiled)] = best
        ourselves = given or self._entity(agreement.criteria.ourselves)
        if isinstance(ourselves, Issue):
            return ourselves
        return agreement, ourselves, compiled

    def _chosen(self, choices: Choices, addressed: Party | None) -> LegalEntity | Issue | None:
        known = self.registry.ourselves
        if choices.ourselves is not None:
            found = known.get(choices.ourselves)
            if found is None:
                hint = did_you_mean(choices.ourselves, known)
                return fault("outbound.ourselves", f"none of us is {shown(choices.ourselves)}{hint}")
            return found
        if addressed is None:
            return None
        qualifier, id = addressed
        return self.registry.receiver(addressed) if qualifier else known.get(id)

    def _entity(self, agreed: str | None) -> LegalEntity | Issue:
        known = self.registry.ourselves
        if agreed is not None:
            return known[agreed]
        if len(known) != 1:
            text = f"there are {len(known)} of us; say which with ourselves: in the agreement"
            return fault("outbound.ourselves", f"{text}, or when it is handed in: {', '.join(sorted(known))}")
        return next(iter(known.values()))

    def _account(self, partner: TradingPartner, agreement: Agreement, choices: Choices) -> str | Issue:
        ways = (*partner.ways, *self.registry.carriers(partner.key))
        carriers = [way.user for way in ways if way.takes_files]
        wanted = choices.account or agreement.account
        if wanted and wanted not in carriers:
            text = f"the account {shown(wanted)} takes no files for {partner.key}{did_you_mean(wanted, carriers)}"
            return fault("outbound.no_way", text)
        if not carriers:
            return fault("outbound.no_way", f"no account takes files for {partner.key}; give it one in its profile")
        return wanted or carriers[0]
