"""`like:`: an outbound map takes over what of an inbound one can be turned round, and nothing else."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import MapContext, run
from translators.canonical.purchase_order import PurchaseOrder
from translators.datafile import LoadError

INBOUND = """\
map: x12/850@004010 -> purchase_order/v1
tables:
  kind: {NE: new, SA: stand_alone}
  uom: {EA: EA, CA: XCS, CS: XCS}
order:
  number!: trim(BEG03)
  type: code(BEG02, 'kind')
  date!: date(BEG05, 'CCYYMMDD')
  contract: BEG06 or REF[CT].02
  currency!: CUR02 or agreement.currency
  requested: date(DTM[002].02)
  requested_time: time(DTM[002].03)
  ship_to.code: N1[ST].04
  ship_to.code_type: N1[ST].03
  ship_to.address.line1: N1[ST]/N3[#1].01
  total: num(CTT/AMT[TT].02)
  partner_data.type: BEG02
references(REF[!CT]):
  type!: REF01
  value: REF02
lines(PO1):
  number: PO101
  qty!: num(PO102)
  unit!: code(PO103, 'uom')
  price: num(PO104, implied=2)
  gtin: pair('UP')
lines(PO1).schedule(SCH):
  qty!: num(SCH01)
  unit!: code(SCH02, 'uom')
  requested: date(SCH06)
"""
OUTBOUND = """\
map: purchase_order/v1 -> x12/850@004010
like: trial/850.in
tables:
  uom: {XCS: CA}
emit:
  BEG01: ('00')
  CUR01: ('BY')
  CUR02: currency
  CTT01: count(PO1)
EMIT
SCHEDULE
"""
ORDER = PurchaseOrder(
    number="77",
    type="new",
    date=date(2026, 3, 2),
    currency="USD",
    contract="C9",
    requested=date(2026, 3, 16),
    requested_time=time(9, 15),
    ship_to={"code": "0042", "code_type": "92", "address": {"line1": "12 Field Road"}},
    references=({"type": "DP", "value": "038"},),
    total=Decimal("95"),
    lines=(
        {"number": "1", "qty": Decimal("12"), "unit": "XCS", "price": Decimal("9.5"), "gtin": "012345678905",
         "schedule": ({"qty": Decimal("5"), "unit": "EA", "requested": date(2026, 3, 20)},)},
    ),
)  # fmt: skip


def compiled(workspace: Any, text: str, *, inbound: str = INBOUND) -> Any:
    workspace.write("trial/850.in", inbound)
    workspace.write("trial/850.out", text)
    return workspace.catalog().find("trial/850.out")


def outbound(*, emit: str = "", more: str = "") -> str:
    text = OUTBOUND.replace("EMIT\n", emit)
    return text.replace("SCHEDULE\n", f"PO1.SCH:\n  SCH05: ('002')\n{more}")


def test_what_can_be_turned_round_is_taken_over(workspace: Any) -> None:
    mapped = run(compiled(workspace, outbound()), ORDER, MapContext())
    assert [issue.message for issue in mapped.issues] == []
    assert ["*".join(segment) for segment in mapped.documents[0].segments] == [
        "BEG*00*NE*77**20260302",
        "CUR*BY*USD",
        "DTM*002*20260316*0915",
        "N1*ST**92*0042",
        "N3*12 Field Road",
        "PO1*1*12*CA*950",
        "SCH*5*EA***002*20260320",
        "CTT*1",
        "AMT*TT*95",
    ]


def test_what_is_no_plain_rule_is_not_taken_over(workspace: Any) -> None:
    rules = {rule.field for rule in compiled(workspace, outbound()).rules}
    assert not {rule for rule in rules if rule.startswith(("BEG06", "REF", "PO107", "PO1.PO107"))}
    assert rules >= {"BEG02", "BEG05", "DTM[002].03", "N1[ST]/N3.01", "PO1.PO103", "PO1.SCH.SCH06"}


def test_lineage_of_what_is_taken_over_names_the_inbound_line(workspace: Any) -> None:
    lineage = run(compiled(workspace, outbound()), ORDER, MapContext()).lineage
    assert (lineage["2:BEG03"].file, lineage["2:BEG03"].line) == ("trial/850.in/map.yaml", 6)
    assert (lineage["2:BEG01"].file, lineage["2:BEG01"].line) == ("trial/850.out/map.yaml", 6)


def test_the_maps_own_rules_come_before_and_omit_drops(workspace: Any) -> None:
    text = outbound(emit="  BEG03: concat('N', number)\n  DTM[002].03: omit\n")
    segments = run(compiled(workspace, text), ORDER, MapContext()).documents[0].segments
    assert segments[0][3] == "N77"
    assert list(segments[2]) == ["DTM", "002", "20260316"]
    with pytest.raises(LoadError, match="nothing is inherited"):
        compiled(workspace, outbound(emit="  BEG09: omit\n"))


def test_a_map_that_extends_one_like_another_drops_what_that_takes_over(workspace: Any) -> None:
    compiled(workspace, outbound())
    workspace.write("other/850.out", "extends: trial/850.out\nemit:\n  N1[ST]/N3.01: omit\n")
    segments = run(workspace.catalog().find("other/850.out"), ORDER, MapContext()).documents[0].segments
    assert not [segment for segment in segments if segment[0] == "N3"]


def test_a_word_of_several_codes_wants_one_named(workspace: Any) -> None:
    with pytest.raises(LoadError) as caught:
        compiled(workspace, outbound().replace("tables:\n  uom: {XCS: CA}\n", ""))
    assert [str(fault).split(": ", 1)[1] for fault in caught.value.faults] == [
        "table uom: XCS comes from CA, CS; say which, as XCS: CA"
    ]


@pytest.mark.parametrize(
    ("like", "message"),
    [("trial/850.inn", 'did you mean "trial/850.in"'), ("trial/850.out", "like takes over from a map of X12")],
)
def test_like_names_an_inbound_map_of_x12(like: str, message: str, workspace: Any) -> None:
    with pytest.raises(LoadError, match=message):
        compiled(workspace, outbound().replace("like: trial/850.in", f"like: {like}"))
