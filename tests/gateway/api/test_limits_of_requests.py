"""Limits: what is too large, too slow, too many or ambiguous is refused, and nothing of it is kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from gateway.api.limits import RequestLimits
from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving
from tests.waiting import wait_until

LIMITS = RequestLimits(headers=12, target_bytes=600, idle_seconds=0.4, grace_seconds=0.2, bytes_per_second=100_000)


@pytest.fixture
def strict(fresh_store: Store, tmp_path: Path) -> Iterator[Site]:
    """A server with small limits."""
    with serving(fresh_store, tmp_path / "home", limits=LIMITS, file_bytes="100000") as found:
        yield found


def head(site: Site, *lines: str, target: str = "/v1/transmissions", method: str = "POST") -> bytes:
    """A request's head, signed by acme."""
    all_lines = [f"{method} {target} HTTP/1.1", "Host: here", f"Authorization: Bearer {site.keys['acme-api']}", *lines]
    return ("\r\n".join(all_lines) + "\r\n\r\n").encode("latin-1")


def status(answer: bytes) -> int:
    """Of the only answer in it."""
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    return int(answer.split(b" ", 2)[1])


def kept(site: Site) -> int:
    with site.client() as client:
        return len(client.get("/v1/transmissions").json()["items"])


@pytest.mark.parametrize("size", [100_000, 0])
def test_a_file_up_to_the_limit_is_taken(strict: Site, size: int) -> None:
    with strict.client() as client:
        assert client.post("/v1/transmissions", content=b"x" * size).status_code == 201
        assert client.post("/v1/transmissions", files={"file": ("a", b"x" * size)}).status_code == 201


def test_a_file_over_the_limit_is_refused_however_it_comes(strict: Site) -> None:
    content = b"x" * 100_001

    def chunks() -> Iterator[bytes]:
        yield from (content[:70_000], content[70_000:])

    with strict.client() as client:
        for how in ({"content": content}, {"content": chunks()}, {"files": {"file": ("a", content)}}):
            answer = client.post("/v1/transmissions", **how)  # type: ignore[arg-type]
            assert answer.status_code == 413
            assert answer.json()["type"] == "urn:tradelane:problem:too-large"
    assert kept(strict) == 0


def test_who_asks_first_is_refused_before_it_sends(strict: Site) -> None:
    answer = strict.raw(head(strict, "Content-Length: 999999999", "Expect: 100-continue"))
    assert status(answer) == 413
    assert b"connection: close" in answer


def test_who_asks_first_is_told_to_go_on(strict: Site) -> None:
    with socket.create_connection(strict.server.address, timeout=20) as sock:
        sock.sendall(head(strict, "Content-Length: 3", "Expect: 100-continue"))
        assert sock.recv(4096).startswith(b"HTTP/1.1 100")
        sock.sendall(b"ISA")
        assert sock.recv(4096).startswith(b"HTTP/1.1 201")


def test_a_body_that_stops_coming_is_given_up(strict: Site) -> None:
    answer = strict.raw(head(strict, "Content-Length: 10") + b"ISA")
    assert status(answer) == 408
    assert b"urn:tradelane:problem:body-too-slow" in answer
    assert kept(strict) == 0


def test_a_body_that_drips_is_given_up(strict: Site) -> None:
    until = monotonic() + 20
    with socket.create_connection(strict.server.address, timeout=20) as sock:
        sock.settimeout(0.05)
        sock.sendall(head(strict, "Content-Length: 90000"))
        answer = b""
        while not answer and monotonic() < until:  # a byte each time nothing is answered, faster than the idle limit
            sock.sendall(b"x")
            try:
                answer = sock.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408")
    assert kept(strict) == 0


def test_too_many_headers_are_refused(strict: Site) -> None:
    lines = [f"X-{number}: 1" for number in range(12)]
    assert status(strict.raw(head(strict, *lines, "Content-Length: 0", "Connection: close"))) == 431


def test_headers_without_end_are_refused(strict: Site) -> None:
    lines = ("X: " + "x" * 20_000, "Content-Length: 0", "Connection: close")
    assert status(strict.raw(head(strict, *lines))) == 431
    assert status(strict.raw(head(strict)[:-4] + b"\r\nX: " + b"x" * 34_000)) == 400


def test_a_path_without_end_is_refused(strict: Site) -> None:
    target = "/v1/transmissions?filename=" + "x" * 600
    assert status(strict.raw(head(strict, "Content-Length: 0", "Connection: close", target=target))) == 414


def test_a_compressed_body_is_refused(strict: Site) -> None:
    lines = ("Content-Encoding: gzip", "Content-Length: 3", "Connection: close")
    assert status(strict.raw(head(strict, *lines) + b"xxx")) == 415


SMUGGLED = b"GET /v1/outbound HTTP/1.1\r\nHost: here\r\n\r\n"
PAIRS = {
    "length and chunked": ("Content-Length: 5", "Transfer-Encoding: chunked"),
    "chunked and length": ("Transfer-Encoding: chunked", "Content-Length: 5"),
    "two lengths": ("Content-Length: 5", "Content-Length: 50"),
    "a list of lengths": ("Content-Length: 5, 50",),
    "a length with a sign": ("Content-Length: +5",),
    "a negative length": ("Content-Length: -5",),
    "a length in hex": ("Content-Length: 0x5",),
    "two encodings": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "an unknown encoding": ("Transfer-Encoding: gzip, chunked",),
    "a disguised encoding": ("Transfer-Encoding: xchunked",),
    "a tab in the name": ("Transfer-Encoding\t: chunked",),
    "a space before the colon": ("Content-Length : 5",),
    "a folded header": ("Content-Length:\r\n 5",),
    "a folded encoding": ("Transfer-Encoding:\r\n chunked",),
    "a line feed alone": ("X: y\nContent-Length: 50",),
    "a carriage return alone": ("X: y\rContent-Length: 50",),
    "a NUL": ("X: \x00y", "Content-Length: 5"),
    "no host twice": ("Host: there", "Content-Length: 5"),
}


@pytest.mark.parametrize("lines", PAIRS.values(), ids=PAIRS.keys())
def test_a_request_whose_end_is_ambiguous_is_refused_and_nothing_after_it_is_answered(
    strict: Site, lines: tuple[str, ...]
) -> None:
    answer = strict.raw(head(strict, *lines) + b"0\r\n\r\n" + SMUGGLED, seconds=10)
    assert status(answer) in (400, 501)
    assert b"connection: close" in answer.lower()
    assert kept(strict) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"5 \r\nISA*x\r\n0\r\n\r\n",
        b"-5\r\nISA*x\r\n0\r\n\r\n",
        b"0x5\r\nISA*x\r\n0\r\n\r\n",
        b"5\r\nISA*xx\r\n0\r\n\r\n",
    ],
    ids=["space", "sign", "hex prefix", "longer than said"],
)
def test_a_chunk_that_is_not_well_formed_keeps_nothing(strict: Site, body: bytes) -> None:
    strict.raw(head(strict, "Transfer-Encoding: chunked") + body + SMUGGLED, half_close=True)
    assert kept(strict) <= (1 if body.startswith(b"5 ") else 0)  # h11 reads "5 " as 5, as RFC 9112 7.1.1 lets it


@pytest.mark.parametrize("twice", ["Authorization: Bearer other", "Content-Type: text/plain", "Idempotency-Key: b"])
def test_a_header_that_decides_and_stands_twice_is_refused(strict: Site, twice: str) -> None:
    """A proxy before us could go by the one, and we by the other."""
    lines = ("Content-Type: application/edi-x12", "Idempotency-Key: a", twice, "Content-Length: 3", "Connection: close")
    answer = strict.raw(head(strict, *lines) + b"ISA")
    assert status(answer) == 400
    assert f"{twice.partition(':')[0].lower()} stands twice".encode() in answer
    assert kept(strict) == 0


def test_a_length_said_twice_alike_is_one(strict: Site) -> None:
    lines = ("Content-Length: 5", "Content-Length: 5", "Connection: close")
    assert status(strict.raw(head(strict, *lines) + b"ISA*x" + SMUGGLED)) == 201
    assert kept(strict) == 1


def test_trailers_are_held_to_the_same_form(strict: Site) -> None:
    body = b"3\r\nISA\r\n0\r\nX: y\n\r\n"
    strict.raw(head(strict, "Transfer-Encoding: chunked") + body + SMUGGLED, half_close=True)
    assert kept(strict) == 0


def test_chunked_in_http_1_0_is_refused(strict: Site) -> None:
    request = head(strict, "Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    assert status(strict.raw(request + b"3\r\nISA\r\n0\r\n\r\n")) == 400
    assert kept(strict) == 0


def test_two_requests_at_once_are_both_answered_in_order(strict: Site) -> None:
    first = head(strict, "Content-Length: 3") + b"ISA"
    answer = strict.raw(first + head(strict, "Connection: close", method="GET", target="/v1/outbound"))
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"201", b"200"]


def test_a_refused_request_with_a_small_body_leaves_the_connection_usable(strict: Site) -> None:
    nobody = b"POST /v1/transmissions HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nISA"
    answer = strict.raw(nobody + head(strict, "Connection: close", method="GET", target="/v1/outbound"))
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"401", b"200"]


def test_more_connections_than_there_may_be_are_told_so(fresh_store: Store, tmp_path: Path) -> None:
    with serving(fresh_store, tmp_path / "home", connections=3) as site:
        idle = [socket.create_connection(site.server.address, timeout=20) for _ in range(4)]
        try:
            answer = site.raw(head(site, "Connection: close", method="GET", target="/v1/outbound"))
            assert status(answer) == 503
        finally:
            for sock in idle:
                sock.close()


def heard(site: Site, source: str) -> int | None:
    """The status that somebody at an address is answered; None where the connection is closed unheard."""
    request = head(site, "Connection: close", method="GET", target="/v1/outbound")
    try:
        answer = site.raw(request, source=source)
    except ConnectionError:
        return None
    return status(answer) if answer else None


def test_one_address_leaves_connections_to_others(fresh_store: Store, tmp_path: Path) -> None:
    """One that opens all it can and says nothing takes its share alone; what comes through a proxy is not one's."""
    with serving(fresh_store, tmp_path / "home", per_address=3, proxies=("127.0.0.3",)) as site:
        sources = ["127.0.0.1"] * 3 + ["127.0.0.3"] * 5
        idle = [socket.create_connection(site.server.address, 20, source_address=(one, 0)) for one in sources]
        try:
            assert heard(site, "127.0.0.1") is None
            assert (heard(site, "127.0.0.2"), heard(site, "127.0.0.3")) == (200, 200)
            idle.pop(0).close()
            assert wait_until(lambda: heard(site, "127.0.0.1"), within=60) == 200
        finally:
            for sock in idle:
                sock.close()


def test_every_answer_says_that_it_is_not_to_be_sniffed_or_stored(strict: Site) -> None:
    with strict.client() as client:
        for path in ("/v1/outbound", "/nothing", "/healthz"):
            answer = client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "server" not in answer.headers
