"""The partner-facing page of a guide: one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

USES = {"M": "mandatory", "O": "optional", "X": "conditional", "-": "not used"}
SHORT_LIST = 24
"""Codes of a list that is shown in the table; a longer one is folded, and unfolded in print."""


def page(shown: dict[str, Any], *, partner: str) -> str:
    """Render a page.

    Args:
        shown: what `gateway.cli.guide_view.view` makes of the guide.
        partner: the partner's name, or "" for the standard's own guide.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = templates.get_template("guide_page.html")
    changed = sum(map(_changes, (node for area in shown["areas"] for node in area["content"])))
    changed += sum(
        bool(part["changes"])
        for segment in shown["segments"]
        for element in segment["elements"]
        for part in (element, *element["components"])
    )
    return template.render(guide=shown, partner=partner, uses=USES, short=SHORT_LIST, changed=changed)


def _changes(node: dict[str, Any]) -> int:
    return bool(node["changes"]) + sum(map(_changes, node.get("content", ())))
