"""Evidence packs: what stands in one, that the same makes the same, and what the stand-alone verifier says of it."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.errors import EvidenceIncomplete, PayloadDamaged
from gateway.evidence import checkpoints, verify
from gateway.evidence.checkpoints import CheckpointFolder
from gateway.evidence.pack import EvidenceMaker
from gateway.evidence.signing import SigningKey, signing_key
from gateway.evidence.verify import Findings, entry, examine, read_checkpoint
from gateway.store.engine import Store
from gateway.store.tables import as2_message
from tests.gateway.inbound_line import Line, file_of

AT = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    return Line(fresh_store, tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return signing_key(tmp_path)


def received(line: Line, number: str = "PO-1", control: str = "000000017") -> UUID:
    life = line.sent(file_of(number, control=control), name=f"{number}.edi")
    return UUID(life["transmission"]["id"])


def maker(line: Line, key: SigningKey, folder: CheckpointFolder | None = None) -> EvidenceMaker:
    return EvidenceMaker(line.store, line.gateway.vault, key, folder)


def pack_of(line: Line, key: SigningKey, id: UUID, name: str = "pack.zip") -> Path:
    return maker(line, key).make(id, line.home / name, by="cli:test", at=AT).path


def found_in(path: Path, **kept: object) -> Findings:
    with path.open("rb") as file:
        return examine(file, **kept)  # type: ignore[arg-type]


def rewritten(path: Path, **changed: bytes) -> BytesIO:
    """The same zip with other content in some files, written as ours are."""
    made = BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for info in source.infolist():
            content = changed.get(info.filename.replace("/", "_").replace(".", "_"), source.read(info))
            with target.open(entry(info.filename, len(content)), "w") as file:
                file.write(content)
    made.seek(0)
    return made


def test_a_pack_holds_all_there_is_of_a_transmission_and_verifies(line: Line, key: SigningKey) -> None:
    id = received(line)
    path = pack_of(line, key, id)
    with zipfile.ZipFile(path) as opened:
        names = opened.namelist()
        life = json.loads(opened.read("life.json"))
        rows = json.loads(opened.read("audit/rows.json"))
        assert opened.read("raw/transmission.bin") == file_of("PO-1")
        [answer] = [name for name in names if name.startswith("acknowledgments/")]
        assert b"AK9*A*1*1*1" in opened.read(answer)
        [document] = [name for name in names if name.startswith("documents/") and "lineage" not in name]
        assert json.loads(opened.read(document))["number"] == "PO-1"
        [made_by] = [name for name in names if name.startswith("maps/")]
        assert json.loads(opened.read(made_by))["map"] == life["documents"][0]["map_name"]
        [seen] = json.loads(opened.read("partner.json"))["revisions"]
        profile = opened.read(f"profiles/{seen['revision']}.json")
        assert json.loads(profile)["agreements"][0]["document"] == "850"
        assert hashlib.sha256(profile).hexdigest() == seen["revision"]
    assert life["documents"][0]["deliveries"][0]["tries"][0]["outcome"] == "accepted"
    assert {"transmission.received", "transmission.made", "delivery.delivered"} <= {row["action"] for row in rows}
    found = found_in(path, key=key.public)
    assert found.faults == []
    assert len(found.proved) == 5


def test_a_pack_shows_no_row_of_another_transmission(line: Line, key: SigningKey) -> None:
    other = received(line, "PO-OTHER", "000000016")
    path = pack_of(line, key, received(line))
    assert str(other).encode() not in path.read_bytes()
    assert b"PO-OTHER" not in path.read_bytes()


def test_the_same_state_makes_the_same_pack_byte_for_byte(line: Line, key: SigningKey) -> None:
    id = received(line)
    one, other = pack_of(line, key, id, "one.zip"), pack_of(line, key, id, "other.zip")
    assert one.read_bytes() == other.read_bytes()


def test_that_a_pack_was_made_is_audited(line: Line, key: SigningKey) -> None:
    id = received(line)
    made = maker(line, key).make(id, line.home / "pack.zip", by="cli:auditor", at=AT)
    with line.store.begin() as conn:
        row = conn.execute(text("SELECT actor, subject_id, detail FROM audit WHERE action = 'evidence.made'")).one()
    assert (row.actor, row.subject_id) == ("cli:auditor", made.sha256)
    assert json.loads(row.detail) == {"transmission": str(id)}


def test_the_chain_leads_to_the_first_checkpoint_that_reaches_it(line: Line, key: SigningKey, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    folder = CheckpointFolder(tmp_path / "kept", timedelta(hours=1))
    id = received(line)
    received(line, "PO-2", "000000018")
    written = folder.write_due(line.store, key, at=AT)
    assert written is not None
    kept = read_checkpoint(written.read_text())
    made = maker(line, key, folder).make(id, tmp_path / "pack.zip", by="cli:test", at=AT + timedelta(days=9))
    assert made.checkpoint == kept.position > made.audit_rows
    found = found_in(made.path, key=key.public, checkpoint=kept)
    assert found.faults == []
    assert f"the chain passes through the checkpoint given, of {kept.at}" in found.proved


def test_a_checkpoint_of_a_log_before_it_was_rewritten_shows_it(line: Line, key: SigningKey) -> None:
    id = received(line)
    path = pack_of(line, key, id)
    with zipfile.ZipFile(path) as opened:
        reached = read_checkpoint(opened.read("audit/checkpoint.txt").decode())
    before = checkpoints.sign(checkpoints.ChainPoint(reached.position, bytes(32)), key, at=AT)
    assert "the log was rewritten" in found_in(path, checkpoint=before).faults[0]
    beyond = checkpoints.sign(checkpoints.ChainPoint(reached.position + 5, bytes(32)), key, at=AT)
    assert "does not reach" in found_in(path, checkpoint=beyond).faults[0]


def test_a_pack_signed_by_another_key_is_found_by_the_key_that_was_kept(
    line: Line, key: SigningKey, tmp_path: Path
) -> None:
    forged = pack_of(line, signing_key(tmp_path / "forger"), received(line))
    assert found_in(forged).faults == []
    assert "not by the key given" in found_in(forged, key=key.public).faults[0]


def test_a_file_changed_together_with_its_place_in_the_manifest_breaks_the_signature(
    line: Line, key: SigningKey
) -> None:
    path = pack_of(line, key, received(line))
    with zipfile.ZipFile(path) as opened:
        manifest, life = opened.read("manifest.json"), opened.read("life.json")
    other = life.replace(b"PO-1", b"PO-9")
    digests = verify.hashlib.sha256(life).hexdigest(), verify.hashlib.sha256(other).hexdigest()
    changed = manifest.replace(digests[0].encode(), digests[1].encode())
    found = examine(rewritten(path, life_json=other, manifest_json=changed))
    assert found.faults == ["the signature of the manifest does not hold"]


def test_a_profile_that_says_something_else_than_its_revision_is_told(line: Line, key: SigningKey) -> None:
    id = received(line)
    with line.store.begin() as conn:
        conn.execute(text("UPDATE partner_revision SET resolved = replace(resolved, '\"850\"', '\"875\"')"))
    [fault] = found_in(pack_of(line, key, id), key=key.public).faults
    assert "is not what that revision of the profile said" in fault


def test_the_verifier_runs_on_the_oldest_python_it_names() -> None:
    assert "Python 3.9 or newer" in (verify.__doc__ or "")
    tree = ast.parse(Path(verify.__file__).read_text(), feature_version=(3, 9))
    newer = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "UTC"]
    assert newer == []


def test_a_compressed_or_added_file_is_told(line: Line, key: SigningKey) -> None:
    path = pack_of(line, key, received(line))
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr("extra.txt", "x")
    assert found_in(path).faults == ["the files in the zip are not those of its manifest"]


def test_a_log_whose_rows_are_gone_gives_no_evidence_and_no_half_file(line: Line, key: SigningKey) -> None:
    id = received(line)
    assert line.audit_holds()
    with line.store.begin() as conn:
        conn.execute(text("DELETE FROM audit WHERE action = 'transmission.processed'"))
    with pytest.raises(EvidenceIncomplete, match="audit verify"):
        pack_of(line, key, id)
    assert not (line.home / "pack.zip").exists()


def test_damaged_bytes_give_no_evidence(line: Line, key: SigningKey) -> None:
    id = received(line)
    with line.store.begin() as conn:
        conn.execute(text("UPDATE payload SET body = set_byte(body, 3, 0) WHERE body LIKE 'ISA%'::bytea"))
    with pytest.raises(PayloadDamaged):
        pack_of(line, key, id)
    assert not (line.home / "pack.zip").exists()


def test_a_file_that_is_there_is_not_overwritten(line: Line, key: SigningKey) -> None:
    (line.home / "pack.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        pack_of(line, key, received(line))
    assert (line.home / "pack.zip").read_text() == "mine"


def test_there_is_no_evidence_of_nothing(line: Line, key: SigningKey) -> None:
    with pytest.raises(LookupError):
        pack_of(line, key, uuid4())


def test_an_as2_message_comes_with_its_headers_body_and_receipt(line: Line, key: SigningKey) -> None:
    id = received(line)
    with line.store.begin() as conn:
        body = line.gateway.vault.put(conn, b"MIME body as it came")
        row = {
            "transmission_id": id,
            "direction": "in",
            "account": "acme",
            "message_id": "<1@acme>",
            "headers": [["AS2-From", "ACME"]],
            "body_sha256": body.sha256,
            "mics": {"sha-256": "00ff"},
            "receipt": "signed",
            "receipt_url": "",
            "mdn_status": 200,
            "mdn_headers": [["Content-Type", "multipart/signed"]],
            "mdn_body": b"--mdn--",
            "tries": 1,
            "at": AT,
        }
        conn.execute(as2_message.insert(), row)
    path = pack_of(line, key, id)
    with zipfile.ZipFile(path) as opened:
        assert opened.read("raw/as2-body.bin") == b"MIME body as it came"
        assert opened.read("as2/mdn.bin") == b"--mdn--"
        told = json.loads(opened.read("as2/message.json"))
    assert (told["message_id"], told["headers"], told["mics"]) == ("<1@acme>", [["AS2-From", "ACME"]], row["mics"])
    assert found_in(path, key=key.public).faults == []


def test_the_copy_in_the_pack_runs_by_itself_and_says_what_it_proves(
    line: Line, key: SigningKey, tmp_path: Path
) -> None:
    path = pack_of(line, key, received(line))
    with zipfile.ZipFile(path) as opened:
        (tmp_path / "verify.py").write_bytes(opened.read("verify.py"))
        (tmp_path / "key.pem").write_bytes(opened.read("key.pem"))
        (tmp_path / "reached").write_bytes(opened.read("audit/checkpoint.txt"))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verify.py", path.name, *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    good = run("--key", "key.pem", "--checkpoint", "reached")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.splitlines()[-1] == "the pack holds"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    bad = run()
    assert bad.returncode == 1
    assert "FAULT" in bad.stdout
    assert run("--key", "verify.py").returncode == 2
