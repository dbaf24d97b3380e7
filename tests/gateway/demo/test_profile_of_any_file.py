"""The demo of a user's own file: a workspace is made from its envelope, whoever it is from and for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.demo.anyfile import KEY, Bringer, NoEnvelope, profile_for
from gateway.demo.run import FILES
from gateway.workspace import profile_roots
from partners.registry import Identified, NotIdentified, PartnerRegistry
from tests.gateway.inbound_line import file_of, group, interchange, order


def made_of(content: bytes, home: Path) -> tuple[Bringer, PartnerRegistry]:
    path = home / "yours.edi"
    path.write_bytes(content)
    found = profile_for(path, home / "partners" / "profiles")
    return found, PartnerRegistry.load(profile_roots(home, samples=found.samples))


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [("SOMEBODY", "ELSE"), ("SOMEBODY", "ACME"), ("ACME", "ELSE"), ("TRADELANE", "ACME"), ("O'NEILL: #1", '"[x]')],
)
def test_the_sender_may_bring_it_and_the_receiver_is_us(tmp_path: Path, sender: str, receiver: str) -> None:
    found, registry = made_of(file_of("PO-1", sender=sender, receiver=receiver), tmp_path)
    assert found == Bringer(KEY, samples=False)
    account = registry.account(found.user)
    who = registry.identify_interchange(account, sender=("ZZ", sender), receiver=("ZZ", receiver))
    assert isinstance(who, Identified)
    assert [item.map for item in who.partner.agreements] == ["base/850.in"]


def test_a_file_between_sample_partners_keeps_their_own_agreements(tmp_path: Path) -> None:
    found, registry = made_of((FILES / "acme-order.edi").read_bytes(), tmp_path)
    assert found == Bringer("acme", samples=True)
    assert registry.partners["acme"].agreements[0].map == "acme/850.in"


def test_who_sends_to_himself_is_not_us(tmp_path: Path) -> None:
    found, registry = made_of(file_of("PO-1", sender="ME", receiver="ME"), tmp_path)
    who = registry.identify_interchange(registry.account(found.user), sender=("ZZ", "ME"), receiver=("ZZ", "ME"))
    assert isinstance(who, NotIdentified)


def test_a_set_without_a_map_passes_through_and_one_without_a_name_is_left_out(tmp_path: Path) -> None:
    sets = [order("X", code="888"), order("Y", code="8\x1b0", st02="0002")]
    _, registry = made_of(interchange([group(sets)], sender="SOMEBODY"), tmp_path)
    assert [(item.document, item.pass_through) for item in registry.partners[KEY].agreements] == [("888", True)]


def test_a_file_without_an_envelope_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoEnvelope, match="tradelane check"):
        profile_for(FILES / "garbage.edi", tmp_path)
