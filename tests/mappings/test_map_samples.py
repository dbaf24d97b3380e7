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
