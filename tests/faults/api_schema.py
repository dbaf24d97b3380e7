"""The schemas of our OpenAPI document: values that keep them, and what a value breaks.

Of JSON Schema it knows what the document uses; any other word is an error, so that nothing passes by not being known.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

Schema = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_SILENT = {"title", "description", "default"}
_KNOWN = _SILENT | {
    *("$ref", "anyOf", "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("properties", "required", "additionalProperties", "items"),
}
_FORMATS = {"uuid": UUID, "date-time": datetime.fromisoformat}


def faults(value: object, schema: Schema, document: Schema, at: str = "$") -> list[str]:
    """Everything in which a value is not what a schema of the document allows."""
    unknown = schema.keys() - _KNOWN
    assert not unknown, f"the checker does not know {sorted(unknown)}"
    found: list[str] = []
    if "$ref" in schema:
        found += faults(value, _named(schema["$ref"], document), document, at)
    if "anyOf" in schema and all(faults(value, one, document, at) for one in schema["anyOf"]):
        found.append(f"{at}: none of {len(schema['anyOf'])} alternatives")
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind not in ("boolean",))
    ):
        return [*found, f"{at}: {type(value).__name__}, not {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not in the list")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if isinstance(value, str):
        found += _faults_of_text(value, schema, at)
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{at}: {value} is out of range")
    if isinstance(value, list):
        for place, item in enumerate(value):
            found += faults(item, schema.get("items", {}), document, f"{at}[{place}]")
    if isinstance(value, dict):
        found += _faults_of_object(value, schema, document, at)
    return found


def _faults_of_text(value: str, schema: Schema, at: str) -> list[str]:
    found = []
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        found.append(f"{at}: {len(value)} characters")
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        found.append(f"{at}: {value!r} is not of the pattern")
    if "format" in schema:
        try:
            _FORMATS[schema["format"]](value)
        except ValueError:
            found.append(f"{at}: {value!r} is no {schema['format']}")
    return found


def _faults_of_object(value: dict[str, Any], schema: Schema, document: Schema, at: str) -> list[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, item in value.items():
        if name in properties:
            found += faults(item, properties[name], document, f"{at}.{name}")
        elif others is False:
            found.append(f"{at}: {name} is not allowed")
        elif isinstance(others, dict):
            found += faults(item, others, document, f"{at}.{name}")
    return found


def values(schema: Schema, document: Schema) -> st.SearchStrategy[str]:
    """Texts that a parameter of this schema may have on the wire."""
    if "$ref" in schema:
        return values(_named(schema["$ref"], document), document)
    if "anyOf" in schema:  # null is the parameter left out
        return st.one_of([values(one, document) for one in schema["anyOf"] if one.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]).map(str)
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum")).map(str)
    assert schema["type"] == "string", schema
    longest = schema.get("maxLength", 40)
    if "pattern" in schema:
        return (
            st.from_regex(schema["pattern"], fullmatch=True)
            .map(str.strip)
            .filter(lambda text: 0 < len(text) <= longest)
        )
    return st.text(min_size=schema.get("minLength", 0), max_size=min(longest, 60))


def _named(reference: str, document: Schema) -> Schema:
    found: Schema = document["components"]["schemas"][reference.removeprefix("#/components/schemas/")]
    return found
