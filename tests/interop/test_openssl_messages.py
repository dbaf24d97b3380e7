"""Messages between Tradelane and the `openssl` program, both ways, at the level of MIME entities."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.as2.algorithms import Cipher, Digest, KeyTransport, SignatureScheme
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.message import Built
from gateway.as2.mime import read_entity
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import CIPHERS, DIGESTS, ORDER, build, entity, partner, security, taken, trust, us, whole
from tests.interop.table import Passed

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed"),
]


VERSION = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.split(" ")[1:2]


@pytest.fixture(autouse=True)
def _passed(request: pytest.FixtureRequest, passed: Passed) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        return
    way = "from us" if request.node.originalname.startswith("test_openssl_") else "to us"
    case = request.node.originalname.removeprefix("test_").replace("_", " ")
    passed("openssl cms", ".".join(VERSION), way, case)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for found in (us(), partner(), parties.party("acme", "ec")):
        name = found.name if found.key.key_size > 1000 else f"{found.name}-ec"
        (tmp_path / f"{name}.pem").write_bytes(found.pem)
        (tmp_path / f"{name}.key").write_bytes(found.key_pem)
    return tmp_path


def openssl(keys: Path, *arguments: str, data: bytes) -> bytes:
    """Run `openssl cms`; the fixture's folder is the working one."""
    run = subprocess.run(
        ["openssl", "cms", *arguments], input=data, capture_output=True, cwd=keys, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def message(data: bytes) -> Built:
    """What openssl wrote (a MIME entity) as a message."""
    found = read_entity(in_memory(data))
    return Built(found.headers.pairs, found.content, {})


def signed_by_openssl(keys: Path, digest: Digest, *options: str, signer: str = "acme") -> bytes:
    found = ("-sign", "-binary", "-signer", f"{signer}.pem", "-inkey", f"{signer}.key", "-md", digest.hashlib_name)
    return openssl(keys, *found, *options, data=entity())


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("options", [(), ("-keyopt", "rsa_padding_mode:pss"), ("-keyid",), ("-noattr",), ("-nocerts",)])
def test_what_openssl_signs_is_taken(keys: Path, bodies: Bodies, digest: Digest, options: tuple[str, ...]) -> None:
    built = message(signed_by_openssl(keys, digest, *options))
    found = taken(built, bodies, trust(must_encrypt=False))
    assert (found.content.read(), found.signed_with) == (ORDER, digest)


def test_what_openssl_signs_with_an_elliptic_key_is_taken(keys: Path, bodies: Bodies) -> None:
    built = message(signed_by_openssl(keys, Digest.SHA256, signer="acme-ec"))
    pinned = (parties.party("acme", "ec").certificate,)
    assert taken(built, bodies, replace(trust(must_encrypt=False), pinned=pinned)).content.read() == ORDER


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("options", [(), ("-keyopt", "rsa_padding_mode:oaep"), ("-keyid",), ("-stream",)])
def test_what_openssl_signs_and_encrypts_is_taken(
    keys: Path, bodies: Bodies, cipher: Cipher, options: tuple[str, ...]
) -> None:
    """With -stream openssl writes indefinite lengths."""
    inner = signed_by_openssl(keys, Digest.SHA256)
    name = cipher.value.replace("aes", "aes-")
    arguments = ("-encrypt", "-binary", f"-{name}", "-recip", "house.pem", *options, "-outform", "DER")
    built = parties.enveloped(openssl(keys, *arguments, data=inner))
    found = taken(built, bodies)
    assert (found.content.read(), found.cipher) == (ORDER, cipher)


def test_what_openssl_writes_in_base64_is_taken(keys: Path, bodies: Bodies) -> None:
    inner = signed_by_openssl(keys, Digest.SHA256)
    data = openssl(keys, "-encrypt", "-binary", "-aes-256-cbc", "-recip", "house.pem", "-outform", "SMIME", data=inner)
    assert taken(message(data), bodies).content.read() == ORDER


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("scheme", SignatureScheme)
def test_openssl_verifies_what_we_sign(keys: Path, bodies: Bodies, digest: Digest, scheme: SignatureScheme) -> None:
    built = build(replace(security(encrypt=False), digest=digest, scheme=scheme), bodies)
    arguments = ("-verify", "-CAfile", "acme.pem", "-purpose", "any", "-no_check_time")
    found = openssl(keys, *arguments, data=whole(built))
    assert found.endswith(b"\r\n\r\n" + ORDER)


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("transport", KeyTransport)
def test_openssl_opens_what_we_encrypt(keys: Path, bodies: Bodies, cipher: Cipher, transport: KeyTransport) -> None:
    built = build(replace(security(sign=False), cipher=cipher, transport=transport), bodies)
    arguments = ("-decrypt", "-binary", "-inform", "DER", "-recip", "house.pem", "-inkey", "house.key")
    assert openssl(keys, *arguments, data=built.body.read()).endswith(b"\r\n\r\n" + ORDER)


def test_openssl_opens_and_verifies_what_we_sign_and_encrypt(keys: Path, bodies: Bodies) -> None:
    built = build(security(), bodies)
    arguments = ("-decrypt", "-binary", "-inform", "DER", "-recip", "house.pem", "-inkey", "house.key")
    inner = openssl(keys, *arguments, data=built.body.read())
    arguments = ("-verify", "-CAfile", "acme.pem", "-purpose", "any", "-no_check_time")
    assert openssl(keys, *arguments, data=inner).endswith(b"\r\n\r\n" + ORDER)
