"""A served home whose first partner also has an HTTPS account and a watched folder; curl is the partner's program."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import orjson

from tests.faults.orders import PARTNERS, Order
from tests.faults.served import COMMAND, ServedHome
from tests.ports import free_port
from tests.waiting import wait_until

CURL = shutil.which("curl")
ACCOUNT = "partner1-api"
PARTNER = PARTNERS[0]
ACCOUNTS = f"""\
https:
  - {{user: {ACCOUNT}}}
folders:
  - {{user: partner1-van, in: van/in, out: van/out, stable: 1s}}
"""


class HttpHome(ServedHome):
    """See ServedHome; its HTTP server answers on `http_port`."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.http_port, self.operations_port = free_port(), free_port()
        settings = home / "tradelane.yaml"
        more = f"http: {{port: {self.http_port}}}\noperations: {{port: {self.operations_port}}}\n"
        settings.write_text(settings.read_text() + more)
        profile = home / "partners" / "profiles" / PARTNER.user / "profile.yaml"
        profile.write_text(profile.read_text().replace("agreements:", f"{ACCOUNTS}agreements:"))
        self.inbox, self.outbox = home / "van" / "in", home / "van" / "out"
        self.inbox.mkdir(parents=True)
        self.outbox.mkdir()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.key = ""

    def greets(self) -> bool:
        """Whether both servers answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.http_port), timeout=5):
                return super().greets()
        except OSError:
            assert not self.has_ended, f"serve ended by itself: {self.last_words()}"
            return False

    def make_key(self) -> None:
        """An API key, as the operator makes it beside the running gateway."""
        done = subprocess.run(
            [*COMMAND, "apikey", "add", ACCOUNT, "--json", "--home", str(self.home)],
            capture_output=True,
            check=True,
            timeout=60,
        )
        self.key = orjson.loads(done.stdout)["key"]

    def curl(self, *arguments: str, content: bytes | None = None, seconds: int = 40) -> tuple[int, bytes]:
        """The status (0 where there was none) and the body."""
        assert CURL is not None, "install curl"
        options = ["--silent", "--noproxy", "*", "--max-time", str(seconds), "--write-out", "\n%{http_code}"]
        done = subprocess.run(
            [CURL, *options, "--header", f"Authorization: Bearer {self.key}", *arguments],
            input=content,
            capture_output=True,
            check=False,
            timeout=seconds + 20,
        )
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def send(self, order: Order, *, seconds: int = 40) -> int:
        """Post one order under an Idempotency-Key of its own."""
        status, _ = self.curl(
            *("--header", f"Idempotency-Key: {order.number}"),
            *("--data-binary", "@-", f"{self.url}/v1/transmissions?filename={order.filename}"),
            content=order.content,
            seconds=seconds,
        )
        return status

    def send_until_answered(self, order: Order, *, within: float = 60) -> list[int]:
        """Post it again and again until it is answered with success; every status on the way."""
        statuses: list[int] = []

        def answered() -> bool:
            statuses.append(self.send(order))
            return statuses[-1] in (200, 201)

        wait_until(answered, within=within)
        return statuses
