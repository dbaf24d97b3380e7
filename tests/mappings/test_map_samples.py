"""Golden samples: what passes, and how each kind of difference is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mappings.catalog import SHIPPED
from mappings.errors import MappingError
from mappings.golden import SampleResults, run_samples

PLAIN = (SHIPPED / "base" / "850.in" / "samples" / "plain.edi").read_text()
ORDER = {
    "schema": "purchase_order/v1",
    "purpose": "original",
    "number": "4500012",
    "date": "2026-03-02",
    "currency": "USD",
    "lines": [{"qty": "12", "unit": "EA"}, {"qty": "3", "unit": "CA"}],
}


@pytest.fixture
def samples(workspace: Any, smallest: str) -> Path:
    path: Path = workspace.write("trial/850.in", smallest).parent / "samples"
    path.mkdir()
    (path / "context.json").write_text('{"agreement": {"currency": "USD"}}')
    (path / "plain.edi").write_text(PLAIN)
    return path


def outcome(workspace: Any) -> tuple[str, ...]:
    results: SampleResults = run_samples(workspace.catalog(), "trial/850.in")
    (result,) = results.results
    assert results.passed == result.passed
    return result.differences


def test_a_sample_that_comes_out_as_written_passes(workspace: Any, samples: Path) -> None:
    (samples / "plain.expected.json").write_text(json.dumps([ORDER]))
    assert outcome(workspace) == ()


def test_a_sample_without_an_expectation_fails(workspace: Any, samples: Path) -> None:
    assert outcome(workspace) == ("want plain.expected.json or plain.issues.json beside it",)


def test_every_difference_is_told_by_its_path(workspace: Any, samples: Path) -> None:
    wanted = ORDER | {"number": "1", "release": "7", "lines": [{"qty": "12", "unit": "EA"}, {"qty": "4", "unit": "CA"}]}
    (samples / "plain.expected.json").write_text(json.dumps([wanted]))
    assert outcome(workspace) == (
        'document 1.number is "4500012"; want "1"',
        'document 1.lines[1].qty is "3"; want "4"',
        'document 1.release is null; want "7"',
    )


def test_documents_and_issues_too_many_or_too_few_are_told(workspace: Any, samples: Path) -> None:
    (samples / "plain.expected.json").write_text("[]")
    assert outcome(workspace) == ("document 1 is not expected",)
    (samples / "plain.expected.json").write_text(json.dumps([ORDER, ORDER]))
    assert outcome(workspace) == ("document 2 was not made",)
    (samples / "plain.issues.json").write_text('[{"code": "map.code.unknown"}]')
    (samples / "plain.expected.json").write_text(json.dumps([ORDER]))
    assert outcome(workspace) == ("issue 1 was not found: {'code': 'map.code.unknown'}",)


def test_issues_are_compared_by_what_the_expectation_names(workspace: Any, samples: Path) -> None:
    (samples / "context.json").unlink()
    (samples / "plain.issues.json").write_text('[{"code": "map.required.missing", "field": "currency", "segment": 1}]')
    assert outcome(workspace) == ()
    (samples / "plain.issues.json").write_text('[{"code": "map.required.missing", "field": "date", "line": 4}]')
    assert outcome(workspace) == ("issue 1: field is 'currency'; want 'date'", "issue 1: line is 5; want 4")
    (samples / "plain.issues.json").write_text("[]")
    assert outcome(workspace)[0].startswith("issue 1 is not expected: currency is required")


def test_an_expectation_that_is_no_json_is_our_fault(workspace: Any, samples: Path) -> None:
    (samples / "plain.expected.json").write_text("[")
    with pytest.raises(MappingError, match="not readable as JSON"):
        outcome(workspace)


def test_a_map_without_samples_does_not_pass(workspace: Any, smallest: str) -> None:
    workspace.write("trial/850.in", smallest)
    results = run_samples(workspace.catalog(), "trial/850.in")
    assert (results.passed, results.results) == (False, ())


ANSWER_MAP = """\
map: order_acknowledgment/v1 -> x12/855@004010
origin: purchase_order/v1
emit:
  BAK01: ('00')
  BAK02: ('AD')
  BAK03: order_number
  BAK04: order_date
  BAK08: origin.number
"""
ANSWER = (
    '{"schema": "order_acknowledgment/v1", "answer": "accepted", "order_number": "77", "currency": "USD",'
    ' "order_date": "2026-03-02"}'
)
ANSWERED = (
    '{"schema": "purchase_order/v1", "number": "78", "date": "2026-03-02", "currency": "USD",'
    ' "lines": [{"qty": "1", "unit": "EA"}]}'
)


def test_samples_of_an_outbound_map_are_documents_and_the_segments_they_become(workspace: Any) -> None:
    folder = workspace.write("trial/855.out", ANSWER_MAP).parent / "samples"
    folder.mkdir()
    (folder / "plain.document.json").write_text(ANSWER)
    (folder / "plain.origin.json").write_text(ANSWERED)
    (folder / "plain.expected.edi").write_text("BAK*00*AD*77*20260302****78~\n")
    (folder / "unanswered.document.json").write_text(ANSWER)
    (folder / "unanswered.issues.json").write_text('[{"code": "map.origin.missing"}]')
    assert run_samples(workspace.catalog(), "trial/855.out").passed
    (folder / "plain.expected.edi").write_text("BAK*00*AD*77*20260303~\nCTT*0~\n")
    (found,) = [held for held in run_samples(workspace.catalog(), "trial/855.out").results if not held.passed]
    assert found.differences == (
        "document 1 line 1 is 'BAK*00*AD*77*20260302****78~'; want 'BAK*00*AD*77*20260303~'",
        "document 1 line 2 is None; want 'CTT*0~'",
    )


def test_a_list_of_documents_makes_sets_with_an_empty_line_between_them(workspace: Any) -> None:
    folder = workspace.write("trial/855.out", ANSWER_MAP.replace("  BAK08: origin.number\n", "")).parent / "samples"
    folder.mkdir()
    (folder / "both.document.json").write_text(f"[{ANSWER}, {ANSWER.replace('77', '79')}]")
    (folder / "both.expected.edi").write_text("BAK*00*AD*77*20260302~\n\nBAK*00*AD*79*20260302~\n")
    assert run_samples(workspace.catalog(), "trial/855.out").passed
    (folder / "both.expected.edi").write_text("BAK*00*AD*77*20260302~\n\nBAK*00*AD*80*20260302~\n")
    (found,) = run_samples(workspace.catalog(), "trial/855.out").results
    assert found.differences == ("document 2 line 1 is 'BAK*00*AD*79*20260302~'; want 'BAK*00*AD*80*20260302~'",)
    (folder / "both.expected.edi").write_text("BAK*00*AD*77*20260302~\n")
    (found,) = run_samples(workspace.catalog(), "trial/855.out").results
    assert found.differences == ("document 2 is not expected",)


def test_a_sample_that_is_no_document_is_our_fault(workspace: Any) -> None:
    folder = workspace.write("trial/855.out", ANSWER_MAP).parent / "samples"
    folder.mkdir()
    for content in ("[]", "[[]]", "{}", '{"schema": "nothing/v1"}', ANSWER.replace("accepted", "perhaps")):
        (folder / "plain.document.json").write_text(content)
        with pytest.raises(MappingError, match="no canonical document"):
            run_samples(workspace.catalog(), "trial/855.out")


def test_a_sample_is_read_with_the_strictness_of_its_context(workspace: Any, samples: Path) -> None:
    (samples / "plain.edi").write_text(PLAIN.replace("CTT*2~", "CTT*3~"))
    (samples / "plain.expected.json").write_text(json.dumps([ORDER]))
    assert any("CTT01" in difference for difference in outcome(workspace))
    context = {"agreement": {"currency": "USD"}, "strictness": {"level 3": "ignore"}}
    (samples / "context.json").write_text(json.dumps(context))
    assert outcome(workspace) == ()


def test_a_context_of_its_own_stands_in_the_place_of_the_shared_one(workspace: Any, samples: Path) -> None:
    (samples / "other.edi").write_text(PLAIN)
    (samples / "plain.context.json").write_text('{"agreement": {"currency": "EUR"}}')
    (samples / "plain.expected.json").write_text(json.dumps([ORDER | {"currency": "EUR"}]))
    (samples / "other.expected.json").write_text(json.dumps([ORDER]))
    assert run_samples(workspace.catalog(), "trial/850.in").passed
    (samples / "plain.context.json").write_text("{}")
    (failed,) = [found for found in run_samples(workspace.catalog(), "trial/850.in").results if not found.passed]
    assert failed.name == "plain.edi"
    assert failed.differences[0].startswith("document 1 was not made")


def test_a_strictness_that_says_nothing_known_is_an_error_of_the_sample(workspace: Any, samples: Path) -> None:
    (samples / "plain.expected.json").write_text(json.dumps([ORDER]))
    (samples / "context.json").write_text('{"strictness": {"x12.no.such": "ignore"}}')
    with pytest.raises(MappingError, match=r"x12\.no\.such"):
        outcome(workspace)
