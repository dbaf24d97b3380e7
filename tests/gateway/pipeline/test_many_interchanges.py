"""Files of very many interchanges or issues are written a chunk at a time as well, and read once."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.chunk import INTERCHANGES_IN_CHUNK, ISSUES_IN_CHUNK
from gateway.pipeline.range_hashes import RangeHashes
from tests.gateway.inbound_line import Line, codes, file_of, group, interchange, order
from tests.gateway.pipeline.test_large_files import stage_a_chunk


def strangers(count: int) -> bytes:
    return b"".join(file_of("PO", sender="STRANGER", control=f"{number:09}") for number in range(1, count + 1))


def test_more_interchanges_than_a_chunk_are_all_told_and_a_good_one_among_them_is_worked(line: Line) -> None:
    count = INTERCHANGES_IN_CHUNK + 5
    life = line.sent(strangers(count) + file_of("PO-1") + b"trailing text")
    assert life["transmission"]["state"] == "processed"
    assert len(life["interchanges"]) == count + 1
    assert codes(life["issues"]).count("partner.unknown_sender") == count
    [stranger, stray] = sorted(life["exceptions"], key=lambda one: one["code"])
    assert stranger["reason"].endswith(f"(and {count - 1} more like it)")
    assert stray["code"] == "x12.file.stray_text"
    assert line.numbers() == ["PO-1"]


def test_a_crash_after_a_chunk_without_any_set_leaves_nothing_behind(line: Line) -> None:
    count = INTERCHANGES_IN_CHUNK + 5
    id = line.drop(strangers(count))
    stage_a_chunk(line, id)
    assert len(line.life(id)["interchanges"]) == INTERCHANGES_IN_CHUNK
    line.run()
    life = line.life(id)
    assert life["transmission"]["state"] == "parked"
    assert len(life["interchanges"]) == len(life["issues"]) == count


def test_more_issues_than_a_chunk_are_all_kept(line: Line) -> None:
    bad = []
    for place in range(1, 8):
        one = order(f"PO-{place}", st02=f"{place:04}")
        one[2:3] = [f"PO1*{number}*x*EA*y*PE*IN*A*VN*T" for number in range(1, 401)]
        one[-2:] = ["CTT*400", f"SE*404*{place:04}"]
        bad.append(one)
    life = line.sent(interchange([group([*bad, order("PO-GOOD", st02="9999")])]))
    assert codes(life["issues"]).count("x12.element.character") == 7 * 800 > ISSUES_IN_CHUNK
    assert len(life["interchanges"][0]["groups"][0]["sets"]) == 8
    assert line.numbers() == ["PO-GOOD"]


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=9), max_size=8),
    cuts=st.lists(st.integers(0, 80), max_size=8),
)
def test_hashes_of_ranges_are_those_of_their_bytes(chunks: list[bytes], cuts: list[int]) -> None:
    content = b"".join(chunks)
    edges = sorted(min(cut, len(content)) for cut in cuts)
    hashes = RangeHashes(chunks)
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        assert hashes(start, end) == hashlib.sha256(content[start:end]).digest()
