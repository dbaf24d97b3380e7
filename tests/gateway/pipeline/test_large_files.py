"""Files of more than one chunk: staged, finished in one transaction, begun again from the first byte."""

from __future__ import annotations

from tests.gateway.inbound_line import Line, file_of, segments_starting

MANY = [f"PO-{number:04}" for number in range(1, 251)]


def test_a_file_of_more_sets_than_a_chunk_is_worked_like_a_small_one(line: Line) -> None:
    life = line.sent(file_of(*MANY))
    assert life["transmission"]["state"] == "processed"
    assert line.numbers() == MANY
    assert [document["state"] for document in life["documents"]] == ["active"] * len(MANY)
    [answer] = line.answers()
    assert segments_starting(answer, "AK9") == ["AK9*A*250*250*250"]
