"""SSH keys: public ones as values, private ones read from their OpenSSH or PEM text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from paramiko.pkey import UnknownKeyType

from sftp.errors import SetupError

KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""The kinds of key taken for a login or as a host key, best first; `ssh-rsa` names the key, never a SHA-1 signature."""

SMALLEST_RSA_BITS = 2048
"""RSA keys below this are refused everywhere."""

DISABLED_ALGORITHMS = {
    "kex": (
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ),
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "blowfish-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"),
    "keys": ("ssh-rsa", "ssh-dss"),
    "pubkeys": ("ssh-rsa", "ssh-dss"),
}
"""What neither our server nor our client negotiates; named in full, so that no paramiko release brings one back."""

_KINDS: tuple[tuple[type, type[paramiko.PKey]], ...] = (
    (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
    (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
    (rsa.RSAPrivateKey, paramiko.RSAKey),
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: its type as SSH names it, and its blob (RFC 4253, section 6.6)."""

    type: str
    blob: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read one line of the `authorized_keys` or `.pub` form: type, base64, comment.

        Raises:
            SetupError: the line is no public key, of a type not taken, or an RSA key too small.
        """
        words = text.split()
        if len(words) < 2 or words[0] not in KEY_TYPES:
            raise SetupError(f"public key starts {text[:20]!r}; want one of {', '.join(KEY_TYPES)} and its base64")
        try:
            blob = base64.b64decode(words[1], validate=True)
            key = paramiko.PKey.from_type_string(words[0], blob)
        except (binascii.Error, ValueError, paramiko.SSHException, UnknownKeyType) as error:
            raise SetupError(f"public key of type {words[0]} cannot be read; want the line of its .pub file") from error
        found = cls(type=words[0], blob=blob)
        if not is_strong(key):
            raise SetupError(f"RSA key {found.fingerprint} has {key.get_bits()} bits; want {SMALLEST_RSA_BITS} or more")
        return found

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as OpenSSH prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return "SHA256:" + digest.rstrip("=")

    @property
    def line(self) -> str:
        """The key as a line of `authorized_keys` or `known_hosts`, without host and comment."""
        return f"{self.type} {base64.b64encode(self.blob).decode('ascii')}"


def is_strong(key: paramiko.PKey) -> bool:
    """Whether a key may be used for a login or as a host key: a type of KEY_TYPES, RSA of 2048 bits or more."""
    if key.get_name() not in KEY_TYPES:
        return False
    return key.get_name() != "ssh-rsa" or key.get_bits() >= SMALLEST_RSA_BITS


def new_private_key() -> bytes:
    """A fresh ed25519 key in OpenSSH's private key format, unencrypted: for a first host key, a demo, a test."""
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def read_private_key(text: bytes, *, passphrase: str | None = None) -> paramiko.PKey:
    """Read a private key of any type we take.

    Args:
        text: the content of an OpenSSH or PEM private key file.
        passphrase: for an encrypted one.

    Raises:
        SetupError: no such key, a wrong passphrase, or an RSA key too small. The message never shows the key.
    """
    password = None if passphrase is None else passphrase.encode()
    load = serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in text else serialization.load_pem_private_key
    try:
        loaded = load(text, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SetupError("private key cannot be read; want OpenSSH or PEM text, and the right passphrase") from error
    kind = next((kind for found, kind in _KINDS if isinstance(loaded, found)), None)
    if kind is None:
        raise SetupError("private key is of another kind; want ed25519, ecdsa or RSA")
    plain = loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    key = kind.from_private_key(io.StringIO(plain.decode("ascii")))
    if not is_strong(key):
        raise SetupError(f"private key is {key.get_name()} of {key.get_bits()} bits; want RSA of {SMALLEST_RSA_BITS}")
    return key


def public_part(text: bytes, *, passphrase: str | None = None) -> PublicKey:
    """The public key that belongs to a private key file.

    Raises:
        SetupError: as `read_private_key`.
    """
    key = read_private_key(text, passphrase=passphrase)
    return PublicKey(type=key.get_name(), blob=key.asbytes())
