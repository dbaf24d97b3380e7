"""The real `sshd` of OpenSSH with internal-sftp: one process for each connection, over a socket we accepted."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from sftp.client import SFTPClient
from sftp.keys import PublicKey, new_private_key, public_part

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None and not os.environ.get("CI"), reason="OpenSSH's sshd is not installed")
CONFIGURATION = """
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


class OpenSSHServer:
    """Accepts on loopback and gives each connection to an `sshd -i`, never as root."""

    def __init__(self, home: Path, client_key: bytes) -> None:
        assert SSHD is not None, "install openssh-server"
        self._sshd = SSHD
        self._home = home
        self._host_key = new_private_key()
        root = os.getuid() == 0
        self.user = "bin" if root else pwd.getpwuid(os.getuid()).pw_name
        account = pwd.getpwnam(self.user)
        self._as_user: dict[str, object] = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if root else {}
        )
        (home / "in").mkdir()
        (home / "sshd_config").write_text(CONFIGURATION.format(home=home))
        (home / "authorized_keys").write_text(public_part(client_key).line + "\n")
        (home / "host_key").write_bytes(self._host_key)
        (home / "host_key").chmod(0o600)
        if root:
            for path in (home, *home.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._serving: list[subprocess.Popen[bytes]] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it accepts."""
        host, port = self._listener.getsockname()
        return str(host), int(port)

    @property
    def host_key(self) -> PublicKey:
        """What it shows."""
        return public_part(self._host_key)

    @property
    def folder(self) -> str:
        """A folder its user may write to."""
        return str(self._home / "in")

    def client(self, key: bytes, *, pinned: bytes | None = None, user: str | None = None) -> SFTPClient:
        host, port = self._listener.getsockname()
        host_keys = [public_part(pinned or self._host_key)]
        return SFTPClient.connect(host, port, user=user or self.user, private_key=key, host_keys=host_keys, seconds=20)

    def kill(self) -> None:
        """End every connection as a crash does."""
        for process in self._serving:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._listener.close()
        self.kill()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                command = [self._sshd, "-i", "-f", str(self._home / "sshd_config")]
                self._serving.append(
                    subprocess.Popen(
                        command,
                        stdin=sock,
                        stdout=sock,
                        stderr=subprocess.DEVNULL,
                        start_new_session=True,
                        **self._as_user,
                    )
                )
