"""Messages and receipts between Tradelane and libas2 (npm), both ways."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.as2.algorithms import Cipher, Digest
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.mdn import MDN, Sent, Verdict, judge, make_mdn, read_mdn
from gateway.as2.message import Built, Security, Trust
from gateway.as2.mic import mic_text
from gateway.as2.mime import Headers, Pairs, read_entity
from tests.gateway.as2.parties import NOW, ORDER, build, partner, taken, trust, us
from tests.interop.peers import HERE, Program, libas2_folder, required
from tests.interop.table import Passed

pytestmark = pytest.mark.interop

VERSION = "0.8.2"
REVERT = "--security-revert=CVE-2023-46809"
DIGESTS = (Digest.SHA256, Digest.SHA384, Digest.SHA512)
CIPHERS = {Cipher.AES128_CBC: "aes128-CBC", Cipher.AES192_CBC: "aes192-CBC", Cipher.AES256_CBC: "aes256-CBC"}
CLOSED = [(sign, encrypt) for sign in (False, True) for encrypt in (False, True)]
HEADERS: Pairs = (("AS2-From", "HOUSE"), ("AS2-To", "ACME"), ("Message-ID", "<1@house>"), ("MIME-Version", "1.0"))


@pytest.fixture(scope="module")
def peer() -> Iterator[Program]:
    folder = libas2_folder()
    required(folder, "libas2, or node")
    # Node 20 has no PKCS #1 v1.5 decryption in its private-key calls, which libas2 rests on, unless asked so.
    program = Program("node", REVERT, str(HERE / "libas2_peer.js"), folder=folder)
    yield program
    program.close()


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


def ask(peer: Program, do: str, **said: Any) -> dict[str, Any]:
    answer = peer.ask(do, cert=partner().pem.decode(), key=partner().key_pem.decode(), theirs=us().pem.decode(), **said)
    assert "error" not in answer, answer["error"]
    return answer


def from_them(peer: Program, *, sign: str = "", encrypt: str = "") -> Built:
    content = base64.b64encode(ORDER).decode()
    answer = ask(peer, "build", content=content, media="application/edi-x12", sign=sign, encrypt=encrypt, headers={})
    found = read_entity(in_memory(base64.b64decode(answer["raw"])))
    return Built(found.headers.pairs, found.content, {})


@pytest.mark.parametrize(("sign", "encrypt"), CLOSED)
def test_each_permutation_of_theirs_is_taken(
    peer: Program, bodies: Bodies, passed: Passed, sign: bool, encrypt: bool
) -> None:
    came = from_them(peer, sign="sha-256" if sign else "", encrypt="aes256-CBC" if encrypt else "")
    assert taken(came, bodies, trust(must_sign=sign, must_encrypt=encrypt)).content.read() == ORDER
    passed("libas2", VERSION, "to us", "sign x encrypt")


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_each_digest_and_cipher_of_theirs_is_taken(
    peer: Program, bodies: Bodies, passed: Passed, digest: Digest, cipher: Cipher
) -> None:
    found = taken(from_them(peer, sign=digest.value, encrypt=CIPHERS[cipher]), bodies)
    assert (found.content.read(), found.signed_with, found.cipher) == (ORDER, digest, cipher)
    passed("libas2", VERSION, "to us", "digest x cipher")


@pytest.mark.parametrize(("sign", "encrypt"), CLOSED)
@pytest.mark.parametrize("signed_mdn", [False, True])
def test_each_permutation_of_ours_is_taken_and_its_receipt_judged(
    peer: Program, bodies: Bodies, passed: Passed, sign: bool, encrypt: bool, signed_mdn: bool
) -> None:
    closed = Security(signer=us().identity if sign else None, encrypt_to=partner().certificate if encrypt else None)
    verdict = judged(peer, build(closed, bodies), bodies, sign=sign, encrypt=encrypt, signed_mdn=signed_mdn)
    # libas2 gives a MIC of what is signed alone: a signed MDN without one proves nothing, and is not believed.
    assert verdict is (Verdict.DELIVERED if sign or not signed_mdn else Verdict.UNTRUSTED)
    note = "" if sign or not signed_mdn else "; its signed MDN without a MIC not believed"
    passed("libas2", VERSION, "from us", f"sign x encrypt x receipt{note}")


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_each_digest_and_cipher_of_ours_is_taken(
    peer: Program, bodies: Bodies, passed: Passed, digest: Digest, cipher: Cipher
) -> None:
    closed = Security(signer=us().identity, digest=digest, encrypt_to=partner().certificate, cipher=cipher)
    verdict = judged(peer, build(closed, bodies), bodies, sign=True, encrypt=True, signed_mdn=True)
    assert verdict is Verdict.DELIVERED
    passed("libas2", VERSION, "from us", "digest x cipher, its signed MDN believed")


@pytest.mark.parametrize("signed", [False, True])
def test_our_receipt_is_read(peer: Program, bodies: Bodies, passed: Passed, signed: bool) -> None:
    mics = build(Security(), bodies).mics
    said = MDN("<1@acme>", "HOUSE", mic=mic_text(mics, Digest.SHA256))
    made = make_mdn(said, Security(signer=us().identity) if signed else None, at=NOW, bodies=bodies)
    raw = Headers((*HEADERS, *made.headers.pairs)).encoded() + b"\r\n" + made.content.read()
    answer = ask(peer, "parse_mdn", raw=base64.b64encode(raw).decode(), signed=signed)
    assert (answer["id"], answer["processed"]) == ("<1@acme>", True)
    assert answer["mic"] == base64.b64encode(mics[Digest.SHA256]).decode()
    passed("libas2", VERSION, "to us", "our MDN read by the peer")


def judged(peer: Program, built: Built, bodies: Bodies, *, sign: bool, encrypt: bool, signed_mdn: bool) -> Verdict:
    raw = Headers((*HEADERS, *built.headers)).encoded() + b"\r\n" + built.body.read()
    answer = ask(
        peer,
        "parse",
        raw=base64.b64encode(raw).decode(),
        signed=sign,
        encrypted=encrypt,
        mdn="sha-256" if signed_mdn else False,
    )
    assert base64.b64decode(answer["content"]).rstrip() == ORDER.rstrip()  # it counts the boundary's line end in
    mdn = read_entity(in_memory(base64.b64decode(answer["mdn"])))
    pinned = Trust(pinned=(partner().certificate,))
    found = read_mdn(mdn.headers, mdn.content, pinned, at=NOW, bodies=bodies)
    return judge(found, replace(Sent("<1@house>", built.mics), wants_signed=signed_mdn)).verdict
