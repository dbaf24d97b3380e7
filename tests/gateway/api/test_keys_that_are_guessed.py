"""Guessing keys: an address that shows bad ones is answered 429 for a while, whatever it shows then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving

FAILURES = 5
WRONG = {"Authorization": "Bearer tlk_000000000000_" + "A" * 43}


@pytest.fixture
def guessed(fresh_store: Store, tmp_path: Path) -> Iterator[Site]:
    """A server that lets an address fail five times."""
    with serving(fresh_store, tmp_path / "home", failures=FAILURES) as found:
        yield found


def statuses(site: Site, times: int, **how: dict[str, str]) -> list[int]:
    with site.client(None) as client:
        return [client.get("/v1/outbound", **how).status_code for _ in range(times)]  # type: ignore[arg-type]


def test_after_so_many_bad_keys_an_address_is_answered_429_also_with_a_good_one(guessed: Site) -> None:
    assert statuses(guessed, FAILURES + 2, headers=WRONG) == [401] * FAILURES + [429] * 2
    with guessed.client() as client:
        answer = client.get("/v1/outbound")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json()["type"] == "urn:tradelane:problem:too-many-failures"


def test_the_lock_wears_off(guessed: Site) -> None:
    statuses(guessed, FAILURES, headers=WRONG)
    guessed.seconds.passed += 59
    assert statuses(guessed, 1, headers=WRONG) == [429]
    guessed.seconds.passed += 2
    with guessed.client() as client:
        assert client.get("/v1/outbound").status_code == 200


def test_who_shows_nothing_guesses_nothing_and_health_is_always_told(guessed: Site) -> None:
    assert statuses(guessed, 3 * FAILURES) == [401] * 3 * FAILURES
    statuses(guessed, FAILURES, headers=WRONG)
    with guessed.client(None) as client:
        assert client.get("/healthz").status_code == 200


def test_an_upload_of_a_locked_address_is_refused_and_nothing_of_it_is_kept(guessed: Site) -> None:
    statuses(guessed, FAILURES, headers=WRONG)
    with guessed.client() as client:
        assert client.post("/v1/transmissions", content=b"ISA*x").status_code == 429
        guessed.seconds.passed += 61
        assert client.get("/v1/transmissions").json()["items"] == []
