"""CSV and UBL over a real SFTP session: dropped, delivered to the folder of an ERP, answered in /out, once.

And back: `tradelane send` hands in an answer, which waits in /out as UBL, and the partner acknowledges it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.demo.partner import DemoPartner
from gateway.serving import Running, running
from gateway.store import expected
from mappings.catalog import SHIPPED
from tests.waiting import wait_until
from translators.file_acknowledgment import AcknowledgmentFormat, FileAcknowledgment, write_acknowledgment
from translators.xmldoc.reader import read_xml

SECONDS = 60
SETTINGS = """\
samples: false
sftp: {host: 127.0.0.1, port: 0}
workers: 1
"""
OURSELVES = "us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: US}\n"
PROFILE = """\
name: Beech
sftp: [{user: beech}]
duplicate_window_days: 1
agreements:
  - {document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp], currency: USD,
     file: {name: "*.csv", answer: json}}
  - {document: ubl-order, direction: in, syntax: xml, map: base/ubl-order.in, deliver_to: [erp], currency: USD,
     file: {root: Order, answer: xml}}
  - {document: ubl-response, direction: out, syntax: xml, map: base/ubl-response.out, currency: USD,
     file: {name: "response-{key}.xml", answer: json}}
"""
ANSWER = {
    "schema": "order_acknowledgment/v1",
    "purpose": "original",
    "answer": "accepted",
    "order_number": "U-1",
    "order_date": "2026-03-01",
    "date": "2026-03-02",
    "currency": "USD",
    "seller": {"name": "House Ltd."},
    "buyer": {"name": "Beech"},
}

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tradelane-files-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        profiles = path / "partners" / "profiles"
        (profiles / "beech").mkdir(parents=True)
        (path / "tradelane.yaml").write_text(SETTINGS)
        (profiles / "ourselves.yaml").write_text(OURSELVES)
        (profiles / "beech" / "profile.yaml").write_text(PROFILE)
        yield path


def test_files_of_a_partner_are_delivered_and_answered_once(home: Path, tmp_path: Path) -> None:
    partner = DemoPartner.with_new_key("beech", folder=tmp_path, profile=home / "partners/profiles/beech")
    csv = SHIPPED / "base/csv-order.in/samples/plain.csv"
    ubl = tmp_path / "order.xml"
    ubl.write_bytes((SHIPPED / "base/ubl-order.in/samples/plain.xml").read_bytes().replace(b"4500012", b"U-1"))
    erp = home / "erp"
    with running(home, temporary=True, log_level="warning") as gateway:
        session = partner.talk(gateway.sftp_address, gateway.host_key)
        session.put(csv, "in/orders.csv")
        session.put(ubl, "in/order.xml")
        session.put(csv, "in/orders-again.csv")
        answers = collected(gateway, lambda into: session.get_all("out", into), tmp_path, wanted=3)
        wait_until(lambda: len(list(erp.glob("*.json"))) >= 3, within=SECONDS)
        path = tmp_path / "answer.json"
        path.write_bytes(orjson.dumps(ANSWER))
        for _ in range(2):  # the second time it is a duplicate
            handed = CliRunner().invoke(app, ["send", str(path), "--partner", "beech", "--home", str(home), "--json"])
            assert handed.exit_code == 0, handed.output
        answers |= collected(gateway, lambda into: session.get_all("out", into), tmp_path, wanted=4)
        ours = answers["response-U-1.xml"]
        (tmp_path / "ack.json").write_bytes(acknowledged(ours))
        session.put(tmp_path / "ack.json", "in/ack.json")
        wait_until(lambda: awaited(gateway) == ["accepted"], within=SECONDS)
    assert len(answers) == 4
    assert read_xml([ours]).root.name.endswith("}OrderResponse")
    delivered = [orjson.loads(path.read_bytes()) for path in erp.glob("*.json")]
    assert sorted(order["number"] for order in delivered) == ["4500012", "4500013", "U-1"]
    told = [orjson.loads(content) for name, content in answers.items() if name.endswith(".json")]
    assert [(one["status"], one["accepted"]) for one in told] == [("accepted", 2)] * 2
    (xml,) = [content for name, content in answers.items() if name.startswith("ACK_order.xml")]
    assert read_xml([xml]).root.attributes["file"] == "order.xml"


def acknowledged(content: bytes) -> bytes:
    """What the partner says of a file of ours."""
    digest = hashlib.sha256(content).hexdigest()
    told = FileAcknowledgment("response.xml", digest, "response", datetime(2026, 3, 2, tzinfo=UTC), 1, 1)
    return write_acknowledgment(told, AcknowledgmentFormat.JSON)


def awaited(gateway: Running) -> list[str]:
    """Where the acknowledgments we wait for stand."""
    with gateway.store.begin() as conn:
        return [str(row["state"]) for row in expected.awaited(conn, at=gateway.gateway.clock.now())]


def collected(
    gateway: Running, get_all: Callable[[Path], list[Path]], folder: Path, *, wanted: int
) -> dict[str, bytes]:
    """What came into /out, once `wanted` files were collected."""
    found: dict[str, bytes] = {}

    def look() -> bool:
        found.update({path.name: path.read_bytes() for path in get_all(folder / "collected")})
        return len(found) >= wanted

    wait_until(look, within=SECONDS)
    assert gateway.verify_audit().ok
    return found
