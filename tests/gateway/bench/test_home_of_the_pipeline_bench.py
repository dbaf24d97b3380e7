"""The workspace that `bench pipeline` measures loads, and its files are good: refusals would be no figures."""

from __future__ import annotations

from pathlib import Path

from gateway.bench import BENCHES
from gateway.bench.figures import Peer, row
from gateway.bench.pipeline_home import DESTINATIONS, PARTNERS, WORKERS, interchange, make_home, user
from gateway.settings import load_settings
from gateway.workspace import profile_roots
from partners.registry import Identified, PartnerRegistry
from translators.x12.guide import GuideLibrary
from translators.x12.model import InterchangeStart, TransactionSet
from translators.x12.reader import read_x12


def test_the_home_has_twenty_partners_and_four_destinations(tmp_path: Path) -> None:
    make_home(tmp_path)
    settings = load_settings(tmp_path, environment={})
    registry = PartnerRegistry.load(profile_roots(tmp_path, samples=settings.samples))
    assert (len(registry.partners), len(settings.destinations), settings.workers) == (PARTNERS, DESTINATIONS, WORKERS)
    delivered_to = {name for one in registry.partners.values() for found in one.agreements for name in found.deliver_to}
    assert delivered_to == set(settings.destinations)


def test_every_partners_file_is_its_own_and_has_no_fault(tmp_path: Path) -> None:
    make_home(tmp_path)
    registry = PartnerRegistry.load(profile_roots(tmp_path, samples=False))
    guides = GuideLibrary.shipped()
    for number in range(PARTNERS):
        events = list(read_x12([interchange(number, orders=2)], guides=guides))
        assert [issue for event in events for issue in event.issues] == []
        [start] = [event for event in events if isinstance(event, InterchangeStart)]
        account = registry.account(user(number))
        who = registry.identify_interchange(account, sender=start.header.sender, receiver=start.header.receiver)
        assert isinstance(who, Identified)
        assert who.partner.key == user(number)
        assert sum(isinstance(event, TransactionSet) for event in events) == 2


def test_the_table_names_every_bench() -> None:
    assert sorted(BENCHES) == ["as2", "map", "pipeline", "sftp", "x12"]


def test_a_row_has_all_the_keys_that_programs_read() -> None:
    found = row("speed", 12.3456, "x/s", reach=10, peer=Peer("other", 4.0))
    assert found == {
        "name": "speed",
        "value": 12.3,
        "unit": "x/s",
        "better": "higher",
        "reach": 10,
        "peer": "other",
        "peer_value": 4.0,
        "ratio": 3.09,
    }
