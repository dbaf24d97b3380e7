"""Documents that an ERP lays into a folder: taken in once, moved away, never half, never of another's folder."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gateway.channels import handed_in
from gateway.channels.handed_in import HandedInFolders
from gateway.store import timeline
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line
from tests.gateway.outbound_line import answer, buyer_profile


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    profile = buyer_profile(more="ourselves: us")
    (folder / "profile.yaml").write_text(profile)
    (tmp_path / "tradelane.yaml").write_text("hand_in: {erp: to-partners}\n")
    return Line(fresh_store, tmp_path)


@pytest.fixture
def inbox(line: Line) -> Path:
    folder = line.home / "to-partners" / "buyer"
    folder.mkdir(parents=True)
    return folder


def folders(line: Line) -> HandedInFolders:
    return line.gateway.handed_in_folders()


def test_a_file_is_taken_in_sent_and_moved_away(line: Line, inbox: Path) -> None:
    (inbox / "a.json").write_bytes(orjson.dumps(answer("PO-1")))
    assert folders(line).take_in() == {"dispatch:buyer:live"}
    line.run()
    assert len(line.out("buyer")) == 1
    assert list(inbox.iterdir()) == []
    [moved] = (inbox.parent / ".done" / "buyer").iterdir()
    assert orjson.loads(moved.read_bytes()) == answer("PO-1")
    assert folders(line).take_in() == set()


def test_a_crash_before_the_file_is_moved_has_no_second_effect(line: Line, inbox: Path) -> None:
    for _ in range(2):
        (inbox / "a.json").write_bytes(orjson.dumps(answer("PO-1")))
        folders(line).take_in()
        line.run()
    assert len(line.out("buyer")) == 1
    with line.store.begin() as conn:
        handed = timeline.newest(conn, direction="in")
    assert [(row["channel"], row["state"]) for row in handed] == [
        ("folder:erp", "duplicate"),
        ("folder:erp", "processed"),
    ]


def test_a_test_document_is_known_by_its_name(line: Line, inbox: Path) -> None:
    (inbox / "a.test.json").write_bytes(orjson.dumps(answer("PO-1")))
    assert folders(line).take_in() == {"dispatch:buyer:test"}


def test_what_is_not_whole_a_link_or_in_no_partners_folder_is_left(line: Line, inbox: Path, tmp_path: Path) -> None:
    content = orjson.dumps(answer("PO-1"))
    secret = tmp_path / "secret.json"
    secret.write_bytes(content)
    (inbox / ".a.json").write_bytes(content)
    (inbox / "a.json.part").write_bytes(content)
    (inbox / "link.json").symlink_to(secret)
    (inbox.parent / "loose.json").write_bytes(content)
    assert folders(line).take_in() == set()
    assert len(list(inbox.iterdir())) == 3


def test_what_is_no_document_is_parked_and_moved_away(line: Line, inbox: Path) -> None:
    (inbox / "a.json").write_bytes(b"{}")
    assert folders(line).take_in() == set()
    with line.store.begin() as conn:
        assert [row["state"] for row in timeline.newest(conn)] == ["parked"]
    assert list(inbox.iterdir()) == []


def test_a_file_that_is_too_large_is_put_aside_unread(line: Line, inbox: Path) -> None:
    with (inbox / "big.json").open("wb") as file:
        file.truncate(handed_in.MAX_BYTES + 1)
    assert folders(line).take_in() == set()
    assert list(inbox.iterdir()) == []
    assert len(list((inbox.parent / ".refused" / "buyer").iterdir())) == 1


def test_a_folder_that_is_not_there_is_looked_at_again_later(line: Line) -> None:
    assert folders(line).take_in() == set()
