"""Our packets beside paramiko's own, each reading what the other wrote."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from paramiko.packet import Packetizer

from sftp.packets import Packets

KEY, IV, MAC_KEY = bytes(range(16)), bytes(range(16, 32)), bytes(range(64))
PAYLOADS = [b"\x5e", b"\x5e" + b"x" * 5000, b"\x5d" + bytes(37), b"\x5e" + b"y" * 32768]
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    near.settimeout(20)
    far.settimeout(20)
    with near, far:
        yield near, far


def engine(*, encrypts: bool) -> CipherContext:
    cipher = Cipher(AES(KEY), CTR(IV))
    return cipher.encryptor() if encrypts else cipher.decryptor()


def settled(kind: type[Packetizer], sock: socket.socket) -> Packetizer:
    """Packets of a connection whose first keys are exchanged."""
    packets = kind(sock)
    packets._initial_kex_done = True
    return packets


def sealed(packets: Packetizer, digest: Any) -> Packetizer:
    size = digest().digest_size
    packets.set_outbound_cipher(engine(encrypts=True), 16, digest, size, MAC_KEY, sdctr=True, etm=True)
    packets.set_inbound_cipher(engine(encrypts=False), 16, digest, size, MAC_KEY, etm=True)
    return packets


def message(payload: bytes) -> paramiko.Message:
    made = paramiko.Message()
    made.add_bytes(payload)
    return made


def read(packets: Packetizer) -> bytes:
    kind, found = packets.read_message()
    return bytes([kind]) + found.asbytes()


@pytest.mark.parametrize("digest", [hashlib.sha256, hashlib.sha512], ids=["sha256", "sha512"])
@pytest.mark.parametrize(("writer", "reader"), [(Packets, Packetizer), (Packetizer, Packets)], ids=["ours", "theirs"])
def test_what_one_side_seals_the_other_opens(pair: Pair, writer, reader, digest) -> None:
    out, into = sealed(settled(writer, pair[0]), digest), sealed(settled(reader, pair[1]), digest)
    for payload in PAYLOADS:
        out.send_message(message(payload))
        assert read(into) == payload


@pytest.mark.parametrize("writer", [Packets, Packetizer], ids=["ours", "theirs"])
def test_packets_are_numbered_from_the_first_one_in_the_clear(pair: Pair, writer) -> None:
    out, into = settled(writer, pair[0]), settled(Packets if writer is Packetizer else Packetizer, pair[1])
    for _ in range(3):
        out.send_message(message(b"\x14clear"))
        assert read(into) == b"\x14clear"
    sealed(out, hashlib.sha256)
    sealed(into, hashlib.sha256)
    out.send_message(message(b"\x5esealed"))
    assert read(into) == b"\x5esealed"


@pytest.mark.parametrize("writer", [Packets, Packetizer], ids=["ours", "theirs"])
def test_numbers_begin_anew_where_the_key_exchange_is_strict(pair: Pair, writer) -> None:
    out, into = settled(writer, pair[0]), settled(Packets if writer is Packetizer else Packetizer, pair[1])
    out.send_message(message(b"\x15"))
    assert read(into) == b"\x15"
    sealed(out, hashlib.sha256).reset_seqno_out()
    sealed(into, hashlib.sha256).reset_seqno_in()
    out.send_message(message(b"\x5eafter"))
    assert read(into) == b"\x5eafter"


def test_packets_that_come_at_once_or_in_pieces_are_the_same(pair: Pair) -> None:
    near, far = pair
    out = sealed(settled(Packets, near), hashlib.sha256)
    for payload in PAYLOADS[:3]:
        out.send_message(message(payload))
    stream = far.recv(1 << 16)
    into = sealed(settled(Packets, near), hashlib.sha256)
    far.sendall(stream)
    assert [read(into) for _ in range(3)] == PAYLOADS[:3]
    slow = sealed(settled(Packets, near), hashlib.sha256)
    for at in range(0, len(stream), 99):
        far.sendall(stream[at : at + 99])
    assert [read(slow) for _ in range(3)] == PAYLOADS[:3]


def test_a_packet_altered_in_any_byte_is_refused(pair: Pair) -> None:
    near, far = pair
    sealed(settled(Packets, near), hashlib.sha256).send_message(message(b"\x5eISA*00"))
    stream = far.recv(1 << 16)
    for at in range(4, len(stream)):  # the length before it is altered with the next test
        altered = bytearray(stream)
        altered[at] ^= 1
        far.sendall(altered)
        with pytest.raises(paramiko.SSHException, match="Mismatched MAC"):
            sealed(settled(Packets, near), hashlib.sha256).read_message()


def test_a_length_that_was_altered_is_refused(pair: Pair) -> None:
    near, far = pair
    sealed(settled(Packets, near), hashlib.sha256).send_message(message(b"\x5eISA*00"))
    stream = bytearray(far.recv(1 << 16))
    stream[3] -= 1
    far.sendall(stream)
    with pytest.raises(paramiko.SSHException, match="Mismatched MAC"):
        sealed(settled(Packets, near), hashlib.sha256).read_message()


def test_a_packet_replayed_or_left_out_is_refused(pair: Pair) -> None:
    near, far = pair
    out = sealed(settled(Packets, near), hashlib.sha256)
    out.send_message(message(b"\x5eone"))
    first = far.recv(1 << 16)
    out.send_message(message(b"\x5etwo"))
    second = far.recv(1 << 16)
    into = sealed(settled(Packets, near), hashlib.sha256)
    far.sendall(first + first)
    assert read(into) == b"\x5eone"
    with pytest.raises(paramiko.SSHException, match="Mismatched MAC"):
        into.read_message()
    far.sendall(second)
    with pytest.raises(paramiko.SSHException, match="Mismatched MAC"):
        sealed(settled(Packets, near), hashlib.sha256).read_message()


def test_a_connection_that_ends_within_a_packet_is_over(pair: Pair) -> None:
    near, far = pair
    sealed(settled(Packets, near), hashlib.sha256).send_message(message(b"\x5eISA*00"))
    stream = far.recv(1 << 16)
    far.sendall(stream[:-1])
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(EOFError):
        sealed(settled(Packets, near), hashlib.sha256).read_message()
