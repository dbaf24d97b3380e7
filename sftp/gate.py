"""Who may come in and for what: public keys and passwords, SFTP sessions, and nothing else SSH can do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import paramiko
import structlog
from paramiko.common import (
    AUTH_FAILED,
    AUTH_PARTIALLY_SUCCESSFUL,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from sftp.errors import MailboxError
from sftp.keys import PublicKey, is_strong
from sftp.lockout import Lockout, LockoutRules, of_address, of_user
from sftp.ports import Account, Login, Mailbox, NotAdmitted, Password
from translators.errors import shown

SUBSYSTEM = "sftp"
CHANNELS_PER_CONNECTION = 64
"""Channels one connection may open in its life; a client needs one, a multiplexing one a few."""

PUBLICKEY, PASSWORD = "publickey", "password"
"""The methods of a login (RFC 4252, sections 7 and 8)."""
LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What all accounts together, and strangers, may use.

    Args:
        connections: connections at one time.
        connections_per_address: of these, from one address.
        strangers: of these, not logged in yet.
        auth_tries: refused keys in one connection before it is closed; a client may offer several.
        login_seconds: from connect to login.
        idle_seconds: without a request or an answer; also for a client that does not read what it asked for.
        refusal_seconds: every refusal of a login takes at least this long, so that an unknown user and a wrong secret
            look the same.
        lockout: when a name is let try no more passwords, and an address not let in at all.
    """

    connections: int = 500
    connections_per_address: int = 100
    strangers: int = 100
    auth_tries: int = 6
    login_seconds: float = 30.0
    idle_seconds: float = 600.0
    refusal_seconds: float = 0.1
    lockout: LockoutRules = field(default_factory=LockoutRules)


class Sessions(Protocol):
    """Counts the sessions of each account over all connections."""

    def enter(self, account: Account, address: str) -> bool:
        """Take one of the account's sessions; False if none is free, in all or for this address."""

    def leave(self, account: Account, address: str) -> None:
        """Give it back."""


class Gate(paramiko.ServerInterface):
    """One connection's answers to SSH: logins are checked with the mailbox, everything but SFTP is refused.

    Args:
        mailbox: knows the accounts.
        address: the partner's, for the mailbox and the log.
        limits: see ServerLimits.
        passwords: whether they are asked for; the same for everybody, so that it tells nothing of an account.
        sessions: see Sessions.
        lockout: counts what is refused.
        give_up: closes the connection.
        begin: begins a session on a channel; False where it has one.
        stopping: set when the server stops; a refusal then waits no longer.
        log: bound to the connection.
    """

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        address: str,
        limits: ServerLimits,
        passwords: bool,
        sessions: Sessions,
        lockout: Lockout,
        give_up: Callable[[], None],
        begin: Callable[[paramiko.Channel], bool],
        stopping: threading.Event,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._mailbox = mailbox
        self._address = address
        self._limits = limits
        self._passwords = passwords
        self._sessions = sessions
        self._lockout = lockout
        self._give_up = give_up
        self._begin = begin
        self._stopping = stopping
        self.log = log
        self._refused = 0
        self._showed_wrong_key = False
        self._channels = 0
        self._candidate: tuple[Account, str, str] | None = None
        self._proved: dict[str, str] = {}
        self._account: Account | None = None

    @property
    def account(self) -> Account:
        """Whose connection it is; only asked once logged in."""
        assert self._account is not None
        return self._account

    @property
    def proofs(self) -> dict[str, str]:
        """With what it was opened: a key's fingerprint under `publickey`, `right` under `password`."""
        return dict(self._proved)

    def leave(self) -> None:
        """A session of this connection is finished."""
        self._sessions.leave(self.account, self._address)

    def lost(self) -> None:
        """The connection is over. One on which keys were refused and nobody came in counts as one failure."""
        if self._showed_wrong_key and self._account is None:
            self._lockout.failed(of_address(self._address))

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - the same for everybody
        """What may still be tried: what was proved already is not asked for again."""
        methods = (PUBLICKEY, PASSWORD) if self._passwords else (PUBLICKEY,)
        return ",".join(method for method in methods if method not in self._proved)

    def check_auth_none(self, username: str) -> int:  # noqa: ARG002 - the same for everybody
        """Never; a client asks so to learn what is allowed."""
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str | bytes) -> int:
        """Whether the password opens an account, or does so together with a key."""
        began = time.monotonic()
        if not self._passwords or isinstance(password, bytes) or len(password) > LONGEST_PASSWORD:
            return self._refuse(username, "password not taken", began)
        if self._lockout.is_locked(of_user(username)):
            return self._refuse(username, "locked out", began)
        if self._lockout.is_locked(of_address(self._address)):  # since this connection began, from others or this one
            return self._refuse(username, "its address is locked out", began)
        return self._check(username, Password(password), PASSWORD, began)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Whether the key opens an account; the signature is checked afterwards, and `settled` is told."""
        began = time.monotonic()
        offered = PublicKey(type=key.get_name(), blob=key.asbytes())
        if not is_strong(key):
            return self._refuse(username, "weak key", began, offered.fingerprint)
        return self._check(username, offered, PUBLICKEY, began)

    def settled(self, user: str, method: str, result: int) -> None:
        """What became of a login, the signature included: only now is anything proved."""
        candidate, self._candidate = self._candidate, None
        if candidate is None or candidate[1] != method:
            return
        account, _, shown_as = candidate
        if result == AUTH_FAILED:
            self._showed_wrong_key = True
            self._refuse(user, "signature does not fit", time.monotonic(), shown_as)
            return
        self._proved[method] = shown_as
        if result == AUTH_SUCCESSFUL:
            self._account = account
            self._lockout.forgive(of_user(user))
            self.log.info("sftp.login", account=account.name, user=shown(user), **self._proved)
        else:
            self.log.info("sftp.login_half", user=shown(user), **self._proved)

    def _check(self, user: str, proof: PublicKey | Password, method: str, began: float) -> int:
        self._candidate = None
        shown_as = proof.fingerprint if isinstance(proof, PublicKey) else "right"
        if self._refused >= self._limits.auth_tries:
            self._give_up()
            return AUTH_FAILED
        try:
            account = self._mailbox.login(user, proof, self._address)
        except MailboxError as error:
            return self._refuse(user, f"mailbox: {error}", began, shown_as)
        if isinstance(account, NotAdmitted):
            self._count_failure(user, method)
            return self._refuse(user, account.reason, began, shown_as if method == PUBLICKEY else None)
        self._candidate = (account, method, shown_as)
        missing = {PUBLICKEY, PASSWORD} - {method, *self._proved} if account.login is Login.BOTH else set()
        return AUTH_PARTIALLY_SUCCESSFUL if missing else AUTH_SUCCESSFUL

    def _count_failure(self, user: str, method: str) -> None:
        """A guessed password counts at once, a key with its connection: clients offer all keys they have."""
        if method == PASSWORD:
            self._lockout.failed(of_user(user))
            self._lockout.failed(of_address(self._address))
        else:
            self._showed_wrong_key = True

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - any number is fine
        """Sessions only."""
        if kind != "session":
            self._refuse_request(f"channel {shown(kind)}")
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self._channels += 1
        if self._channels > CHANNELS_PER_CONNECTION or self._account is None:
            self._refuse_request("too many channels")
            return OPEN_FAILED_RESOURCE_SHORTAGE
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """The subsystem `sftp`, while the account has a session free."""
        if name != SUBSYSTEM:
            return self._refuse_request(f"subsystem {shown(name)}")
        if not self._sessions.enter(self.account, self._address):
            return self._refuse_request("session over the account's limit")
        if not self._begin(channel):
            self._sessions.leave(self.account, self._address)
            return self._refuse_request("second session on one channel")
        self.log.info("sftp.session", account=self.account.name)
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:  # noqa: ARG002
        """Never."""
        return self._refuse_request("shell")

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002
        """Never; the command is not even logged."""
        return self._refuse_request("exec")

    def check_channel_pty_request(self, *_: object, **__: object) -> bool:
        """Never."""
        return self._refuse_request("pty")

    def check_channel_x11_request(self, *_: object, **__: object) -> bool:
        """Never."""
        return self._refuse_request("x11")

    def check_channel_forward_agent_request(self, channel: paramiko.Channel) -> bool:  # noqa: ARG002
        """Never."""
        return self._refuse_request("agent forwarding")

    def check_channel_direct_tcpip_request(
        self,
        chanid: int,  # noqa: ARG002
        origin: tuple[str, int],  # noqa: ARG002
        destination: tuple[str, int],  # noqa: ARG002
    ) -> int:
        """Never."""
        self._refuse_request("port forwarding")
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_port_forward_request(self, address: str, port: int) -> int:  # noqa: ARG002
        """Never."""
        return self._refuse_request("port forwarding")

    def _refuse_request(self, what: str) -> bool:
        account = None if self._account is None else self._account.name
        self.log.warning("sftp.request_refused", account=account, what=what)
        return False

    def _refuse(self, user: str, reason: str, began: float, key: str | None = None) -> int:
        self._refused += 1
        self.log.warning("sftp.login_refused", user=shown(user), reason=reason, key=key)
        self._stopping.wait(max(0.0, began + self._limits.refusal_seconds - time.monotonic()))
        return AUTH_FAILED
