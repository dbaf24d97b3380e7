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
from pathlib import Path

import paramiko
import structlog
from paramiko.auth_handler import AuthHandler
from paramiko.common import MSG_NEWKEYS
from paramiko.server import SubsystemHandler

from sftp.conversation import Conversation
from sftp.errors import BadMessageError, SFTPError
from sftp.filesystem import Tree
from sftp.gate import Gate
from sftp.keys import DISABLED_ALGORITHMS
from sftp.packets import Packets
from sftp.ports import Account, Mailbox
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

REFUSALS_LOGGED = 100
"""Refused requests of one session that are logged each; how many there were stands in the line of its logout."""

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
        ended: called once, when the SSH transport is gone (sessions may still be finishing).
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
        self._sessions: set[Conversation] = set()
        self.gate: Gate | None = None
        self._transport = _Transport(sock, lambda: ended(self))

    def start(self, gate: Gate, host_keys: list[paramiko.PKey]) -> None:
        """Begin to talk, in a thread of the connection's own."""
        self.gate = gate
        for key in host_keys:
            self._transport.add_server_key(key)
        self._transport.set_subsystem_handler("sftp", Session, self)
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
            return any(session.is_busy for session in self._sessions)

    @property
    def has_sessions(self) -> bool:
        """Whether a session is not finished, even if the partner is gone."""
        with self._lock:
            return bool(self._sessions)

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

    def join(self, session: Conversation) -> None:
        """A session begins."""
        with self._lock:
            self._sessions.add(session)

    def part(self, session: Conversation) -> None:
        """A session is finished."""
        with self._lock:
            self._sessions.discard(session)


class Session(SubsystemHandler):
    """Runs one Conversation over an SSH channel, in a thread of its own."""

    def __init__(self, channel: paramiko.Channel, name: str, gate: Gate, connection: Connection) -> None:
        super().__init__(channel, name, gate)
        self._gate = gate
        self._connection = connection

    def start_subsystem(self, name: str, transport: paramiko.Transport, channel: paramiko.Channel) -> None:  # noqa: ARG002
        """Serve until the channel ends; whatever was not closed by then was not sent."""
        account = self._gate.account
        log = self._gate.log.bind(account=account.name)
        connection = self._connection
        around = Surroundings(
            connection.mailbox, account, log, spool_folder=connection.spool_folder, room=connection.room(account)
        )
        refusals = _Refusals(log)
        conversation = Conversation(
            Tree(around),
            receive=channel.recv,
            send=channel.sendall,
            progress=self._connection.moved,
            open_files=account.limits.open_files,
            refused=refusals.note,
        )
        self._connection.join(conversation)
        try:
            conversation.run()
            channel.send_exit_status(0)  # scp asks for it
        except BadMessageError as error:
            log.warning("sftp.session_broken", reason=str(error))
        except (OSError, EOFError, paramiko.SSHException) as error:
            log.info("sftp.session_cut", reason=str(error) or type(error).__name__)
        except Exception:
            log.exception("sftp.session_crashed")
            raise
        finally:
            log.info("sftp.logout", refused=refusals.count)
            self._connection.part(conversation)
            self._gate.leave()


class _Refusals:
    """Logs what a session was refused: so much that a person sees what goes wrong, and no log is filled by it."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self.count = 0

    def note(self, what: str, error: SFTPError) -> None:
        """One more."""
        self.count += 1
        if self.count <= REFUSALS_LOGGED:
            self._log.warning("sftp.request_refused", what=what, reason=str(error))


class _Judge(AuthHandler):
    """Tells the gate what became of each login, after the signature was checked."""

    def _send_auth_result(self, username: str, method: str, result: int) -> None:
        gate = self.transport.server_object
        assert isinstance(gate, Gate)
        gate.settled(username, method, result)
        super()._send_auth_result(username, method, result)  # type: ignore[misc]


class _Transport(paramiko.Transport):
    """A server transport with our algorithms, that tells when its thread ends."""

    def __init__(self, sock: socket.socket, ended: Callable[[], None]) -> None:
        super().__init__(
            sock,
            default_window_size=WINDOW_BYTES,
            default_max_packet_size=PACKET_BYTES,
            disabled_algorithms=DISABLED_ALGORITHMS,
            packetizer_class=Packets,
        )
        self.set_log_channel(LOG_NAME)
        self.local_version = IDENTIFICATION
        self._ended = ended
        self._exchanges: deque[float] = deque(maxlen=EXCHANGES_A_MINUTE + 1)
        self._handler_table: dict[int, Callable[[paramiko.Message], object]]
        self._handler_table[MSG_NEWKEYS] = self._take_new_keys

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

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._ended()
