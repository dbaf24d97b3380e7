"""`acks`, `log gaps`, and how `show` and `log` tell of what was sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.housekeeping import mark_overdue
from gateway.store.engine import Store
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.inbound_line import Line, file_of, group, interchange
from tests.gateway.sending import Buyer, profile


@pytest.fixture
def sending(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> Workspace:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile())
    return Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)


def test_acks_lists_what_is_waited_for_and_what_came(sending: Workspace) -> None:
    buyer = Buyer(sending.line)
    assert "nothing is waited for" in sending("acks").stdout
    first, second = buyer.send_orders("PO-1"), buyer.send_orders("PO-2")
    buyer.says("AK1*PR*1", "AK9*A*1*1*1")
    rows = objects(sending("acks", "--json"))
    assert [(row["transmission_id"], row["state"], row["group_number"]) for row in rows] == [
        (second["transmission"]["id"], "overdue", "2"),
        (first["transmission"]["id"], "accepted", "1"),
    ]
    overdue = objects(sending("acks", "--overdue", "--partner", "buyer", "--json"))
    assert [row["control_number"] for row in overdue] == ["000000002"]
    assert sending("acks", "--overdue", "--partner", "acme", "--json").stdout == ""
    for word in ("overdue", "accepted", "855_000000001.edi", "PR 2"):
        assert word in sending("acks").stdout


def test_the_chore_marks_every_overdue_acknowledgment_once(sending: Workspace) -> None:
    buyer = Buyer(sending.line)
    buyer.send_orders("PO-1")
    buyer.send_orders("PO-2")
    assert mark_overdue(sending.line.gateway) == 0
    sending.line.clock.advance(timedelta(days=2))
    assert mark_overdue(sending.line.gateway) == 2
    assert mark_overdue(sending.line.gateway) == 0
    rows = objects(sending("log", "--direction", "out", "--json"))
    assert [row["open_exceptions"] for row in rows] == [1, 1]


def test_show_tells_of_an_acknowledgment_on_both_transmissions(sending: Workspace) -> None:
    buyer = Buyer(sending.line)
    life = buyer.send_orders("PO-1")
    assert "997 waiting  due 2026-01-06T09:00" in sending("show", life["transmission"]["id"]).stdout
    said = buyer.says("AK1*PR*1", "AK9*R*1*1*0*1")
    told = sending("show", life["transmission"]["id"]).stdout
    for words in ("997 rejected", "answered by 997 rejected", "855 0001  rejected", "buyer rejects 855 0001"):
        assert words in told
    told = sending("show", said["transmission"]["id"]).stdout
    assert "answers our group PR 1 of interchange 000000001 with 997 rejected" in told
    assert f"855_000000001.edi {life['transmission']['id']}" in told


def test_show_tells_of_each_set_with_the_partners_notes_on_it(sending: Workspace) -> None:
    buyer = Buyer(sending.line)
    ours = buyer.send_orders("PO-1", "PO-2")["transmission"]["id"]
    before = [row.strip() for row in sending("show", ours).stdout.splitlines()]
    assert before[3:6] == ["group 1 PR 004010  sent  2 set(s)", "855 0001  sent", "855 0002  sent"]
    marks = ["AK2*855*0002", "AK3*BAK*2**8", "AK4*4*373*8*20261120", "AK5*R*5"]
    said = buyer.says("AK1*PR*1", "AK2*855*0001", "AK5*A", *marks, "AK9*P*2*2*1")
    after = [row.strip() for row in sending("show", ours).stdout.splitlines()]
    assert after[3:7] == [
        "group 1 PR 004010  partial  2 set(s)",
        "855 0001  accepted",
        "855 0002  rejected",
        "issue the partner says AK403 8: no date of the calendar  x12.element.date  "
        "interchange 1, group 1, set 2, segment 2 (BAK), element 4",
    ]
    assert f"answered by 997 partial  1.edi  processed  {said['transmission']['id']}" in after
    theirs = [row.strip() for row in sending("show", said["transmission"]["id"]).stdout.splitlines()]
    assert theirs[2].startswith("answers our group PR 1 of interchange 000000001 with 997 partial")
    assert theirs[3:5] == ["855 0001  accepted", "855 0002  rejected"]
    [answer] = objects(sending("show", said["transmission"]["id"], "--json"))[0]["answers"]
    assert [(one["control_number"], one["outcome"]) for one in answer["sets"]] == [
        ("0001", "accepted"),
        ("0002", "rejected"),
    ]


def test_show_names_the_first_sets_of_a_large_group(sending: Workspace) -> None:
    buyer = Buyer(sending.line)
    buyer.send_orders(*(f"PO-{number}" for number in range(1, 24)))
    said = buyer.says("AK1*PR*1", "AK9*A*23*23*23")
    told = sending("show", said["transmission"]["id"]).stdout
    assert "855 0020  accepted" in told
    assert "855 0021" not in told
    assert "and 3 more sets" in told


def test_show_tells_what_an_answer_of_ours_answers(workspace: Workspace) -> None:
    life = workspace.line.sent(file_of("PO-1"), name="po.edi")
    answer = life["interchanges"][0]["acknowledgments"][0]["transmission_id"]
    told = workspace("show", answer).stdout
    assert f"answers interchange 000000017 with 997 A  po.edi {life['transmission']['id']}" in told
    assert "group 1 FA 004010  sent  1 set(s)" in told


def test_log_gaps_tells_of_gaps_and_log_still_lists(workspace: Workspace) -> None:
    assert "nothing is odd" in workspace("log", "gaps").stdout
    for number in (1, 4):
        workspace.line.sent(file_of(f"PO-{number}", control=f"{number:09}"), name=f"{number}.edi")
    found = objects(workspace("log", "gaps", "--partner", "acme", "--json"))
    assert [(one["kind"], one["oddity"]) for one in found] == [("ISA13", "gap"), ("GS06", "reused")]
    gap = found[0]
    assert [gap[name] for name in ("oddity", "kind", "sender", "first", "last", "count")] == [
        "gap",
        "ISA13",
        "ZZ:ACME",
        2,
        3,
        2,
    ]
    assert "2 - 3" in workspace("log", "gaps").stdout
    assert objects(workspace("log", "gaps", "--partner", "globex", "--json")) == []
    assert len(objects(workspace("log", "--limit", "2", "--json"))) == 2
    assert "4.edi" in workspace("log").stdout


def test_log_gaps_counts_group_numbers_as_the_profile_says(sending: Workspace) -> None:
    path = sending.line.home / "partners/profiles/buyer/profile.yaml"
    for place, number in enumerate(("5", "9", "6")):
        kind = "FA" if number == "9" else "AG"
        inside = [group([["ST*824*0001", "BGN*00*1*20261120", "SE*3*0001"]], functional_id=kind, control=number)]
        content = interchange(inside, sender="BUYER", control=f"{place + 1:09}")
        sending.line.sent(content, account="buyer", name=f"{place}.edi")
    [gap] = objects(sending("log", "gaps", "--partner", "buyer", "--json"))
    assert [gap[name] for name in ("oddity", "kind", "first", "last")] == ["gap", "GS06", 7, 8]
    path.write_text(profile(profile_keys="control_numbers: {received_gs06: kind}\n"))
    assert "nothing is odd" in sending("log", "gaps", "--partner", "buyer").stdout
