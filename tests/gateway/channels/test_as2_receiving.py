"""What becomes of an AS2 message that arrives: kept and receipted, repeated, refused, or told to come back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from gateway.as2.algorithms import Cipher, Compression, Digest
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.mdn import MDN, ReadMDN, Sent, Verdict, judge, make_mdn, read_mdn
from gateway.as2.message import Built, Security, Trust
from gateway.as2.mic import digests_of, mic_text
from gateway.as2.mime import Headers
from gateway.as2.refusals import Modifier
from gateway.as2.server import Answer, AS2Endpoint
from gateway.channels.as2 import AS2Inlet
from gateway.channels.as2_room import Rooms, largest_body
from gateway.errors import IntakeClosed
from gateway.ports import FakeClock
from gateway.store.engine import Store
from gateway.store.tables import as2_message, exception, payload, transmission
from tests.gateway.as2.parties import NOW, ORDER, build, partner, security, stranger, us
from tests.gateway.as2.workspace import answer_headers, gateway_of, post, request_headers, write_workspace


@dataclass
class House:
    """Our side."""

    store: Store
    home: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    woken: list[str] = field(default_factory=list)
    bodies: Bodies = field(default_factory=Bodies)

    def __post_init__(self) -> None:
        self.gateway = gateway_of(self.home, self.store, clock=self.clock)
        self.endpoint: AS2Endpoint = self.gateway.as2_endpoint(self.woken.extend)

    def built(self, content: bytes = ORDER, closed: Security | None = None) -> Built:
        return build(closed or security(), self.bodies, content)

    def post(self, built: Built, **said: str) -> Answer:
        return post(self.endpoint, request_headers(built.headers, **said), built.body.read())

    def mdn(self, answer: Answer) -> ReadMDN:
        """The receipt in an answer, which must be signed by us."""
        assert answer.status == 200
        trust = Trust(pinned=(us().certificate,))
        body = in_memory(answer.body)
        found = read_mdn(answer_headers(answer), body, trust, at=self.clock.now(), bodies=self.bodies)
        assert isinstance(found, ReadMDN), found
        assert found.signer == us().certificate
        return found

    def refused(self, built: Built, **said: str) -> str:
        """The modifier of the receipt; nothing was kept."""
        before = self.count()
        found = self.mdn(self.post(built, **said))
        assert self.count() == before
        return found.modifier

    def count(self) -> int:
        with self.store.begin() as conn:
            counted: int = conn.execute(
                select(func.count()).select_from(transmission).where(transmission.c.direction == "in")
            ).scalar_one()
        return counted


@pytest.fixture
def house(fresh_store: Store, tmp_path: Path) -> Iterator[House]:
    write_workspace(tmp_path)
    made = House(fresh_store, tmp_path)
    with made.bodies:
        yield made


def test_a_message_is_kept_with_its_raw_bytes_and_answered_by_a_signed_mdn(house: House) -> None:
    built = house.built()
    answer = house.post(built)
    assert judge(house.mdn(answer), Sent("<1@acme>", built.mics)).verdict is Verdict.DELIVERED
    with house.store.begin() as conn:
        row = conn.execute(select(transmission)).one()
        kept = conn.execute(select(as2_message)).one()
        assert house.gateway.vault.read(conn, row.payload_sha256) == ORDER
        assert house.gateway.vault.read(conn, kept.body_sha256) == built.body.read()
    assert (row.channel, row.account, row.filename, row.state) == ("as2", "acme-as2", "po.edi", "received")
    assert (kept.message_id, bytes(kept.mdn_body)) == ("<1@acme>", answer.body)
    assert house.woken == ["in:acme-as2:flow"]


def test_an_mdn_answers_from_us_to_them_in_the_digest_asked_for(house: House) -> None:
    answer = house.post(house.built())
    headers = dict(answer.headers)
    assert (headers["AS2-From"], headers["AS2-To"]) == ("HOUSE", "ACME")
    assert house.mdn(answer).mic.endswith(", sha-256")


def test_the_signatures_digest_is_answered_in_where_none_is_asked_for(house: House) -> None:
    built = house.built(closed=replace(security(), digest=Digest.SHA384))
    headers = [pair for pair in request_headers(built.headers) if pair[0] != "Disposition-Notification-Options"]
    headers.append(("Disposition-Notification-Options", "signed-receipt-protocol=optional, pkcs7-signature"))
    answer = post(house.endpoint, tuple(headers), built.body.read())
    assert house.mdn(answer).mic.endswith(", sha-384")


def test_who_wants_no_receipt_gets_an_empty_200(house: House) -> None:
    answer = house.post(house.built(), receipt="none")
    assert (answer.status, answer.body) == (200, b"")
    assert house.count() == 1


def test_who_wants_an_unsigned_receipt_gets_one(house: House) -> None:
    answer = house.post(house.built(), receipt="unsigned")
    assert dict(answer.headers)["Content-Type"].startswith("multipart/report")
    assert b"; processed\r\n" in answer.body


@pytest.mark.parametrize("compression", Compression)
def test_a_body_that_comes_in_pieces_is_one_message(house: House, compression: Compression) -> None:
    built = house.built(closed=security(compression=compression))
    data = built.body.read()
    pieces = [data[at : at + 100] for at in range(0, len(data), 100)]
    assert post(house.endpoint, request_headers(built.headers), pieces).status == 200
    assert house.count() == 1


def test_a_large_message_is_kept_whole(house: House) -> None:
    content = b"".join(b"REF*%08d~" % n for n in range(250_000))
    assert (
        judge(house.mdn(house.post(built := house.built(content))), Sent("<1@acme>", built.mics)).reason == "processed"
    )
    with house.store.begin() as conn:
        assert (
            house.gateway.vault.read(conn, conn.execute(select(transmission.c.payload_sha256)).scalar_one()) == content
        )


def test_the_same_message_again_gets_the_same_mdn_and_has_one_effect(house: House) -> None:
    built = house.built()
    first = house.post(built)
    for wait in (timedelta(minutes=1), timedelta(days=1), timedelta(days=400)):
        house.clock.advance(wait)  # in the end no certificate is good any more
        assert house.post(built).body == first.body
    assert house.count() == 1


def test_a_retry_encrypted_anew_is_the_same_message(house: House) -> None:
    first = house.post(house.built())
    assert house.post(house.built()).body == first.body
    assert house.count() == 1


def test_the_same_message_id_with_other_content_is_an_error_and_the_first_receipt_stays(house: House) -> None:
    first = house.post(house.built())
    assert house.refused(house.built(b"ISA*OTHER~")) == "error: unexpected-processing-error"
    assert house.post(house.built()).body == first.body


def test_the_same_message_id_of_two_partners_is_two_messages(house: House, tmp_path: Path) -> None:
    house.post(house.built())
    closed = replace(security(), signer=stranger().identity)
    assert house.mdn(house.post(house.built(closed=closed), theirs="GLOBEX")).modifier == ""
    assert house.count() == 2


@pytest.mark.parametrize(
    ("closed", "modifier"),
    [
        (security(sign=False), "error: insufficient-message-security"),
        (security(encrypt=False), "error: insufficient-message-security"),
        (replace(security(), signer=stranger().identity), "error: authentication-failed"),
        (replace(security(), encrypt_to=stranger().certificate), "error: decryption-failed"),
        (replace(security(), cipher=Cipher.DES3_CBC), "error: decryption-failed"),
        (replace(security(), digest=Digest.SHA1), "error: authentication-failed"),
    ],
)
def test_a_message_that_is_not_to_be_believed_is_refused_by_a_signed_mdn(
    house: House, closed: Security, modifier: str
) -> None:
    assert house.refused(house.built(closed=closed)) == modifier


def test_a_refusal_tells_a_person_once_however_often_it_comes(house: House) -> None:
    for number in range(5):
        house.refused(house.built(closed=security(sign=False)), message_id=f"<{number}@acme>")
    with house.store.begin() as conn:
        rows = conn.execute(select(exception.c.code, exception.c.reason)).all()
    assert [row.code for row in rows] == ["as2.refused"]
    assert "not signed" in rows[0].reason


def test_a_refused_message_may_come_again_mended_under_its_id(house: House) -> None:
    house.refused(house.built(closed=security(sign=False)))
    assert house.mdn(house.post(house.built())).modifier == ""
    assert house.count() == 1


def test_a_refusal_without_a_receipt_is_no_2xx(house: House) -> None:
    assert house.post(house.built(closed=security(sign=False)), receipt="none").status == 400


def test_a_receipt_that_cannot_be_given_refuses_the_message(house: House) -> None:
    built = house.built()
    headers = [pair for pair in request_headers(built.headers) if pair[0] != "Disposition-Notification-Options"]
    options = "signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, sha3-999"
    headers.append(("Disposition-Notification-Options", options))
    found = house.mdn(post(house.endpoint, tuple(headers), built.body.read()))
    assert (found.kind, found.modifier) == ("failed", "failure: unsupported MIC-algorithms")
    assert house.count() == 0


@pytest.mark.parametrize(
    "said",
    [
        {"theirs": "acme"},
        {"theirs": "NOBODY"},
        {"ours": "house"},
        {"theirs": "GLOBEX "},
        {"theirs": "ACME\r\nAS2-From: GLOBEX"},
        {"theirs": '"ACME'},
        {"theirs": "A" * 129},
        {"theirs": ""},
    ],
)
def test_names_without_an_agreement_are_refused_and_told_nothing(house: House, said: dict[str, str]) -> None:
    answer = house.post(house.built(), **said)
    expected = 403 if said != {"theirs": "GLOBEX "} else 200  # spaces at its ends are no part of a header's value
    assert answer.status == expected
    assert house.count() == 0


def test_a_quoted_name_is_the_name(house: House) -> None:
    assert house.post(house.built(), theirs='"ACME"').status == 200
    assert house.count() == 1


@pytest.mark.parametrize("message_id", ["", "<" + "x" * 998 + ">", "<a\x01b>", "<é@acme>", "<1>\r\nX: 1"])
def test_a_message_id_that_is_none_is_refused(house: House, message_id: str) -> None:
    assert house.post(house.built(), message_id=message_id).status == 400
    assert house.count() == 0


def test_a_message_id_of_998_characters_is_taken(house: House) -> None:
    assert house.mdn(house.post(house.built(), message_id="<" + "x" * 996 + ">")).modifier == ""
    assert house.count() == 1


@pytest.mark.parametrize("name", ["AS2-From", "Message-ID", "Content-Type", "Disposition-Notification-Options"])
def test_a_header_that_stands_twice_is_refused(house: House, name: str) -> None:
    built = house.built()
    headers = request_headers(built.headers)
    doubled = (*headers, *(pair for pair in headers if pair[0] == name))
    assert post(house.endpoint, doubled, built.body.read()).status in (400, 403)
    assert house.count() == 0


def test_header_names_are_read_in_any_case(house: House) -> None:
    built = house.built()
    headers = tuple((name.upper(), value) for name, value in request_headers(built.headers))
    assert house.mdn(post(house.endpoint, headers, built.body.read())).modifier == ""


def test_line_ends_in_names_never_reach_an_answer(house: House) -> None:
    answer = house.post(house.built(), message_id="<1@acme>\r\nSet-Cookie: evil")
    assert not any("evil" in value for pair in answer.headers for value in pair)
    assert b"evil" not in answer.body


def test_a_body_over_the_limit_is_refused_by_its_length_and_while_it_comes(house: House) -> None:
    most = house.endpoint.receiver.most_bytes
    built = house.built()
    headers = (*request_headers(built.headers), ("Content-Length", str(most + 1)))
    assert post(house.endpoint, headers, b"").status == 413
    pieces = (bytes(1 << 20) for _ in range((most >> 20) + 2))
    assert post(house.endpoint, request_headers(built.headers), pieces).status == 413
    assert house.count() == 0


def test_a_broken_connection_keeps_nothing(fresh_store: Store, tmp_path: Path) -> None:
    """In clear, where nothing but the connection's end tells that something is missing."""
    write_workspace(tmp_path, more="    require: {sign: false, encrypt: false}")
    house = House(fresh_store, tmp_path)
    built = house.built(closed=Security())
    data = built.body.read()
    answer = post(house.endpoint, request_headers(built.headers), data[:-10], broken_off=True)
    assert answer.status == 400
    assert house.count() == 0


def test_without_a_database_the_sender_is_told_to_come_back(house: House) -> None:
    built = house.built()
    with house.store.autocommit() as conn:
        conn.execute(text("ALTER TABLE as2_message RENAME TO away"))
    answer = house.post(built)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "60")
    with house.store.autocommit() as conn:
        conn.execute(text("ALTER TABLE away RENAME TO as2_message"))
    assert house.count() == 0
    assert house.mdn(house.post(built)).modifier == ""


def test_without_a_key_to_sign_receipts_nothing_is_taken(house: House) -> None:
    built = house.built()
    (house.home / "as2" / "us" / "one.pem").unlink()
    keyless = House(house.store, house.home, clock=house.clock)
    assert post(keyless.endpoint, request_headers(built.headers), built.body.read()).status == 503
    assert house.count() == 0


def test_other_methods_are_answered_and_take_nothing(house: House) -> None:
    assert post(house.endpoint, (), b"", method="GET").status == 200
    assert post(house.endpoint, (), b"", method="PUT").status == 405


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/abs.edi", "a\\b.edi", "x" * 4096, "a\u202egpj.edi", "CON"])
def test_a_file_name_is_a_label_and_never_a_path(house: House, name: str) -> None:
    before = {path for path in house.home.rglob("*") if path.is_file()}
    built = build(security(), house.bodies, filename=name)
    house.post(built)
    with house.store.begin() as conn:
        label: str = conn.execute(select(transmission.c.filename)).scalar_one()
        stored = conn.execute(select(func.count()).select_from(payload)).scalar_one()
    assert "/" not in label
    assert "\\" not in label
    assert "\u202e" not in label
    assert len(label) <= 255
    assert stored == 2
    assert {path for path in house.home.rglob("*") if path.is_file()} == before


def test_a_receipt_asked_for_at_a_host_outside_the_profile_refuses_the_message(house: House) -> None:
    for url in ("http://169.254.169.254/latest/meta-data", "http://evil.example/", "file:///etc/passwd"):
        assert house.post(house.built(), url=url).status == 400
    assert house.count() == 0


def test_an_asynchronous_receipt_is_queued_with_the_message_and_answered_empty(house: House) -> None:
    answer = house.post(house.built(), url="http://127.0.0.1:1/mdn")
    assert (answer.status, answer.body) == (200, b"")
    with house.store.begin() as conn:
        rows = conn.execute(select(transmission).where(transmission.c.direction == "out")).all()
        sent = conn.execute(select(as2_message).where(as2_message.c.direction == "out")).one()
    [row] = rows
    assert (row.state, row.lane, row.format) == ("queued", "send:as2-mdn:acme-as2", "mdn")
    assert sent.receipt_url == "http://127.0.0.1:1/mdn"
    assert sorted(house.woken) == ["in:acme-as2:flow", "send:as2-mdn:acme-as2"]


def test_a_repeat_that_wants_its_receipt_by_request_gets_the_same_again_by_request(house: House) -> None:
    built = house.built()
    house.post(built, url="http://127.0.0.1:1/mdn")
    with house.store.begin() as conn:
        conn.execute(transmission.update().where(transmission.c.direction == "out").values(state="sent"))
    assert house.post(built, url="http://127.0.0.1:1/mdn").status == 200
    with house.store.begin() as conn:
        rows = conn.execute(select(transmission.c.state).where(transmission.c.direction == "out")).scalars().all()
    assert rows == ["queued"]
    assert house.count() == 1


def test_an_asynchronous_receipt_for_nothing_of_ours_is_refused(house: House) -> None:
    mics = digests_of([ORDER])
    said = MDN("<99@house>", "ACME", mic=mic_text(mics, Digest.SHA256))
    made = make_mdn(said, Security(signer=partner().identity), at=NOW, bodies=house.bodies)
    headers = request_headers(made.headers.pairs, receipt="none", message_id="<mdn-1@acme>")
    assert post(house.endpoint, headers, made.content.read()).status == 400
    assert house.count() == 0


def test_a_clear_message_is_taken_where_nothing_is_required(fresh_store: Store, tmp_path: Path) -> None:
    write_workspace(tmp_path, more="    require: {sign: false, encrypt: false}")
    house = House(fresh_store, tmp_path)
    built = house.built(closed=Security())
    found = house.mdn(house.post(built))
    assert judge(found, Sent("<1@acme>", built.mics)).verdict is Verdict.DELIVERED


def test_algorithms_of_the_past_are_taken_until_the_day_agreed(fresh_store: Store, tmp_path: Path) -> None:
    write_workspace(tmp_path, more="    legacy: {sign: [sha1], encrypt: [3des-cbc], until: 2026-01-05}")
    house = House(fresh_store, tmp_path)
    closed = replace(security(), digest=Digest.SHA1, cipher=Cipher.DES3_CBC)
    assert house.mdn(house.post(house.built(closed=closed))).modifier == ""
    house.clock.advance(timedelta(days=1))
    assert house.refused(house.built(closed=closed), message_id="<2@acme>") == Modifier.DECRYPTION.value


def test_a_partner_cannot_answer_for_anothers_receipt(house: House) -> None:
    """An MDN that a stranger signed and that claims to come from the partner."""
    said = MDN("<99@house>", "ACME", mic="")
    made = make_mdn(said, Security(signer=stranger().identity), at=NOW, bodies=house.bodies)
    headers = request_headers(made.headers.pairs, receipt="none")
    assert post(house.endpoint, headers, made.content.read()).status == 400
    assert isinstance(Headers(made.headers.pairs).one("Content-Type"), str)


def test_the_same_message_twice_at_the_same_moment_has_one_effect(house: House) -> None:
    built = house.built()
    body = built.body.read()
    headers = request_headers(built.headers)
    with ThreadPoolExecutor(6) as senders:
        answers = list(senders.map(lambda _n: post(house.endpoint, headers, body), range(6)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert house.count() == 1


def test_without_room_to_open_a_message_the_sender_is_told_to_come_back(house: House) -> None:
    built = house.built(b"x" * 1_000_000)
    spool = house.home / "as2-spool"
    spool.rmdir()
    answer = house.post(built)
    assert answer.status == 503
    assert house.count() == 0
    spool.mkdir()
    assert house.mdn(house.post(built)).modifier == ""


def receiving(house: House, **changed: Any) -> AS2Endpoint:
    """The house's endpoint, with something else in it."""
    usual = house.endpoint.receiver
    assert isinstance(usual, AS2Inlet)
    return AS2Endpoint(replace(usual, **changed))


def test_who_knows_a_partners_names_cannot_fill_the_disk_in_them(house: House) -> None:
    """Bodies that are begun and never ended have room for four of the largest; what more comes has to wait."""
    rooms = Rooms()
    house.endpoint = receiving(house, rooms=rooms)
    account = house.gateway.registry.as2_account(theirs="ACME", ours="HOUSE")
    assert account is not None
    room = 4 * largest_body(account.max_bytes)
    assert room < 1 << 30
    for _ in range(2):  # what was taken is given back
        with rooms.share(account) as begun:
            assert begun.take(room - 1000)
            answer = house.post(house.built())
            assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "60")
            other = house.built(closed=replace(security(), signer=stranger().identity))
            assert house.mdn(house.post(other, theirs="GLOBEX")).modifier == ""
    assert house.mdn(house.post(house.built())).modifier == ""
    with rooms.share(account) as begun:
        assert begun.take(room)


def test_while_intake_is_closed_the_sender_is_told_when_to_come_back(house: House) -> None:
    def closed() -> None:
        raise IntakeClosed("too much waits", retry_after=30)

    house.endpoint = receiving(house, inlet=replace(house.gateway.inlet(house.woken.extend), admit=closed))
    answer = house.post(house.built())
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "30")
    assert house.count() == 0
