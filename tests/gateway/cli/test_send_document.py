"""`tradelane send DOC.json`: shown, handed in, or refused with nothing kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.store import timeline
from gateway.store.engine import Store
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.inbound_line import Line, segments_of
from tests.gateway.outbound_line import answer, bill, buyer_profile


@pytest.fixture
def sending(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> Workspace:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(buyer_profile())
    return Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)


def written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "answer.json"
    path.write_bytes(orjson.dumps(document))
    return path


def kept(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.line.store.begin() as conn:
        return timeline.newest(conn)


def test_a_document_is_kept_and_the_line_sends_it(sending: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, answer("PO-1"))
    [told] = objects(sending("send", path, "--partner", "buyer", "--ourselves", "us", "--json"))
    assert told["state"] == "active"
    sending.line.run()
    [content] = sending.line.out("buyer").values()
    assert "BAK*00*AD*PO-1*20261120*****20261121" in segments_of(content)
    assert "kept" in sending("send", path, "--partner", "buyer", "--ourselves", "us").stdout
    sending.line.run()
    assert len(sending.line.out("buyer")) == 1


def test_a_dry_run_shows_the_set_and_keeps_nothing(sending: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, answer("PO-1"))
    how = ("--partner", "buyer", "--ourselves", "us", "--dry-run")
    [told] = objects(sending("send", path, *how, "--json"))
    assert (told["set"], told["version"], told["account"]) == ("855", "004010", "buyer")
    assert told["segments"].startswith("BAK*00*AD*PO-1*20261120*****20261121~\n")
    assert "BAK*00*AD*PO-1" in sending("send", path, *how).stdout
    assert kept(sending) == []


@pytest.mark.parametrize(
    ("document", "how", "code"),
    [
        (answer("PO~1"), ["--partner", "buyer", "--ourselves", "us"], "map.value.delimiter"),
        (answer("PO-1"), ["--partner", "byer"], "outbound.partner"),
        (answer("PO-1"), ["--partner", "buyer"], "outbound.ourselves"),
        ({"schema": "order/v1"}, ["--partner", "buyer"], "outbound.unreadable"),
    ],
)
def test_what_cannot_go_is_refused_and_nothing_kept(
    sending: Workspace, tmp_path: Path, document: dict[str, Any], how: list[str], code: str
) -> None:
    done = sending("send", written(tmp_path, document), *how)
    assert done.exit_code == 1
    assert code in done.stdout
    [told] = objects(sending("send", written(tmp_path, document), *how, "--json"))
    assert [issue["code"] for issue in told["issues"]] == [code]
    assert kept(sending) == []


def test_other_content_under_a_number_that_went_out_is_told(sending: Workspace, tmp_path: Path) -> None:
    how = ("--partner", "buyer", "--ourselves", "us")
    sending("send", written(tmp_path, answer("PO-1")), *how)
    done = sending("send", written(tmp_path, answer("PO-1", answer="rejected")), *how)
    assert (done.exit_code, "it is held" in done.stderr) == (1, True)


def test_a_file_of_sets_says_itself_whether_it_is_test(sending: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "sets.edi"
    path.write_bytes(b"ISA")
    done = sending("send", path, "--partner", "buyer", "--test")
    assert (done.exit_code, "canonical documents" in done.stderr) == (2, True)


def test_a_dry_run_shows_a_file_that_is_no_x12(sending: Workspace, tmp_path: Path) -> None:
    profile = tmp_path / "partners" / "profiles" / "buyer" / "profile.yaml"
    profile.write_text(
        profile.read_text()
        + "  - {document: bill, direction: out, syntax: csv, map: base/csv-invoice.out, file: {encoding: cp1252}}\n"
    )
    profile.write_text(profile.read_text().replace('  - {document: "810", direction: out, map: base/810.out}\n', ""))
    path = written(tmp_path, bill("PO-1"))
    how = ("--partner", "buyer", "--ourselves", "us", "--dry-run")
    [told] = objects(sending("send", path, *how, "--json"))
    assert (told["set"], told["syntax"], told["account"]) == ("bill", "csv", "buyer")
    assert told["content"].splitlines()[1] == "INV-1,2026-11-23,,USD,PO-1,,300,,1,,,24,EA,12.5,"
    assert "INV-1,2026-11-23" in sending("send", path, *how).stdout
    assert kept(sending) == []
