"""Coverage: every rule is proved by mutation, and what no rule reads is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mappings.coverage import MapCoverage, map_coverage

HEAD = (
    "ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000007*0*P*>~"
    "GS*PO*NORTHSIDE*TRADELANE*20260302*0915*17*X*004010~ST*850*0001~"
)
FULL = ("BEG*00*SA*77**20260302", "CUR*BY*EUR", "REF*DP*038*dept", "REF*VR*9", "PO1*1*12*EA*9.5**VN*AB", "CTT*1")
PLAIN = ("BEG*00*SA*78**20260302", "PO1*1*12*EA*9.5", "PO1*2*0*EA", "PO1*3*1*EA", "PO1*4*1*EA")
MAP = """\
map: x12/850@004010 -> purchase_order/v1
order:
  number!: BEG03
  date!: date(BEG05)
  currency!: CUR02 or agreement.currency
  contract: ('x' if REF[VR] else none)
  partner_data.department: REF[DP].02
lines(PO1):
  if: num(PO102) > 0
  qty!: num(PO102)
  unit!: PO103
  sku: pair('VN')
assert:
  - few: count(lines) < 3 if CUR02 else true
"""
Prove = Callable[..., MapCoverage]


@pytest.fixture
def prove(workspace: Any) -> Prove:
    """The coverage of a map with samples: name -> segments, and what is expected of them."""

    def work(text: str = MAP, *, only: tuple[str, ...] = ("full", "plain", "bad")) -> MapCoverage:
        folder = workspace.write("trial/850.in", text).parent / "samples"
        folder.mkdir(exist_ok=True)
        for name in only:
            WRITERS[name](folder)
        (folder / "context.json").write_text('{"agreement": {"currency": "USD"}}')
        return map_coverage(workspace.catalog(), "trial/850.in")

    return work


def edi(folder: Path, name: str, segments: tuple[str, ...]) -> None:
    body = "".join(f"{segment}~" for segment in segments)
    (folder / f"{name}.edi").write_text(f"{HEAD}{body}SE*{len(segments) + 2}*0001~GE*1*17~IEA*1*000000007~")


def document(folder: Path, name: str, **fields: Any) -> None:
    found = {"schema": "purchase_order/v1", "purpose": "original", "date": "2026-03-02", **fields}
    (folder / f"{name}.expected.json").write_text(json.dumps([found]))


def full(folder: Path) -> None:
    edi(folder, "full", FULL)
    lines = [{"qty": "12", "unit": "EA", "sku": "AB"}]
    document(folder, "full", number="77", currency="EUR", contract="x", partner_data={"department": "038"}, lines=lines)


def plain(folder: Path) -> None:
    edi(folder, "plain", PLAIN)
    lines = [{"qty": qty, "unit": "EA"} for qty in ("12", "1", "1")]
    document(folder, "plain", number="78", currency="USD", lines=lines)


def bad(folder: Path) -> None:
    edi(folder, "bad", (*FULL[:-1], "PO1*2*1*EA", "PO1*3*1*EA"))
    (folder / "bad.issues.json").write_text('[{"code": "map.assert.failed", "field": "few"}]')


WRITERS = {"full": full, "plain": plain, "bad": bad}


def told(found: MapCoverage) -> list[tuple[str, str]]:
    return [(survivor.rule.field, survivor.change) for survivor in found.survivors]


def test_a_map_whose_samples_notice_every_change_is_proved(prove: Prove) -> None:
    found = prove()
    assert (found.proved, told(found), found.failed) == (True, [], ())
    assert found.mutants == 16


def test_what_no_sample_shows_survives(prove: Prove) -> None:
    found = prove(only=("full",))
    assert not found.proved
    assert told(found) == [
        ("lines.if", "deleted"),
        ("currency", "operand 2 left out"),
        ("contract", "condition taken to hold"),
        ("few", "condition taken to hold"),
        ("few", "condition taken not to hold"),
        ("few", "deleted"),
    ]
    assert [survivor.rule.line for survivor in found.survivors] == [9, 5, 6, 14, 14, 14]
    assert [survivor.rule.field for survivor in found.unproved] == ["lines.if", "few"]


def test_a_rule_that_never_gives_a_value_is_not_proved(prove: Prove) -> None:
    assert told(prove(MAP.replace("  unit!", "  description: PO105\n  unit!"))) == [("lines.description", "deleted")]


def test_a_row_of_a_table_that_no_sample_uses_survives(prove: Prove) -> None:
    found = prove(
        MAP.replace("unit!: PO103", "unit!: code(PO103, 'uom')") + "tables:\n  uom:\n    EA: EA\n    CA: XCS\n"
    )
    assert told(found) == [("tables.uom", "row left out")]
    (row,) = found.survivors
    assert (row.rule.line, row.rule.text, found.proved) == (18, "CA: XCS", True)


@pytest.mark.parametrize(
    ("old", "new", "survivor"),
    [
        ("pair('VN')", "pair('VN', 'VC')", ("lines.sku", "qualifier VC left out")),
        ("REF[DP].02", "concat(REF[DP].02, REF[IA].02)", ("partner_data.department", "argument 2 left out")),
        ("num(PO102) > 0", "PO101 and num(PO102) > 0", ("lines.if", "operand 1 left out")),
    ],
)
def test_what_no_sample_sends_of_several_things_survives(
    prove: Prove, old: str, new: str, survivor: tuple[str, str]
) -> None:
    assert told(prove(MAP.replace(old, new))) == [survivor]


def test_samples_that_fail_are_told_and_nothing_is_tried(prove: Prove) -> None:
    found = prove(MAP.replace("BEG03", "BEG01"))
    assert [result.name for result in found.failed] == ["full.edi", "plain.edi"]
    assert (found.mutants, found.proved) == (0, False)


def test_a_map_without_samples_is_not_proved(prove: Prove) -> None:
    assert not prove(only=()).proved


def test_elements_that_no_rule_reads_are_told_with_their_qualifier(prove: Prove) -> None:
    assert dict(prove().unread) == {
        "BEG[00].01": 3,
        "BEG[00].02": 3,
        "CTT.01": 1,
        "CUR[BY].01": 2,
        "PO1.01": 3,
        "PO1.04": 3,
        "REF[DP].03": 2,
        "REF[VR].02": 2,
    }


def test_a_partners_map_is_proved_by_its_own_samples_for_its_own_rules(workspace: Any, prove: Prove) -> None:
    prove()
    folder = workspace.write("other/850.in", "extends: trial/850.in\norder:\n  contract: BEG06\n").parent / "samples"
    folder.mkdir()
    edi(folder, "own", ("BEG*00*SA*78**20260302*C7", "CUR*BY*EUR", "PO1*1*12*EA"))
    document(folder, "own", number="78", currency="EUR", contract="C7", lines=[{"qty": "12", "unit": "EA"}])
    found = map_coverage(workspace.catalog(), "other/850.in")
    assert (found.proved, told(found)) == (True, [])
    (folder / "own.expected.json").unlink()
    edi(folder, "own", ("BEG*00*SA*78**20260302", "CUR*BY*EUR", "PO1*1*12*EA"))
    document(folder, "own", number="78", currency="EUR", lines=[{"qty": "12", "unit": "EA"}])
    assert told(map_coverage(workspace.catalog(), "other/850.in")) == [("contract", "deleted")]


def test_an_outbound_map_is_proved_too(workspace: Any) -> None:
    text = """\
map: order_acknowledgment/v1 -> x12/855@004010
emit:
  BAK01!: ('00')
  BAK02!: ('AD')
  BAK03!: order_number
  BAK04!: order_date
  BAK08: seller_order or contract
REF(references):
  if: type != 'DP'
  REF01: type
  REF02: value
"""
    answer = {
        "schema": "order_acknowledgment/v1", "answer": "accepted", "order_number": "77", "currency": "USD",
        "order_date": "2026-03-02", "seller_order": "S9", "buyer": {"name": "B"},
        "references": [{"type": "DP", "value": "038"}, {"type": "VR", "value": "9"}],
    }  # fmt: skip
    folder = workspace.write("trial/855.out", text).parent / "samples"
    folder.mkdir()
    (folder / "one.document.json").write_text(json.dumps(answer))
    (folder / "one.expected.edi").write_text("BAK*00*AD*77*20260302****S9~\nREF*VR*9~\n")
    found = map_coverage(workspace.catalog(), "trial/855.out")
    assert told(found) == [("BAK08", "operand 2 left out")]
    assert found.proved
    assert found.unread == (("answer", 1), ("buyer.name", 1), ("currency", 1))
