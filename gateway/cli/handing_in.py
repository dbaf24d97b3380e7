"""`send DOC.json`: a canonical document is rendered to see whether it can go, and handed in for its partner."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gateway.cli.output import EXIT_REJECTED, fail, people, plain, plain_lines, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.pipeline.rendering import Rendered
    from translators.errors import Issue

CHANNEL = "cli"


def send_document(
    file: Path, *, partner: str, way: Mapping[str, str], test: bool, dry_run: bool, home: Path | None, json: bool
) -> None:
    """Hand a document in, unless something stands in its way; with `dry_run` show what it becomes.

    Args:
        file: the canonical document.
        partner: for whom.
        way: what was chosen: `ourselves`, `account`.
        test: as a test document.
        dry_run: keep and send nothing.
        home: the workspace.
        json: print JSON.
    """
    from gateway.app import load_gateway, workspace_store
    from gateway.model import Environment
    from gateway.pipeline.handing_in import read_document
    from gateway.pipeline.outbound_terms import Choices
    from gateway.pipeline.rendering import render
    from gateway.settings import load_settings
    from gateway.workspace import home_of
    from translators.errors import Issue

    content = file.read_bytes()
    environment = Environment.TEST if test else Environment.LIVE
    choices = Choices.from_json(way)
    document = read_document(content)
    if isinstance(document, Issue):
        _refuse(file, [document], json=json)
    with workspace_store(home) as store:
        gateway = load_gateway(load_settings(home_of(home)), store)
        at = gateway.clock.now()
        with store.begin() as conn:
            rendered = render(
                conn,
                document,
                partner=partner,
                environment=environment,
                choices=choices,
                book=gateway.outbound_book,
                at=at,
            )
        if rendered.made is None:
            _refuse(file, rendered.issues, json=json)
        if dry_run:
            _show(rendered, json=json)
            return
        with store.begin() as conn:
            handed = gateway.hand_in(CHANNEL).take(
                conn,
                content,
                filename=file.name,
                partner=partner,
                environment=environment,
                at=at,
                choices=choices,
            )
    told = {
        "transmission": str(handed.transmission_id),
        "document": str(handed.document_id),
        "state": str(handed.state),
        "issues": [],
    }
    if json:
        print_json(told)
    elif handed.lane is None:
        people.print(f"{plain(told['state'])}: kept as {told['transmission']}, nothing more is sent")
    else:
        people.print(f"kept for {plain(partner)} as {told['transmission']}; the running gateway sends it")
    if handed.state == "held":
        fail(f"{file}: the same number was handed in before with other content; it is held", code=EXIT_REJECTED)


def _show(rendered: Rendered, *, json: bool) -> None:
    assert rendered.terms is not None
    assert rendered.made is not None
    terms = rendered.terms
    text = terms.map.shown(rendered.made.content)
    agreement = terms.agreement
    found: dict[str, Any] = {
        "set": agreement.document,
        "syntax": agreement.syntax.value,
        "version": terms.version,
        "from": terms.ourselves.key,
        "account": terms.account,
        "map": terms.map.name,
        "answers": [{"kind": one.kind, "relation": one.relation, "document": str(one.id)} for one in rendered.related],
        "segments" if agreement.syntax == "x12" else "content": text,
        "issues": [],
    }
    if json:
        print_json(found)
        return
    people.print(
        f"[bold]{plain(found['set'])}[/] {plain(terms.version or found['syntax'])} from {plain(found['from'])} over "
        f"{plain(found['account'])} by the map {plain(found['map'])}"
    )
    people.print(plain_lines(text if isinstance(text, str) else dumps(text, indent=2)), soft_wrap=True)


def _refuse(file: Path, issues: Sequence[Issue], *, json: bool) -> NoReturn:
    if json:
        print_json({"issues": [issue.as_json() for issue in issues]})
    for issue in issues if not json else ():
        people.print(f"[red]issue[/] {plain(issue.message)}  [dim]{plain(issue.code)}  {plain(issue.position)}[/]")
    fail(f"{file}: nothing was sent: {len(issues)} fault(s)", code=EXIT_REJECTED)
