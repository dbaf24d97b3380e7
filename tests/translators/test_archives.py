"""Archives: what is in them, and every bomb, trick and lie, refused in bounded memory with nothing written."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.archives import ArchiveKind, ArchiveLimits, ArchiveRefused, archive_kind, members

MIB = 1024 * 1024


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return made.getvalue()


def refused(content: bytes, kind: ArchiveKind = ArchiveKind.ZIP, limits: ArchiveLimits | None = None) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        list(members(content, kind, limits=limits))
    return caught.value.issue.code


def test_the_files_of_a_zip_archive_come_one_by_one_without_its_folders() -> None:
    content = zipped(("in/", b""), ("in/a.csv", b"1"), ("b.csv", b"22"))
    assert [(member.name, member.content) for member in members(content, ArchiveKind.ZIP)] == [
        ("in/a.csv", b"1"),
        ("b.csv", b"22"),
    ]


def test_a_gzip_file_is_one_file_of_all_its_members() -> None:
    content = gzip.compress(b"one ") + gzip.compress(b"two") + b"\x00" * 512
    assert [member.content for member in members(content, ArchiveKind.GZIP)] == [b"one two"]


def test_the_kind_is_told_by_the_first_bytes() -> None:
    assert archive_kind(zipped(("a", b""))[:4]) is ArchiveKind.ZIP
    assert archive_kind(gzip.compress(b"")) is ArchiveKind.GZIP
    assert archive_kind(b"ISA*") is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a\x00b", "con", "x" * 5000])
def test_a_name_is_a_label_whatever_it_says(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (member,) = members(zipped((name, b"1")), ArchiveKind.ZIP)
    assert member.content == b"1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ArchiveKind)
def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked(kind) -> None:
    zeros = b"\x00" * (80 * MIB)
    content = gzip.compress(zeros) if kind is ArchiveKind.GZIP else zipped(("a", zeros))
    del zeros
    tracemalloc.start()
    assert refused(content, kind) == "archive.ratio"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * MIB


def test_an_archive_of_archives_is_refused_at_the_first() -> None:
    assert refused(zipped(("inner.zip", zipped(("a", b"1"))))) == "archive.nested"
    assert refused(zipped(("inner.gz", gzip.compress(b"1")))) == "archive.nested"
    assert refused(gzip.compress(gzip.compress(b"1")), ArchiveKind.GZIP) == "archive.nested"


def test_caps_on_members_and_bytes_hold() -> None:
    many = zipped(*((str(number), b"") for number in range(1_001)), method=zipfile.ZIP_STORED)
    assert refused(many) == "archive.too_many_members"
    content = zipped(("a", b"12345"), ("b", b"67890"))
    assert refused(content, limits=ArchiveLimits(bytes=9)) == "archive.too_large"
    assert refused(content, limits=ArchiveLimits(packed=10)) == "archive.too_large"
    assert len(list(members(content, ArchiveKind.ZIP, limits=ArchiveLimits(bytes=10)))) == 2


def test_links_and_encrypted_files_are_refused() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refused(made.getvalue()) == "archive.special_member"
    content = bytearray(zipped(("a", b"1")))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    content[6] |= 1
    assert refused(bytes(content)) == "archive.encrypted"


def test_a_size_that_lies_changes_nothing() -> None:
    content = bytearray(zipped(("a", b"\x00" * (4 * MIB))))
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 1)
    assert refused(bytes(content)) in ("archive.ratio", "archive.unreadable")


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", ArchiveKind.ZIP, "archive.unreadable"),
        (b"PK\x03\x04" + b"\x00" * 40, ArchiveKind.ZIP, "archive.unreadable"),
        (zipped(("a", b"123" * 100))[:-30], ArchiveKind.ZIP, "archive.unreadable"),
        (zipped(("a/", b"")), ArchiveKind.ZIP, "archive.empty"),
        (b"", ArchiveKind.GZIP, "archive.empty"),
        (gzip.compress(b"123" * 100)[:-12], ArchiveKind.GZIP, "archive.unreadable"),
        (gzip.compress(b"1") + b"junk", ArchiveKind.GZIP, "archive.unreadable"),
        (zlib.compress(b"1"), ArchiveKind.GZIP, "archive.unreadable"),
    ],
    ids=["nothing", "header alone", "cut", "folders alone", "no gzip", "cut gzip", "gzip and junk", "zlib"],
)
def test_what_does_not_unpack_is_refused(content, kind, code) -> None:
    assert refused(content, kind) == code


@given(st.binary(max_size=60), st.integers(0, 200), st.sampled_from(ArchiveKind))
def test_any_damage_ends_in_files_or_a_refusal(damage, at, kind) -> None:
    content = bytearray(zipped(("a.csv", b"1,2\n" * 20)) if kind is ArchiveKind.ZIP else gzip.compress(b"1,2\n" * 20))
    content[at : at + len(damage)] = damage
    with suppress(ArchiveRefused):
        assert all(len(member.content) <= MIB for member in members(bytes(content), kind))
