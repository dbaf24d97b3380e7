"""A partner's AS2 server on the loopback, on our own message layer, which behaves as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from gateway.as2.algorithms import Digest
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.headers import read_receipt_request
from gateway.as2.mdn import MDN, make_mdn
from gateway.as2.message import Opened, Security, Trust, open_message
from gateway.as2.mic import mic_text
from gateway.as2.mime import Entity, Headers
from gateway.as2.refusals import Modifier
from tests.gateway.as2 import parties


@dataclass(frozen=True)
class Came:
    """One request."""

    headers: Headers
    body: bytes
    opened: Opened | None = None

    @property
    def message_id(self) -> str:
        return self.headers.one("Message-ID") or ""


@dataclass
class Reply:
    """What is answered."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Behave = Callable[["Peer", Came], Reply | None]
"""Answers one request; None closes the connection without an answer."""


@dataclass
class Peer:
    """A partner: whoever it takes a message from, it is `parties.partner()`."""

    behave: Behave
    came: list[Came] = field(default_factory=list)
    url: str = ""
    bodies: Bodies = field(default_factory=Bodies)

    @property
    def documents(self) -> list[bytes]:
        """What it took, each message id once."""
        found: dict[str, bytes] = {}
        for one in self.came:
            if one.opened is not None:
                found.setdefault(one.message_id, one.opened.content.read())
        return list(found.values())

    def open(self, came: Came) -> Came:
        """The message that came, opened, which it must let itself be."""
        trust = Trust(
            identities=(parties.partner().identity,),
            pinned=(parties.us().certificate,),
            must_sign=False,
            must_encrypt=False,
        )
        found = open_message(came.headers, in_memory(came.body), trust, at=parties.NOW, bodies=self.bodies)
        assert isinstance(found, Opened), found
        return Came(came.headers, came.body, found)

    def mdn(
        self,
        came: Came,
        *,
        modifier: Modifier | None = None,
        message_id: str = "",
        mic: str | None = None,
        signer: parties.Party | None = None,
        signed: bool | None = None,
    ) -> Entity:
        """The receipt it gives, or what a forger makes of it."""
        assert came.opened is not None
        request = read_receipt_request(came.headers)
        digest = request.digests[0] if request.digests else Digest.SHA256
        text = mic_text(came.opened.mics, digest) if mic is None else mic
        said = MDN(message_id or came.message_id, "ACME", modifier, text)
        security = Security(signer=(signer or parties.partner()).identity)
        wants = request.signed if signed is None else signed
        return make_mdn(said, security if wants else None, at=parties.NOW, bodies=self.bodies)


def takes(peer: Peer, came: Came) -> Reply:
    """An honest partner: takes a message and gives its receipt at once."""
    came = peer.open(came)
    peer.came.append(came)
    if not read_receipt_request(came.headers).wanted:
        return Reply()
    entity = peer.mdn(came)
    return Reply(200, entity.headers.pairs, entity.content.read())


def takes_and_answers_empty(peer: Peer, came: Came) -> Reply:
    """A partner whose receipt comes by itself."""
    peer.came.append(peer.open(came))
    return Reply()


@contextmanager
def serving(behave: Behave = takes) -> Iterator[Peer]:
    """A partner's server, until the end of the block."""
    peer = Peer(behave)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            pairs = tuple((name, value) for name, value in self.headers.items())
            reply = peer.behave(peer, Came(Headers(pairs), body))
            self.close_connection = True
            if reply is None:
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    peer.url = f"http://127.0.0.1:{server.server_address[1]}/as2"
    try:
        with peer.bodies:
            yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
