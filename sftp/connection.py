"""One connection to the server: its SSH transport, its sessions, and the times by which it is watched."""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_NEWKEYS,
)

from sftp.gate import Gate
from sftp.keys import DISABLED_ALGORITHMS
from sftp.packets import Packets
from sftp.ports import Account, Mailbox
from sftp.session import Session
from sftp.spool import Room
from sftp.transfers import Surroundings
from translators.errors import shown

WINDOW_BYTES = 1 << 20
"""What a partner may send ahead of us: the most that waits in memory for one session."""

PACKET_BYTES = 32 * 1024
"""The data of one SSH packet; what every client can do (RFC 4253, section 6.1)."""

EXCHANGES_A_MINUTE = 60
"""Key exchanges of one connection: each costs us a signature; once in a gigabyte or an hour is usual (RFC 4253, 9)."""
MINUTE_SECONDS = 60.0

IDENTIFICATION = "SSH-2.0-Tradelane"
LOG_NAME = "sftp.ssh"

# paramiko writes a traceback for every port scanner; what matters of it is in our own events
_quiet = logging.getLogger(LOG_NAME)
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class Connection:
    """A partner's connection, from accept to its last session's end.

    Args:
        sock: accepted; this connection's own from here on.
        mailbox: see `sftp.ports`.
        spool_folder: where arriving files wait.
        room: what an account's arriving files may take there.
        ended: called once, when the SSH transport is gone and no session of it is left.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        mailbox: Mailbox,
        spool_folder: Path | None,
        room: Callable[[Account], Room],
        ended: Callable[[Connection], None],
    ) -> None:
        self._sock = sock
        self.id = secrets.token_hex(8)
        self.mailbox = mailbox
        self.spool_folder = spool_folder
        self.room = room
        self.began_at = datetime.now(UTC)
        self.opened_at = time.monotonic()
        self._moved_at = self.opened_at
        self._lock = threading.Lock()
        self._sessions: dict[int, Session] = {}
        self.gate: Gate | None = None
        self._ended = ended
        self._transport = _Transport(sock, self)

    def start(self, gate: Gate, host_keys: list[paramiko.PKey]) -> None:
        """Begin to talk, in a thread of the connection's own."""
        self.gate = gate
        for key in host_keys:
            self._transport.add_server_key(key)
        self._transport.start_server(event=threading.Event(), server=gate)

    @property
    def is_logged_in(self) -> bool:
        """Whether somebody came in."""
        return self._transport.is_authenticated()

    @property
    def client(self) -> str:
        """What the partner's program calls itself."""
        return shown(self._transport.remote_version)

    @property
    def sessions(self) -> int:
        """Sessions that are not finished."""
        return len(self._sessions)

    @property
    def failure(self) -> str | None:
        """Why there was no login, if SSH itself failed: no algorithm in common, or no SSH at all."""
        error = self._transport.saved_exception
        if self._transport.authenticated or not isinstance(error, paramiko.SSHException):
            return None
        return shown(str(error))

    @property
    def is_busy(self) -> bool:
        """Whether one of its sessions has a file open or owes an answer."""
        with self._lock:
            return any(session.is_busy for session in self._sessions.values())

    @property
    def idle_seconds(self) -> float:
        """Since the last request or answer of any of its sessions."""
        return time.monotonic() - self._moved_at

    def idle_allowed(self, usual: float) -> float:
        """How long it may be idle: as long as its account says, or as is usual."""
        own = None if self.gate is None else self.gate.account.limits.idle_seconds
        return usual if own is None else own

    def moved(self) -> None:
        """Something was asked or answered."""
        self._moved_at = time.monotonic()

    def cut(self) -> None:
        """Close the socket now; every thread of the connection finds out and cleans up."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def begin(self, channel: paramiko.Channel) -> bool:
        """A session begins on this channel; False where there is one already."""
        if channel.chanid in self._sessions:
            return False
        assert self.gate is not None
        account = self.gate.account
        around = Surroundings(
            self.mailbox,
            account,
            self.gate.log.bind(account=account.name),
            spool_folder=self.spool_folder,
            room=self.room(account),
        )
        over = partial(self._part, self.gate, channel.chanid)
        session = Session(self._transport, channel, around, moved=self.moved, over=over)
        with self._lock:
            self._sessions[channel.chanid] = session
        return True

    def turn(self, number: int) -> None:
        """Something came on the channel of this number."""
        session = self._sessions.get(number)
        if session is not None:
            session.turn()

    def turn_all(self) -> None:
        """New keys are in use: what waited for them goes on."""
        for session in list(self._sessions.values()):
            session.turn()

    def lost(self) -> None:
        """The transport is gone."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._ended, self)
            for session in list(self._sessions.values()):
                stack.callback(session.lost)

    def _part(self, gate: Gate, number: int) -> None:
        with self._lock:
            del self._sessions[number]
        gate.leave()


class _Judge(AuthHandler):
    """Tells the gate what became of each login, after the signature was checked."""

    def _send_auth_result(self, username: str, method: str, result: int) -> None:
        gate = self.transport.server_object
        assert isinstance(gate, Gate)
        gate.settled(username, method, result)
        super()._send_auth_result(username, method, result)  # type: ignore[misc]


ChannelHandler = Callable[[paramiko.Channel, paramiko.Message], object]

_TURNS = frozenset({MSG_CHANNEL_DATA, MSG_CHANNEL_WINDOW_ADJUST, MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE})
"""The messages after which a session may have more to do, or to send."""


class _Transport(paramiko.Transport):
    """A server transport with our algorithms, whose thread serves the sessions and tells when it ends."""

    def __init__(self, sock: socket.socket, connection: Connection) -> None:
        super().__init__(
            sock,
            default_window_size=WINDOW_BYTES,
            default_max_packet_size=PACKET_BYTES,
            disabled_algorithms=DISABLED_ALGORITHMS,
            packetizer_class=Packets,
        )
        self.set_log_channel(LOG_NAME)
        self.local_version = IDENTIFICATION
        self._connection = connection
        self._exchanges: deque[float] = deque(maxlen=EXCHANGES_A_MINUTE + 1)
        self._handler_table: dict[int, Callable[[paramiko.Message], object]]
        self._handler_table[MSG_NEWKEYS] = self._take_new_keys
        self._channel_handler_table: dict[int, ChannelHandler] = {
            kind: self._then_turn(handler) if kind in _TURNS else handler
            for kind, handler in paramiko.Transport._channel_handler_table.items()  # type: ignore[attr-defined]
        }

    def _then_turn(self, handler: ChannelHandler) -> ChannelHandler:
        def both(channel: paramiko.Channel, message: paramiko.Message) -> None:
            handler(channel, message)
            self._connection.turn(channel.chanid)

        return both

    def _take_new_keys(self, message: paramiko.Message) -> None:
        """The first time paramiko makes its own judge of logins; ours takes its place before it has heard a word.

        Raises:
            paramiko.SSHException: keys were exchanged too often in the last minute.
        """
        exchanges = self._exchanges
        exchanges.append(time.monotonic())
        if len(exchanges) == exchanges.maxlen and exchanges[-1] - exchanges[0] < MINUTE_SECONDS:
            raise paramiko.SSHException(f"keys were exchanged over {EXCHANGES_A_MINUTE} times in a minute")
        self._parse_newkeys(message)  # type: ignore[attr-defined]
        if type(self.auth_handler) is AuthHandler:
            self.auth_handler = _Judge(self)
        self._connection.turn_all()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._connection.lost()
