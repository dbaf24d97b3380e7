"""Alerts as mails to a real mail server: over TLS, with a password, under one Message-ID, and told why not."""

from __future__ import annotations

import asyncio
import email.policy
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from structlog.testing import capture_logs

from gateway.adapters.secrets import SecretReference
from gateway.alert_settings import EmailChannel, MailTls
from gateway.alerts.bringing_out import channel_of
from gateway.alerts.channel import NotTold
from gateway.model import AlertEvent
from gateway.store.alerts import Message
from tests.self_signed import Certificate

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "canary-8c1f"
MESSAGE = Message(
    seq=1,
    channel="mail",
    id=UUID("01890000-0000-7000-8000-000000000001"),
    event=AlertEvent.OPENED,
    fingerprint="0f0f",
    code="unknown_item",
    reason="no item 17 für\nBcc: x@evil.example",
    at=AT,
    owner="eva",
)


class Mailbox:
    """Keeps what it is sent; `answer` is said to the content, `unknown` are addresses it has not."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[str] = []
        self.answer = "250 taken"
        self.unknown: set[str] = set()

    async def handle_RCPT(  # noqa: N802 aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 nobody"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 likewise
        content = envelope.content
        assert isinstance(content, bytes)
        if self.answer.startswith("250"):
            self.mails.append(BytesParser(policy=email.policy.default).parsebytes(content))
            self.to = envelope.rcpt_tos
        return self.answer


@dataclass
class Server:
    """A mail server and the settings of a channel to it."""

    box: Mailbox
    settings: EmailChannel

    def tell(self, **changed: Any) -> None:
        channel_of(replace(self.settings, **changed)).tell(MESSAGE, at=AT)


Start = Callable[[MailTls], Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    certificate = Certificate(tmp_path, "mail")
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    running: list[asyncio.Server] = []
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)

    async def closed() -> None:
        for server in running:
            server.close()
            await server.wait_closed()
        while left := asyncio.all_tasks() - {asyncio.current_task()}:  # conversations that were cut off
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    def is_let_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    def started(tls: MailTls) -> Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key_file)
        more: dict[str, Any] = {
            MailTls.NONE: {},
            MailTls.TLS: {"authenticator": is_let_in, "auth_require_tls": False},
            MailTls.STARTTLS: {"tls_context": context, "require_starttls": True, "authenticator": is_let_in},
        }[tls]
        box = Mailbox()
        listening = loop.create_server(
            lambda: SMTP(box, hostname="mail", loop=loop, **more),
            "127.0.0.1",
            0,
            ssl=context if tls is MailTls.TLS else None,
        )
        server = asyncio.run_coroutine_threadsafe(listening, loop).result(timeout=60)
        running.append(server)
        port = server.sockets[0].getsockname()[1]
        settings = EmailChannel(
            "localhost", port, "edi@house.example", ("duty@house.example", "eva@house.example"), tls
        )
        if tls is not MailTls.NONE:
            reference = SecretReference(path=password)
            settings = replace(settings, user="edi", password=reference, authorities=certificate.file)
        return Server(box, settings)

    thread.start()
    yield started
    asyncio.run_coroutine_threadsafe(closed(), loop).result(timeout=60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("tls", list(MailTls))
def test_a_mail_says_what_happened_and_where_to_look(start: Start, tls: MailTls) -> None:
    server = start(tls)
    server.tell()
    server.tell()
    first, second = server.box.mails
    assert server.box.to == ["duty@house.example", "eva@house.example"]
    assert first["Subject"] == "[tradelane] opened: unknown_item (0f0f)"
    assert (first["From"], first["To"]) == ("edi@house.example", "duty@house.example, eva@house.example")
    assert first["Date"].datetime == AT
    assert first["Message-ID"] == second["Message-ID"] == f"<{MESSAGE.id}@house.example>"
    assert first["Bcc"] is None
    assert first.get_content().splitlines() == [
        "no item 17 für",
        "Bcc: x@evil.example",
        "",
        "Opened at 2026-03-01 12:00:00 UTC, owner: eva",
        "tradelane exceptions show 0f0f",
    ]


@pytest.mark.parametrize(("answer", "refused"), [("554 no such content", True), ("451 later", False)])
def test_content_that_is_refused_for_good_is_a_refusal(start: Start, answer: str, refused: bool) -> None:
    server = start(MailTls.NONE)
    server.box.answer = answer
    with pytest.raises(NotTold, match=f"the mail server answered {answer[:3]}") as caught:
        server.tell()
    assert caught.value.refused is refused


def test_one_address_is_enough_and_those_that_are_refused_are_logged(start: Start) -> None:
    server = start(MailTls.NONE)
    server.box.unknown = {"duty@house.example"}
    with capture_logs() as lines:
        server.tell()
    assert [line["addresses"] for line in lines] == [["duty@house.example"]]
    assert server.box.to == ["eva@house.example"]
    server.box.unknown = set(server.settings.to)
    with pytest.raises(NotTold, match="none of the addresses") as caught:
        server.tell()
    assert not caught.value.refused


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(start: Start) -> None:
    server = start(MailTls.STARTTLS)
    with pytest.raises(NotTold, match="certificate"):
        server.tell(authorities=None)
    assert server.box.mails == []


def test_a_wrong_password_is_not_repeated(start: Start, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("wrong-canary")
    with pytest.raises(NotTold, match="535") as caught:
        start(MailTls.TLS).tell(password=SecretReference(path=wrong))
    assert "canary" not in caught.value.reason
    assert not caught.value.refused


def test_a_server_that_is_not_there_and_a_secret_that_is_not_are_no_refusals(start: Start, tmp_path: Path) -> None:
    server = start(MailTls.TLS)
    for changed in ({"port": 1}, {"password": SecretReference(path=tmp_path / "none")}):
        with pytest.raises(NotTold) as caught:
            server.tell(**changed)
        assert not caught.value.refused
