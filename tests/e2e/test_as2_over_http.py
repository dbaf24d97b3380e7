"""Two gateways that trade over AS2 through real HTTP servers: every permutation, receipts at once and by request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.api.server import HttpServer
from gateway.app import Gateway, load_gateway
from gateway.model import Environment, TransmissionState
from gateway.pipeline.outgoing import put_out, way_to
from gateway.ports import FakeClock, new_id
from gateway.settings import load_settings
from gateway.store import transmissions, work
from gateway.store.engine import Store, migrate, open_store
from gateway.store.rows import NewRows
from gateway.store.tables import as2_message, transmission
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import NOW, ORDER

PERMUTATIONS = [
    (sign, encrypt, compress, receipt, by)
    for sign in ("none", "sha-256")
    for encrypt in ("none", "aes256-cbc")
    for compress in ("none", "before")
    for receipt, by in (("none", "answer"), ("unsigned", "answer"), ("signed", "answer"), ("signed", "request"))
]


@dataclass
class Side:
    """One gateway with its HTTP server."""

    name: str
    home: Path
    store: Store
    party: parties.Party
    gateway: Gateway = field(init=False)
    server: HttpServer = field(init=False)

    def load(self) -> None:
        self.gateway = load_gateway(load_settings(self.home, environment={}), self.store, clock=FakeClock(NOW))

    def listen(self) -> None:
        """Listen where we are told to; what was loaded later is served, too."""

        async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def] # ASGI
            await self.gateway.http_app(lambda _lanes: None)(scope, receive, send)

        self.server = HttpServer(app, host="127.0.0.1", port=0, connections=50)
        self.server.start()

    @property
    def url(self) -> str:
        host, port = self.server.address
        return f"http://{host}:{port}/as2"

    def write(self, other: Side, terms: str) -> None:
        """The workspace: we trade with the other side on these terms."""
        partner = self.home / "partners" / "profiles" / other.name.lower()
        (partner / "certificates").mkdir(parents=True, exist_ok=True)
        (partner / "certificates" / "one.pem").write_bytes(other.party.pem)
        (partner / "profile.yaml").write_text(
            f"name: {other.name}\nas2:\n  - user: other\n    name: {other.name}\n    ourselves: us\n"
            f"    url: {other.url}\n"
            f"    private_networks: [127.0.0.0/8]\n    require: {{sign: false, encrypt: false}}\n{terms}"
        )
        (partner.parent / "ourselves.yaml").write_text(
            f"us:\n  name: Us\n  as2_name: {self.name}\n  identifiers:\n    - {{qualifier: ZZ, id: {self.name}}}\n"
        )
        (self.home / "tradelane.yaml").write_text(f"samples: false\nas2:\n  url: {self.url}\n")
        key = self.home / "as2" / "us" / "one.pem"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.write_bytes(self.party.pem + self.party.key_pem)

    def queue(self, content: bytes) -> UUID:
        id = new_id()
        with self.store.begin() as conn:
            rows = NewRows()
            put_out(
                conn,
                way_to(self.gateway.registry, "other"),
                id=id,
                at=NOW,
                partner="other",
                filename="855.edi",
                environment=Environment.LIVE,
                payload=self.gateway.vault.put(rows, content),
                later=rows,
            )
            rows.write(conn)
        return id

    def work(self, lane: str) -> int:
        with self.store.begin() as conn:
            claims = work.claim(conn, lane, worker="w", now=NOW)
        working = self.gateway.work(worker="w", wake=lambda _lanes: None)
        for claim in claims:
            working(claim)
        return len(claims)

    def state(self, id: UUID) -> TransmissionState:
        with self.store.begin() as conn:
            return transmissions.load(conn, id).state

    def received(self) -> list[bytes]:
        with self.store.begin() as conn:
            found = conn.execute(
                select(transmission.c.payload_sha256)
                .where(transmission.c.direction == "in")
                .order_by(transmission.c.seq)
            ).scalars()
            return [self.gateway.vault.read(conn, sha256) for sha256 in found.all()]


@pytest.fixture
def sides(fresh_store: Store, empty_database_url: str, tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    migrate(empty_database_url)
    other = open_store(empty_database_url)
    house = Side("HOUSE", tmp_path / "house", fresh_store, parties.us())
    acme = Side("ACME", tmp_path / "acme", other, parties.partner())
    for side in (house, acme):
        side.home.mkdir()
        side.listen()
    yield house, acme
    for side in (house, acme):
        side.server.stop()
    other.close()


def test_every_permutation_arrives_once_and_its_receipt_settles_it(sides: tuple[Side, Side]) -> None:
    house, acme = sides
    acme.write(house, "")
    acme.load()
    sent = []
    for number, (sign, encrypt, compress, receipt, by) in enumerate(PERMUTATIONS):
        terms = f"    sign: {sign}\n    encrypt: {encrypt}\n    compress: {compress}\n"
        house.write(acme, f"{terms}    receipt: {receipt}\n    receipt_by: {by}\n")
        house.load()
        content = ORDER + b"%d" % number
        id = house.queue(content)
        assert house.work("send:as2:other") == 1
        if by == "request":
            assert house.state(id) is TransmissionState.AWAITING
            assert acme.work("send:as2-mdn:other") == 1
        assert house.state(id) is TransmissionState.SENT, (sign, encrypt, compress, receipt, by)
        sent.append(content)
    assert acme.received() == sent


def test_a_large_message_goes_through(sides: tuple[Side, Side]) -> None:
    house, acme = sides
    acme.write(house, "")
    acme.load()
    house.write(acme, "")
    house.load()
    content = b"".join(b"REF*%08d~" % n for n in range(400_000))
    id = house.queue(content)
    house.work("send:as2:other")
    assert house.state(id) is TransmissionState.SENT
    assert acme.received() == [content]
    with acme.store.begin() as conn:
        assert len(conn.execute(select(as2_message.c.message_id)).scalars().all()) == 1


def test_the_endpoint_stands_behind_the_limits_of_every_request(sides: tuple[Side, Side]) -> None:
    import http.client

    house, acme = sides
    acme.write(house, "")
    acme.load()
    host, port = acme.server.address
    for headers in (
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [(f"X-{n}", "1") for n in range(10_000)],
    ):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        connection.putrequest("POST", "/as2", skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        try:
            connection.endheaders(b"hello")
            status = connection.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            status = 400  # it hung up before it was sent everything
        finally:
            connection.close()
        assert 400 <= status < 500
    assert acme.received() == []
