"""Certificates that end soon: told 60, 30, 14, 7 and 1 days before, once for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.channels.as2_keys import AS2Keys
from gateway.ports import new_id
from gateway.store import exceptions
from gateway.store.engine import Store
from partners.certificates import WARN_DAYS, HeldCertificate, Use, warned_of
from partners.registry import PartnerRegistry

EXPIRING = "as2.certificate_expiring"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate and whose it is: an AS2 account of a partner's, or a legal entity of ours."""

    owner: str
    partner: str
    certificate: HeldCertificate
    others: Sequence[HeldCertificate]

    def uses_ending(self, *, at: datetime) -> frozenset[Use]:
        """What will not be possible after its end, if that is within 60 days."""
        return warned_of(self.certificate, self.others, at=at)

    def days_left(self, *, at: datetime) -> int:
        """Whole days until its end; below 0 once it is over."""
        return (self.certificate.not_after - at).days


def held(registry: PartnerRegistry, keys: AS2Keys) -> Iterator[Held]:
    """Every certificate there is."""
    for entity, ours in keys.ours.items():
        yield from (Held(entity, "", one, ours) for one in ours)
    for partner in registry.partners.values():
        for account in partner.as2:
            yield from (Held(account.user, partner.key, one, account.certificates) for one in account.certificates)


def warn_of_ending(store: Store, registry: PartnerRegistry, keys: AS2Keys, *, at: datetime) -> int:
    """Open an exception for each certificate that comes to one of the days; how many were opened.

    Raises:
        StoreUnavailable: the database is gone.
    """
    opened = 0
    for found in held(registry, keys):
        uses, left = found.uses_ending(at=at), found.days_left(at=at)
        if not uses:
            continue
        days = min((day for day in WARN_DAYS if left < day), default=None)
        if days is None:
            continue
        words = ", ".join(sorted(use.value for use in uses))
        reason = f"the certificate of {found.owner} ends in {max(left, 0)} days, and none follows it for {words}"
        group = exceptions.fingerprint(EXPIRING, found.owner, found.certificate.fingerprint, str(days))
        with store.begin() as conn:
            opened += exceptions.open_once(
                conn, id=new_id(), at=at, code=EXPIRING, reason=reason, group=group, ever=True
            )
    if opened:
        log.warning("as2.certificates_expiring", count=opened)
    return opened
