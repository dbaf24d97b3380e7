"""A small SFTP client: the host key pinned, one key to log in with, files sent under a temporary name first."""

from __future__ import annotations

import contextlib
import io
import posixpath
import secrets
import socket
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteError, RemoteRefusedError, SetupError
from sftp.keys import DISABLED_ALGORITHMS, PublicKey, read_private_key
from translators.errors import shown

RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
"""What an RSA host key may sign with."""

REQUESTS_AHEAD = 64
"""Blocks asked for before the first has arrived, when a file is fetched."""

WINDOW_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file or folder at the other side."""

    name: str
    size: int
    modified_at: datetime | None
    is_folder: bool


class SFTPClient:
    """One session with an SFTP server; made by `connect`, used by one thread, closed by `close` or `with`."""

    def __init__(self, transport: paramiko.Transport, session: paramiko.SFTPClient) -> None:
        self._transport = transport
        self._session = session

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        *,
        user: str,
        private_key: bytes,
        host_keys: Iterable[PublicKey],
        seconds: float = 30.0,
    ) -> SFTPClient:
        """Connect, compare the host key, log in, begin a session.

        Args:
            host: name or address.
            port: usually 22.
            user: whom to log in as.
            private_key: OpenSSH or PEM text.
            host_keys: pinned; the server must show one of them (two during a rollover). Nothing is trusted unseen.
            seconds: for each of the steps, and then for each answer.

        Raises:
            HostKeyError: the server shows another host key; it has not been told who we are.
            LoginError: it does not accept user and key.
            ConnectionLostError: no connection, or it broke.
            SetupError: our key cannot be read, or no host key is pinned.
        """
        key = read_private_key(private_key)
        pinned = tuple(host_keys)
        if not pinned:
            raise SetupError(f"no host key is pinned for {host}; get it from the partner and pin it")
        with _as_ours(f"{host} port {port}"):
            sock = socket.create_connection((host, port), timeout=seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(
                sock, default_window_size=WINDOW_BYTES, disabled_algorithms=DISABLED_ALGORITHMS
            )
        try:
            return cls(transport, _log_in(transport, f"{host} port {port}", user, key, pinned, seconds))
        except BaseException:
            transport.close()
            raise

    def close(self) -> None:
        """End the session and the connection; both may be broken already."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._session.close()
        self._transport.close()

    def __enter__(self) -> SFTPClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, content: bytes | BinaryIO, folder: str, name: str, *, replace: bool = False) -> RemoteFile:
        """Send a file that is never seen half: under a temporary name, then renamed, then looked at.

        Args:
            content: the bytes, or a file read from where it stands to its end.
            folder: where it goes.
            name: what it is called there.
            replace: replace a file of that name; otherwise it is left and the rename refused.

        Returns:
            The file as the other side now lists it.

        Raises:
            RemoteRefusedError: a step was refused, or the size there is not the size sent.
            ConnectionLostError: the connection broke; the file may or may not be there under its final name.
        """
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        target = posixpath.join(folder, name)
        # paramiko does not tell when a close is refused; a name used once makes the rename fail then
        temporary = posixpath.join(folder, f".{name}.{secrets.token_hex(4)}.part")
        try:
            with self._asking(target):
                sent = self._send(source, temporary)
                if replace:
                    self._session.posix_rename(temporary, target)
                else:
                    self._session.rename(temporary, target)
        except RemoteRefusedError:
            with contextlib.suppress(RemoteError):
                self.remove(temporary)
            raise
        found = self.stat(target)
        if found.size != sent:
            raise RemoteRefusedError(f"{shown(target)} has {found.size} bytes there; {sent} were sent")
        return found

    def get(self, path: str, into: BinaryIO) -> int:
        """Fetch a file.

        Returns:
            Its length in bytes.

        Raises:
            RemoteRefusedError: not there, not allowed, or it changed its size meanwhile.
            ConnectionLostError: the connection broke.
        """
        with self._asking(path):
            return self._session.getfo(path, into, max_concurrent_prefetch_requests=REQUESTS_AHEAD)

    def list(self, folder: str) -> Iterator[RemoteFile]:
        """What is in a folder, as it comes."""
        with self._asking(folder):
            for found in self._session.listdir_iter(folder):
                yield _remote(found.filename, found)

    def stat(self, path: str) -> RemoteFile:
        """One file or folder."""
        with self._asking(path):
            return _remote(posixpath.basename(path), self._session.stat(path))

    def remove(self, path: str) -> None:
        """Delete a file."""
        with self._asking(path):
            self._session.remove(path)

    def rename(self, source: str, target: str) -> None:
        """Rename a file; refused if the new name is taken."""
        with self._asking(source):
            self._session.rename(source, target)

    def _send(self, source: BinaryIO, path: str) -> int:
        with self._session.open(path, "wb") as file:
            file.set_pipelined(True)
            sent = 0
            while block := source.read(32 * 1024):
                file.write(block)
                sent += len(block)
        return sent

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Foreign errors of a request become ours: a refusal while the session lives, else a lost connection."""
        try:
            yield
        except (paramiko.SSHException, EOFError, TimeoutError, ConnectionError) as error:
            raise ConnectionLostError(f"{shown(what)}: {str(error) or type(error).__name__}") from error
        except OSError as error:
            channel = self._session.get_channel()
            if channel is None or channel.closed or not self._transport.is_active():
                raise ConnectionLostError(f"{shown(what)}: {error}") from error
            raise RemoteRefusedError(f"{shown(what)}: {error}") from error


def _log_in(
    transport: paramiko.Transport,
    where: str,
    user: str,
    key: paramiko.PKey,
    pinned: tuple[PublicKey, ...],
    seconds: float,
) -> paramiko.SFTPClient:
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = seconds
    types = [name for each in pinned for name in (RSA_SIGNATURES if each.type == "ssh-rsa" else (each.type,))]
    transport.get_security_options().key_types = list(dict.fromkeys(types))
    try:
        with _as_ours(where):
            transport.start_client(timeout=seconds)
    except ConnectionLostError as error:
        if isinstance(error.__cause__, IncompatiblePeer):
            raise HostKeyError(f"{where} has no host key of the pinned type, or only outdated algorithms") from error
        raise
    with _as_ours(where):
        found = transport.get_remote_server_key()
        if not any(found.asbytes() == each.blob for each in pinned):
            wanted = " or ".join(each.fingerprint for each in pinned)
            raise HostKeyError(f"{where} shows host key {found.fingerprint}; want {wanted}; ask the partner first")
        try:
            transport.auth_publickey(user, key)
        except paramiko.AuthenticationException as error:
            raise LoginError(f"{where} does not accept user {shown(user)} with key {key.fingerprint}") from error
        session = paramiko.SFTPClient.from_transport(transport)
    if session is None:
        raise ConnectionLostError(f"{where} gave no SFTP session")
    channel = session.get_channel()
    if channel is not None:
        channel.settimeout(seconds)
    return session


@contextlib.contextmanager
def _as_ours(what: str) -> Iterator[None]:
    """Foreign errors of connecting become ours."""
    try:
        yield
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise ConnectionLostError(f"{shown(what)}: {str(error) or type(error).__name__}") from error


def _remote(name: str, found: paramiko.SFTPAttributes) -> RemoteFile:
    return RemoteFile(
        name=name,
        size=found.st_size or 0,
        modified_at=None if found.st_mtime is None else datetime.fromtimestamp(found.st_mtime, UTC),
        is_folder=found.st_mode is not None and stat.S_ISDIR(found.st_mode),
    )
