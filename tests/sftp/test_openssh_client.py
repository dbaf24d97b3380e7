"""The real `sftp` and `scp` of OpenSSH against our server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sftp.errors import MailboxUnavailableError
from sftp.ports import Area, Place

SFTP = shutil.which("sftp")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(SFTP is None and not os.environ.get("CI"), reason="OpenSSH's sftp is not installed"),
]


PEER = "OpenSSH sftp, scp, ssh"


def version() -> str:
    """Of OpenSSH's clients, `9.2p1`."""
    told = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    return told.split()[0].removeprefix("OpenSSH_").rstrip(",")


class Partner:
    """A partner with OpenSSH, a key file and our host key in known_hosts."""

    def __init__(self, site, key: bytes, home: Path) -> None:
        self._site = site
        self.home = home
        (home / "key").write_bytes(key)
        (home / "key").chmod(0o600)
        host, port = site.server.address
        lines = [f"[{host}]:{port} {key.line}\n" for key in site.server.host_keys]
        (home / "known_hosts").write_text("".join(lines))

    def options(self) -> list[str]:
        return [
            *("-F", "none", "-i", str(self.home / "key"), "-P", str(self._site.server.address[1])),
            *("-o", f"UserKnownHostsFile={self.home / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes"),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
        ]

    def sftp(self, *lines: str) -> subprocess.CompletedProcess[str]:
        assert SFTP is not None, "install openssh-client"
        return self._run([SFTP, *self.options(), "-b", "-", "acme@127.0.0.1"], "\n".join(lines) + "\n")

    def scp(self, source: Path, target: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self._run(["scp", *options, *self.options(), str(source), f"acme@127.0.0.1:{target}"], "")

    def ssh(self, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        ours = ["-p" if word == "-P" else word for word in self.options()]
        return self._run(["ssh", *ours, *options, "acme@127.0.0.1", *command], "")

    def file(self, name: str, content: bytes) -> Path:
        path = self.home / name
        path.write_bytes(content)
        return path

    def _run(self, command: list[str], typed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def partner(site, acme_key, tmp_path) -> Partner:
    return Partner(site, acme_key, tmp_path)


def test_files_are_put_fetched_and_deleted(site, partner, passed) -> None:
    site.mailbox.place("acme", Place(Area.OUT), "x.997", b"ISA*997")
    po = partner.file("po.edi", os.urandom(300_000))
    done = partner.sftp(
        "pwd", "ls -la /", "cd in", f"put -p {po}", "ls -l", f"get /out/x.997 {partner.home}/", "rm /out/x.997"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Remote working directory: /" in done.stdout
    assert [(one.name, one.content) for one in site.mailbox.counted] == [("po.edi", po.read_bytes())]
    assert (partner.home / "x.997").read_bytes() == b"ISA*997"
    assert site.mailbox.kept("acme", Place(Area.OUT), "x.997") is None
    assert len(site.mailbox.collected) == 1
    passed(PEER, version(), "to us", "files are put, fetched and deleted")


def test_a_temporary_name_and_a_rename_count_once(site, partner, passed) -> None:
    po = partner.file("po.edi", b"ISA")
    assert partner.sftp(f"put {po} /in/po.edi.filepart", "rename /in/po.edi.filepart /in/po.edi").returncode == 0
    assert [(one.name, one.content) for one in site.mailbox.counted] == [("po.edi", b"ISA")]
    passed(PEER, version(), "to us", "a temporary name and a rename count once")


def test_a_commit_that_fails_is_an_error_at_the_client(site, partner, passed) -> None:
    site.mailbox.fail_next("receive", MailboxUnavailableError("away"))
    po = partner.file("po.edi", b"ISA")
    done = partner.sftp(f"put {po} /in/po.edi")
    assert done.returncode == 1
    assert site.mailbox.counted == []
    assert partner.sftp(f"put {po} /in/po.edi").returncode == 0
    assert len(site.mailbox.counted) == 1
    passed(PEER, version(), "to us", "a commit that fails is an error at the client, and the next try counts")


def test_a_partial_upload_is_resumed_with_reput(site, partner, passed) -> None:
    content = os.urandom(500_000)
    po = partner.file("po.edi", content)
    with site.client() as client:
        file = client._session.open("/in/po.edi", "wb")
        file.write(content[:100_000])
        client._transport.sock.shutdown(2)
        assert site.mailbox.wait_for(lambda _: site.mailbox.kept("acme", Place(Area.IN), "po.edi") is not None)
        del file
    done = partner.sftp(f"reput {po} /in/po.edi")
    assert done.returncode == 0, done.stderr
    assert [one.content for one in site.mailbox.counted] == [content]
    passed(PEER, version(), "to us", "a broken upload is resumed (`reput`)")


def test_scp_in_its_sftp_form_works_also_onto_a_longer_file(site, partner, passed) -> None:
    assert partner.scp(partner.file("po.edi", b"a longer one"), "/in/po.edi", "-s").returncode == 0
    assert partner.scp(partner.file("po.edi", b"ISA"), "/in/po.edi", "-s").returncode == 0
    assert [one.content for one in site.mailbox.counted] == [b"a longer one", b"ISA"]
    passed(PEER, version(), "to us", "scp in its SFTP form")


def test_scp_in_its_old_form_shell_exec_and_forwarding_are_refused(site, partner, passed) -> None:
    po = partner.file("po.edi", b"ISA")
    assert partner.scp(po, "/in/po.edi", "-O").returncode != 0
    for command in (("id",), ()):
        done = partner.ssh(*command)
        assert done.returncode != 0
        assert done.stdout == ""
    assert partner.ssh(options=("-W", "127.0.0.1:22")).returncode != 0
    forward = partner.ssh(options=("-N", "-R", "0:127.0.0.1:22", "-o", "ExitOnForwardFailure=yes"))
    assert forward.returncode != 0
    assert site.mailbox.counted == []
    passed(PEER, version(), "to us", "old scp, shell, exec and forwarding are refused")


def test_what_is_forbidden_is_an_error_at_the_client(site, partner, passed) -> None:
    site.mailbox.place("acme", Place(Area.OUT), "x.997", b"ISA")
    po = partner.file("po.edi", b"ISA")
    for line in (
        f"put {po} /out/po.edi",
        "ln -s /etc/passwd /in/link",
        "ln /out/x.997 /in/link",
        "mkdir /in/sub",
        "rename /out/x.997 /in/x.997",
        "get /../../etc/passwd",
        "cd /etc",
    ):
        assert partner.sftp(line).returncode != 0, line
    assert site.mailbox.counted == []
    passed(PEER, version(), "to us", "links, folders, traversal and other folders are refused")


@pytest.mark.parametrize(
    "options", [("-o", "Ciphers=aes128-cbc"), ("-o", "MACs=hmac-sha1", "-o", "Ciphers=aes128-ctr")]
)
def test_old_algorithms_find_no_agreement(partner, options, passed) -> None:
    done = partner.ssh("-s", "sftp", options=options)
    assert "no matching" in done.stderr.lower()
    passed(PEER, version(), "to us", "old algorithms find no agreement")


def test_strict_key_exchange_is_agreed(partner, passed) -> None:
    assert "will use strict KEX ordering" in partner.ssh("id", options=("-vvv",)).stderr
    passed(PEER, version(), "to us", "strict key exchange is agreed")


def test_a_thousand_small_files_arrive_each_once(site, partner, passed) -> None:
    folder = partner.home / "many"
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number:04}.edi").write_bytes(b"%05d" % number * 1024)
    done = partner.sftp(f"put {folder}/*.edi /in/")
    assert done.returncode == 0, done.stderr
    assert sorted(one.name for one in site.mailbox.counted) == sorted(path.name for path in folder.iterdir())
    passed(PEER, version(), "to us", "a thousand small files arrive each once")
