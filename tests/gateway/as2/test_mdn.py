"""Receipts: what ours say, and which of a partner's prove that a message was delivered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.as2.algorithms import Digest
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.headers import ReceiptRequest, read_receipt_request
from gateway.as2.mdn import MDN, Sent, Verdict, is_mdn, judge, make_mdn, read_mdn
from gateway.as2.message import Security, Trust
from gateway.as2.mic import digests_of, mic_text
from gateway.as2.mime import Entity, Headers
from gateway.as2.refusals import Modifier
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import NOW, ORDER, partner, stranger, us

MICS = digests_of([ORDER])
SENT = Sent("<1@house>", MICS)
TRUST = Trust(pinned=(partner().certificate,))
GOOD = MDN("<1@house>", "HOUSE", mic=mic_text(MICS, Digest.SHA256))


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


def verdict(entity: Entity, bodies: Bodies, sent: Sent = SENT) -> Verdict:
    return judge(read_mdn(entity.headers, entity.content, TRUST, at=NOW, bodies=bodies), sent).verdict


def signed(mdn: MDN, bodies: Bodies, *, by: parties.Party | None = None) -> Entity:
    return make_mdn(mdn, Security(signer=(by or partner()).identity), at=NOW, bodies=bodies)


def test_a_signed_mdn_about_our_message_with_its_mic_is_delivery(bodies: Bodies) -> None:
    assert verdict(signed(GOOD, bodies), bodies) is Verdict.DELIVERED


@pytest.mark.parametrize("digest", [Digest.SHA1, Digest.SHA384, Digest.SHA512])
def test_a_mic_in_another_digest_than_was_asked_for_counts(bodies: Bodies, digest: Digest) -> None:
    mdn = replace(GOOD, mic=mic_text(MICS, digest).replace("sha-", "SHA"))
    assert verdict(signed(mdn, bodies), bodies) is Verdict.DELIVERED


def test_an_mdn_with_a_wrong_mic_is_not_delivery(bodies: Bodies) -> None:
    mdn = replace(GOOD, mic=mic_text(digests_of([b"other"]), Digest.SHA256))
    assert verdict(signed(mdn, bodies), bodies) is Verdict.UNTRUSTED


@pytest.mark.parametrize("mic", ["", "AAAA, crc32", "not base64!, sha-256", ", sha-256"])
def test_an_mdn_without_a_mic_is_not_delivery(bodies: Bodies, mic: str) -> None:
    assert verdict(signed(replace(GOOD, mic=mic), bodies), bodies) is Verdict.UNTRUSTED


def test_an_unsigned_mdn_is_not_delivery_where_a_signed_one_was_asked_for(bodies: Bodies) -> None:
    bare = make_mdn(GOOD, None, at=NOW, bodies=bodies)
    assert verdict(bare, bodies) is Verdict.UNTRUSTED
    assert verdict(bare, bodies, replace(SENT, wants_signed=False)) is Verdict.DELIVERED


def test_an_mdn_of_another_message_is_not_delivery(bodies: Bodies) -> None:
    assert verdict(signed(replace(GOOD, message_id="<2@house>"), bodies), bodies) is Verdict.UNTRUSTED


def test_an_mdn_signed_by_another_partner_is_not_delivery(bodies: Bodies) -> None:
    assert verdict(signed(GOOD, bodies, by=stranger()), bodies) is Verdict.UNTRUSTED
    assert verdict(signed(GOOD, bodies, by=us()), bodies) is Verdict.UNTRUSTED


def test_an_mdn_of_an_expired_signer_is_not_delivery(bodies: Bodies) -> None:
    entity = signed(GOOD, bodies)
    found = read_mdn(entity.headers, entity.content, TRUST, at=NOW + timedelta(days=301), bodies=bodies)
    assert judge(found, SENT).verdict is Verdict.UNTRUSTED


def test_an_error_is_final_only_if_it_is_signed(bodies: Bodies) -> None:
    mdn = replace(GOOD, modifier=Modifier.DECRYPTION, mic="")
    assert verdict(signed(mdn, bodies), bodies) is Verdict.REJECTED
    assert verdict(make_mdn(mdn, None, at=NOW, bodies=bodies), bodies) is Verdict.UNTRUSTED
    failed = replace(mdn, modifier=Modifier.UNSUPPORTED_FORMAT)
    assert verdict(signed(failed, bodies), bodies) is Verdict.REJECTED


def test_a_duplicate_is_delivery_on_a_retry_alone(bodies: Bodies) -> None:
    entity = signed(replace(GOOD, modifier=Modifier.DUPLICATE, mic=""), bodies)
    assert verdict(entity, bodies) is Verdict.REJECTED
    assert verdict(entity, bodies, replace(SENT, tries=2)) is Verdict.DELIVERED
    other = signed(replace(GOOD, modifier=Modifier.DUPLICATE, mic="AAAA, sha-256"), bodies)
    assert verdict(other, bodies, replace(SENT, tries=2)) is Verdict.UNTRUSTED


def test_a_signed_mdn_wrapped_beside_something_else_is_not_delivery(bodies: Bodies) -> None:
    inner = signed(GOOD, bodies).whole.read()
    body = b"--o\r\nContent-Type: text/plain\r\n\r\nhello\r\n--o\r\n" + inner + b"\r\n--o--\r\n"
    wrapped = Entity(Headers((("Content-Type", "multipart/mixed; boundary=o"),)), in_memory(body), in_memory(body))
    assert verdict(wrapped, bodies) is Verdict.UNTRUSTED


def test_two_notifications_in_one_mdn_are_not_delivery(bodies: Bodies) -> None:
    bare = make_mdn(GOOD, None, at=NOW, bodies=bodies)
    boundary = bare.content_type.parameters["boundary"].encode()
    content = bare.content.read()
    note = content[content.rindex(b"Content-Type: message/") :].split(b"\r\n--" + boundary)[0]
    doubled = content.replace(
        b"\r\n--" + boundary + b"--", b"\r\n--" + boundary + b"\r\n" + note + b"\r\n--" + boundary + b"--"
    )
    entity = replace(bare, content=in_memory(doubled))
    assert verdict(entity, bodies, replace(SENT, wants_signed=False)) is Verdict.UNTRUSTED


def test_a_field_that_stands_twice_in_an_mdn_is_not_delivery(bodies: Bodies) -> None:
    bare = make_mdn(GOOD, None, at=NOW, bodies=bodies)
    field = b"Original-Message-ID: <1@house>\r\n"
    content = bare.content.read().replace(field, field + b"Original-Message-ID: <2@house>\r\n")
    entity = replace(bare, content=in_memory(content))
    assert verdict(entity, bodies, replace(SENT, wants_signed=False)) is Verdict.UNTRUSTED


def test_an_altered_mdn_is_not_delivery(bodies: Bodies) -> None:
    entity = signed(replace(GOOD, modifier=Modifier.DECRYPTION), bodies)
    content = entity.content.read().replace(b"processed/error: decryption-failed", b"processed")
    assert verdict(replace(entity, content=in_memory(content)), bodies) is Verdict.UNTRUSTED


@pytest.mark.parametrize("answer", [b"", b"OK", b"<html>502 Bad Gateway</html>"])
def test_an_answer_that_is_no_mdn_is_not_delivery(bodies: Bodies, answer: bytes) -> None:
    entity = Entity(Headers((("Content-Type", "text/html"),)), in_memory(answer), in_memory(answer))
    assert verdict(entity, bodies) is Verdict.UNTRUSTED


def test_what_the_fields_of_an_mdn_say(bodies: Bodies) -> None:
    """RFC 4130 7.4.3, RFC 8098 3.2."""
    text = make_mdn(GOOD, None, at=NOW, bodies=bodies).content.read().decode()
    assert "Original-Message-ID: <1@house>\r\n" in text
    assert "Final-Recipient: rfc822; HOUSE\r\n" in text
    assert "Disposition: automatic-action/MDN-sent-automatically; processed\r\n" in text
    assert f"Received-Content-MIC: {GOOD.mic}\r\n" in text


def test_a_report_is_known_as_an_mdn_and_an_order_is_not(bodies: Bodies) -> None:
    for entity in (signed(GOOD, bodies), make_mdn(GOOD, None, at=NOW, bodies=bodies)):
        assert is_mdn(entity.headers, entity.content)
    order = parties.build(parties.security(encrypt=False), bodies)
    assert not is_mdn(Headers(order.headers), order.body)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (None, ReceiptRequest(True)),
        (
            "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha256, sha1",
            ReceiptRequest(True, True, (Digest.SHA256, Digest.SHA1)),
        ),
        (
            "signed-receipt-protocol=required,pkcs7-signature;signed-receipt-micalg=required,sha3-999",
            ReceiptRequest(True, True, (), problem=Modifier.UNSUPPORTED_MIC),
        ),
        ("signed-receipt-protocol=optional, pgp-signature", ReceiptRequest(True)),
        (
            "signed-receipt-protocol=required, pgp-signature",
            ReceiptRequest(True, problem=Modifier.UNSUPPORTED_FORMAT),
        ),
    ],
)
def test_what_receipt_a_sender_asks_for(options: str | None, wanted: ReceiptRequest) -> None:
    headers = [("Disposition-Notification-To", "acme")]
    if options is not None:
        headers.append(("Disposition-Notification-Options", options))
    assert read_receipt_request(Headers(tuple(headers))) == wanted


def test_no_receipt_is_made_for_who_asks_for_none() -> None:
    assert read_receipt_request(Headers()) == ReceiptRequest()
