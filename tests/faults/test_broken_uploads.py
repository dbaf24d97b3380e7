"""A connection that breaks at any point of an upload leaves nothing that counts; the file sent whole counts once."""

from __future__ import annotations

import pytest

from tests.faults.invariants import check_stored_bytes, nothing_asks_for_a_person
from tests.faults.orders import PARTNERS, Order, Partner, order
from tests.faults.parties import ClosingClient, Consumer
from tests.faults.served import ServedHome, wait_until_drained
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

CLOSES, RENAMES = PARTNERS[0], PARTNERS[1]
BLOCK = 32_000


def break_off(site: ServedHome, partner: Partner, sent: Order, *, share: float, name: str) -> None:
    """Send so much of the file, each block answered, and drop the connection."""
    client = ClosingClient(site, partner)
    file = client.open(f"/in/{name}")
    part = sent.content[: int(len(sent.content) * share)]
    for start in range(0, len(part), BLOCK):
        file.write(part[start : start + BLOCK])
    file.flush()
    client.drop()


def test_a_connection_that_breaks_before_the_close_never_counts(serving: ServedHome) -> None:
    small, large = order(CLOSES, 1), order(CLOSES, 2, lines=2000)
    cuts = [(each, share) for each in (small, large) for share in (0.0, 0.3, 0.7, 1.0)]
    for number, (each, share) in enumerate(cuts):
        break_off(serving, CLOSES, each, share=share, name=f"broken-{number}.edi")
    kept = sum(share > 0 for _, share in cuts)
    wait_until(lambda: serving.count("mailbox_file", "state = 'partial'") == kept, within=20)
    assert serving.count("transmission", "true") == 0
    for each in (small, large):
        with ClosingClient(serving, CLOSES) as client:
            client.put(each.content, "/in", each.filename)
    wait_until_drained(serving, within=30)
    consumer = Consumer(serving.erp)
    consumer.empty()
    assert consumer.numbers() == {small.number: 1, large.number: 1}
    assert serving.count("transmission", "direction = 'in'") == 2
    check_stored_bytes(serving, [(small, small.filename), (large, large.filename)])
    nothing_asks_for_a_person(serving)


def test_a_connection_that_breaks_between_close_and_rename_never_counts(serving: ServedHome) -> None:
    sent = order(RENAMES, 1)
    client = ClosingClient(serving, RENAMES)
    client.put(sent.content, "/in", ".order.part")
    client.drop()
    assert serving.count("mailbox_file", "state = 'held'") == 1
    with serving.client(RENAMES) as again:
        assert serving.count("transmission", "true") == 0
        again.put(sent.content, "/in", sent.filename)
    wait_until_drained(serving, within=30)
    consumer = Consumer(serving.erp)
    consumer.empty()
    assert consumer.numbers() == {sent.number: 1}
    nothing_asks_for_a_person(serving)
