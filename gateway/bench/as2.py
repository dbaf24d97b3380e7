"""`tradelane bench as2`: messages built and received, a receipt for each, and the memory a large one takes.

Every figure is taken in a process of its own (`python -m gateway.bench.as2 NAME NUMBER FOLDER`) and counts CPU seconds,
so that it is of one core. pyas2lib runs beside it on the same message, where `make peers` has set it up.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gateway.as2.bodies import Bodies, Part, in_memory, whole
from gateway.as2.headers import receipt_options
from gateway.as2.keys import Identity, certificate
from gateway.as2.mdn import MDN, make_mdn
from gateway.as2.message import Built, Opened, Security, Trust, build_message, open_message
from gateway.as2.mic import mic_text
from gateway.as2.mime import Headers
from gateway.bench.figures import Peer, Row, report, row
from gateway.store.vault import INLINE_LIMIT, Spool

SMALL = 10_000
LARGE = 500 * 1024 * 1024
TIMES = 2000
PEER_TIMES = 300
MEBIBYTE = 1024 * 1024
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MEDIA = "application/edi-x12"


def bench_as2(*, quick: bool = False) -> dict[str, Any]:
    """Measure.

    Args:
        quick: a tenth of the work.

    Returns:
        The object of `tradelane bench as2 --json`.
    """
    share = 10 if quick else 1
    with tempfile.TemporaryDirectory(prefix="tradelane-bench-") as folder:
        home = Path(folder)
        for name in ("house", "acme"):
            _write_party(home, name)
        peer = _peer(home, PEER_TIMES // share)
        size = f"{SMALL // 1000} KB, signed (RSA 2048, SHA-256), AES-256"
        rows = [
            _rate(f"message built, {size}", "build", TIMES // share, home, reach=1000, peer=peer),
            _rate(
                f"message received, {size}, a signed MDN made", "receive", TIMES // share, home, reach=400, peer=peer
            ),
            row(
                f"memory above import, message of {LARGE // share // MEBIBYTE} MB received",
                _measure("memory", LARGE // share, home),
                "MB",
                reach=64,
                better="lower",
            ),
        ]
    return report("as2", rows)


def bench_memory(size: int) -> float:
    """Megabytes above import that receiving one message of so many bytes takes."""
    with tempfile.TemporaryDirectory(prefix="tradelane-bench-") as folder:
        home = Path(folder)
        for name in ("house", "acme"):
            _write_party(home, name)
        return _measure("memory", size, home)


def _rate(name: str, what: str, times: int, home: Path, *, reach: float, peer: dict[str, float]) -> Row:
    found = peer.get(what)
    beside = None if found is None else Peer("pyas2lib 1.4.4, the same message", 1 / found)
    return row(name, 1 / _measure(what, times, home), "messages/s per core", reach=reach, peer=beside)


def _measure(what: str, number: int, home: Path) -> float:
    """Run one figure in a process of its own."""
    command = [sys.executable, "-m", "gateway.bench.as2", what, str(number), str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 our own module
    return float(done.stdout)


def _peer(home: Path, times: int) -> dict[str, float]:
    """CPU seconds of pyas2lib for one message; empty where it is not installed."""
    python = Path(sys.prefix) / "peers" / "pyas2lib" / "bin" / "python"
    program = Path(__file__).parents[2] / "tests" / "interop" / "pyas2_peer.py"
    if not python.exists() or not program.exists():
        return {}
    terms = {"sign": True, "encrypt": True, "enc_alg": "aes_256_cbc", "digest_alg": "sha256"}
    with Bodies() as bodies:
        built = _built(home, in_memory(_content(SMALL)), bodies, sender="house", receiver="acme")
        headers = [("AS2-From", "HOUSE"), ("AS2-To", "ACME"), ("Message-ID", "<1@house>"), *built.headers]
        headers.append(("Disposition-Notification-To", "edi@house.example"))
        headers.append(("Disposition-Notification-Options", receipt_options(Security().digest)))
        raw = Headers(tuple(headers)).encoded() + b"\r\n" + built.body.read()
    said = {
        "do": "measure",
        "key": (home / "acme.key").read_text() + (home / "acme.pem").read_text(),
        "certificate": (home / "house.pem").read_text(),
        "partner": terms,
        "content": base64.b64encode(_content(SMALL)).decode(),
        "raw": base64.b64encode(raw).decode(),
        "media": MEDIA,
        "times": times,
    }
    done = subprocess.run(  # noqa: S603 a program of ours
        [str(python), str(program)], input=json.dumps(said) + "\n", capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _build(times: int, home: Path) -> float:
    content = in_memory(_content(SMALL))
    security = _security(home, sender="house", receiver="acme")
    started = 0.0
    for number in range(times + 10):
        if number == 10:  # warm from here on
            started = time.process_time()
        with Bodies() as bodies:
            build_message(content, media=MEDIA, filename="po.edi", security=security, at=NOW, bodies=bodies)
    return (time.process_time() - started) / times


def _receive(times: int, home: Path) -> float:
    with Bodies() as bodies:
        built = _built(home, in_memory(_content(SMALL)), bodies, sender="acme", receiver="house")
        body = in_memory(built.body.read())
    trust = _trust(home)
    signing = Security(signer=_identity(home, "house"))
    started = 0.0
    for number in range(times + 10):
        if number == 10:
            started = time.process_time()
        with Bodies() as bodies:
            opened = open_message(Headers(built.headers), body, trust, at=NOW, bodies=bodies)
            assert isinstance(opened, Opened)
            said = MDN("<1@acme>", "HOUSE", mic=mic_text(opened.mics, signing.digest))
            make_mdn(said, signing, at=NOW, bodies=bodies)
    return (time.process_time() - started) / times


def _memory(size: int, home: Path) -> float:
    """Megabytes above what the process has when it is ready to receive: as the channel does it, up to the commit."""
    trust = _trust(home)
    raw = Spool(home / "incoming", inline_limit=INLINE_LIMIT)
    with raw, Bodies(home) as bodies:
        before = _peak()
        with Bodies(home) as making:
            built = _built(home, whole(_Repeated(size)), making, sender="acme", receiver="house")
            for chunk in built.body.chunks():
                raw.write(chunk)
            headers = Headers(built.headers)
        opened = open_message(headers, whole(raw), trust, at=NOW, bodies=bodies)
        assert isinstance(opened, Opened), opened
        with Spool(home / "incoming", inline_limit=INLINE_LIMIT) as kept:
            for chunk in opened.content.chunks():
                kept.write(chunk)
            assert kept.size == size
    return (_peak() - before) / 1024


class _Repeated:
    """A large content that takes no room."""

    def __init__(self, size: int) -> None:
        self.size = size

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """See Readable."""
        block = _content(256 * 1024)
        for at in range(start, end, len(block)):
            yield block[: min(len(block), end - at)]


def _peak() -> int:
    """The most memory this process ever had, in KiB; getrusage also counts what its parent had at the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def _content(size: int) -> bytes:
    line = b"PO1*1*120*EA*9.95**VC*4711-0815-AB*UP*012345678905~\r\n"
    return (line * (size // len(line) + 1))[:size]


def _built(home: Path, content: Part, bodies: Bodies, *, sender: str, receiver: str) -> Built:
    security = _security(home, sender=sender, receiver=receiver)
    return build_message(content, media=MEDIA, filename="po.edi", security=security, at=NOW, bodies=bodies)


def _security(home: Path, *, sender: str, receiver: str) -> Security:
    return Security(signer=_identity(home, sender), encrypt_to=_identity(home, receiver).certificate)


def _trust(home: Path) -> Trust:
    identity, pinned = _identity(home, "house"), _identity(home, "acme").certificate
    return Trust(identities=(identity,), pinned=(pinned,), most_bytes=1 << 40)


def _write_party(home: Path, name: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    days = NOW - timedelta(days=1), NOW + timedelta(days=1)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), *days)
    (home / f"{name}.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    path = home / f"{name}.key"
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _identity(home: Path, name: str) -> Identity:
    key = load_pem_private_key((home / f"{name}.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    found = x509.load_pem_x509_certificate((home / f"{name}.pem").read_bytes())
    return Identity(certificate(found), key)


FIGURES: dict[str, Callable[[int, Path], float]] = {"build": _build, "receive": _receive, "memory": _memory}

if __name__ == "__main__":
    sys.stdout.write(f"{FIGURES[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))}\n")
