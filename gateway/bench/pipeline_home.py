"""The workspace that `bench pipeline` measures: twenty partners and four folders as data, and the files they send."""

from __future__ import annotations

from pathlib import Path

from gateway.bench.map import orders_of
from sftp.keys import new_private_key, public_part

PARTNERS = 20
DESTINATIONS = 4
WORKERS = 2
LINES = 8

_PROFILE = """\
name: Bench partner {number}
status: active
identifiers:
  - {{qualifier: ZZ, id: BENCH{number:02d}}}
sftp:
  - user: {user}
    pickup: rename
    keys:
      - key: {key}
agreements:
  - document: "850"
    direction: in
    version: 004010
    map: base/850.in
    deliver_to: [{destination}]
    currency: USD
"""
_OURSELVES = "bench:\n  name: Bench gateway\n  identifiers:\n    - {qualifier: ZZ, id: BENCHGATEWAY}\n"


def destination(number: int) -> str:
    """The name of a destination; partner n delivers to destination n modulo DESTINATIONS."""
    return f"system{number % DESTINATIONS}"


def user(partner: int) -> str:
    """The SFTP user of a partner."""
    return f"bench{partner:02d}"


def make_home(home: Path) -> bytes:
    """Write settings and profiles; returns the private key of all partners' logins."""
    folders = "".join(
        f"  {destination(number)}: {{kind: folder, path: {destination(number)}, create: true}}\n"
        for number in range(DESTINATIONS)
    )
    (home / "tradelane.yaml").write_text(
        f"samples: false\nsftp: {{host: 127.0.0.1, port: 0}}\nworkers: {WORKERS}\ndestinations:\n{folders}"
    )
    private = new_private_key()
    profiles = home / "partners" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "ourselves.yaml").write_text(_OURSELVES)
    for number in range(PARTNERS):
        profile = profiles / user(number) / "profile.yaml"
        profile.parent.mkdir()
        key = public_part(private).line
        profile.write_text(_PROFILE.format(number=number, user=user(number), destination=destination(number), key=key))
    return private


def interchange(number: int, *, orders: int) -> bytes:
    """One file of partner `number` modulo PARTNERS, unlike all others: its control number, and its orders' numbers."""
    sender, control = f"BENCH{number % PARTNERS:02d}", f"{number + 1:09d}"
    head = (
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*BENCHGATEWAY   *260302*0915*U*00401*{control}*0*P*>~"
        f"GS*PO*{sender}*BENCHGATEWAY*20260302*0915*{number + 1}*X*004010~"
    )
    body = orders_of(number * 1000, orders, LINES)
    return head.encode() + body + f"GE*{orders}*{number + 1}~IEA*1*{control}~".encode()
