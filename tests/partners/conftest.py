"""Folders of profiles made for a test, and what is found wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from partners.registry import PartnerRegistry
from translators.datafile import LoadError

OURSELVES = """\
us:
  name: House US
  identifiers:
    - {qualifier: ZZ, id: HOUSEUS}
eu:
  name: House EU
  identifiers:
    - {qualifier: ZZ, id: HOUSEEU}
  group_ids: [EUDESK]
"""


class Profiles:
    """A root folder of profiles that a test fills."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> Path:
        """Write one file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text), encoding="utf-8")
        return target

    def load(self, *others: Profiles) -> PartnerRegistry:
        """Load this root and others after it."""
        return PartnerRegistry.load([self.root, *(other.root for other in others)])

    def faults(self, *others: Profiles) -> list[tuple[str, str]]:
        """(`FILE:LINE:COLUMN` below the root's parent, message) of every fault."""
        with pytest.raises(LoadError) as caught:
            self.load(*others)
        return [(str(fault.place).removeprefix(f"{self.root.parent}/"), fault.message) for fault in caught.value.faults]


@pytest.fixture
def new_profiles(tmp_path: Path) -> Callable[..., Profiles]:
    """Make a root by name; `ourselves` is there unless told otherwise."""

    def make(name: str = "p", *, ourselves: str | None = OURSELVES) -> Profiles:
        (tmp_path / name).mkdir()
        profiles = Profiles(tmp_path / name)
        if ourselves is not None:
            profiles.write("ourselves.yaml", ourselves)
        return profiles

    return make


@pytest.fixture
def profiles(new_profiles: Callable[..., Profiles]) -> Profiles:
    """One root with our two legal entities."""
    return new_profiles()


def _line(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


@pytest.fixture(scope="session")
def key_lines() -> dict[str, str]:
    """Public keys by a name of their kind, each one line."""
    return {
        "ed25519": _line(ed25519.Ed25519PrivateKey.generate()),
        "other": _line(ed25519.Ed25519PrivateKey.generate()),
        "third": _line(ed25519.Ed25519PrivateKey.generate()),
        "ecdsa": _line(ec.generate_private_key(ec.SECP384R1())),
        "rsa": _line(rsa.generate_private_key(65537, 2048)),
        "weak": _line(rsa.generate_private_key(65537, 1024)),
    }
