"""From what stands on the wire to the partner and the agreement, or to why there is none."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from partners.logins import Limits, Pickup
from partners.model import Acknowledgments, Agreement, Direction, Status, Syntax
from partners.registry import Identified, NotIdentified, PartnerRegistry, Refusal
from translators.x12.acknowledge import AcknowledgmentPolicy
from translators.x12.codes import FAULTS

US = ("ZZ", "HOUSEUS")
EU = ("ZZ", "HOUSEEU")

ACME = """\
name: Acme Stores
time_zone: America/Chicago
duplicate_window_days: 7
identifiers:
  - {qualifier: ZZ, id: ACME}
  - {qualifier: "01", id: "123456789"}
contacts:
  - {name: Ann, role: edi, email: ann@acme.example, phone: +1 312 555 0100}
acknowledge: {functional: on_error, interchange: always}
sftp:
  - user: acme
    pickup: rename
    allowed_from: [203.0.113.0/24, "2001:db8::/32"]
    limits: {sessions: 2, file_bytes: 64 MiB}
agreements:
  - document: "850"
    direction: in
    map: acme/850.in
    deliver_to: [erp, archive]
    currency: USD
    values: {season: NO, depot: "007"}
    acknowledge: {functional: never}
  - {document: "855", direction: out, map: acme/855.out, ordered: false}
"""


@pytest.fixture
def registry(profiles: Any) -> PartnerRegistry:
    profiles.write("acme/profile.yaml", ACME)
    profiles.write(
        "globex/profile.yaml",
        """\
        name: Globex
        identifiers: [{qualifier: ZZ, id: GLOBEX}]
        group_ids: [GLXEDI]
        sftp: [{user: globex}]
        agreements:
          - {document: "850", direction: in, pass_through: true, deliver_to: [erp]}
          - {document: "855", direction: out, map: globex/855.out}
        """,
    )
    profiles.write(
        "asleep/profile.yaml",
        "name: Z\nstatus: inactive\nidentifiers: [{qualifier: ZZ, id: ASLEEP}]\nsftp: [{user: asleep}]\n",
    )
    profiles.write("van/profile.yaml", "name: VAN\nsftp: [{user: van, carries: [acme, globex, asleep]}]\n")
    return profiles.load()


def find(registry: PartnerRegistry, partner: str = "acme", **said: Any) -> Agreement | NotIdentified:
    asked: dict[str, Any] = {
        "ourselves": "us",
        "direction": Direction.IN,
        "functional_id": "PO",
        "set_code": "850",
        "version": "004010",
        "usage": "P",
        "gs_sender": "ACME",
        "gs_receiver": "HOUSEUS",
    }
    asked.update(said)
    asked["ourselves"] = registry.ourselves[asked["ourselves"]]
    return registry.agreement(registry.partners[partner], **asked)


def test_a_profile_reads_as_it_is_written(registry: PartnerRegistry) -> None:
    acme = registry.partners["acme"]
    assert (acme.name, acme.status, acme.time_zone, acme.duplicate_window_days) == (
        "Acme Stores",
        Status.ACTIVE,
        "America/Chicago",
        7,
    )
    assert [str(identifier) for identifier in acme.identifiers] == ["ZZ/ACME", "01/123456789"]
    assert acme.acknowledge == Acknowledgments(AcknowledgmentPolicy.ON_ERROR, AcknowledgmentPolicy.ALWAYS)
    assert acme.contacts[0].phone == "+1 312 555 0100"
    account = acme.accounts[0]
    assert account.pickup is Pickup.RENAME
    assert account.carries == {"acme"}
    assert account.limits == Limits(sessions=2, file_bytes=64 * 1024 * 1024)
    order, answer = acme.agreements
    assert (order.map, order.deliver_to, order.ordered, order.syntax) == (
        "acme/850.in",
        ("erp", "archive"),
        True,
        Syntax.X12,
    )
    assert order.for_maps() == {"currency": "USD", "season": "NO", "depot": "007"}
    assert order.acknowledge == Acknowledgments(AcknowledgmentPolicy.NEVER, AcknowledgmentPolicy.ALWAYS)
    assert answer.acknowledge == acme.acknowledge
    assert (answer.ordered, answer.deliver_to, answer.for_maps()) == (False, (), {})


def test_what_a_profile_leaves_out_has_its_usual_value(registry: PartnerRegistry) -> None:
    globex = registry.partners["globex"]
    assert globex.acknowledge == Acknowledgments(AcknowledgmentPolicy.ALWAYS, AcknowledgmentPolicy.ON_ERROR)
    assert (globex.time_zone, globex.duplicate_window_days, globex.status) == ("UTC", 0, Status.ACTIVE)
    assert globex.accounts[0].pickup is Pickup.CLOSE
    assert globex.agreements[0].pass_through


def test_an_account_is_found_by_its_user(registry: PartnerRegistry) -> None:
    account = registry.account("globex")
    assert account is not None
    assert account.partner == "globex"
    assert registry.account("nobody") is None


def test_an_inactive_partner_has_no_login(registry: PartnerRegistry) -> None:
    assert registry.account("asleep") is None


def test_a_session_comes_from_an_allowed_address(registry: PartnerRegistry) -> None:
    account = registry.account("acme")
    assert account is not None
    assert account.accepts_address("203.0.113.9")
    assert account.accepts_address("::ffff:203.0.113.9")
    assert account.accepts_address("2001:db8::1")
    assert not account.accepts_address("203.0.114.9")
    assert not account.accepts_address("fe80::1%eth0")
    assert not account.accepts_address("acme.example")
    other = registry.account("globex")
    assert other is not None
    assert other.accepts_address("198.51.100.1")


def test_an_interchange_is_its_senders_and_for_the_entity_it_names(registry: PartnerRegistry) -> None:
    account = registry.account("acme")
    found = registry.identify_interchange(account, sender=("01", "123456789"), receiver=EU)
    assert isinstance(found, Identified)
    assert (found.partner.key, found.ourselves.key) == ("acme", "eu")


def test_qualifier_and_id_count_together(registry: PartnerRegistry) -> None:
    found = registry.identify_interchange(None, sender=("ZZ", "123456789"), receiver=US)
    assert isinstance(found, NotIdentified)
    assert found.code is Refusal.UNKNOWN_SENDER
    assert found.reason == "ISA05/06 is ZZ/123456789, which is no partner's identifier; add it to the partner's profile"


def test_an_unknown_receiver_is_the_fault_ta1_has_code_009_for(registry: PartnerRegistry) -> None:
    found = registry.identify_interchange(None, sender=("ZZ", "ACME"), receiver=("01", "HOUSEUS"))
    assert isinstance(found, NotIdentified)
    assert found.code is Refusal.UNKNOWN_RECEIVER
    assert FAULTS[found.code].ta1 == "009"


def test_one_partner_cannot_speak_for_another(registry: PartnerRegistry) -> None:
    account = registry.account("globex")
    found = registry.identify_interchange(account, sender=("ZZ", "ACME"), receiver=US)
    assert isinstance(found, NotIdentified)
    assert found.code is Refusal.SENDER_NOT_CARRIED
    assert "the account globex carries only globex; add acme to its carries if it may" in found.reason


def test_a_networks_account_carries_several_partners_and_no_others(registry: PartnerRegistry, profiles: Any) -> None:
    profiles.write("third/profile.yaml", "name: T\nidentifiers: [{qualifier: ZZ, id: THIRD}]\n")
    registry = profiles.load()
    account = registry.account("van")
    for sender, partner in (("ACME", "acme"), ("GLOBEX", "globex")):
        found = registry.identify_interchange(account, sender=("ZZ", sender), receiver=US)
        assert isinstance(found, Identified)
        assert found.partner.key == partner
    refused = registry.identify_interchange(account, sender=("ZZ", "THIRD"), receiver=US)
    assert isinstance(refused, NotIdentified)
    assert refused.code is Refusal.SENDER_NOT_CARRIED
    assert [item.user for item in registry.carriers("acme")] == ["acme", "van"]


def test_an_inactive_partner_is_refused_whoever_carries_it(registry: PartnerRegistry) -> None:
    found = registry.identify_interchange(registry.account("van"), sender=("ZZ", "ASLEEP"), receiver=US)
    assert isinstance(found, NotIdentified)
    assert found.code is Refusal.INACTIVE
    agreed = find(registry, "asleep")
    assert isinstance(agreed, NotIdentified)
    assert agreed.code is Refusal.INACTIVE


def test_a_value_from_the_wire_is_cut_and_escaped_in_a_reason(registry: PartnerRegistry) -> None:
    found = registry.identify_interchange(None, sender=("ZZ", "A\x07" + "B" * 200), receiver=US)
    assert isinstance(found, NotIdentified)
    assert "A\\x07BBB" in found.reason
    assert "B" * 80 not in found.reason


def test_a_document_nothing_was_agreed_about_has_no_agreement(registry: PartnerRegistry) -> None:
    for said in ({"set_code": "860"}, {"direction": Direction.OUT}, {"set_code": "855"}):
        found = find(registry, **said)
        assert isinstance(found, NotIdentified)
        assert found.code is Refusal.NO_AGREEMENT


def test_where_no_group_ids_are_listed_any_will_do(registry: PartnerRegistry) -> None:
    assert isinstance(find(registry, gs_sender="ACMEWEST"), Agreement)


def test_where_group_ids_are_listed_others_are_refused(registry: PartnerRegistry) -> None:
    assert isinstance(find(registry, "globex", gs_sender="GLXEDI"), Agreement)
    assert isinstance(find(registry, "globex", gs_sender="GLOBEX"), Agreement)
    refused = find(registry, "globex", gs_sender="ACME")
    assert isinstance(refused, NotIdentified)
    assert refused.code is Refusal.UNKNOWN_GROUP_SENDER


def test_our_own_group_ids_are_held_to_as_well(registry: PartnerRegistry) -> None:
    assert isinstance(find(registry, ourselves="eu", gs_receiver="EUDESK"), Agreement)
    refused = find(registry, ourselves="eu", gs_receiver="HOUSEUS")
    assert isinstance(refused, NotIdentified)
    assert refused.code is Refusal.UNKNOWN_GROUP_RECEIVER


def test_on_the_way_out_we_are_the_groups_sender(registry: PartnerRegistry) -> None:
    said: dict[str, Any] = {"direction": Direction.OUT, "set_code": "855", "functional_id": "PR", "ourselves": "eu"}
    found = find(registry, "globex", gs_sender="EUDESK", gs_receiver="GLXEDI", **said)
    assert isinstance(found, Agreement)
    assert found.map == "globex/855.out"
    refused = find(registry, "globex", gs_sender="GLXEDI", gs_receiver="EUDESK", **said)
    assert isinstance(refused, NotIdentified)


VERSIONS = {
    "any": "{document: '850', direction: in, map: x/any, deliver_to: [erp]}",
    "release": "{document: '850', direction: in, map: x/release, deliver_to: [erp], version: 004010}",
    "vics": "{document: '850', direction: in, map: x/vics, deliver_to: [erp], version: 004010VICS}",
}


@pytest.mark.parametrize("order", list(permutations(VERSIONS)))
@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        ("004010VICS", "x/vics"),
        ("004010", "x/release"),
        ("004010UCS", "x/release"),
        ("005010", "x/any"),
        ("005010VICS", "x/any"),
        ("", "x/any"),
    ],
)
def test_the_most_specific_version_wins_in_whatever_order(
    profiles: Any, order: tuple[str, ...], version: str, chosen: str
) -> None:
    lines = "".join(f"  - {VERSIONS[name]}\n" for name in order)
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n{lines}")
    found = find(profiles.load(), version=version)
    assert isinstance(found, Agreement)
    assert found.map == chosen


def test_a_version_that_was_not_agreed_is_refused_and_says_which_were(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {VERSIONS['vics']}\n")
    found = find(profiles.load(), version="004010UCS")
    assert isinstance(found, NotIdentified)
    assert found.code is Refusal.NOT_AS_AGREED
    assert "version 004010UCS" in found.reason
    assert found.reason.endswith("agreed: 004010VICS")


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        ("usage: T", {"usage": "T"}),
        ("ourselves: eu", {"ourselves": "eu", "gs_receiver": "EUDESK"}),
        ("gs_sender: ACMEWEST", {"gs_sender": "ACMEWEST"}),
        ("gs_receiver: WEST", {"gs_receiver": "WEST"}),
        ("functional_id: PX", {"functional_id": "PX"}),
    ],
)
def test_every_criterion_makes_an_agreement_more_specific(profiles: Any, criterion: str, said: dict[str, str]) -> None:
    special = VERSIONS["any"].replace("x/any", "x/special").replace("}", f", {criterion}}}")
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {VERSIONS['any']}\n  - {special}\n")
    registry = profiles.load()
    usual, chosen = find(registry), find(registry, **said)
    assert isinstance(usual, Agreement)
    assert isinstance(chosen, Agreement)
    assert (usual.map, chosen.map) == ("x/any", "x/special")


def test_a_third_agreement_settles_what_two_would_tie_about(profiles: Any) -> None:
    test_only = VERSIONS["any"].replace("x/any", "x/test").replace("}", ", usage: T}")
    both = VERSIONS["release"].replace("x/release", "x/both").replace("}", ", usage: T}")
    lines = "".join(f"  - {item}\n" for item in (VERSIONS["release"], test_only, both))
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n{lines}")
    registry = profiles.load()
    maps = [
        (version, usage, found.map)
        for version in ("004010", "005010")
        for usage in ("P", "T")
        if isinstance(found := find(registry, version=version, usage=usage), Agreement)
    ]
    assert maps == [("004010", "P", "x/release"), ("004010", "T", "x/both"), ("005010", "T", "x/test")]


def test_agreements_that_never_meet_do_not_tie(profiles: Any) -> None:
    us, eu = (
        VERSIONS["any"].replace("x/any", f"x/{entity}").replace("}", f", ourselves: {entity}}}")
        for entity in ("us", "eu")
    )
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {us}\n  - {eu}\n")
    found = find(profiles.load(), ourselves="us")
    assert isinstance(found, Agreement)
    assert found.map == "x/us"


def test_a_revision_changes_with_what_a_profile_means_and_not_with_how_it_is_written(
    profiles: Any, key_lines: dict[str, str]
) -> None:
    profiles.write("acme/profile.yaml", ACME)
    first = profiles.load().partners["acme"].revision
    profiles.write("acme/profile.yaml", "# a note\n\n" + ACME)
    assert profiles.load().partners["acme"].revision == first
    profiles.write("acme/profile.yaml", ACME.replace('depot: "007"', 'depot: "7"'))
    assert profiles.load().partners["acme"].revision != first
    profiles.write("acme/profile.yaml", ACME)
    profiles.write("acme/keys/a.pub", key_lines["ed25519"])
    assert profiles.load().partners["acme"].revision != first
    assert len(first) == 64


def test_a_root_that_does_not_exist_holds_nothing(profiles: Any) -> None:
    registry = PartnerRegistry.load([profiles.root / "absent"])
    assert not registry.partners
    assert not registry.ourselves
