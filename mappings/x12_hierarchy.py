"""The tree of HL loops as a map's program sees it: what hangs under an HL, and what is above it."""

from __future__ import annotations

from dataclasses import dataclass, field

from translators.tree import Loop, Segment
from translators.x12.hierarchy import hierarchy

_NOTHING = Loop("HL", [Segment(["HL"], ordinal=0, offset=0)])
"""Stands for an ancestor that is not there."""


@dataclass(slots=True)
class HLTree:
    """HL loops by their object: those below each in the order of the wire, and the one above it.

    `found` remembers what was above an HL at a level, so that a deep chain is gone up once.
    """

    below: dict[int, list[Loop]] = field(default_factory=dict)
    above: dict[int, Loop] = field(default_factory=dict)
    found: dict[tuple[int, str], Loop] = field(default_factory=dict)


def hl_tree(root: Loop, *, infer: bool) -> HLTree:
    """The tree of a set.

    Args:
        root: the set as it was read.
        infer: HL02 is not looked at; the parent is the last HL of a higher level, a level that was not seen before
            being lower than the one before it.

    Source: X12 004010 segment HL (HL02).
    """
    tree = HLTree()
    if infer:
        _inferred(root, tree)
        return tree
    for node in hierarchy(root).walk():
        if node.parent is not None and node.parent.level:
            tree.above[id(node.loop)] = node.parent.loop
            tree.below.setdefault(id(node.parent.loop), []).append(node.loop)
    return tree


def below(tree: HLTree, loop: Loop) -> list[Loop]:
    """The HL that hang under this one."""
    return tree.below.get(id(loop), [])


def above(tree: HLTree, loop: Loop, level: str) -> Loop:
    """The nearest HL of a level above this one; one without elements where there is none."""
    path = []
    at: Loop | None = loop
    found = _NOTHING
    while at is not None:
        key = (id(at), level)
        if key in tree.found:
            found = tree.found[key]
            break
        path.append(key)
        at = tree.above.get(id(at))
        if at is not None and at.segments[0].element(3) == level:
            found = at
            break
    tree.found.update(dict.fromkeys(path, found))
    return found


def _inferred(root: Loop, tree: HLTree) -> None:
    ranks: dict[str, int] = {}
    path: list[tuple[int, Loop]] = []
    for loop in root.loops:
        if loop.segments[0].id != "HL":
            continue
        level = loop.segments[0].element(3)
        rank = ranks.setdefault(level, path[-1][0] + 1 if path else 0)
        while path and path[-1][0] >= rank:
            path.pop()
        if path:
            tree.above[id(loop)] = path[-1][1]
            tree.below.setdefault(id(path[-1][1]), []).append(loop)
        path.append((rank, loop))
