"""A tree of nodes to JSON bytes: children marked as listed become arrays, numbers keep their digits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from translators.errors import WritingError, shown
from translators.tree import Node, NodeKind

MAX_DEPTH = 64
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class JSONForm:
    """How a document of ours looks: two blanks a level, or one line."""

    indent: bool = True


def write_json(root: Node, *, form: JSONForm | None = None) -> bytes:
    """The bytes of a document, UTF-8.

    Raises:
        WritingError: a value JSON cannot hold, or a name that stands twice and is no list, with its path.
    """
    form = form or JSONForm()
    text = "".join(_value(root, "$", 0, "\n" if form.indent else ""))
    try:
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        raise WritingError("the document", "a text holds half a character") from error


def _value(node: Node, path: str, depth: int, line: str) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise WritingError(path, f"nested deeper than {MAX_DEPTH}")
    match node.kind:
        case NodeKind.NULL:
            yield "null"
        case NodeKind.NUMBER:
            if _NUMBER.fullmatch(node.text) is None:
                raise WritingError(path, f"{shown(node.text)} is no number")
            yield node.text
        case NodeKind.BOOLEAN:
            if node.text not in ("true", "false"):
                raise WritingError(path, f"{shown(node.text)} is neither true nor false")
            yield node.text
        case NodeKind.LIST:
            yield from _list(node.children, path, depth, line)
        case NodeKind.TEXT if not node.children:
            yield json.dumps(node.text, ensure_ascii=False)
        case NodeKind.OBJECT | NodeKind.TEXT:
            yield from _object(node, path, depth, line)


def _object(node: Node, path: str, depth: int, line: str) -> Iterator[str]:
    members: dict[str, list[Node]] = {}
    for child in node.children:
        members.setdefault(child.name, []).append(child)
    if not members:
        yield "{}"
        return
    below = line + "  " * (depth + 1) if line else ""
    yield "{"
    for position, (name, found) in enumerate(members.items()):
        inner = f"{path}.{shown(name)}"
        yield ("," if line else ", ") * bool(position) + below + json.dumps(name, ensure_ascii=False) + ": "
        if len(found) == 1 and not found[0].listed:
            yield from _value(found[0], inner, depth + 1, line)
        elif all(child.listed for child in found):
            yield from _list(found, inner, depth + 1, line)
        else:
            raise WritingError(inner, f"stands {len(found)} times and is no list")
    yield (line + "  " * depth if line else "") + "}"


def _list(items: list[Node], path: str, depth: int, line: str) -> Iterator[str]:
    if not items:
        yield "[]"
        return
    below = line + "  " * (depth + 1) if line else ""
    yield "["
    for position, item in enumerate(items):
        yield ("," if line else ", ") * bool(position) + below
        yield from _value(item, f"{path}[{position + 1}]", depth + 1, line)
    yield (line + "  " * depth if line else "") + "]"
