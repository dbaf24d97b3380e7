"""Values of a JSON answer by pointer (RFC 6901), as text: numbers as the digits that were sent, never a float."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from pydantic import StringConstraints

Pointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)+$")]
"""A JSON pointer below the top, as `/error/code` or `/items/0/id`."""


def read_json(content: bytes) -> Any:
    """A JSON text; None where it is none."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None


def text_at(value: Any, pointer: str) -> str | None:
    """What a pointer leads to, as text; None where nothing does, or what holds others."""
    for step in _steps(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | Decimal():
            return str(value)
        case _:
            return None


def _steps(pointer: str) -> Iterator[str]:
    for step in pointer.split("/")[1:]:
        yield step.replace("~1", "/").replace("~0", "~")


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")
