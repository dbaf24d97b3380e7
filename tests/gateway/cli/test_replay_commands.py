"""`tradelane replay`: shown first, done with --yes and a reason, the failed told."""

from __future__ import annotations

from sqlalchemy import update

from gateway.store.tables import delivery
from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import file_of


def received(workspace: Workspace, state: str) -> str:
    """Two orders, their deliveries in this state; the id of one."""
    life = workspace.line.sent(file_of("PO-1", "PO-2"))
    with workspace.line.store.begin() as conn:
        conn.execute(update(delivery).values(state=state))
    id: str = life["documents"][0]["deliveries"][0]["id"]
    return id


def test_it_is_only_shown_until_it_is_said_and_why(workspace: Workspace) -> None:
    received(workspace, "rejected")
    [shown] = objects(workspace("replay", "resend", "--state", "rejected", "--json"))
    assert (shown["done"], len(shown["items"])) == (False, 2)
    assert "add --yes" in workspace("replay", "resend", "--state", "rejected").stdout
    assert workspace("replay", "resend", "--state", "rejected", "--yes").exit_code == 2
    [again] = objects(workspace("replay", "resend", "--state", "rejected", "--json"))
    assert again == shown
    done = workspace("replay", "resend", "--state", "rejected", "--yes", "--reason", "item added", "--json")
    assert done.exit_code == 0
    assert objects(done)[0]["replayed"] == 2


def test_what_could_not_be_done_is_told_and_the_exit_code_says_so(workspace: Workspace) -> None:
    id = received(workspace, "delivered")
    done = workspace("replay", "resend", id, "--yes", "--reason", "they lost it")
    assert done.exit_code == 1
    assert "not done: it may have arrived" in done.stdout
    assert "0 done, 1 not" in done.stdout


def test_more_than_was_allowed_are_not_replayed(workspace: Workspace) -> None:
    received(workspace, "rejected")
    refused = workspace("replay", "resend", "--partner", "acme", "--most", "1", "--yes", "--reason", "x")
    assert refused.exit_code == 1
    assert "more than 1 match" in refused.stderr


def test_nothing_said_is_not_everything(workspace: Workspace) -> None:
    assert workspace("replay", "reprocess").exit_code == 2
    assert workspace("replay", "re-envelope", "--partner", "acme", "--since", "2031-01-01").exit_code == 1
    assert workspace("replay", "resend", "ffffffffffff").exit_code == 1
