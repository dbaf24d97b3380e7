"""A workspace whose ERP is a web shop of its own in Tryton, and the buyer that sends it orders over SFTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from gateway.demo.partner import DemoPartner, OpenSSH, OurClient
from gateway.serving import Running
from gateway.store.tables import delivery, exception, transaction_set, transmission
from tests.interop.tryton_peer import Tryton

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


@dataclass(frozen=True, slots=True)
class TrytonSite:
    """The workspace, and its shop's id."""

    home: Path
    shop: int


@contextmanager
def tryton_site(erp: Tryton, *, workers: int) -> Iterator[TrytonSite]:
    """A workspace that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tradelane-tryton-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        name, shop = erp.new_shop()
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
        yield TrytonSite(home, shop)


def buyer_of(site: TrytonSite, folder: Path) -> DemoPartner:
    """The buyer, whose key must be there before the gateway runs."""
    return DemoPartner.with_new_key("buyer", folder=folder, profile=site.home / "partners/profiles/buyer")


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
        """New files that hold a set; [] while there is none. A client is started only for what is there."""
        assert open_exceptions(gateway) == []
        if not is_made(code, gateway):
            return []
        files = self.way.get_all("out", self.folder / "collected")
        found = [path for path in files if path.name not in self.seen and f"ST*{code}*".encode() in path.read_bytes()]
        self.seen |= {path.name for path in found}
        return [path.read_bytes() for path in found]


def is_made(code: str, gateway: Running) -> bool:
    """Whether a set of ours of this kind is on its way to the partner, or there."""
    ours = (transmission.c.direction == "out") & (transaction_set.c.code == code)
    made = select(transmission.c.id).join(transaction_set, transaction_set.c.transmission_id == transmission.c.id)
    with gateway.store.begin() as conn:
        return conn.execute(made.where(ours).limit(1)).first() is not None


def is_delivered(gateway: Running) -> bool:
    """Whether the ERP has taken something."""
    taken = select(delivery.c.id).where(delivery.c.destination == "erp", delivery.c.state == "delivered")
    with gateway.store.begin() as conn:
        return conn.execute(taken.limit(1)).first() is not None


def open_exceptions(gateway: Running) -> list[str]:
    with gateway.store.begin() as conn:
        rows = conn.execute(select(exception.c.code, exception.c.reason).where(exception.c.state == "open"))
        return [f"{row.code}: {row.reason}" for row in rows]
