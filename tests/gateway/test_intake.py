"""Intake closes before the disk is full or work piles up, says so, and opens again by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from gateway.app import disks_of
from gateway.errors import IntakeClosed, StoreUnavailable
from gateway.intake import Intake, free_share
from gateway.ports import FakeClock
from gateway.settings import load_settings
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, open_store
from tests.contracts.inlet_contract import InletContract
from tests.gateway.work_rows import add_delivery, add_transmission
from tests.waiting import wait_until


class Disk:
    """A disk of which so much is free."""

    share = 0.5

    def __call__(self) -> float:
        return self.share


def test_intake_is_closed_below_a_twentieth_of_free_disk_and_open_again_above(store: Store) -> None:
    clock, disk = FakeClock(), Disk()
    intake = Intake(store, clock, high_water=10, free=disk)
    disk.share = 0.05
    intake.admit()
    disk.share = 0.049
    clock.advance(timedelta(seconds=1))
    with pytest.raises(IntakeClosed, match="disk is nearly full") as caught:
        intake.admit()
    assert caught.value.retry_after > 0
    disk.share = 0.06
    clock.advance(timedelta(seconds=1))
    intake.admit()


def test_the_world_is_looked_at_once_a_second(store: Store) -> None:
    clock, disk = FakeClock(), Disk()
    intake = Intake(store, clock, high_water=10, free=disk)
    intake.admit()
    disk.share = 0.0
    clock.advance(timedelta(milliseconds=999))
    intake.admit()
    clock.advance(timedelta(milliseconds=1))
    with pytest.raises(IntakeClosed):
        intake.admit()
    disk.share = 1.0
    clock.advance(-timedelta(hours=1))  # a clock put back must not keep it closed
    intake.admit()


def test_intake_is_closed_while_too_many_files_wait_and_other_work_does_not_count(fresh_store: Store) -> None:
    clock = FakeClock()
    intake = Intake(fresh_store, clock, high_water=3, free=Disk())
    for _ in range(2):
        add_transmission(fresh_store, "in:acme:flow")
    add_transmission(fresh_store, "in:acme:flow", state="processed")
    add_transmission(fresh_store, "send:as2:acme", direction="out", state="queued")
    add_delivery(fresh_store, "out:erp#0")
    intake.admit()
    add_transmission(fresh_store, "in:globex:flow")
    clock.advance(timedelta(seconds=1))
    with pytest.raises(IntakeClosed, match="too many files wait"):
        intake.admit()


def test_the_free_share_of_a_real_disk_is_a_share(tmp_path) -> None:
    assert 0 < free_share([tmp_path]) < 1


def test_of_several_disks_the_fullest_counts_and_one_that_is_not_there_does_not(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    disks = [disk for disk in (tmp_path, memory) if disk.is_dir()]
    fullest = min(free_share([disk]) for disk in disks)
    assert free_share([*disks, tmp_path / "gone"]) == pytest.approx(fullest, abs=0.02)
    assert free_share([*reversed(disks)]) == pytest.approx(fullest, abs=0.02)
    with pytest.raises(FileNotFoundError):
        free_share([tmp_path / "gone"])


def test_a_node_looks_at_the_disk_of_its_own_database_too(tmp_path: Path) -> None:
    home, database = disks_of(load_settings(tmp_path, environment={}))
    assert (home, database) == (tmp_path, EmbeddedPostgres(tmp_path).folder)
    served = load_settings(tmp_path, environment={"TRADELANE_DATABASE_URL": "postgresql://edi@db/edi"})
    assert disks_of(served) == (tmp_path,)


class CountingClock(FakeClock):
    """Tells how often it was looked at."""

    looked = 0

    def now(self) -> datetime:
        self.looked += 1
        return super().now()


def test_all_who_wait_while_the_database_is_asked_in_vain_are_told_at_once(fresh_database_url: str) -> None:
    contract = InletContract()
    contract.url = fresh_database_url
    store, clock, go_on, looks = open_store(fresh_database_url), CountingClock(), Event(), []

    def free() -> float:
        looks.append(1)
        assert go_on.wait(20)
        return 0.5

    intake = Intake(store, clock, high_water=10, free=free)

    def refused(_: int) -> bool:
        try:
            intake.admit()
        except StoreUnavailable:
            return True
        return False

    with contract.database_gone():
        with ThreadPoolExecutor(8) as callers:
            asked = callers.map(refused, range(8))
            wait_until(lambda: clock.looked >= 8, within=20)
            go_on.set()
            assert list(asked) == [True] * 8
        assert len(looks) == 1
        assert refused(9)
        assert len(looks) == 2
    intake.admit()  # not a moment later than it is back
    store.close()
