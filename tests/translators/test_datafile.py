"""Data files: YAML whose words mean themselves and know their place."""

from __future__ import annotations

import pytest

from translators.datafile import (
    MAX_FILE_BYTES,
    LoadError,
    Mapping,
    Scalar,
    Sequence,
    did_you_mean,
    plain,
    read_datafile,
)


def read(text: str | bytes) -> Mapping:
    return read_datafile(text if isinstance(text, bytes) else text.encode(), file="map.yaml")


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(LoadError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("word", ["NO", "on", "007", "004010", "1e3", "~", "null", "2026-01-15", "0x1F", "1_000", ".5"])
def test_a_word_means_itself(word) -> None:
    assert read(f"key: {word}").plain() == {"key": word}


def test_a_quoted_word_is_known_as_quoted() -> None:
    found = read("a: 'x'\nb: x\n")
    first, second = (value for _, value in found.entries)
    assert isinstance(first, Scalar)
    assert isinstance(second, Scalar)
    assert (first.quoted, second.quoted) == (True, False)


def test_a_tag_changes_nothing() -> None:
    assert read("key: !!int '7'").plain() == {"key": "7"}


def test_every_value_knows_its_line_and_column() -> None:
    found = read("lines:\n  - sku: A\n    qty: 5\n")
    lines = found.get("lines")
    assert isinstance(lines, Sequence)
    first = lines.items[0]
    assert isinstance(first, Mapping)
    quantity = first.get("qty")
    assert quantity is not None
    assert str(quantity.place) == "map.yaml:3:10"
    assert first.get("nothing") is None


def test_nested_values_become_plain() -> None:
    found = read("a: [1, {b: 2}]\nc: {d: [e]}\n")
    assert plain(found) == {"a": ["1", {"b": "2"}], "c": {"d": ["e"]}}


def test_all_faults_of_a_file_are_reported_in_its_order() -> None:
    said = faults("a: 1\na: 2\nb: &x 3\nc: {d: 1, d: 2}\n")
    assert [fault.split(": ")[0] for fault in said] == ["map.yaml:2:1", "map.yaml:3:4", "map.yaml:4:11"]
    assert "stands twice; first at line 1" in said[0]
    assert "anchors" in said[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n- b\n", "want keys and values at the top"),
        ("just words", "want keys and values at the top"),
        ("a: [1, 2", "not YAML"),
        ("a:\n\tb: 1", "not YAML"),
        ("? [a, b]\n: 1\n", "a key must be a word"),
        (b"a: \xff\n", "not UTF-8"),
        ("a: &x 1\nb: *x\n", "anchors"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper than 40"),
        (b"#" * (MAX_FILE_BYTES + 1), "at most"),
    ],
)
def test_what_cannot_be_used_is_a_load_error_with_its_place(text, said) -> None:
    found = faults(text)
    assert any(said in fault for fault in found)
    assert all(fault.startswith("map.yaml:") for fault in found)


def test_a_fault_of_encoding_names_its_line() -> None:
    assert faults(b"a: 1\nb: \xff\n")[0].startswith("map.yaml:2:")


def test_a_bomb_of_brackets_is_refused_and_not_followed() -> None:
    assert faults("a: " + "[" * 20_000 + "]" * 20_000)


def test_a_byte_order_mark_is_no_data() -> None:
    assert read(b"\xef\xbb\xbfa: 1\n").plain() == {"a": "1"}


@pytest.mark.parametrize(
    ("word", "hint"),
    [("lins", '; did you mean "lines"?'), ("header", ""), ("LINES", "")],
)
def test_a_close_word_is_offered(word, hint) -> None:
    assert did_you_mean(word, ["lines", "parties"]) == hint
