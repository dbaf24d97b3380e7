"""HL in maps: what hangs under what, ancestors, and senders who leave HL02 out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.engine import MapContext, run
from tests.work_done import lines_run
from translators.datafile import LoadError
from translators.tree import Loop, Segment
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

HEAD = (
    "ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000007*0*P*>~"
    "GS*SH*NORTHSIDE*TRADELANE*20260302*0915*17*X*004010~"
)
MAP = """\
map: x12/856@004010 -> purchase_order/v1
order:
  number!: BSN02
  date!: date(BSN03)
  currency!: ('USD')
  carrier.code: HL[S]/TD5.03
lines(HL[I]):
  number: LIN01
  qty!: num(SN102)
  unit!: SN103
  sku: pair(LIN, 'VN')
"""
TWO_ORDERS = (
    "BSN*00*S1*20260302*0915",
    "HL*1**S",
    "TD5*B*2*UPSN",
    "HL*2*1*O",
    "PRF*PO-A",
    "HL*3*2*P",
    "MAN*GM*00100000000000000017",
    "HL*4*3*I",
    "LIN*1*VN*AB-1",
    "SN1**5*EA",
    "HL*5*1*O",
    "PRF*PO-B",
    "HL*6*5*I",
    "LIN*2*VN*AB-2",
    "SN1**7*EA",
)


def shipment(*segments: str) -> TransactionSet:
    body = "".join(segment + "~" for segment in segments)
    content = f"{HEAD}ST*856*0001~{body}SE*{len(segments) + 2}*0001~GE*1*17~IEA*1*000000007~".encode()
    options = ReadOptions(keep_tree=True)
    events = read_x12([content], guides=GuideLibrary.shipped(), options=options)
    (found,) = [event for event in events if isinstance(event, TransactionSet)]
    return found


@pytest.fixture
def mapped(workspace: Any) -> Callable[..., Any]:
    def work(text: str, source: TransactionSet) -> Any:
        workspace.write("trial/856.in", text)
        return run(workspace.catalog().find("trial/856.in"), source, MapContext.around(source))

    return work


def test_hl_of_a_level_are_all_of_the_set_seen_from_the_document(mapped: Any) -> None:
    found = mapped(MAP, shipment(*TWO_ORDERS))
    assert found.issues == ()
    (order,) = found.documents
    assert [(line.number, line.qty, line.sku) for line in order.lines] == [("1", 5, "AB-1"), ("2", 7, "AB-2")]
    assert order.carrier.code == "UPSN"


def test_an_ancestor_is_the_nearest_hl_of_its_level_above(mapped: Any) -> None:
    text = MAP + "  description: ancestor(HL[O])/PRF01\n  buyer_item: ancestor(HL[P])/MAN[GM].02\n"
    (order,) = mapped(text, shipment(*TWO_ORDERS)).documents
    found = [(line.description, line.buyer_item) for line in order.lines]
    assert found == [("PO-A", "00100000000000000017"), ("PO-B", None)]


def test_lineage_of_what_an_ancestor_said_points_to_the_ancestor(mapped: Any) -> None:
    found = mapped(MAP + "  description: ancestor(HL[O])/PRF01\n", shipment(*TWO_ORDERS))
    (place,) = found.lineage["lines[1].description"].sources
    assert (place.name, place.segment) == ("PRF01", 13)


def test_seen_from_an_hl_its_blocks_are_what_hangs_under_it(mapped: Any) -> None:
    text = MAP.replace("lines(HL[I]):", "lines(HL[O]):").replace("num(SN102)", "count(HL[P])")
    text = text.replace("SN103", "('EA')").replace("  sku: pair(LIN, 'VN')\n", "  sku: PRF01\n")
    text = text.replace("  number: LIN01\n", "") + "lines(HL[O]).references(HL[P]):\n  type!: MAN01\n  value: MAN02\n"
    (order,) = mapped(text, shipment(*TWO_ORDERS)).documents
    assert [(line.sku, line.qty, [held.value for held in line.references]) for line in order.lines] == [
        ("PO-A", 1, ["00100000000000000017"]),
        ("PO-B", 0, []),
    ]


def test_a_path_goes_down_the_hierarchy(mapped: Any) -> None:
    text = MAP.replace("lines(HL[I]):", "lines(HL[O]):").replace("num(SN102)", "num(HL[P]/HL[I]/SN1.02)")
    text = text.replace("SN103", "HL[P]/HL[I]/SN1.03").replace("  sku: pair(LIN, 'VN')\n", "").replace("LIN01", "PRF01")
    found = mapped(text, shipment(*TWO_ORDERS[:10]))
    assert [(line.number, line.qty) for line in found.documents[0].lines] == [("PO-A", 5)]


WITHOUT_PARENTS = tuple("*".join([*segment.split("*")[:2], "", segment.split("*")[3]]) if segment.startswith("HL*")
                        else segment for segment in TWO_ORDERS)  # fmt: skip


def test_where_hl02_is_left_out_the_parent_is_inferred_on_demand(mapped: Any) -> None:
    text = MAP + "  description: ancestor(HL[O])/PRF01\n  buyer_item: ancestor(HL[P])/MAN[GM].02\n"
    source = shipment(*WITHOUT_PARENTS)
    (order,) = mapped(f"hl02: infer\n{text}", source).documents
    found = [(line.description, line.buyer_item) for line in order.lines]
    assert found == [("PO-A", "00100000000000000017"), ("PO-B", None)]
    (unsaid,) = mapped(text, source).documents
    assert [line.description for line in unsaid.lines] == [None, None]


def test_hl02_says_infer_or_nothing(mapped: Any) -> None:
    with pytest.raises(LoadError, match=r"1:7: hl02 wants one of infer"):
        mapped(f"hl02: guess\n{MAP}", shipment(*TWO_ORDERS))


def test_ancestors_are_of_hl_alone(mapped: Any) -> None:
    for rule, message in (
        ("contract: ancestor(HL[O])/PRF01", "no HL around"),
        ("contract: ancestor(N1[ST])/N4.01", "want the level of an HL"),
        ("contract: ancestor(HL)/PRF01", "want one level"),
        ("contract: ancestor(HL[!O])/PRF01", "want one level"),
    ):
        with pytest.raises(LoadError, match=message):
            mapped(MAP.replace("lines(HL[I]):", f"  {rule}\nlines(HL[I]):"), shipment(*TWO_ORDERS))


def deep(levels: int, *, wide: int) -> TransactionSet:
    """A chain of HL, then items that alternate between two of them, each of which holds many references."""
    source = shipment(*TWO_ORDERS)
    assert source.root is not None
    loops = []
    for number in range(1, levels + 1):
        parent = str(number - 1) if number > 1 else ""
        loops.append(Loop("HL", [Segment(["HL", str(number), parent, "O"], ordinal=number, offset=0)]))
    for loop in loops[-2:]:
        loop.segments += [Segment(["REF", "VR", "x"], ordinal=0, offset=0)] * wide
    for number in range(levels + 1, levels + wide):
        parent = str(levels - number % 2)
        head = Segment(["HL", str(number), parent, "I"], ordinal=number, offset=0)
        loops.append(Loop("HL", [head, Segment(["SN1", "", "1", "EA"], ordinal=number, offset=0)]))
    source.root.loops = loops
    return source


def test_the_cost_of_ancestors_is_linear_however_deep_and_wide_they_are(mapped: Any) -> None:
    text = MAP.replace("  carrier.code: HL[S]/TD5.03\n", "")
    text += "  description: first(ancestor(HL[O])/REF[VR].02)\n  buyer_item: ancestor(HL[S])/TD503\n"

    def cost(size: int) -> int:
        source = deep(size, wide=size)
        found = mapped(text, source)
        assert found.issues == ()
        assert [line.description for line in found.documents[0].lines] == ["x"] * (size - 1)
        return lines_run(lambda: mapped(text, source))

    assert cost(1000) - cost(10) < 12 * (cost(100) - cost(10))
