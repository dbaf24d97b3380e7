"""docs/maps.md holds the function reference as the table of functions is now, and its first map works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mappings.codes import FAULTS
from mappings.errors import MappingError
from mappings.expressions import parse
from mappings.functions import FUNCTIONS
from mappings.reference import reference, with_reference
from mappings.x12_references import X12_DIALECT

DOCS = Path(__file__).parents[2] / "docs" / "maps.md"


def test_the_reference_in_git_is_current() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert with_reference(text) == text, "run python -m mappings.reference"


def test_every_function_has_a_signature_a_summary_and_an_example_that_reads() -> None:
    text = reference()
    for name, function in FUNCTIONS.items():
        assert f"### {name}\n" in text
        assert function.signature.startswith(f"{name}(")
        assert function.summary.endswith(".")
        parse(function.example, X12_DIALECT)


def test_every_issue_code_is_listed_and_dotted() -> None:
    assert all(code.startswith("map.") and f"`{code}`" in reference() for code in FAULTS)


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(MappingError):
        with_reference("# nothing")


def test_the_first_map_of_the_docs_compiles_and_runs(workspace: Any, x12: Any) -> None:
    found = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    mapped = workspace.run(found[1], x12())
    assert mapped.issues == ()
    assert mapped.documents[0].number == "4500012"
