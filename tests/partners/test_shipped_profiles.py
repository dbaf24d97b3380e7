"""The sample partners that come with the package load, and hold no keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import partners
from mappings.catalog import SHIPPED as SHIPPED_MAPS
from mappings.catalog import MapCatalog
from partners.model import Agreement, Direction
from partners.readiness import Check, readiness
from partners.registry import Identified, PartnerRegistry

SHIPPED = Path(partners.__file__).parent / "profiles"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(("partner", "sender"), [("acme", ("ZZ", "ACME")), ("globex", ("ZZ", "GLOBEX"))])
def test_an_order_of_a_sample_partner_is_identified(partner: str, sender: tuple[str, str]) -> None:
    registry = PartnerRegistry.load([SHIPPED])
    found = registry.identify_interchange(registry.account(partner), sender=sender, receiver=("ZZ", "TRADELANE"))
    assert isinstance(found, Identified)
    agreement = registry.agreement(
        found.partner,
        ourselves=found.ourselves,
        direction=Direction.IN,
        functional_id="PO",
        set_code="850",
        version="004010",
        usage="P",
        gs_sender=sender[1],
        gs_receiver="TRADELANE",
    )
    assert isinstance(agreement, Agreement)
    assert agreement.map == f"{partner}/850.in"
    assert agreement.deliver_to == ("erp",)


def test_the_shipped_data_holds_no_keys_and_two_entities_of_ours() -> None:
    registry = PartnerRegistry.load([SHIPPED])
    assert all(not account.keys for partner in registry.partners.values() for account in partner.accounts)
    assert len(registry.ourselves) == 2


def test_there_are_ten_sample_partners_and_a_network_that_carries_two_of_them() -> None:
    registry = PartnerRegistry.load([SHIPPED])
    assert len([partner for partner in registry.partners.values() if partner.agreements]) >= 10
    assert registry.account("intervan").carries >= {"hooli", "cyberdyne"}


def test_every_sample_partner_lacks_nothing_but_its_key() -> None:
    registry = PartnerRegistry.load([SHIPPED])
    for name, partner in registry.partners.items():
        checks = readiness(
            partner,
            ourselves=registry.ourselves.values(),
            carriers=registry.carriers(name),
            maps=MapCatalog([SHIPPED_MAPS]).names(),
            destinations=["erp"],
            at=NOW,
        )
        assert {check.found for check in checks if not check.ok} <= {"no key"}, name


def _readiness(profiles: Any, partner: str, **known: Any) -> dict[str, Check]:
    registry = profiles.load()
    checks = readiness(
        registry.partners[partner],
        ourselves=registry.ourselves.values(),
        carriers=registry.carriers(partner),
        maps=known.get("maps", ()),
        destinations=known.get("destinations", ()),
        at=NOW,
    )
    assert all(bool(check.todo) is not check.ok for check in checks)
    return {check.name: check for check in checks}


def test_a_complete_partner_is_ready(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", (SHIPPED / "acme/profile.yaml").read_text())
    profiles.write("acme/keys/a.pub", key_lines["ed25519"])
    out = ["855", "856", "810"]
    maps = ["acme/850.in", *(f"base/{code}.out" for code in out)]
    checks = _readiness(profiles, "acme", maps=maps, destinations=["erp"])
    assert list(checks) == [
        "status",
        "ourselves",
        "identifiers",
        "sftp acme",
        "way in",
        "way out",
        "850 in 004010: map",
        "850 in 004010: destinations",
        *(f"{code} out 004010: map" for code in out),
    ]
    assert all(check.ok for check in checks.values())


def test_what_a_partner_lacks_is_said_with_what_to_do(profiles: Any, key_lines: dict[str, str]) -> None:
    text = (SHIPPED / "acme/profile.yaml").read_text().replace("status: active", "status: inactive")
    profiles.write("acme/profile.yaml", text.replace("- {qualifier: ZZ, id: ACME}", "[]"))
    profiles.write("acme/keys/a.pub", f'not-after="2026-05-30" {key_lines["ed25519"]}')
    profiles.write("ourselves.yaml", "us: {name: U, identifiers: []}\n")
    checks = _readiness(profiles, "acme")
    assert {name for name, check in checks.items() if check.ok} == {"way in", "way out"}
    assert checks["sftp acme"].found == "1 keys, none of them good today"
    assert checks["850 in 004010: map"].todo.startswith("write mappings/maps/acme/850.in/map.yaml")
    assert checks["850 in 004010: destinations"].todo == "configure the destination erp in tradelane.yaml"


def test_a_network_needs_neither_identifiers_nor_agreements(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", "name: A\nidentifiers: [{qualifier: ZZ, id: ACME}]\n")
    profiles.write("van/profile.yaml", "name: V\nsftp: [{user: van, carries: [acme]}]\n")
    profiles.write("van/keys/a.pub", key_lines["ed25519"])
    assert all(check.ok for check in _readiness(profiles, "van").values())
    carried = _readiness(profiles, "acme")
    assert carried["sftp van"].ok
    assert not carried["agreements"].ok


def test_a_partner_nobody_carries_is_told_so(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\n")
    checks = _readiness(profiles, "acme")
    assert checks["accounts"].found == "no account"


def test_accounts_of_every_channel_that_carry_a_partner_count(profiles: Any) -> None:
    agreed = "agreements: [{document: '850', direction: in, map: base/850.in, deliver_to: [erp]}]\n"
    profiles.write("acme/profile.yaml", f"name: A\nidentifiers: [{{qualifier: ZZ, id: ACME}}]\n{agreed}")
    profiles.write("van/profile.yaml", "name: V\nhttps: [{user: van-api, carries: [acme]}]\n")
    checks = _readiness(profiles, "acme", maps=["base/850.in"], destinations=["erp"])
    assert all(check.ok for check in checks.values())
    assert checks["way in"].found == "van-api"
    assert all(check.ok for check in _readiness(profiles, "van").values())


@pytest.mark.parametrize(
    ("account", "missing"),
    [
        ("folders: [{user: a, in: /srv/in}]", "way out"),
        ("folders: [{user: a, out: /srv/out}]", "way in"),
        ("as2: [{user: a, name: A, ourselves: us}]", "way out"),
    ],
)
def test_an_agreement_that_nothing_can_bring_or_take_is_told(profiles: Any, account: str, missing: str) -> None:
    profiles.write("ourselves.yaml", "us: {name: U, as2_name: US, identifiers: [{qualifier: ZZ, id: US}]}\n")
    profiles.write(
        "acme/profile.yaml",
        f"name: A\n{account}\nagreements:\n"
        "  - {document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp]}\n"
        "  - {document: bill, direction: out, syntax: csv, map: base/csv-invoice.out}\n",
    )
    checks = _readiness(profiles, "acme")
    assert [name for name in ("way in", "way out") if not checks[name].ok] == [missing]
    assert checks[missing].found == "none"
