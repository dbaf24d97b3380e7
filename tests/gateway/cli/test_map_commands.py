"""`map explain|lineage|coverage|diff`: what made a value, whether samples prove rules, what a draft would change."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from gateway.ports import SystemClock, new_id
from gateway.store import cross_references
from mappings.catalog import SHIPPED
from mappings.cross_references import CrossReference
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.outbound_line import Seller, answer, buyer_profile


@pytest.fixture
def order(tmp_path: Path) -> Path:
    path = tmp_path / "po.edi"
    path.write_bytes(file_of("PO-1"))
    return path


def test_explain_names_the_line_and_the_bytes_of_a_value(tradelane: Tradelane, order: Path) -> None:
    result = tradelane(
        "map", "explain", order, "--map", "acme/850.in", "--partner", "acme", "--field", "number", "--json"
    )
    [found] = objects(result)
    assert (found["document"], found["field"], found["file"], found["rule"]) == (
        1, "number", "base/850.in/map.yaml", "trim(BEG03)")  # fmt: skip
    [source] = found["sources"]
    content = order.read_bytes()
    assert content[source["start"] : source["end"]] == b"PO-1"
    assert (source["name"], source["segment"], source["bytes"]) == ("BEG03", 2, "PO-1")
    told = tradelane("map", "explain", order, "--map", "acme/850.in", "--partner", "acme").stdout
    assert "lines[0].qty" in told
    assert f"bytes {source['start']}-{source['end']}" in told


def test_explain_of_a_field_that_is_not_made_ends_in_2(tradelane: Tradelane, order: Path) -> None:
    result = tradelane("map", "explain", order, "--map", "acme/850.in", "--partner", "acme", "--field", "lines[7].qty")
    assert result.exit_code == 2
    assert "makes no lines[7].qty" in result.stderr


def test_explain_of_an_outbound_map_names_fields(tradelane: Tradelane, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "mine" / "855.out"
    folder.mkdir(parents=True)
    (folder / "map.yaml").write_text(
        "map: order_acknowledgment/v1 -> x12/855@004010\norigin: purchase_order/v1\nemit:\n  BAK01: ('00')\n"
        "  BAK02: ('AD')\n  BAK03: order_number\n  BAK04: origin.date\n"
    )
    answer, order = tmp_path / "answer.json", tmp_path / "order.json"
    answer.write_text(
        '{"schema": "order_acknowledgment/v1", "answer": "accepted", "order_number": "77", "currency": "USD",'
        ' "order_date": "2026-03-02"}'
    )
    order.write_text(
        '{"schema": "purchase_order/v1", "number": "77", "date": "2026-03-02", "currency": "USD",'
        ' "lines": [{"qty": "1", "unit": "EA"}]}'
    )
    found = objects(tradelane("map", "explain", answer, "--map", "mine/855.out", "--origin", order, "--json"))
    assert [(row["field"], [source["name"] for source in row["sources"]]) for row in found] == [
        ("2:BAK01", []),
        ("2:BAK02", []),
        ("2:BAK03", ["order_number"]),
        ("2:BAK04", ["origin.date"]),
    ]
    alone = tradelane("map", "explain", answer, "--map", "mine/855.out", "--json")
    assert (alone.exit_code, objects(alone)[0]["issue"]["code"]) == (1, "map.origin.missing")


def test_coverage_tells_what_is_not_proved_and_ends_in_1(tradelane: Tradelane, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "mine" / "850.in"
    (folder / "samples").mkdir(parents=True)
    (folder / "map.yaml").write_text("extends: base/850.in\npartner: mine\norder:\n  contract: BEG08\n")
    result = tradelane("map", "coverage", "mine", "--json")
    assert (result.exit_code, objects(result)[0]["proved"]) == (1, False)
    assert tradelane("map", "coverage", "nobody").exit_code == 2
    one = tradelane("map", "coverage", "base/864.in", "--json")
    assert (one.exit_code, objects(one)[0]["map"]) == (0, "base/864.in")
    assert "proved" in tradelane("map", "coverage", "base/864.in").stdout


def test_diff_says_what_a_draft_would_change_of_real_documents(workspace: Workspace, tmp_path: Path) -> None:
    workspace.line.sent(file_of("PO-1"))
    workspace.line.sent(file_of("PO-2", control="000000018"), name="second.edi")
    draft = tmp_path / "draft.yaml"
    draft.write_text("extends: base/850.in\npartner: acme\norder:\n  number: concat('N', BEG03)\n")
    result = workspace("map", "diff", draft, "--map", "acme/850.in", "--json")
    assert result.exit_code == 1
    assert {row["identity"] for row in objects(result)} == {"PO-1", "PO-2"}
    assert any('number is "NPO-1"' in text for row in objects(result) for text in row["differences"])
    newest = workspace("map", "diff", draft, "--map", "acme/850.in", "--against", "last:1", "--json")
    assert [row["identity"] for row in objects(newest)] == ["PO-2"]
    same = tmp_path / "same.yaml"
    same.write_text((SHIPPED / "acme" / "850.in" / "map.yaml").read_text())
    nothing = workspace("map", "diff", same, "--map", "acme/850.in")
    assert (nothing.exit_code, "2 documents, 0 would change" in nothing.stdout) == (0, True)


def test_diff_runs_over_csv_files_and_archives_with_the_references_of_the_day(
    workspace: Workspace, tmp_path: Path
) -> None:
    profile = tmp_path / "partners" / "profiles" / "beech" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(
        "name: Beech\nsftp: [{user: beech}]\nagreements:\n"
        "  - {document: order, direction: in, syntax: csv, map: beech/csv-order.in, deliver_to: [erp], currency: USD,\n"
        "     file: {name: '*.csv', encoding: latin-1}}\n"
        "  - {document: pack, direction: in, syntax: csv, map: beech/csv-order.in, deliver_to: [erp], currency: USD,\n"
        "     file: {name: '*.zip', encoding: latin-1, archive: zip}}\n"
    )
    folder = tmp_path / "mappings" / "maps" / "beech" / "csv-order.in"
    folder.mkdir(parents=True)
    (folder / "map.yaml").write_text("extends: base/csv-order.in\npartner: beech\n")
    line = Line(workspace.line.store, workspace.line.home)
    head = "order_number,order_date,sku,qty,unit,description\n"
    rows = [f"{number},2026-03-02,A,1,EA,K\u00e4se\n".encode("latin-1") for number in ("P1", "P2", "P3")]
    line.sent(head.encode() + rows[0], account="beech", name="one.csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, row in (("a.csv", rows[1]), ("b.csv", rows[2])):
            archive.writestr(name, head.encode() + row)
    line.sent(packed.getvalue(), account="beech", name="two.zip")
    with line.store.begin() as conn:
        cross_references.put(conn, [CrossReference("item", "A", "OUR-A")], by="test", at=SystemClock().now())
    draft = tmp_path / "draft.yaml"
    draft.write_text("extends: base/csv-order.in\npartner: beech\nlines:\n  sku: xref(sku, 'item')\n")
    result = workspace("map", "diff", draft, "--map", "beech/csv-order.in", "--json")
    assert {row["identity"]: row["differences"] for row in objects(result)} == {
        number: ['purchase_order.lines[0].sku is "OUR-A"; want "A"'] for number in ("P1", "P2", "P3")
    }
    out = tmp_path / "out.yaml"
    out.write_text("extends: base/csv-order.out\npartner: beech\n")
    refused = workspace("map", "diff", out, "--map", "beech/csv-order.out")
    assert (refused.exit_code, "diff compares what is made of partners' files" in refused.stderr) == (2, True)


def test_lineage_tells_of_a_stored_document_and_of_what_one_of_ours_was_sent_as(
    workspace: Workspace, tmp_path: Path
) -> None:
    profile = tmp_path / "partners" / "profiles" / "buyer" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(buyer_profile())
    seller = Seller(Line(workspace.line.store, workspace.line.home))
    handed = seller.hands_in(answer("PO-1"))
    early = workspace("map", "lineage", str(handed.document_id))
    assert (early.exit_code, "not sent yet" in early.stderr) == (2, True)
    seller.line.run()
    [row] = objects(workspace("map", "lineage", str(handed.document_id), "--field", "2:BAK03", "--json"))
    assert (row["kind"], row["map"]) == ("order_acknowledgment", "base/855.out")
    assert [source["name"] for source in row["sources"]] == ["order_number"]
    rule = (SHIPPED / row["file"]).read_text().splitlines()[row["line"] - 1]
    assert rule.split(":")[0].strip() == "BAK03!"
    assert "2:BAK03" in workspace("map", "lineage", str(handed.transmission_id)).stdout
    content = file_of("PO-2")
    [source] = objects(
        workspace("map", "lineage", workspace.line.sent(content)["transmission"]["id"], "--field", "number", "--json")
    )[0]["sources"]
    assert (source["name"], content[source["start"] : source["end"]]) == ("BEG03", b"PO-2")
    assert workspace("map", "lineage", str(handed.document_id), "--field", "9:XX").exit_code == 2
    assert workspace("map", "lineage", "PO-2").exit_code == 2
    assert workspace("map", "lineage", str(new_id())).exit_code == 2


def test_diff_of_a_draft_that_refuses_says_which_issue(workspace: Workspace, tmp_path: Path) -> None:
    workspace.line.sent(file_of("PO-1"))
    draft = tmp_path / "draft.yaml"
    draft.write_text("extends: base/850.in\norder:\n  contract!: BEG08\n")
    [row] = objects(workspace("map", "diff", draft, "--map", "acme/850.in", "--json"))
    assert row["differences"][0].startswith("map.required.missing")


def test_diff_wants_a_number_and_a_draft_that_loads(workspace: Workspace, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("extends: base/850.in\norder:\n  contract: BEG88\n")
    assert workspace("map", "diff", draft, "--map", "acme/850.in", "--against", "all").exit_code == 2
    assert workspace("map", "diff", draft, "--map", "acme/850.in").exit_code != 0


def test_a_map_is_activated_rolled_back_and_retired(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "acme" / "850.in"
    shutil.copytree(SHIPPED / "acme" / "850.in", folder)
    [first] = objects(workspace("map", "activate", "acme/850.in", "--json"))
    with (folder / "map.yaml").open("a") as file:
        file.write("assert:\n  - it is theirs: true\n")
    [second] = objects(workspace("map", "activate", "acme/850.in", "--json"))
    assert first["revision"] != second["revision"]
    rows = {row["revision"]: row for row in objects(workspace("map", "revisions", "acme/850.in", "--json"))}
    assert (rows[first["revision"]]["state"], rows[second["revision"]]["state"]) == ("superseded", "active")
    assert rows[second["revision"]]["file"]
    [back] = objects(workspace("map", "rollback", "acme/850.in", "--json"))
    assert back["revision"] == first["revision"]
    [gone] = objects(workspace("map", "retire", "acme/850.in", "--from", "2126-01-01", "--json"))
    assert (gone["revision"], gone["active_from"]) == (None, "2126-01-01T00:00:00+00:00")
    assert "active" in workspace("map", "revisions", "acme/850.in").stdout
    workspace.line.audit_holds()


def test_a_draft_is_not_activated(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "acme" / "850.in"
    shutil.copytree(SHIPPED / "acme" / "850.in", folder)
    with (folder / "map.yaml").open("a") as file:
        file.write("  description: ('other')\n")
    result = workspace("map", "activate", "acme/850.in")
    assert (result.exit_code, "is a draft" in result.stderr) == (1, True)
    states = {row["state"] for row in objects(workspace("map", "revisions", "acme/850.in", "--json"))}
    assert "draft" in states or "active" in states
    assert workspace("map", "rollback", "acme/850.in").exit_code == 1
    assert workspace("map", "activate", "base/864.in", "--from", "soon").exit_code == 2
