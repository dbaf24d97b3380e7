"""The whole program as a user starts it: the demo holds all it expects, and a server ends in order when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import psutil
import pytest

from gateway.demo.run import FILES
from gateway.store.embedded import EmbeddedPostgres
from tests.gateway.inbound_line import group, interchange, order
from tests.waiting import wait_until

SECONDS = 90
SETTINGS = "sftp: {host: 127.0.0.1, port: 0}\nworkers: 1\n"

pytestmark = pytest.mark.timeout(150)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from gateway.cli.main import run; run()", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TRADELANE_")}


def demo(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", *arguments),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def expectations(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stdout + done.stderr
    found = orjson.loads(done.stdout)
    assert found["ok"] is True
    rows: list[dict[str, object]] = found["expectations"]
    assert all(row["held"] for row in rows)
    return rows


def test_the_demo_holds_all_it_expects_and_ends_by_itself(tmp_path: Path) -> None:
    rows = expectations(demo("--json", cwd=tmp_path))
    assert len(rows) >= 18
    assert "and every set is accepted by Acme's 997" in [row["expectation"] for row in rows]
    assert list(tmp_path.iterdir()) == []


def test_the_demo_runs_a_file_of_a_partner_nobody_knows(tmp_path: Path) -> None:
    unread = ["ST*888*0002", "N1*XX*\x1b[31m[red]", "SE*3*0002"]
    path = tmp_path / "yours [red].edi"
    path.write_bytes(interchange([group([order("PO-9"), unread])], sender="SOMEBODY", receiver="ELSE"))
    done = demo("--file", path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"PO-9"' in done.stdout
    assert "AK9*A*2*2*2" in done.stdout
    assert "\x1b[31m" not in done.stdout


def test_the_demo_of_what_has_no_envelope_says_so(tmp_path: Path) -> None:
    done = demo("--file", FILES / "garbage.edi", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no ISA that can be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_told_to_stop_ends_in_order_with_its_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "tradelane.yaml").write_text(SETTINGS)
    postgres = EmbeddedPostgres(home)
    log = tmp_path / "serve.log"
    try:
        with log.open("wb") as stderr:
            server = subprocess.Popen(command("serve", "--home", home), env=environment(), stderr=stderr)
        try:
            wait_until(lambda: b'"serving"' in log.read_bytes() or server.poll() is not None, within=SECONDS)
            assert server.poll() is None, log.read_text()
            wait_until(lambda: len(psutil.Process(server.pid).children()) >= 1, within=SECONDS)
            server.send_signal(signal.SIGTERM)
            assert server.wait(SECONDS) == 0, log.read_text()
        finally:
            server.kill()
            server.wait()
        assert not postgres.running()
        assert b"Traceback" not in log.read_bytes()
    finally:
        postgres.remove()


def test_a_server_told_to_stop_while_it_starts_leaves_no_database_behind(tmp_path: Path) -> None:
    (tmp_path / "tradelane.yaml").write_text(SETTINGS)
    postgres = EmbeddedPostgres(tmp_path)
    try:
        server = subprocess.Popen(command("serve", "--home", tmp_path), env=environment(), stderr=subprocess.DEVNULL)
        try:
            wait_until(postgres.running, within=SECONDS)
            server.send_signal(signal.SIGINT)
            assert server.wait(SECONDS) == 0
        finally:
            server.kill()
            server.wait()
        assert not postgres.running()
    finally:
        postgres.remove()


def test_a_server_with_a_broken_workspace_starts_nothing(tmp_path: Path) -> None:
    profile = tmp_path / "partners" / "profiles" / "mine" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("name: Mine\n  broken: yes\n")
    try:
        done = subprocess.run(
            command("serve", "--home", tmp_path),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 2
        assert f"{profile}:2:" in done.stderr
        assert not EmbeddedPostgres(tmp_path).running()
    finally:
        EmbeddedPostgres(tmp_path).remove()
