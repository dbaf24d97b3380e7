"""Messages and receipts between Tradelane and pyas2lib, both ways: every permutation, digest and cipher."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.as2.algorithms import Cipher, Compression, Digest, KeyTransport, SignatureScheme
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.headers import read_receipt_request, receipt_options
from gateway.as2.mdn import MDN, Judgement, Sent, Verdict, judge, make_mdn, read_mdn
from gateway.as2.message import Built, Security, Trust
from gateway.as2.mic import mic_text
from gateway.as2.mime import Headers, Pairs
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import NOW, ORDER, build, partner, taken, trust, us
from tests.interop.peers import HERE, Program, pyas2_python, required
from tests.interop.table import Passed

pytestmark = pytest.mark.interop

VERSION = "1.4.4"
CIPHERS = {
    Cipher.AES128_CBC: "aes_128_cbc",
    Cipher.AES192_CBC: "aes_192_cbc",
    Cipher.AES256_CBC: "aes_256_cbc",
}
DIGESTS = (Digest.SHA256, Digest.SHA384, Digest.SHA512)
RECEIPTS = ("none", "unsigned", "signed")
PERMUTATIONS = [
    (sign, encrypt, compress, receipt)
    for sign in (False, True)
    for encrypt in (False, True)
    for compress in (False, True)
    for receipt in RECEIPTS
]


@pytest.fixture(scope="module")
def peer() -> Iterator[Program]:
    python = pyas2_python()
    required(python, "pyas2lib")
    program = Program(str(python), str(HERE / "pyas2_peer.py"))
    yield program
    program.close()


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


def test_there_are_twenty_four_permutations() -> None:
    assert len(set(PERMUTATIONS)) == 24


@pytest.mark.parametrize(("sign", "encrypt", "compress", "receipt"), PERMUTATIONS)
def test_each_permutation_of_theirs_is_taken_and_our_receipt_read(
    peer: Program, bodies: Bodies, passed: Passed, sign: bool, encrypt: bool, compress: bool, receipt: str
) -> None:
    came = from_them(peer, sign=sign, encrypt=encrypt, compress=compress, receipt=receipt)
    found = taken(came, bodies, trust(must_sign=sign, must_encrypt=encrypt))
    assert (found.content.read(), found.compressed) == (ORDER, compress)
    request = read_receipt_request(Headers(came.headers))
    assert (request.wanted, request.signed) == (receipt != "none", receipt == "signed")
    if request.wanted:
        digest = request.digests[0] if request.digests else Digest.SHA256
        said = MDN(f"{Headers(came.headers).one('Message-ID')}", "HOUSE", mic=mic_text(found.mics, digest))
        made = make_mdn(said, Security(signer=us().identity) if request.signed else None, at=NOW, bodies=bodies)
        answer = peer.ask("parse_mdn", raw=raw(mdn_headers(made.headers.pairs), made.content.read()))
        assert answer == {"status": "processed", "detail": None}
    passed("pyas2lib", VERSION, "to us", "sign x encrypt x compress x receipt, our MDN read by the peer")


@pytest.mark.parametrize(("sign", "encrypt", "compress", "receipt"), PERMUTATIONS)
def test_each_permutation_of_ours_is_taken_and_its_receipt_judged(
    peer: Program, bodies: Bodies, passed: Passed, sign: bool, encrypt: bool, compress: bool, receipt: str
) -> None:
    compression = Compression.BEFORE_SIGNING if compress else Compression.NONE
    closed = to_them(sign=sign, encrypt=encrypt, compression=compression)
    built = build(closed, bodies)
    judged = judged_by_us(peer, built, bodies, receipt=receipt, must={"sign": sign, "encrypt": encrypt})
    if judged is not None:
        # pyas2lib takes the MIC of what is signed alone: without one its MDN proves nothing, and is not believed.
        expected = Verdict.DELIVERED if sign or receipt == "unsigned" else Verdict.UNTRUSTED
        assert judged.verdict is expected, judged
    note = "" if sign or receipt != "signed" else "; its signed MDN without a MIC not believed"
    passed("pyas2lib", VERSION, "from us", f"sign x encrypt x compress x receipt{note}")


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_each_digest_and_cipher_of_theirs_is_taken(
    peer: Program, bodies: Bodies, passed: Passed, digest: Digest, cipher: Cipher
) -> None:
    algorithms = {"digest_alg": digest.hashlib_name, "enc_alg": CIPHERS[cipher]}
    came = from_them(peer, sign=True, encrypt=True, compress=False, receipt="none", **algorithms)
    found = taken(came, bodies)
    assert (found.content.read(), found.signed_with, found.cipher) == (ORDER, digest, cipher)
    passed("pyas2lib", VERSION, "to us", "digest x cipher")


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("scheme", SignatureScheme)
def test_each_digest_cipher_and_padding_of_ours_is_taken(
    peer: Program, bodies: Bodies, passed: Passed, digest: Digest, cipher: Cipher, scheme: SignatureScheme
) -> None:
    transport = KeyTransport.PKCS1  # its OAEP reads SHA-1 alone
    closed = replace(to_them(), digest=digest, cipher=cipher, scheme=scheme, transport=transport)
    judged = judged_by_us(peer, build(closed, bodies), bodies, receipt="signed", must={"sign": True, "encrypt": True})
    assert judged is not None
    assert judged.verdict is Verdict.DELIVERED, judged
    passed("pyas2lib", VERSION, "from us", "digest x cipher x signature padding, its signed MDN believed")


def from_them(peer: Program, *, sign: bool, encrypt: bool, compress: bool, receipt: str, **algorithms: str) -> Built:
    """A message that pyas2lib builds for us."""
    terms: dict[str, Any] = {"sign": sign, "encrypt": encrypt, "compress": compress, **algorithms}
    terms.setdefault("enc_alg", "aes_256_cbc")
    terms["mdn_mode"] = None if receipt == "none" else "SYNC"
    terms["mdn_digest_alg"] = "sha256" if receipt == "signed" else None
    answer = peer.ask("build", **keys(terms), content=b64(ORDER), media="application/edi-x12")
    pairs = tuple((name, value) for name, value in answer["headers"])
    return Built(pairs, in_memory(base64.b64decode(answer["body"])), {})


def to_them(*, sign: bool = True, encrypt: bool = True, compression: Compression = Compression.NONE) -> Security:
    return Security(
        signer=us().identity if sign else None,
        encrypt_to=partner().certificate if encrypt else None,
        compression=compression,
    )


def judged_by_us(
    peer: Program, built: Built, bodies: Bodies, *, receipt: str, must: dict[str, bool]
) -> Judgement | None:
    """pyas2lib takes a message of ours, and we judge its receipt; None where none was wanted."""
    headers = [("AS2-From", "HOUSE"), ("AS2-To", "ACME"), ("Message-ID", "<1@house>"), *built.headers]
    if receipt != "none":
        headers.append(("Disposition-Notification-To", "edi@house.example"))
    if receipt == "signed":
        headers.append(("Disposition-Notification-Options", receipt_options(Digest.SHA256)))
    answer = peer.ask("parse", **keys(must), raw=raw(tuple(headers), built.body.read()))
    assert answer["status"] == "processed", answer["error"]
    assert base64.b64decode(answer["content"]) == ORDER
    if receipt == "none":
        return None
    pairs = tuple((name, value) for name, value in answer["mdn"]["headers"])
    found = read_mdn(
        Headers(pairs),
        in_memory(base64.b64decode(answer["mdn"]["body"])),
        Trust(pinned=(partner().certificate,)),
        at=NOW,
        bodies=bodies,
    )
    return judge(found, Sent("<1@house>", built.mics, wants_signed=receipt == "signed"))


def mdn_headers(made: Pairs) -> Pairs:
    return (("AS2-From", "HOUSE"), ("AS2-To", "ACME"), ("Message-ID", "<mdn-1@house>"), ("MIME-Version", "1.0"), *made)


def keys(terms: dict[str, Any]) -> dict[str, Any]:
    """Their key, our certificate, and how pyas2lib is set up towards us."""
    return {
        "key": (partner().key_pem + partner().pem).decode(),
        "certificate": parties.us().pem.decode(),
        "partner": terms,
    }


def raw(headers: Pairs, body: bytes) -> str:
    return b64(Headers(headers).encoded() + b"\r\n" + body)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
