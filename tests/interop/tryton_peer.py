"""Tryton as the real ERP of tests: its server in a process of its own, and what people do in it.

Tryton is GPL-3: it lives in `.venv/peers/tryton` (`make peers`) and is reached over HTTP alone. The database that
`tryton_seed` makes is kept beside it, so that only the first run pays for its activation.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.interop.peers import PEERS
from tests.interop.tryton_seed import ACTIVATED, ADMIN, DATABASE, MODULES, Seeded, seed
from tests.ports import free_port
from tests.waiting import wait_until

BIN = PEERS / "tryton" / "bin"
SECONDS = 60
SEEDED = PEERS / "tryton-seeded"


def tryton_server() -> Path | None:
    """The server's program."""
    path = BIN / "trytond"
    return path if path.exists() else None


def tryton_version() -> str:
    """As the server says it."""
    said = subprocess.run([BIN / "trytond", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1]


class Admin:
    """The administrator, over JSON-RPC."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=SECONDS)
        self._context: dict[str, Any] = {}
        user, token, _ = self._post("common.db.login", [ADMIN, {"password": ADMIN}, "en"])
        session = b64encode(f"{ADMIN}:{user}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"
        self.user: int = user

    def works_for(self, company: int) -> None:
        """Act for this company from now on."""
        self._context["company"] = company

    def call(self, method: str, *params: Any) -> Any:
        """Call a method of a model or wizard."""
        return self._post(method, [*params, self._context])

    def create(self, model: str, **values: Any) -> int:
        """Make a record; its id."""
        made: list[int] = self.call(f"model.{model}.create", [values])
        return made[0]

    def search(self, model: str, *domain: Any, fields: tuple[str, ...] = ("id",)) -> list[dict[str, Any]]:
        """Records and what is asked of them, by id."""
        found: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read", list(domain), 0, None, [["id", "ASC"]], list(fields)
        )
        return found

    def press(self, model: str, button: str, *ids: int) -> None:
        """Press a button of records."""
        self.call(f"model.{model}.{button}", list(ids))

    def run(self, wizard: str, answers: dict[str, Any], state: str, *, model: str, ids: list[int]) -> None:
        """Answer a wizard about records."""
        about = {**self._context, "active_model": model, "active_id": ids[0], "active_ids": ids}
        made = self._post(f"wizard.{wizard}.create", [about])
        self._post(f"wizard.{wizard}.execute", [made[0], answers, state, about])

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _post(self, method: str, params: list[Any]) -> Any:
        answer = self._http.post("/rpc/", json={"id": 1, "method": method, "params": params})
        answer.raise_for_status()
        said = answer.json()
        assert "error" not in said, (method, str(said["error"])[:2000])
        return said["result"]


@dataclass(frozen=True, slots=True)
class Tryton:
    """A running server with a seeded database of its own."""

    server: TrytonServer
    admin: Admin
    seeded: Seeded

    @property
    def url(self) -> str:
        """Of its database."""
        return self.server.url

    def sales(self, shop: int | None = None) -> list[dict[str, Any]]:
        """The sales of a shop (of all), oldest first."""
        domain = [["web_shop", "=", self.seeded.shop if shop is None else shop]]
        return self.admin.search("sale.sale", *domain, fields=("state", "web_id", "number", "reference"))

    def new_shop(self) -> tuple[str, int]:
        """A web shop that holds nothing yet: its name and id."""
        name = f"Tradelane {len(self.admin.search('web.shop'))}"
        warehouses = [["add", [self.seeded.warehouse]]]
        company, currency = self.seeded.company, self.seeded.currency
        made = self.admin.create("web.shop", name=name, company=company, currency=currency, warehouses=warehouses)
        return name, made

    def attached(self, shop: int, reference: str) -> list[bytes]:
        """The orders attached to the sales of a reference."""
        domain = [["web_shop", "=", shop], ["web_id", "=", reference]]
        found = self.admin.search("sale.sale", *domain, fields=("attachments.data",))
        return [b64decode(each["data"]["base64"]) for sale in found for each in sale["attachments."]]

    def ship(self, sale: int) -> None:
        """Send what a sale waits for."""
        found = self.admin.search("stock.shipment.out", ["moves.origin.sale", "=", sale, "sale.line"])
        ids = [row["id"] for row in found]
        for button in ("assign_force", "pick", "pack", "do"):
            self.admin.press("stock.shipment.out", button, *ids)

    def invoice(self, sale: int) -> None:
        """Post the invoices of a sale."""
        found = self.admin.search("account.invoice", ["lines.origin.sale", "=", sale, "sale.line"])
        self.admin.press("account.invoice", "post", *(row["id"] for row in found))

    def credit(self, sale: int) -> None:
        """Give credit for the invoices of a sale, and post it."""
        found = self.admin.search("account.invoice", ["lines.origin.sale", "=", sale, "sale.line"])
        ids = [row["id"] for row in found]
        start = {"invoice_date": None, "with_refund": False, "with_refund_allowed": True}
        self.admin.run("account.invoice.credit", {"start": start}, "credit", model="account.invoice", ids=ids)
        given = self.admin.search("account.invoice", ["lines.origin.invoice", "in", ids, "account.invoice.line"])
        self.admin.press("account.invoice", "post", *(row["id"] for row in given))


@contextmanager
def tryton(folder: Path) -> Iterator[Tryton]:
    """A server on a copy of the seeded database; ended at the end.

    Args:
        folder: an empty one.
    """
    kept = _seeded()
    shutil.copy(kept, folder / f"{DATABASE}.sqlite")
    with _serving(folder) as server:
        admin = Admin(server.url)
        try:
            found = Seeded(**json.loads(kept.with_suffix(".json").read_text()))
            admin.works_for(found.company)
            yield Tryton(server, admin, found)
        finally:
            admin.close()


def _seeded() -> Path:
    """The seeded database; made when it is not there, or was made by another version or another text of the seed."""
    text = Path(__file__).with_name("tryton_seed.py").read_bytes() + tryton_version().encode()
    path = SEEDED / f"{hashlib.sha256(text).hexdigest()[:12]}.sqlite"
    SEEDED.mkdir(exist_ok=True)
    with (SEEDED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make(path)
    return path


def _make(path: Path) -> None:
    folder = path.with_suffix(".making")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    database = folder / f"{DATABASE}.sqlite"
    database.touch()
    (folder / "password").write_text(ADMIN)
    options = ["-u", *MODULES, "--activate-dependencies", "--email", "admin@tryton.example", "-p"]
    subprocess.run(
        [BIN / "trytond-admin", "-c", _configured(folder, 0), "-d", DATABASE, *options],
        env=os.environ | {"TRYTONPASSFILE": str(folder / "password")},
        check=True,
        capture_output=True,
        timeout=ACTIVATED,
    )
    with _serving(folder) as server:
        admin = Admin(server.url)
        found = seed(admin)
        admin.close()
    path.with_suffix(".json").write_text(json.dumps(found.as_json()))
    with closing(sqlite3.connect(database)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what was written last stands in a file of its own
    database.rename(path)
    shutil.rmtree(folder)


class TrytonServer:
    """The server's process on the database in a folder, at a port of its own for as long as this lives.

    Args:
        folder: holds the database; the server's log goes there.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "server.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/{DATABASE}"
        self._command = [BIN / "trytond", "-c", _configured(folder, port), "-d", DATABASE]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            process = self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_until(lambda: process.poll() is not None or _answers(self.url), within=SECONDS)
        assert process.poll() is None, self._log.read_text()[-2000:]

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(SECONDS)

    def stop(self) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(SECONDS)


@contextmanager
def _serving(folder: Path) -> Iterator[TrytonServer]:
    server = TrytonServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/rest/model/sale.sale", timeout=SECONDS).status_code == httpx.codes.UNAUTHORIZED
    except httpx.TransportError:
        return False


def _configured(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    path.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return path
