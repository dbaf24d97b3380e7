"""Orders that change: each an 850, its replacement and two 860s, spread over interchanges of several sets.

What reaches the business system of one order has to be steps 1 to 4, once each and in this order. A step says which it
is by the quantity of its line.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from tests.faults.orders import OWN_PROFILE, Partner

STEPS = 4
BLOCK = 3
"""So many orders of a partner go through their steps side by side."""
LAGS = ((0, 0, 1, 1), (0, 1, 2, 3))
"""Of every second block: how many interchanges after its first step each step comes. Some steps share one."""
AGREED_CHANGES = (
    '  - {document: "860", direction: in, version: 004010, map: base/860.in, deliver_to: [erp], currency: USD}\n'
)

PARTNERS = tuple(
    Partner(
        f"partner{n}",
        f"PARTNER{n}",
        renames=n % 2 == 0,
        profile=OWN_PROFILE.format(number=n, pickup="rename" if n % 2 == 0 else "close") + AGREED_CHANGES,
    )
    for n in range(1, 5)
)


@dataclass(frozen=True, slots=True)
class Step:
    """One document of an order's history.

    Attributes:
        number: the order's.
        step: 1 the original, 2 its replacement, 3 and 4 changes.
    """

    number: str
    step: int


@dataclass(frozen=True, slots=True)
class Interchange:
    """A file of a partner.

    Attributes:
        groups: GS06 of its groups.
        steps: the documents in it.
    """

    partner: Partner
    control_number: int
    groups: tuple[int, ...]
    steps: tuple[Step, ...]
    content: bytes

    @property
    def filename(self) -> str:
        return f"{self.partner.user}-{self.control_number:06d}.edi"

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


def interchanges(partner: Partner, *, documents: int) -> list[Interchange]:
    """The files of a partner in the order it sends them, with at least so many documents in all."""
    blocks = -(-documents // (BLOCK * STEPS))
    found: dict[int, list[Step]] = {}
    for block in range(blocks):
        for step, lag in enumerate(LAGS[block % len(LAGS)], start=1):
            numbers = [f"PO-{partner.user}-{block * BLOCK + n:05d}" for n in range(BLOCK)]
            found.setdefault(block + lag, []).extend(Step(number, step) for number in numbers)
    return [_interchange(partner, place + 1, steps) for place, steps in sorted(found.items())]


def schedule(
    partners: Sequence[Partner], chance: random.Random, *, documents: int, sent_twice: float = 0.1
) -> list[tuple[Interchange, str]]:
    """Every partner's uploads, some of them a second time under another name a little later.

    Args:
        documents: of all partners, at least.
        sent_twice: share of the files.
    """
    uploads: list[tuple[Interchange, str]] = []
    for partner in partners:
        files = interchanges(partner, documents=-(-documents // len(partners)))
        own = [(each, each.filename) for each in files]
        for place in sorted(chance.sample(range(len(files)), int(sent_twice * len(files))), reverse=True):
            again = files[place]
            own.insert(min(len(own), place + chance.randint(1, 8)), (again, f"again-{again.filename}"))
        uploads += own
    return uploads


def step_of(content: bytes) -> Step:
    """Which step a delivered document is."""
    document = orjson.loads(content)
    (line,) = document["lines"]
    number = document["number"] if "number" in document else document["order_number"]
    return Step(number, int(line["qty"]))


def _interchange(partner: Partner, control_number: int, steps: Sequence[Step]) -> Interchange:
    segments, groups = [], []
    for code, kind, wanted in (("PO", "850", (1, 2)), ("PC", "860", (3, 4))):
        own = sorted((one for one in steps if one.step in wanted), key=lambda one: one.step)
        if not own:
            continue
        group = control_number * 2 + (code == "PC")
        groups.append(group)
        segments.append(f"GS*{code}*{partner.isa_id}*TRADELANE*20261120*0915*{group}*X*004010")
        for place, step in enumerate(own, start=1):
            body = [f"ST*{kind}*{place:04d}", *_BODIES[kind](step), "CTT*1"]
            segments += [*body, f"SE*{len(body) + 1}*{place:04d}"]
        segments.append(f"GE*{len(own)}*{group}")
    ends = f"ZZ*{partner.isa_id:15}*ZZ*{'TRADELANE':15}"
    number = f"{control_number:09d}"
    segments.insert(0, f"ISA*00*{'':10}*00*{'':10}*{ends}*261120*0915*U*00401*{number}*0*P*>")
    segments.append(f"IEA*{len(groups)}*{number}")
    content = "".join(f"{segment}~\n" for segment in segments).encode()
    return Interchange(partner, control_number, tuple(groups), tuple(steps), content)


def _order(step: Step) -> list[str]:
    purpose = {1: "00", 2: "05"}[step.step]
    return [
        f"BEG*{purpose}*SA*{step.number}**20261120",
        "N1*ST*Store 118*92*0118",
        f"PO1*1*{step.step}*EA*12.5*PE*VN*TL-000001",
    ]


def _change(step: Step) -> list[str]:
    return [
        f"BCH*04*SA*{step.number}**{step.step}*20261120",
        "N1*ST*Store 118*92*0118",
        f"POC*1*CA*{step.step}*0*EA*12.5*PE*VN*TL-000001",
    ]


_BODIES = {"850": _order, "860": _change}
