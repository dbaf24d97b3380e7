"""How the text of a file is read: by the profile of the partner its first ISA names, or else of who brought it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.cli.conftest import Tradelane, tradelane
from tests.gateway.inbound_line import codes, group, interchange, order
from tests.gateway.pipeline.conftest import LineMaker

__all__ = ["tradelane"]

WIDTH = 80


def profile(text: str, *, name: str = "TEXT", sftp: str = "sftp:\n  - user: text\n") -> str:
    return (
        f"name: One with text of its own\nidentifiers:\n  - {{qualifier: ZZ, id: {name}}}\n{sftp}{text}"
        'agreements:\n  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}\n'
    )


UTF_8 = "text: {charset: utf-8}\n"
UNWRAP = "text: {unwrap: true}\n"
NETWORK = "name: A network\nsftp:\n  - user: van\n    carries: [text, van]\n"


def named(name: bytes, *, sender: str = "TEXT") -> bytes:
    """An order with this name in an N1, in bytes."""
    segments = order("PO-1")
    segments[2:2] = ["N1*BY*NAME"]
    segments[-1] = "SE*6*0001"
    return interchange([group([segments])], sender=sender).replace(b"NAME", name)


def wrapped(content: bytes) -> bytes:
    """The same without line ends of its own, cut at a width whatever stands there."""
    flat = content.replace(b"\n", b"")
    return b"\r\n".join(flat[at : at + WIDTH] for at in range(0, len(flat), WIDTH))


@pytest.mark.parametrize(("text", "name"), [(UTF_8, "Müller"), ("", "MÃ¼ller")])
def test_utf_8_is_decoded_where_the_profile_says_so(make_line: LineMaker, text: str, name: str) -> None:
    line = make_line(text=profile(text))
    assert line.sent(named("Müller".encode()), account="text")["issues"] == []
    [made] = line.erp()
    assert name in str(made)


def test_what_is_no_utf_8_is_refused_where_it_was_agreed(make_line: LineMaker) -> None:
    line = make_line(text=profile(UTF_8))
    assert codes(line.sent(named(b"M\xfcller"), account="text")["issues"]) == ["x12.element.character"]


def test_small_letters_are_refused_where_the_basic_set_was_agreed(make_line: LineMaker) -> None:
    line = make_line(text=profile("text: {charset: basic}\n"))
    assert codes(line.sent(named(b"Muller"), account="text")["issues"]) == ["x12.element.character"]


@pytest.mark.parametrize(("text", "numbers"), [(UNWRAP, ["PO-1"]), ("", [])])
def test_lines_cut_at_a_width_are_put_together_where_the_profile_says_so(
    make_line: LineMaker, text: str, numbers: list[str]
) -> None:
    line = make_line(text=profile(text))
    life = line.sent(wrapped(named(b"A NAME")), account="text")
    assert line.numbers() == numbers
    assert (codes(life["issues"]) == []) is bool(numbers)


def test_who_carries_for_others_does_not_say_how_their_files_are_read(make_line: LineMaker) -> None:
    line = make_line(text=profile(UTF_8, sftp=""), van=NETWORK + "text: {charset: basic}\n")
    line.sent(named("Müller".encode()), account="van")
    assert "Müller" in str(line.erp()[0])


def test_a_file_of_nobody_is_read_as_who_brought_it_agreed(make_line: LineMaker) -> None:
    line = make_line(text=profile(UNWRAP))
    life = line.sent(wrapped(named(b"A NAME", sender="NOBODY")), account="text")
    assert codes(life["exceptions"]) == ["partner.unknown_sender"]
    assert [one["control_number"] for one in life["interchanges"]] == ["000000017"]


def test_check_and_translate_read_a_partners_text_as_agreed(tradelane: Tradelane, tmp_path: Path) -> None:
    folder = tmp_path / "partners/profiles/text"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile("text: {charset: utf-8, unwrap: true}\n"))
    path = tmp_path / "wrapped.edi"
    path.write_bytes(wrapped(named("Müller".encode())))
    assert tradelane("check", path).exit_code == 1
    assert tradelane("check", path, "--partner", "text").exit_code == 0
    made = tradelane("translate", path, "--json")
    assert (made.exit_code, "Müller" in made.stdout) == (0, True)
