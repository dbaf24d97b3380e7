"""A scenario: what is to pass between a partner and us, step by step, and what must hold; read from YAML.

```yaml
name: order to cash
steps:
  - receive: order.edi                       # a file of the partner's, beside the scenario
    expect:
      documents: [{kind: purchase_order, number: PO-1}]
      segments: ["AK9*A*1*1*1"]              # in what is then sent to the partner, separators as *
  - send: answer.json                        # a canonical document of ours
    expect: {segments: ["BAK*00*AD*PO-1*20261120"]}
  - acknowledge: last                        # the partner's 997 of what we sent last, as its reader makes it
    expect: {outcome: accepted}
```
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from partners.fields import Fields, form
from translators.datafile import LoadError, LoadFault, Mapping, Scalar, read_datafile

_FILE = form(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}", "the name of a file beside the scenario")
_LAST = form("last", "last: what we sent last")
_EXPECT_KEYS = ("state", "issues", "documents", "segments", "outcome")


class Act(StrEnum):
    """What happens in a step."""

    RECEIVE = "receive"
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must hold after a step.

    Args:
        state: of the transmission that came in.
        issues: codes of the issues found in it, each at least once, and no error beside them.
        documents: of each document made, in order: `kind`, and values by path as `lines[0].qty`.
        segments: that stand in what is then sent to the partner.
        outcome: what the partner says of all we sent last.
    """

    state: str = ""
    issues: tuple[str, ...] = ()
    documents: tuple[Table[str, str], ...] | None = None
    segments: tuple[str, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens; `file` lies beside the scenario."""

    act: Act
    file: str = ""
    expected: Expected = field(default_factory=Expected)

    @property
    def told(self) -> str:
        """For people."""
        return f"{self.act.value} {self.file or 'what we sent last'}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps in order, and the folder of their files."""

    name: str
    folder: Path
    steps: tuple[Step, ...]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        LoadError: every mistake of the file.
        OSError: it cannot be read.
    """
    faults: list[LoadFault] = []
    top = read_datafile(path.read_bytes(), file=str(path))
    fields = Fields(top, of="a scenario", known=("name", "steps"), faults=faults)
    fields.require("name", "steps")
    steps = tuple(step for item in fields.mappings("steps") if (step := _step(item, path.parent, faults)) is not None)
    if faults:
        raise LoadError(faults)
    return Scenario(fields.text("name"), path.parent, steps)


def _step(item: Mapping, folder: Path, faults: list[LoadFault]) -> Step | None:
    fields = Fields(item, of="a step", known=(*Act, "expect"), faults=faults)
    acts = [act for act in Act if fields.has(act)]
    if len(acts) != 1:
        faults.append(LoadFault(item.place, f"a step says one of {', '.join(Act)}"))
        return None
    [act] = acts
    named = fields.scalar(act, _LAST if act is Act.ACKNOWLEDGE else _FILE)
    if named is None:
        return None
    if act is not Act.ACKNOWLEDGE and not (folder / named.text).is_file():
        faults.append(LoadFault(named.place, f"there is no file {named.text} beside the scenario"))
    found = fields.mapping("expect")
    expected = Expected() if found is None else _expected(found, faults)
    return Step(act, "" if act is Act.ACKNOWLEDGE else named.text, expected)


def _expected(found: Mapping, faults: list[LoadFault]) -> Expected:
    fields = Fields(found, of="expect", known=_EXPECT_KEYS, faults=faults)
    documents = None
    if fields.has("documents"):
        documents = tuple(_values(item, faults) for item in fields.mappings("documents"))
    return Expected(
        state=fields.text("state"),
        issues=tuple(code.text for code in fields.scalars("issues")),
        documents=documents,
        segments=tuple(segment.text for segment in fields.scalars("segments")),
        outcome=fields.text("outcome"),
    )


def _values(item: Mapping, faults: list[LoadFault]) -> dict[str, str]:
    values = {}
    for name, value in item.entries:
        if isinstance(value, Scalar):
            values[name.text] = value.text
        else:
            faults.append(LoadFault(value.place, f"{name.text} wants a text"))
    return values
