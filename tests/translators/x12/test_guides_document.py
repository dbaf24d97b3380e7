"""docs/guides.md: its example is a guide that loads, and no key of an overlay is left out."""

from __future__ import annotations

import re
from pathlib import Path

from translators.x12 import overlay
from translators.x12.guide import GuideLibrary

DOCUMENT = (Path(__file__).parents[3] / "docs/guides.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_example_loads() -> None:
    guide = overlay.read_overlay(EXAMPLE.encode(), file="example", label="example", guides=GuideLibrary.shipped())
    assert (guide.code, guide.version) == ("850", "004010")


def test_every_key_an_overlay_may_have_stands_in_the_document() -> None:
    known = {*overlay.TOP_KEYS, *overlay.USE_KEYS, *overlay.ELEMENT_KEYS, *overlay.EXTRA_KEYS} - {"repeat"}
    assert known <= set(re.findall(r"([a-z]+\+?):", EXAMPLE))
