"""How a file is read, and how much of it one thing may take."""

from __future__ import annotations

from dataclasses import dataclass

from translators.x12.characters import Charset
from translators.x12.hipaa import HEALTH_CARE
from translators.x12.set_validator import SetValidator


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read, and how much of it one thing may take.

    Args:
        keep_tree: make the tree of every set that is validated.
        max_segment_bytes: a longer segment is reported and not looked into.
        max_binary_bytes: the same for the data of a BIN or BDS.
        max_elements: elements a segment may have to be looked into.
        max_segments: segments a set may have to be validated to its end.
        search_window: bytes looked through for a segment terminator or an ISA before the file is given up.
        max_issues: issues kept of one set, group or interchange.
        charset: what text may hold; UTF-8 is decoded, and lengths then count characters.
        unwrap: line ends inside segments are no data, as of files cut at 80; not where a line end is the terminator.
            The letters ISA themselves stand together.
        validators: who is asked about sets that have no guide for the very GS08; the first that knows one validates it.
    """

    keep_tree: bool = False
    max_segment_bytes: int = 64 * 1024
    max_binary_bytes: int = 1024 * 1024
    max_elements: int = 200
    max_segments: int = 1_000_000
    search_window: int = 1024 * 1024
    max_issues: int = 1_000
    charset: Charset = Charset.EXTENDED
    unwrap: bool = False
    validators: tuple[SetValidator, ...] = (HEALTH_CARE,)
