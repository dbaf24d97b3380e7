"""`map`, `partner` and `doctor`: mistakes are named by file, line and column, and nothing is done in spite of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.store import destinations
from gateway.store.engine import Store
from tests.gateway.alerts.alerting import Desk, ScriptedChannel
from tests.gateway.cli.conftest import Tradelane, objects, process
from tests.gateway.inbound_line import file_of

BROKEN = "extends: base/850.in\npartner: mine\norder:\n  requested: dat(DTM[002].02, 'CCYYMMDD')\n"


@pytest.fixture
def broken_map(tmp_path: Path) -> Path:
    path = tmp_path / "mappings" / "maps" / "mine" / "850.in" / "map.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(BROKEN)
    return path


def test_the_shipped_maps_load_and_their_samples_pass(tradelane: Tradelane) -> None:
    assert tradelane("map", "check").exit_code == 0
    assert objects(tradelane("map", "check", "--json")) == []
    result = tradelane("map", "test", "--json")
    assert result.exit_code == 0
    samples = objects(result)
    assert all(sample["passed"] for sample in samples)
    assert {sample["map"] for sample in samples} >= {"base/850.in", "acme/850.in", "globex/850.in"}
    assert {"map", "sample", "passed", "differences"} == set(samples[0])
    only = objects(tradelane("map", "test", "acme", "--json"))
    assert {sample["map"] for sample in only} == {"acme/850.in"}


def test_a_broken_map_is_named_by_file_line_and_column(tradelane: Tradelane, broken_map: Path) -> None:
    result = tradelane("map", "check")
    assert result.exit_code == 1
    assert f"{broken_map}:4:" in result.stdout
    [fault] = objects(tradelane("map", "check", "--json"))
    assert (fault["file"], fault["line"]) == (str(broken_map), 4)
    assert "dat" in fault["message"]


def test_map_test_of_a_broken_map_prints_its_mistakes_and_runs_nothing(broken_map: Path, tmp_path: Path) -> None:
    done = process("map", "test", "mine", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{broken_map}:4:" in done.stderr
    assert "1 mistake(s)" in done.stderr


def test_map_test_of_an_unknown_partner_and_map_show_of_an_unknown_map(tradelane: Tradelane, tmp_path: Path) -> None:
    assert tradelane("map", "test", "nobody").exit_code == 2
    assert process("map", "show", "acme/999.in", home=tmp_path).returncode == 2
    assert "acme/850.in" in tradelane("map", "show", "acme/850.in").stdout


def test_a_failing_sample_is_told_and_ends_in_1(tradelane: Tradelane, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "mine" / "850.in"
    (folder / "samples").mkdir(parents=True)
    (folder / "map.yaml").write_text("extends: base/850.in\npartner: mine\n")
    (folder / "samples" / "one.edi").write_bytes(file_of("PO-1"))
    (folder / "samples" / "one.expected.json").write_text('[{"number": "PO-2"}]')
    (folder / "samples" / "context.json").write_text('{"agreement": {"currency": "USD"}}')
    result = tradelane("map", "test", "mine", "--json")
    assert result.exit_code == 1
    [sample] = objects(result)
    assert not sample["passed"]
    assert any("PO-1" in difference for difference in sample["differences"])


def test_partners_are_listed_with_what_was_agreed(tradelane: Tradelane) -> None:
    listed = {found["partner"]: found for found in objects(tradelane("partner", "list", "--json"))}
    acme, globex = listed["acme"], listed["globex"]
    assert (acme["partner"], acme["identifiers"], acme["accounts"]) == ("acme", ["ZZ/ACME"], ["acme"])
    assert acme["agreements"] == ["850 in 004010", "855 out 004010", "856 out 004010", "810 out 004010"]
    assert globex["partner"] == "globex"
    assert "Acme Stores" in tradelane("partner", "list").stdout


def test_a_partner_without_a_key_is_not_ready(tradelane: Tradelane) -> None:
    result = tradelane("partner", "check", "acme", "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert (found["partner"], found["ready"]) == ("acme", False)
    missing = [check for check in found["checks"] if not check["ok"]]
    assert missing
    assert all(check["todo"] for check in missing)
    assert tradelane("partner", "check", "nobody").exit_code == 2


def test_a_broken_profile_stops_every_command_that_needs_it(tmp_path: Path) -> None:
    profile = tmp_path / "partners" / "profiles" / "mine" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("name: Mine\nidentifers:\n  - {qualifier: ZZ, id: MINE}\n")
    done = process("partner", "list", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{profile}:2:1" in done.stderr
    assert "identifiers" in done.stderr  # did you mean


def test_markup_in_a_partners_name_is_text(tradelane: Tradelane, tmp_path: Path) -> None:
    profile = tmp_path / "partners" / "profiles" / "mine" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("name: '[red]Mine[/red] [/]'\nidentifiers:\n  - {qualifier: ZZ, id: MINE}\n")
    result = tradelane("partner", "list")
    assert result.exit_code == 0
    assert "[red]Mine[/red] [/]" in result.stdout


def test_doctor_of_a_new_workspace_finds_nothing_wrong_and_makes_nothing(tradelane: Tradelane, tmp_path: Path) -> None:
    home = tmp_path / "new"
    result = tradelane("doctor", "--home", home, "--json")
    found = {item["name"]: item for item in objects(result)}
    assert result.exit_code == 0
    assert {"python", "packages", "disk", "settings", "maps", "partners", "database"} <= set(found)
    assert all(set(item) == {"name", "ok", "found", "todo"} for item in found.values())
    assert not home.exists()


def test_doctor_names_every_mistake_and_what_to_do(
    tradelane: Tradelane, tmp_path: Path, broken_map: Path, fresh_database_url: str
) -> None:
    (tmp_path / "tradelane.yaml").write_text("destinations:\n  shop: {kind: folder, path: shop, create: true}\n")
    result = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": fresh_database_url})
    assert result.exit_code == 1
    wrong = [item for item in objects(result) if not item["ok"]]
    assert [item["name"] for item in wrong][:3] == ["maps", "partners", "partners"]
    assert {item["name"] for item in wrong} == {"maps", "partners"}
    assert wrong[0]["found"].startswith(f"{broken_map}:4:")
    assert '"erp"' in wrong[1]["todo"]


def test_doctor_tells_of_a_destination_that_does_not_answer(tradelane: Tradelane, fresh_store: Store) -> None:
    since = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with fresh_store.begin() as conn:
        destinations.failed(conn, "erp", at=since, reason="503")
        destinations.failed(conn, "erp", at=since + timedelta(seconds=5), reason="not mounted")
        until = since + timedelta(minutes=1)
        destinations.pause(conn, "erp", until=until, at=since, reason="not mounted")
    result = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": fresh_store.url})
    assert result.exit_code == 1
    [wrong] = [item for item in objects(result) if not item["ok"]]
    assert (wrong["name"], wrong["todo"]) == ("deliveries to erp", "not mounted")
    assert wrong["found"] == "2 failures since 2026-03-01T12:00:00+00:00, next try at 2026-03-01T12:01:00+00:00"


def test_doctor_tells_of_a_channel_that_takes_no_alerts_and_of_a_partner_that_is_not_there(
    tradelane: Tradelane, tmp_path: Path, fresh_store: Store
) -> None:
    desk = Desk(fresh_store)
    desk.channels("duty")
    desk.open("group-a")
    desk.bring_out("duty", ScriptedChannel(["down"]))
    result = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": fresh_store.url})
    assert result.exit_code == 1
    [wrong] = [item for item in objects(result) if not item["ok"]]
    assert (wrong["name"], wrong["found"], wrong["todo"]) == ("alerts to duty", "1 wait to be told", "it is down")
    (tmp_path / "tradelane.yaml").write_text("alerts: {gaps: [acmee]}\n")
    desk.clock.advance(timedelta(minutes=1))
    assert desk.bring_out("duty", ScriptedChannel()) == 1
    result = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": fresh_store.url})
    [wrong] = [item for item in objects(result) if not item["ok"]]
    assert wrong["name"] == "partners"
    assert 'no partner "acmee"; did you mean "acme"?' in wrong["todo"]


def test_doctor_verifies_the_database_it_is_given(tradelane: Tradelane, fresh_database_url: str) -> None:
    result = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": fresh_database_url})
    assert result.exit_code == 0
    assert objects(result)[-1]["found"] == "answers; audit chain of 0 rows holds"
    gone = tradelane("doctor", env={"TRADELANE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    assert gone.exit_code == 1
    assert "does not work" in gone.stdout
