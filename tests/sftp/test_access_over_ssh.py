"""Who gets in, with what, and what else is refused (test plan, rows S3 and S5)."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time

import paramiko
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from paramiko.packet import Packetizer

from sftp.connection import EXCHANGES_A_MINUTE
from sftp.errors import MailboxUnavailableError, SetupError
from sftp.keys import PublicKey, new_private_key, public_part, read_private_key
from sftp.memory import MemoryMailbox
from sftp.ports import Account, AccountLimits, Area, Place
from sftp.server import SFTPServer

CBC_ONLY = {"ciphers": [name for name in paramiko.Transport._preferred_ciphers if "cbc" not in name]}


def openssh(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def listed(transport: paramiko.Transport) -> list[str]:
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    return session.listdir("/")


def refused(site, user: str, key: bytes) -> tuple[type[BaseException], str, float]:
    transport = site.knock()
    began = time.perf_counter()
    try:
        transport.auth_publickey(user, read_private_key(key))
    except paramiko.AuthenticationException as error:
        return type(error), str(error), time.perf_counter() - began
    finally:
        transport.close()
    raise AssertionError("let in")


def test_both_keys_of_an_account_open_it(site, acme_key, second_acme_key) -> None:
    for key in (acme_key, second_acme_key):
        transport = site.dial("acme", key)
        assert listed(transport) == ["in", "out", "archive", "error", "test"]
        transport.close()


@pytest.mark.parametrize(
    "private",
    [
        lambda: openssh(ec.generate_private_key(ec.SECP256R1())),
        lambda: openssh(ec.generate_private_key(ec.SECP521R1())),
        lambda: openssh(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["ecdsa 256", "ecdsa 521", "rsa 2048"],
)
def test_ecdsa_and_rsa_keys_open_an_account(site, private) -> None:
    text = private()
    site.mailbox.add_account("initech", Account("initech"), public_part(text))
    transport = site.dial("initech", text)
    assert "in" in listed(transport)
    transport.close()


def test_a_small_rsa_key_is_refused_even_if_the_mailbox_knows_it(site) -> None:
    key = paramiko.RSAKey(key=rsa.generate_private_key(65537, 1024))
    site.mailbox.add_account("initech", Account("initech"), PublicKey(type="ssh-rsa", blob=key.asbytes()))
    transport = site.knock()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("initech", key)
    transport.close()


def test_an_unknown_user_and_a_wrong_key_get_the_same_answer_after_the_same_least_time(start, acme_key) -> None:
    site = start(refusal_seconds=0.3)
    unknown = refused(site, "nobody", acme_key)
    wrong = refused(site, "acme", new_private_key())
    assert unknown[:2] == wrong[:2]
    assert min(unknown[2], wrong[2]) >= 0.3


def test_a_key_of_one_account_does_not_open_another(site, globex_key) -> None:
    refused(site, "acme", globex_key)


def test_a_mailbox_that_is_away_lets_nobody_in(site, acme_key) -> None:
    site.mailbox.fail_next("login", MailboxUnavailableError("away"))
    refused(site, "acme", acme_key)
    site.dial().close()


def test_passwords_and_the_like_are_not_even_offered(site) -> None:
    transport = site.knock()
    with pytest.raises(paramiko.BadAuthenticationType) as refusal:
        transport.auth_none("acme")
    assert refusal.value.allowed_types == ["publickey"]
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("acme", "secret", fallback=False)
    with pytest.raises(paramiko.SSHException):
        transport.auth_interactive("acme", lambda *_: [])
    transport.close()


def test_a_signature_that_does_not_fit_opens_nothing(site, acme_key) -> None:
    class Liar(paramiko.Ed25519Key):
        """Shows acme's key and signs with another."""

        def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> paramiko.Message:
            return read_private_key(new_private_key()).sign_ssh_data(data, algorithm)

    transport = site.knock()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", Liar.from_private_key(io.StringIO(acme_key.decode())))
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    transport.close()


def test_too_many_refused_keys_close_the_connection(start, acme_key) -> None:
    site = start(auth_tries=2)
    transport = site.knock()
    for _ in range(2):
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey("acme", read_private_key(new_private_key()))
    with pytest.raises((paramiko.SSHException, EOFError, ConnectionError)):
        transport.auth_publickey("acme", read_private_key(acme_key))
    transport.close()


def test_only_current_algorithms_are_offered(site) -> None:
    offered = kex_init(site.server.address)
    assert not [name for names in offered.values() for name in names if "cbc" in name or "md5" in name]
    assert not [name for name in offered["macs"] if "sha1" in name]
    assert not [name for name in offered["kex"] if name.endswith("sha1")]
    assert not {"ssh-rsa", "ssh-dss"} & set(offered["keys"])
    assert "kex-strict-s-v00@openssh.com" in offered["kex"]
    assert {"aes256-ctr", "aes256-gcm@openssh.com"} <= set(offered["ciphers"])
    assert offered["compression"] == ["none"]


def kex_init(address: tuple[str, int]) -> dict[str, list[str]]:
    """The lists of the server's first packet (RFC 4253, section 7.1)."""
    with socket.create_connection(address, timeout=20) as sock, sock.makefile("rb") as stream:
        banner = stream.readline()
        assert banner == b"SSH-2.0-Tradelane\r\n"
        sock.sendall(b"SSH-2.0-test\r\n")
        length = int.from_bytes(stream.read(4), "big")
        message = paramiko.Message(stream.read(length)[1 + 1 + 16 :])
    names = ("kex", "keys", "ciphers", "ciphers_back", "macs", "macs_back", "compression")
    return {name: message.get_list() for name in names}


@pytest.mark.parametrize(
    "old",
    [
        CBC_ONLY,
        {"macs": [name for name in paramiko.Transport._preferred_macs if "sha1" not in name and "md5" not in name]},
    ],
    ids=["cbc only", "sha1 only"],
)
def test_a_client_that_knows_only_old_algorithms_gets_no_connection(site, old) -> None:
    if "macs" in old:
        old["ciphers"] = [name for name in paramiko.Transport._preferred_ciphers if "gcm" in name]
    with pytest.raises((paramiko.SSHException, EOFError, ConnectionError)):
        site.knock(disabled_algorithms=old)


def test_a_connection_that_never_became_ssh_is_logged_with_its_reason(start) -> None:
    with structlog.testing.capture_logs() as events:
        site = start()
        with pytest.raises((paramiko.SSHException, EOFError, ConnectionError)):
            site.knock(disabled_algorithms=CBC_ONLY)
        site.server.stop()
    failed = [event for event in events if event["event"] == "sftp.connection_failed"]
    assert [event["address"] for event in failed] == ["127.0.0.1"]
    assert "no acceptable ciphers" in failed[0]["reason"]


def test_nothing_but_sftp_is_granted(site) -> None:
    transport = site.dial()
    attempts = {
        "shell": lambda channel: channel.invoke_shell(),
        "exec": lambda channel: channel.exec_command("id"),
        "pty": lambda channel: channel.get_pty(),
        "x11": lambda channel: channel.request_x11(handler=lambda *_: None),
        "subsystem": lambda channel: channel.invoke_subsystem("netconf"),
        "env": lambda channel: channel.set_environment_variable("LD_PRELOAD", "x"),
    }
    for name, attempt in attempts.items():
        channel = transport.open_session(timeout=20)
        if name == "env":  # a request without an answer
            attempt(channel)
            continue
        with pytest.raises(paramiko.SSHException):
            attempt(channel)
    agent = transport.open_session(timeout=20)
    agent.request_forward_agent(lambda *_: None)
    with pytest.raises(paramiko.SSHException):
        transport.request_port_forward("", 0)
    for kind, target in (("direct-tcpip", ("127.0.0.1", 22)), ("forwarded-tcpip", ("127.0.0.1", 22)), ("x11", None)):
        with pytest.raises(paramiko.ChannelException) as refusal:
            transport.open_channel(kind, target, ("127.0.0.1", 1), timeout=20)
        assert refusal.value.code == paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
    assert listed(transport) == ["in", "out", "archive", "error", "test"]
    transport.close()


def test_a_stranger_may_not_open_a_channel(site) -> None:
    transport = site.knock()
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    transport.close()


def test_an_account_has_so_many_sessions_and_no_more(start) -> None:
    site = start(account=Account("acme", limits=AccountLimits(sessions=2)))
    transports = [site.dial() for _ in range(3)]
    for transport in transports[:2]:
        listed(transport)
    with pytest.raises(paramiko.SSHException):
        listed(transports[2])
    transports[0].close()
    transports[0].join(20)
    assert wait_until(site, lambda: site.server.sessions == 1)
    assert "in" in listed(transports[2])
    for transport in transports:
        transport.close()


def test_connections_are_limited_in_all_and_by_address(start) -> None:
    for limit in ({"connections": 2}, {"connections_per_address": 2}, {"strangers": 2}):
        site = start(**limit)
        kept = [site.knock(), site.knock()]
        with pytest.raises((paramiko.SSHException, EOFError, OSError)):
            site.knock()
        for transport in kept:
            transport.close()


def test_who_does_not_log_in_is_cut_off(start) -> None:
    site = start(login_seconds=0.3)
    with socket.create_connection(site.server.address, timeout=20) as silent:
        assert silent.recv(100).startswith(b"SSH-2.0-")
        while silent.recv(4096):
            continue
    transport = site.knock()
    transport.join(20)
    assert not transport.is_active()
    transport.close()
    assert wait_until(site, lambda: site.server.connections == 0)


def test_who_is_idle_is_cut_off_and_his_open_file_does_not_count(start) -> None:
    site = start(idle_seconds=0.3)
    transport = site.dial()
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    file = session.open("/in/po.edi", "wb")
    file.write(b"ISA")
    transport.join(20)
    assert not transport.is_active()
    assert site.mailbox.wait_for(lambda mailbox: mailbox.kept("acme", Place(Area.IN), "po.edi") is not None)
    assert site.mailbox.counted == []
    del file
    transport.close()


def test_a_client_that_reads_nothing_is_cut_off_and_holds_up_nobody(start) -> None:
    site = start(idle_seconds=1.0)
    site.mailbox.place("acme", Place(Area.OUT), "big", bytes(16 << 20))
    stop_reading, reads_on, stopped = threading.Event(), threading.Event(), threading.Event()

    class NotReading(Packetizer):
        def read_message(self) -> tuple[int, paramiko.Message]:
            if stop_reading.is_set():
                stopped.set()
                reads_on.wait(60)
            return super().read_message()

    slow = site.dial(packetizer_class=NotReading)
    session = paramiko.SFTPClient.from_transport(slow)
    assert session is not None
    file = session.open("/out/big", "rb")
    stop_reading.set()
    file.prefetch(16 << 20)
    assert stopped.wait(20)
    with site.client() as other:
        for number in range(20):
            other.put(b"ISA", "/in", f"{number}.edi")
    assert len(site.mailbox.counted) == 20
    assert wait_until(site, lambda: site.server.sessions == 0)
    reads_on.set()
    slow.join(20)
    file.close()
    slow.close()


def test_junk_instead_of_ssh_ends_only_its_own_connection(site) -> None:
    for junk in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01" * 50 + b"\n",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff" + b"\0" * 64,
    ):
        with socket.create_connection(site.server.address, timeout=20) as sock:
            sock.sendall(junk)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(4096):
                    continue
            except ConnectionResetError:
                continue
    site.dial().close()


def test_a_packet_that_claims_gigabytes_ends_its_connection_at_once(site) -> None:
    with socket.create_connection(site.server.address, timeout=10) as sock:
        sock.sendall(b"SSH-2.0-test\r\n" + (2**31 - 4).to_bytes(4, "big") + bytes(64))
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(4096):
                continue
    assert wait_until(site, lambda: site.server.connections == 0)


def test_a_stop_lets_a_file_being_closed_finish(site) -> None:
    address, stall = site.server.address, site.mailbox.stall_next("receive")
    transport = site.dial()
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    failures: list[BaseException] = []

    def send() -> None:
        try:
            session.putfo(io.BytesIO(b"ISA"), "/in/po.edi", confirm=False)
        except (paramiko.SSHException, EOFError, OSError) as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    assert stall.entered.wait(20)
    stopper = threading.Thread(target=site.server.stop, kwargs={"grace_seconds": 20})
    stopper.start()
    while listens(address):
        continue
    stall.release.set()
    stopper.join(20)
    sender.join(20)
    assert (failures, [one.content for one in site.mailbox.counted]) == ([], [b"ISA"])
    transport.close()


def test_a_stop_cuts_an_upload_that_does_not_end(site) -> None:
    transport = site.dial()
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    file = session.open("/in/po.edi", "wb")
    file.write(b"ISA")
    site.server.stop(grace_seconds=0)
    kept = site.mailbox.kept("acme", Place(Area.IN), "po.edi")
    assert kept is not None
    assert site.mailbox.counted == []
    transport.join(20)
    del file
    transport.close()


def test_a_stopped_server_starts_again_on_another_port(site) -> None:
    site.server.stop()
    with pytest.raises(SetupError):
        _ = site.server.address
    site.server.start("127.0.0.1", 0)
    site.dial().close()


def test_an_address_in_use_or_listened_on_already_is_a_setup_error(site) -> None:
    host, port = site.server.address
    other = SFTPServer(MemoryMailbox(), host_keys=[new_private_key()])
    with pytest.raises(SetupError):
        other.start(host, port)
    with pytest.raises(SetupError):
        site.server.start(host, 0)


@pytest.mark.parametrize("keys", [[], [b"nonsense"], [b"\xff"], [new_private_key(), new_private_key()]])
def test_host_keys_are_checked_before_anything_listens(keys) -> None:
    with pytest.raises(SetupError):
        SFTPServer(MemoryMailbox(), host_keys=keys)


def test_refusals_are_logged_with_user_and_fingerprint(start) -> None:
    with structlog.testing.capture_logs() as events:
        site = start()
        key = new_private_key()
        refused(site, "no\x1b[31mbody", key)
        transport = site.dial()
        with pytest.raises(paramiko.SSHException):
            transport.open_session(timeout=20).exec_command("cat secret")
        transport.close()
        site.server.stop()
    login = next(event for event in events if event["event"] == "sftp.login_refused")
    assert login["user"] == "no\\x1b[31mbody"
    assert login["key"] == public_part(key).fingerprint
    assert {"event": "sftp.request_refused", "what": "exec", "account": "acme"}.items() <= next(
        event for event in events if event["event"] == "sftp.request_refused"
    ).items()
    assert "secret" not in repr(events)


def test_fifty_sessions_work_at_the_same_time(site) -> None:
    site.mailbox.add_account("acme", Account("acme", limits=AccountLimits(sessions=50)), public_part(KEY))
    ready, failures = threading.Barrier(50, timeout=60), []

    def work(number: int) -> None:
        try:
            with site.client(key=KEY) as client:
                ready.wait()
                for part in range(4):
                    client.put(b"%d/%d" % (number, part), "/in", f"{number}-{part}.edi")
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert failures == []
    expected = {b"%d/%d" % (number, part) for number in range(50) for part in range(4)}
    assert sorted(one.content for one in site.mailbox.counted) == sorted(expected)


KEY = new_private_key()


def listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=20).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True
    return True


def wait_until(site, holds) -> bool:
    """Wait on the server's own condition."""
    return site.server.wait_for(lambda _: holds(), seconds=20)


def test_who_exchanges_keys_again_and_again_is_cut_off(site) -> None:
    """As often as a client may have reason to it can; each exchange costs us a signature."""
    transport = site.dial()
    try:
        with pytest.raises((paramiko.SSHException, EOFError, ConnectionError)):  # noqa: PT012 the last or none
            for _ in range(EXCHANGES_A_MINUTE + 1):
                transport.renegotiate_keys()
    finally:
        transport.close()
    assert site.server.wait_for(lambda server: server.connections == 0, seconds=60)


def test_a_client_that_exchanges_keys_now_and_then_goes_on(site) -> None:
    transport = site.dial()
    for _ in range(3):
        transport.renegotiate_keys()
        assert "in" in listed(transport)
    transport.close()
