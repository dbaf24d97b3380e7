"""The gateway's own Ed25519 key, which signs checkpoints and evidence packs. It never leaves the home folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.errors import SigningKeyRefused

KEY_FILE = Path("audit") / "signing.key"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, in hand."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public part, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same for the same message, always (RFC 8032 5.1.6)."""
        return self.private.sign(message)


def signing_key(home: Path) -> SigningKey:
    """The key of a workspace; made the first time, readable by its owner alone.

    Raises:
        SigningKeyRefused: the file is no Ed25519 key, or others may read it.
    """
    path = home / KEY_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise SigningKeyRefused(f"{path} may be read by others than its owner; chmod 600 it, and consider it known")
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise SigningKeyRefused(f"{path} is no private key in PEM form") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningKeyRefused(f"{path} is no Ed25519 key; move it away, and a new one is made")
    return SigningKey(private)


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)  # of two that start at once, one key stays
    except FileExistsError:
        return
    finally:
        fresh.unlink()
