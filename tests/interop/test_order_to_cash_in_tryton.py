"""The whole way with a real ERP: an 850 over SFTP is a sale in Tryton, whose answer, shipment and invoice go back.

The partner's 997s are matched, and one order number joins all of it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select

from gateway.app import Running, running
from gateway.demo import selling
from gateway.demo.partner import DemoPartner, OpenSSH, OurClient
from gateway.store import timeline
from gateway.store.tables import exception
from tests.gateway.inbound_line import group, interchange
from tests.interop.conftest import Passed
from tests.interop.tryton_peer import Tryton, tryton_version
from tests.waiting import wait_until

SECONDS = 90
NUMBER = "4500012"
OURSELVES = "us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: US}\n"
PROFILE = """\
name: A buyer
identifiers: [{qualifier: ZZ, id: BUYER}]
sftp: [{user: buyer}]
agreements:
  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}
  - {document: "855", direction: out, map: base/855.out}
  - {document: "856", direction: out, map: base/856.out}
  - {document: "810", direction: out, map: base/810.out}
"""
ORDER = [
    "ST*850*0001",
    f"BEG*00*SA*{NUMBER}**20261120",
    "N1*BY*A buyer*92*BUYER-1",
    "N1*ST*Store 42*92*00042",
    "PO1*10*24*EA*12.5**IN*B-1*VN*00123",
    "PO1*20*7.5*KG*0.5**IN*B-2*VN*B-77",
    "CTT*2",
    "SE*8*0001",
]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]


def write_workspace(home: Path, erp: Tryton, *, workers: int) -> str:
    """A workspace whose ERP is a shop of its own in Tryton; the shop's name."""
    name, _ = erp.new_shop()
    key = home / "tryton-key"
    key.touch(mode=0o600)
    key.write_text(erp.seeded.api_key)
    (home / "tradelane.yaml").write_text(
        "samples: false\n"
        "sftp: {host: 127.0.0.1, port: 0}\n"
        f"workers: {workers}\n"
        f"destinations:\n  erp: {{kind: tryton, url: '{erp.url}', api_key: 'file:tryton-key', shop: {name}}}\n"
    )
    profiles = home / "partners" / "profiles"
    (profiles / "buyer").mkdir(parents=True)
    (profiles / "ourselves.yaml").write_text(OURSELVES)
    (profiles / "buyer" / "profile.yaml").write_text(PROFILE)
    return name


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tradelane-tryton-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@dataclass(slots=True)
class Buyer:
    """The partner: what it uploads and has collected."""

    way: OpenSSH | OurClient
    folder: Path
    seen: set[str] = field(default_factory=set)

    def put(self, content: bytes, name: str) -> None:
        """Upload a file."""
        path = self.folder / name
        path.write_bytes(content)
        self.way.put(path, f"in/{name}")

    def collects(self, code: str, gateway: Running) -> list[bytes]:
        """New files that hold a set; [] while there is none."""
        assert open_exceptions(gateway) == []
        files = self.way.get_all("out", self.folder / "collected")
        found = [path for path in files if path.name not in self.seen and f"ST*{code}*".encode() in path.read_bytes()]
        self.seen |= {path.name for path in found}
        return [path.read_bytes() for path in found]


def open_exceptions(gateway: Running) -> list[str]:
    with gateway.store.begin() as conn:
        rows = conn.execute(select(exception.c.code, exception.c.reason).where(exception.c.state == "open"))
        return [f"{row.code}: {row.reason}" for row in rows]


def life_of(gateway: Running, id: UUID) -> dict[str, Any]:
    with gateway.store.begin() as conn:
        return timeline.life(conn, id)


def received(gateway: Running) -> list[dict[str, Any]]:
    with gateway.store.begin() as conn:
        return timeline.newest(conn, direction="in")


def test_an_order_is_sold_answered_shipped_and_billed_by_tryton(
    erp: Tryton, home: Path, tmp_path: Path, passed: Passed, capsys: pytest.CaptureFixture[str]
) -> None:
    began, times = monotonic(), []

    def done(what: str) -> None:
        times.append(f"{what} {monotonic() - began:.1f} s")

    shop = write_workspace(home, erp, workers=1)
    [found] = erp.admin.search("web.shop", ["name", "=", shop])
    partner = DemoPartner.with_new_key("buyer", folder=tmp_path, profile=home / "partners/profiles/buyer")
    with running(home, temporary=True, log_level="warning") as gateway:
        done("serving")
        buyer = Buyer(partner.talk(gateway.sftp_address, gateway.host_key), tmp_path)
        buyer.put(interchange([group([ORDER])], sender="BUYER", receiver="US"), "order.edi")
        wait_until(lambda: [sale["state"] for sale in erp.sales(found["id"])] == ["processing"], within=SECONDS)
        [sale] = erp.sales(found["id"])
        assert sale["reference"] == NUMBER
        done("sale confirmed")
        files = wait_until(lambda: buyer.collects("855", gateway), within=SECONDS)
        done("855 collected")
        erp.ship(sale["id"])
        files += wait_until(lambda: buyer.collects("856", gateway), within=SECONDS)
        done("856 collected")
        erp.invoice(sale["id"])
        files += wait_until(lambda: buyer.collects("810", gateway), within=SECONDS)
        done("810 collected")
        text = b"".join(files)
        assert f"BAK*00*AD*{NUMBER}*20261120".encode() in text
        assert b"ACK*IA*24*EA" in text
        assert b"ACK*IA*7.5*KG" in text
        assert f"PRF*{NUMBER}".encode() in text
        assert b"SN1**24*EA**24*EA" in text
        assert b"TDS*30375" in text  # 24 at 12.50 and 7.5 at 0.50
        [order] = [row for row in received(gateway) if row["filename"] == "order.edi"]
        assert selling.acknowledge(gateway, buyer.way, files, folder=tmp_path / "997") == 3
        id = UUID(order["id"])
        wait_until(lambda: selling.all_accepted(life_of(gateway, id)["family"]), within=SECONDS)
        done("997s matched")
        family = shown(home, "show", order["id"])["family"]
        assert sorted(one["kind"] for one in family) == [
            "invoice",
            "order_acknowledgment",
            "purchase_order",
            "ship_notice",
        ]
        assert selling.outcomes(family) == {
            "order_acknowledgment": ["accepted"],
            "ship_notice": ["accepted"],
            "invoice": ["accepted"],
        }
        done("shown")
        assert gateway.verify_audit().ok
        assert len(erp.sales(found["id"])) == 1
    passed("trytond", tryton_version(), "both", "850 to sale, 855, 856, 810, each with its 997")
    with capsys.disabled():
        print(f"\nTryton flow: {', '.join(times)}")  # noqa: T201 the figures that the run is asked for


def shown(home: Path, *arguments: str) -> Any:
    """What the command says, as JSON."""
    command = [str(Path(sys.prefix) / "bin" / "tradelane"), *arguments, "--home", str(home), "--json"]
    said = subprocess.run(command, capture_output=True, check=True, timeout=SECONDS)
    return orjson.loads(said.stdout)
