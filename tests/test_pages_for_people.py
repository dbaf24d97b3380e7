"""The pages under docs/: what they link to is there, and the first of them names all others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The names that its headings are linked by."""
    titles = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for place, anchor in LINK.findall(prose(page)):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{place} is not there"
        assert not anchor or anchor in anchors(target), f"{place} has no heading #{anchor}"


def test_the_first_page_names_all_others() -> None:
    named = {place for place, _ in LINK.findall(prose(DOCS / "README.md"))}
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    folders = {f"{folder.name}/" for folder in DOCS.iterdir() if folder.is_dir()}
    assert pages <= named
    assert all(any(place.startswith(folder.rstrip("/")) for place in named) for folder in folders)
