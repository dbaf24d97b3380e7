"""What an overlay makes other: the rules to be checked anew when the map below it is known to be without faults.

A rule that is written the same, in the same loop, with the same tables, means the same, so it has no faults either. A
partner's map changes a few of a base map's two hundred rules; the others are written when the map first runs.
"""

from __future__ import annotations

import re

from mappings.spec import Block, MapSpec, Rule, Written
from translators.datafile import plain

Path = tuple[str, ...]


def unchanged_rules(spec: MapSpec, under: MapSpec) -> frozenset[tuple[Path, str]] | None:
    """The rules of a map, as (path of the block, field), that are as sound as they are in the map below.

    Args:
        spec: the map with all it extends merged in (`spec.effective`).
        under: the map it extends, the same way, which has no faults.

    Returns:
        None where all has to be looked at: the two do not read or make the same.
    """
    if _sides(spec) != _sides(under):
        return None
    tables = {name for name, rows in _rows(spec) ^ _rows(under)}
    moved = {path for path, block in spec.blocks.items() if _source(block) != _source(under.blocks.get(path))}
    other = moved | (under.blocks.keys() - spec.blocks.keys())
    other |= {
        path for path in spec.blocks.keys() & under.blocks.keys() if _differ(spec.blocks[path], under.blocks[path])
    }
    words = tables | {path[-1].rpartition(".")[2] for path in other}
    mentions = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\b") if words else None
    return frozenset(
        (path, rule.name)
        for path, block in spec.blocks.items()
        if not any(path[: len(around)] == around for around in moved)
        for rule in block.rules.values()
        if path in under.blocks
        and _same(rule, under.blocks[path].rules.get(rule.name))
        and (mentions is None or mentions.search(rule.expression.text) is None)
    )


def _sides(spec: MapSpec) -> list[object]:
    """What all rules of a map depend on: what is read and made, and how."""
    options = {name: (key.origin, plain(value)) for name, (key, value) in spec.options.items()}
    return [options, *(_text(written) for written in (spec.header, spec.answers, spec.emit_each, spec.like))]


def _rows(spec: MapSpec) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    return {(name, frozenset((code, word.text) for code, word in rows.items())) for name, rows in spec.tables.items()}


def _source(block: Block | None) -> str | None:
    return None if block is None or block.source is None else block.source.text


def _differ(block: Block, under: Block) -> bool:
    return block.rules.keys() != under.rules.keys() or not all(
        _same(rule, under.rules[name]) for name, rule in block.rules.items()
    )


def _same(rule: Rule, under: Rule | None) -> bool:
    return under is not None and (rule is under or _meaning(rule) == _meaning(under))


def _meaning(rule: Rule) -> tuple[str, bool | None]:
    return rule.expression.text, rule.required


def _text(written: Written | None) -> str | None:
    return None if written is None else written.text
