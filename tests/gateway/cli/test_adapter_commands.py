"""`tradelane adapter`: what there is, how it was tried, and whether it can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.webhook_fake import Demands, FakeRestSystem
from tests.gateway.cli.conftest import Tradelane, objects


def written(home: Path, url: str) -> None:
    secret = home / "token"
    secret.touch(mode=0o600)
    secret.write_text("canary-4711")
    (home / "erp").mkdir()
    (home / "tradelane.yaml").write_text(
        f"""\
destinations:
  erp: {{kind: folder, path: erp}}
  shop:
    kind: webhook
    url: {url}/orders
    environment: test
    auth: {{type: bearer, token: "file:token"}}
    probe: {{url: "{url}/orders?reference={{reference}}", id: /items/0/id}}
"""
    )


def test_the_list_says_how_each_kind_was_tried_and_who_uses_it(tradelane: Tradelane, tmp_path: Path) -> None:
    written(tmp_path, "https://erp.example")
    found = {row["kind"]: row for row in objects(tradelane("adapter", "list", "--json"))}
    assert found["folder"]["verified"] == "verified against the real system"
    assert found["webhook"]["verified"] == "not verified"
    assert (found["webhook"]["from"], found["webhook"]["destinations"]) == ("tradelane", ["shop"])
    shown = tradelane("adapter", "list").stdout
    assert "not verified" in shown
    assert "shop" in shown


def test_a_check_tells_of_each_destination_and_ends_with_1_where_one_fails(
    tradelane: Tradelane, tmp_path: Path
) -> None:
    with FakeRestSystem(Demands(authorization="Bearer canary-4711")) as system:
        written(tmp_path, system.url)
        done = tradelane("adapter", "check", "--json")
        assert done.exit_code == 0, done.output
        assert [(row["destination"], row["environment"], row["ok"]) for row in objects(done)] == [
            ("erp", "live", True),
            ("shop", "test", True),
        ]
        system.demands.authorization = "Bearer another"
        failed = tradelane("adapter", "check")
        assert failed.exit_code == 1
        assert "failed answers: asked for" in failed.stdout
        assert "canary" not in failed.output + done.output
        assert tradelane("adapter", "check", "erp").exit_code == 0
        assert [one.method for one in system.asked] == ["GET", "GET"]


def test_a_destination_that_is_not_there_is_a_usage_fault(tradelane: Tradelane) -> None:
    done = tradelane("adapter", "check", "epr")
    assert done.exit_code == 2
    assert 'did you mean "erp"?' in done.stderr


def test_kinds_of_installed_packages_stand_beside_ours_and_a_broken_one_is_told(
    tradelane: Tradelane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "shop_adapter-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tradelane.adapters]\n"
        "shop = tests.gateway.adapters.offered_adapter:KIND\n"
        "broken = tests.gateway.adapters.offered_adapter:MISSING\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    done = tradelane("adapter", "list", "--json")
    assert done.exit_code == 1
    found = {row["kind"]: row for row in objects(done)}
    assert (found["shop"]["from"], found["shop"]["verified"]) == (
        "shop-adapter",
        "verified against the published contract",
    )
    assert found["broken"]["verified"] is None
    assert "cannot be imported" in found["broken"]["about"]
