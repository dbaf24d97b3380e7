"""Our client against the real `sshd` of OpenSSH, one process for each connection, over a socket we accepted."""

from __future__ import annotations

import contextlib
import io
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftp.client import SFTPClient
from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteRefusedError
from sftp.keys import new_private_key, public_part

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(SSHD is None and not os.environ.get("CI"), reason="OpenSSH's sshd is not installed"),
]
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


@pytest.fixture
def openssh(acme_key) -> Iterator[OpenSSHServer]:
    with tempfile.TemporaryDirectory(prefix="tradelane-sshd-") as home:
        server = OpenSSHServer(Path(home), acme_key)
        yield server
        server.stop()


@pytest.fixture
def folder(openssh) -> str:
    return str(openssh._home / "in")


def test_a_file_goes_there_and_back_and_leaves_no_temporary_name(openssh, folder, acme_key) -> None:
    content = os.urandom(700_000)
    with openssh.client(acme_key) as client:
        assert client.put(content, folder, "po.edi").size == len(content)
        assert [(found.name, found.size) for found in client.list(folder)] == [("po.edi", len(content))]
        fetched = io.BytesIO()
        client.get(f"{folder}/po.edi", fetched)
        assert fetched.getvalue() == content
        client.rename(f"{folder}/po.edi", f"{folder}/done.edi")
        client.remove(f"{folder}/done.edi")
        assert list(client.list(folder)) == []


def test_a_taken_name_is_replaced_only_when_asked(openssh, folder, acme_key) -> None:
    with openssh.client(acme_key) as client:
        client.put(b"one", folder, "po.edi")
        with pytest.raises(RemoteRefusedError):
            client.put(b"two", folder, "po.edi")
        assert [found.name for found in client.list(folder)] == ["po.edi"]
        client.put(b"three", folder, "po.edi", replace=True)
        assert client.stat(f"{folder}/po.edi").size == 5


def test_another_host_key_or_user_key_stops_the_connection(openssh, acme_key) -> None:
    with pytest.raises(HostKeyError):
        openssh.client(acme_key, pinned=new_private_key())
    with pytest.raises(LoginError):
        openssh.client(new_private_key())


def test_a_server_that_dies_is_a_lost_connection(openssh, folder, acme_key) -> None:
    with openssh.client(acme_key) as client:
        client.put(b"one", folder, "po.edi")
        openssh.kill()
        with pytest.raises(ConnectionLostError):
            client.put(b"two" * 100_000, folder, "next.edi")
