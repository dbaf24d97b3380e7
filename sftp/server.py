"""The SFTP server: listens, admits within its limits, watches times, and stops without losing what is being closed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import structlog

from sftp.connection import Connection
from sftp.errors import SetupError
from sftp.gate import Gate, ServerLimits
from sftp.keys import PublicKey, read_private_key
from sftp.lockout import Lockout, of_address
from sftp.ports import Account, Mailbox
from sftp.spool import Room

BACKLOG = 256
WATCH_SECONDS = 1.0
"""How often times are looked at; oftener where a limit is shorter."""

LAST_SECONDS = 10.0
"""How long a stop waits for sessions whose connection is cut and that still commit."""


@dataclass(frozen=True, slots=True)
class LiveConnection:
    """Somebody who is logged in.

    Args:
        id: to kick it by.
        proofs: with what it logged in; see `sftp.gate.Gate.proofs`.
        began_at: when it connected, UTC.
        idle_seconds: since its last request or answer.
        sessions: SFTP sessions on it.
        busy: whether a file is open or an answer owed.
    """

    id: str
    account: str
    address: str
    client: str
    proofs: dict[str, str]
    began_at: datetime
    idle_seconds: float
    sessions: int
    busy: bool


class SFTPServer:
    """Serves a mailbox over SFTP.

    Args:
        mailbox: logins and files; see `sftp.ports.Mailbox`.
        host_keys: private keys in OpenSSH or PEM form; a second one during a rollover or for another algorithm.
        limits: for the server as a whole; those of an account come with it from the mailbox.
        spool_folder: where arriving files above 256 KiB wait; None for the system's folder for temporary files.
        passwords: whether logins by password are offered at all.
        lockout: counts refused logins; one of its own where left out.

    Raises:
        SetupError: no host key, one that cannot be read, or two of one type.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        host_keys: Iterable[bytes],
        limits: ServerLimits | None = None,
        spool_folder: Path | None = None,
        passwords: bool = False,
        lockout: Lockout | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._host_keys = [read_private_key(text) for text in host_keys]
        types = [key.get_name() for key in self._host_keys]
        if not types or len(set(types)) < len(types):
            raise SetupError(
                f"host keys are {', '.join(types) or 'none'}; want at least one, and one of a type at most"
            )
        self._limits = limits or ServerLimits()
        self._spool_folder = spool_folder
        self._passwords = passwords
        self._lockout = lockout or Lockout(self._limits.lockout)
        self._log = structlog.get_logger("sftp")
        self._changed = threading.Condition()
        self._connections: dict[Connection, str] = {}
        self._sessions: Counter[tuple[str, str]] = Counter()
        self._rooms: dict[str, Room] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None

    @property
    def host_keys(self) -> list[PublicKey]:
        """The public host keys, for partners to pin."""
        return [PublicKey(type=key.get_name(), blob=key.asbytes()) for key in self._host_keys]

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the real port if 0 was asked for.

        Raises:
            SetupError: it does not listen.
        """
        if self._listener is None:
            raise SetupError("the SFTP server is not listening; start it first")
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def start(self, host: str, port: int) -> None:
        """Listen on an address and serve in threads of its own; port 0 takes a free one.

        Raises:
            SetupError: the address cannot be listened on, or it listens already.
        """
        if self._listener is not None:
            raise SetupError("the SFTP server is listening already")
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            self._listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise SetupError(f"cannot listen on {host} port {port}: {error}") from error
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._accept, args=(self._listener,), name="sftp-accept", daemon=True),
            threading.Thread(target=self._watch, name="sftp-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._log.info("sftp.listening", address=self.address[0], port=self.address[1])

    def stop(self, *, grace_seconds: float = 10.0) -> None:
        """Listen no more, cut idle connections at once, and let open files finish for `grace_seconds`.

        What is cut then was not answered: the partner keeps it. A file that is being committed is committed.
        """
        if self._listener is None:
            return
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        until = time.monotonic() + grace_seconds
        while self._cut(lambda connection: not connection.is_busy) and time.monotonic() < until:
            with self._changed:
                self._changed.wait(0.05)
        self._cut(lambda _: True)
        self.wait_for(lambda _: not self._connections and not self._sessions, seconds=LAST_SECONDS)
        for thread in self._threads:
            thread.join(LAST_SECONDS)
        self._listener = None
        self._log.info("sftp.stopped")

    def __enter__(self) -> SFTPServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def connections(self) -> int:
        """Connections at this moment."""
        return len(self._connections)

    @property
    def sessions(self) -> int:
        """Sessions at this moment, also those whose partner is gone and that still finish."""
        return self._sessions.total()

    def wait_for(self, holds: Callable[[SFTPServer], bool], *, seconds: float) -> bool:
        """Wait until something is true of the server's connections and sessions; False if it is not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self), timeout=seconds)

    def enter(self, account: Account, address: str) -> bool:
        """See `sftp.gate.Sessions`."""
        with self._changed:
            all_its = sum(count for (name, _), count in self._sessions.items() if name == account.name)
            here = self._sessions[account.name, address]
            limits = account.limits
            most_here = limits.sessions if limits.sessions_per_address is None else limits.sessions_per_address
            if self._stopping.is_set() or all_its >= limits.sessions or here >= most_here:
                return False
            self._sessions[account.name, address] += 1
            return True

    def leave(self, account: Account, address: str) -> None:
        """See `sftp.gate.Sessions`."""
        with self._changed:
            self._sessions[account.name, address] -= 1
            if not self._sessions[account.name, address]:
                del self._sessions[account.name, address]
            self._changed.notify_all()

    def live(self) -> list[LiveConnection]:
        """The connections that are logged in, oldest first."""
        with self._changed:
            connections = list(self._connections.items())
        found = [
            LiveConnection(
                id=connection.id,
                account=connection.gate.account.name,
                address=address,
                client=connection.client,
                proofs=connection.gate.proofs,
                began_at=connection.began_at,
                idle_seconds=connection.idle_seconds,
                sessions=connection.sessions,
                busy=connection.is_busy,
            )
            for connection, address in connections
            if connection.gate is not None and connection.is_logged_in
        ]
        return sorted(found, key=lambda one: one.began_at)

    def kick(self, id: str) -> bool:
        """Cut a connection now, as a broken cable would; False if there is none of this id."""
        with self._changed:
            found = [(one, address) for one, address in self._connections.items() if one.id == id]
        for connection, address in found:
            self._log.warning("sftp.connection_cut", address=address, reason="kicked")
            connection.cut()
        return bool(found)

    def _room(self, account: Account) -> Room:
        with self._changed:
            return self._rooms.setdefault(account.name, Room(account.limits.total_bytes))

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, address = listener.accept()
            except OSError as error:  # stopped, or no descriptor free: then wait for one
                if not self._stopping.is_set():
                    self._log.error("sftp.accept_failed", reason=str(error))
                    self._stopping.wait(WATCH_SECONDS)
                continue
            self._admit(sock, str(address[0]))

    def _admit(self, sock: socket.socket, address: str) -> None:
        log = self._log.bind(address=address)
        connection = Connection(
            sock, mailbox=self._mailbox, spool_folder=self._spool_folder, room=self._room, ended=self._forget
        )
        with self._changed:
            refusal = self._refusal(address)
            if refusal is None:
                self._connections[connection] = address
        if refusal is not None:
            sock.close()
            log.warning("sftp.connection_refused", reason=refusal)
            return
        gate = Gate(
            mailbox=self._mailbox,
            address=address,
            limits=self._limits,
            passwords=self._passwords,
            sessions=self,
            lockout=self._lockout,
            give_up=connection.cut,
            begin=connection.begin,
            stopping=self._stopping,
            log=log,
        )
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.start(gate, self._host_keys)
        except (OSError, RuntimeError) as error:  # the partner is gone already, or no thread to be had
            sock.close()
            self._forget(connection)
            log.warning("sftp.connection_lost", reason=str(error))

    def _refusal(self, address: str) -> str | None:
        addresses, limits = list(self._connections.values()), self._limits
        if self._stopping.is_set():
            return "the server stops"
        if len(addresses) >= limits.connections:
            return "too many connections"
        if addresses.count(address) >= limits.connections_per_address:
            return "too many connections from this address"
        if sum(not other.is_logged_in for other in self._connections) >= limits.strangers:
            return "too many connections not logged in"
        if self._lockout.is_locked(of_address(address)):
            return "too many refused logins from this address"
        return None

    def _forget(self, connection: Connection) -> None:
        if connection.gate is not None:
            connection.gate.lost()
        if connection.failure is not None:
            address = self._connections.get(connection)
            self._log.warning("sftp.connection_failed", address=address, reason=connection.failure)
        with self._changed:
            self._connections.pop(connection, None)
            self._changed.notify_all()

    def _watch(self) -> None:
        limits = self._limits
        every = min(WATCH_SECONDS, limits.login_seconds / 4, limits.idle_seconds / 4)
        while not self._stopping.wait(every):
            with self._changed:
                connections = list(self._connections.items())
            for connection, address in connections:
                if not connection.is_logged_in:
                    late = time.monotonic() - connection.opened_at > limits.login_seconds
                    reason = "no login in time"
                else:
                    late = connection.idle_seconds > connection.idle_allowed(limits.idle_seconds)
                    reason = "idle"
                if late:
                    self._log.info("sftp.connection_cut", address=address, reason=reason)
                    connection.cut()

    def _cut(self, which: Callable[[Connection], bool]) -> bool:
        """Cut those connections; True while any is left."""
        with self._changed:
            connections = list(self._connections)
        for connection in connections:
            if which(connection):
                connection.cut()
        return bool(connections)
