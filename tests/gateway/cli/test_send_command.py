"""`tradelane send`: sets of a file go out in our envelope, or none of them does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.inbound_line import Line, interchange, segments_of
from tests.gateway.sending import profile


@pytest.fixture
def sending(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> Workspace:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile(more='envelope: {element: "|", segment: "!"}'))
    return Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)


def file_to_send(folder: Path, *dates: str, code: str = "855", usage: str = "P", version: str = "004010") -> Path:
    """A file of 855 in an envelope of somebody else."""
    sets = [
        [f"ST*{code}*77{place}1", f"BAK*00*AD*PO-{place}*{date}", f"SE*3*77{place}1"]
        for place, date in enumerate(dates, 1)
    ]
    inside = [f"GS*PR*ANY*WHO*20261120*0915*900*X*{version}", *(part for one in sets for part in one)]
    path = folder / "prepared.edi"
    path.write_bytes(interchange([[*inside, f"GE*{len(sets)}*900"]], sender="SOMEBODY", receiver="ELSE", usage=usage))
    return path


def test_a_file_goes_out_in_an_envelope_of_ours(sending: Workspace, tmp_path: Path) -> None:
    path = file_to_send(tmp_path, "20261120", "20261121")
    [told] = objects(sending("send", path, "--partner", "buyer", "--ourselves", "us", "--json"))
    [(name, content)] = sending.line.out("buyer").items()
    assert name == "855_000000001.edi"
    assert content.startswith(b"ISA|00|          |00|          |ZZ|TRADELANE      |ZZ|BUYER          |")
    assert segments_of(content)[2:8] == [
        "ST*855*0001",
        "BAK*00*AD*PO-1*20261120",
        "SE*3*0001",
        "ST*855*0002",
        "BAK*00*AD*PO-2*20261121",
        "SE*3*0002",
    ]
    life = sending.line.life(told["sent"][0])
    assert [owed["state"] for owed in life["interchanges"][0]["awaited"]] == ["waiting"]


def test_a_test_file_goes_out_as_test(sending: Workspace, tmp_path: Path) -> None:
    path = file_to_send(tmp_path, "20261120", usage="T")
    assert "sent to buyer as" in sending("send", path, "--partner", "buyer", "--ourselves", "us").stdout
    [content] = sending.line.out("buyer").values()
    assert content.split(b"|")[15] == b"T"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"dates": ("20261120", "20261345")}, "20261345"),
        ({"dates": ("20261120",), "code": "810"}, "810"),
        ({"dates": ("20261120",), "version": "003010"}, "003010"),
    ],
)
def test_a_file_with_a_fault_is_refused_whole(
    sending: Workspace, tmp_path: Path, how: dict[str, object], message: str
) -> None:
    dates = how.pop("dates")
    assert isinstance(dates, tuple)
    path = file_to_send(tmp_path, *dates, **how)  # type: ignore[arg-type]
    done = sending("send", path, "--partner", "buyer", "--ourselves", "us")
    assert done.exit_code == 1
    assert message in done.stdout
    assert sending.line.out("buyer") == {}
    [told] = objects(sending("send", path, "--partner", "buyer", "--ourselves", "us", "--json"))
    assert told["sent"] == []
    assert told["issues"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--partner", "byer", "--ourselves", "us"], "there is no partner byer"),
        (["--partner", "buyer"], "say which with --ourselves: eu, us"),
        (["--partner", "buyer", "--ourselves", "uk"], "none of us is uk"),
        (["--partner", "buyer", "--ourselves", "us", "--account", "acme"], "acme does not carry buyer"),
    ],
)
def test_what_is_not_there_is_said(sending: Workspace, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = sending("send", file_to_send(tmp_path, "20261120"), *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert sending.line.out("buyer") == {}


def test_a_file_without_sets_is_refused(sending: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "empty.edi"
    path.write_bytes(interchange([["TA1*000000001*260105*0900*A*000"]], count=0))
    done = sending("send", path, "--partner", "buyer", "--ourselves", "us")
    assert (done.exit_code, "no set in it" in done.stderr) == (1, True)
