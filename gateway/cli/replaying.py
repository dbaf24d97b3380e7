"""`replay resend|re-envelope|reprocess`: one thing or many, shown first, then done one by one."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    errors,
    fail,
    people,
    plain,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from uuid import UUID

    from gateway.pipeline.replay import Replay, Replayed, Verb
    from gateway.store.engine import Store
    from gateway.store.replayable import Replayable, Selection

SHOWN = 50
"""Rows of a preview that are shown to people; --json has all."""

replay_app = typer.Typer(
    help="Do it again, without a second effect: resend, re-envelope, reprocess. Without --yes it is only shown.",
    no_args_is_help=True,
)

VERBS = {
    "resend": """Deliver, or send to the partner, the same bytes under the same keys once more.

    A business system that has a document says so; one that can neither refuse a repeat nor be asked gets none.
    """,
    "re-envelope": "Send the same sets to the partner under new control numbers; a new acknowledgment is awaited.",
    "reprocess": """Make documents of what came by today's maps and profiles; what is new takes effect, once.

    What differs from a document that was delivered is held for a person.
    """,
}
"""The commands, and what each says of itself."""

Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids of transmissions, documents or deliveries; an end is enough.")
]
Partner = Annotated[str | None, typer.Option(help="Only this partner's.")]
Kind = Annotated[str | None, typer.Option(help="Only of documents of this kind, as purchase_order.")]
State = Annotated[str | None, typer.Option(help="Only those in this state, as rejected.")]
Since = Annotated[
    datetime | None, typer.Option(help="From this day or moment (UTC) on.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
]
Until = Annotated[
    datetime | None, typer.Option(help="Before this day or moment (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
]
Group = Annotated[
    str | None, typer.Option(help="Only what this group of exceptions is about; its fingerprint's beginning is enough.")
]
Most = Annotated[int, typer.Option("--most", min=1, help="Refuse to replay more than so many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; else it is only shown what would be done.")]
Reason = Annotated[str, typer.Option(help="Why; it is audited. Needed with --yes.")]
NotThere = Annotated[
    bool,
    typer.Option(
        "--not-there",
        help="Somebody looked: the business system does not have it. It is sent again even where the destination can "
        "neither refuse a repeat nor be asked; if he is mistaken, it has a second effect. Wants ids.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command group, and `retry`."""
    for word, told in VERBS.items():
        replay_app.command(word, help=told)(_command(word))
    app.add_typer(replay_app, name="replay")
    app.command()(retry)


def _command(word: str) -> Callable[..., None]:
    """What a verb's command does; all take the same options."""

    def command(
        ids: Ids = None,
        partner: Partner = None,
        kind: Kind = None,
        state: State = None,
        since: Since = None,
        until: Until = None,
        group: Group = None,
        most: Most = 1000,
        yes: Yes = False,
        reason: Reason = "",
        home: Home = None,
        json: Json = False,
    ) -> None:
        asked = (ids or [], partner, kind, state, since, until, group)
        _run(word, asked, most=most, yes=yes, reason=reason, home=home, json=json)

    return command


def retry(
    reason: Reason,
    ids: Ids = None,
    group: Group = None,
    not_there: NotThere = False,
    most: Most = 1000,
    home: Home = None,
    json: Json = False,
) -> None:
    """Try again what stands still, by id or a whole group of exceptions: `replay resend --yes`."""
    if not_there and (group is not None or not ids):
        fail("--not-there wants the ids of what somebody looked for, each", code=EXIT_USAGE)
    asked = (ids or [], None, None, None, None, None, group)
    _run("resend", asked, most=most, yes=True, not_there=not_there, reason=reason, home=home, json=json)


_Asked = tuple[Sequence[str], str | None, str | None, str | None, datetime | None, datetime | None, str | None]


def _run(
    word: str,
    asked: _Asked,
    *,
    most: int,
    yes: bool,
    reason: str,
    home: Path | None,
    json: bool,
    not_there: bool = False,
) -> None:
    from gateway.app import load_gateway, workspace_store
    from gateway.pipeline.replay import Verb
    from gateway.settings import load_settings
    from gateway.workspace import home_of

    if yes and not reason.strip():
        fail("say why with --reason; it stands in the audit log", code=EXIT_USAGE)
    verb = Verb(word)
    with workspace_store(home) as store:
        wanted = _selection(store, asked)
        replay = load_gateway(load_settings(home_of(home)), store).replay(
            by=f"cli:{getpass.getuser()}", reason=reason.strip(), not_there=not_there
        )
        found = replay.find(verb, wanted, most=most + 1)
        if len(found) > most:
            fail(f"more than {most} match; say less, or more with --most; nothing was done", code=EXIT_REJECTED)
        if not found:
            fail("nothing matches; nothing was done", code=EXIT_REJECTED)
        if not yes:
            _preview(verb, found, json=json)
            return
        results = list(_each(replay, verb, found))
    _tell(verb, results, json=json)
    if not all(one.done for one in results):
        raise typer.Exit(EXIT_REJECTED)


def _selection(store: Store, asked: _Asked) -> Selection:
    from gateway.store.replayable import Selection

    ids, partner, kind, state, since, until, group = asked
    whole = None if group is None else _group(store, group)
    wanted = Selection(_resolved(store, ids), partner, kind, state, _utc(since), _utc(until), whole)
    if wanted.says_nothing:
        fail("name what is to be replayed: ids, or --partner, --kind, --state, --since, --group", code=EXIT_USAGE)
    return wanted


def _group(store: Store, beginning: str) -> str:
    """The fingerprint that begins so."""
    from gateway.errors import NoSuchGroup
    from gateway.store import exception_groups

    try:
        with store.begin() as conn:
            return exception_groups.find(conn, beginning).fingerprint
    except NoSuchGroup as error:
        fail(str(error), code=EXIT_REJECTED)


def _resolved(store: Store, ids: Sequence[str]) -> tuple[UUID, ...]:
    """Each text is the end or beginning of one id."""
    from gateway.store import timeline

    resolved = []
    with store.begin() as conn:
        for text in ids:
            found = timeline.resolve(conn, text)
            if len(found) != 1:
                why = "nothing has this id" if not found else f"{len(found)} ids match; give more of it"
                fail(f"{text}: {why}", code=EXIT_REJECTED)
            resolved.append(found[0][1])
    return tuple(resolved)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _each(replay: Replay, verb: Verb, found: Sequence[Replayable]) -> Iterator[Replayed]:
    """One after the other, with a bar where somebody looks at it."""
    with Progress(console=errors, transient=True, disable=not sys.stderr.isatty()) as progress:
        for item in progress.track(found, description=verb.value):
            yield replay.replay(verb, item)


def _preview(verb: Verb, found: Sequence[Replayable], *, json: bool) -> None:
    if json:
        print_json({"verb": verb.value, "done": False, "items": [_row(item) for item in found]})
        return
    print_table(
        [_row(item) for item in found[:SHOWN]],
        {
            "at": "when (UTC)",
            "subject": "",
            "partner": "partner",
            "name": "what",
            "state": "state",
            "id": "id",
        },
    )
    if len(found) > SHOWN:
        people.print(f"and {len(found) - SHOWN} more")
    people.print(f"{verb.value}: {len(found)} of them; nothing was done yet: add --yes --reason WHY")


def _tell(verb: Verb, results: Sequence[Replayed], *, json: bool) -> None:
    failed = [one for one in results if not one.done]
    if json:
        rows = [_row(one.item) | {"done": one.done, "says": one.says} for one in results]
        print_json({"verb": verb.value, "done": True, "replayed": len(results) - len(failed), "items": rows})
        return
    for one in results:
        if one.done:
            people.print(f"{plain(one.item.name)}  [green]{plain(one.says)}[/]  [dim]{one.item.id}[/]")
    for one in failed:
        people.print(f"{plain(one.item.name)}  [red]not done[/]: {plain(one.says)}  [dim]{one.item.id}[/]")
    people.print(f"{verb.value}: {len(results) - len(failed)} done, {len(failed)} not")


def _row(item: Replayable) -> dict[str, object]:
    return {
        "subject": item.subject,
        "id": str(item.id),
        "partner": item.partner,
        "name": item.name,
        "state": item.state,
        "at": str(item.at)[:19],
    }
