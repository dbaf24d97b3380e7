"""ssh-audit looks at our server: nothing it fails, but for the NIST curves that partners' older software needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from sftp.keys import new_private_key
from sftp.memory import MemoryMailbox
from sftp.server import SFTPServer

TOOL = Path(sys.executable).with_name("ssh-audit")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not TOOL.exists() and not os.environ.get("CI"), reason="ssh-audit is not installed"),
]
ACCEPTED = {"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"}
"""Failed by ssh-audit for where the curves come from; FIPS 186-5 and CNSA 1.0 software offers nothing else."""


@pytest.fixture(scope="module")
def found() -> dict[str, list[dict[str, object]]]:
    server = SFTPServer(MemoryMailbox(), host_keys=[new_private_key()])
    server.start("127.0.0.1", 0)
    try:
        host, port = server.address
        command = [str(TOOL), "--json", "--skip-rate-test", "-p", str(port), host]
        told = subprocess.run(command, capture_output=True, text=True, timeout=90)
    finally:
        server.stop(grace_seconds=0)
    return json.loads(told.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["kex", "key", "enc", "mac"])
def test_nothing_fails_that_we_did_not_choose(
    found: dict[str, list[dict[str, object]]], passed: Callable[..., None], kind: str
) -> None:
    assert found[kind]
    failed = {str(one["algorithm"]) for one in found[kind] if "fail" in one["notes"]}  # type: ignore[operator]
    assert failed <= ACCEPTED
    passed("ssh-audit", version("ssh-audit"), "to us", "nothing fails but the NIST curves of older partners")


def test_strict_key_exchange_holds_against_terrapin(
    found: dict[str, list[dict[str, object]]], passed: Callable[..., None]
) -> None:
    assert "kex-strict-s-v00@openssh.com" in {one["algorithm"] for one in found["kex"]}
    ciphers = {str(one["algorithm"]) for one in found["enc"]}
    assert not [name for name in ciphers if "cbc" in name]
    passed("ssh-audit", version("ssh-audit"), "to us", "strict key exchange, no CBC (Terrapin)")


def test_no_known_vulnerability_is_told(found: dict[str, list[dict[str, object]]]) -> None:
    assert found.get("cves", []) == []


def test_a_hybrid_key_exchange_is_offered_first(found: dict[str, list[dict[str, object]]]) -> None:
    assert str(found["kex"][0]["algorithm"]).startswith("mlkem768x25519")
