"""What a test measured, as tables at the end of the run, and in docs/reliability.md where the run is asked to write it.

Rows travel with the reports of their tests, so that it makes no difference which process ran them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

Figures = Callable[[str, Mapping[str, object]], None]
"""Adds a table: its title, and what was found of what."""
Tables = dict[str, dict[str, str]]

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
WRITE = "TRADELANE_WRITE_RELIABILITY"
"""Set by `make reliability-table`: the run, which must be of the whole suite, writes the page's tables."""
BEGIN, END = "<!-- figures: written by make reliability-table -->", "<!-- end of figures -->"
_PROPERTY = "figures"


class Report(Protocol):
    """What of pytest's reports matters here."""

    when: str
    user_properties: list[tuple[str, object]]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Adds tables to what is told at the end of the run."""

    def add(title: str, rows: Mapping[str, object]) -> None:
        told = {what: str(found) for what, found in rows.items()}
        request.node.user_properties.append((_PROPERTY, {"title": title, "rows": told}))

    return add


def gathered(reports: Iterable[object]) -> Tables:
    """The tables of all tests, by title."""
    tables: Tables = {}
    for report in reports:
        if getattr(report, "when", None) != "call":
            continue
        for name, value in report.user_properties:  # type: ignore[attr-defined]  # a TestReport, as its `when` says
            if name == _PROPERTY:
                tables[value["title"]] = value["rows"]
    return dict(sorted(tables.items()))


def as_text(tables: Tables) -> str:
    """For the terminal."""
    lines = []
    for title, rows in tables.items():
        width = max(map(len, rows), default=0)
        lines += ["", title, *(f"  {what:{width}}  {found}" for what, found in rows.items())]
    return "\n".join(lines[1:])


def as_markdown(tables: Tables, *, made_on: str) -> str:
    """For the page."""
    parts = [made_on]
    for title, rows in tables.items():
        parts.append("\n".join([f"| {title} | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows.items())]))
    return "\n\n".join(parts)


def written_into(page: str, text: str) -> str:
    """The page with this text between its markers.

    Raises:
        ValueError: it has not both markers, once each.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for figures; want {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Tell the tables, and write the page where that is asked for and nothing failed."""
    tables = gathered(report for reports in terminalreporter.stats.values() for report in reports)
    if not tables:
        return
    terminalreporter.section("figures")
    terminalreporter.write_line(as_text(tables))
    if os.environ.get(WRITE) and exitstatus == 0:
        load = os.getloadavg()[2]
        made_on = f"{os.cpu_count()} cores shared with other work (load {load:.0f}), PostgreSQL with fsync on."
        PAGE.write_text(written_into(PAGE.read_text("utf-8"), as_markdown(tables, made_on=made_on)), "utf-8")
