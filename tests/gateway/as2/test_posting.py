"""Posting over HTTP and HTTPS: to whom the certificate says, no redirect, answers under caps, patience with an end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.as2.addresses import read_target
from gateway.as2.bodies import in_memory
from gateway.as2.client import Answered, Broken, NotReached, Patience, Posted, post
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import NOW

Serve = Callable[[socket.socket], None]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A server that handles one connection after the other as it is told to; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    serve(connection)
                except OSError:
                    continue  # the other side went away, as some tests want

    thread = Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def request(connection: socket.socket) -> bytes:
    """Everything up to the end of the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("it went away")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(answer)

    return serve


def posted(port: int, *, url: str = "http://partner.example:{}/as2?x=1", **how: object) -> Posted:
    target = read_target(url.format(port))
    return post(target, "127.0.0.1", (("AS2-From", "HOUSE"),), in_memory(b"hello"), **how)  # type: ignore[arg-type]


def test_a_body_arrives_with_the_name_of_the_host_whatever_address_it_goes_to() -> None:
    got: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        got.append(request(connection))
        connection.sendall(ANSWER)

    with listening(serve) as port:
        found = posted(port)
    assert isinstance(found, Answered)
    assert (found.status, found.body.read()) == (200, b"ok")
    assert got[0].startswith(b"POST /as2?x=1 HTTP/1.1\r\n")
    assert f"Host: partner.example:{port}\r\n".encode() in got[0]
    assert b"AS2-From: HOUSE\r\n" in got[0]
    assert got[0].endswith(b"\r\n\r\nhello")


def test_nobody_there_is_not_reached() -> None:
    with listening(answering(ANSWER)) as port:
        pass
    assert isinstance(posted(port), NotReached)


def test_a_redirect_is_an_answer_and_goes_nowhere() -> None:
    answer = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with listening(answering(answer)) as port:
        found = posted(port)
    assert isinstance(found, Answered)
    assert found.status == 307


def test_an_answer_without_end_is_broken_off() -> None:
    def serve(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with listening(serve) as port:
        found = posted(port)
    assert isinstance(found, Broken)


def test_an_answer_that_drips_comes_to_an_end() -> None:
    """A byte before every time-out would hold a worker for ever."""
    ended = Event()

    def serve(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not ended.wait(0.02):
            connection.sendall(b"X")

    with listening(serve) as port:
        found = posted(port, patience=Patience(connect=5, idle=5, longest=0.3))
        ended.set()
    assert isinstance(found, Broken)


def test_a_connection_that_ends_without_an_answer_is_broken() -> None:
    with listening(lambda connection: request(connection) and None) as port:
        assert isinstance(posted(port), Broken)


def test_line_ends_in_a_header_are_not_sent() -> None:
    with listening(answering(ANSWER)) as port:
        target = read_target(f"http://partner.example:{port}/")
        found = post(target, "127.0.0.1", (("Subject", "a\r\nX-Evil: 1"),), in_memory(b""))
    assert isinstance(found, Broken)


def server_context(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of this name, and a client's that trusts it."""
    party = parties.party("tls", "ec")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins, ends = NOW - timedelta(days=3000), NOW + timedelta(days=30_000)
    made = (
        x509.CertificateBuilder(subject, subject, party.key.public_key(), x509.random_serial_number(), begins, ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(party.key, hashes.SHA256())
    )
    certificate, key = folder / "tls.pem", folder / "tls.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(party.key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


def secured(context: ssl.SSLContext) -> Serve:
    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            request(inside)
            inside.sendall(ANSWER)

    return serve


def test_https_needs_a_certificate_of_the_hosts_name_from_a_known_authority(tmp_path: Path) -> None:
    server, client = server_context(tmp_path, "partner.example")
    with listening(secured(server)) as port:
        url = "https://partner.example:{}/as2"
        assert isinstance(posted(port, url=url, tls=client), Answered)
        assert isinstance(posted(port, url=url), NotReached)  # an authority the system does not know
        other = posted(port, url="https://other.example:{}/as2", tls=client)
        assert isinstance(other, NotReached)
        assert "CERTIFICATE_VERIFY_FAILED" in other.reason
