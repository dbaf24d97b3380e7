"""OpenSSH beside which `bench sftp` measures: its `sshd` with internal-sftp, and its client `sftp` for both servers."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import perf_counter

from gateway.errors import GatewayError
from sftp.keys import PublicKey, new_private_key, public_part

SERVER_USER = "bin"
"""Whom its server's processes run as when we are root: sshd wants to have nothing to give up."""
PATIENCE_SECONDS = 600.0

_CONFIGURATION = """
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


class PeerFailed(GatewayError):
    """OpenSSH did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Server:
    """An SFTP server on loopback, as a client needs to know it; files go into `folder`."""

    port: int
    user: str
    host_key: PublicKey
    folder: str


def missing() -> str | None:
    """Which program of OpenSSH is not installed; None where both are."""
    return next((name for name in ("sshd", "sftp") if _program(name) is None), None)


@contextmanager
def internal_sftp(home: Path, client_key: bytes) -> Iterator[Server]:
    """OpenSSH's server: one `sshd -i` for each connection. Its files lie below `home`."""
    host_key = new_private_key()
    folder = home / "in"
    folder.mkdir()
    (home / "sshd_config").write_text(_CONFIGURATION.format(home=home))
    (home / "authorized_keys").write_text(public_part(client_key).line + "\n")
    (home / "host_key").touch(mode=0o600)
    (home / "host_key").write_bytes(host_key)
    root = os.getuid() == 0
    account = pwd.getpwnam(SERVER_USER) if root else pwd.getpwuid(os.getuid())
    if root:
        for path in (home, *home.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        accepting = Thread(target=_accept, args=(listener, home, account if root else None), daemon=True)
        accepting.start()
        yield Server(listener.getsockname()[1], account.pw_name, public_part(host_key), str(folder))
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def upload(server: Server, key_file: Path, batches: list[list[tuple[Path, str]]], *, scratch: Path) -> float:
    """Have OpenSSH's client send files, a session for each batch, all at the same time; the seconds it took.

    Args:
        server: to which.
        key_file: the private key to log in with.
        batches: the files of each session, and their names there.
        scratch: a folder for what the client reads.

    Raises:
        PeerFailed: a file was not taken.
    """
    known = scratch / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key.line}\n")
    commands = []
    for number, batch in enumerate(batches):
        script = scratch / f"batch{number}"
        script.write_text("".join(f"put {path} {server.folder}/{name}\n" for path, name in batch))
        options = [f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"]
        told = [part for option in options for part in ("-o", option)]
        program = _program("sftp") or "sftp"
        target = f"{server.user}@127.0.0.1"
        commands.append([program, "-q", "-b", str(script), "-i", str(key_file), *told, "-P", str(server.port), target])
    began = perf_counter()
    running = [subprocess.Popen(each, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for each in commands]  # noqa: S603 our own command
    failed = []
    for process in running:
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        if process.returncode != 0:
            failed.append(said.decode(errors="replace")[-300:])
    if failed:
        raise PeerFailed(f"{len(failed)} of {len(running)} uploads failed: {failed[0]}")
    return perf_counter() - began


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _accept(listener: socket.socket, home: Path, account: pwd.struct_passwd | None) -> None:
    program = _program("sshd") or "sshd"
    serving: list[subprocess.Popen[bytes]] = []
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            break
        with sock:
            serving.append(_serve([program, "-i", "-f", str(home / "sshd_config")], sock, account))
    for process in serving:
        process.terminate()
        process.wait()


def _serve(command: list[str], sock: socket.socket, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 our own command
        command,
        stdin=sock.fileno(),
        stdout=sock.fileno(),
        stderr=subprocess.DEVNULL,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )
