"""Both ends of the line: partners that upload until they are answered and collect, an ERP that empties a folder."""

from __future__ import annotations

import io
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Protocol

import orjson
import paramiko
from paramiko.sftp import CMD_CLOSE

from sftp.client import SFTPClient
from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteError
from sftp.keys import read_private_key
from tests.faults.orders import Partner
from tests.faults.served import CLIENT_SECONDS, ServedHome

TRY_AGAIN_AFTER = 0.05
NOT_ANSWERED = (RemoteError, ConnectionLostError, LoginError, HostKeyError, paramiko.SSHException, EOFError, OSError)
"""Whatever a sender may see instead of an answer; then it keeps the file and tries again."""


class File(Protocol):
    """What a partner uploads."""

    @property
    def partner(self) -> Partner: ...
    @property
    def filename(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def sha256(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """An upload that was answered OK; moments of the monotonic clock."""

    order: File
    filename: str
    began: float
    ended: float


class ClosingClient:
    """Uploads straight under the final name, where the answer to CLOSE is the answer.

    paramiko's own `close` hides a refusal; this one asks for the answer and raises it.
    """

    def __init__(self, site: ServedHome, partner: Partner, *, seconds: float = CLIENT_SECONDS) -> None:
        self.sock = socket.create_connection(("127.0.0.1", site.port), timeout=seconds)
        self._transport = paramiko.Transport(self.sock)
        try:
            self._transport.start_client(timeout=seconds)
            assert self._transport.get_remote_server_key().asbytes() == site.host_key().blob
            self._transport.auth_publickey(partner.user, read_private_key(site.keys[partner.user]))
            session = paramiko.SFTPClient.from_transport(self._transport)
            assert session is not None
            channel = session.get_channel()
            assert channel is not None
            channel.settimeout(seconds)
        except BaseException:
            self._transport.close()
            raise
        self.session = session

    def open(self, path: str) -> paramiko.SFTPFile:
        return self.session.open(path, "wb")

    def close_file(self, file: paramiko.SFTPFile) -> None:
        """Raises OSError where the close is refused or not answered."""
        file.flush()
        self.session._request(CMD_CLOSE, file.handle)
        file._closed = True

    def put(self, content: bytes, folder: str, name: str) -> None:
        file = self.open(f"{folder}/{name}")
        file.write(content)
        self.close_file(file)

    def drop(self) -> None:
        """Break the connection, as a cable does: no word of SSH, no CLOSE."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self._transport.close()

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> ClosingClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Senders:
    """One thread for each partner; each keeps a file until its upload was answered OK, then takes the next.

    Args:
        sites: the nodes they may upload to; where one does not answer, they go to the next.
        uploads: of all partners, in the order each sends them, with the name each goes by.
        within: seconds for all; a sender that has not come to its end then gives up.
    """

    def __init__(self, sites: Sequence[ServedHome], uploads: Sequence[tuple[File, str]], *, within: float) -> None:
        self._sites = sites
        self._deadline = monotonic() + within
        self._lock = Lock()
        self._between = Event()
        self._allowed = 0
        self._begun = 0
        self.answered: list[Answered] = []
        self.tries = 0
        partners = dict.fromkeys(order.partner for order, _ in uploads)
        self._threads = [
            Thread(target=self._send, args=(partner, [one for one in uploads if one[0].partner is partner], n))
            for n, partner in enumerate(partners)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def allow(self, uploads: int) -> None:
        """How many uploads may have begun by now; a sender that would begin one more waits."""
        with self._lock:
            self._allowed = max(self._allowed, uploads)

    def answered_since(self, moment: float) -> bool:
        """Whether an upload that began after that moment was answered OK."""
        return any(one.began >= moment for one in list(self.answered))

    @property
    def retries(self) -> int:
        return self.tries - len(self.answered)

    def _send(self, partner: Partner, uploads: Sequence[tuple[File, str]], door: int) -> None:
        client: SFTPClient | ClosingClient | None = None
        for order, filename in uploads:
            while not self._may_begin() and monotonic() < self._deadline:
                self._between.wait(TRY_AGAIN_AFTER / 5)
            while monotonic() < self._deadline:
                began = monotonic()
                with self._lock:
                    self.tries += 1
                try:
                    if client is None:
                        site = self._sites[door % len(self._sites)]
                        client = site.client(partner) if partner.renames else ClosingClient(site, partner)
                    if isinstance(client, SFTPClient):
                        client.put(order.content, "/in", filename, replace=True)
                    else:
                        client.put(order.content, "/in", filename)
                except NOT_ANSWERED:
                    if client is not None:
                        client.close()
                    client = None
                    door += 1
                    self._between.wait(TRY_AGAIN_AFTER)
                    continue
                with self._lock:
                    self.answered.append(Answered(order, filename, began, monotonic()))
                break
        if client is not None:
            client.close()

    def _may_begin(self) -> bool:
        with self._lock:
            if self._begun >= self._allowed:
                return False
            self._begun += 1
            return True


class Consumer:
    """An ERP: takes every file out of the folder as soon as it sees it, and remembers each with its content.

    What came twice would lie here twice, under whatever name: it is deleted here before it could be overwritten there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.taken: list[tuple[str, bytes]] = []

    @contextmanager
    def at_work(self) -> Iterator[Consumer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    def numbers(self) -> Counter[str]:
        """How often each order number came."""
        return Counter(orjson.loads(content)["number"] for _, content in list(self.taken))

    def empty(self) -> None:
        """Take what is there now."""
        for path in sorted(self._folder.glob("[!.]*")) if self._folder.is_dir() else ():
            self.taken.append((path.name, path.read_bytes()))
            path.unlink()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.empty()
        self.empty()


@dataclass(frozen=True, slots=True)
class Collected:
    """A file a partner found in its /out."""

    partner: Partner
    name: str
    content: bytes

    @property
    def segments(self) -> list[list[str]]:
        return [part.strip().split("*") for part in self.content.decode("ascii").split("~") if part.strip()]

    def element(self, segment: str, n: int) -> str:
        """The n-th element of the first segment of this name."""
        return next(found[n] for found in self.segments if found[0] == segment)


def collect(site: ServedHome, partner: Partner) -> list[Collected]:
    """Read all of a partner's /out."""
    found = []
    with site.client(partner) as client:
        for each in list(client.list("/out")):
            content = io.BytesIO()
            client.get(f"/out/{each.name}", content)
            found.append(Collected(partner, each.name, content.getvalue()))
    return found
