"""Uploads through a real connection: when a file counts, and that nothing else makes it count (test plan, row S2)."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import threading
from datetime import date

import paramiko
import psutil
import pytest
import structlog

from sftp.client import SFTPClient
from sftp.errors import MailboxFullError, MailboxUnavailableError, RemoteRefusedError, SFTPError
from sftp.memory import MemoryMailbox
from sftp.ports import Account, AccountLimits, Area, EntryState, PickUp, Place

IN = Place(Area.IN)
BLOCK = b"ISA*00*" * 14000


def session(transport: paramiko.Transport) -> paramiko.SFTPClient:
    found = paramiko.SFTPClient.from_transport(transport)
    assert found is not None
    return found


def contents(mailbox: MemoryMailbox) -> list[bytes | None]:
    return [one.content for one in mailbox.counted]


def test_a_file_counts_when_it_is_closed(site, sftp) -> None:
    with sftp.open("/in/po.edi", "wb") as file:
        file.write(BLOCK)
        assert site.mailbox.counted == []
    assert [(one.name, one.content) for one in site.mailbox.counted] == [("po.edi", BLOCK)]
    assert sftp.stat("/in/po.edi").st_size == len(BLOCK)


def test_a_close_is_answered_only_after_the_commit(site, sftp) -> None:
    stall = site.mailbox.stall_next("receive")
    answered = threading.Event()

    def send() -> None:
        sftp.putfo(io.BytesIO(BLOCK), "/in/po.edi", confirm=False)
        answered.set()

    sender = threading.Thread(target=send)
    sender.start()
    assert stall.entered.wait(20)
    assert not answered.wait(0.2)
    assert site.mailbox.counted == []
    stall.release.set()
    sender.join(20)
    assert answered.is_set()
    assert contents(site.mailbox) == [BLOCK]


@pytest.mark.parametrize("error", [MailboxUnavailableError("away"), MailboxFullError("full")])
def test_a_refused_commit_leaves_nothing_behind(site, sftp, error) -> None:
    site.mailbox.fail_next("receive", error)
    with pytest.raises(FileNotFoundError):
        sftp.putfo(io.BytesIO(BLOCK), "/in/po.edi")  # its confirming stat finds no file
    assert site.mailbox.counted == []
    sftp.putfo(io.BytesIO(BLOCK), "/in/po.edi")
    assert contents(site.mailbox) == [BLOCK]


@pytest.mark.parametrize("abrupt", [True, False], ids=["reset", "end of stream"])
def test_a_connection_dropped_between_any_two_blocks_hands_nothing_on(site, abrupt) -> None:
    blocks = 4
    for sent in range(blocks + 1):
        name = f"po{sent}.edi"
        transport = site.dial()
        file = session(transport).open(f"/in/{name}", "wb")
        for at in range(sent):
            file.write(bytes([at]) * 1000)
        drop(transport, abrupt=abrupt)
        if sent:
            assert site.mailbox.wait_for(lambda _, name=name: site.mailbox.kept("acme", IN, name) is not None)
            kept = site.mailbox.kept("acme", IN, name)
            assert (kept.entry.state, kept.entry.size) == (EntryState.PARTIAL, 1000 * sent)
    site.server.stop()
    assert site.mailbox.counted == []


def drop(transport: paramiko.Transport, *, abrupt: bool) -> None:
    """Kill a connection as a crash or a cable does; nothing SSH is said."""
    sock = transport.sock
    if abrupt:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        sock.shutdown(socket.SHUT_RDWR)
    transport.close()
    transport.join(20)


class Relay:
    """Stands between a client and the server, and cuts both off after some bytes from the client."""

    def __init__(self, target: tuple[str, int], *, cut_after: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = target
        self._left = cut_after
        self.forwarded = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        return self._listener.getsockname()

    def join(self) -> None:
        self._thread.join(20)

    def _run(self) -> None:
        with self._listener, socket.create_connection(self._target) as server, self._listener.accept()[0] as client:
            back = threading.Thread(target=self._pump, args=(server, client))
            back.start()
            with contextlib.suppress(OSError):
                while self._left > 0 and (data := client.recv(min(4096, self._left))):
                    server.sendall(data)
                    self._left -= len(data)
                    self.forwarded += len(data)
            for sock in (server, client):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            back.join(20)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)


def test_a_connection_cut_after_any_byte_never_loses_what_was_answered_nor_counts_a_part(site, through) -> None:
    answered, total = through("whole.edi", cut_after=1 << 30)
    assert answered
    believed = {"whole.edi"}
    for at in range(1, total, total // 14):
        answered, _ = through(f"cut{at}.edi", cut_after=at)
        if answered:
            believed.add(f"cut{at}.edi")
    site.server.stop()
    assert believed <= {one.name for one in site.mailbox.counted}
    assert {one.content for one in site.mailbox.counted} == {BLOCK}


@pytest.fixture
def through(site, acme_key):
    """Uploads through a relay that cuts; gives whether the client was answered, and the bytes it sent."""

    def send(name: str, *, cut_after: int) -> tuple[bool, int]:
        relay = Relay(site.server.address, cut_after=cut_after)
        answered = True
        try:
            host, port = relay.address
            with SFTPClient.connect(
                host, port, user="acme", private_key=acme_key, host_keys=site.server.host_keys, seconds=20
            ) as client:
                client.put(BLOCK, "/in", name)
        except SFTPError:
            answered = False
        relay.join()
        return answered, relay.forwarded

    return send


def test_a_dropped_upload_is_resumed_where_it_broke(site) -> None:
    transport = site.dial()
    file = session(transport).open("/in/po.edi", "wb")
    file.write(b"first half, ")
    drop(transport, abrupt=True)
    assert site.mailbox.wait_for(lambda _: site.mailbox.kept("acme", IN, "po.edi") is not None)
    again = site.dial()
    files = session(again)
    assert files.stat("/in/po.edi").st_size == 12
    with files.open("/in/po.edi", "ab") as file:
        file.write(b"second half")
    again.close()
    assert contents(site.mailbox) == [b"first half, second half"]


def test_an_overwrite_is_a_new_version_and_an_empty_file_counts(site, sftp) -> None:
    for content in (b"one", b"", b"three"):
        sftp.putfo(io.BytesIO(content), "/in/po.edi")
    assert contents(site.mailbox) == [b"one", b"", b"three"]
    assert sftp.stat("/in/po.edi").st_size == 5


def test_two_handles_on_one_name_make_two_versions(site, sftp) -> None:
    first, second = sftp.open("/in/po.edi", "wb"), sftp.open("/in/po.edi", "wb")
    first.write(b"first")
    second.write(b"second")
    second.close()
    first.close()
    assert contents(site.mailbox) == [b"second", b"first"]


@pytest.mark.parametrize("name", ["po.edi.tmp", "po.edi.part", "po.edi.filepart", ".po.edi", "PO.TMP"])
def test_a_temporary_name_counts_once_renamed(site, sftp, name) -> None:
    sftp.putfo(io.BytesIO(BLOCK), f"/in/{name}")
    assert site.mailbox.counted == []
    sftp.rename(f"/in/{name}", "/in/po.edi")
    assert [(one.name, one.content) for one in site.mailbox.counted] == [("po.edi", BLOCK)]


def test_an_account_may_count_temporary_names_on_close(start) -> None:
    site = start(account=Account("acme", pick_up=PickUp(held=())))
    transport = site.dial()
    session(transport).putfo(io.BytesIO(b"x"), "/in/po.tmp")
    transport.close()
    assert [one.name for one in site.mailbox.counted] == ["po.tmp"]


def test_a_rename_needs_a_free_name_unless_it_is_posix(site, sftp) -> None:
    sftp.putfo(io.BytesIO(b"one"), "/in/po.edi")
    sftp.putfo(io.BytesIO(b"two"), "/in/po.tmp")
    with pytest.raises(OSError):
        sftp.rename("/in/po.tmp", "/in/po.edi")
    assert contents(site.mailbox) == [b"one"]
    sftp.posix_rename("/in/po.tmp", "/in/po.edi")
    assert contents(site.mailbox) == [b"one", b"two"]


def test_a_part_that_arrived_cannot_be_renamed_into_counting(site) -> None:
    transport = site.dial()
    file = session(transport).open("/in/po.tmp", "wb")  # kept: paramiko closes a file that is forgotten
    file.write(b"half")
    drop(transport, abrupt=True)
    assert site.mailbox.wait_for(lambda _: site.mailbox.kept("acme", IN, "po.tmp") is not None)
    again = site.dial()
    with pytest.raises(PermissionError):
        session(again).rename("/in/po.tmp", "/in/po.edi")
    again.close()
    assert site.mailbox.counted == []


@pytest.mark.parametrize(
    "target", ["/test/po.edi", "/out/po.edi", "/in/../out/po.edi", "/error/po.edi", "/archive/20260131/po.edi", "/in"]
)
def test_a_rename_stays_in_its_folder(site, sftp, target) -> None:
    sftp.putfo(io.BytesIO(b"x"), "/in/po.tmp")
    with pytest.raises(PermissionError):
        sftp.rename("/in/po.tmp", target)
    assert site.mailbox.counted == []


def test_one_partner_cannot_reach_another(site, sftp, globex_key) -> None:
    site.mailbox.place("globex", Place(Area.OUT), "x.997", b"theirs")
    for path in ("/out/x.997", "/../globex/out/x.997", "/globex/out/x.997"):
        with pytest.raises(FileNotFoundError):
            sftp.open(path)
    other = site.dial("globex", globex_key)
    assert session(other).listdir("/out") == ["x.997"]
    other.close()


def test_times_modes_and_owners_are_accepted_and_ignored(site, sftp) -> None:
    with sftp.open("/in/po.edi", "wb") as file:
        file.write(BLOCK)
        file.chmod(0o600)
        file.utime((1, 1))
    sftp.utime("/in/po.edi", (1, 1))
    sftp.chmod("/in/po.edi", 0o777)
    sftp.chown("/in/po.edi", 0, 0)
    assert sftp.stat("/in/po.edi").st_mtime > 1_000_000
    assert contents(site.mailbox) == [BLOCK]


def test_links_and_folders_cannot_be_made(site, sftp) -> None:
    for attempt in (
        lambda: sftp.symlink("/etc/passwd", "/in/link"),
        lambda: sftp.readlink("/in/link"),
        lambda: sftp.mkdir("/in/sub"),
        lambda: sftp.mkdir("/in"),
        lambda: sftp.rmdir("/in"),
        lambda: sftp.remove("/in"),
    ):
        with pytest.raises(OSError):
            attempt()
    assert sftp.listdir("/") == ["in", "out", "archive", "error", "test"]


def test_out_is_collected_and_deleted(site, sftp) -> None:
    out = Place(Area.OUT)
    site.mailbox.place("acme", out, "x.997", BLOCK)
    fetched = io.BytesIO()
    sftp.getfo("/out/x.997", fetched)
    assert fetched.getvalue() == BLOCK
    assert site.mailbox.wait_for(lambda mailbox: mailbox.collected == [("acme", out, "x.997")])
    sftp.remove("/out/x.997")
    assert sftp.listdir("/out") == []


def test_a_client_with_a_narrow_window_gets_all_of_a_file_while_keys_are_exchanged(site) -> None:
    content = bytes(range(256)) * 4096
    site.mailbox.place("acme", Place(Area.OUT), "997.edi", content)
    transport = site.dial(default_window_size=32768)
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    with session.open("/out/997.edi") as file:
        file.prefetch(len(content))
        begin = file.read(200_000)
        transport.renegotiate_keys()
        assert begin + file.read() == content
    transport.close()
    assert site.server.wait_for(lambda server: server.sessions == 0, seconds=60)
    assert site.mailbox.collected == [("acme", Place(Area.OUT), "997.edi")]


def test_a_channel_has_one_session(site) -> None:
    transport = site.dial()
    channel = transport.open_session()
    channel.invoke_subsystem("sftp")
    with pytest.raises(paramiko.SSHException):
        channel.invoke_subsystem("sftp")
    assert site.server.wait_for(lambda server: server.sessions == 0, seconds=60)
    transport.close()


def test_a_download_that_was_not_read_to_its_end_is_no_collection(site, sftp) -> None:
    site.mailbox.place("acme", Place(Area.OUT), "x.997", BLOCK)
    with sftp.open("/out/x.997") as file:
        assert file.read(7) == b"ISA*00*"
    transport = site.dial()
    whole = session(transport).open("/out/x.997")
    assert whole.read() == BLOCK
    drop(transport, abrupt=True)
    site.server.stop()
    assert site.mailbox.collected == []


def test_nothing_is_written_where_we_write(site, sftp) -> None:
    site.mailbox.place("acme", Place(Area.ERROR), "why.txt", b"reason")
    site.mailbox.place("acme", Place(Area.ARCHIVE, date(2026, 1, 31)), "po.edi", b"ISA")
    for folder in ("/out", "/error", "/archive/20260131", "/archive", "/"):
        with pytest.raises(OSError):
            sftp.open(f"{folder}/new", "wb")
    for path in ("/error/why.txt", "/archive/20260131/po.edi"):
        with sftp.open(path) as file:
            assert file.read() in (b"reason", b"ISA")
        with pytest.raises(PermissionError):
            sftp.remove(path)
    assert sftp.listdir("/archive") == ["20260131"]


def test_a_drop_folder_is_not_read_from(site, sftp) -> None:
    sftp.putfo(io.BytesIO(b"ISA"), "/in/po.edi")
    with pytest.raises(PermissionError):
        sftp.open("/in/po.edi", "rb")


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x1b[31m", "a\\b", "a" * 256, "\u202eide.op"])
def test_a_bad_name_is_refused_and_the_session_goes_on(site, sftp, name) -> None:
    with pytest.raises(OSError):
        sftp.open(f"/in/{name}", "wb")
    assert sftp.listdir("/in") == []


def test_a_file_over_the_limit_is_refused_early(start) -> None:
    site = start(account=Account("acme", limits=AccountLimits(file_bytes=1000)))
    transport = site.dial()
    file = session(transport).open("/in/po.edi", "wb")
    file.write(bytes(1000))
    with pytest.raises(OSError, match="over 1000 bytes"):
        file.write(b"x")
    file.close()
    transport.close()
    assert site.mailbox.counted == []


def test_a_large_file_does_not_sit_in_memory(start) -> None:
    site = start(keep_bytes=0)
    process = psutil.Process()
    seen: list[int] = []

    class Source(io.RawIOBase):
        left = 96 << 20

        def read(self, size: int = -1) -> bytes:
            block = bytes(min(size, self.left))
            if self.left % (8 << 20) == 0:
                seen.append(process.memory_info().rss)
            self.left -= len(block)
            return block

    with site.client() as client:
        client.put(os.urandom(1 << 20), "/in", "warm.edi")
        before = process.memory_info().rss
        client.put(Source(), "/in", "large.edi")
    assert [one.size for one in site.mailbox.counted] == [1 << 20, 96 << 20]
    assert max(seen) - before < 32 << 20


def test_a_session_that_is_refused_without_end_fills_no_log(start) -> None:
    with structlog.testing.capture_logs() as events:
        site = start()
        with site.client() as client:
            for _ in range(150):
                with pytest.raises(RemoteRefusedError):
                    client.rename("/in/nothing", "/out/nothing")
        site.server.stop()
    refusals = [event for event in events if event["event"] == "sftp.request_refused"]
    assert len(refusals) == 100
    assert {(one["what"], one["reason"], one["account"]) for one in refusals} == {
        ("rename", "files stay in their folder; /in is not /out", "acme")
    }
    assert next(event for event in events if event["event"] == "sftp.logout")["refused"] == 150


def test_what_happens_is_logged_without_content_or_key(start) -> None:
    with structlog.testing.capture_logs() as events:
        site = start()
        site.mailbox.place("acme", Place(Area.OUT), "x.997", b"PAYLOAD-OUT")
        with site.client() as client:
            client.put(b"PAYLOAD-IN", "/in", "po.edi")
            client.get("/out/x.997", io.BytesIO())
        site.server.stop()
    happened = [event["event"] for event in events]
    for expected in ("sftp.login", "sftp.upload", "sftp.rename", "sftp.download", "sftp.logout"):
        assert expected in happened
    assert "PAYLOAD" not in repr(events)
    assert "PRIVATE" not in repr(events)
