"""Hostile XML: each ends in one issue (or as plain text), in bounded memory, with nothing fetched."""

from __future__ import annotations

import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from translators.xmldoc.reader import XMLLimits, read_xml

MIB = 1024 * 1024


def codes(content: bytes, **limits: int) -> list[str]:
    return [issue.code for issue in read_xml([content], limits=XMLLimits(**limits)).issues]


@pytest.fixture
def visits() -> Iterator[tuple[int, list[object]]]:
    """A loopback server that notes who connects."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    found, address = server.accept()
                except TimeoutError:
                    continue
                found.close()
                seen.append(address)

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], seen
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">',
        '<!ENTITY x SYSTEM "ftp://127.0.0.1:{port}/x">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p.dtd"> %p;',
        '<!ENTITY x "short">',
        "<!ELEMENT a ANY>",
        "",
    ],
)
def test_an_internal_subset_is_refused_whatever_it_declares(declared, visits) -> None:
    port, seen = visits
    content = f"<!DOCTYPE a [{declared.format(port=port)}]><a>&x;</a>".encode()
    found = read_xml([content])
    assert found.root is None
    assert [issue.code for issue in found.issues] == ["xml.doctype"]
    assert seen == []


def test_an_external_dtd_is_never_fetched(visits) -> None:
    port, seen = visits
    found = read_xml([f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/a.dtd"><a/>'.encode()])
    assert found.accepted
    assert seen == []


def test_xinclude_and_stylesheets_are_plain_content(tmp_path, visits) -> None:
    port, seen = visits
    secret = tmp_path / "secret"
    secret.write_text("TOP")
    content = (
        f'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x.xsl"?>'
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://{secret}" parse="text"/>'
        f'<xi:include href="http://127.0.0.1:{port}/x"/></a>'
    )
    found = read_xml([content.encode()])
    assert [child.local_name for child in found.root.children] == ["include", "include"]
    assert all(node.text == "" for node in found.root.walk())
    assert seen == []


def test_a_billion_laughs_is_refused_at_the_doctype() -> None:
    lines = ['<!ENTITY a0 "lol">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    assert codes(f"<!DOCTYPE a [{''.join(lines)}]><a>&a9;</a>".encode()) == ["xml.doctype"]


def test_a_quadratic_blowup_is_refused_at_the_doctype() -> None:
    content = f'<!DOCTYPE a [<!ENTITY x "{"A" * 50_000}">]><a>{"&x;" * 10_000}</a>'
    assert codes(content.encode()) == ["xml.doctype"]


def test_depth_256_is_read_and_257_is_not() -> None:
    assert codes(b"<a>" * 256 + b"</a>" * 256) == []
    assert codes(b"<a>" * 257 + b"</a>" * 257) == ["xml.too_deep"]
    assert codes(b"<a>" * 1_000_000) == ["xml.too_deep"]


def test_two_hundred_thousand_attributes_are_refused() -> None:
    names = " ".join(f"a{n}=''" for n in range(200_000))
    assert codes(f"<a {names}/>".encode())[0] in ("xml.too_many_attributes", "xml.text_too_long")
    assert codes(f"<a {' '.join(f'a{n}=0' for n in range(3))}/>".replace("=0", "='0'").encode(), attributes=2) == [
        "xml.too_many_attributes"
    ]


def test_thirty_megabytes_of_text_are_refused_within_bounded_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"<a>"
        for _ in range(30):
            yield b"x" * MIB
        yield b"</a>"

    tracemalloc.start()
    found = read_xml(chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [issue.code for issue in found.issues] == ["xml.text_too_long"]
    assert peak < 64 * MIB


@pytest.mark.parametrize("opening", [b"<a b='", b"<!--", b"<?pi ", b"<", b"<a><![CDATA["])
def test_a_token_without_an_end_is_given_up_early(opening) -> None:
    fed = 0

    def chunks() -> Iterator[bytes]:
        nonlocal fed
        yield opening
        for _ in range(64):
            fed += MIB
            yield b"x" * MIB

    found = read_xml(chunks())
    assert [issue.code for issue in found.issues] == ["xml.text_too_long"]
    assert fed <= 10 * MIB


def test_namespace_bombs_are_refused() -> None:
    declared = " ".join(f"xmlns:n{n}='urn:{n}'" for n in range(1001))
    assert codes(f"<a {declared}/>".encode()) == ["xml.too_many_namespaces"]
    assert codes(f"<a xmlns='{'n' * 2000}'/>".encode()) == ["xml.text_too_long"]


def test_too_many_elements_and_too_many_bytes_are_refused() -> None:
    assert codes(b"<a>" + b"<b/>" * 10 + b"</a>", elements=10) == ["xml.too_many_elements"]
    assert codes(b"<a>" + b"<b/>" * 10 + b"</a>", elements=11) == []
    assert codes(b"<a>" + b" " * 100 + b"</a>", bytes=100) == ["xml.too_large"]


def test_a_hostile_name_is_cut_in_the_message() -> None:
    found = read_xml([f"<{'n' * 5000}/>".encode()])
    assert len(found.issues[0].message) < 200
    found = read_xml([f"<!DOCTYPE {'n' * 5000} []><a/>".encode()])
    assert len(found.issues[0].message) < 200


def test_no_file_is_opened_while_a_document_is_read(tmp_path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    read_xml([b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a xml:base="file:///etc/"><b/></a>'])
    assert set(os.listdir("/proc/self/fd")) == before
