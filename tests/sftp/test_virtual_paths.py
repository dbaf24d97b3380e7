from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftp.errors import BadNameError, NotThereError
from sftp.paths import ArchiveRoot, FilePath, Location, Root, locate, normalise
from sftp.ports import Account, Area, PickUp, Place

ACME = Account("acme")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"", "/"),
        (b".", "/"),
        (b"/", "/"),
        (b"in", "/in"),
        (b"//in///a.edi", "/in/a.edi"),
        (b"/in/./a.edi", "/in/a.edi"),
        (b"/in/../out/a", "/out/a"),
        (b"../../../../etc/passwd", "/etc/passwd"),
        (b"/in/../../../in/a", "/in/a"),
        (b"/in/a/..", "/in"),
        ("/in/März.edi".encode(), "/in/März.edi"),
        (unicodedata.normalize("NFD", "/in/März.edi").encode(), "/in/März.edi"),
        (b"/in/two words.edi", "/in/two words.edi"),
        (b"/in/...", None),
    ],
)
def test_a_path_is_resolved_inside_the_tree(sent: bytes, meant: str | None) -> None:
    assert normalise(sent) == (meant or "/in/...")


@pytest.mark.parametrize(
    "sent",
    [
        b"/in/a\x00.edi",
        b"/in/a\n.edi",
        b"/in/a\x1b[2J",
        b"/in/\x7f",
        b"/in/\xff\xfe",
        b"/in/..\\..\\boot.ini",
        "/in/a\u202egnp.edi".encode(),
        "/in/a\u200b.edi".encode(),
        "/in/a\u2028b".encode(),
        "/in/a\u0085b".encode(),
        "/in/\uff0e\uff0e".encode(),
        "/in/..\uff0fetc".encode(),
        "/in/\u2024\u2024".encode(),
        "/in/\ue000".encode(),
        b"/in/ .. ",
        b"/in/   ",
        b"/in/" + b"a" * 256,
        b"/in/" + "ä".encode() * 128,
        b"/in/" * 1025,
    ],
)
def test_a_name_no_file_may_have_is_refused(sent: bytes) -> None:
    with pytest.raises(BadNameError):
        normalise(sent)


def test_a_name_of_255_bytes_is_taken() -> None:
    assert normalise(b"/in/" + b"a" * 255) == "/in/" + "a" * 255


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", Root()),
        ("/in", Place(Area.IN)),
        ("/test/a", FilePath(Place(Area.TEST), "a")),
        ("/archive", ArchiveRoot()),
        ("/archive/20260131", Place(Area.ARCHIVE, date(2026, 1, 31))),
        ("/archive/20260131/a", FilePath(Place(Area.ARCHIVE, date(2026, 1, 31)), "a")),
    ],
)
def test_a_path_means_one_thing(path: str, location: Location) -> None:
    assert locate(ACME, path) == location


@pytest.mark.parametrize(
    "path",
    ["/etc", "/IN", "/in/a/b", "/archive/20260132", "/archive/2026-01-31", "/archive/a/b", "/archive/２０２６０１３１"],
)
def test_a_folder_that_is_not_in_the_tree_is_not_there(path: str) -> None:
    with pytest.raises(NotThereError):
        locate(ACME, path)


def test_an_account_without_an_area_does_not_see_it() -> None:
    with pytest.raises(NotThereError):
        locate(Account("acme", areas=(Area.IN, Area.OUT)), "/archive")


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_lead_out_of_the_tree(sent: bytes) -> None:
    try:
        path = normalise(sent)
    except BadNameError:
        return
    assert path.startswith("/")
    assert not {"", ".", ".."} & set(path[1:].split("/")) or path == "/"
    assert normalise(path.encode()) == path


@given(
    st.lists(st.sampled_from(["..", ".", "", "in", "out", "archive", "20260131", "a", "~", "...", "etc"]), max_size=9)
)
def test_dots_and_slashes_resolve_as_a_stack_does(parts: list[str]) -> None:
    stack: list[str] = []
    for part in parts:
        if part == "..":
            stack = stack[:-1]
        elif part not in ("", "."):
            stack.append(part)
    assert normalise("/".join(parts).encode()) == "/" + "/".join(stack)


@pytest.mark.parametrize("name", ["a.tmp", "A.TMP", "a.edi.part", "a.filepart", ".a.edi", ".hidden"])
def test_a_temporary_name_is_held(name: str) -> None:
    assert PickUp().holds(name)


@pytest.mark.parametrize("name", ["a.edi", "a", "a.tmp.edi", "tmp", "a.", "partly"])
def test_any_other_name_counts_on_close(name: str) -> None:
    assert not PickUp().holds(name)


def test_an_account_may_hold_nothing() -> None:
    assert not PickUp(held=()).holds("a.tmp")
