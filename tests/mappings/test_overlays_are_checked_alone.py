"""A map that extends a sound one is checked by what it makes other; what is found is that of a whole check."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.overlays import unchanged_rules
from mappings.spec import MapSpec, Origin, effective, merged, read_spec
from translators.datafile import LoadError

BASE = """\
map: x12/850@004010 -> purchase_order/v1
tables:
  uom: {EA: EA, CA: XCS}
  kind: {SA: stand_alone}
order:
  number!: trim(BEG03)
  type: code(BEG02, 'kind')
  date!: date(BEG05)
  currency!: CUR02 or agreement.currency
  total: sum(lines.price)
lines(PO1):
  qty!: num(PO102)
  unit!: code(PO103, 'uom')
  price: num(PO104)
  partner_data.count: PO101
lines(PO1).schedule(SCH):
  qty!: num(SCH01)
  unit!: code(SCH02, 'uom')
assert:
  - lines match CTT01: count(lines) == num(CTT01) if CTT01 else true
"""
OVERLAYS = {
    "nothing differs": "",
    "a rule": "lines:\n  price: num(PO104, implied=2)\n",
    "a rule that names no segment": "lines:\n  price: num(PQ104)\n",
    "a rule of another kind": "lines:\n  price: PO104\n",
    "a field that is not there": "lines:\n  prize: num(PO104)\n",
    "a field that a sum needs is dropped": "lines:\n  price: omit\n",
    "a field the model needs is dropped": "lines:\n  qty: omit\n",
    "a field the model needs is made optional": "lines:\n  qty?: num(PO102)\n",
    "rows of a table": "tables:\n  uom: {CT: XCT}\n",
    "a row no unit can be": "tables:\n  uom: {CT: carton}\n",
    "another table's row": "tables:\n  kind: {NE: new}\n",
    "another source": "lines(PO1):\n  price: num(PO104)\n",
    "a source of other names": "lines(IT1):\n  price: num(PO104)\n",
    "a source without what rules read": "lines(N9):\n  price: num(PO104)\n",
    "a block that is dropped": "lines.schedule: omit\n",
    "a block": "references(REF):\n  type!: REF01\n  value: REF02\n",
    "a block with a fault": "references(REF):\n  type!: REF01\n  value: REF99\n",
    "an assert": "assert:\n  - some: count(lines) > 0\n",
    "an assert of a block that is not there": "assert:\n  - some: count(rows) > 0\n",
    "an assert of other kinds": "assert:\n  - some: sum(lines.unit) > 0\n",
    "a condition": "lines:\n  if: PO101 == '1'\n",
    "a condition with a fault": "lines:\n  if: PO101 ==\n",
    "an option": "hl02: infer\n",
    "several documents": "emit each: N1[ST]\n",
    "several documents of nothing": "emit each: QQ9\n",
    "another header": "map: x12/850@005010 -> purchase_order/v1\n",
    "a header of nothing": "map: x12/999@004010 -> purchase_order/v1\n",
    "what is inherited from nobody": "lines:\n  number: omit\n",
    "several faults": "order:\n  type: code(BEG02, 'kinds')\nlines:\n  price: date(PO104)\n  unit: PO199\n",
}


def outcome(catalog: MapCatalog) -> tuple[list[str], dict[str, Any]]:
    """Every fault of the overlay as it is told; of one without any what it became."""
    try:
        compiled = catalog.written("partner/850.in")
    except LoadError as error:
        return sorted(map(str, error.faults)), {}
    body = compiled.body()
    return [], {
        "revision": compiled.revision,
        "program": compiled.runner.text,
        "rules": body.rules,
        "layout": body.layout,
        "agreement": body.agreement_names,
    }


@pytest.mark.parametrize("overlay", OVERLAYS.values(), ids=OVERLAYS)
def test_the_same_is_found_as_in_a_whole_check(overlay: str, workspace: Any) -> None:
    workspace.write("sound/850.in", BASE)
    workspace.write("partner/850.in", f"extends: sound/850.in\npartner: partner\n{overlay}")
    whole, alone = workspace.catalog(), workspace.catalog()
    alone.written("sound/850.in")
    assert outcome(alone) == outcome(whole)


def test_some_overlays_have_faults_and_some_have_none(workspace: Any) -> None:
    workspace.write("sound/850.in", BASE)
    found = []
    for overlay in OVERLAYS.values():
        workspace.write("partner/850.in", f"extends: sound/850.in\npartner: partner\n{overlay}")
        found.append(bool(outcome(workspace.catalog())[0]))
    assert 10 <= sum(found) <= len(found) - 10


@pytest.mark.parametrize("name", [name for name in MapCatalog([SHIPPED]).names() if not name.startswith("base/")])
def test_a_shipped_partners_map_becomes_the_same(name: str) -> None:
    whole, alone = MapCatalog([SHIPPED]), MapCatalog([SHIPPED])
    assert alone.load([name]) == []
    assert alone.written(name).runner.text == whole.written(name).runner.text
    assert alone.written(name).revision == whole.written(name).revision


def spec(text: str) -> MapSpec:
    """A map as it is written."""
    found, faults = read_spec(text.encode(), origin=Origin("trial", "trial"))
    assert faults == []
    return found


def left(overlay: str) -> set[str]:
    """The fields that are looked at anew."""
    under = spec(BASE)
    over, faults = merged(under, spec(f"extends: sound/850.in\n{overlay}"))
    assert faults == []
    whole = effective(over)
    settled = unchanged_rules(whole, effective(under))
    every = {(path, name) for path, block in whole.blocks.items() for name in block.rules}
    return {".".join((*path, name)) for path, name in every - (settled or frozenset())}


def test_a_changed_rule_is_looked_at_with_what_sums_over_its_block() -> None:
    assert left("lines:\n  price: num(PO105)\n") == {"lines.price", "order.total"}


def test_a_changed_table_is_looked_at_wherever_it_is_read() -> None:
    assert left("tables:\n  uom: {CT: XCT}\n") == {"lines.unit", "lines.schedule.unit"}


def test_a_changed_source_is_looked_at_with_all_that_stands_in_it() -> None:
    assert left("lines(IT1):\n  price: num(PO104)\n") == {
        "lines.qty",
        "lines.unit",
        "lines.price",
        "lines.partner_data.count",
        "lines.schedule.qty",
        "lines.schedule.unit",
        "order.total",
    }


def test_a_map_in_a_circle_is_a_fault_when_many_are_loaded(workspace: Any) -> None:
    workspace.write("one/850.in", "extends: two/850.in\npartner: one\n")
    workspace.write("two/850.in", "extends: one/850.in\npartner: two\n")
    faults = workspace.catalog().load(["one/850.in", "two/850.in"])
    assert ["goes round" in fault.message for fault in faults] == [True, True]


def test_a_map_below_that_is_not_there_is_a_fault_of_the_one_above(workspace: Any) -> None:
    workspace.write("one/850.in", "extends: tow/850.in\npartner: one\n")
    (fault,) = workspace.catalog().load(["one/850.in"])
    assert 'no map "tow/850.in"' in fault.message
