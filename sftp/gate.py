"""Who may come in and for what: public keys, SFTP sessions, and nothing else SSH can do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import paramiko
import structlog
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from sftp.errors import MailboxError
from sftp.keys import PublicKey, is_strong
from sftp.ports import Account, Mailbox
from translators.errors import shown

SUBSYSTEM = "sftp"
CHANNELS_PER_CONNECTION = 64
"""Channels one connection may open in its life; a client needs one, a multiplexing one a few."""


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
        refusal_seconds: every refusal of a login takes at least this long, so that an unknown user and a wrong key look
            the same.
    """

    connections: int = 500
    connections_per_address: int = 100
    strangers: int = 100
    auth_tries: int = 6
    login_seconds: float = 30.0
    idle_seconds: float = 600.0
    refusal_seconds: float = 0.1


class Sessions(Protocol):
    """Counts the sessions of each account over all connections."""

    def enter(self, account: Account) -> bool:
        """Take one of the account's sessions; False if none is free."""

    def leave(self, account: Account) -> None:
        """Give it back."""


class Gate(paramiko.ServerInterface):
    """One connection's answers to SSH: logins are checked with the mailbox, everything but SFTP is refused.

    Args:
        mailbox: knows the accounts.
        address: the partner's, for the mailbox and the log.
        limits: see ServerLimits.
        sessions: see Sessions.
        give_up: closes the connection.
        stopping: set when the server stops; a refusal then waits no longer.
        log: bound to the connection.
    """

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        address: str,
        limits: ServerLimits,
        sessions: Sessions,
        give_up: Callable[[], None],
        stopping: threading.Event,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._mailbox = mailbox
        self._address = address
        self._limits = limits
        self._sessions = sessions
        self._give_up = give_up
        self._stopping = stopping
        self.log = log
        self._refused = 0
        self._channels = 0
        self._account: Account | None = None
        self._key: PublicKey | None = None

    @property
    def account(self) -> Account:
        """Whose connection it is; only asked once logged in."""
        assert self._account is not None
        return self._account

    def leave(self) -> None:
        """A session of this connection is finished."""
        self._sessions.leave(self.account)

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - the same for everybody
        """Public keys only."""
        return "publickey"

    def check_auth_none(self, username: str) -> int:  # noqa: ARG002 - the same for everybody
        """Never; a client asks so to learn what is allowed."""
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002 - not even looked at
        """Never."""
        return self._refuse(username, "password", time.monotonic())

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Whether the key opens an account; paramiko then checks the signature before it lets anybody in."""
        began = time.monotonic()
        self._account = None
        if self._refused >= self._limits.auth_tries:
            self._give_up()
            return AUTH_FAILED
        offered = PublicKey(type=key.get_name(), blob=key.asbytes())
        if not is_strong(key):
            return self._refuse(username, "weak key", began, offered)
        try:
            account = self._mailbox.login(username, offered, self._address)
        except MailboxError as error:
            return self._refuse(username, f"mailbox: {error}", began, offered)
        if account is None:
            return self._refuse(username, "unknown user or key", began, offered)
        self._account, self._key = account, offered
        return AUTH_SUCCESSFUL

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
        if not self._sessions.enter(self.account):
            return self._refuse_request("session over the account's limit")
        try:
            granted = super().check_channel_subsystem_request(channel, name)
        except RuntimeError:  # no thread to be had
            granted = False
        if not granted:
            self._sessions.leave(self.account)
            return self._refuse_request("session")
        key = "" if self._key is None else self._key.fingerprint
        self.log.info("sftp.login", account=self.account.name, key=key)
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

    def _refuse(self, user: str, reason: str, began: float, key: PublicKey | None = None) -> int:
        self._refused += 1
        fingerprint = None if key is None else key.fingerprint
        self.log.warning("sftp.login_refused", user=shown(user), reason=reason, key=fingerprint)
        self._stopping.wait(max(0.0, began + self._limits.refusal_seconds - time.monotonic()))
        return AUTH_FAILED
