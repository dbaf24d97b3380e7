"""A small SFTP client: the host key pinned, a key or password to log in with, files sent under a temporary name."""

from __future__ import annotations

import contextlib
import errno
import io
import posixpath
import secrets
import socket
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from sftp.errors import (
    ConnectionLostError,
    HostKeyError,
    LoginError,
    RemoteError,
    RemoteNotThereError,
    RemoteRefusedError,
    SetupError,
)
from sftp.keys import DISABLED_ALGORITHMS, PublicKey, read_private_key
from sftp.remote import RemoteFile
from translators.errors import shown

RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
"""What an RSA host key may sign with."""

REQUESTS_AHEAD = 64
"""Blocks asked for before the first has arrived, when a file is fetched."""

WINDOW_BYTES = 4 << 20
BLOCK_BYTES = 32 * 1024
"""Of a file in one request: what every server takes."""


class SFTPClient:
    """One session with an SFTP server; made by `connect`, used by one thread, closed by `close` or `with`.

    It is a `sftp.remote.Remote`.
    """

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
        private_key: bytes | None = None,
        password: str | None = None,
        host_keys: Iterable[PublicKey],
        seconds: float = 30.0,
    ) -> SFTPClient:
        """Connect, compare the host key, log in, begin a session.

        Args:
            host: name or address.
            port: usually 22.
            user: whom to log in as.
            private_key: OpenSSH or PEM text; None where a password is enough.
            password: asked for instead of a key, or after it; None where a key is enough.
            host_keys: pinned; the server must show one of them (two during a rollover). Nothing is trusted unseen.
            seconds: for each of the steps, and then for each answer.

        Raises:
            HostKeyError: the server shows another host key; it has not been told who we are.
            LoginError: it does not accept user and key or password.
            ConnectionLostError: no connection, or it broke.
            SetupError: our key cannot be read, there is neither key nor password, or no host key is pinned.
        """
        key = None if private_key is None else read_private_key(private_key)
        if key is None and password is None:
            raise SetupError(f"there is neither a key nor a password to log in to {host} with")
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
            where = f"{host} port {port}"
            _check_host(transport, where, pinned, seconds)
            _log_in(transport, where, user, key, password)
            return cls(transport, _session(transport, where, seconds))
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
                sent = self._send(iter(lambda: source.read(BLOCK_BYTES), b""), temporary)
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

    def write(self, path: str, chunks: Iterable[bytes]) -> int:
        """Write a file, over one that is there; its length in bytes. Whether its close was granted, a stat tells."""
        with self._asking(path):
            return self._send(chunks, path)

    def list(self, folder: str) -> Iterator[RemoteFile]:
        """What is in a folder, as it comes."""
        with self._asking(folder):
            for found in self._session.listdir_iter(folder):
                if isinstance(found.filename, str):  # a name that is not UTF-8 comes as bytes
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

    def _send(self, chunks: Iterable[bytes], path: str) -> int:
        with self._session.open(path, "wb") as file:
            file.set_pipelined(True)
            sent = 0
            for chunk in chunks:
                for start in range(0, len(chunk), BLOCK_BYTES):
                    file.write(chunk[start : start + BLOCK_BYTES])
                sent += len(chunk)
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
            kind = RemoteNotThereError if error.errno == errno.ENOENT else RemoteRefusedError
            raise kind(f"{shown(what)}: {error}") from error


def _check_host(transport: paramiko.Transport, where: str, pinned: tuple[PublicKey, ...], seconds: float) -> None:
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = seconds
    types = [name for each in pinned for name in (RSA_SIGNATURES if each.type == "ssh-rsa" else (each.type,))]
    transport.get_security_options().key_types = list(dict.fromkeys(types))
    try:
        with _as_ours(where):
            transport.start_client(timeout=seconds)
            found = transport.get_remote_server_key()
    except ConnectionLostError as error:
        if isinstance(error.__cause__, IncompatiblePeer):
            raise HostKeyError(f"{where} has no host key of the pinned type, or only outdated algorithms") from error
        raise
    if not any(found.asbytes() == each.blob for each in pinned):
        wanted = " or ".join(each.fingerprint for each in pinned)
        raise HostKeyError(f"{where} shows host key {found.fingerprint}; want {wanted}; ask the partner first")


def _log_in(
    transport: paramiko.Transport, where: str, user: str, key: paramiko.PKey | None, password: str | None
) -> None:
    """With the key, and then with the password where the server wants both or there is no key."""
    shown_as = "its password" if key is None else f"key {key.fingerprint}"
    with _as_ours(where):
        try:
            if key is not None:
                transport.auth_publickey(user, key)
            if password is not None and not transport.is_authenticated():
                transport.auth_password(user, password, fallback=False)
        except paramiko.AuthenticationException as error:
            raise LoginError(f"{where} does not accept user {shown(user)} with {shown_as}") from error
    if not transport.is_authenticated():
        raise LoginError(f"{where} wants more of user {shown(user)} than {shown_as}")


def _session(transport: paramiko.Transport, where: str, seconds: float) -> paramiko.SFTPClient:
    with _as_ours(where):
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
        is_plain=found.st_mode is None or stat.S_ISREG(found.st_mode),
    )
