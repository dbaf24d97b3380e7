"""JSON Schemas of the canonical documents, made from the models: `python -m translators.canonical.schema [FOLDER]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL
from translators.errors import TranslationError

Schema = dict[str, Any]


class IncompatibleSchemaError(TranslationError):
    """A changed model breaks its published schema within one version."""


def json_schema(model: type[Document]) -> Schema:
    """The JSON Schema (2020-12) of a document's canonical JSON form."""
    schema = model.model_json_schema(mode="serialization")
    parts, needed = schema.get("$defs", {}), model.model_json_schema(mode="validation")
    for name, part in parts.items():
        part["required"] = sorted(needed.get("$defs", {}).get(name, {}).get("required", []))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = model.schema_name
    schema["properties"]["schema"] = {"const": model.schema_name}
    schema["required"] = sorted({*needed.get("required", []), "schema", "purpose"})
    return schema


def schema_bytes(model: type[Document]) -> bytes:
    """The schema as the file in git holds it."""
    return json.dumps(json_schema(model), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def schema_file(model: type[Document]) -> str:
    """Its file name, as `purchase_order.v1.schema.json`."""
    return model.schema_name.replace("/", ".") + ".schema.json"


def incompatible_changes(old: Schema, new: Schema) -> list[str]:
    """What in `new` breaks a reader or writer of `old`; empty when only optional fields were added.

    Within a version a field may be added if it is optional. Taking one away, renaming it, changing what it may hold or
    making it required needs a new version.
    """
    found = _compare(old, new, where="document")
    old_parts, new_parts = old.get("$defs", {}), new.get("$defs", {})
    for name in sorted(old_parts):
        if name not in new_parts:
            found.append(f"{name}: the part is gone")
        else:
            found += _compare(old_parts[name], new_parts[name], where=name)
    return found


def write_schemas(folder: Path, models: Iterable[type[Document]] = tuple(CANONICAL.values())) -> list[Path]:
    """Write every schema into a folder that may hold earlier ones; returns the files.

    Raises:
        IncompatibleSchemaError: one would break who reads or writes the earlier one; nothing is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / schema_file(model): model for model in models}
    broken = []
    for path, model in paths.items():
        if path.exists():
            broken += [f"{path.name}: {fault}" for fault in incompatible_changes(_read(path), json_schema(model))]
    if broken:
        raise IncompatibleSchemaError("; ".join(broken) + "; want a new version of the schema")
    for path, model in paths.items():
        path.write_bytes(schema_bytes(model))
    return list(paths)


def _read(path: Path) -> Schema:
    held: Schema = json.loads(path.read_bytes())
    return held


def _compare(old: Schema, new: Schema, *, where: str) -> list[str]:
    found = []
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before):
        if name not in after:
            found.append(f"{where}.{name}: the field is gone")
        elif _meaning(before[name]) != _meaning(after[name]):
            found.append(f"{where}.{name}: what it may hold has changed")
    was, now = set(old.get("required", [])), set(new.get("required", []))
    found += [f"{where}.{name}: the field has become required" for name in sorted(now - was)]
    found += [f"{where}.{name}: the field is no longer always there" for name in sorted((was - now) & set(after))]
    same = ("type", "enum", "const", "pattern")
    found += [f"{where}: {word} has changed" for word in same if old.get(word) != new.get(word)]
    return found


def _meaning(held: Any) -> Any:
    """A property's schema without what only explains it."""
    if isinstance(held, dict):
        return {key: _meaning(value) for key, value in held.items() if key not in ("description", "title", "default")}
    if isinstance(held, list):
        return [_meaning(item) for item in held]
    return held


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/canonical"))
