"""SSH packets below paramiko's transport: bounded, read many at a time, sealed and opened in one step each."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from typing import Any, Protocol

import paramiko
from paramiko.packet import NeedRekeyException, Packetizer

LONGEST_SSH_PACKET = 256 * 1024
"""An SSH packet that claims to be longer is not read: it could claim four gigabytes, even before the login."""

AHEAD_BYTES = 64 * 1024
"""Bytes asked of the socket at a time, however few the next packet needs."""

_NUMBERS = 1 << 32
_NO_NONCE = bytes(12)


class StreamCipher(Protocol):
    """A cipher that goes on from packet to packet, as one half of `cryptography`'s CTR mode does."""

    def update(self, data: bytes) -> bytes:
        """The next bytes, encrypted or decrypted."""


class EncryptThenMac:
    """A stream cipher and a MAC over what it made, in the shape of an AEAD cipher (OpenSSH PROTOCOL, section 1.5).

    paramiko reads and writes packets of an AEAD cipher in one step each; those of a cipher beside a MAC it reads in
    three, and compares their MACs byte by byte in Python.

    Args:
        cipher: continues over all packets of one direction.
        key: of the MAC.
        digest: its hash, `sha256`.
        size: bytes of it that are sent.
        number: the sequence number of the packet at hand.
    """

    def __init__(self, cipher: StreamCipher, *, key: bytes, digest: str, size: int, number: Callable[[], int]) -> None:
        self._cipher = cipher
        self._key = key
        self._digest = digest
        self._size = size
        self._number = number

    def encrypt(self, _nonce: bytes, data: bytes, length: bytes) -> bytes:
        """A packet without its length, and its MAC behind it."""
        sealed = self._cipher.update(data)
        return sealed + self._mac(length, sealed)

    def decrypt(self, _nonce: bytes, data: bytes, length: bytes) -> bytes:
        """The packet without length and MAC; nothing is decrypted before the MAC was compared.

        Raises:
            paramiko.SSHException: the MAC does not fit.
        """
        sealed = data[: -self._size]
        if not hmac.compare_digest(data[-self._size :], self._mac(length, sealed)):
            raise paramiko.SSHException("Mismatched MAC")
        return self._cipher.update(sealed)

    def _mac(self, length: bytes, sealed: bytes) -> bytes:
        told = struct.pack(">I", self._number()) + length + sealed
        return hmac.digest(self._key, told, self._digest)[: self._size]


class Packets(Packetizer):
    """Reads no packet longer than it should be, and from the socket whatever is there."""

    _initial_kex_done: bool  # set by the transport

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self._sock = sock
        self._ahead = bytearray()
        self._number_in = 0
        self._number_out = 0
        self._is_complete = False

    def complete_handshake(self) -> None:
        """See Packetizer. The transport says so after every message; there is a timer to be stopped after the first."""
        if not self._is_complete:
            super().complete_handshake()
            self._is_complete = True

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """See Packetizer. Until keys are exchanged paramiko reads: what its first line has left over lies with it.

        Raises:
            paramiko.SSHException: the packet says it is longer than LONGEST_SSH_PACKET.
            NeedRekeyException: keys are to be exchanged, and nothing comes.
            EOFError: the connection is over.
        """
        if n > LONGEST_SSH_PACKET:
            raise paramiko.SSHException(f"a packet of {n} bytes; want {LONGEST_SSH_PACKET} at most")
        if not self._initial_kex_done:
            return super().read_all(n, check_rekey)
        ahead = self._ahead
        while len(ahead) < n:
            try:
                more = self._sock.recv(AHEAD_BYTES)
            except TimeoutError:
                if not self.closed:
                    if check_rekey and not ahead and self.need_rekey():
                        raise NeedRekeyException from None
                    continue
                more = b""
            if not more:
                raise EOFError
            ahead += more
        with memoryview(ahead) as view:
            taken = bytes(view[:n])
        del ahead[:n]
        return taken

    def read_message(self) -> tuple[int, paramiko.Message]:
        """See Packetizer."""
        kind, message = super().read_message()
        self._number_in = (message.seqno + 1) % _NUMBERS
        return kind, message

    def set_inbound_cipher(
        self,
        block_engine: Any,
        block_size: int,
        mac_engine: Any,
        mac_size: int,
        mac_key: bytes | bytearray,
        etm: bool = False,
        aead: bool = False,
        iv_in: bytes | None = None,
    ) -> None:
        """See Packetizer."""
        if etm:
            block_engine = EncryptThenMac(
                block_engine,
                key=bytes(mac_key),
                digest=mac_engine().name,
                size=mac_size,
                number=lambda: self._number_in,
            )
            etm, aead, iv_in = False, True, _NO_NONCE
        super().set_inbound_cipher(block_engine, block_size, mac_engine, mac_size, mac_key, etm, aead, iv_in)

    def set_outbound_cipher(
        self,
        block_engine: Any,
        block_size: int,
        mac_engine: Any,
        mac_size: int,
        mac_key: bytes | bytearray,
        sdctr: bool = False,
        etm: bool = False,
        aead: bool = False,
        iv_out: bytes | None = None,
    ) -> None:
        """See Packetizer."""
        if etm:
            block_engine = EncryptThenMac(
                block_engine, key=bytes(mac_key), digest=mac_engine().name, size=mac_size, number=self._last_out
            )
            etm, aead, iv_out = False, True, _NO_NONCE
        super().set_outbound_cipher(block_engine, block_size, mac_engine, mac_size, mac_key, sdctr, etm, aead, iv_out)

    def reset_seqno_in(self) -> None:
        """See Packetizer."""
        super().reset_seqno_in()
        self._number_in = 0

    def reset_seqno_out(self) -> None:
        """See Packetizer."""
        super().reset_seqno_out()
        self._number_out = 0

    def _build_packet(self, payload: bytes) -> bytes:
        """Called once for each packet, one after the other."""
        self._number_out = (self._number_out + 1) % _NUMBERS
        packet: bytes = super()._build_packet(payload)  # type: ignore[misc]
        return packet

    def _last_out(self) -> int:
        return (self._number_out - 1) % _NUMBERS
