"""Our own PostgreSQL for one home folder: start, find, stop, whatever was killed before.

The server inherits a locked file. Lock free: no process of it lives, so what a dead one left is removed and a new one
started. Lock held: somebody started it, so connect. Both are tried until one succeeds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg

from gateway.errors import StoreRefused, StoreUnavailable
from gateway.store import binaries
from gateway.store.binaries import Account, Programs

DATABASE = "tradelane"
ROLE = "tradelane"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the system's limit is 107 bytes on Linux, 103 elsewhere
STARTS = 5
PAUSE = 0.05
CONNECT_SECONDS = 5

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "tradelane",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # a week of days, each overwriting the one before
    "log_file_mode": "0640",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}


class EmbeddedPostgres:
    """The PostgreSQL server of one home folder.

    It outlives the process that started it; any process of the same account finds it again. As root it runs as the
    system user `tradelane` with its data under `/var/lib/tradelane`, since PostgreSQL refuses to run as root.

    Args:
        home: the workspace folder; its resolved path names the server.
        settings: PostgreSQL settings on top of ours (tests turn fsync off).
    """

    def __init__(self, home: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._home = home.resolve()
        self._settings = {**SETTINGS, **(settings or {})}
        self._key = hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]
        own = self._home / "postgres"
        self._as_root = os.geteuid() == 0
        self._foreign_owner = self._as_root and _owner(own / "data") not in (None, 0)
        at_system = self._as_root and not self._foreign_owner
        self._base = binaries.SYSTEM_FOLDER / "homes" / self._key if at_system else own
        self._data = self._base / "data"
        self._logs = self._base / "log"
        self._run = self._base / "run"
        if len(os.fsencode(self._run / SOCKET)) > LONGEST_SOCKET_PATH:
            self._run = Path(f"/tmp/tradelane-{_owner(own) or os.geteuid()}-{self._key}")  # noqa: S108 - made 0700, checked

    @property
    def url(self) -> str:
        """Where the server listens, as SQLAlchemy and psycopg write it."""
        return f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={quote(str(self._run), safe='/')}"

    @property
    def folder(self) -> Path:
        """Where data, log and socket lie: `home/postgres`, or under `/var/lib/tradelane` as root."""
        return self._base

    def start(self, *, within: float = 60.0) -> str:
        """Make sure a server runs and answers; several processes may call this at once.

        Args:
            within: seconds to wait, recovery after a crash included.

        Returns:
            The SQLAlchemy URL of its database.

        Raises:
            StoreUnavailable: it did not come up; the message ends with the server's own words.
            StoreRefused: no programs, no system user, or a folder that is not ours.
        """
        deadline = time.monotonic() + within
        starts = 0
        while True:
            lock = self._lock()
            if lock is not None:
                try:
                    if starts == STARTS:
                        raise StoreUnavailable(f"PostgreSQL ended {STARTS} times while starting: {self._last_words()}")
                    starts += 1
                    self._launch(lock)
                finally:
                    os.close(lock)
            trouble = self._answers()
            if trouble is None:
                return self.url
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"PostgreSQL did not answer in {within:g} s: {trouble}; {self._last_words()}")
            time.sleep(PAUSE)

    def running(self) -> bool:
        """Whether a process of the server lives (it may still be starting or recovering)."""
        return not self._free()

    def pid(self) -> int | None:
        """The process id of the server that listens now, as the system itself tells it; None when none does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._run / SOCKET))
                credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            except OSError:
                return None
        pid: int = struct.unpack("3i", credentials)[0]
        return pid

    def stop(self, *, within: float = 30.0) -> None:
        """End the server: running transactions are rolled back, everything committed is written out.

        Args:
            within: seconds until it is told to quit at once instead (it then recovers at the next start).

        Raises:
            StoreUnavailable: it still runs.
        """
        for order in (signal.SIGINT, signal.SIGQUIT):
            deadline = time.monotonic() + within
            told = None
            while not self._free():
                pid = self.pid()
                if pid is not None and pid != told:
                    _signal(pid, order)
                    told = pid
                if time.monotonic() > deadline:
                    break
                time.sleep(PAUSE)
            else:
                return
        raise StoreUnavailable(f"PostgreSQL of {self._home} still runs after being told to stop: {self._last_words()}")

    def remove(self) -> None:
        """Stop the server and delete its data, for homes that were meant to pass (tests, a demo)."""
        self.stop()
        shutil.rmtree(self._base, ignore_errors=True)
        if self._run.parent != self._base:
            shutil.rmtree(self._run, ignore_errors=True)

    def _free(self) -> bool:
        try:
            descriptor = os.open(self._base / "alive.lock", os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _lock(self) -> int | None:
        if self._foreign_owner:  # root asks about a user's home: use what runs, write nothing there
            if self._free():
                raise StoreRefused(
                    f"{self._base} belongs to another user and its server is stopped; start it as that user"
                )
            return None
        _own_folder(self._base, mode=0o755 if self._as_root else 0o700)
        descriptor = os.open(self._base / "alive.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _launch(self, lock: int) -> None:
        account = binaries.system_account() if self._as_root else binaries.account_of(os.geteuid())
        version = self._data / "PG_VERSION"
        found = binaries.programs(major=int(version.read_text("ascii")) if version.exists() else None)
        if self._as_root:
            found = binaries.readable_copy(found)
        for folder in (self._run, self._logs):
            _own_folder(folder, mode=0o700, account=account)
        if not version.exists():
            self._initialise(found, account, lock)
        for stale in (self._data / "postmaster.pid", self._run / SOCKET, self._run / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        self._write_settings(account)
        options = f"-c config_file={shlex.quote(str(self._base / 'server.conf'))}"
        command = [found.path("pg_ctl"), "start", "--no-wait", "--silent", "-D", str(self._data)]
        command += ["-l", str(self._logs / "start.log"), "-o", options]
        started = _run_as(account, command, lock)
        if started.returncode != 0:
            raise StoreUnavailable(f"pg_ctl could not start PostgreSQL: {started.stdout}{started.stderr}".strip())

    def _initialise(self, found: Programs, account: Account, lock: int) -> None:
        """Make the data folder beside its place and rename it there: it is whole or it is not there."""
        partial = self._base / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        _own_folder(partial, mode=0o700, account=account)
        command = [found.path("initdb"), "-D", str(partial), "--username", ROLE, "--encoding", "UTF8", "--locale", "C"]
        command += ["--auth", "peer", "--no-instructions"]
        if found.major >= 17:
            command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        made = _run_as(account, command, lock)
        if made.returncode != 0:
            raise StoreUnavailable(f"initdb could not make {self._data}: {made.stderr.strip()}")
        os.rename(partial, self._data)
        _sync_folder(self._base)

    def _write_settings(self, account: Account) -> None:
        """Write what the server reads at its start beside its data, where only we can write."""
        where = {
            "data_directory": str(self._data),
            "hba_file": str(self._base / "hba.conf"),
            "ident_file": str(self._base / "ident.conf"),
            "unix_socket_directories": str(self._run),
            "unix_socket_permissions": "0700",
            "log_directory": str(self._logs),
        }
        lines = [f"# Written at each start for {str(self._home)!r}. For settings of your own use ALTER SYSTEM."]
        lines += [f"include {_quoted(str(self._data / 'postgresql.conf'))}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in {**self._settings, **where}.items()]
        names = sorted({"root", account.name})
        files = {
            "server.conf": "\n".join(lines),
            "hba.conf": "local all all peer map=tradelane",
            "ident.conf": "\n".join(f'tradelane "{name}" {ROLE}' for name in names),
        }
        for name, content in files.items():
            partial = self._base / f"{name}.partial"
            partial.write_text(content + "\n", encoding="utf-8")
            partial.chmod(0o644 if self._as_root else 0o600)
            os.replace(partial, self._base / name)

    def _answers(self) -> str | None:
        """None when the server takes work; else what it said."""
        for database in (DATABASE, "postgres"):
            try:
                with psycopg.connect(
                    host=str(self._run), user=ROLE, dbname=database, autocommit=True, connect_timeout=CONNECT_SECONDS
                ) as connection:
                    if database == DATABASE:
                        return None
                    connection.execute(f"CREATE DATABASE {DATABASE}")
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return "its database is being made"
            except psycopg.Error as error:
                trouble = str(error).strip()
                if f'database "{DATABASE}" does not exist' not in trouble:
                    return trouble
        return "its database was just made"

    def _last_words(self) -> str:
        logs = [path for path in self._logs.glob("*.log") if path.stat().st_size] if self._logs.is_dir() else []
        if not logs:
            return "it left no log"
        newest = max(logs, key=lambda path: path.stat().st_mtime)
        return f"{newest} ends with: " + " / ".join(newest.read_text("utf-8", "replace").splitlines()[-5:])


def _owner(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:
        return None


def _own_folder(folder: Path, *, mode: int, account: Account | None = None) -> None:
    """Make a folder with this mode and owner, or see that an existing one is really ours."""
    wanted = account.uid if account else os.geteuid()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == wanted:
            return
        if not (stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()):
            raise StoreRefused(f"{folder} is not a folder of user id {wanted}; move it away") from None
    if account and account.uid != os.geteuid():
        os.chown(folder, account.uid, account.gid)
    folder.chmod(mode)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run_as(account: Account, command: list[str], lock: int) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs, with the lock and nothing else of ours: no secrets of our environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    switch = os.geteuid() != account.uid
    return subprocess.run(  # noqa: S603 - PostgreSQL's programs, arguments of our making
        command,
        user=account.uid if switch else None,
        group=account.gid if switch else None,
        extra_groups=[] if switch else None,
        env={**kept, "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        umask=0o077,
        pass_fds=[lock],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _signal(pid: int, order: signal.Signals) -> None:
    try:
        os.kill(pid, order)
    except ProcessLookupError:
        return
