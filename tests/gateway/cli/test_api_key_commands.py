"""`tradelane apikey`: a key is made for an account of a profile, shown once, listed and revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ports import SystemClock
from gateway.store import api_keys
from gateway.store.engine import Store
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.inbound_line import Line, interchange
from tests.gateway.sending import profile


@pytest.fixture
def partnered(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> Workspace:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text("name: Buyer\nhttps:\n  - {user: buyer-api}\nsftp:\n  - {user: buyer}\n")
    return Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)


def opened(workspace: Workspace, key: str) -> str | None:
    with workspace.line.store.begin() as conn:
        found = api_keys.opened_by(conn, key, at=SystemClock().now())
    return None if found is None else found.account


def test_a_key_is_made_shown_once_listed_and_revoked(partnered: Workspace) -> None:
    [made] = objects(partnered("apikey", "add", "buyer-api", "--label", "their ERP", "--days", "30", "--json"))
    key = str(made["key"])
    assert opened(partnered, key) == "buyer-api"
    assert opened(partnered, key[:-1] + ("A" if key[-1] != "A" else "B")) is None
    [listed] = objects(partnered("apikey", "list", "--json"))
    assert (listed["id"], listed["account"], listed["label"], listed["good"]) == (
        key.split("_")[1],
        "buyer-api",
        "their ERP",
        True,
    )
    assert "key" not in listed
    assert key.split("_", 2)[2] not in partnered("apikey", "list").stdout
    assert partnered("apikey", "revoke", str(listed["id"])).exit_code == 0
    assert opened(partnered, key) is None
    assert partnered("apikey", "revoke", str(listed["id"])).exit_code == 1
    [listed] = objects(partnered("apikey", "list", "--json"))
    assert listed["good"] is False


def test_a_person_sees_the_key_and_how_long_it_is_good(partnered: Workspace) -> None:
    shown = partnered("apikey", "add", "buyer-api").stdout
    key = shown.split()[0]
    assert opened(partnered, key) == "buyer-api"
    assert "not shown again" in shown


@pytest.mark.parametrize("account", ["buyer", "nobody"], ids=["an SFTP account", "none"])
def test_a_key_is_made_for_an_https_account_only(partnered: Workspace, account: str) -> None:
    assert partnered("apikey", "add", account).exit_code == 2
    assert objects(partnered("apikey", "list", "--json")) == []


def test_what_goes_out_may_wait_in_an_https_account(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> None:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile(profile_keys="https:\n  - {user: buyer-api}\n"))
    workspace = Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)
    sets = ["GS*PR*ANY*WHO*20261120*0915*900*X*004010", "ST*855*0001", "BAK*00*AD*PO-1*20261120", "SE*3*0001"]
    path = tmp_path / "prepared.edi"
    path.write_bytes(interchange([[*sets, "GE*1*900"]], sender="SOMEBODY", receiver="ELSE"))
    done = workspace("send", path, "--partner", "buyer", "--ourselves", "us", "--account", "buyer-api", "--json")
    [sent] = objects(done)[0]["sent"]
    assert list(workspace.line.out("buyer-api")) == ["855_000000001.edi"]
    assert workspace.line.life(sent)["transmission"]["channel"] == "https"
