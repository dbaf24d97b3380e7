"""Our client: the pinned host key, and files that arrive whole or not at all."""

from __future__ import annotations

import io
import socket
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sftp.client import SFTPClient
from sftp.errors import (
    ConnectionLostError,
    HostKeyError,
    LoginError,
    MailboxUnavailableError,
    RemoteRefusedError,
    SetupError,
)
from sftp.keys import PublicKey, new_private_key, public_part, read_private_key
from sftp.ports import Area, Place

IN, OUT = Place(Area.IN), Place(Area.OUT)


def connect(site, key: bytes, host_keys: list[PublicKey], user: str = "acme") -> SFTPClient:
    host, port = site.server.address
    return SFTPClient.connect(host, port, user=user, private_key=key, host_keys=host_keys, seconds=20)


def test_a_file_goes_there_and_back(site, acme_key) -> None:
    content = bytes(range(256)) * 2000
    site.mailbox.place("acme", OUT, "x.997", content)
    with connect(site, acme_key, site.server.host_keys) as client:
        sent = client.put(content, "/in", "po.edi")
        assert (sent.name, sent.size, sent.is_folder) == ("po.edi", len(content), False)
        fetched = io.BytesIO()
        assert client.get("/out/x.997", fetched) == len(content)
        assert fetched.getvalue() == content
        assert [found.name for found in client.list("/out")] == ["x.997"]
        client.remove("/out/x.997")
        assert list(client.list("/out")) == []
    assert [(one.name, one.content) for one in site.mailbox.counted] == [("po.edi", content)]


def test_a_file_is_sent_from_where_it_stands(site, acme_key) -> None:
    source = io.BytesIO(b"header:ISA")
    source.seek(7)
    with connect(site, acme_key, site.server.host_keys) as client:
        assert client.put(source, "/in", "po.edi").size == 3


def test_another_host_key_than_the_pinned_one_stops_before_the_login(site, acme_key) -> None:
    with pytest.raises(HostKeyError, match="ask the partner"):
        connect(site, acme_key, [public_part(new_private_key())])
    assert site.server.sessions == 0


def test_a_pinned_key_of_another_type_is_no_match(site, acme_key) -> None:
    with pytest.raises(HostKeyError):
        connect(site, acme_key, [ecdsa_key()])


def ecdsa_key() -> PublicKey:

    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public_part(text)


def test_either_of_two_pinned_keys_is_enough_during_a_rollover(site, acme_key) -> None:
    connect(site, acme_key, [public_part(new_private_key()), *site.server.host_keys]).close()


def test_nothing_is_trusted_without_a_pin(site, acme_key) -> None:
    with pytest.raises(SetupError, match="pinned"):
        connect(site, acme_key, [])


def test_a_key_the_server_does_not_know_is_a_login_error(site) -> None:
    with pytest.raises(LoginError, match="acme"):
        connect(site, new_private_key(), site.server.host_keys)


def test_a_commit_that_fails_is_never_taken_for_a_delivery(site, acme_key) -> None:
    with connect(site, acme_key, site.server.host_keys) as client:
        site.mailbox.fail_next("receive", MailboxUnavailableError("away"))
        with pytest.raises(RemoteRefusedError):
            client.put(b"ISA", "/in", "po.edi")
        assert list(client.list("/in")) == []
        client.put(b"ISA", "/in", "po.edi")
    assert len(site.mailbox.counted) == 1


def test_a_file_of_the_same_name_is_left_unless_replaced(site, acme_key) -> None:
    with connect(site, acme_key, site.server.host_keys) as client:
        client.put(b"one", "/in", "po.edi")
        with pytest.raises(RemoteRefusedError):
            client.put(b"two", "/in", "po.edi")
        assert [found.name for found in client.list("/in")] == ["po.edi"]
        client.put(b"three", "/in", "po.edi", replace=True)
    assert [one.content for one in site.mailbox.counted] == [b"one", b"three"]


def test_what_is_not_there_is_a_refusal(site, acme_key) -> None:
    with connect(site, acme_key, site.server.host_keys) as client:
        for attempt in (
            lambda: client.get("/out/none", io.BytesIO()),
            lambda: client.stat("/in/none"),
            lambda: client.remove("/out/none"),
            lambda: client.rename("/in/none", "/in/other"),
            lambda: list(client.list("/none")),
        ):
            with pytest.raises(RemoteRefusedError):
                attempt()


def test_a_server_that_is_gone_is_a_lost_connection(site, acme_key) -> None:
    address, host_keys = site.server.address, site.server.host_keys
    client = connect(site, acme_key, host_keys)
    site.server.stop(grace_seconds=0)
    with pytest.raises(ConnectionLostError):
        client.put(b"ISA", "/in", "po.edi")
    client.close()
    with pytest.raises(ConnectionLostError):
        SFTPClient.connect(*address, user="acme", private_key=acme_key, host_keys=host_keys, seconds=20)


def test_a_server_that_never_speaks_is_a_lost_connection(acme_key) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(ConnectionLostError):
            SFTPClient.connect(
                host, port, user="a", private_key=acme_key, host_keys=[public_part(acme_key)], seconds=0.3
            )


def test_a_server_that_is_no_ssh_is_a_lost_connection(acme_key) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with listener.accept()[0] as sock:
                sock.sendall(b"220 ftp ready\r\n")

        talker = threading.Thread(target=talk)
        talker.start()
        host, port = listener.getsockname()
        with pytest.raises(ConnectionLostError):
            SFTPClient.connect(host, port, user="a", private_key=acme_key, host_keys=[public_part(acme_key)], seconds=5)
        talker.join(20)


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-dss AAAA", "ssh-ed25519 !!!", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2EAAAA="]
)
def test_a_public_key_line_that_is_none_is_a_setup_error(line) -> None:
    with pytest.raises(SetupError):
        PublicKey.parse(line)


def test_a_public_key_is_read_back_from_its_line() -> None:
    key = public_part(new_private_key())
    assert PublicKey.parse(key.line + " a comment") == key
    assert key.fingerprint.startswith("SHA256:")
    assert "=" not in key.fingerprint


def test_a_private_key_message_never_shows_the_key() -> None:
    text = new_private_key().replace(b"b3BlbnNz", b"SECRETXX")
    with pytest.raises(SetupError) as error:
        read_private_key(text)
    assert "SECRET" not in str(error.value)
