"""Any map and any document: a load error, issues or a document; never a crash, never a float, never a long wait."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.catalog import MAP_FILE, SHIPPED, MapCatalog
from mappings.compiler import compile_map
from mappings.engine import MapContext, run
from mappings.spec import Origin, effective, read_spec
from tests.work_done import lines_run
from translators.datafile import LoadError
from translators.tree import Loop, Segment
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

FULL = (SHIPPED / "base" / "850.in" / "samples" / "full.edi").read_bytes()
BASE = (SHIPPED / "base" / "850.in" / MAP_FILE).read_text()
TRIAL = """\
map: x12/850@004010 -> purchase_order/v1
tables:
  uom: {{EA: EA, DZ: DZN}}
order:
  number!: BEG03
  date!: date(BEG05)
  currency!: agreement.currency
  {header}: ({expression})
lines(PO1):
  qty!: num(PO102)
  unit!: PO103
  {line}: ({expression})
assert:
  - trial: ({expression}) == none or true
"""


def full_order() -> TransactionSet:
    (found,) = [
        event
        for event in read_x12([FULL], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    return found


def load(text: str) -> Any:
    """A map from its text, or None where it has faults; they must have places."""
    spec, faults = read_spec(text.encode("utf-8", "surrogatepass"), origin=Origin("trial", "trial"))
    if faults:
        assert all(fault.place.line >= 1 and fault.place.column >= 1 for fault in faults)
        return None
    try:
        return compile_map("trial", effective(spec), guides=GuideLibrary.shipped())
    except LoadError as error:
        told = [fault.message for fault in error.faults]
    assert told
    assert all(told)
    return None


texts = st.sampled_from(
    (
        *("BEG03", "PO103", "REF02", "REF[DP].02", "REF[VR][#1].02", "N1[ST].02", "N1[ST]/N4.01", "N1/N4.01"),
        *("PO101", "parent.BEG03", "env.GS03", "agreement.currency", "agreement.nothing", "'x'", "'12'", "none"),
        *("pair('VC', 'UP')", "first(REF02)", "join(REF02)", "last(N9/MSG.01)", "REF04.02", "first(PID05)", "SAC05"),
        *("MSG01", "DTM[002].02"),
    )
)
numbers = st.sampled_from(
    (
        *("num(BEG03)", "num(PO102)", "num(SAC05)", "count(REF)", "count(lines)", "sum(lines.qty)", "2", "0"),
        "sum(SAC05)",
    )
)


def more_texts(inner: Any) -> Any:
    return st.one_of(
        st.builds("trim({})".format, inner),
        st.builds("upper({})".format, inner),
        st.builds("substr({}, 2)".format, inner),
        st.builds("split({}, '-', 1)".format, inner),
        st.builds("pad({}, 9)".format, inner),
        st.builds("code({}, 'uom')".format, inner),
        st.builds("concat({}, {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, conditions(inner), inner),
    )


def conditions(inner: Any) -> Any:
    return st.one_of(
        st.builds("{}".format, inner),
        st.builds("not {}".format, inner),
        st.builds("{} == {}".format, inner, inner),
        st.builds("{} != {} and {}".format, inner, inner, inner),
        st.builds("({} == 'x' or {} != none)".format, inner, inner),
        st.just("N1[ST]"),
    )


def more_numbers(inner: Any) -> Any:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("round({} / {}, 3)".format, inner, inner),
        st.builds("round({}, 1, mode=half_even)".format, inner),
        st.builds("-{}".format, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} if {} < {} else {})".format, inner, inner, inner, inner),
        st.builds("num({})".format, st.recursive(texts, more_texts, max_leaves=3)),
    )


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.tuples(st.just(("contract", "description")), st.recursive(texts, more_texts, max_leaves=8)),
        st.tuples(st.just(("total", "base_qty")), st.recursive(numbers, more_numbers, max_leaves=8)),
    )
)
def test_any_expression_that_loads_runs_on_any_order(case: tuple[tuple[str, str], str]) -> None:
    (header, line), expression = case
    text = TRIAL.format(header=header, line=line, expression=expression)
    compiled = load(text) or load(text.replace(f"  {header}: ({expression})\n", "", 1))
    if compiled is None:
        return
    for source in (full_order(), bare_order()):
        mapped = run(compiled, source, MapContext.around(source, agreement={"currency": "USD"}))
        assert bool(mapped.documents) != bool(mapped.issues)
        assert len({(i.code, i.position.segment, i.position.element, i.rule) for i in mapped.issues}) == len(
            mapped.issues
        )
        for path in mapped.lineage:
            assert mapped.lineage[path].line in (5, 6, 7, 8, 9, 10, 11, 12)
        for document in mapped.documents:
            assert not any(isinstance(value, float) for value in every_value(document.model_dump()))


def bare_order() -> TransactionSet:
    """An order of trigger segments only, each without elements."""
    source = full_order()
    source.root = Loop("850", [Segment(["ST"], ordinal=1, offset=0), Segment(["BEG"], ordinal=2, offset=3)])
    source.root.loops = [
        Loop(name, [Segment([name], ordinal=at, offset=7 * at)])
        for at, name in enumerate(("N1", "N9", "SAC", "PO1", "CTT"), 3)
    ]
    return source


def every_value(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [held for inner in value.values() for held in every_value(inner)]
    if isinstance(value, list | tuple):
        return [held for inner in value for held in every_value(inner)]
    return [value]


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, len(BASE) - 1),
    length=st.integers(0, 40),
    new=st.text(alphabet="BEG03REFN1[]()'.,=#/+-*<>! orandtifls:{}\n&*\"\x00é", max_size=20),
)
def test_a_mutilated_map_loads_or_is_faulty(at: int, length: int, new: str) -> None:
    load(BASE[:at] + new + BASE[at + length :])


ORDER_MAP = MapCatalog([SHIPPED]).find("base/850.in")
junk = st.text(alphabet="0123456789ABCEFOPSTUNV.-+ \x00\xe9", max_size=45)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 12), junk), max_size=12))
def test_any_content_of_any_element_is_a_value_or_an_issue(changes: list[tuple[int, int, str]]) -> None:
    source = full_order()
    assert source.root is not None
    segments = list(source.root.walk())
    for which, number, text in changes:
        segment = segments[which % len(segments)]
        segment.elements += [""] * (number + 1 - len(segment.elements))
        segment.elements[number] = text
    mapped = run(ORDER_MAP, source, MapContext.around(source, agreement={"currency": "USD"}))
    assert bool(mapped.documents) != bool(mapped.issues)
    for document in mapped.documents:
        assert type(document).from_json_bytes(document.to_json_bytes()) == document
        for value in every_value(document.model_dump()):
            assert not isinstance(value, float)
            assert not isinstance(value, Decimal) or value.is_finite()


def test_a_map_at_every_limit_still_loads_and_runs() -> None:
    rules = "".join(f"  partner_data.f{number}: {' or '.join(['REF02'] * 100)}\n" for number in range(200))
    text = TRIAL.format(header="contract", line="description", expression="BEG03").replace(
        "lines(PO1)", f"{rules}lines(PO1)"
    )
    compiled = load(text)
    assert compiled is not None
    mapped = run(compiled, full_order(), MapContext(agreement={"currency": "USD"}))
    assert [issue.code for issue in mapped.issues] == ["map.reference.several"]


def test_the_cost_of_a_run_is_linear_in_the_document() -> None:
    def cost(lines: int) -> int:
        source = full_order()
        assert source.root is not None
        order = next(loop for loop in source.root.loops if loop.id == "PO1")
        source.root.loops = [loop for loop in source.root.loops if loop.id != "PO1"] + [order] * lines
        context = MapContext.around(source, agreement={"currency": "USD"})
        assert run(ORDER_MAP, source, context).issues == ()
        return lines_run(lambda: run(ORDER_MAP, source, context))

    assert cost(1000) < 12 * cost(100)
