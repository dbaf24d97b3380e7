"""Our client against the real `sshd` of OpenSSH, one process for each connection, over a socket we accepted."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteRefusedError
from sftp.keys import new_private_key
from tests.sftp.openssh import OpenSSHServer, needs_sshd

pytestmark = [pytest.mark.interop, needs_sshd]


@pytest.fixture
def openssh(acme_key) -> Iterator[OpenSSHServer]:
    with tempfile.TemporaryDirectory(prefix="tradelane-sshd-") as home:
        server = OpenSSHServer(Path(home), acme_key)
        yield server
        server.stop()


@pytest.fixture
def folder(openssh) -> str:
    return openssh.folder


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
