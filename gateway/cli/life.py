"""The life of one transmission, printed for people: what it holds, what it answers, and what answered it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.cli.output import people, plain
from translators.errors import Position
from translators.formats import Format

SETS_TOLD = 20
"""Sets of an answered group that are named one by one."""

COLOURS = {
    "processed": "green",
    "delivered": "green",
    "accepted": "green",
    "active": "green",
    "collected": "green",
    "sent": "green",
    "A": "green",
    "ready": "cyan",
    "queued": "cyan",
    "sending": "cyan",
    "awaiting": "cyan",
    "duplicate": "yellow",
    "E": "yellow",
    "P": "yellow",
    "retrying": "yellow",
    "test": "cyan",
    "waiting": "cyan",
    "accepted_with_errors": "yellow",
    "partial": "yellow",
}


def print_life(life: dict[str, Any]) -> None:
    """One transmission's life for people."""
    head = life["transmission"]
    people.print(
        f"[bold]{plain(head['filename'])}[/]  {head['direction']}  {coloured(head['state'])}  "
        f"{plain(head['partner'] or 'partner unknown')}  {head['environment']}  {head['size']} bytes"
    )
    people.print(f"  {head['id']}  by {head['channel']}:{plain(head['account'])}  {str(head['received_at'])[:23]}")
    if head["reason"]:
        people.print(f"  [red]{plain(head['reason'])}[/]")
    if head["duplicate_of"]:
        people.print(f"  the same as {head['duplicate_of']}")
    if head["purged_at"]:
        people.print(f"  [yellow]purged[/] {str(head['purged_at'])[:10]}: its hash is {head['payload_sha256']}")
    if head["replay_of"]:
        people.print(f"  carries again what {head['replay_of']} carried")
    for attempt in head["tries"]:
        people.print(f"  {str(attempt['started_at'])[:23]}  {attempt['outcome']}  {plain(attempt['detail'])}")
    for answer in life["answers"]:
        _print_answer(answer)
    notes: dict[str | None, list[dict[str, Any]]] = {}
    for issue in life["issues"]:
        notes.setdefault(issue["transaction_set_id"] if issue["stage"] == "acknowledged" else None, []).append(issue)
    for interchange in life["interchanges"]:
        _print_interchange(interchange, sent=head["direction"] == "out", notes=notes)
    for issue in notes.get(None, ()):
        _print_issue(issue, indent=2)
    for document in life["documents"]:
        people.print(
            f"  {document['kind']} [bold]{plain(document['identity'].strip('|'))}[/] revision {document['revision']}  "
            f"{coloured(document['state'])}  [dim]by {document['map_name']}[/]"
        )
        if document["reason"]:
            people.print(f"    {plain(document['reason'])}")
        for delivery in document["deliveries"]:
            tries = f"{delivery['attempts']} attempt(s)"
            people.print(f"    to {plain(delivery['destination'])}  {coloured(delivery['state'])}  {tries}")
            _print_wait(delivery)
            for attempt in delivery["tries"]:
                people.print(
                    f"      {str(attempt['started_at'])[:23]}  {attempt['outcome']}  {plain(attempt['detail'])}"
                )
    _print_family(life["family"])
    for exception in life["exceptions"]:
        people.print(
            f"  [red]exception[/] {exception['state']}  {plain(exception['code'])}  {plain(exception['reason'])}  "
            f"{_where(exception['fix'])}"
            f"[dim]tradelane exceptions show {exception['fingerprint']}[/]"
        )
    for row in life["audit"]:
        if row["action"] == "transmission.collected":
            receipt = orjson.loads(row["detail"])
            people.print(
                f"  [green]receipt[/] {plain(row['actor'])} collected {plain(receipt['file'])}, "
                f"{receipt['size']} bytes, at {str(row['at'])[:23]}"
            )
    for row in life["audit"]:
        seal = f"sealed as {row['sealed_as']}" if row["sealed_as"] else "not sealed yet"
        people.print(f"  [dim]{str(row['at'])[:23]}  {plain(row['actor'])}  {row['action']}  {seal}[/]")


def _where(fix: str | None) -> str:
    return "" if fix is None else f"to be put right in the {plain(fix)}  "


def _print_wait(delivery: dict[str, Any]) -> None:
    """Since when a delivery that is not at its end is tried, when again, and what it waits for."""
    if delivery["state"] in ("retrying", "sending") and delivery["next_at"] is not None and delivery["tries"]:
        since = str(delivery["tries"][0]["started_at"])[:19]
        people.print(f"      [yellow]tried since {since}, next try at {str(delivery['next_at'])[:19]}[/]")
    if delivery["paused_until"] is not None:
        paused = str(delivery["paused_until"])[:19]
        people.print(f"      [yellow]{plain(delivery['destination'])} is paused until {paused}[/]")
    if delivery["behind"] is not None:
        behind = delivery["behind"]
        people.print(
            f"      [yellow]held behind[/] {behind['kind']} {plain(behind['identity'].strip('|'))}  "
            f"{coloured(behind['state'])}  [dim]{behind['id']}[/]"
        )


def _print_family(family: Sequence[dict[str, Any]]) -> None:
    """The documents that belong together, each with what it does to the others and what carried it out."""
    if family:
        people.print("  belongs together:")
    names = {row["id"]: f"{row['kind']} {row['identity'].strip('|')}" for row in family}
    for row in family:
        links = ", ".join(f"{link['relation']} {plain(names[link['to']])}" for link in row["links"])
        people.print(
            f"    {'from the partner' if row['direction'] == 'in' else 'ours'}  [bold]{plain(names[row['id']])}[/]  "
            f"{coloured(row['state'])}" + (f"  {links}" if links else "")
        )
        for one in row["sent"]:
            said = f"  {coloured(one['outcome'])}" if one["outcome"] else ""
            people.print(
                f"      left in {plain(one['filename'])}  {coloured(one['state'])}{said}  "
                f"[dim]{one['transmission_id']}[/]"
            )


def coloured(state: str) -> str:
    """A state as console markup."""
    return f"[{COLOURS.get(state, 'red')}]{plain(state)}[/]"


def _print_answer(answer: dict[str, Any]) -> None:
    """What this transmission says of another one, and of a group of ours what became of its sets."""
    what = f"interchange {plain(answer['control_number'])}"
    if answer["group_number"] is not None:
        what = f"group {plain(answer['functional_id'])} {plain(answer['group_number'])} of {what}"
    whose = "" if answer["direction"] == "out" else "our "
    people.print(
        f"  answers {whose}{what} with {answer['kind']} {coloured(answer['status'])}  "
        f"[dim]{plain(answer['filename'])} {answer['transmission_id']}[/]"
    )
    for one in answer["sets"][:SETS_TOLD]:
        people.print(f"    {plain(one['code'])} {plain(one['control_number'])}  {_outcome(one)}")
    if len(answer["sets"]) > SETS_TOLD:
        people.print(f"    and {len(answer['sets']) - SETS_TOLD} more sets")


def _print_interchange(
    interchange: dict[str, Any], *, sent: bool, notes: Mapping[str | None, Sequence[dict[str, Any]]]
) -> None:
    sender = f"{interchange['sender_qualifier']}/{interchange['sender_id']}"
    receiver = f"{interchange['receiver_qualifier']}/{interchange['receiver_id']}"
    said = f"  {coloured(interchange['outcome'])}" if interchange["outcome"] else ""
    if interchange["syntax"] == Format.X12:
        people.print(
            f"  interchange {plain(interchange['control_number'])}  {plain(sender)} -> {plain(receiver)}{said}"
        )
    else:
        whose = "for" if sent else "of"
        people.print(f"  {plain(interchange['syntax'])} file {whose} {plain(interchange['partner'])}{said}")
    for item in interchange["sets"]:
        verdict = _outcome(item) if sent else "[green]accepted[/]" if item["accepted"] else "[red]rejected[/]"
        people.print(f"    {plain(item['code'])} {item['ordinal']}  {verdict}")
        for note in notes.get(item["id"], ()):
            _print_issue(note, indent=6)
    for group in interchange["groups"]:
        verdict = f"{coloured(group['status'])}  {group['sets_accepted']} of {group['sets_received']} accepted"
        if sent:
            verdict = f"{_outcome(group)}  {group['sets_received']} set(s)"
        people.print(
            f"    group {plain(group['control_number'])} {plain(group['functional_id'])} {plain(group['version'])}  "
            f"{verdict}"
        )
        for item in group["sets"]:
            verdict = _outcome(item) if sent else "[green]accepted[/]" if item["accepted"] else "[red]rejected[/]"
            people.print(f"      {plain(item['code'])} {plain(item['control_number'])}  {verdict}")
            for note in notes.get(item["id"], ()):
                _print_issue(note, indent=8)
    for owed in interchange["awaited"]:
        due = f"due {str(owed['due_at'])[:16]}" if owed["closed_at"] is None else f"since {str(owed['closed_at'])[:16]}"
        people.print(f"    {owed['kind']} {coloured(owed['state'])}  {due}")
    for answer in interchange["acknowledgments"]:
        people.print(
            f"    answered by {answer['kind']} {coloured(answer['status'])}  {plain(answer['filename'])}  "
            f"{coloured(answer['state'])}  [dim]{answer['transmission_id']}[/]"
        )


def _print_issue(issue: dict[str, Any], *, indent: int) -> None:
    place = Position(**issue["position"])
    text = f"[red]issue[/] {plain(issue['message'])}  [dim]{plain(issue['code'])}  {plain(place)}[/]"
    people.print(" " * indent + text)


def _outcome(row: dict[str, Any]) -> str:
    """What the partner said of a group or set of ours."""
    return coloured(row["outcome"]) if row["outcome"] else "[dim]sent[/]"
