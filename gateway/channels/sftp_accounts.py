"""Who may enter an SFTP mailbox, and on what terms: an account of a profile, as the server knows it."""

from __future__ import annotations

from datetime import datetime
from threading import BoundedSemaphore

from partners import passwords
from partners.logins import Login as ProfileLogin
from partners.logins import PasswordHash, Pickup, Removal, SftpAccount
from partners.registry import PartnerRegistry
from sftp.keys import PublicKey
from sftp.ports import Account, AccountLimits, Collecting, Login, NotAdmitted, Password, PickUp

HASHES_AT_ONCE = 4
"""Passwords looked at at one time: each takes 19 MiB and more for as long as it does."""

_hashing = BoundedSemaphore(HASHES_AT_ONCE)


def admitted(
    registry: PartnerRegistry, user: str, proof: PublicKey | Password, address: str, *, at: datetime
) -> Account | NotAdmitted:
    """The account this user may enter with this key or password from this address."""
    found = registry.account(user)
    allowed = found if found is not None and found.accepts_address(address) else None
    fits = _knows(allowed, proof, at=at) if isinstance(proof, Password) else _takes(allowed, proof, at=at)
    if found is None:
        return NotAdmitted("no account of this name, or its partner is not active")
    if allowed is None:
        return NotAdmitted("its address is not in allowed_from")
    return served(allowed) if fits else NotAdmitted(_why_not(allowed, proof, at=at))


def served(found: SftpAccount) -> Account:
    """An account of a profile, as the server knows it."""
    held = () if found.pickup is Pickup.CLOSE else found.held_names
    pick_up = PickUp(
        held,
        flags=found.flag_endings if found.pickup is Pickup.FLAG else (),
        quiet_seconds=found.quiet_time.total_seconds() if found.pickup is Pickup.QUIET else None,
    )
    limits = AccountLimits(
        file_bytes=found.limits.file_bytes,
        sessions=found.limits.sessions,
        sessions_per_address=found.limits.sessions_per_address,
        open_files=found.limits.open_files,
        files=found.limits.files,
        total_bytes=found.limits.total_bytes,
        idle_seconds=found.limits.idle.total_seconds(),
    )
    return Account(
        found.user,
        pick_up=pick_up,
        collecting=Collecting(removed_when_read=found.out.remove is Removal.AFTER_DOWNLOAD),
        limits=limits,
        login=Login(found.login.value),
    )


def _why_not(account: SftpAccount, proof: PublicKey | Password, *, at: datetime) -> str:
    if isinstance(proof, Password):
        if account.login is ProfileLogin.KEY:
            return "the account takes no passwords"
        return "wrong password" if account.good_passwords(at=at) else "no password of the account is good now"
    if account.login is ProfileLogin.PASSWORD:
        return "the account takes no keys"
    known = any(key.blob == proof.blob for key in account.keys)
    return "the key is not good at this time" if known else "not one of the account's keys"


def _takes(account: SftpAccount | None, key: PublicKey, *, at: datetime) -> bool:
    return account is not None and account.accepts_key(key.blob, at=at)


def _knows(account: SftpAccount | None, password: Password, *, at: datetime) -> bool:
    """Whether it is the account's password; the work is the same where there is no such account."""
    hashes: list[PasswordHash | None] = []
    hashes += [] if account is None else account.good_passwords(at=at)
    with _hashing:
        found = [passwords.fits(known, password.secret) for known in hashes or [None]]  # all: equal work
    return any(found)
