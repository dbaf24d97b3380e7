"""A file of ours waits for the partner's acknowledgment document, is settled by it once, and overdue without it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.cli.life import print_life
from gateway.housekeeping import mark_overdue
from gateway.store import expected
from tests.gateway.inbound_line import codes
from tests.gateway.outbound_line import Seller, answer, bill
from tests.gateway.pipeline.conftest import LineMaker
from translators.errors import Issue, Position
from translators.file_acknowledgment import (
    AcknowledgmentFormat,
    DocumentStatus,
    FileAcknowledgment,
    write_acknowledgment,
)

PROFILE = """\
name: A buyer
sftp:
  - user: buyer
agreements:
  - {document: invoice, direction: out, syntax: csv, map: base/csv-invoice.out, batch: {documents: 5},
     file: {answer: json}, acknowledge: {within: 2h}}
"""
FAULTY = Issue("map.value.invalid", "qty is many", Position(line=3, column=7, path="qty"), value="many")


@pytest.fixture
def seller(make_line: LineMaker) -> Seller:
    return Seller(make_line(buyer=PROFILE))


def two_invoices(seller: Seller) -> tuple[str, bytes]:
    """The transmission that two invoices left in, and its bytes."""
    handed = [seller.hands_in(bill("PO-1", invoice=number)) for number in ("I-1", "I-2")]
    seller.line.run()
    [content] = seller.line.out("buyer").values()
    return seller.delivery(handed[0])["external_ref"], content


def told(content: bytes, *, accepted: int = 2, documents: tuple[DocumentStatus, ...] = ()) -> FileAcknowledgment:
    digest = hashlib.sha256(content).hexdigest()
    return FileAcknowledgment("i.csv", digest, "invoice", datetime(2026, 1, 5, tzinfo=UTC), 2, accepted, told=documents)


def says(
    seller: Seller, said: FileAcknowledgment, *, form: str = "json", name: str = "ack", account: str = "buyer"
) -> dict[str, Any]:
    content = write_acknowledgment(said, AcknowledgmentFormat(form))
    return seller.line.sent(content, account=account, name=f"{name}.{form}")


def awaited(seller: Seller) -> list[tuple[str, str]]:
    with seller.line.store.begin() as conn:
        return [(row["kind"], str(row["state"])) for row in expected.awaited(conn, at=seller.line.clock.now())]


@pytest.mark.parametrize("form", list(AcknowledgmentFormat))
def test_the_answer_closes_what_was_waited_for(seller: Seller, form: str) -> None:
    id, content = two_invoices(seller)
    assert awaited(seller) == [("file", "waiting")]
    said = says(seller, told(content), form=form)
    assert (said["transmission"]["state"], said["transmission"]["partner"]) == ("processed", "buyer")
    assert said["exceptions"] == []
    assert [(row["kind"], row["direction"], row["status"]) for row in said["answers"]] == [("file", "in", "accepted")]
    assert awaited(seller) == [("file", "accepted")]
    [interchange] = seller.line.life(id)["interchanges"]
    assert interchange["outcome"] == "accepted"
    assert [row["outcome"] for row in interchange["sets"]] == ["accepted", "accepted"]
    assert len(seller.line.out("buyer")) == 1  # an acknowledgment is never answered


def test_a_document_it_refuses_is_a_matter_of_what_we_sent(seller: Seller, capsys: pytest.CaptureFixture[str]) -> None:
    id, content = two_invoices(seller)
    says(seller, told(content, accepted=1, documents=(DocumentStatus(2, "I-2", False, (FAULTY,)),)))
    life = seller.line.life(id)
    [interchange] = life["interchanges"]
    assert (interchange["outcome"], [row["outcome"] for row in interchange["sets"]]) == (
        "partial", ["accepted", "rejected"],
    )  # fmt: skip
    assert codes(life["exceptions"]) == ["acknowledgment.rejected"]
    [issue] = life["issues"]
    assert (issue["code"], issue["value"]) == ("outbound.told", "many")
    assert issue["message"] == "the partner says map.value.invalid: qty is many"
    assert (issue["position"]["line"], issue["position"]["set"]) == (3, 2)
    assert awaited(seller) == [("file", "partial")]
    print_life(life)
    text = capsys.readouterr().out
    assert "qty is many" in text
    assert "invoice 2  rejected" in text


def test_the_same_answer_again_changes_nothing_and_another_one_is_told(seller: Seller) -> None:
    id, content = two_invoices(seller)
    says(seller, told(content), form="json", name="one")
    again = says(seller, told(content), form="xml", name="two")
    assert [row["status"] for row in again["answers"]] == ["duplicate"]
    assert seller.open_exceptions() == []
    other = says(seller, told(content, accepted=0), name="three")
    assert codes(other["exceptions"]) == ["acknowledgment.contradicts"]
    [interchange] = seller.line.life(id)["interchanges"]
    assert interchange["outcome"] == "rejected"


def test_an_answer_to_what_we_did_not_send_is_told(seller: Seller) -> None:
    two_invoices(seller)
    life = says(seller, told(b"something else"))
    assert codes(life["exceptions"]) == ["acknowledgment.without_match"]
    assert awaited(seller) == [("file", "waiting")]


def test_nobody_answers_for_another_partner(make_line: LineMaker) -> None:
    other = PROFILE.replace("A buyer", "Another").replace("user: buyer", "user: other")
    seller = Seller(make_line(buyer=PROFILE, other=other))
    _, content = two_invoices(seller)
    life = says(seller, told(content), account="other")
    assert codes(life["exceptions"]) == ["acknowledgment.without_match"]
    assert awaited(seller) == [("file", "waiting")]


def test_an_answer_nobody_waits_for_is_a_file_like_any_other(make_line: LineMaker) -> None:
    seller = Seller(make_line(buyer=PROFILE.replace("answer: json", "encoding: utf-8")))
    _, content = two_invoices(seller)
    assert awaited(seller) == []
    life = says(seller, told(content))
    assert life["transmission"]["state"] == "parked"


def test_an_answer_that_cannot_be_read_is_told(seller: Seller) -> None:
    _, content = two_invoices(seller)
    broken = write_acknowledgment(told(content), AcknowledgmentFormat.XML).replace(b"accepted", b"fine")
    life = seller.line.sent(broken, account="buyer", name="ack.xml")
    assert codes(life["exceptions"]) == ["acknowledgment.unreadable"]
    assert awaited(seller) == [("file", "waiting")]


def test_an_answer_that_does_not_come_is_overdue_and_may_come_late(seller: Seller) -> None:
    id, content = two_invoices(seller)
    seller.line.clock.advance(timedelta(hours=2, minutes=1))
    assert mark_overdue(seller.line.gateway) == 1
    [told_of] = seller.line.life(id)["exceptions"]
    assert told_of["code"] == "acknowledgment.overdue"
    assert told_of["reason"].startswith("no acknowledgment document from buyer for invoice_")
    says(seller, told(content))
    assert seller.open_exceptions() == []
    assert awaited(seller) == [("file", "accepted")]


def test_time_for_an_answer_counts_on_the_partners_work_days(make_line: LineMaker) -> None:
    more = '  - {document: "855", direction: out, map: base/855.out, acknowledge: {within: 3h}}\n'
    days = "identifiers: [{qualifier: ZZ, id: BUYER}]\nwork_days: {days: Tue-Fri}\n"
    seller = Seller(make_line(buyer=days + PROFILE + more))
    assert f"{seller.line.clock.now():%A %H:%M}" == "Monday 09:00"
    seller.hands_in(bill("PO-1"))
    seller.hands_in(answer("PO-1"))
    seller.line.run()
    with seller.line.store.begin() as conn:
        rows = expected.awaited(conn, at=seller.line.clock.now())
    assert {row["kind"]: f"{row['due_at']:%A %H:%M}" for row in rows} == {
        "file": "Tuesday 02:00",
        "997": "Tuesday 03:00",
    }
