"""Looking whether an AS2 partner can be reached: name, connection, TLS, and a test message with its receipt."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from gateway.as2 import addresses, mdn
from gateway.as2.addresses import NotAllowed, Target, Unresolved
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.client import Answered
from gateway.as2.headers import new_message_id
from gateway.as2.mdn import Sent, Verdict
from gateway.as2.message import build_message
from gateway.channels.as2_keys import AS2Keys, NoCertificate
from gateway.channels.as2_transport import Line, message_headers
from partners.as2_accounts import AS2Account, Receipt
from partners.certificates import Use
from partners.model import LegalEntity

TEST_CONTENT = b"This is a test of the connection by Tradelane. It carries no document; please ignore it.\r\n"
CONNECT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found."""

    name: str
    ok: bool
    found: str


def probe(
    account: AS2Account, ourselves: LegalEntity, keys: AS2Keys, *, at: datetime, id: UUID, folder: Path, line: Line
) -> list[Looked]:
    """Look at one thing after the other, up to the first that fails.

    Args:
        account: the partner's, with a url.
        ourselves: our legal entity it trades with.
        keys: ours.
        at: the moment, aware.
        id: of the test message.
        folder: for the message while it is made.
        line: how we reach the world.
    """
    looked: list[Looked] = []
    try:
        target = addresses.read_target(account.url)
        address = addresses.allowed_address(target, private=account.private_networks, resolve=line.resolve)
    except (NotAllowed, Unresolved) as error:
        return [Looked("address", False, str(error))]
    looked.append(Looked("address", True, f"{target.host} is at {address}"))
    looked.append(_connection(target, address, line))
    if not looked[-1].ok:
        return looked
    try:
        looked.append(_message(account, ourselves, keys, target, at=at, id=id, folder=folder, line=line))
    except (NoCertificate, NotAllowed) as error:
        looked.append(Looked("test message", False, str(error)))
    return looked


def _connection(target: Target, address: str, line: Line) -> Looked:
    """TCP, and for https TLS with a chain to an authority and the host's name."""
    try:
        with socket.create_connection((address, target.port), timeout=CONNECT_SECONDS) as sock:
            if target.scheme != "https":
                return Looked("connection", True, "TCP connects; no TLS, as the url says")
            context = line.tls or ssl.create_default_context()
            with context.wrap_socket(sock, server_hostname=target.host) as secured:
                shown = secured.getpeercert() or {}
                found = f"{secured.version()}, certificate good until {shown.get('notAfter', 'an unknown day')}"
                return Looked("connection", True, found)
    except (OSError, ValueError) as error:
        return Looked("connection", False, f"{type(error).__name__}: {error}"[:200])


def _message(
    account: AS2Account,
    ourselves: LegalEntity,
    keys: AS2Keys,
    target: Target,
    *,
    at: datetime,
    id: UUID,
    folder: Path,
    line: Line,
) -> Looked:
    """A test message, and what its receipt proves."""
    security = keys.security(account, at=at)
    with Bodies(folder) as bodies:
        built = build_message(
            in_memory(TEST_CONTENT), media="text/plain", filename="test.txt", security=security, at=at, bodies=bodies
        )
        message_id = new_message_id(id, ourselves.as2_name)
        headers = message_headers(
            account, ourselves.as2_name, message_id, built.headers, digest=security.digest, own_url="", at=at
        )
        posted = line.post(target, account, headers, built.body)
        if not isinstance(posted, Answered):
            return Looked("test message", False, posted.reason)
        if not 200 <= posted.status < 300:
            return Looked("test message", False, f"answered {posted.status}")
        if account.receipt is Receipt.NONE:
            return Looked("test message", True, f"answered {posted.status}; no MDN is agreed")
        trust = keys.trust(account, Use.VERIFY_MDN, at=at)
        found = mdn.read_mdn(posted.headers, posted.body, trust, at=at, bodies=bodies)
        sent = Sent(message_id, built.mics, wants_signed=account.receipt is Receipt.SIGNED)
        judged = mdn.judge(found, sent)
        return Looked("test message", judged.verdict is Verdict.DELIVERED, f"MDN: {judged.reason}")
