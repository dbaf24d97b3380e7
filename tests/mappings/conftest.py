"""A small workspace of maps, and transaction sets read from a few segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, Mapped, run
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

HEAD = (
    "ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000007*0*P*>~"
    "GS*PO*NORTHSIDE*TRADELANE*20260302*0915*17*X*004010~"
)
SMALLEST = """\
map: x12/850@004010 -> purchase_order/v1
order:
  number!: BEG03
  date!: date(BEG05)
  currency!: agreement.currency
lines(PO1):
  qty!: num(PO102)
  unit!: PO103
"""


def read_set(*segments: str) -> TransactionSet:
    """The 850 of these segments (ST and SE are added), read with its tree."""
    body = [f"ST*850*0001~{''.join(segment + '~' for segment in segments)}SE*{len(segments) + 2}*0001~"]
    content = (HEAD + "".join(body) + "GE*1*17~IEA*1*000000007~").encode("latin-1")
    (found,) = [
        event
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    return found


class Workspace:
    """Maps in a folder; the shipped ones beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        """Write a map file."""
        path = self.folder / name / "map.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def catalog(self) -> MapCatalog:
        """A fresh catalog of what is written."""
        return MapCatalog([self.folder, SHIPPED])

    def run(self, text: str, source: TransactionSet, *, agreement: Mapping[str, str] | None = None) -> Mapped:
        """Write a map, compile it and run it."""
        self.write("trial/850.in", text)
        context = MapContext.around(source, file_name="order.edi", agreement=agreement or {"currency": "USD"})
        return run(self.catalog().find("trial/850.in"), source, context)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def x12() -> Callable[..., TransactionSet]:
    """Reads a set from segments; a whole order where none are given."""

    def read(*segments: str) -> TransactionSet:
        return read_set(*(segments or ("BEG*00*SA*4500012**20260302", "PO1*1*12*EA*9.5**VN*AB-100", "CTT*1")))

    return read


@pytest.fixture
def smallest() -> str:
    """The smallest map of a purchase order; what a test adds goes behind it, or into a block by `with_rules`."""
    return SMALLEST


@pytest.fixture
def with_rules(smallest: str) -> Callable[..., str]:
    """The smallest map with more rules in its order and its lines."""

    def write(*, order: str = "", lines: str = "", more: str = "") -> str:
        head, line_rules = smallest.split("lines(PO1):\n")
        added = "".join(f"  {rule}\n" for rule in order.splitlines())
        added_lines = "".join(f"  {rule}\n" for rule in lines.splitlines())
        return f"{head}{added}lines(PO1):\n{line_rules}{added_lines}{more}"

    return write


@pytest.fixture
def value_of(workspace: Workspace, with_rules: Callable[..., str]) -> Callable[..., object]:
    """What an expression gives for a set, as text: a value, None, or the code of the issue."""

    def evaluate(expression: str, source: TransactionSet, *, field: str = "contract") -> object:
        # YAML takes a quote at the beginning of a line's value for its own
        written = f"({expression})" if expression.startswith("'") else expression
        mapped = workspace.run(with_rules(order=f"{field}: {written}"), source)
        if mapped.issues:
            return [issue.code for issue in mapped.issues]
        return getattr(mapped.documents[0], field)

    return evaluate
