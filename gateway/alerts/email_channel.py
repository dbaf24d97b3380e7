"""E-mail as a channel: one plain message for each alert, taken when the mail server took it."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import ExitStack
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from gateway.alert_settings import EmailChannel, MailTls
from gateway.alerts.channel import ANSWER_SECONDS, NotTold
from gateway.errors import SecretMissing
from gateway.store.alerts import Message
from translators.errors import shown

_PERMANENT = 500

log = structlog.get_logger(__name__)


class EmailAlerts:
    """Tells people by a mail server."""

    def __init__(self, settings: EmailChannel) -> None:
        self._settings = settings

    def tell(self, message: Message, *, at: datetime) -> None:
        """Hand it to the mail server, under the same Message-ID each time.

        Raises:
            NotTold: the password is not there, the server was not reached, or took it for nobody.
        """
        mail = as_mail(message, self._settings, at=at)
        try:
            with ExitStack() as stack:
                server = self._connected(stack)
                refused = server.send_message(mail)
        except smtplib.SMTPDataError as error:
            refusal = error.smtp_code >= _PERMANENT
            raise NotTold(f"the mail server answered {error.smtp_code}", refused=refusal) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise NotTold("the mail server takes mail for none of the addresses") from error
        except smtplib.SMTPResponseException as error:  # what it says may repeat what it was told
            raise NotTold(f"the mail server answered {error.smtp_code} ({type(error).__name__})") from error
        except (smtplib.SMTPException, SecretMissing, OSError) as error:
            raise NotTold(shown(f"{type(error).__name__}: {error}")) from error
        if refused:
            log.warning("alert.addresses_refused", channel=message.channel, addresses=sorted(refused))

    def _connected(self, stack: ExitStack) -> smtplib.SMTP:
        """A conversation with the server, as far as it has to be before a message."""
        settings, name = self._settings, socket.gethostname()
        password = None if settings.password is None else settings.password.read()
        server: smtplib.SMTP
        if settings.tls is MailTls.TLS:
            server = smtplib.SMTP_SSL(
                settings.host, settings.port, local_hostname=name, timeout=ANSWER_SECONDS, context=self._trust()
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, local_hostname=name, timeout=ANSWER_SECONDS)
        stack.enter_context(server)
        if settings.tls is MailTls.STARTTLS:
            server.starttls(context=self._trust())
        if password is not None:
            server.login(settings.user, password.get_secret_value())
        return server

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.authorities)


def as_mail(message: Message, settings: EmailChannel, *, at: datetime) -> EmailMessage:
    """A message as a mail. Nothing of a partner stands in its headers.

    Source: RFC 5322 3.6.4 for the Message-ID.
    """
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = f"[tradelane] {message.event.value}: {message.code} ({message.fingerprint})"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.id}@{settings.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    lines = [
        message.reason,
        "",
        f"{message.event.value.capitalize()} at {message.at:%Y-%m-%d %H:%M:%S} UTC, owner: {message.owner or 'nobody'}",
        f"tradelane exceptions show {message.fingerprint}",
    ]
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return mail
