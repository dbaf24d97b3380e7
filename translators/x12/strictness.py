"""What a fault of a transaction set does where an agreement says otherwise than the standard: reject, accept, ignore.

```yaml
strictness:
  x12.se.segment_count: accept      # one kind of fault
  level 5: accept                   # every error of a level; a kind's own switch comes first
```
`accept` makes an error a warning: the set is accepted, with errors. `ignore` does not mention the fault. `reject` makes
a warning an error. Faults of the envelope belong to no single set, and what was not looked into (caps, a set without
end or guide) cannot be accepted unseen; they have no switch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from translators import datafile
from translators.datafile import LoadFault, Scalar, did_you_mean
from translators.errors import Severity, shown
from translators.x12.codes import FAULTS, Fault

LEVELS = range(1, 8)

_ENVELOPE = ("x12.file.", "x12.isa.", "x12.iea.", "x12.interchange.", "x12.ta1.", "x12.gs.", "x12.ge.", "x12.group.")
_FIXED = frozenset(
    {
        "x12.issues.capped",
        "x12.segment.too_large",
        "x12.segment.too_many_elements",
        "x12.set.too_many_segments",
        "x12.se.missing",
        "x12.st.set_code",
        "x12.st.unsupported",
    }
)


class Switch(StrEnum):
    """What a kind of fault does."""

    REJECT = "reject"
    ACCEPT = "accept"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Strictness:
    """The switches of one agreement; what they leave out does what the table of faults says."""

    kinds: Mapping[str, Switch] = field(default_factory=dict)
    levels: Mapping[int, Switch] = field(default_factory=dict)

    def severity(self, fault: Fault, usual: Severity) -> Severity | None:
        """What a fault does here.

        Args:
            fault: its row.
            usual: what it does without an agreement.

        Returns:
            None where it is not to be mentioned.
        """
        if fault.code in self.kinds:
            switch = self.kinds[fault.code]
        elif usual is Severity.ERROR and has_switch(fault.code):
            switch = self.levels.get(fault.level, Switch.REJECT)
        else:
            return usual
        match switch:
            case Switch.REJECT:
                return Severity.ERROR
            case Switch.ACCEPT:
                return Severity.WARNING
            case Switch.IGNORE:
                return None


def has_switch(code: str) -> bool:
    """Whether an agreement may say what this fault does."""
    return code in FAULTS and code not in _FIXED and not code.startswith(_ENVELOPE)


def read_strictness(found: datafile.Mapping, faults: list[LoadFault]) -> Strictness:
    """Read a `strictness` mapping.

    Args:
        found: as it stands in the file.
        faults: where mistakes are added.
    """
    kinds: dict[str, Switch] = {}
    levels: dict[int, Switch] = {}
    for name, value in found.entries:
        switch = _switch(name, value, faults)
        word, _, number = name.text.partition(" ")
        if word == "level" and number.isdecimal() and int(number) in LEVELS:
            levels[int(number)] = switch
        elif has_switch(name.text):
            kinds[name.text] = switch
        elif name.text in FAULTS:
            why = "belongs to the envelope, not to a set" if name.text.startswith(_ENVELOPE) else "cannot be accepted"
            faults.append(LoadFault(name.place, f"{name.text} {why}; it has no switch"))
        else:
            known = [*filter(has_switch, FAULTS), *(f"level {level}" for level in LEVELS)]
            hint = did_you_mean(name.text, known) or "; want a code of docs/errors.md, or level 1 to level 7"
            faults.append(LoadFault(name.place, f'there is no fault "{shown(name.text)}"{hint}'))
    return Strictness(kinds, levels)


def _switch(name: Scalar, value: datafile.Value, faults: list[LoadFault]) -> Switch:
    words = [switch.value for switch in Switch]
    if isinstance(value, Scalar) and value.text in words:
        return Switch(value.text)
    text = shown(value.text) if isinstance(value, Scalar) else "no word"
    message = f'{shown(name.text)} is "{text}"; want {" or ".join(words)}{did_you_mean(text, words)}'
    faults.append(LoadFault(value.place, message))
    return Switch.REJECT
