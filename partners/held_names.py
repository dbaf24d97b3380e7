"""Names that files have while they are still being sent."""

from __future__ import annotations

from partners.fields import form

HELD_NAMES = ("*.tmp", "*.part", "*.filepart", ".*")
"""Names of files that are still being sent, unless the profile says its own."""

PATTERN = form(r"[^/\x00-\x1f]{1,100}", "a pattern of file names, as *.tmp")
