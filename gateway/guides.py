"""Partners' guides: every overlay merged into the standard's guide once, and found by what stands on the wire."""

from __future__ import annotations

from partners.model import Account, Agreement, Direction, GuideOverlay, LegalEntity, TradingPartner
from partners.registry import Identified, NotIdentified, PartnerRegistry
from translators.datafile import LoadError, LoadFault, Place
from translators.x12.guide import RELEASE_LENGTH, GuideLibrary, SetGuide
from translators.x12.model import GroupHeader, InterchangeHeader
from translators.x12.overlay import read_overlay
from translators.x12.terms import STANDARD_TERMS, SetTerms


class PartnerGuides:
    """The merged guides of every partner.

    Args:
        registry: whose overlays are read.
        library: the guides they extend.
    """

    def __init__(self, registry: PartnerRegistry, library: GuideLibrary) -> None:
        self.faults: list[LoadFault] = []
        """Every mistake of every overlay, and every agreement whose guide is one of another set or release."""
        self._found: dict[tuple[str, str], SetGuide] = {}
        seen: set[tuple[str, str]] = set()
        for _, partner in registry.revisions():
            for overlay in partner.guides:
                if (partner.key, overlay.name) in seen:
                    continue  # the folder of guides is that of all revisions
                seen.add((partner.key, overlay.name))
                guide = self._read(overlay, library)
                if guide is not None:
                    self._found[partner.key, overlay.name] = guide
            self._check(partner)

    def find(self, partner: str, name: str) -> SetGuide | None:
        """The guide `name` (`850.in`) of a partner; None where there is none that loads."""
        return self._found.get((partner, name))

    def of(self, agreement: Agreement) -> SetGuide | None:
        """The guide an agreement names; None where the standard's holds."""
        return self.find(agreement.partner, agreement.guide) if agreement.guide else None

    def of_set(self, partner: TradingPartner, code: str, version: str) -> SetGuide | None:
        """The guide that an agreement with a partner names for this set and version, in either direction."""
        for agreement in partner.agreements:
            guide = self.of(agreement)
            if guide is not None and guide.code == code and _holds_for(guide, version):
                return guide
        return None

    def _read(self, overlay: GuideOverlay, library: GuideLibrary) -> SetGuide | None:
        try:
            return read_overlay(overlay.content, file=overlay.file, label=overlay.label, guides=library)
        except LoadError as error:
            self.faults += error.faults
            return None

    def _check(self, partner: TradingPartner) -> None:
        for agreement in partner.agreements:
            guide = self.of(agreement)
            if guide is None:
                continue
            place = agreement.place or Place(partner.key, 1, 1)
            if guide.code != agreement.document:
                text = (
                    f"the guide {agreement.guide} is one of set {guide.code}, the agreement's is {agreement.document}"
                )
                self.faults.append(LoadFault(place, text))
            elif agreement.version and not _holds_for(guide, agreement.version):
                text = f"the guide {agreement.guide} is one of version {guide.version}, not {agreement.version}"
                self.faults.append(LoadFault(place, text))


class RegistryTerms:
    """What the reader asks for (`AgreedTerms`), answered from the partners' agreements.

    Args:
        registry: of partners.
        guides: theirs.
        account: the login that brought the file, or None for a channel that carries everyone's.
        is_test: everything in the file is test, whatever ISA15 says.
        partner: whose agreements hold, whoever the ISA says sent it; None for the sender's.
        ourselves: with `partner`, whose document it is; None for the receiver's, or else the first of us.
        direction: of the agreements.
    """

    def __init__(
        self,
        registry: PartnerRegistry,
        guides: PartnerGuides,
        *,
        account: Account | None = None,
        is_test: bool = False,
        partner: TradingPartner | None = None,
        ourselves: LegalEntity | None = None,
        direction: Direction = Direction.IN,
    ) -> None:
        self._registry = registry
        self._guides = guides
        self._account = account
        self._is_test = is_test
        self._partner = partner
        self._ourselves = ourselves
        self._direction = direction
        self._known: dict[tuple[object, ...], SetTerms] = {}

    def terms(self, interchange: InterchangeHeader, group: GroupHeader, set_code: str) -> SetTerms:
        """How a set is read; as the standard says where no agreement holds for it."""
        names = (interchange.sender, interchange.receiver, interchange.usage, group.functional_id, group.version)
        asked = (*names, group.sender, group.receiver, set_code)
        if asked not in self._known:
            self._known[asked] = self._look_up(interchange, group, set_code)
        return self._known[asked]

    def _look_up(self, interchange: InterchangeHeader, group: GroupHeader, set_code: str) -> SetTerms:
        who = self._who(interchange)
        if isinstance(who, NotIdentified):
            return STANDARD_TERMS
        agreement = self._registry.agreement(
            who.partner,
            ourselves=who.ourselves,
            direction=self._direction,
            functional_id=group.functional_id,
            set_code=set_code,
            version=group.version,
            usage="T" if self._is_test else interchange.usage,
            gs_sender=group.sender,
            gs_receiver=group.receiver,
        )
        if isinstance(agreement, NotIdentified):
            return STANDARD_TERMS
        guide = self._guides.of(agreement)
        if guide is not None and not _holds_for(guide, group.version):
            guide = None
        return SetTerms(guide, agreement.strictness)

    def _who(self, interchange: InterchangeHeader) -> Identified | NotIdentified:
        found = self._registry.identify_interchange(
            self._account, sender=interchange.sender, receiver=interchange.receiver
        )
        if self._partner is None:
            return found
        ourselves = found.ourselves if isinstance(found, Identified) else next(iter(self._registry.ourselves.values()))
        return Identified(self._partner, self._ourselves or ourselves)


def _holds_for(guide: SetGuide, version: str) -> bool:
    """Whether a guide is one of this GS08: of the very version, or of its release."""
    return guide.version in (version, version[:RELEASE_LENGTH])
