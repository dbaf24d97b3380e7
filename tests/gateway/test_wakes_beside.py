"""Lanes are woken beside the work, each once however often it was asked for, and none is forgotten."""

from __future__ import annotations

from threading import Event

from gateway.wakes import Wakes


def test_who_asks_does_not_wait_and_what_comes_meanwhile_is_woken_once() -> None:
    entered, release = Event(), Event()
    woken: list[list[str]] = []

    def wake(lanes: list[str]) -> None:
        woken.append(lanes)
        entered.set()
        release.wait(20)

    wakes = Wakes(wake)
    wakes.soon(["a"])
    assert entered.wait(20)
    for _ in range(100):
        wakes.soon(["b", "c"])
    release.set()
    wakes.close()
    assert woken == [["a"], ["b", "c"]]


def test_the_end_wakes_what_was_asked_for() -> None:
    woken: list[str] = []
    wakes = Wakes(woken.extend)
    wakes.soon(["a"])
    wakes.close()
    assert woken == ["a"]


def test_between_two_times_it_rests_and_the_end_cuts_that_short() -> None:
    entered = Event()
    woken: list[list[str]] = []

    def wake(lanes: list[str]) -> None:
        woken.append(lanes)
        entered.set()

    wakes = Wakes(wake, rest=3600)
    wakes.soon(["a"])
    assert entered.wait(20)
    for lane in ("b", "a", "b"):
        wakes.soon([lane])
    wakes.close()
    assert woken == [["a"], ["b", "a"]]
