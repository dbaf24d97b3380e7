"""The check of a set that was made, not read: the same rules as for one that comes in, without its bytes."""

from __future__ import annotations

from collections.abc import Iterable

from translators.errors import Issue, Position
from translators.tree import Segment
from translators.x12.characters import Charset
from translators.x12.guide import SetGuide
from translators.x12.interchange import suspect_pattern
from translators.x12.model import Delimiters
from translators.x12.options import ReadOptions
from translators.x12.transaction import OpenSet


def checked_set(
    guide: SetGuide, segments: Iterable[Segment], *, delimiters: Delimiters, charset: Charset = Charset.EXTENDED
) -> list[Issue]:
    """What a partner's validator would find in a set.

    Args:
        guide: of the set; with a partner's overlay merged in, that is kept to too.
        segments: what stands between ST and SE, composites and repetitions as undivided text; ordinals are set here.
        delimiters: those it will be written with; no value holds one where it is no separator.
        charset: what text may hold.

    Returns:
        Every issue, its position counted with ST = 1; offsets mean nothing.
    """
    options = ReadOptions(charset=charset)
    st = Segment(["ST", guide.code, "0001"], ordinal=1, offset=0)
    opened = OpenSet(
        st,
        guide,
        position=Position(set=1),
        delimiters=delimiters,
        options=options,
        suspect=suspect_pattern(delimiters),
    )
    for segment in segments:
        opened.take(segment)
    se = Segment(["SE", str(opened.segments + 1), "0001"], ordinal=0, offset=0)
    opened.close(se, offset=0)
    return opened.issues.found
