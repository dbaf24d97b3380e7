"""Each alert is told once on every channel: in order, again after a failure, and under its id after a kill."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.model import AlertState
from gateway.store import alerts, exception_groups
from gateway.store.alerts import FIRST_WAIT, LONGEST_WAIT, REFUSALS
from gateway.store.engine import Store
from gateway.store.tables import audit
from tests.gateway.alerts.alerting import Desk, ScriptedChannel, SenderDied


@pytest.fixture
def desk(fresh_store: Store) -> Desk:
    found = Desk(fresh_store)
    found.channels("duty", "log")
    return found


def test_every_channel_is_told_once_that_a_matter_opened_and_once_that_it_is_over(desk: Desk) -> None:
    duty, log = ScriptedChannel(), ScriptedChannel()
    ids = [desk.open("group-a") for _ in range(3)]
    assert (desk.bring_out("duty", duty), desk.bring_out("duty", duty)) == (1, 0)
    for id in ids:
        desk.resolve(id)
    desk.bring_out("duty", duty)
    desk.bring_out("log", log)
    assert duty.told == log.told == [("opened", "group-a"), ("resolved", "group-a")]
    assert [message.id for message in duty.taken] == [message.id for message in log.taken]


def test_an_alert_says_what_it_is_about_and_whose_it_is(desk: Desk) -> None:
    duty = ScriptedChannel()
    desk.open("group-a")
    with desk.store.begin() as conn:
        exception_groups.assign(conn, "group-a", "eva", by="cli:eva", at=desk.clock.now())
    desk.bring_out("duty", duty)
    [message] = duty.taken
    assert (message.code, message.reason, message.owner) == ("unknown_item", "no item 17", "eva")
    assert message.at == desk.clock.now()


def test_a_channel_that_is_down_is_tried_twice_as_late_each_time_and_told_all_in_order(desk: Desk) -> None:
    duty, log = ScriptedChannel(["down"] * 8), ScriptedChannel()
    desk.resolve(desk.open("group-a"))
    desk.open("group-b")
    wait = FIRST_WAIT
    for tried in range(1, 9):
        assert desk.bring_out("duty", duty) == 0
        assert desk.state("duty") == alerts.ChannelState("duty", 3, tried, desk.clock.now() + wait, "it is down")
        desk.clock.advance(wait - timedelta(seconds=1))
        left = len(duty.script)
        desk.bring_out("duty", duty)
        assert len(duty.script) == left, "tried before its time"
        desk.clock.advance(timedelta(seconds=1))
        wait = min(wait * 2, LONGEST_WAIT)
    assert desk.bring_out("log", log) == 3
    assert desk.bring_out("duty", duty) == 3
    assert duty.told == log.told == [("opened", "group-a"), ("resolved", "group-a"), ("opened", "group-b")]
    assert desk.state("duty") == alerts.ChannelState("duty", 0, 0, None, None)


def test_a_sender_that_dies_before_it_noted_what_it_told_tells_it_again_under_the_same_id(desk: Desk) -> None:
    duty = ScriptedChannel(["dies after it"])
    desk.open("group-a")
    with pytest.raises(SenderDied):
        desk.bring_out("duty", duty)
    assert desk.bring_out("duty", duty) == 1
    first, second = duty.taken
    assert first == second
    assert desk.bring_out("duty", duty) == 0


def test_a_message_that_a_channel_refuses_again_and_again_does_not_hold_the_others_for_ever(desk: Desk) -> None:
    duty = ScriptedChannel(["refused"] * REFUSALS)
    desk.open("group-a")
    desk.open("group-b")
    for _ in range(REFUSALS):
        assert desk.state("duty").waiting == 2
        desk.bring_out("duty", duty)
        desk.clock.advance(LONGEST_WAIT)
    assert desk.state("duty").waiting == 1
    desk.bring_out("duty", duty)
    assert duty.told == [("opened", "group-b")]


def test_a_channel_that_is_not_reached_gives_nothing_up(desk: Desk) -> None:
    duty = ScriptedChannel(["down"] * 3 * REFUSALS)
    desk.open("group-a")
    for _ in range(3 * REFUSALS):
        desk.bring_out("duty", duty)
        desk.clock.advance(LONGEST_WAIT)
    desk.bring_out("duty", duty)
    assert duty.told == [("opened", "group-a")]


def test_a_clock_that_was_turned_back_does_not_keep_a_channel_waiting(desk: Desk) -> None:
    duty = ScriptedChannel(["down"])
    desk.clock.advance(timedelta(days=1))
    desk.open("group-a")
    desk.bring_out("duty", duty)
    desk.clock.advance(timedelta(days=-1))
    assert desk.bring_out("duty", duty) == 1


def test_a_new_channel_is_told_of_what_comes_and_one_that_is_gone_of_nothing(desk: Desk) -> None:
    desk.open("group-a")
    assert desk.channels("duty", "mail") == 1
    desk.open("group-b")
    duty, mail, log = ScriptedChannel(), ScriptedChannel(), ScriptedChannel()
    for name, channel in (("duty", duty), ("mail", mail), ("log", log)):
        desk.bring_out(name, channel)
    assert duty.told == [("opened", "group-a"), ("opened", "group-b")]
    assert mail.told == [("opened", "group-b")]
    assert log.told == []


def test_a_channel_that_goes_while_it_fails_ends_quietly(desk: Desk) -> None:
    desk.open("group-a")
    with desk.store.begin() as conn:
        message = alerts.next_of(conn, "duty", now=desk.clock.now())
    assert message is not None
    desk.channels("log")
    with desk.store.begin() as conn:
        assert alerts.not_told(conn, message, at=desk.clock.now(), reason="down", refused=False)
    with desk.store.begin() as conn:
        assert alerts.next_of(conn, "duty", now=desk.clock.now()) is None


def test_no_channel_is_a_setting_too(desk: Desk) -> None:
    desk.channels()
    desk.open("group-a")
    with desk.store.begin() as conn:
        assert alerts.channels(conn) == []


def given_up(desk: Desk, channel: str) -> None:
    """Have a channel refuse what waits for it until it is given up."""
    refusing = ScriptedChannel(["refused"] * REFUSALS)
    while desk.state(channel).waiting:
        desk.bring_out(channel, refusing)
        desk.clock.advance(LONGEST_WAIT)


def seen(desk: Desk, *states: AlertState, channel: str | None = None) -> list[tuple[str, str, str]]:
    with desk.store.begin() as conn:
        found = alerts.listed(conn, states=states or list(AlertState), channel=channel)
    return [(one.channel, one.fingerprint, one.state.value) for one in found]


def test_messages_are_listed_by_state_and_channel_the_newest_first(desk: Desk) -> None:
    desk.open("group-a")
    given_up(desk, "duty")
    desk.open("group-b")
    desk.bring_out("log", ScriptedChannel())
    assert seen(desk, AlertState.WAITING, AlertState.GIVEN_UP) == [
        ("duty", "group-b", "waiting"),
        ("duty", "group-a", "given_up"),
    ]
    assert seen(desk, channel="log") == [("log", "group-b", "told"), ("log", "group-a", "told")]
    with desk.store.begin() as conn:
        assert len(alerts.listed(conn, states=list(AlertState), most=3)) == 3


def test_what_was_given_up_is_told_once_more_when_a_person_asks(desk: Desk) -> None:
    desk.open("group-a")
    given_up(desk, "duty")
    with desk.store.begin() as conn:
        assert alerts.retry(conn, channel="log", by="cli:eva", at=desk.clock.now()) == 1  # what waits there anyway
        assert alerts.retry(conn, channel="duty", by="cli:eva", at=desk.clock.now()) == 1
    duty = ScriptedChannel()
    assert desk.bring_out("duty", duty) == 1
    assert duty.told == [("opened", "group-a")]
    with desk.store.begin() as conn:
        noted = conn.execute(select(audit.c.actor, audit.c.subject_id).where(audit.c.action == "alerts.retried")).all()
    assert [tuple(row) for row in noted] == [("cli:eva", "log"), ("cli:eva", "duty")]


def test_a_channel_that_rests_after_a_failure_is_tried_at_once_when_a_person_asks(desk: Desk) -> None:
    desk.open("group-a")
    duty = ScriptedChannel(["down"])
    assert (desk.bring_out("duty", duty), desk.bring_out("duty", duty)) == (0, 0)
    with desk.store.begin() as conn:
        assert alerts.retry(conn, channel=None, by="cli:eva", at=desk.clock.now()) == 2
    assert desk.bring_out("duty", duty) == 1


def test_what_was_given_up_for_a_channel_that_is_gone_stays_so(desk: Desk) -> None:
    desk.open("group-a")
    desk.channels("log")
    with desk.store.begin() as conn:
        assert alerts.retry(conn, channel=None, by="cli:eva", at=desk.clock.now()) == 1
    assert seen(desk, AlertState.GIVEN_UP) == [("duty", "group-a", "given_up")]


def test_old_alerts_are_forgotten_unless_they_wait_somewhere(desk: Desk) -> None:
    desk.open("told")
    given_up(desk, "duty")
    desk.bring_out("log", ScriptedChannel())
    desk.open("waits")
    desk.bring_out("log", ScriptedChannel())
    desk.clock.advance(timedelta(days=90))
    desk.open("young")
    with desk.store.begin() as conn:
        assert alerts.forget(conn, before=desk.clock.now()) == 1
        assert alerts.forget(conn, before=desk.clock.now()) == 0
    assert {fingerprint for _, fingerprint, _ in seen(desk)} == {"waits", "young"}
    assert len(seen(desk)) == 4
