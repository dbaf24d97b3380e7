"""Messages of ours on the send lane: delivered by a receipt that counts alone, tried again by rule, or given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.as2.algorithms import Digest
from gateway.as2.mic import digests_of, mic_text
from gateway.as2.mime import Headers
from gateway.as2.refusals import Modifier
from gateway.model import Environment, TransmissionState
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.outgoing import put_out, way_to
from gateway.ports import FakeClock, new_id
from gateway.store import transmissions, work
from gateway.store.engine import Store
from gateway.store.rows import NewRows
from gateway.store.tables import as2_message, exception, transmission
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import NOW, ORDER
from tests.gateway.as2.peer import Behave, Came, Peer, Reply, serving, takes, takes_and_answers_empty
from tests.gateway.as2.workspace import gateway_of, keep_key, post, request_headers, write_workspace

LANE = "send:as2:acme-as2"
MINUTE = timedelta(minutes=1)


@dataclass
class Sender:
    """Our side, with one message to send."""

    store: Store
    home: Path
    peer: Peer
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gateway = gateway_of(self.home, self.store, clock=self.clock)
        backoff = Backoff(first=timedelta(seconds=1), random=lambda: 0.0)
        self.work = self.gateway.work(worker="w", wake=lambda _lanes: None, backoff=backoff)
        self.endpoint = self.gateway.as2_endpoint(self.woken.extend)

    def queue(self, content: bytes = ORDER, name: str = "855_1.edi", content_format: str = "x12") -> UUID:
        """Set one transmission on its way."""
        id = new_id()
        with self.store.begin() as conn:
            rows = NewRows()
            payload = self.gateway.vault.put(rows, content)
            way = way_to(self.gateway.registry, "acme-as2")
            put_out(
                conn,
                way,
                id=id,
                at=self.clock.now(),
                partner="acme",
                filename=name,
                environment=Environment.LIVE,
                payload=payload,
                later=rows,
                content_format=content_format,
            )
            rows.write(conn)
        return id

    def run(self, lane: str = LANE) -> int:
        """Work what is due on the lane; how many rows that were."""
        with self.store.begin() as conn:
            claims = work.claim(conn, lane, worker="w", now=self.clock.now())
        for claim in claims:
            self.work(claim)
        return len(claims)

    def sent(self) -> TransmissionState:
        """Queue one and work it once; where it stands then."""
        self.id = self.queue()
        assert self.run() == 1
        return self.state()

    def again_after(self, wait: timedelta) -> TransmissionState:
        """Nothing is due a moment before `wait`, and at it the row is worked."""
        self.clock.advance(wait - timedelta(seconds=1))
        assert self.run() == 0
        self.clock.advance(timedelta(seconds=1))
        assert self.run() == 1
        return self.state()

    def state(self) -> TransmissionState:
        with self.store.begin() as conn:
            return transmissions.load(conn, self.id).state

    def exceptions(self) -> list[str]:
        with self.store.begin() as conn:
            return list(conn.execute(select(exception.c.code)).scalars())

    def row(self, id: UUID | None = None) -> object:
        with self.store.begin() as conn:
            return conn.execute(select(as2_message).where(as2_message.c.transmission_id == (id or self.id))).one()


NewSender = Callable[..., Sender]


@pytest.fixture
def new_sender(fresh_store: Store, tmp_path: Path) -> Iterator[NewSender]:
    with ExitStack() as stack:

        def make(behave: Behave = takes, *, more: str = "", settings: str = "") -> Sender:
            peer = stack.enter_context(serving(behave))
            write_workspace(tmp_path, url=peer.url, more=more, settings=settings)
            return Sender(fresh_store, tmp_path, peer)

        yield make


def test_a_message_is_sent_once_a_signed_mdn_with_its_mic_came(new_sender: NewSender) -> None:
    sender = new_sender()
    assert sender.sent() is TransmissionState.SENT
    assert sender.peer.documents == [ORDER]
    row = sender.row()
    assert (row.verdict, row.tries) == ("delivered", 1)  # type: ignore[attr-defined]
    assert row.mdn_body  # type: ignore[attr-defined]
    [came] = sender.peer.came
    assert came.headers.one("AS2-From") == "HOUSE"
    assert came.headers.one("AS2-To") == "ACME"
    assert came.opened is not None
    assert came.opened.filename == "855_1.edi"
    assert came.opened.cipher is not None
    assert came.opened.signer == parties.us().certificate


FORGERIES: dict[str, Callable[[Peer, Came], Reply]] = {}


def forgery(make: Callable[[Peer, Came], Reply]) -> Callable[[Peer, Came], Reply]:
    FORGERIES[make.__name__] = make
    return make


def _mdn(peer: Peer, came: Came, **how: object) -> Reply:
    entity = peer.mdn(came, **how)  # type: ignore[arg-type]
    return Reply(200, entity.headers.pairs, entity.content.read())


@forgery
def wrong_mic(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, mic=mic_text(digests_of([b"other"]), Digest.SHA256))


@forgery
def no_mic(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, mic="")


@forgery
def unsigned(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, signed=False)


@forgery
def of_another_message(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, message_id="<other@house>")


@forgery
def by_another_partner(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, signer=parties.stranger())


@forgery
def by_ourselves(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, signer=parties.us())


@forgery
def two_at_once(peer: Peer, came: Came) -> Reply:
    whole = peer.mdn(came).whole.read()
    body = b"--o\r\n" + whole + b"\r\n--o\r\n" + whole + b"\r\n--o--\r\n"
    return Reply(200, (("Content-Type", "multipart/mixed; boundary=o"),), body)


@forgery
def an_unsigned_error(peer: Peer, came: Came) -> Reply:
    return _mdn(peer, came, signed=False, modifier=Modifier.DECRYPTION)


@forgery
def a_web_page(peer: Peer, came: Came) -> Reply:
    return Reply(200, (("Content-Type", "text/html"),), b"<html>welcome</html>")


@forgery
def nothing_at_all(peer: Peer, came: Came) -> Reply:
    return Reply(200)


@forgery
def a_redirect(peer: Peer, came: Came) -> Reply:
    return Reply(307, (("Location", peer.url + "/elsewhere"),))


@pytest.mark.parametrize("forged", FORGERIES)
def test_an_answer_that_proves_nothing_is_no_delivery_and_the_message_goes_again(
    new_sender: NewSender, forged: str
) -> None:
    def first_forged(peer: Peer, came: Came) -> Reply:
        came = peer.open(came)
        peer.came.append(came)
        return FORGERIES[forged](peer, came) if len(peer.came) == 1 else _mdn(peer, came)

    sender = new_sender(first_forged)
    assert sender.sent() is TransmissionState.RETRYING
    assert sender.row().verdict is None  # type: ignore[attr-defined]
    assert sender.again_after(5 * MINUTE) is TransmissionState.SENT
    assert len({came.message_id for came in sender.peer.came}) == 1


def test_an_mdn_of_an_earlier_message_replayed_is_no_delivery(new_sender: NewSender) -> None:
    replies: list[Reply] = []

    def replaying(peer: Peer, came: Came) -> Reply:
        replies.append(takes(peer, came))
        return replies[0]

    sender = new_sender(replaying)
    assert sender.sent() is TransmissionState.SENT
    assert sender.sent() is TransmissionState.RETRYING


def test_a_message_is_tried_again_after_5_10_20_40_minutes_under_one_message_id(new_sender: NewSender) -> None:
    def busy(peer: Peer, came: Came) -> Reply:
        peer.came.append(came)
        return Reply(503) if len(peer.came) < 5 else takes(peer, came)

    sender = new_sender(busy)
    assert sender.sent() is TransmissionState.RETRYING
    for minutes in (5, 10, 20):
        assert sender.again_after(minutes * MINUTE) is TransmissionState.RETRYING
    assert sender.again_after(40 * MINUTE) is TransmissionState.SENT
    assert len({came.message_id for came in sender.peer.came}) == 1


def test_a_message_is_given_up_after_the_tries_agreed(new_sender: NewSender) -> None:
    sender = new_sender(lambda _peer, _came: Reply(500), more="    retry: {first: 1m, longest: 1m, tries: 3}")
    assert sender.sent() is TransmissionState.RETRYING
    assert sender.again_after(MINUTE) is TransmissionState.RETRYING
    assert sender.again_after(MINUTE) is TransmissionState.RETRYING
    assert sender.again_after(MINUTE) is TransmissionState.REFUSED
    assert sender.exceptions() == ["as2.given_up"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_a_4xx_is_final(new_sender: NewSender, status: int) -> None:
    sender = new_sender(lambda _peer, _came: Reply(status))
    assert sender.sent() is TransmissionState.REFUSED
    assert sender.exceptions() == ["as2.http_status"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_status_that_passes_is_not_final_and_retry_after_is_honoured(new_sender: NewSender, status: int) -> None:
    def busy(peer: Peer, came: Came) -> Reply:
        peer.behave = takes
        return Reply(status, (("Retry-After", "900"),))

    sender = new_sender(busy)
    assert sender.sent() is TransmissionState.RETRYING
    assert sender.again_after(15 * MINUTE) is TransmissionState.SENT


@pytest.mark.parametrize("modifier", [Modifier.DECRYPTION, Modifier.AUTHENTICATION, Modifier.UNSUPPORTED_FORMAT])
def test_a_signed_no_is_final_and_a_persons_matter(new_sender: NewSender, modifier: Modifier) -> None:
    sender = new_sender(lambda peer, came: _mdn(peer, peer.open(came), modifier=modifier, mic=""))
    assert sender.sent() is TransmissionState.REFUSED
    assert sender.exceptions() == ["as2.mdn_rejected"]
    assert sender.row().verdict == "rejected"  # type: ignore[attr-defined]


def test_a_duplicate_warning_at_the_first_try_is_a_persons_matter(new_sender: NewSender) -> None:
    sender = new_sender(lambda peer, came: _mdn(peer, peer.open(came), modifier=Modifier.DUPLICATE))
    assert sender.sent() is TransmissionState.REFUSED


def test_a_duplicate_warning_on_a_retry_is_delivery(new_sender: NewSender) -> None:
    """The first answer was lost; the partner knows the message when it comes again."""

    def loses_its_answer(peer: Peer, came: Came) -> Reply | None:
        peer.came.append(peer.open(came))
        return None if len(peer.came) == 1 else _mdn(peer, peer.open(came), modifier=Modifier.DUPLICATE)

    sender = new_sender(loses_its_answer)
    assert sender.sent() is TransmissionState.RETRYING
    assert sender.again_after(5 * MINUTE) is TransmissionState.SENT
    assert sender.peer.documents == [ORDER]


def test_a_message_without_a_receipt_is_sent_by_its_2xx(new_sender: NewSender) -> None:
    sender = new_sender(more="    receipt: none")
    assert sender.sent() is TransmissionState.SENT
    assert sender.peer.came[0].headers.one("Disposition-Notification-To") is None


def test_an_unsigned_receipt_counts_where_one_was_agreed(new_sender: NewSender) -> None:
    assert new_sender(more="    receipt: unsigned").sent() is TransmissionState.SENT


ASYNC = {"more": "    receipt_by: request", "settings": "as2:\n  url: https://house.example/as2\n"}


def receipt_by_request(sender: Sender, **how: object) -> int:
    """The partner posts its receipt; the status it is answered."""
    came = sender.peer.came[-1]
    entity = sender.peer.mdn(came, **how)  # type: ignore[arg-type]
    headers = request_headers(entity.headers.pairs, message_id="<mdn-1@acme>", receipt="none")
    return post(sender.endpoint, headers, entity.content.read()).status


def test_a_receipt_by_request_is_awaited_and_settles_the_message(new_sender: NewSender) -> None:
    sender = new_sender(takes_and_answers_empty, **ASYNC)
    assert sender.sent() is TransmissionState.AWAITING
    assert sender.peer.came[0].headers.one("Receipt-Delivery-Option") == "https://house.example/as2"
    assert receipt_by_request(sender) == 200
    assert sender.state() is TransmissionState.SENT
    assert receipt_by_request(sender) == 200  # its sender lost our answer


def test_a_refusal_by_request_is_final_and_a_persons_matter(new_sender: NewSender) -> None:
    sender = new_sender(takes_and_answers_empty, **ASYNC)
    sender.sent()
    assert receipt_by_request(sender, modifier=Modifier.DECRYPTION, mic="") == 200
    assert sender.state() is TransmissionState.REFUSED
    assert sender.exceptions() == ["as2.mdn_rejected"]


@pytest.mark.parametrize(
    "how",
    [
        {"mic": ""},
        {"mic": "AAAA, sha-256"},
        {"signed": False},
        {"signer": parties.stranger()},
        {"message_id": "<other@house>"},
    ],
    ids=["no mic", "wrong mic", "unsigned", "by another partner", "of another message"],
)
def test_a_forged_receipt_by_request_settles_nothing(new_sender: NewSender, how: dict[str, object]) -> None:
    sender = new_sender(takes_and_answers_empty, **ASYNC)
    sender.sent()
    assert receipt_by_request(sender, **how) == 400
    assert sender.state() is TransmissionState.AWAITING
    assert receipt_by_request(sender) == 200


def test_an_overdue_receipt_is_a_persons_matter_and_settles_it_when_it_comes_late(new_sender: NewSender) -> None:
    sender = new_sender(takes_and_answers_empty, **ASYNC)
    sender.sent()
    assert sender.again_after(timedelta(hours=24)) is TransmissionState.UNCERTAIN
    assert sender.exceptions() == ["send.uncertain"]
    assert receipt_by_request(sender) == 200
    assert sender.state() is TransmissionState.SENT


def test_a_receipt_that_comes_before_the_answer_settles_the_message(new_sender: NewSender) -> None:
    sender: Sender

    def receipt_first(peer: Peer, came: Came) -> Reply:
        peer.came.append(peer.open(came))
        assert receipt_by_request(sender) == 200
        return Reply()

    sender = new_sender(receipt_first, **ASYNC)
    sender.id = sender.queue()
    with pytest.raises(Exception, match="has ended"):
        sender.run()
    assert sender.state() is TransmissionState.SENT


def test_one_sent_again_by_a_person_counts_its_tries_anew(new_sender: NewSender) -> None:
    sender = new_sender(lambda _peer, _came: Reply(500), more="    retry: {first: 1m, longest: 1m, tries: 1}")
    sender.sent()
    assert sender.again_after(MINUTE) is TransmissionState.REFUSED
    sender.peer.behave = takes
    with sender.store.begin() as conn:
        assert transmissions.queue_again(conn, sender.id, at=sender.clock.now())
    sender.run()
    assert sender.state() is TransmissionState.SENT


def test_the_newest_certificates_are_used_and_the_older_ones_still_believed(new_sender: NewSender) -> None:
    """A9: our signing key rolls over; the partner's encryption certificate, too."""
    sender = new_sender()
    following = parties.party("house-next")
    keep_key(sender.home, "two.pem", following, "not-before: 2026-01-05\n")
    renewed = Sender(sender.store, sender.home, sender.peer)
    security = renewed.gateway.as2_keys.security(
        renewed.gateway.registry.as2_account(theirs="ACME", ours="HOUSE"),  # type: ignore[arg-type]
        at=NOW,
    )
    assert security.signer is not None
    assert security.signer.certificate.encoded == following.certificate.encoded
    opening = renewed.gateway.as2_keys.decrypting("us", at=NOW)
    assert [one.certificate.encoded for one in opening] == [
        following.certificate.encoded,
        parties.us().certificate.encoded,
    ]


def test_without_a_certificate_to_encrypt_to_the_message_waits(new_sender: NewSender) -> None:
    sender = new_sender()
    sender.clock.advance(timedelta(days=301))
    assert sender.sent() is TransmissionState.RETRYING
    assert sender.peer.came == []


def test_a_file_says_by_its_media_type_what_it_is(new_sender: NewSender) -> None:
    sender = new_sender(more="    media: application/edi-consent")
    for name, content_format in (("1.edi", "x12"), ("2.xml", "xml"), ("3.json", "json"), ("4.csv", "csv")):
        sender.queue(name=name, content_format=content_format)
    assert sender.run() == 4
    media = [came.opened.media for came in sender.peer.came if came.opened is not None]
    assert sorted(media) == ["application/edi-consent", "application/json", "application/xml", "text/csv"]


def test_an_asynchronous_receipt_of_ours_is_brought_to_where_it_was_asked_for(new_sender: NewSender) -> None:
    got: list[Came] = []

    def gets(_peer: Peer, came: Came) -> Reply:
        got.append(came)
        return Reply()

    sender = new_sender(gets)
    with sender.peer.bodies as bodies:
        built = parties.build(parties.security(), bodies)
        headers = request_headers(built.headers, url=sender.peer.url.replace("/as2", "/mdn"))
        assert post(sender.endpoint, headers, built.body.read()).status == 200
    assert sender.run("send:as2-mdn:acme-as2") == 1
    [came] = got
    assert (came.headers.one("AS2-From"), came.headers.one("AS2-To")) == ("HOUSE", "ACME")
    assert b"Original-Message-ID: <1@acme>" in came.body
    assert Headers(came.headers.pairs).one("Content-Type") is not None
    with sender.store.begin() as conn:
        states = conn.execute(select(transmission.c.state).where(transmission.c.channel == "as2-mdn")).scalars().all()
    assert states == ["sent"]


def test_an_asynchronous_receipt_that_does_not_arrive_goes_again(new_sender: NewSender) -> None:
    sender = new_sender(lambda _peer, _came: Reply(503))
    with sender.peer.bodies as bodies:
        built = parties.build(parties.security(), bodies)
        post(sender.endpoint, request_headers(built.headers, url=sender.peer.url), built.body.read())
    assert sender.run("send:as2-mdn:acme-as2") == 1
    sender.peer.behave = lambda _peer, _came: Reply()
    sender.clock.advance(timedelta(minutes=1))
    assert sender.run("send:as2-mdn:acme-as2") == 1


def test_a_partner_at_a_private_address_is_not_reached_unless_the_profile_allows_it(new_sender: NewSender) -> None:
    sender = new_sender()
    profile = sender.home / "partners" / "profiles" / "acme" / "profile.yaml"
    profile.write_text(profile.read_text().replace("127.0.0.0/8", "10.0.0.0/8"))
    strict = Sender(sender.store, sender.home, sender.peer)
    assert strict.sent() is TransmissionState.REFUSED
    assert strict.exceptions() == ["as2.address_not_allowed"]
    assert sender.peer.came == []
