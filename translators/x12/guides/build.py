"""Make the shipped guide data from tables of facts: `python -m translators.x12.guides.build FACTS_DIR`.

FACTS_DIR holds `<version>/elements.json`, `<version>/segments.json` and `<version>/sets/<set>.json` as collected from
public sources. What is written beside this file is what the library reads; its format is described in README.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SETS = {
    "order to cash": "810 812 816 820 824 830 832 846 850 852 855 856 860 861 862 864 865 867 869 870 753 754",
    "warehouse": "940 943 944 945 947",
    "freight": "204 210 211 214 990",
    "acknowledgments": "997",
}
"""The sets there are guides for in every version shipped."""

SHIPPED = {
    "004010": tuple(sorted(" ".join(SETS.values()).split())),
    "005010": tuple(sorted([*" ".join(SETS.values()).split(), "999"])),
}
"""Version -> its sets; 999 begins with 005010."""

ADDED_CODES = {"005010": {"618": ["I5"]}}
"""Version -> element -> codes that the tables of facts miss. I5 (segments in error by the implementation guide only) is
in the 999 of 005010X231A1 as others ship it, and in what is published of element 618.
"""

UNLIMITED = ">1"


def build_release(facts: Path, target: Path, *, sets: Iterable[str]) -> None:
    """Write one version's folder.

    Args:
        facts: the version's folder of facts.
        target: the version's folder to write, made where it is missing.
        sets: set codes to write.
    """
    (target / "sets").mkdir(parents=True, exist_ok=True)
    added = ADDED_CODES.get(facts.name, {})
    elements = {
        number: _element(row, added=added.get(number, [])) for number, row in _load(facts / "elements.json").items()
    }
    segments = {name: _segment(row) for name, row in _load(facts / "segments.json").items()}
    (target / "elements.json").write_text(_rows(elements), encoding="utf-8")
    (target / "segments.json").write_text(_rows(segments), encoding="utf-8")
    for code in sets:
        text = _set(_load(facts / "sets" / f"{code}.json"))
        (target / "sets" / f"{code}.json").write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Rebuild the shipped guides from the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Rebuild the shipped X12 guides from tables of facts.")
    parser.add_argument("facts", type=Path, help="folder with <version>/elements.json, segments.json, sets/")
    parser.add_argument("--target", type=Path, default=Path(__file__).parent, help="folder to write (this one)")
    chosen = parser.parse_args(arguments)
    for version, sets in SHIPPED.items():
        build_release(chosen.facts / version, chosen.target / version, sets=sets)


def _load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _rows(rows: dict[str, dict[str, Any]]) -> str:
    return "{\n" + ",\n".join(f"{_compact(key)}: {_compact(row)}" for key, row in rows.items()) + "\n}\n"


def _element(row: dict[str, Any], *, added: list[str]) -> dict[str, Any]:
    kept = {key: row[key] for key in ("name", "type", "min", "max")}
    if row["codes"] is not None:
        kept["codes"] = " ".join([*row["codes"], *added])
    return kept


def _segment(row: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"name": row["name"]}
    if row.get("kind") == "composite":
        kept["composite"] = True
    kept["elements"] = [
        [use["element"], use["req"], *([int(use["repeat"])] if use.get("repeat") else [])] for use in row["elements"]
    ]
    if row["syntax"]:
        kept["conditions"] = row["syntax"]
    return kept


def _set(row: dict[str, Any]) -> str:
    kept = ("set", "name", "functional_group", *(("source",) if "source" in row else ()))
    lines = [f"{_compact(key)}: {_compact(row[key])}" for key in kept]
    for area in row["areas"]:
        lines.append(f'"{area["area"]}": [\n' + _content(area["content"], depth=1) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _content(rows: list[dict[str, Any]], *, depth: int) -> str:
    indent = "  " * depth
    lines = []
    for row in rows:
        if "segment" in row:
            lines.append(indent + _compact([row["segment"], row["req"], _limit(row["max"])]))
        else:
            head = _compact({"loop": row["loop"], "use": row["req"], "repeat": _limit(row["repeat"])})[:-1]
            inner = _content(row["children"], depth=depth + 1)
            lines.append(f'{indent}{head}, "content": [\n{inner}\n{indent}]}}')
    return ",\n".join(lines)


def _limit(value: Any) -> int | None:
    return None if value == UNLIMITED else int(value)


if __name__ == "__main__":
    main()
