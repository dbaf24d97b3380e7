"""The demo: a gateway in a temporary home, two partners over real sockets, every expectation checked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from gateway.cli.life import print_life
from gateway.cli.output import people, plain, plain_lines, print_json
from gateway.demo import selling
from gateway.demo.anyfile import profile_for
from gateway.demo.partner import DemoPartner, OpenSSH, OurClient
from gateway.serving import Running, running
from gateway.store import timeline

FILES = Path(__file__).parent / "files"
FINISHED = frozenset({"processed", "duplicate", "parked", "quarantined"})
UNDER_WAY = frozenset({"ready", "working", "sending", "retrying", "staged"})
SECONDS = 60
POLL_SECONDS = 0.05
SETTINGS = """\
sftp: {host: 127.0.0.1, port: 0}
workers: 2
destinations:
  erp: {kind: folder, path: erp, create: true}
"""


@dataclass(slots=True)
class Expectations:
    """What must hold, and whether it did."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def expect(self, text: str, held: object, *, found: object = "") -> None:
        """Note one expectation."""
        self.rows.append({"expectation": text, "held": bool(held), "found": str(found)})

    @property
    def all_held(self) -> bool:
        """Whether every one did."""
        return bool(self.rows) and all(row["held"] for row in self.rows)


def run_demo(*, file: Path | None, keep: bool, json: bool) -> bool:
    """Run it.

    Args:
        file: an X12 file of the user's, instead of the samples.
        keep: leave the gateway serving until interrupted.
        json: print one object instead of the story.

    Returns:
        Whether every expectation held.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradelane-demo-")))
        home.chmod(0o755)
        story = _Story(home, quiet=json)
        story.say(f"a gateway with its own PostgreSQL in {home}")
        story.prepare(file)
        gateway = stack.enter_context(running(home, temporary=True, log_level="warning"))
        story.say(f"SFTP server on {gateway.sftp_address[0]} port {gateway.sftp_address[1]}")
        if file is None:
            story.samples(gateway)
        else:
            story.one_file(gateway, file)
        story.close(gateway, json=json)
        if keep:
            story.leave_serving(gateway)
        return story.expectations.all_held


class _Story:
    def __init__(self, home: Path, *, quiet: bool) -> None:
        self._home = home
        self._quiet = quiet
        self._partners: dict[str, DemoPartner] = {}
        self.expectations = Expectations()

    def say(self, text: str) -> None:
        if not self._quiet:
            people.print(f"[bold cyan]»[/] {plain(text)}")

    def prepare(self, file: Path | None) -> None:
        """Settings and keys, and for a user's own file a profile made from its envelope."""
        profiles = self._home / "partners" / "profiles"
        samples, users = True, ["acme", "globex"]
        if file is not None:
            bringer = profile_for(file, profiles)
            samples, users = bringer.samples, [bringer.user]
        (self._home / "tradelane.yaml").write_text(f"samples: {str(samples).lower()}\n{SETTINGS}")
        for user in users:
            self._partners[user] = DemoPartner.with_new_key(
                user, folder=self._home / "partner-side", profile=profiles / user
            )

    def samples(self, gateway: Running) -> None:
        acme, globex = self._way("acme", gateway), self._way("globex", gateway)
        self.say(f"Acme uploads a clean 850 with {acme.name}")
        clean = self._send(gateway, acme, FILES / "acme-order.edi", "/in/acme-order.edi")
        self.say("Globex uploads an interchange of three 850s, the second one bad")
        mixed = self._send(gateway, globex, FILES / "globex-orders.edi", "/in/globex-orders.edi")
        self.say("Acme uploads the first file again, under another name")
        again = self._send(gateway, acme, FILES / "acme-order.edi", "/in/acme-order-again.edi")
        self.say("Globex uploads something that is no document at all")
        garbage = self._send(gateway, globex, FILES / "garbage.edi", "/in/garbage.edi")
        for life in (clean, mixed, again, garbage):
            self._show(life)
        expect = self.expectations.expect
        expect("the clean 850 is processed", _state(clean) == "processed", found=_state(clean))
        expect(
            "the good sets of the mixed file are accepted, the bad one is not", _verdicts(mixed) == [True, False, True]
        )
        expect("the file sent again is a duplicate", _state(again) == "duplicate", found=_state(again))
        expect("the garbage is parked with a reason", _state(garbage) == "parked" and garbage["transmission"]["reason"])
        orders = self._orders()
        for order in orders:
            self._print_order(order)
        numbers = sorted(order["number"] for order in orders)
        expect("three orders reached the ERP, each once", numbers == ["4500017", "GX-7001", "GX-7003"], found=numbers)
        prices = {line["price"] for order in orders if order["number"] == "GX-7001" for line in order["lines"]}
        expect("Globex's implied decimals are read (1250 is 12.50)", prices == {"12.5", "4.75"}, found=prices)
        self.say("both partners collect what waits for them")
        acme_files = self._collect(acme)
        globex_files = self._collect(globex)
        contents = [content for _, content in acme_files]
        expect("Acme collects one 997, offered again byte for byte", len(contents) == 2 and len(set(contents)) == 1)
        expect("Acme's 997 accepts the group (AK9*A)", all(b"AK9*A*1*1*1" in content for content in contents))
        globex_997 = b"".join(content for _, content in globex_files)
        expect("Globex's 997 accepts in part (AK9|P)", b"AK9|P|3|3|2" in globex_997)
        expect("it names the bad date (AK4|5|373|8)", b"AK4|5|373|8|20261345" in globex_997)
        self._sell(gateway, acme, clean)
        self._wait(gateway, lambda rows: all(row["state"] == "collected" for row in rows if row["direction"] == "out"))
        expect("the log knows that every answer was collected", not self._uncollected(gateway))

    def _sell(self, gateway: Running, acme: OpenSSH | OurClient, order: dict[str, Any]) -> None:
        """The ERP answers, ships and bills Acme's order; Acme collects, and says by 997 that it could read it all."""
        expect, wanted = self.expectations.expect, sorted(selling.SETS)
        self.say("our ERP hands in the answer, the ship notice and the invoice, as canonical JSON")
        for name in selling.DOCUMENTS:
            self._print_order(orjson.loads((FILES / name).read_bytes()))
        selling.hand_in_all(gateway, FILES, partner="acme")
        self._wait(gateway, lambda rows: selling.sent_sets(gateway, rows, partner="acme") == wanted)
        self.say("Acme collects 855, 856 and 810")
        files = [content for name, content in self._collect(acme) if name.startswith(selling.SETS)]
        text = b"".join(files)
        expect("an 855, an 856 and an 810 are collected", all(b"ST*" + code.encode() in text for code in wanted))
        expect("the 855 accepts order 4500017 (BAK*00*AD)", b"BAK*00*AD*4500017*20261120*R1" in text)
        expect("the 856 ships it, the 810 bills 588.00", b"PRF*4500017*R1" in text and b"TDS*58800" in text)
        self.say("Acme's translator reads them and uploads its 997s")
        answered = selling.acknowledge(gateway, acme, files, folder=self._home / "partner-side" / "997")
        expect("a 997 comes back for every file", answered == len(files) > 0, found=answered)
        id = order["transmission"]["id"]
        self._wait(gateway, lambda _: selling.all_accepted(self._life(gateway, id)["family"]))
        life = self._life(gateway, id)
        self._show(life)
        said = selling.outcomes(life["family"])
        expect("the order's own page joins all four documents", len(life["family"]) == 4, found=len(life["family"]))
        expect("and every set is accepted by Acme's 997", selling.all_accepted(life["family"]), found=said)

    def _life(self, gateway: Running, id: str) -> dict[str, Any]:
        with gateway.store.begin() as conn:
            return timeline.life(conn, UUID(id))

    def one_file(self, gateway: Running, file: Path) -> None:
        user = next(iter(self._partners))
        way = self._way(user, gateway)
        self.say(f"{user} uploads {file.name} with {way.name}")
        life = self._send(gateway, way, file, "/in/yours.edi")
        self._show(life)
        for order in self._orders():
            self._print_order(order)
        self.say(f"{user} collects what waits")
        self._collect(way)
        self.expectations.expect("the file was worked to its end", _state(life) in FINISHED, found=_state(life))

    def close(self, gateway: Running, *, json: bool) -> None:
        sealed = gateway.verify_audit()
        self.expectations.expect("the audit log's chain holds", sealed.ok, found=f"{sealed.rows} rows")
        if json:
            print_json({"ok": self.expectations.all_held, "expectations": self.expectations.rows})
            return
        for row in self.expectations.rows:
            mark = "[green]held[/]  " if row["held"] else "[red]failed[/]"
            people.print(f"  {mark} {plain(row['expectation'])}" + ("" if row["held"] else f": {plain(row['found'])}"))

    def leave_serving(self, gateway: Running) -> None:
        host, port = gateway.sftp_address
        for partner in self._partners.values():
            people.print(plain(f"  sftp -P {port} -i {partner.key_file} {partner.user}@{host}"))
        people.print(plain(f"  tradelane log --home {self._home}"))
        self.say("serving until Ctrl-C; then the temporary home is removed")
        gateway.wait_until_stopped()

    def _way(self, user: str, gateway: Running) -> OpenSSH | OurClient:
        return self._partners[user].talk(gateway.sftp_address, gateway.host_key)

    def _send(self, gateway: Running, way: OpenSSH | OurClient, file: Path, to: str) -> dict[str, Any]:
        before = {row["id"] for row in self._log(gateway)}
        way.put(file, to)
        rows = self._wait(
            gateway,
            lambda rows: any(
                row["id"] not in before and row["direction"] == "in" and row["state"] in FINISHED for row in rows
            ),
        )
        id = next(row["id"] for row in rows if row["id"] not in before and row["direction"] == "in")
        deadline = time.monotonic() + SECONDS
        while True:
            with gateway.store.begin() as conn:
                life = timeline.life(conn, id)
            under_way = [
                item for document in life["documents"] for item in document["deliveries"] if item["state"] in UNDER_WAY
            ]
            if not under_way or time.monotonic() > deadline:
                return life
            time.sleep(POLL_SECONDS)

    def _wait(self, gateway: Running, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        deadline = time.monotonic() + SECONDS
        while not holds(rows := self._log(gateway)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return rows

    def _log(self, gateway: Running) -> list[dict[str, Any]]:
        with gateway.store.begin() as conn:
            return timeline.newest(conn, limit=100)

    def _uncollected(self, gateway: Running) -> list[dict[str, Any]]:
        return [row for row in self._log(gateway) if row["direction"] == "out" and row["state"] != "collected"]

    def _show(self, life: dict[str, Any]) -> None:
        if not self._quiet:
            people.rule(style="dim")
            print_life(life)

    def _orders(self) -> list[dict[str, Any]]:
        return [orjson.loads(path.read_bytes()) for path in sorted((self._home / "erp").glob("*.json"))]

    def _print_order(self, order: dict[str, Any]) -> None:
        if self._quiet:
            return
        people.rule(f"canonical {order['schema']}", style="dim")
        people.print_json(orjson.dumps(order).decode())

    def _collect(self, way: OpenSSH | OurClient) -> list[tuple[str, bytes]]:
        files = [
            (path.name, path.read_bytes()) for path in way.get_all("/out", self._home / "collected" / way.partner.user)
        ]
        for name, content in files:
            if not self._quiet:
                people.rule(plain(f"{way.partner.user}: /out/{name}"), style="dim")
                people.print(plain_lines(content.decode("latin-1")), soft_wrap=True)
        return files


def _state(life: dict[str, Any]) -> str:
    return str(life["transmission"]["state"])


def _verdicts(life: dict[str, Any]) -> list[bool]:
    return [
        item["accepted"]
        for interchange in life["interchanges"]
        for group in interchange["groups"]
        for item in group["sets"]
    ]
