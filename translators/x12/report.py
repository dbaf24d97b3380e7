"""What `tradelane check --json` prints of an X12 file: its envelopes, what was accepted, every issue with its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from translators.errors import Issue, Position, Severity
from translators.x12.model import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)

MAX_ISSUES = 10_000
"""Issues listed; one more then says how many there were besides."""

MORE_ISSUES = "x12.report.more"
"""Code of the issue that closes a list cut at `MAX_ISSUES`."""


def report(events: Iterable[ReaderEvent], *, file: str) -> dict[str, Any]:
    """The report on one file, its numbers counted from 1.

    A set is accepted if it, its group and its interchange are; the file if nothing in it was rejected and it holds an
    interchange at all. Parties are `qualifier:id`.

    Args:
        events: what the reader yields for the file; trees may be left out.
        file: its name, for the report.

    Returns:
        The stable object of `tradelane check --json`.
    """
    building = _Report()
    for event in events:
        building.take(event)
    return {
        "file": file,
        "accepted": building.accepted and bool(building.interchanges),
        "format": "x12",
        "interchanges": building.interchanges,
        "issues": building.issues(),
    }


class _Report:
    """The report as far as the file was read."""

    def __init__(self) -> None:
        self.interchanges: list[dict[str, Any]] = []
        self.accepted = True
        self._issues: list[Issue] = []
        self._left_out = 0
        self._left_out_errors = 0
        self._of_interchange: list[Issue] = []
        self._of_group: list[Issue] = []

    def take(self, event: ReaderEvent) -> None:
        """Add an event; the faults an End repeats from its Start are listed once."""
        match event:
            case InterchangeStart(header=header):
                sender, receiver = ":".join(header.sender), ":".join(header.receiver)
                names = {"control_number": header.control_number, "sender": sender, "receiver": receiver}
                self.interchanges.append({**names, "version": header.version, "groups": []})
                self._of_interchange = list(event.issues)
                self._add(event.issues)
            case GroupStart(header=gs):
                names = {"control_number": gs.control_number, "functional_id": gs.functional_id, "version": gs.version}
                self.interchanges[-1]["groups"].append({**names, "sets": []})
                self._of_group = list(event.issues)
                self._add(event.issues)
            case TransactionSet():
                row = {"control_number": event.control_number, "set": event.code, "accepted": event.accepted}
                self.interchanges[-1]["groups"][-1]["sets"].append({**row, "segments": event.segments})
                self._add(event.issues)
            case GroupEnd():
                self._add([issue for issue in event.issues if issue not in self._of_group])
                if event.rejected:
                    self._reject(self.interchanges[-1]["groups"][-1:])
            case InterchangeEnd():
                self._add([issue for issue in event.issues if issue not in self._of_interchange])
                if event.rejected:
                    self._reject(self.interchanges[-1]["groups"])
            case InterchangeNote() | Stray():
                self._add(event.issues)

    def issues(self) -> list[dict[str, Any]]:
        """The issues in order, and how many more there were."""
        listed = [issue.as_json() for issue in self._issues]
        if self._left_out:
            more = f"{self._left_out} more issues are not listed; mend those above and check the file again"
            severity = Severity.ERROR if self._left_out_errors else Severity.WARNING
            listed.append(Issue(MORE_ISSUES, more, Position(), severity).as_json())
        return listed

    def _add(self, issues: list[Issue]) -> None:
        for issue in issues:
            error = issue.severity is Severity.ERROR
            self.accepted = self.accepted and not error
            if len(self._issues) < MAX_ISSUES:
                self._issues.append(issue)
            else:
                self._left_out += 1
                self._left_out_errors += error

    @staticmethod
    def _reject(groups: list[dict[str, Any]]) -> None:
        for group in groups:
            for row in group["sets"]:
                row["accepted"] = False
