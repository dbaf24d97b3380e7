"""Generated hostile maps of every kind: each ends in a load error or runs in bounded time, and none escapes.

As many as TRADELANE_HOSTILE_MAPS says, 200 where it says nothing; a release runs 10,000.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mappings.catalog import MAP_FILE, SHIPPED, MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import run
from mappings.golden import Sample, read_samples
from translators.datafile import LoadError
from translators.x12.guide import GuideLibrary

COUNT = int(os.environ.get("TRADELANE_HOSTILE_MAPS", "200"))
SEED = 20260302
KINDS = (
    "base/850.in",
    "base/856.in",
    "base/855.out",
    "base/856.out",
    "base/ubl-order.in",
    "base/ubl-order.out",
    "base/csv-order.in",
    "base/csv-order.out",
    "base/cxml-order.in",
)
WORDS = (
    *("BEG03", "N1[ST].04", "N1[ST]/N4.02", "REF[DP][#2].02", "REF[!DP].02", "parent.REF02", "ancestor(HL[O])/PRF01"),
    *("HL[I]", "SDQ(03 step 2)", "PO1/SDQ(03 step 2) by SDQ03", "each", "it", "origin.number", "lines[#1].qty"),
    *("lines[number==number].qty", "references[type!=DP].value", "env.GS08", "file.name", "agreement.currency"),
    *("cac:Party/cbc:Name", "@id", "./x", "row[sku=A]/qty", "none", "true", "'x'", "12.50", "-1", "1e9", "007"),
    *("num(", "date(", "code(", "concat(", "round(", "match(", "xref(", "datetime(", "counter('x')", "sum(lines.qty)"),
    *(
        "(",
        ")",
        "[",
        "]",
        ",",
        "'",
        '"',
        " or ",
        " and ",
        " if ",
        " else ",
        " not ",
        " == ",
        " < ",
        " / ",
        " * ",
        " - ",
    ),
    *(
        "omit",
        "!",
        "?",
        "#",
        "&a",
        "*a",
        "|",
        ">-",
        "{",
        "}",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\t",
        "\x00",
        "é",
        "\u202e",
        "€",
    ),
    *("__import__('os').system('x')", "exec('1')", "().__class__.__mro__", "report.add", "SWITCH[0]", "loop0", "t0"),
    *("'; import os #", "\\", "\\n", "{0.__class__}", "%s", "f'{x}'", "lambda: 0", "globals()", "K_1", "d_1", "\r"),
    *("(" * 30, "BEG03 or " * 120, "not " * 40, "9" * 60, "x" * 5000, "lines.", "a" * 300, ".*" * 90),
)
KEYS = (
    "map",
    "extends",
    "like",
    "origin",
    "emit each",
    "hl02",
    "tables",
    "assert",
    "namespaces",
    "emit",
    "order",
    "if",
)


@pytest.fixture(scope="module")
def kinds() -> dict[str, tuple[str, list[Sample]]]:
    """Of each kind a shipped map's text, and its samples."""
    catalog = MapCatalog([SHIPPED])
    found = {}
    for name in KINDS:
        text = (catalog.folder(name) / MAP_FILE).read_text(encoding="utf-8")
        samples = read_samples(catalog.find(name), catalog.folder(name) / "samples", guides=GuideLibrary.shipped())
        found[name] = (text, samples)
    return found


def hostile(text: str, random: Random) -> str:
    """A map's text with a few things wrong, from a letter to a whole block."""
    lines = text.split("\n")
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(lines))
        line = lines[at]
        indent = line[: len(line) - len(line.lstrip())]
        key, colon, rule = line.partition(":")
        match random.randrange(9):
            case 0:
                lines[at] = f"{key}{colon} {random.choice(WORDS)}"
            case 1:
                cut = random.randrange(len(rule) + 1)
                lines[at] = f"{key}{colon}{rule[:cut]}{random.choice(WORDS)}{rule[cut:]}"
            case 2:
                lines[at] = f"{key}{random.choice(WORDS)}{colon}{rule}"
            case 3:
                lines.insert(at, f"{indent}{random.choice(KEYS)}: {random.choice(WORDS)}")
            case 4:
                other = random.choice(lines).partition(":")[2]
                lines[at] = f"{key}{colon}{other}"
            case 5:
                del lines[at]
                lines = lines or [""]
            case 6:
                lines.insert(at, random.choice(lines))
            case 7:
                start = random.randrange(len(lines))
                lines[at:at] = lines[start : start + random.randrange(1, 30)]
            case _:
                spot = random.randrange(len(line) + 1)
                lines[at] = line[:spot] + random.choice(WORDS)[:1] + line[spot + 1 :]
    return "\n".join(lines)


def loaded(folder: Path, name: str, text: str) -> CompiledMap | None:
    """The map, or None where it has faults; each must say something at a place."""
    path = folder / name / MAP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return MapCatalog([folder, SHIPPED]).find(name)
    except LoadError as error:
        faults = error.faults
    assert faults
    assert all(fault.message and fault.place.line >= 1 and fault.place.column >= 1 for fault in faults)
    return None


def test_a_hostile_map_is_refused_or_runs(kinds: dict[str, Any], tmp_path: Path) -> None:
    random = Random(SEED)
    good = 0
    for number in range(COUNT):
        name = KINDS[number % len(KINDS)]
        text, samples = kinds[name]
        written = hostile(text, random)
        compiled = loaded(tmp_path, name, written)
        if compiled is not None:
            good += 1
            for sample in samples:
                for source, context in sample.sources:
                    mapped = run(compiled, source, context)
                    assert bool(mapped.documents) != bool(mapped.issues) or compiled.resolved.get("emit each")
                    dict(mapped.lineage)
    assert 0 < good < COUNT, "some must load and some must not, or the generator is of no use"
