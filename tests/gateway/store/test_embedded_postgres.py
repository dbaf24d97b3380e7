"""Our own PostgreSQL comes up whatever was killed before, once, however many start it, and keeps what it committed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from gateway.errors import StoreError, StoreRefused, StoreUnavailable
from gateway.store import binaries
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import migrate, open_store

QUICK = {"shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(tmp_path / "home", settings=QUICK)
    yield embedded
    embedded.remove()


def ask(server: EmbeddedPostgres, question: str) -> Any:
    plain = make_url(server.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        answer = connection.execute(question)
        return answer.fetchone()[0] if answer.description else None  # type: ignore[index]


def pid_of(server: EmbeddedPostgres) -> int:
    pid = server.pid()
    assert pid is not None
    return pid


def kill_and_wait(server: EmbeddedPostgres) -> None:
    """kill -9 the postmaster and wait for it, not for its children: they may live on for a moment."""
    postmaster = psutil.Process(pid_of(server))
    postmaster.kill()
    psutil.wait_procs([postmaster], timeout=10)


def start_in_child(home: Path, answers: Any) -> None:
    server = EmbeddedPostgres(home, settings=QUICK)
    server.start()
    answers.put(server.pid())


def test_it_starts_answers_and_stops(server: EmbeddedPostgres) -> None:
    assert not server.running()
    assert server.pid() is None
    assert server.start() == server.url
    assert server.running()
    assert ask(server, "SELECT current_user || '@' || current_database()") == "tradelane@tradelane"
    server.stop()
    assert not server.running()
    server.stop()


def test_its_settings_keep_what_is_committed_and_open_no_port(server: EmbeddedPostgres) -> None:
    server.start()
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    assert {name: ask(server, f"SHOW {name}") for name in wanted} == wanted
    provider = "SELECT datlocprovider::text FROM pg_database WHERE datname = 'tradelane'"
    if ask(server, "SELECT current_setting('server_version_num')::int") >= 170000:
        assert ask(server, provider) == "b"
    ports = [
        connection
        for process in [psutil.Process(pid_of(server))]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert ports == []


def test_only_its_owner_may_enter_and_the_socket_path_is_short(server: EmbeddedPostgres) -> None:
    server.start()
    socket_folder = Path(str(make_url(server.url).query["host"]))
    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.folder / "data").stat().st_mode) == 0o700
    assert len(str(socket_folder / ".s.PGSQL.5432")) <= 100
    owner = (server.folder / "data").stat().st_uid
    assert psutil.Process(pid_of(server)).uids().effective == owner != 0


def test_a_home_with_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 30), settings=QUICK)
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.remove()


def test_starting_changes_no_mode_of_folders_that_are_not_its_own(tmp_path: Path) -> None:
    home = tmp_path / "outer" / "home"
    home.mkdir(parents=True)
    for folder in (home.parent, home):
        folder.chmod(0o700)
    before = {folder: folder.stat().st_mode for folder in (*home.parents, home)}
    server = EmbeddedPostgres(home, settings=QUICK)
    server.start()
    server.remove()
    assert {folder: folder.stat().st_mode for folder in before} == before


def test_a_second_start_finds_the_running_server(server: EmbeddedPostgres) -> None:
    server.start()
    first = server.pid()
    again = EmbeddedPostgres(server._home, settings=QUICK)
    again.start()
    assert again.pid() == first


def test_two_homes_have_two_servers(tmp_path: Path, server: EmbeddedPostgres) -> None:
    other = EmbeddedPostgres(tmp_path / "other", settings=QUICK)
    server.start()
    other.start()
    assert server.pid() != other.pid()
    ask(server, "CREATE TABLE only_here ()")
    assert ask(other, "SELECT to_regclass('only_here')") is None
    other.remove()


def test_what_was_committed_is_there_after_the_postmaster_is_killed(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    kill_and_wait(server)
    server.start()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_what_was_committed_is_there_after_every_process_of_it_is_killed(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    postmaster = psutil.Process(pid_of(server))
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.suspend()
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)
    server.start()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_start_waits_for_children_that_outlive_the_postmaster(server: EmbeddedPostgres) -> None:
    """A stopped child still holds the lock: a second server beside it would destroy the data."""
    server.start()
    postmaster = psutil.Process(pid_of(server))
    child = next(one for one in postmaster.children() if "checkpointer" in " ".join(one.cmdline()))
    child.suspend()
    try:
        kill_and_wait(server)
        assert server.running()
        with pytest.raises(StoreUnavailable, match="did not answer in 1 s"):
            server.start(within=1)
    finally:
        child.resume()
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_a_stale_pid_file_and_socket_of_a_reused_pid_do_not_stop_a_start(server: EmbeddedPostgres) -> None:
    server.start()
    data, socket_folder = server.folder / "data", Path(str(make_url(server.url).query["host"]))
    pid_file, lock_file = data / "postmaster.pid", socket_folder / ".s.PGSQL.5432.lock"
    left = {path: path.read_text() for path in (pid_file, lock_file)}
    killed = pid_of(server)
    server.stop()
    for path, content in left.items():  # they now name a process that lives and is none of PostgreSQL's
        path.write_text(content.replace(str(killed), str(os.getpid())))
    (socket_folder / ".s.PGSQL.5432").touch()
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_a_crash_while_the_data_folder_was_made_leaves_nothing_in_the_way(server: EmbeddedPostgres) -> None:
    partial = server.folder / "data.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_several_starters_at_once_share_one_server(server: EmbeddedPostgres, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    starters = [context.Process(target=start_in_child, args=(tmp_path / "home", answers)) for _ in range(4)]
    for starter in starters:
        starter.start()
    pids = {answers.get() for _ in starters}
    for starter in starters:
        starter.join()
        assert starter.exitcode == 0
        starter.close()
    answers.close()
    assert pids == {server.pid()}


def test_it_outlives_the_process_that_started_it_and_its_terminal(server: EmbeddedPostgres, tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from gateway.store.embedded import EmbeddedPostgres;"
        f" EmbeddedPostgres(Path({str(tmp_path / 'home')!r})).start(); os.killpg(0, signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program], start_new_session=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert server.running()
    assert ask(server, "SELECT 1") == 1


def test_a_starter_killed_at_any_moment_leaves_a_home_that_starts(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Killed after the first, second, ... file it makes, so that initdb, its end and the launch are all met."""
    home = tmp_path / "home"
    moments: list[Callable[[], bool]] = [
        lambda: (server.folder / "alive.lock").exists(),
        lambda: (server.folder / "data.partial" / "PG_VERSION").exists(),
        lambda: (server.folder / "data" / "PG_VERSION").exists(),
        lambda: (server.folder / "server.conf").exists(),
        lambda: (server.folder / "data" / "postmaster.pid").exists(),
    ]
    program = (
        "from pathlib import Path; from gateway.store.embedded import EmbeddedPostgres;"
        f" EmbeddedPostgres(Path({str(home)!r})).start()"
    )
    for reached in moments:
        with subprocess.Popen([sys.executable, "-c", program]) as starter:
            while not reached() and starter.poll() is None:
                pass
            starter.kill()
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_a_store_opened_before_a_crash_works_after_it(server: EmbeddedPostgres) -> None:
    url = server.start()
    migrate(url)
    store = open_store(url)
    with store.begin() as conn:
        conn.exec_driver_sql("SELECT 1")
    kill_and_wait(server)
    with pytest.raises(StoreUnavailable), store.begin() as conn:
        conn.exec_driver_sql("SELECT 1")
    server.start()
    with store.begin() as conn:
        assert conn.exec_driver_sql("SELECT 2").scalar_one() == 2
    store.close()


def test_a_server_that_cannot_start_tells_its_own_words(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", settings={"shared_buffers": "no number"})
    with pytest.raises(StoreUnavailable, match="shared_buffers"):
        server.start()
    server.remove()


def test_programs_of_the_wrong_version_or_place_are_refused() -> None:
    with pytest.raises(StoreRefused, match="the data was written by PostgreSQL 11"):
        binaries.programs(major=11)
    assert binaries.programs().major >= 15


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can meet the home of another user")
def test_root_uses_the_server_of_a_users_home_and_never_starts_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    os.chown(data, 65534, 65534)
    server = EmbeddedPostgres(home, settings=QUICK)
    assert server.folder == home / "postgres"
    with pytest.raises(StoreRefused, match="belongs to another user"):
        server.start()
    assert list(data.iterdir()) == []
    assert [path.name for path in (home / "postgres").iterdir()] == ["data"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", settings=QUICK)
    server.folder.parent.mkdir(parents=True, exist_ok=True)
    server.folder.write_text("in the way")
    with pytest.raises(StoreError):
        server.start()
    server.folder.unlink()
