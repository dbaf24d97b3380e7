"""Files made for a test, and what the reader says about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from translators.errors import Issue
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupEnd, GroupStart, InterchangeEnd, InterchangeStart, ReaderEvent, TransactionSet
from translators.x12.reader import ReadOptions, read_x12

ISA_VALUES = (
    "00", " " * 10, "00", " " * 10, "ZZ", "ACME".ljust(15), "ZZ", "TRADELANE".ljust(15), "260115", "1200", "U",
    "00401", "000000001", "0", "P", ">",
)  # fmt: skip
ORDER = ("BEG*00*SA*PO1**20260115", "PO1*1*5*EA*9.25**UP*012345678905", "CTT*1")


@dataclass
class Seen:
    """The events of a file."""

    events: list[ReaderEvent]
    sets: list[TransactionSet] = field(init=False)

    def __post_init__(self) -> None:
        self.sets = [event for event in self.events if isinstance(event, TransactionSet)]

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def issues(self) -> list[Issue]:
        """Every issue once: what a Start says, its End says again."""
        repeated = (InterchangeStart, GroupStart)
        return [issue for event in self.events if not isinstance(event, repeated) for issue in event.issues]

    @property
    def codes(self) -> list[str]:
        return [issue.code for issue in self.issues]

    @property
    def group(self) -> GroupEnd:
        return next(event for event in self.events if isinstance(event, GroupEnd))

    @property
    def interchange(self) -> InterchangeEnd:
        return next(event for event in self.events if isinstance(event, InterchangeEnd))


class X12Files:
    """Makes files and reads them with the shipped guides."""

    guides = GuideLibrary.shipped()

    def isa(self, *, element: str = "*", terminator: str = "~", **changes: str) -> str:
        """An ISA; `isa13="000000007"` changes an element, whatever its width."""
        values = list(ISA_VALUES)
        for name, value in changes.items():
            values[int(name.removeprefix("isa")) - 1] = value
        return element.join(["ISA", *values]) + terminator

    def set(self, *segments: str, st: str = "ST*850*0001", se: str | None = None) -> list[str]:
        """An 850 (or what ST says) with a true SE, unless another is given."""
        return [st, *segments, se if se is not None else f"SE*{len(segments) + 2}*{st.split('*')[-1]}"]

    def group(self, *sets: Iterable[str], gs: str = "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010") -> list[str]:
        """A group of sets with a true GE."""
        found = list(sets)
        return [gs, *(segment for each in found for segment in each), f"GE*{len(found)}*{gs.split('*')[6]}"]

    def file(self, *groups: Iterable[str], isa: str | None = None, iea: str | None = None) -> bytes:
        """An interchange of groups with a true IEA."""
        head = isa or self.isa()
        found = list(groups)
        number = head.split("*")[13]
        segments = [segment for each in found for segment in each]
        tail = iea if iea is not None else f"IEA*{len(found)}*{number}"
        return (head + "".join(f"{segment}~" for segment in [*segments, *([tail] if tail else [])])).encode("latin-1")

    def order(self, *segments: str) -> bytes:
        """A file with one 850 made of these segments, or a good one."""
        return self.file(self.group(self.set(*(segments or ORDER))))

    def read(
        self, data: bytes | Iterable[bytes], *, options: ReadOptions | None = None, guides: GuideLibrary | None = None
    ) -> Seen:
        """Read to the end, with a tree unless options say otherwise."""
        chunks = [data] if isinstance(data, bytes) else data
        return Seen(
            list(read_x12(chunks, guides=guides or self.guides, options=options or ReadOptions(keep_tree=True)))
        )


@pytest.fixture
def x12() -> X12Files:
    return X12Files()


@pytest.fixture
def order_segments() -> tuple[str, ...]:
    """The body of a good 850, ST and SE left out."""
    return ORDER
