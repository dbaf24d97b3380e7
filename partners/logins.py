"""Logins at our SFTP server: what opens one, what it may do, and when its files count."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from partners.held_names import HELD_NAMES
from partners.networks import Network, is_allowed
from translators.datafile import Place

FLAG_ENDINGS = (".done", ".ok", ".fin")
QUIET_TIME = timedelta(minutes=1)


class Login(StrEnum):
    """What an account is opened with: a key, a password, either of them, or both together."""

    KEY = "key"
    PASSWORD = "password"  # noqa: S105 - a word, no secret
    EITHER = "either"
    BOTH = "both"


class Pickup(StrEnum):
    """When a dropped file counts: as soon as it is closed, or later."""

    CLOSE = "close"
    RENAME = "rename"
    """Once it has lost its temporary name."""
    FLAG = "flag"
    """Once a second file, its flag, says so."""
    QUIET = "quiet"
    """Once it has not changed for a time."""


class Removal(StrEnum):
    """When a file leaves /out: when the partner deletes it, or by itself once it was read to its end."""

    ON_DELETE = "on_delete"
    AFTER_DOWNLOAD = "after_download"


@dataclass(frozen=True, slots=True)
class Outbox:
    """What becomes of files in /out.

    Args:
        remove: when they leave it.
        days: after so many they leave it in any case; None for never.
    """

    remove: Removal = Removal.ON_DELETE
    days: int | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An SSH public key a login may use.

    Args:
        algorithm: as in the key's own blob (`ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256` ...).
        blob: the key in SSH wire form (RFC 4253 6.6).
        comment: what the key's line says after the key.
        not_before: the first moment it is good, UTC; None for always.
        not_after: the first moment it is good no more, UTC; None for never.
    """

    algorithm: str
    blob: bytes = field(repr=False)
    comment: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as ssh-keygen -l prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii").rstrip("=")

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether an aware `moment` lies within the key's days."""
        started = self.not_before is None or moment >= self.not_before
        return started and (self.not_after is None or moment < self.not_after)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password a login may use, as its argon2id hash; the days are those of PublicKey."""

    text: str = field(repr=False)
    not_before: datetime | None = None
    not_after: datetime | None = None
    place: Place | None = field(default=None, compare=False, repr=False)

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether an aware `moment` lies within the password's days."""
        started = self.not_before is None or moment >= self.not_before
        return started and (self.not_after is None or moment < self.not_after)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one SFTP account may use up.

    Args:
        sessions: at one time.
        sessions_per_address: of these, from one address; None for all of them.
        open_files: at one time in one session.
        file_bytes: of the largest file it may drop.
        files: in its drop folders at one time, not taken in yet.
        total_bytes: of these together, and of what is on its way.
        idle: how long a session may ask for nothing.
    """

    sessions: int = 8
    sessions_per_address: int | None = None
    open_files: int = 32
    file_bytes: int = 1024**3
    files: int = 10_000
    total_bytes: int = 10 * 1024**3
    idle: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SftpAccount:
    """A login at our SFTP server.

    Args:
        user: the login's name, unique over all partners.
        partner: key of the partner whose mailbox it opens.
        login: what it is opened with.
        keys: public keys, the profile's own and those of the `keys` folders.
        passwords: their hashes.
        pickup: when a dropped file counts.
        held_names: patterns of names that wait for a rename, unless it is at their close that files count.
        flag_endings: of flag files, for Pickup.FLAG.
        quiet_time: for Pickup.QUIET.
        out: what becomes of files in /out.
        allowed_from: networks it may come from; empty for any.
        carries: keys of the partners whose interchanges it may bring; a VAN's or 3PL's account names several.
        limits: what it may use up.
    """

    user: str
    partner: str
    login: Login = Login.KEY
    keys: tuple[PublicKey, ...] = ()
    passwords: tuple[PasswordHash, ...] = ()
    pickup: Pickup = Pickup.CLOSE
    held_names: tuple[str, ...] = HELD_NAMES
    flag_endings: tuple[str, ...] = FLAG_ENDINGS
    quiet_time: timedelta = QUIET_TIME
    out: Outbox = Outbox()
    allowed_from: tuple[Network, ...] = ()
    carries: frozenset[str] = frozenset()
    limits: Limits = Limits()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def channel(self) -> str:
        """See Account."""
        return "sftp"

    @property
    def pushed(self) -> bool:
        """It is collected from /out."""
        return False

    @property
    def brings_files(self) -> bool:
        """See Account."""
        return True

    @property
    def takes_files(self) -> bool:
        """See Account."""
        return True

    def accepts_key(self, blob: bytes, *, at: datetime) -> bool:
        """Whether the key with this wire form may log in (or help to) at the (aware) moment `at`."""
        return self.login is not Login.PASSWORD and any(key.blob == blob and key.is_valid_at(at) for key in self.keys)

    def good_passwords(self, *, at: datetime) -> list[PasswordHash]:
        """Those that may log in (or help to) at the (aware) moment `at`."""
        if self.login is Login.KEY:
            return []
        return [password for password in self.passwords if password.is_valid_at(at)]

    def accepts_address(self, address: str) -> bool:
        """Whether a session may come from this IP address; text that is no address is refused."""
        return is_allowed(address, self.allowed_from)
