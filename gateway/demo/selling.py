"""The demo's way back: an order is answered, shipped and billed from canonical documents, and the 997s are matched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from gateway.demo.partner import OpenSSH, OurClient
from gateway.model import Environment
from gateway.serving import Running
from gateway.store import timeline
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.reader import read_x12
from translators.x12.writer import ControlNumbers, write_interchange

DOCUMENTS = ("answer.json", "notice.json", "invoice.json")
SETS = ("855", "856", "810")
CHANNEL = "erp"
FIRST_CONTROL_NUMBER = 901
"""Of the partner's 997s; its order has a lower one."""

Rows = list[dict[str, Any]]
Wait = Callable[[Callable[[Rows], bool]], Rows]


def hand_in_all(gateway: Running, files: Path, *, partner: str) -> list[UUID]:
    """Hand the demo's three documents in, as an ERP does; their documents."""
    handed = []
    for name in DOCUMENTS:
        with gateway.store.begin() as conn:
            taken = gateway.gateway.hand_in(CHANNEL).take(
                conn,
                (files / name).read_bytes(),
                filename=name,
                partner=partner,
                environment=Environment.LIVE,
                at=gateway.gateway.clock.now(),
            )
        assert taken.document_id is not None
        handed.append(taken.document_id)
    return handed


def sent_sets(gateway: Running, rows: Rows, *, partner: str) -> list[str]:
    """The codes of the sets that left for the partner, beside acknowledgments, sorted."""
    codes = []
    for row in rows:
        if row["direction"] == "out" and row["partner"] == partner:
            with gateway.store.begin() as conn:
                life = timeline.life(conn, UUID(row["id"]))
            codes += [
                one["code"]
                for interchange in life["interchanges"]
                for group in interchange["groups"]
                for one in group["sets"]
                if one["code"] in SETS
            ]
    return sorted(codes)


def acknowledge(gateway: Running, way: OpenSSH | OurClient, contents: Sequence[bytes], *, folder: Path) -> int:
    """The partner's translator reads what it collected and uploads a 997 for each file; how many there were."""
    folder.mkdir(parents=True, exist_ok=True)
    number = FIRST_CONTROL_NUMBER
    for content in contents:
        builder = AcknowledgmentBuilder(guides=gateway.gateway.guides)
        for event in read_x12([content], guides=gateway.gateway.guides):
            for answer in builder.take(event):
                groups = tuple(range(1, len(answer.interchange.groups) + 1))
                numbers = ControlNumbers(interchange=number, groups=groups)
                path = folder / f"997-{number}.edi"
                path.write_bytes(write_interchange(answer.interchange, numbers=numbers, at=gateway.gateway.clock.now()))
                way.put(path, f"/in/{path.name}")
                number += 1
    return number - FIRST_CONTROL_NUMBER


def outcomes(family: Rows) -> dict[str, list[str | None]]:
    """kind -> what the partner said of each time a document of ours left."""
    return {row["kind"]: [one["outcome"] for one in row["sent"]] for row in family if row["direction"] == "out"}


def all_accepted(family: Rows) -> bool:
    """Whether the answer, the notice and the invoice left once each, and the partner accepted each."""
    said = list(outcomes(family).values())
    return len(said) == len(DOCUMENTS) and all(one == ["accepted"] for one in said)
