"""The program that speaks pyas2lib: run in an environment of its own, never imported; a JSON object a line in and out.

pyas2lib rests on oscrypto, whose last release does not know an OpenSSL from 3.0.10 on by its version: the expression it
reads the version with is widened here, before it is imported.
"""

from __future__ import annotations

import base64
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import time
from typing import Any

NARROW = "(\\\\d\\\\.\\\\d\\\\.\\\\d[a-z]*)"
WIDE = "(\\\\d+\\\\.\\\\d+\\\\.\\\\d+[a-z]*)"


class WiderVersions(importlib.machinery.SourceFileLoader):
    """Loads oscrypto's module for libcrypto with an expression that two digits fit."""

    def get_data(self, path: str) -> bytes:
        data = super().get_data(path)
        return data.replace(NARROW.encode(), WIDE.encode()) if path.endswith(".py") else data

    def path_stats(self, path: str) -> Any:
        raise OSError("never from a cache")


class Finder(importlib.abc.MetaPathFinder):
    """Finds the two modules that read the version."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if not name.startswith("oscrypto._openssl._libcrypto_c"):
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path)
        if found is not None and found.origin is not None:
            found.loader = WiderVersions(name, found.origin)
        return found


sys.meta_path.insert(0, Finder())

from pyas2lib import Mdn, Message, Organization, Partner  # noqa: E402 after the shim


def parties(said: dict[str, Any]) -> tuple[Organization, Partner]:
    """pyas2lib's side and ours."""
    key = said["key"].encode()
    organization = Organization(as2_name="ACME", sign_key=key, decrypt_key=key, domain="acme.example")
    partner = Partner(
        as2_name="HOUSE",
        verify_cert=said["certificate"].encode(),
        encrypt_cert=said["certificate"].encode(),
        validate_certs=False,
        **said.get("partner", {}),
    )
    return organization, partner


def build(said: dict[str, Any]) -> dict[str, Any]:
    """A message from pyas2lib to us."""
    organization, partner = parties(said)
    message = Message(organization, partner)
    message.build(base64.b64decode(said["content"]), filename="po.edi", content_type=said["media"])
    MESSAGES[message.message_id] = message
    headers = [[name, value] for name, value in message.headers.items()]
    mic = message.mic.decode() if message.mic else None
    return {"headers": headers, "body": encoded(message.content), "id": message.message_id, "mic": mic}


def parse(said: dict[str, Any]) -> dict[str, Any]:
    """A message of ours, as pyas2lib takes it, with its receipt."""
    organization, partner = parties(said)
    message = Message()
    raw = base64.b64decode(said["raw"])
    found = message.parse(raw, find_org_cb=lambda _id: organization, find_partner_cb=lambda _id: partner)
    status, (exception, _traceback), mdn = found
    answer: dict[str, Any] = {"status": status, "error": repr(exception) if exception else None}
    answer["content"] = encoded(message.content or b"")
    if mdn is not None:
        answer["mdn"] = {
            "headers": [[name, value] for name, value in mdn.headers.items()],
            "body": encoded(mdn.content),
        }
    return answer


def parse_mdn(said: dict[str, Any]) -> dict[str, Any]:
    """A receipt of ours for a message that pyas2lib built."""
    status, detail = Mdn().parse(base64.b64decode(said["raw"]), lambda id, _recipient: MESSAGES.get(id))
    return {"status": status, "detail": detail}


def measure(said: dict[str, Any]) -> dict[str, Any]:
    """CPU seconds of building and of reading one message many times."""
    organization, partner = parties(said)
    content = base64.b64decode(said["content"])
    times = said["times"]
    started = time.process_time()
    for _ in range(times):
        Message(organization, partner).build(content, filename="po.edi", content_type=said["media"])
    built = time.process_time() - started
    raw = base64.b64decode(said["raw"])
    started = time.process_time()
    for _ in range(times):
        found = Message().parse(raw, find_org_cb=lambda _id: organization, find_partner_cb=lambda _id: partner)
        assert found[0] == "processed", found
    return {"build": built / times, "receive": (time.process_time() - started) / times}


MESSAGES: dict[str, Message] = {}
DONE = {"build": build, "parse": parse, "parse_mdn": parse_mdn, "measure": measure}


def encoded(data: bytes | str) -> str:
    """Bytes as JSON takes them."""
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        said = json.loads(line)
        sys.stdout.write(json.dumps(DONE[said["do"]](said)) + "\n")
        sys.stdout.flush()
