"""`tradelane alerts`: what waits to be told, what was given up, and telling it once more."""

from __future__ import annotations

import pytest

from gateway.store.alerts import LONGEST_WAIT, REFUSALS
from gateway.store.engine import Store
from tests.gateway.alerts.alerting import Desk, ScriptedChannel
from tests.gateway.cli.conftest import Workspace, objects


@pytest.fixture
def desk(fresh_store: Store) -> Desk:
    found = Desk(fresh_store)
    found.channels("duty", "log")
    found.open("group-a", reason="no item [bold]17")
    refusing = ScriptedChannel(["refused"] * REFUSALS)
    for _ in range(REFUSALS):
        found.bring_out("duty", refusing)
        found.clock.advance(LONGEST_WAIT)
    found.bring_out("log", ScriptedChannel())
    found.open("group-b")
    return found


def test_what_waits_and_what_was_given_up_is_listed(workspace: Workspace, desk: Desk) -> None:
    found = objects(workspace("alerts", "--json"))
    rows = [(one["channel"], one["fingerprint"], one["state"]) for one in found]
    assert set(rows[:2]) == {("log", "group-b", "waiting"), ("duty", "group-b", "waiting")}
    assert rows[2:] == [("duty", "group-a", "given_up")]
    shown = workspace("alerts", "--channel", "duty", "--all").stdout
    assert "no item [bold]17" in shown
    assert "log" not in shown
    assert len(objects(workspace("alerts", "--all", "--most", "2", "--json"))) == 2
    for name in ("duty", "log"):
        desk.bring_out(name, ScriptedChannel())
    assert "nothing waits to be told" in workspace("alerts", "--channel", "log").stdout


def test_channels_are_listed_with_what_waits(workspace: Workspace, desk: Desk) -> None:
    desk.bring_out("duty", ScriptedChannel(["down"]))
    duty, log = objects(workspace("alerts", "channels", "--json"))
    assert (duty["name"], duty["waiting"], duty["failures"], duty["reason"]) == ("duty", 1, 1, "it is down")
    assert (log["name"], log["waiting"], log["failures"]) == ("log", 1, 0)
    assert "it is down" in workspace("alerts", "channels").stdout


def test_it_is_told_once_more(workspace: Workspace, desk: Desk) -> None:
    assert objects(workspace("alerts", "retry", "--channel", "duty", "--json")) == [{"waiting": 2}]
    duty = ScriptedChannel()
    assert desk.bring_out("duty", duty) == 2
    assert duty.told == [("opened", "group-a"), ("opened", "group-b")]
    assert "1 wait to be told" in workspace("alerts", "retry").stdout
    unknown = workspace("alerts", "retry", "--channel", "nobody")
    assert unknown.exit_code == 1
    assert "known: duty, log" in unknown.output
