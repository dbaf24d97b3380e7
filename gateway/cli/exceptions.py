"""`exceptions`, `retry` and `resolve`: what waits for a person, whose it is, and how it ends."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.next_steps import next_step
from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    fail,
    people,
    plain,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from gateway.store import Connection
    from gateway.store.exception_groups import Group

exceptions_app = typer.Typer(
    help="What waits for a person, grouped by matter: list, show, assign, comment, snooze, resolve, reopen.",
    no_args_is_help=True,
)
SPAN = re.compile(r"([1-9]\d{0,5})([mhd])")
SPAN_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Fingerprint = Annotated[str, typer.Argument(help="The group's fingerprint; its beginning is enough.", metavar="GROUP")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is audited.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(exceptions_app, name="exceptions")
    app.command()(resolve)


@exceptions_app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Resolved and snoozed ones, too.")] = False,
    owner: Annotated[str | None, typer.Option(help="Only this person's.")] = None,
    unowned: Annotated[bool, typer.Option("--unowned", help="Only those nobody has.")] = False,
    code: Annotated[str | None, typer.Option(help="Only of this code, as delivery.uncertain.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the groups that wait for a person, the oldest first."""
    from gateway.model import ExceptionState
    from gateway.store import exception_groups

    with _connected(home) as (conn, now):
        found = exception_groups.listed(
            conn,
            now=now,
            state=None if all_ else ExceptionState.OPEN,
            owner="" if unowned else owner,
            code=code,
            snoozed=all_,
        )
    rows = [asdict(one) for one in found]
    if json:
        print_json(*rows)
        return
    if not rows:
        people.print("nothing waits for a person")
        return
    for row in rows:
        row["since"] = str(row["opened_at"])[:19]
        row["count"] = f"{row['open']}/{row['ever']}"
        row["owner"] = row["owner"] or "-"
        row["fix"] = row["fix"] or "-"
    columns = {"fingerprint": "group", "code": "code", "partner": "partner", "count": "open/ever"}
    columns |= {"since": "since (UTC)", "owner": "owner", "fix": "fix", "reason": "newest"}
    print_table(rows, columns, whole=("fingerprint", "code"))


@exceptions_app.command()
def show(group: Fingerprint, home: Home = None, json: Json = False) -> None:
    """Print a group: its exceptions, what each is about, and what was said of it."""
    from gateway.store import exception_groups

    with _connected(home) as (conn, _), _refusals():
        found = exception_groups.find(conn, group)
        members = exception_groups.members(conn, found.fingerprint)
        said = exception_groups.comments(conn, found.fingerprint)
    step = next_step(found, members)
    if json:
        print_json(asdict(found) | {"exceptions": members, "comments": said, "next": step})
        return
    _head(found)
    if step:
        people.print(f"next: {plain(step)}", soft_wrap=True)
    for row in members:
        row["when"] = str(row["opened_at"])[:19]
        row["about"] = next(
            (f"{name} {row[f'{name}_id']}" for name in ("delivery", "document", "transmission") if row[f"{name}_id"]),
            "",
        )
    print_table(members, {"when": "when (UTC)", "state": "state", "about": "about", "reason": "reason"})
    for row in said:
        people.print(f"{str(row['at'])[:19]}  {plain(row['by'])}: {plain(row['text'])}")


@exceptions_app.command()
def assign(
    group: Fingerprint,
    owner: Annotated[str, typer.Argument(help="Whose it is; - for nobody's.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Say whose matter it is."""
    from gateway.store import exception_groups

    def do(conn: Connection, found: Group, now: datetime) -> None:
        exception_groups.assign(conn, found.fingerprint, None if owner == "-" else owner, by=_who(), at=now)

    _changed(group, do, home=home, json=json)


@exceptions_app.command()
def comment(
    group: Fingerprint, text: Annotated[str, typer.Argument(help="What to say.")], home: Home = None, json: Json = False
) -> None:
    """Say something about it, for the next who looks."""
    from gateway.store import exception_groups

    def do(conn: Connection, found: Group, now: datetime) -> None:
        exception_groups.comment(conn, found.fingerprint, text, by=_who(), at=now)

    _changed(group, do, home=home, json=json)


@exceptions_app.command()
def snooze(
    group: Fingerprint,
    span: Annotated[str, typer.Argument(help="For how long: 30m, 4h, 2d; 0 ends it.", metavar="SPAN")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Leave it out of the list for a while."""
    from gateway.store import exception_groups

    length = _span(span)

    def do(conn: Connection, found: Group, now: datetime) -> None:
        until = None if length is None else now + length
        exception_groups.snooze(conn, found.fingerprint, until, by=_who(), at=now)

    _changed(group, do, home=home, json=json)


@exceptions_app.command("resolve")
def resolve_group(group: Fingerprint, reason: Why, home: Home = None, json: Json = False) -> None:
    """Close every open exception of it: the matter is dealt with. What it held is not sent: see `retry`, `replay`."""
    from gateway.store import exception_groups, exceptions

    def do(conn: Connection, found: Group, now: datetime) -> None:
        exception_groups.comment(conn, found.fingerprint, reason, by=_who(), at=now)
        for id in exception_groups.open_members(conn, found.fingerprint):
            exceptions.resolve(conn, id, by=_who(), at=now)

    _changed(group, do, home=home, json=json)


@exceptions_app.command()
def reopen(group: Fingerprint, reason: Why, home: Home = None, json: Json = False) -> None:
    """Open again what was resolved last."""
    from gateway.store import exception_groups

    def do(conn: Connection, found: Group, now: datetime) -> None:
        exception_groups.reopen(conn, found.fingerprint, by=_who(), at=now, reason=reason)

    _changed(group, do, home=home, json=json)


def resolve(
    delivery: Annotated[str, typer.Argument(help="Id of a delivery; its end is enough.")],
    reason: Why,
    delivered: Annotated[str, typer.Option(help="The business system has it, under this reference of its own.")] = "",
    given_up: Annotated[bool, typer.Option("--given-up", help="It is never to be delivered.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Decide about a delivery that stands still: somebody looked, and it is there, or it is given up.

    What waited behind it goes on. To have it sent again: `tradelane retry`.
    """
    from gateway.store import decided

    if bool(delivered.strip()) == given_up:
        fail("say --delivered REFERENCE or --given-up", code=EXIT_USAGE)
    with _connected(home) as (conn, now), _refusals():
        id = _delivery(conn, delivery)
        if given_up:
            decided.give_up(conn, id, by=_who(), at=now, reason=reason)
        else:
            decided.has_arrived(conn, id, ref=delivered.strip(), by=_who(), at=now, reason=reason)
    said = "given up" if given_up else "delivered"
    if json:
        print_json({"delivery": str(id), "state": "cancelled" if given_up else "delivered"})
    else:
        people.print(f"{said}  [dim]{id}[/]")


def _delivery(conn: Connection, text: str) -> Any:
    from gateway.store import timeline

    found = [id for name, id in timeline.resolve(conn, text) if name == "delivery"]
    if len(found) != 1:
        fail(f"{text}: {'no delivery has this id' if not found else 'give more of the id'}", code=EXIT_REJECTED)
    return found[0]


def _changed(group: str, do: Any, *, home: Path | None, json: bool) -> None:
    from gateway.store import exception_groups

    with _connected(home) as (conn, now), _refusals():
        found = exception_groups.find(conn, group)
        do(conn, found, now)
        found = exception_groups.find(conn, found.fingerprint)
    if json:
        print_json(asdict(found))
    else:
        _head(found)


def _head(found: Group) -> None:
    colour = "red" if found.state == "open" else "green"
    people.print(
        f"[bold]{found.fingerprint}[/]  {plain(found.code)}  [{colour}]{found.state}[/]  {plain(found.partner)}"
    )
    owner = "nobody's" if found.owner is None else f"{plain(found.owner)}'s"
    snoozed = "" if found.snoozed_until is None else f", snoozed until {str(found.snoozed_until)[:19]}"
    people.print(f"{owner}, {found.open} open of {found.ever}, since {str(found.opened_at)[:19]}{snoozed}")


def _span(text: str) -> timedelta | None:
    if text == "0":
        return None
    match = SPAN.fullmatch(text)
    if match is None:
        fail(f"{text}: want a span of time as 30m, 4h or 2d, or 0", code=EXIT_USAGE)
    return timedelta(**{SPAN_UNITS[match[2]]: int(match[1])})


def _who() -> str:
    return f"cli:{getpass.getuser()}"


@contextmanager
def _connected(home: Path | None) -> Iterator[tuple[Connection, datetime]]:
    from gateway.app import workspace_store
    from gateway.ports import SystemClock

    with workspace_store(home) as store, store.begin() as conn:
        yield conn, SystemClock().now()


@contextmanager
def _refusals() -> Iterator[None]:
    from gateway.errors import NoSuchGroup, ReplayRefused

    try:
        yield
    except (NoSuchGroup, ReplayRefused) as error:
        fail(str(error), code=EXIT_REJECTED)
