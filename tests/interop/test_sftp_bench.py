"""`bench sftp` measures what it says: every file committed, OpenSSH beside us."""

from __future__ import annotations

import os

import pytest

from gateway.bench.sftp import bench_sftp
from gateway.bench.sftp_peer import missing

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(missing() is not None and not os.environ.get("CI"), reason="OpenSSH is not installed"),
]


def test_a_quick_run_has_all_rows_with_openssh_beside_us() -> None:
    found = bench_sftp(quick=True)
    many, ours, postgres, one, ours_alone, postgres_alone, floor, forgetful, large = found["rows"]
    assert [row["unit"] for row in found["rows"]] == ["s", "ms", "ms", "s", "ms", "ms", "s", "s", "MB/s"]
    assert [row["better"] for row in found["rows"]] == ["lower"] * 8 + ["higher"]
    assert many["reach"] == pytest.approx(2 * many["peer_value"], rel=0.01)
    assert one["reach"] is None
    assert 0 < floor["value"] < one["value"]
    assert 0 < forgetful["value"] < one["value"]
    for taken in (ours, ours_alone, postgres, postgres_alone):
        assert 0 < taken["value"] < 1000 * one["value"]
    assert all(row["ratio"] > 0 for row in (many, one, large))
