"""`check`, `ack` and `translate`: exit codes, the JSON that programs rely on, and what a hostile file cannot do."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.gateway.cli.conftest import Tradelane, objects, process
from tests.gateway.inbound_line import file_of, group, interchange, order, segments_of, segments_starting

HOSTILE = "\x1b[31mred\x1b[0m[red]markup[/red]"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.edi"
    path.write_bytes(file_of("PO-1", "PO-2"))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.edi"
    path.write_bytes(interchange([group([order("PO-1", date="20261345"), order("PO-2", st02="0002")])]))
    return path


def test_check_accepts_a_clean_file_in_json_as_programs_rely_on_it(tradelane: Tradelane, good: Path) -> None:
    result = tradelane("check", good, "--json")
    assert result.exit_code == 0
    made = [{"control_number": f"000{n}", "set": "850", "accepted": True, "segments": 5} for n in (1, 2)]
    groups = [{"control_number": "17", "functional_id": "PO", "version": "004010", "sets": made}]
    assert objects(result) == [
        {
            "file": str(good),
            "accepted": True,
            "format": "x12",
            "interchanges": [
                {
                    "control_number": "000000017",
                    "sender": "ZZ:ACME",
                    "receiver": "ZZ:TRADELANE",
                    "version": "00401",
                    "groups": groups,
                }
            ],
            "issues": [],
        }
    ]


def test_check_places_an_issue_in_json_as_programs_rely_on_it(tradelane: Tradelane, bad: Path) -> None:
    result = tradelane("check", bad, "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert found["accepted"] is False
    assert [item["accepted"] for item in found["interchanges"][0]["groups"][0]["sets"]] == [False, True]
    [issue] = found["issues"]
    assert set(issue) == {"code", "severity", "level", "message", "position", "value"}
    assert (issue["code"], issue["severity"], issue["level"]) == ("x12.element.date", "error", 1)
    assert issue["value"] == "20261345"
    assert issue["position"] == {
        "interchange": 1,
        "group": 1,
        "set": 1,
        "loop": None,
        "segment_id": "BEG",
        "segment": 2,
        "element": 5,
        "component": None,
        "repetition": None,
        "offset": bad.read_bytes().index(b"20261345"),
    }


def test_check_of_several_files_prints_each_and_ends_with_the_worst(
    tradelane: Tradelane, good: Path, bad: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.edi"
    result = tradelane("check", good, missing, bad, "--json")
    assert result.exit_code == 2
    assert [found["file"] for found in objects(result)] == [str(good), str(bad)]
    assert f"{missing}: No such file or directory" in result.stderr
    assert tradelane("check", good, bad).exit_code == 1
    assert tradelane("check", tmp_path).exit_code == 2


def test_check_tells_people_where_a_fault_is(tradelane: Tradelane, bad: Path) -> None:
    result = tradelane("check", bad)
    assert "rejected" in result.stdout
    assert "interchange 1, group 1, set 1, segment 2 (BEG), element 5" in result.stdout
    assert "x12.element.date" in result.stdout


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02"])
def test_check_of_what_is_no_x12_is_refused_without_a_crash(
    tradelane: Tradelane, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "no.edi"
    path.write_bytes(content)
    result = tradelane("check", path, "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert found["issues"]
    assert found["issues"][0]["position"]["offset"] is not None


def test_a_hostile_value_neither_colours_nor_breaks_the_output(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / f"{HOSTILE.replace('/', '-')}.edi"
    path.write_bytes(interchange([group([order(HOSTILE[:22])])], sender="[bold]X\x1b[2J"))
    for command in ("check", "translate", "ack"):
        result = tradelane(command, path)
        assert result.exit_code in (0, 1)
        if command != "ack":  # an acknowledgment is bytes, printed as they are
            assert "\x1b" not in result.stdout
        assert "\x1b" not in result.stderr
    assert "[bold]X\\x1b[2J" in tradelane("check", path).stdout


def test_a_missing_file_of_a_hostile_name_is_told_as_text(tradelane: Tradelane, tmp_path: Path) -> None:
    result = tradelane("check", tmp_path / "no\x1b[2J\nfile")
    assert "\x1b" not in result.stderr
    assert "no\\x1b[2J\\nfile" in result.stderr


def test_ack_prints_the_997_that_would_be_sent(tradelane: Tradelane, bad: Path) -> None:
    result = tradelane("ack", bad, "--number", "41")
    assert result.exit_code == 0
    segments = segments_of(result.stdout_bytes)
    assert segments[0].split("*")[13] == "000000041"
    assert segments_starting(segments, "AK9") == ["AK9*P*2*2*1"]
    [found] = objects(tradelane("ack", bad, "--json"))
    assert (found["kind"], found["about"], found["groups"], found["note"]) == ("997", "000000017", ["P"], None)
    assert found["content"].startswith("ISA*")


def test_ack_of_what_is_never_answered_says_so(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / "empty.edi"
    path.write_bytes(b"")
    result = tradelane("ack", path)
    assert result.exit_code == 1
    assert "nothing to answer" in result.stderr


def test_translate_finds_the_partner_by_the_isa(tradelane: Tradelane, good: Path) -> None:
    result = tradelane("translate", good, "--json")
    assert result.exit_code == 0
    documents = objects(result)
    assert [document["number"] for document in documents] == ["PO-1", "PO-2"]
    assert {document["schema"] for document in documents} == {"purchase_order/v1"}
    assert documents[0]["lines"][0]["sku"] == "A-20415"  # Acme's own rule


def test_translate_by_a_named_map_or_partner(tradelane: Tradelane, good: Path) -> None:
    assert "currency is required" in tradelane("translate", good, "--map", "base/850.in").stderr
    good.write_bytes(good.read_bytes().replace(b"PO1*", b"CUR*BY*EUR~PO1*").replace(b"SE*5", b"SE*6"))
    document, _ = objects(tradelane("translate", good, "--map", "base/850.in", "--json"))
    assert (document["lines"][0]["sku"], document["currency"]) == ("TL-100", "EUR")
    assert tradelane("translate", good, "--partner", "acme").exit_code == 0
    other = tradelane("translate", good, "--partner", "globex", "--json")
    assert (other.exit_code, other.stdout) == (1, "")
    assert "from acme, not from globex" in other.stderr
    assert tradelane("translate", good, "--partner", "nobody").exit_code == 2
    assert tradelane("translate", good, "--partner", "acme", "--map", "base/850.in").exit_code == 2


def test_translate_prints_what_is_good_beside_what_is_not(tradelane: Tradelane, tmp_path: Path, bad: Path) -> None:
    path = tmp_path / "several.edi"
    stranger = file_of("PO-3", control="000000018", sender="STRANGER")
    path.write_bytes(bad.read_bytes() + stranger + file_of("PO-4", control="000000019"))
    result = tradelane("translate", path, "--json")
    assert result.exit_code == 1
    assert [document["number"] for document in objects(result)] == ["PO-2", "PO-4"]
    assert "x12.element.date" in result.stderr
    assert result.stderr.count("partner.unknown_sender") == 1


def test_an_unknown_map_and_a_missing_file_end_in_one_line(good: Path, tmp_path: Path) -> None:
    unknown = process("translate", good, "--map", "acme/85O.in", home=tmp_path)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "Traceback" not in unknown.stderr
    assert "acme/85O.in" in unknown.stderr
    missing = process("translate", tmp_path / "missing.edi", home=tmp_path)
    assert missing.returncode == 2
    assert "No such file" in missing.stderr


def test_json_output_is_bytes_of_utf_8_with_one_object_a_line(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / "umlaut.edi"
    named = order("PO-1")
    named.insert(2, "N1*ST*Köln*92*0118")
    named[-1] = "SE*6*0001"
    path.write_bytes(interchange([group([named])]))
    result = tradelane("translate", path, "--json")
    assert orjson.loads(result.stdout_bytes)["ship_to"]["name"] == "Köln"
