"""A4: the ways in which a message cannot be opened take the same time, as far as a sender could measure."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gateway.as2 import der
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.message import Built, open_message
from gateway.as2.mime import Headers
from gateway.as2.refusals import Modifier, Refused
from tests.gateway.as2.parties import NOW, ORDER, build, encrypted, security, trust, with_body

pytestmark = pytest.mark.faults

ROUNDS = 400
MOST_SECONDS = 0.001


def flipped(built: Built, at: Callable[[bytes], int]) -> Built:
    data = bytearray(built.body.read())
    data[at(bytes(data))] ^= 0x41
    return with_body(built, bytes(data))


def test_failed_decryptions_differ_by_less_than_a_millisecond() -> None:
    with Bodies() as bodies:
        good = build(security(), bodies, ORDER * 100)
        kinds = {
            "key": flipped(good, lambda data: data.find(der.head(der.OCTET_STRING, 256)) + 100),
            "padding": flipped(good, lambda data: len(data) - 17),
            "content": flipped(good, lambda data: len(data) // 2),
            "mime": encrypted(b"no headers " * 1300, bodies),
            "type": encrypted(b"\r\n" + b"no type " * 1800, bodies),
        }
        bodies_of = {name: (Headers(built.headers), in_memory(built.body.read())) for name, built in kinds.items()}
        taken: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, (headers, body) in bodies_of.items():
                with Bodies() as own:
                    began = time.process_time()
                    found = open_message(headers, body, trust(), at=NOW, bodies=own)
                    taken[name].append(time.process_time() - began)
                assert isinstance(found, Refused)
                assert found.modifier is Modifier.DECRYPTION
    least = {name: min(times) for name, times in taken.items()}  # what the work takes, whatever else runs
    assert max(least.values()) - min(least.values()) < MOST_SECONDS, least
