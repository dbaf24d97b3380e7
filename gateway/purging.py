"""Purging: what the settings and the partners' profiles say about keeping, done in small transactions."""

from __future__ import annotations

from datetime import datetime

from gateway.settings import Settings
from gateway.store.engine import Store
from gateway.store.retention import KeepRule, Policy, Purged, purge
from partners.registry import PartnerRegistry

PURGED_AT_ONCE = 100


def retention_policy(settings: Settings, registry: PartnerRegistry) -> Policy:
    """How long things are kept in a workspace."""
    rules = tuple(
        KeepRule(partner, kind, days) for (partner, kind), days in sorted(settings.retention.rules.items(), key=str)
    )
    windows = {key: partner.duplicate_window_days for key, partner in registry.partners.items()}
    return Policy(settings.retention.days, rules, {key: days for key, days in windows.items() if days})


def purge_all(store: Store, policy: Policy, *, by: str, at: datetime) -> Purged:
    """Purge, some at a time, until nothing is left that may go; what there was.

    Raises:
        StoreUnavailable: the database is gone; what was purged by then stays so.
    """
    transmissions = freed = 0
    while True:
        with store.begin() as conn:
            done = purge(conn, policy, by=by, now=at, most=PURGED_AT_ONCE)
        transmissions, freed = transmissions + done.transmissions, freed + done.freed
        if not done.transmissions:
            return Purged(transmissions, freed)
