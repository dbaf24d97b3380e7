"""curl as a partner's program: upload, form, key, collection, conditions it meets; against a served gateway."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest

from tests.faults.orders import order
from tests.faults.served import wait_until_drained
from tests.faults.served_http import CURL, PARTNER, HttpHome
from tests.interop.table import Passed
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.interop,
    pytest.mark.timeout(180),
    pytest.mark.skipif(CURL is None and not os.environ.get("CI"), reason="curl is not installed"),
]


def version() -> str:
    """Of curl, `7.88.1`."""
    assert CURL is not None
    return subprocess.run([CURL, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


@pytest.fixture(scope="module")
def site() -> Iterator[HttpHome]:
    """A home that serves, with a key."""
    with TemporaryDirectory(prefix="tradelane-interop-") as folder:
        served = HttpHome(Path(folder))
        try:
            served.start_and_wait()
            served.make_key()
            yield served
        finally:
            served.remove()


def test_an_order_is_sent_looked_at_and_its_997_collected(site: HttpHome, passed: Passed) -> None:
    one = order(PARTNER, 1)
    assert site.send(one) == 201
    assert site.send(one) == 200
    wait_until_drained(site, within=60)
    status, listed = site.curl(f"{site.url}/v1/transmissions?direction=in")
    [sent] = [item for item in orjson.loads(listed)["items"] if item["filename"] == one.filename]
    assert (status, sent["state"]) == (200, "processed")
    _, answers = site.curl(f"{site.url}/v1/transmissions/{sent['id']}/acknowledgments")
    [answer] = orjson.loads(answers)["items"]
    assert (answer["kind"], answer["status"]) == ("997", "A")
    status, content = site.curl(f"{site.url}/v1/outbound/{answer['carried_by']}/content")
    assert status == 200
    assert b"AK9*A*1*1*1" in content
    assert site.curl("--request", "POST", f"{site.url}/v1/outbound/{answer['carried_by']}/collected")[0] == 204
    left = orjson.loads(site.curl(f"{site.url}/v1/outbound")[1])["items"]
    assert answer["carried_by"] not in [item["id"] for item in left]
    passed("curl", version(), "to us", "an order is sent, looked at, and its 997 collected")


def test_metrics_hold_what_the_workers_did(site: HttpHome) -> None:
    assert site.send(order(PARTNER, 50)) == 201
    wait_until_drained(site, within=60)
    port = site.operations_port

    def scraped() -> bytes:
        return site.curl(f"http://127.0.0.1:{port}/metrics")[1]

    wait_until(lambda: b'tradelane_attempts_total{kind="delivery",outcome="accepted"}' in scraped(), within=20)
    text = scraped()
    assert b'tradelane_work_seconds_count{kind="in",outcome="worked"}' in text
    assert b'tradelane_received_transmissions_total{channel="https"}' in text
    assert b"tradelane_database_up 1.0" in text
    for path in ("healthz", "readyz"):
        assert site.curl(f"http://127.0.0.1:{port}/{path}")[0] == 200


@pytest.mark.parametrize("how", ["form", "chunked", "http1.0", "large with 100-continue"])
def test_every_way_curl_sends_a_file_arrives_byte_for_byte(
    site: HttpHome, how: str, tmp_path: Path, passed: Passed
) -> None:
    content = hashlib.sha256(how.encode()).digest() * (200_000 if how.startswith("large") else 50)
    path = tmp_path / "any.bin"
    path.write_bytes(content)
    options = {
        "form": ["--form", f"file=@{path}"],
        "chunked": ["--header", "Transfer-Encoding: chunked", "--data-binary", f"@{path}"],
        "http1.0": ["--http1.0", "--data-binary", f"@{path}"],
        "large with 100-continue": ["--expect100-timeout", "20", "--upload-file", str(path), "--request", "POST"],
    }[how]
    status, body = site.curl(*options, f"{site.url}/v1/transmissions")
    assert status == 201, body
    assert orjson.loads(body)["sha256"] == hashlib.sha256(content).hexdigest()
    passed("curl", version(), "to us", "a form, chunks, HTTP/1.0 and 100-continue arrive byte for byte")


def test_curl_without_a_good_key_is_told_so(site: HttpHome, passed: Passed) -> None:
    status, body = site.curl("--header", "Authorization: Bearer tlk_x", f"{site.url}/v1/outbound")
    assert status == 400, "two Authorization headers"
    assert orjson.loads(body)["type"] == "urn:tradelane:problem:ambiguous-request"
    good, site.key = site.key, "tlk_000000000000_" + "A" * 43
    try:
        status, body = site.curl(f"{site.url}/v1/outbound")
    finally:
        site.key = good
    assert (status, orjson.loads(body)["type"]) == (401, "urn:tradelane:problem:unauthorized")
    passed("curl", version(), "to us", "without a good key it is told so")
