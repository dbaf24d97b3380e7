"""A workspace with one AS2 partner, and requests to its endpoint without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateway.app import Gateway, load_gateway
from gateway.as2.mime import Headers, Pairs
from gateway.as2.server import Answer, AS2Endpoint
from gateway.ports import FakeClock
from gateway.settings import load_settings
from gateway.store.engine import Store
from tests.gateway.as2 import parties

URL = "http://127.0.0.1:1/as2"
ACME = """\
name: Acme
identifiers:
  - {{qualifier: ZZ, id: ACME}}
as2:
  - user: acme-as2
    name: ACME
    ourselves: us
    url: {url}
    private_networks: [127.0.0.0/8]
{more}
"""
GLOBEX = """\
name: Globex
as2:
  - {user: globex-as2, name: GLOBEX, ourselves: us}
"""
OURSELVES = """\
us:
  name: Us
  as2_name: HOUSE
  identifiers:
    - {qualifier: ZZ, id: HOUSEUS}
"""


def write_workspace(home: Path, *, url: str = URL, more: str = "", settings: str = "") -> None:
    """The files of a workspace; `more` is added to the account, indented by four."""
    profiles = home / "partners" / "profiles"
    for partner, profile, certificate in (
        ("acme", ACME.format(url=url, more=more), parties.partner().pem),
        ("globex", GLOBEX, parties.stranger().pem),
    ):
        (profiles / partner / "certificates").mkdir(parents=True)
        (profiles / partner / "profile.yaml").write_text(profile)
        (profiles / partner / "certificates" / "one.pem").write_bytes(certificate)
    (profiles / "ourselves.yaml").write_text(OURSELVES)
    (home / "tradelane.yaml").write_text(f"samples: false\n{settings}")
    keep_key(home, "one.pem", parties.us())


def keep_key(home: Path, name: str, of: parties.Party, header: str = "") -> None:
    """A key of ours."""
    folder = home / "as2" / "us"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(header.encode() + of.pem + of.key_pem)


def gateway_of(home: Path, store: Store, *, clock: FakeClock | None = None) -> Gateway:
    """The workspace, loaded."""
    return load_gateway(load_settings(home, environment={}), store, clock=clock or FakeClock(parties.NOW))


def request_headers(
    mime: Pairs,
    *,
    message_id: str = "<1@acme>",
    theirs: str = "ACME",
    ours: str = "HOUSE",
    receipt: str = "signed",
    url: str = "",
) -> Pairs:
    """The headers of a partner's message."""
    found = [("AS2-Version", "1.2"), ("AS2-From", theirs), ("AS2-To", ours), ("Message-ID", message_id), *mime]
    if receipt != "none":
        found.append(("Disposition-Notification-To", "edi@acme.example"))
    if receipt == "signed":
        options = "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256"
        found.append(("Disposition-Notification-Options", options))
    if url:
        found.append(("Receipt-Delivery-Option", url))
    return tuple(found)


def post(
    endpoint: AS2Endpoint,
    headers: Pairs,
    body: bytes | Iterable[bytes],
    *,
    broken_off: bool = False,
    method: str = "POST",
) -> Answer:
    """Ask the endpoint as a server would; `broken_off`: the connection ends before the body does."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": one, "more_body": True} for one in pieces]
    messages.append({"type": "http.disconnect"} if broken_off else {"type": "http.request", "body": b""})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": method, "headers": raw}
    asyncio.run(endpoint(scope, receive, send))
    found = tuple((name.decode(), value.decode()) for name, value in sent[0]["headers"])
    return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


def answer_headers(answer: Answer) -> Headers:
    return Headers(answer.headers)
