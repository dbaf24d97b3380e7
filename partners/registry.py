"""Every partner and its agreements, found by what stands on the wire; loaded whole or refused whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from partners.as2_accounts import AS2Account
from partners.folder_accounts import FolderAccount
from partners.folders import read_roots
from partners.https_accounts import HttpsAccount
from partners.logins import Login, SftpAccount
from partners.model import RELEASE_LENGTH, Account, Agreement, Direction, LegalEntity, Syntax, TradingPartner
from partners.selection import by_specificity, most_specific
from translators.errors import shown


class Refusal(StrEnum):
    """Why an interchange or a set has no partner or agreement; the words are codes of issues and exceptions.

    `UNKNOWN_RECEIVER` is the one the standard's TA1 has a note code for, and stands in `translators.x12.codes`.
    """

    UNKNOWN_SENDER = "partner.unknown_sender"
    UNKNOWN_RECEIVER = "x12.isa.unknown_receiver"
    SENDER_NOT_CARRIED = "partner.sender_not_carried"
    INACTIVE = "partner.inactive"
    UNKNOWN_GROUP_SENDER = "partner.unknown_group_sender"
    UNKNOWN_GROUP_RECEIVER = "partner.unknown_group_receiver"
    NO_AGREEMENT = "partner.no_agreement"
    NOT_AS_AGREED = "partner.not_as_agreed"


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose interchange it is, and which of our identities it is for."""

    partner: TradingPartner
    ourselves: LegalEntity


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """Why it cannot be told: a code, and a sentence for people."""

    code: Refusal
    reason: str


def _now() -> datetime:
    return datetime.now(UTC)


class PartnerBook:
    """Partners that hold together, found by everything they go by."""

    def __init__(self, partners: Iterable[TradingPartner]) -> None:
        self.partners: Mapping[str, TradingPartner] = {partner.key: partner for partner in partners}
        known = self.partners.values()
        self.logins = {account.user: account for partner in known for account in partner.accounts}
        self.as2 = {(account.name, account.ourselves): account for partner in known for account in partner.as2}
        self.ways = {way.user: way for partner in known for way in partner.ways}
        self.certificates = {
            certificate: account.user
            for partner in known
            for account in partner.https
            for certificate in account.certificates
        }
        self.senders = {
            (identifier.qualifier, identifier.id): partner for partner in known for identifier in partner.identifiers
        }
        grouped: dict[tuple[str, Direction, str], list[Agreement]] = {}
        for partner in known:
            for item in (found for found in partner.agreements if found.syntax is Syntax.X12):
                grouped.setdefault((partner.key, item.direction, item.document), []).append(item)
        self.agreements = {key: by_specificity(items) for key, items in grouped.items()}


class PartnerRegistry:
    """Partners, accounts and agreements, with lookups that neither wait nor change anything.

    Args:
        partners: every partner, no two with the same key, identifier or account.
        ourselves: our own legal entities.
    """

    def __init__(self, partners: Iterable[TradingPartner], ourselves: Iterable[LegalEntity]) -> None:
        entities = tuple(ourselves)
        self.ourselves: Mapping[str, LegalEntity] = {entity.key: entity for entity in entities}
        self._receivers = {
            (identifier.qualifier, identifier.id): entity for entity in entities for identifier in entity.identifiers
        }
        self._books: list[tuple[datetime, PartnerBook]] = []
        self._first = PartnerBook(partners)
        self._now: Callable[[], datetime] = _now

    @classmethod
    def load(cls, roots: Iterable[Path], *, now: Callable[[], datetime] | None = None) -> PartnerRegistry:
        """Read every profile of these folders; a folder that does not exist holds none.

        Args:
            roots: folders laid out as `partners/profiles`; a partner stands in one of them only.
            now: the clock by which dated revisions of profiles take effect; the system's where left out.

        Raises:
            translators.datafile.LoadError: something is wrong; it holds every fault of every file.
        """
        clock = now or _now
        (first, *coming), ourselves = read_roots(roots, at=clock())
        made = cls(first.partners, ourselves)
        made._now = clock
        for stage in coming:
            assert stage.active_from is not None
            made._books.append((stage.active_from, PartnerBook(stage.partners)))
        return made

    @property
    def _book(self) -> PartnerBook:
        """What holds now."""
        if not self._books:
            return self._first
        at = self._now()
        return next((book for begins, book in reversed(self._books) if begins <= at), self._first)

    @property
    def partners(self) -> Mapping[str, TradingPartner]:
        """Every partner by its key, as it is now."""
        return self._book.partners

    def revisions(self) -> list[tuple[datetime | None, TradingPartner]]:
        """Every partner as it is at the first moment, and each revision that comes, with when it takes effect."""
        found: dict[tuple[str, str], tuple[datetime | None, TradingPartner]] = {
            (partner.key, partner.revision): (None, partner) for partner in self._first.partners.values()
        }
        before = self._first
        for begins, book in self._books:
            for key, partner in book.partners.items():
                if before.partners.get(key) != partner:
                    found.setdefault((key, partner.revision), (begins, partner))
            before = book
        return list(found.values())

    def account(self, user: str) -> SftpAccount | None:
        """The account of an SFTP login; None where there is none or its partner is inactive."""
        found = self._book.logins.get(user)
        return found if found is not None and self.partners[found.partner].active else None

    def as2_account(self, *, theirs: str, ours: str) -> AS2Account | None:
        """The account between two AS2 names, compared with their case; None where there is none or it is inactive."""
        for entity in self.ourselves.values():
            found = self._book.as2.get((theirs, entity.key)) if entity.as2_name == ours else None
            if found is not None and self.partners[found.partner].active:
                return found
        return None

    def folders(self) -> list[FolderAccount]:
        """The folder accounts of all active partners, those of revisions to come among them."""
        found = {
            account.user: account
            for _, partner in reversed(self.revisions())
            if partner.active
            for account in partner.folders
        }
        return list(found.values())

    def https_account(self, user: str) -> HttpsAccount | None:
        """The HTTPS account of this name; None where there is none or its partner is inactive."""
        found = self.way(user)
        return found if isinstance(found, HttpsAccount) else None

    def https_account_by_certificate(self, sha256: str) -> HttpsAccount | None:
        """The HTTPS account that pins this client certificate (SHA-256, hex), if its partner is active."""
        found = self._book.certificates.get(sha256)
        return None if found is None else self.https_account(found)

    def way(self, user: str, *, active: bool = True) -> Account | None:
        """The account of this name over any channel; None where there is none or, asked so, its partner is inactive."""
        found = self._book.ways.get(user)
        return found if found is not None and (not active or self.partners[found.partner].active) else None

    @property
    def any_passwords(self) -> bool:
        """Whether any account is opened with a password, now or by a revision to come."""
        return any(account.login is not Login.KEY for _, partner in self.revisions() for account in partner.accounts)

    def bringer(self, user: str | None) -> Account | None:
        """The account a file came by, for what it may bring; None where the channel itself carries everyone's.

        One that is in no profile any more, or whose partner is inactive, carries nobody's: what it brought waits for
        a person.
        """
        return None if user is None else self.way(user) or SftpAccount(user, partner=user)

    def carriers(self, partner: str) -> list[Account]:
        """Every account, over any channel, that may bring the documents of this partner: its own and others'."""
        return [
            account
            for account in self._book.ways.values()
            if partner in account.carries and (account.partner == partner or self.partners[account.partner].active)
        ]

    def sender(self, identity: tuple[str, str]) -> TradingPartner | None:
        """The partner that goes by this ISA05 and ISA06 (without the padding), active or not."""
        return self._book.senders.get(identity)

    def receiver(self, identity: tuple[str, str]) -> LegalEntity | None:
        """Which of us goes by this ISA07 and ISA08 (without the padding)."""
        return self._receivers.get(identity)

    def identify_interchange(
        self, account: Account | None, *, sender: tuple[str, str], receiver: tuple[str, str]
    ) -> Identified | NotIdentified:
        """Whose interchange it is.

        Args:
            account: the way it came by; None where the channel itself may carry every partner.
            sender: ISA05 and ISA06, the padding stripped.
            receiver: ISA07 and ISA08, the padding stripped.
        """
        partner = self._book.senders.get(sender)
        if partner is None:
            text = f"ISA05/06 is {_pair(sender)}, which is no partner's identifier; add it to the partner's profile"
            return NotIdentified(Refusal.UNKNOWN_SENDER, text)
        if account is not None and partner.key not in account.carries:
            text = (
                f"ISA05/06 is {_pair(sender)}, which is {partner.key}; the account {account.user} carries only "
                f"{', '.join(sorted(account.carries)) or 'nobody any more'}; add {partner.key} to its carries if it may"
            )
            return NotIdentified(Refusal.SENDER_NOT_CARRIED, text)
        if not partner.active:
            return NotIdentified(Refusal.INACTIVE, f"the partner {partner.key} is inactive")
        entity = self._receivers.get(receiver)
        if entity is None:
            text = f"ISA07/08 is {_pair(receiver)}, which is none of our identities; see ourselves.yaml"
            return NotIdentified(Refusal.UNKNOWN_RECEIVER, text)
        return Identified(partner, entity)

    def agreement(
        self,
        partner: TradingPartner,
        *,
        ourselves: LegalEntity,
        direction: Direction,
        functional_id: str,
        set_code: str,
        version: str,
        usage: str,
        gs_sender: str,
        gs_receiver: str,
    ) -> Agreement | NotIdentified:
        """What was agreed for one transaction set; the most specific agreement wins.

        Args:
            partner: whose it is.
            ourselves: which of our identities it is for (or from).
            direction: which way it goes.
            functional_id: GS01.
            set_code: ST01.
            version: GS08, as `004010` or `004010VICS`.
            usage: ISA15.
            gs_sender: GS02.
            gs_receiver: GS03.
        """
        if not partner.active:
            return NotIdentified(Refusal.INACTIVE, f"the partner {partner.key} is inactive")
        theirs, mine = (gs_sender, gs_receiver) if direction is Direction.IN else (gs_receiver, gs_sender)
        if not _may_use(partner, theirs):
            text = f"the group names {shown(theirs)}, which is none of the group_ids of {partner.key}"
            return NotIdentified(Refusal.UNKNOWN_GROUP_SENDER, text)
        if not _may_use(ourselves, mine):
            text = f"the group names {shown(mine)}, which is none of the group_ids of {ourselves.key}"
            return NotIdentified(Refusal.UNKNOWN_GROUP_RECEIVER, text)
        agreed = self._book.agreements.get((partner.key, direction, set_code), ())
        what = f"{shown(set_code)} {direction.value}"
        if not agreed:
            return NotIdentified(Refusal.NO_AGREEMENT, f"there is no agreement with {partner.key} for {what}")
        release, suffix = version[:RELEASE_LENGTH], version[RELEASE_LENGTH:]
        answers = (functional_id, release, suffix, usage, ourselves.key, gs_sender, gs_receiver)
        found = most_specific(agreed, answers)
        if found is None:
            versions = ", ".join(sorted({item.version or "any version" for item in agreed}))
            text = (
                f"no agreement with {partner.key} for {what} holds for version {shown(version)}, usage {shown(usage)}, "
                f"group {shown(functional_id)} from {shown(gs_sender)} to {shown(gs_receiver)} "
                f"and our {ourselves.key}; agreed: {versions}"
            )
            return NotIdentified(Refusal.NOT_AS_AGREED, text)
        return found


def _may_use(party: TradingPartner | LegalEntity, group_id: str) -> bool:
    """Whether a party goes by this GS02/03 code: any, unless its profile lists its own."""
    known = party.group_ids
    return not known or group_id in known or any(group_id == identifier.id for identifier in party.identifiers)


def _pair(identifier: tuple[str, str]) -> str:
    return f"{shown(identifier[0])}/{shown(identifier[1])}"
