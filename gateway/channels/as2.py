"""The AS2 channel, inbound: a message is opened, kept with its receipt in one transaction, and only then answered.

A repeat (same Message-ID, same content) gets the stored receipt again and has no second effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

import structlog

from gateway import crash_points
from gateway.as2 import addresses, mdn
from gateway.as2.algorithms import Digest
from gateway.as2.bodies import Bodies, Part, whole
from gateway.as2.headers import (
    AS2_VERSION,
    ReceiptRequest,
    new_message_id,
    quoted_name,
    read_message_id,
    read_name,
    read_receipt_request,
)
from gateway.as2.mdn import MDN, Judgement, Sent, Verdict
from gateway.as2.message import Opened, open_message
from gateway.as2.mic import mic_text
from gateway.as2.mime import Headers
from gateway.as2.refusals import MessageRefused, Modifier, Refused
from gateway.as2.server import Answer, Arriving
from gateway.channels.as2_keys import AS2Keys
from gateway.channels.as2_room import Rooms, Share, largest_body
from gateway.errors import GatewayError, IntakeClosed, StoreConflict, StoreUnavailable
from gateway.model import Environment, TransmissionState
from gateway.pipeline.receive import Arrival, Inlet, Received
from gateway.ports import new_id
from gateway.store import Connection, as2_messages, exceptions, transmissions
from gateway.store.as2_messages import InboundMessage, OutboundMessage
from gateway.store.rows import NewRows
from gateway.store.vault import Spool, StoredPayload
from gateway.store.work_statements import SEND
from partners.as2_accounts import AS2Account, Receipt
from partners.certificates import Use
from partners.registry import PartnerRegistry

CHANNEL = "as2"
MDN_CHANNEL = "as2-mdn"
"""What brings asynchronous receipts of ours."""
REFUSED = "as2.refused"
MDN_REJECTED = "as2.mdn_rejected"
RETRY_SECONDS = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AS2Inlet:
    """Takes AS2 messages and asynchronous receipts in. See `gateway.as2.server.Receiver`.

    Args:
        inlet: where transmissions are kept.
        registry: the partners.
        keys: ours.
        folder: for what is decrypted while it is worked; it belongs to us alone.
        rooms: for what is on its way.
    """

    inlet: Inlet
    registry: PartnerRegistry
    keys: AS2Keys
    folder: Path
    rooms: Rooms = field(default_factory=Rooms)

    @property
    def most_bytes(self) -> int:
        """Of a body: what the partner with the largest limit may send."""
        accounts = [account for partner in self.registry.partners.values() for account in partner.as2]
        return largest_body(max((account.max_bytes for account in accounts), default=0))

    @contextmanager
    def begin(self, headers: Headers) -> Iterator[Arriving | Answer]:
        """See Receiver."""
        theirs, ours = read_name(headers, "AS2-From"), read_name(headers, "AS2-To")
        message_id = read_message_id(headers)
        account = None if theirs is None or ours is None else self.registry.as2_account(theirs=theirs, ours=ours)
        if account is None:
            log.warning("as2.unknown_names", sender=repr(theirs)[:80], receiver=repr(ours)[:80])
            yield Answer.text(403, "There is no agreement between these AS2 names.")
            return
        if message_id is None:
            yield Answer.text(400, "A message has exactly one Message-ID, of at most 998 printable characters.")
            return
        with ExitStack() as stack:
            try:
                spool = stack.enter_context(self.inlet.spool())
            except IntakeClosed as closed:
                yield _later(closed.retry_after)
                return
            except StoreUnavailable as error:
                yield _unavailable(error)
                return
            bodies = stack.enter_context(Bodies(self.folder))
            share = stack.enter_context(self.rooms.share(account))
            yield _Message(self, account, headers, message_id, spool, share, bodies)


@dataclass(frozen=True, slots=True)
class _Message:
    """One request on its way in."""

    channel: AS2Inlet
    account: AS2Account
    headers: Headers
    message_id: str
    spool: Spool
    share: Share
    bodies: Bodies

    def write(self, chunk: bytes) -> Answer | None:
        """See Arriving."""
        if not self.share.take(len(chunk)):
            log.warning("as2.no_room", account=self.account.user)
            return _later(RETRY_SECONDS)
        try:
            self.spool.write(chunk)
        except StoreUnavailable as error:
            return _unavailable(error)
        return None

    def finish(self) -> Answer:
        """See Arriving."""
        try:
            return self._finished(whole(self.spool), self.channel.inlet.clock.now())
        except MessageRefused as error:
            log.warning("as2.unreadable", account=self.account.user, reason=error.refused.reason)
            return Answer.text(400, "The message cannot be read.")
        except (GatewayError, OSError) as error:
            return _unavailable(error)

    def _finished(self, body: Part, at: datetime) -> Answer:
        if mdn.is_mdn(self.headers, body):
            return self._receipt(body, at)
        request = read_receipt_request(self.headers)
        try:
            return self._taken(body, request, at)
        except StoreConflict:  # the same message at the same moment: the other's commit came first
            return self._taken(body, request, at)

    def _taken(self, body: Part, request: ReceiptRequest, at: datetime) -> Answer:
        with self.channel.inlet.store.begin() as conn:
            known = self._known(conn)
        if known is not None and known.body_sha256 == self.spool.payload.sha256:
            return self._again(known, at)
        if request.url and not self._may_answer(request.url):
            return Answer.text(400, "Receipts are not sent to this Receipt-Delivery-Option.")
        trust = self.channel.keys.trust(self.account, Use.VERIFY, at=at)
        opened = open_message(self.headers, body, trust, at=at, bodies=self.bodies)
        if isinstance(opened, Refused):
            return self._refused(opened, request, at)
        if request.problem is not None:
            return self._refused(Refused(request.problem, "it asks for a receipt that cannot be given"), request, at)
        if known is not None:
            if known.mics == _named(opened.mics):
                return self._again(known, at)
            reason = "its Message-ID was used before, for another content"
            return self._refused(Refused(Modifier.UNEXPECTED, reason), request, at)
        return self._keep(opened, request, at)

    def _keep(self, opened: Opened, request: ReceiptRequest, at: datetime) -> Answer:
        """Commit the bytes, the message and its receipt; then answer."""
        inlet = self.channel.inlet
        mic = mic_text(opened.mics, _mic_digest(request, opened))
        receipt = self._receipt_for(request, None, mic, at)
        filename = opened.filename or f"{self.account.user}.as2"
        mdn_id = new_id() if request.wanted and request.url else None
        inlet.vault.settle(self.spool)

        def beside(_conn: Connection, rows: NewRows, received: Received, _payload: StoredPayload) -> None:
            raw = inlet.vault.put_spooled(rows, self.spool)
            if mdn_id is not None:
                self._queue_receipt(rows, mdn_id, receipt, request.url, at)
            kept = InboundMessage(
                transmission_id=received.id,
                account=self.account.user,
                message_id=self.message_id,
                headers=self.headers.pairs,
                body_sha256=raw.sha256,
                mics=_named(opened.mics),
                receipt=_word(request),
                receipt_url=request.url,
                mdn_status=receipt.status,
                mdn_headers=receipt.headers,
                mdn_body=receipt.body,
                mdn_transmission_id=mdn_id,
            )
            as2_messages.add_inbound(rows, kept, at=at)
            keys = [("as2_message_id", self.message_id), ("filename", filename)]
            transmissions.add_business_keys(rows, keys, transmission_id=received.id)
            crash_points.reached("as2.receive.before_commit")

        with inlet.vault.spool() as content:
            for chunk in opened.content.chunks():
                content.write(chunk)
            arrival = Arrival(CHANNEL, self.account.user, filename, Environment.LIVE)
            taken = inlet.take(content, arrival, beside=beside)
        crash_points.reached("as2.receive.after_commit")
        log.info("as2.received", transmission=str(taken.id), account=self.account.user, size=taken.payload.size)
        if mdn_id is None:
            return receipt
        inlet.wake([_mdn_lane(self.account)])
        return Answer(200)

    def _again(self, known: InboundMessage, at: datetime) -> Answer:
        """The receipt that was given, byte for byte; one that went by itself goes once more."""
        log.info("as2.repeated", transmission=str(known.transmission_id), account=self.account.user)
        crash_points.reached("as2.receive.repeated")
        if known.mdn_transmission_id is None:
            return Answer(known.mdn_status, tuple(known.mdn_headers), known.mdn_body)
        with self.channel.inlet.store.begin() as conn:
            transmissions.queue_again(conn, known.mdn_transmission_id, at=at, actor=self._actor)
        self.channel.inlet.wake([_mdn_lane(self.account)])
        return Answer(200)

    def _refused(self, refused: Refused, request: ReceiptRequest, at: datetime) -> Answer:
        """Say no: in a receipt where one is wanted, else by the status. Nothing is kept of it but that it was so."""
        log.warning(
            "as2.refused", account=self.account.user, modifier=refused.modifier.value, reason=refused.reason[:200]
        )
        group = exceptions.fingerprint(self.account.partner, self.account.user, REFUSED, refused.modifier)
        receipt = self._receipt_for(request, refused.modifier, "", at)
        with self.channel.inlet.store.begin() as conn:
            exceptions.open_once(conn, id=new_id(), at=at, code=REFUSED, reason=refused.reason, group=group)
            if request.wanted and request.url:
                rows = NewRows()
                self._queue_receipt(rows, new_id(), receipt, request.url, at)
                rows.write(conn)
        if not request.wanted:
            return Answer.text(400, "The message was not taken.")
        if not request.url:
            return receipt
        self.channel.inlet.wake([_mdn_lane(self.account)])
        return Answer(200)

    def _receipt_for(self, request: ReceiptRequest, modifier: Modifier | None, mic: str, at: datetime) -> Answer:
        """The receipt that is wanted, as an answer; an empty one where none is."""
        if not request.wanted:
            return Answer(200)
        entity_name = self.channel.registry.ourselves[self.account.ourselves].as2_name
        security = None
        if request.signed:
            digest = request.digests[0] if request.digests else Digest.SHA256
            security = self.channel.keys.mdn_security(self.account, digest, at=at)
        text = "The message was received and kept." if modifier is None else "The message was not taken."
        said = MDN(self.message_id, entity_name, modifier, mic, text)
        made = mdn.make_mdn(said, security, at=at, bodies=self.bodies)
        headers = (
            ("AS2-Version", AS2_VERSION),
            ("AS2-From", quoted_name(entity_name)),
            ("AS2-To", quoted_name(self.account.name)),
            ("Message-ID", new_message_id(new_id(), entity_name)),
            ("Date", format_datetime(at, usegmt=True)),
            ("MIME-Version", "1.0"),
            *made.headers.pairs,
        )
        return Answer(200, headers, made.content.read())

    def _queue_receipt(self, rows: NewRows, id: UUID, receipt: Answer, url: str, at: datetime) -> None:
        """Set a receipt that goes by itself on its way."""
        transmissions.add_outbound(
            rows,
            id=id,
            at=at,
            channel=MDN_CHANNEL,
            account=self.account.user,
            partner=self.account.partner,
            filename="mdn.txt",
            environment=Environment.LIVE,
            payload=self.channel.inlet.vault.put(rows, receipt.body),
            lane=_mdn_lane(self.account),
            content_format="mdn",
        )
        message_id = dict(receipt.headers)["Message-ID"]
        as2_messages.add_mdn(
            rows, id, account=self.account.user, message_id=message_id, headers=receipt.headers, url=url, at=at
        )

    def _receipt(self, body: Part, at: datetime) -> Answer:
        """An asynchronous receipt of the partner's for a message of ours."""
        trust = self.channel.keys.trust(self.account, Use.VERIFY_MDN, at=at)
        found = mdn.read_mdn(self.headers, body, trust, at=at, bodies=self.bodies)
        with self.channel.inlet.store.begin() as conn:
            said = "" if isinstance(found, Refused) else found.message_id
            sent = as2_messages.find_sent(conn, account=self.account.user, message_id=said)
            if isinstance(found, Refused) or sent is None or sent.verdict is not None:
                known = sent is not None
                log.warning("as2.mdn_unknown", account=self.account.user, known=known, said=repr(said)[:80])
                return Answer(200) if known else Answer.text(400, "This is no receipt of a message of ours.")
            judged = mdn.judge(found, as_sent(sent))
            if judged.verdict is Verdict.UNTRUSTED:
                log.warning("as2.mdn_untrusted", transmission=str(sent.transmission_id), reason=judged.reason)
                return Answer.text(400, "This receipt proves nothing.")
            self._settle(conn, sent, judged, body, at)
        crash_points.reached("as2.mdn.after_commit")
        return Answer(200)

    def _settle(self, conn: Connection, sent: OutboundMessage, judged: Judgement, body: Part, at: datetime) -> None:
        as2_messages.note_mdn(
            conn, sent.transmission_id, verdict=judged.verdict.value, headers=self.headers.pairs, body=body.read()
        )
        delivered = judged.verdict is Verdict.DELIVERED
        state = TransmissionState.SENT if delivered else TransmissionState.REFUSED
        reason = None if delivered else f"{MDN_REJECTED}: {judged.reason}"
        transmissions.settle_receipt(conn, sent.transmission_id, state, at=at, actor=self._actor, reason=reason)
        log.info("as2.mdn", transmission=str(sent.transmission_id), verdict=judged.verdict.value)
        if not delivered:
            group = exceptions.fingerprint(self.account.partner, CHANNEL, self.account.user, MDN_REJECTED)
            exceptions.open_exception(
                conn,
                id=new_id(),
                at=at,
                code=MDN_REJECTED,
                reason=judged.reason,
                group=group,
                transmission_id=sent.transmission_id,
            )

    @property
    def _actor(self) -> str:
        return f"{CHANNEL}:{self.account.user}"

    def _known(self, conn: Connection) -> InboundMessage | None:
        return as2_messages.find_inbound(conn, account=self.account.user, message_id=self.message_id)

    def _may_answer(self, url: str) -> bool:
        try:
            addresses.check_host(addresses.read_target(url), receipt_hosts(self.account))
        except addresses.NotAllowed as error:
            log.warning("as2.receipt_url_refused", account=self.account.user, reason=str(error))
            return False
        return True


def receipt_hosts(account: AS2Account) -> frozenset[str]:
    """Where asynchronous receipts may go: the hosts of the profile."""
    return account.mdn_hosts | {addresses.host_of(account.url)} - {""}


def as_sent(found: OutboundMessage) -> Sent:
    """What a receipt is held against."""
    mics = {Digest(name): value for name, value in found.mics.items()}
    return Sent(found.message_id, mics, wants_signed=found.receipt == Receipt.SIGNED, tries=found.tries)


def _mic_digest(request: ReceiptRequest, opened: Opened) -> Digest:
    """In which digest the MIC is told: the one asked for, else the signature's, else SHA-256."""
    wanted = (*request.digests, opened.signed_with, Digest.SHA256)
    return next(kind for kind in wanted if kind is not None and kind in opened.mics)


def _named(mics: Mapping[Digest, bytes]) -> dict[str, bytes]:
    return {kind.value: value for kind, value in mics.items()}


def _word(request: ReceiptRequest) -> str:
    if not request.wanted:
        return Receipt.NONE.value
    return (Receipt.SIGNED if request.signed else Receipt.UNSIGNED).value


def _mdn_lane(account: AS2Account) -> str:
    return f"{SEND}{MDN_CHANNEL}:{account.user}"


def _later(seconds: int) -> Answer:
    return Answer.text(503, "The message was not taken; send it again later.", ("Retry-After", str(seconds)))


def _unavailable(error: Exception) -> Answer:
    log.error("as2.unavailable", reason=f"{type(error).__name__}: {error}"[:200])
    return _later(RETRY_SECONDS)
