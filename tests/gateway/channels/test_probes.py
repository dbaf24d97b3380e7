"""Probes of accounts: what a partner's server, its folders and our own doors tell, without writing anything."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.as2_probe import Looked
from gateway.channels.probes import probe_door, probe_folder, probe_login, probe_remote
from partners.folder_accounts import FolderAccount
from partners.registry import PartnerRegistry
from partners.remotes import RemoteAccount
from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteError, SetupError
from sftp.keys import new_private_key, public_part
from sftp.memory_remote import MemoryRemote

AT = datetime(2026, 3, 2, tzinfo=UTC)
PROFILE = """\
name: Host
sftp: [{{user: host}}]
sftp_client:
  - name: hosted
    host: sftp.host.example
    user: house
    key: hosted
    host_keys: ["{key}"]
    fetch: [{{folder: /out}}, {{folder: /in, after: move, move_to: /done}}]
    send: {{folder: /to}}
"""


@dataclass
class Watched(MemoryRemote):
    """A partner's server that knows whether it was left."""

    closed: bool = False
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = lambda method, _path: self.written.append(method)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def registry(tmp_path: Path) -> PartnerRegistry:
    folder = tmp_path / "profiles" / "host"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(PROFILE.format(key=public_part(new_private_key()).line))
    return PartnerRegistry.load([tmp_path / "profiles"])


@pytest.fixture
def hosted(registry: PartnerRegistry) -> RemoteAccount:
    found = registry.way("hosted")
    assert isinstance(found, RemoteAccount)
    return found


def told(looked: list[Looked]) -> list[tuple[str, bool]]:
    return [(one.name, one.ok) for one in looked]


def test_a_server_is_logged_in_to_and_every_folder_looked_at(hosted: RemoteAccount) -> None:
    remote = Watched(folders={"/", "/out", "/in", "/done", "/to"})
    remote.place("/out/a.edi", b"x")
    looked = probe_remote(hosted, lambda _account: remote)
    assert told(looked) == [
        ("login", True), ("fetch /out", True), ("fetch /in", True), ("move to /done", True), ("send /to", True),
    ]  # fmt: skip
    assert looked[1].found == "1 file(s) there"
    assert remote.closed
    assert set(remote.written) == {"list", "stat"}


def test_a_folder_that_is_not_there_or_none_is_told_and_the_others_looked_at(hosted: RemoteAccount) -> None:
    remote = Watched(folders={"/", "/in", "/to"})
    remote.place("/done", b"a file")
    looked = probe_remote(hosted, lambda _account: remote)
    assert told(looked) == [
        ("login", True), ("fetch /out", False), ("fetch /in", True), ("move to /done", False), ("send /to", True),
    ]  # fmt: skip
    assert looked[3].found == "is no folder"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (HostKeyError("another key"), "host key"),
        (LoginError("not let in"), "login"),
        (SetupError("no secret"), "secrets"),
        (ConnectionLostError("nobody there"), "connection"),
    ],
)
def test_what_stands_in_the_way_of_a_session_is_named(
    hosted: RemoteAccount, error: RemoteError | SetupError, name: str
) -> None:
    def connect(_account: Any) -> Any:
        raise error

    assert told(probe_remote(hosted, connect)) == [(name, False)]


def test_folders_have_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    account = FolderAccount("a", "acme", inbox=Path("in"), outbox=Path("out"))
    assert told(probe_folder(account, tmp_path)) == [("in", True), ("out", False)]


@pytest.fixture
def door() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def closed_door() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: tuple[str, int] = server.getsockname()
    return found


def test_an_account_of_our_server_needs_a_key_that_is_good(
    registry: PartnerRegistry, tmp_path: Path, door: tuple[str, int]
) -> None:
    account = registry.account("host")
    assert account is not None
    assert told(probe_login(account, *door, at=AT)) == [("login", False), ("sftp", True)]
    keys = tmp_path / "profiles" / "host" / "keys"
    keys.mkdir()
    (keys / "a.pub").write_text(public_part(new_private_key()).line + "\n")
    again = PartnerRegistry.load([tmp_path / "profiles"]).account("host")
    assert again is not None
    assert told(probe_login(again, *door, at=AT)) == [("login", True), ("sftp", True)]


def test_a_door_that_is_shut_is_told(closed_door: tuple[str, int]) -> None:
    looked = probe_door("https", *closed_door)
    assert (looked.ok, "nothing of ours answers at 127.0.0.1" in looked.found) == (False, True)


def test_the_command_knows_accounts_of_every_channel(tmp_path: Path, run_probe: Callable[..., Any]) -> None:
    folder = tmp_path / "partners" / "profiles" / "host"
    folder.mkdir(parents=True)
    (tmp_path / "tradelane.yaml").write_text("samples: false\nsftp: {host: 127.0.0.1, port: 1}\n")
    text = PROFILE.format(key=public_part(new_private_key()).line)
    (folder / "profile.yaml").write_text(text + f"folders: [{{user: host-van, in: {tmp_path}}}]\n")
    (tmp_path / "partners" / "profiles" / "ourselves.yaml").write_text("us: {name: U, identifiers: []}\n")
    assert run_probe("host-van").exit_code == 0
    remote = run_probe("hosted")
    assert (remote.exit_code, "there is no secret hosted" in " ".join(remote.stdout.split())) == (1, True)
    assert run_probe("host").exit_code == 1
    assert run_probe("hots").exit_code == 2


@pytest.fixture
def run_probe(tmp_path: Path) -> Callable[..., Any]:
    from typer.testing import CliRunner

    from gateway.cli.main import app

    env = {"TRADELANE_HOME": str(tmp_path), "TRADELANE_DATABASE_URL": ""}
    return lambda account: CliRunner().invoke(app, ["partner", "probe", account], env=env)
