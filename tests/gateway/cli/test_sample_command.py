"""`tradelane sample`: files that `check` accepts, and broken ones that say what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.main import app


def _run(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(arguments))
    return found.exit_code, found.stdout, found.stderr


def test_a_sample_is_accepted_by_check(tmp_path: Path) -> None:
    path = tmp_path / "orders.edi"
    assert _run("sample", "850@004010", "--sets", "3", "-o", str(path))[0] == 0
    code, output, _ = _run("check", str(path), "--json")
    assert code == 0
    assert [one["accepted"] for one in json.loads(output)["interchanges"][0]["groups"][0]["sets"]] == [True] * 3


def test_a_broken_sample_lists_the_faults_that_check_finds(tmp_path: Path) -> None:
    path = tmp_path / "broken.edi"
    _, output, _ = _run("sample", "856@005010", "--broken", "4", "-o", str(path), "--json")
    planted = json.loads(output)["faults"]
    code, output, _ = _run("check", str(path), "--json")
    told = [(issue["code"], issue["position"]["segment"]) for issue in json.loads(output)["issues"]]
    assert code == 1
    assert len(planted) == 4
    assert all((fault["code"], fault["segment"]) in told for fault in planted)


def test_a_sample_of_a_partner_bears_its_ids(tmp_path: Path) -> None:
    _, output, _ = _run("sample", "850@004010", "--partner", "acme", "--home", str(tmp_path), "--delimiters", "|<!")
    head = output.split("!")[0].split("|")
    assert (head[6].strip(), head[8].strip(), head[16]) == ("ACME", "TRADELANE", "<")


def test_a_set_that_there_is_no_guide_for_is_named_with_those_there_are() -> None:
    code, _, error = _run("sample", "837@004010")
    assert code == 2
    assert "no guide for set 837 in 004010" in error
    assert "850" in error
