"""Figures of tests become tables: on the terminal, and between the markers of a page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.figures import BEGIN, END, PAGE, as_markdown, as_text, gathered, written_into

TABLES = {"Kills": {"kills": "18", "documents": "2,000"}, "Restarts": {"times": "6"}}


def report(when: str, title: str, **rows: str) -> SimpleNamespace:
    return SimpleNamespace(when=when, user_properties=[("figures", {"title": title, "rows": rows}), ("other", 1)])


def test_tables_are_gathered_from_the_calls_of_tests_and_sorted() -> None:
    reports = [
        report("call", "Restarts", times="6"),
        report("teardown", "Torn down", times="7"),
        SimpleNamespace(),
        report("call", "Kills", kills="18"),
    ]
    assert list(gathered(reports).items()) == [("Kills", {"kills": "18"}), ("Restarts", {"times": "6"})]


def test_the_terminal_shows_titles_with_their_rows_below() -> None:
    assert as_text(TABLES).splitlines() == [
        "Kills",
        "  kills      18",
        "  documents  2,000",
        "",
        "Restarts",
        "  times  6",
    ]


def test_a_page_has_one_table_for_each_title() -> None:
    assert as_markdown(TABLES, made_on="2 cores.").split("\n\n") == [
        "2 cores.",
        "| Kills | |\n|---|---|\n| kills | 18 |\n| documents | 2,000 |",
        "| Restarts | |\n|---|---|\n| times | 6 |",
    ]


def test_a_page_is_changed_between_its_markers_only() -> None:
    page = f"# Page\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    assert written_into(page, "new") == f"# Page\n\n{BEGIN}\nnew\n{END}\n\nmore\n"


@pytest.mark.parametrize("page", ["# Page\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_both_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no place for figures"):
        written_into(page, "new")


def test_the_page_of_reliability_has_its_markers() -> None:
    assert written_into(PAGE.read_text("utf-8"), "new")
