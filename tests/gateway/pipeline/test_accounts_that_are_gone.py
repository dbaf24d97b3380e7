"""A file that came by an account which is gone meanwhile, or inactive, speaks for nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.gateway.inbound_line import Line, file_of

PROFILE = "name: Carrier\n{status}sftp: [{{user: carrier, carries: [acme]}}]\n"


def carrier(home: Path, *, status: str = "") -> Path:
    folder = home / "partners" / "profiles" / "carrier"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yaml").write_text(PROFILE.format(status=status))
    return folder / "profile.yaml"


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "inactive"])
def test_what_it_brought_is_not_taken_for_everyones(fresh_store: Store, tmp_path: Path, gone: bool) -> None:
    profile = carrier(tmp_path)
    id = Line(fresh_store, tmp_path).drop(file_of("PO-1"), account="carrier")
    if gone:
        profile.unlink()
        profile.parent.rmdir()
    else:
        carrier(tmp_path, status="status: inactive\n")
    line = Line(fresh_store, tmp_path)
    line.run()
    assert line.numbers() == []
    life = line.life(id)
    assert [one["code"] for one in life["exceptions"]] == ["partner.sender_not_carried"]
    assert "carries only nobody any more" in life["exceptions"][0]["reason"]


def test_while_it_is_there_it_is_taken(fresh_store: Store, tmp_path: Path) -> None:
    carrier(tmp_path)
    line = Line(fresh_store, tmp_path)
    line.sent(file_of("PO-1"), account="carrier")
    assert line.numbers() == ["PO-1"]
