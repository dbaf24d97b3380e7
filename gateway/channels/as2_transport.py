"""The AS2 channel, outbound: messages, each known by its one Message-ID, and receipts of ours that go by themselves.

Whatever ends without a receipt that counts is sent again under the same Message-ID: the partner knows a repeat by it.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import structlog

from gateway import crash_points
from gateway.as2 import addresses, client, mdn
from gateway.as2.addresses import NotAllowed, Resolve, Target, Unresolved
from gateway.as2.algorithms import Digest
from gateway.as2.bodies import Bodies, Part
from gateway.as2.client import Answered, Broken, NotReached, Patience, Posted
from gateway.as2.headers import AS2_VERSION, new_message_id, quoted_name, receipt_options
from gateway.as2.mdn import Verdict
from gateway.as2.message import build_message, safe_label
from gateway.as2.mime import Pairs
from gateway.as2.refusals import MessageRefused
from gateway.channels.as2 import MDN_REJECTED, as_sent, receipt_hosts
from gateway.channels.as2_keys import AS2Keys, NoCertificate
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.transport import (
    Awaiting,
    Checkpoint,
    Delivered,
    Refused,
    RetryLater,
    SendOutcome,
    Shipment,
    Uncertain,
)
from gateway.ports import Clock
from gateway.store import as2_messages
from gateway.store.as2_messages import OutboundMessage
from gateway.store.engine import Store
from partners.as2_accounts import AS2Account, Receipt, ReceiptBy
from partners.certificates import Use
from partners.registry import PartnerRegistry

NO_WAY = "as2.no_way"
NOT_ALLOWED = "as2.address_not_allowed"
STATUS = "as2.http_status"
GIVEN_UP = "as2.given_up"
NO_ADDRESS = "as2.no_own_address"
TRY_AGAIN = frozenset({408, 425, 429})
"""Of the answers 4xx those that are not final."""
MEDIA = {"xml": "application/xml", "json": "application/json", "csv": "text/csv"}
"""Wire format -> media type of the content; of X12 it is the account's. Source: RFC 7303, RFC 8259, RFC 4180."""
MDN_BACKOFF = Backoff(first=timedelta(minutes=1), longest=timedelta(hours=1))
MDN_TRIES = 24

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """How we reach the world.

    Args:
        tls: whom https trusts; the system's authorities where left out.
        resolve: finds addresses; the system's where left out.
        patience: how long a post may take.
    """

    tls: ssl.SSLContext | None = None
    resolve: Resolve | None = None
    patience: Patience = field(default_factory=Patience)

    def post(self, target: Target, account: AS2Account, headers: Pairs, body: Part) -> Posted:
        """Post to an address that the account allows.

        Raises:
            NotAllowed: there is none.
        """
        try:
            address = addresses.allowed_address(target, private=account.private_networks, resolve=self.resolve)
        except Unresolved as error:
            return NotReached(str(error))
        return client.post(target, address, headers, body, tls=self.tls, patience=self.patience)


@dataclass(frozen=True, slots=True)
class AS2Transport:
    """Brings transmissions to partners over AS2. See `gateway.pipeline.transport.Transport`.

    Args:
        own_url: where partners post asynchronous receipts to; "" where they cannot.
        folder: for messages while they are made; it belongs to us alone.
    """

    store: Store
    registry: PartnerRegistry
    keys: AS2Keys
    clock: Clock
    folder: Path
    own_url: str = ""
    line: Line = field(default_factory=Line)

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """See Transport."""
        account = _account(self.registry, shipment)
        if account is None or not account.url:
            return Refused(NO_WAY, f"there is no AS2 account {shipment.account} with a url any more")
        if account.receipt_by is ReceiptBy.REQUEST and not self.own_url:
            return Refused(NO_ADDRESS, "receipts are to come by request; say as2: {url: ...} in tradelane.yaml")
        if shipment.attempt > account.retry.tries:
            return Refused(GIVEN_UP, f"tried {account.retry.tries} times without a receipt that counts")
        try:
            target = addresses.read_target(account.url)
            with Bodies(self.folder) as bodies:
                return self._sent(shipment, account, target, bodies, checkpoint)
        except NotAllowed as error:
            return Refused(NOT_ALLOWED, str(error))
        except NoCertificate as error:
            return RetryLater(_wait(account, shipment.attempt), str(error))

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        """See Transport: the receipt may have come; else the same message goes again, known by its Message-ID."""
        with self.store.begin() as conn:
            sent = as2_messages.find_outbound(conn, shipment.id)
        if sent is not None and sent.verdict == Verdict.DELIVERED:
            return Delivered("the partner's MDN")
        if sent is not None and sent.verdict == Verdict.REJECTED:
            return Refused(MDN_REJECTED, "the partner's MDN says no")
        if sent is not None and sent.awaited:
            return Uncertain("the MDN that was to come by request is overdue")
        return None

    def _sent(
        self, shipment: Shipment, account: AS2Account, target: Target, bodies: Bodies, checkpoint: Checkpoint
    ) -> SendOutcome:
        at = self.clock.now()
        security = self.keys.security(account, at=at)
        content = bodies.filled(shipment.content())
        label = safe_label(shipment.filename)
        media = MEDIA.get(shipment.content_format, account.media)
        built = build_message(content, media=media, filename=label, security=security, at=at, bodies=bodies)
        ours = self.registry.ourselves[account.ourselves].as2_name
        message = OutboundMessage(
            transmission_id=shipment.id,
            account=account.user,
            message_id=new_message_id(shipment.id, ours),
            mics={kind.value: value for kind, value in built.mics.items()},
            receipt=account.receipt.value,
            tries=1 + self._tries_before(shipment),
        )
        headers = message_headers(
            account, ours, message.message_id, built.headers, digest=security.digest, own_url=self.own_url, at=at
        )
        crash_points.reached("as2.send.before_checkpoint")
        checkpoint()
        with self.store.begin() as conn:
            as2_messages.keep_try(conn, message, headers=headers, at=at)
        crash_points.reached("as2.send.after_checkpoint")
        posted = self.line.post(target, account, headers, built.body)
        crash_points.reached("as2.send.after_answer")
        return self._outcome(posted, message, account, shipment.attempt, bodies)

    def _tries_before(self, shipment: Shipment) -> int:
        with self.store.begin() as conn:
            found = as2_messages.find_outbound(conn, shipment.id)
        return 0 if found is None else found.tries

    def _outcome(
        self, posted: Posted, message: OutboundMessage, account: AS2Account, attempt: int, bodies: Bodies
    ) -> SendOutcome:
        """What an answer means. Without one that counts the same message may go again: a repeat is known by its id."""
        wait = _wait(account, attempt)
        if isinstance(posted, NotReached | Broken):
            return RetryLater(wait, posted.reason)
        if not 200 <= posted.status < 300:
            return _status(posted, wait)
        if account.receipt is Receipt.NONE:
            return Delivered(f"HTTP {posted.status}; no MDN was asked for")
        if account.receipt_by is ReceiptBy.REQUEST and not _is_mdn(posted):
            with self.store.begin() as conn:
                as2_messages.note_awaited(conn, message.transmission_id, status=posted.status)
            return Awaiting(self.clock.now() + account.receipt_within)
        return self._judged(posted, message, account, bodies, wait)

    def _judged(
        self, posted: Answered, message: OutboundMessage, account: AS2Account, bodies: Bodies, wait: timedelta
    ) -> SendOutcome:
        at = self.clock.now()
        trust = self.keys.trust(account, Use.VERIFY_MDN, at=at)
        found = mdn.read_mdn(posted.headers, posted.body, trust, at=at, bodies=bodies)
        judged = mdn.judge(found, as_sent(message))
        if judged.verdict is Verdict.UNTRUSTED:
            log.warning("as2.mdn_untrusted", transmission=str(message.transmission_id), reason=judged.reason)
            return RetryLater(wait, f"the answer proves nothing: {judged.reason}")
        with self.store.begin() as conn:
            as2_messages.note_mdn(
                conn,
                message.transmission_id,
                verdict=judged.verdict.value,
                headers=posted.headers.pairs,
                body=posted.body.read(),
            )
        crash_points.reached("as2.send.after_mdn")
        if judged.verdict is Verdict.DELIVERED:
            return Delivered(f"MDN: {judged.reason}")
        return Refused(MDN_REJECTED, judged.reason)


def message_headers(
    account: AS2Account, ours: str, message_id: str, mime: Pairs, *, digest: Digest, own_url: str, at: datetime
) -> Pairs:
    """The headers of a message to an account (RFC 4130 6, 7.3).

    Args:
        account: to whom.
        ours: our AS2 name.
        message_id: its Message-ID.
        mime: the headers of its outermost layer.
        digest: in which the receipt's MIC is asked for.
        own_url: where a receipt goes that comes by request; "" for one in the answer.
        at: the moment, aware.
    """
    headers = [
        ("AS2-Version", AS2_VERSION),
        ("AS2-From", quoted_name(ours)),
        ("AS2-To", quoted_name(account.name)),
        ("Message-ID", message_id),
        ("Date", format_datetime(at, usegmt=True)),
        ("MIME-Version", "1.0"),
        ("Subject", "EDI message"),
        *mime,
    ]
    if account.receipt is not Receipt.NONE:
        headers.append(("Disposition-Notification-To", quoted_name(ours)))
    if account.receipt is Receipt.SIGNED:
        headers.append(("Disposition-Notification-Options", receipt_options(digest)))
    if account.receipt is not Receipt.NONE and account.receipt_by is ReceiptBy.REQUEST and own_url:
        headers.append(("Receipt-Delivery-Option", own_url))
    return tuple(headers)


@dataclass(frozen=True, slots=True)
class MDNTransport:
    """Brings asynchronous receipts of ours to where they were asked for, which the profile must name."""

    store: Store
    registry: PartnerRegistry
    folder: Path
    line: Line = field(default_factory=Line)

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """See Transport."""
        account = _account(self.registry, shipment)
        with self.store.begin() as conn:
            found = as2_messages.find_mdn(conn, shipment.id)
        if account is None or found is None:
            return Refused(NO_WAY, f"there is no AS2 account {shipment.account} any more")
        if shipment.attempt > MDN_TRIES:
            return Refused(GIVEN_UP, f"tried {MDN_TRIES} times")
        url, headers = found
        try:
            target = addresses.read_target(url)
            addresses.check_host(target, receipt_hosts(account))
            with Bodies(self.folder) as bodies:
                body = bodies.filled(shipment.content())
                checkpoint()
                posted = self.line.post(target, account, tuple(headers), body)
        except NotAllowed as error:
            return Refused(NOT_ALLOWED, str(error))
        crash_points.reached("as2.mdn.after_answer")
        wait = MDN_BACKOFF.after(shipment.attempt)
        if isinstance(posted, NotReached | Broken):
            return RetryLater(wait, posted.reason)
        if 200 <= posted.status < 300:
            return Delivered(f"HTTP {posted.status}")
        return _status(posted, wait)

    def find_out(self, shipment: Shipment) -> SendOutcome | None:  # noqa: ARG002 the port's form
        """See Transport: a receipt may go twice, it says the same."""
        return None


def _account(registry: PartnerRegistry, shipment: Shipment) -> AS2Account | None:
    found = registry.way(shipment.account)
    return found if isinstance(found, AS2Account) else None


def _is_mdn(posted: Answered) -> bool:
    try:
        return mdn.is_mdn(posted.headers, posted.body)
    except MessageRefused:
        return False


def _status(posted: Answered, wait: timedelta) -> SendOutcome:
    reason = f"the partner's server answers {posted.status}"
    if 400 <= posted.status < 500 and posted.status not in TRY_AGAIN:
        return Refused(STATUS, reason)
    return RetryLater(max(wait, _retry_after(posted)), reason)


def _retry_after(posted: Answered) -> timedelta:
    """What Retry-After asks for in seconds, at most a day (RFC 9110 10.2.3)."""
    said = posted.headers.all("Retry-After")
    seconds = int(said[0]) if said and said[0].isdigit() and len(said[0]) < 7 else 0
    return timedelta(seconds=min(seconds, 86_400))


def _wait(account: AS2Account, attempt: int) -> timedelta:
    retry = account.retry
    wait: timedelta = min(retry.first * 2 ** min(attempt - 1, 30), retry.longest)
    return wait
