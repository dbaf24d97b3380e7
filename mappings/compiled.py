"""CompiledMap: a map ready to run, and what it remembers of where each rule was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from translators.canonical.common import Document


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A rule (or assert) and where it was written: `field` as `lines.unit`, `file` as `base/850.in/map.yaml`."""

    field: str
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the trace of one block is laid out: one entry for each rule, then one list for each block in it.

    `fields` holds for each rule the path of its field in the part and the index of its RulePlace.
    """

    path: tuple[str, ...]
    fields: tuple[tuple[tuple[str, ...], int], ...]
    blocks: tuple[Layout, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMap:
    """A map whose every reference is resolved.

    Args:
        name: as the catalog finds it, `acme/850.in`.
        partner: whose it is; None for a base map.
        syntax, set_code, version: what it reads, `x12`, `850`, `004010`.
        schema_name, model: what it makes.
        revision: SHA-256 (hex) of the resolved form: the same where the map means the same, whatever its layout.
        rules: every rule and assert, by its number.
        layout: of the trace.
        agreement_names: what it reads of the agreement.
        program: the Python text it became.
        function: `(root, report, env, file, agreement, separator) -> (content, trace)`.
        resolved: the resolved form, for `tradelane map show`.
    """

    name: str
    partner: str | None
    syntax: str
    set_code: str
    version: str
    schema_name: str
    model: type[Document]
    revision: str
    rules: tuple[RulePlace, ...]
    layout: Layout
    agreement_names: frozenset[str]
    program: str = field(repr=False)
    function: Callable[..., tuple[dict[str, Any], tuple[Any, ...]]] = field(repr=False)
    resolved: dict[str, Any] = field(repr=False)
