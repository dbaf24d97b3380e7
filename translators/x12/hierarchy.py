"""The tree that HL segments make by HL01 and HL02, whatever the order of the lines; and what is wrong with it.

Source: X12 004010 segment HL (HL01 unique within the set, HL02 the HL01 of the parent, HL03 the level's code, HL04
whether there are children). Which level may stand under which is data, `guides/hierarchies.json`: known for the 856
only; the levels of other sets, and codes that a shape does not name, are not judged, their HL01 and HL02 are.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from translators.errors import shown
from translators.tree import Loop, Segment
from translators.x12.watch import Note, RuleFault

_ROOT, _UNKNOWN = -1, -2
"""Parents that are none: HL02 was not sent; HL02 names no HL."""

_BLOCK = 1_000
"""HL kept as they are: a set of fewer is looked at quickly first, one of more is kept in a few bytes an HL."""

_LONGEST = 0xFFFF
"""Lengths kept of HL01, HL02 and the whole, for byte offsets; a longer one is a fault of its own."""


@dataclass(eq=False, slots=True)
class HierarchyNode:
    """An HL and what hangs under it; the node on top has no level, and the set's own loop."""

    level: str
    loop: Loop
    parent: HierarchyNode | None = field(default=None, repr=False)
    children: list[HierarchyNode] = field(default_factory=list, repr=False)

    def walk(self) -> Iterator[HierarchyNode]:
        """This node and all below it, each before its children."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Shape:
    """Which level may stand under which: level code -> codes of parents, "" for none. `code` is BSN05's for it.

    A level that only other shapes of the set have is there too, without any parent: it stands nowhere.
    """

    name: str
    code: str
    parents: Mapping[str, frozenset[str]]

    def allows(self, parent: str, child: str) -> bool:
        """The shape has nothing against it; levels it does not name stand anywhere."""
        known = self.parents.get(child)
        return known is None or parent in known or (parent != "" and parent not in self.parents)


@dataclass(frozen=True, slots=True)
class HierarchyRule:
    """What is known of a set's hierarchy.

    Args:
        roots: HL without a parent that it has; None where that is not known.
        shapes: the shapes it comes in; none where they are not known.
        shape_element: (segment, element) whose code says which shape; None where nothing says so.
    """

    roots: int | None = None
    shapes: tuple[Shape, ...] = ()
    shape_element: tuple[str, int] | None = None


def hierarchy(root: Loop) -> HierarchyNode:
    """The tree of a set's HL loops.

    Args:
        root: the set's tree, as the reader makes it.

    Returns:
        A node for the set, with the HL that have no parent below it. An HL whose parent is unknown, or that is its
        own ancestor, hangs there too (the reader reports it). Of two HL with the same HL01 the first is the parent.
    """
    top = HierarchyNode("", root)
    nodes: list[tuple[HierarchyNode, Segment]] = []
    by_id: dict[str, HierarchyNode] = {}
    for loop in _hl_loops(root):
        segment = loop.segments[0]
        node = HierarchyNode(segment.element(3), loop)
        nodes.append((node, segment))
        by_id.setdefault(segment.element(1), node)
    for node, segment in nodes:
        node.parent = by_id.get(segment.element(2)) if segment.element(2) else None
    settled: set[int] = {id(top)}
    for node, _ in nodes:
        path: dict[int, HierarchyNode] = {}
        at: HierarchyNode = node
        while id(at) not in settled and id(at) not in path:
            path[id(at)] = at
            if at.parent is None:
                at.parent = top
            at = at.parent
        if id(at) not in settled:
            at.parent = top
        settled.update(path)
    for node, _ in nodes:
        assert node.parent is not None
        node.parent.children.append(node)
    return top


class HierarchyWatch:
    """Notes the HL of one set in a few bytes each, and tells what is wrong with their tree when the set is over."""

    def __init__(self, rule: HierarchyRule) -> None:
        self._rule = rule
        self._shape_code = ""
        self._recent: list[tuple[list[str], int, int]] = []
        self._ids = _Ids()
        self._parents = array("q")
        self._unresolved: dict[int, str] = {}
        self._duplicates: dict[int, str] = {}
        self._levels: list[str] = []
        self._level_codes: dict[str, str] = {}
        self._ordinals = array("q")
        self._offsets = array("q")
        self._id_lengths = array("H")
        self._parent_lengths = array("H")
        self._lengths = array("H")
        self._child_codes = bytearray()

    @property
    def notes(self) -> dict[str, Note]:
        """HL, and the segment that tells the shape."""
        found: dict[str, Note] = {"HL": self._note}
        if self._rule.shape_element is not None:
            found[self._rule.shape_element[0]] = self._note_shape
        return found

    def faults(self) -> Iterator[RuleFault]:
        """Faults of HL01 and HL02, then of levels, then of what HL04 says."""
        if not self._parents and self._is_good():
            return
        self._keep()
        sound = True
        for fault in self._faults_of_ids():
            sound = sound and fault.code == "x12.hl.later_parent"
            yield fault
        misplaced = bytearray(len(self._parents))
        yield from self._faults_of_levels(misplaced)
        yield from self._faults_of_roots(misplaced)
        if sound:
            yield from self._faults_of_child_codes()

    def _note(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        self._recent.append((elements, ordinal, offset))
        if len(self._recent) == _BLOCK:
            self._keep()

    def _keep(self) -> None:
        for elements, ordinal, offset in self._recent:
            self._add(elements, ordinal, offset)
        self._recent.clear()

    def _is_good(self) -> bool:
        """Nothing is wrong with the few HL there are, as far as can be told quickly."""
        levels: dict[str, str] = {}
        pairs: set[tuple[str, str]] = set()
        parents: set[str] = set()
        said: list[tuple[str, str]] = []
        roots = 0
        for elements, _, _ in self._recent:
            if len(elements) < 4:
                return False
            _, name, parent, level, *code = elements
            if name in levels or (parent and parent not in levels):
                return False
            if parent:
                pairs.add((levels[parent], level))
                parents.add(parent)
            else:
                pairs.add(("", level))
                roots += 1
            levels[name] = level
            if code:
                said.append((name, code[0]))
        if self._rule.roots is not None and roots > self._rule.roots:
            return False
        if any(code and (code == "1") != (name in parents) for name, code in said):
            return False
        shapes = [shape for shape in self._rule.shapes if self._shape_code in ("", shape.code)]
        return not shapes or any(all(shape.allows(*pair) for pair in pairs) for shape in shapes)

    def _add(self, elements: list[str], ordinal: int, offset: int) -> None:
        name, parent, level, child_code = (*elements[1:5], "", "", "", "")[:4]
        index = len(self._parents)
        if self._ids.add(name, index) is not None:
            self._duplicates[index] = name
        found = _ROOT
        if parent:
            known = self._ids.find(parent)
            if known is None or known == index:
                self._unresolved[index] = parent
                known = _UNKNOWN
            found = known
        self._parents.append(found)
        self._levels.append(self._level_codes.setdefault(level, level))
        self._ordinals.append(ordinal)
        self._offsets.append(offset)
        self._id_lengths.append(min(len(name), _LONGEST))
        self._parent_lengths.append(min(len(parent), _LONGEST))
        self._lengths.append(min(sum(map(len, elements)) + len(elements) - 1, _LONGEST))
        self._child_codes.append(1 if child_code == "0" else 2 if child_code == "1" else 0)

    def _note_shape(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        assert self._rule.shape_element is not None
        number = self._rule.shape_element[1]
        self._shape_code = elements[number] if number < len(elements) else ""

    def _fault(self, code: str, message: str, index: int, element: int, value: str | None = None) -> RuleFault:
        starts = (0, 3, 4 + self._id_lengths[index], 5 + self._id_lengths[index] + self._parent_lengths[index])
        start = starts[element] if element < len(starts) else starts[3] + len(self._levels[index]) + 1
        start = min(start, self._lengths[index])  # an element that was not sent is at the end of the segment
        return RuleFault(code, message, "HL", self._ordinals[index], self._offsets[index] + start, element, value)

    def _faults_of_ids(self) -> Iterator[RuleFault]:
        for index, name in self._duplicates.items():
            first = self._ids.find(name)
            at = "" if first is None else f" at segment {self._ordinals[first]}"
            message = f"HL01 {shown(name) or 'is empty and'} was used before{at}; want a number of its own"
            yield self._fault("x12.hl.duplicate_id", message, index, 1, name)
        later = []
        for index, name in self._unresolved.items():
            found = self._ids.find(name)
            if found is None:
                message = f"HL02 is {shown(name)}; no HL of this set has that HL01"
                yield self._fault("x12.hl.unknown_parent", message, index, 2, name)
            else:
                self._parents[index] = found
                later.append(index)
        in_cycle: set[int] = set()
        for cycle in self._cycles(later):
            in_cycle.update(cycle)
            index = min(each for each in cycle if self._parents[each] >= each)
            name = self._unresolved[index]
            message = f"HL02 is {shown(name)}, by which this HL is its own ancestor; want the HL01 of another branch"
            yield self._fault("x12.hl.cycle", message, index, 2, name)
            self._parents[index] = _UNKNOWN
        for index in later:
            if index not in in_cycle:
                name = self._unresolved[index]
                parent_at = self._ordinals[self._parents[index]]
                message = f"HL02 is {shown(name)}, which stands later, at segment {parent_at}; want it before its child"
                yield self._fault("x12.hl.later_parent", message, index, 2, name)

    def _cycles(self, later: list[int]) -> Iterator[list[int]]:
        """Each cycle once. Every cycle has an HL whose parent is no earlier one."""
        settled = bytearray(len(self._parents))
        for start in later:
            path: dict[int, None] = {}
            index = start
            while index >= 0 and not settled[index] and index not in path:
                path[index] = None
                index = self._parents[index]
            if index in path:
                members = list(path)
                yield members[members.index(index) :]
            for each in path:
                settled[each] = 1

    def _parent_level(self, index: int) -> str | None:
        """The level it hangs under, "" for none, None where the parent is unknown."""
        parent = self._parents[index]
        return None if parent == _UNKNOWN else "" if parent == _ROOT else self._levels[parent]

    def _shape(self, pairs: Counter[tuple[str | None, str]]) -> Shape | None:
        """The shape that is said, or, where none is said, the one that has least against the set."""
        if self._shape_code:
            return next((shape for shape in self._rule.shapes if shape.code == self._shape_code), None)

        def against(shape: Shape) -> int:
            return sum(
                times
                for (parent, level), times in pairs.items()
                if parent is not None and not shape.allows(parent, level)
            )

        return min(self._rule.shapes, key=against, default=None)

    def _faults_of_levels(self, misplaced: bytearray) -> Iterator[RuleFault]:
        if not self._rule.shapes:
            return
        pairs = Counter((self._parent_level(index), level) for index, level in enumerate(self._levels))
        shape = self._shape(pairs)
        if shape is None:
            return
        bad = {pair for pair in pairs if pair[0] is not None and not shape.allows(pair[0], pair[1])}
        if not bad:
            return
        for index, level in enumerate(self._levels):
            above = self._parent_level(index)
            if (above, level) not in bad:
                continue
            misplaced[index] = 1
            if above and misplaced[self._parents[index]]:
                continue  # the parent's level is the fault
            wanted = " or ".join(sorted(parent or "no parent" for parent in shape.parents[level])) or "no such level"
            # without a parent, the first HL has the wrong level and a later one lacks its HL02
            element = 2 if not above and index else 3
            under = f"under level {shown(above)}" if above else "without a parent"
            message = f"level {shown(level)} stands {under}; want {wanted} in the shape {shape.name}"
            yield self._fault("x12.hl.level", message, index, element, level if element == 3 else None)

    def _faults_of_roots(self, misplaced: bytearray) -> Iterator[RuleFault]:
        if self._rule.roots is None:
            return
        roots = (index for index, parent in enumerate(self._parents) if parent == _ROOT and not misplaced[index])
        for count, index in enumerate(roots, 1):
            if count > self._rule.roots:
                message = f"HL without a parent, number {count} of them; want at most {self._rule.roots} in this set"
                yield self._fault("x12.hl.roots", message, index, 2)

    def _faults_of_child_codes(self) -> Iterator[RuleFault]:
        has_children = bytearray(len(self._parents))
        for parent in self._parents:
            if parent >= 0:
                has_children[parent] = 1
        for index, said in enumerate(self._child_codes):
            if said and said - 1 != has_children[index]:
                number = said - 1
                message = f"HL04 is {number} and HL {'have' if has_children[index] else 'no HL has'} this one as parent"
                yield self._fault("x12.hl.child_code", message, index, 4, str(number))


class _Ids:
    """HL01 -> index. Nearly every sender numbers from 1 by 1, which costs a byte an HL; any other is kept as text."""

    def __init__(self) -> None:
        self._numbered = bytearray()
        self._named: dict[str, int] = {}

    def add(self, name: str, index: int) -> int | None:
        """Give `name` to the HL `index`, the next one; the index that has it already, or None."""
        known = self.find(name)
        plain = known is None and name == str(index + 1)
        self._numbered.append(plain)
        if known is None and not plain:
            self._named[name] = index
        return known

    def find(self, name: str) -> int | None:
        """The index of the HL that has this HL01."""
        if name.isdecimal() and name.isascii() and name[0] != "0" and len(name) < 12:
            index = int(name) - 1
            if index < len(self._numbered) and self._numbered[index]:
                return index
        return self._named.get(name)


def _hl_loops(root: Loop) -> list[Loop]:
    """The loops that an HL opens, in the order of the wire."""
    found: list[Loop] = []
    pending = [root]
    while pending:
        loop = pending.pop()
        pending.extend(loop.loops)
        if loop.segments and loop.segments[0].id == "HL":
            found.append(loop)
    found.sort(key=lambda loop: loop.segments[0].ordinal)
    return found
