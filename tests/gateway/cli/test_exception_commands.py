"""`tradelane exceptions`, `retry` and `resolve`: a matter finds its owner and its end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.ports import new_id
from gateway.store import exceptions
from gateway.store.tables import delivery
from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import file_of


class Desk:
    """Two orders of Acme's that stand still for one reason."""

    def __init__(self, workspace: Workspace, state: str = "uncertain") -> None:
        self.workspace = workspace
        workspace.line.sent(file_of("PO-1", "PO-2"))
        at = workspace.line.clock.now()
        self.group = exceptions.fingerprint("acme", "erp", f"delivery.{state}")
        with workspace.line.store.begin() as conn:
            rows = conn.execute(select(delivery.c.id, delivery.c.document_id).order_by(delivery.c.seq)).all()
            self.ids = [str(row.id) for row in rows]
            conn.execute(update(delivery).values(state=state))
            for row in rows:
                exceptions.open_exception(
                    conn,
                    id=new_id(),
                    at=at,
                    code=f"delivery.{state}",
                    reason="no answer came",
                    group=self.group,
                    document_id=row.document_id,
                    delivery_id=row.id,
                )

    def found(self, *arguments: str) -> dict[str, Any]:
        [found] = objects(self.workspace(*arguments, "--json"))
        return found

    def states(self) -> list[str]:
        with self.workspace.line.store.begin() as conn:
            return list(conn.execute(select(delivery.c.state).order_by(delivery.c.seq)).scalars())


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace)


def test_a_matter_is_listed_with_its_partner_and_how_many(desk: Desk) -> None:
    found = desk.found("exceptions", "list")
    assert (found["fingerprint"], found["partner"], found["open"], found["owner"]) == (desk.group, "acme", 2, None)
    shown = desk.workspace("exceptions", "list").stdout
    assert "delivery.uncertain" in shown
    assert "2/2" in shown


def test_it_is_assigned_commented_snoozed_and_shown(desk: Desk) -> None:
    assert desk.found("exceptions", "assign", desk.group[:10], "eva")["owner"] == "eva"
    assert desk.workspace("exceptions", "comment", desk.group, "asked [bold]Acme").exit_code == 0
    shown = desk.workspace("exceptions", "show", desk.group).stdout
    assert "eva's, 2 open of 2" in shown
    assert "asked [bold]Acme" in shown
    assert all(f"delivery {id}" in shown for id in desk.ids)
    assert desk.found("exceptions", "snooze", desk.group, "2d")["snoozed_until"] is not None
    assert "nothing waits" in desk.workspace("exceptions", "list").stdout
    assert desk.found("exceptions", "list", "--all")["fingerprint"] == desk.group
    assert desk.found("exceptions", "snooze", desk.group, "0")["snoozed_until"] is None
    assert desk.found("exceptions", "assign", desk.group, "-")["owner"] is None


def test_it_is_resolved_and_opened_again(desk: Desk) -> None:
    assert desk.found("exceptions", "resolve", desk.group, "--reason", "by telephone")["state"] == "resolved"
    assert desk.states() == ["uncertain", "uncertain"]
    again = desk.found("exceptions", "reopen", desk.group, "--reason", "wrong order")
    assert (again["state"], again["open"]) == ("open", 2)


def test_a_person_decides_each_delivery_and_with_the_last_the_matter_is_over(desk: Desk) -> None:
    first, second = desk.ids
    assert desk.workspace("resolve", first, "--delivered", "SO-7", "--reason", "seen in the ERP").exit_code == 0
    assert desk.found("exceptions", "list")["open"] == 1
    assert desk.found("resolve", second, "--given-up", "--reason", "they cancelled") == {
        "delivery": second,
        "state": "cancelled",
    }
    assert desk.states() == ["delivered", "cancelled"]
    assert desk.found("exceptions", "list", "--all")["state"] == "resolved"
    refused = desk.workspace("resolve", first, "--given-up", "--reason", "x")
    assert refused.exit_code == 1
    assert "it is delivered" in refused.stderr


def test_a_matter_and_its_next_step_are_told_to_programs_too(desk: Desk) -> None:
    assert desk.workspace("exceptions", "comment", desk.group, "asked Acme").exit_code == 0
    found = desk.found("exceptions", "show", desk.group)
    assert {row["delivery_id"] for row in found["exceptions"]} == set(desk.ids)
    assert [row["text"] for row in found["comments"]] == ["asked Acme"]
    about = found["exceptions"][0]["delivery_id"]
    assert f"tradelane resolve {about} --delivered" in found["next"]
    assert f"tradelane retry {about} --not-there" in found["next"]
    assert desk.found("exceptions", "resolve", desk.group, "--reason", "x")["state"] == "resolved"
    assert desk.found("exceptions", "show", desk.group)["next"] == ""


def test_who_looked_and_did_not_find_it_has_it_sent_again(desk: Desk) -> None:
    refused = desk.workspace("retry", desk.ids[0], "--reason", "they ask for it")
    assert refused.exit_code == 1
    assert "tradelane retry --not-there" in refused.stdout
    assert desk.states() == ["uncertain", "uncertain"]
    assert desk.workspace("retry", desk.ids[0], "--not-there", "--reason", "looked: it is not there").exit_code == 0
    assert desk.states() == ["ready", "uncertain"]
    [shown] = objects(desk.workspace("exceptions", "list", "--json"))
    assert shown["open"] == 1


def test_nobody_looked_for_a_whole_group(desk: Desk) -> None:
    assert desk.workspace("retry", "--group", desk.group, "--not-there", "--reason", "x").exit_code == 2
    assert desk.states() == ["uncertain", "uncertain"]


def test_a_group_is_tried_again_by_the_beginning_of_its_name(workspace: Workspace) -> None:
    desk = Desk(workspace, "rejected")
    assert workspace("retry", "--group", "ffff", "--reason", "x").exit_code == 1
    [done] = objects(workspace("retry", "--group", desk.group[:8], "--reason", "item added", "--json"))
    assert done["replayed"] == 2
    assert desk.states() == ["ready", "ready"]
    assert "nothing waits" in workspace("exceptions", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("exceptions", "show", "ffff"), 1, "there is no group"),
        (("exceptions", "snooze", "GROUP", "3w"), 2, "want a span of time"),
        (("resolve", "DELIVERY", "--reason", "x"), 2, "--given-up"),
        (("resolve", "DELIVERY", "--delivered", "A", "--given-up", "--reason", "x"), 2, "--given-up"),
        (("resolve", "ffffffffffff", "--given-up", "--reason", "x"), 1, "no delivery has this id"),
    ],
)
def test_what_makes_no_sense_changes_nothing(desk: Desk, arguments: tuple[str, ...], code: int, said: str) -> None:
    filled = [desk.group if one == "GROUP" else desk.ids[0] if one == "DELIVERY" else one for one in arguments]
    result = desk.workspace(*filled)
    assert result.exit_code == code
    assert said in result.stderr
    assert desk.states() == ["uncertain", "uncertain"]
