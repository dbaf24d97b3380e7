"""The straight line for received transmissions: identify, parse, validate, acknowledge, map, route.

One transaction for a batch of small transmissions of one lane, or for one; or one per chunk of up to 200 transaction
sets: chunks commit as staged, and the last transaction checks the trailers, sends the acknowledgments and releases the
deliveries. Nothing is delivered that the acknowledgment later refuses: a reading that was interrupted, or that finds at
a trailer that a group of which something is staged already is refused, begins again from the first byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

import structlog

from gateway import traces
from gateway.errors import NotYet
from gateway.guides import PartnerGuides
from gateway.model import TransmissionState
from gateway.pipeline.acknowledge import send_answers
from gateway.pipeline.closing import close
from gateway.pipeline.inbound_pass import Pass
from gateway.pipeline.ledger import LedgerOfMany
from gateway.pipeline.translate import link_rows, settle
from gateway.ports import Clock
from gateway.routing import Routes
from gateway.store import Connection, documents, envelopes, received_batches, work
from gateway.store.engine import Store
from gateway.store.received_batches import ReceivedFile
from gateway.store.rows import NewRows
from gateway.store.vault import Vault
from gateway.store.work import Claim
from mappings.catalog import MapCatalog
from partners.registry import PartnerRegistry
from translators.formats import Format
from translators.x12.guide import GuideLibrary

FIRST_CLAIM = 1
TOGETHER_BYTES = 256 * 1024
"""So much is read in one transaction; a transmission that alone is larger has one, or several, of its own."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InboundLine:
    """Works received transmissions.

    Args:
        in_flight: destination -> how many requests it may see at a time.
        routes: which destinations a document goes to.
    """

    store: Store
    vault: Vault
    registry: PartnerRegistry
    maps: MapCatalog
    guides: GuideLibrary
    partner_guides: PartnerGuides
    clock: Clock
    in_flight: Mapping[str, int]
    routes: Routes = field(default_factory=Routes)

    def work(self, claim: Claim) -> set[str]:
        """Work one claimed transmission to its end.

        Returns:
            The lanes that now have due rows.

        Raises:
            Overtaken: another worker has it; nothing was written.
            GatewayError: the world is broken; nothing took effect, try again.
        """
        one = Pass(self, claim)
        try:
            while not one.finished:
                with self.store.begin() as conn:
                    self.step(conn, [one], at=self.clock.now())
        except NotYet:
            # What we hold another may wait for, while we wait for what it holds.
            with self.store.begin() as conn:
                work.confirm(conn, claim)
                envelopes.discard_staged(conn, claim.id)
            raise
        return one.lanes

    def together(self, claims: Sequence[Claim]) -> tuple[list[Claim], set[str]]:
        """Work those first claims of a lane's batch that can go in one transaction.

        A row that was claimed before is not among them: a worker may have died with it, and then it must be alone when
        the next one does, so that no other is blamed. Nor is what is no X12, which may be known by its whole content
        alone, so that it has to see those before it written.

        Returns:
            The claims that are left for `work`, in their order, and the lanes that now have due rows. All are left
            where anything goes wrong: each is tried again alone, where its own fault is told.
        """
        first = list(takewhile(_is_first_try, claims))
        if len(first) < 2:
            return list(claims), set()
        try:
            with traces.stage("tradelane.work in"), self.store.begin() as conn:
                found = received_batches.load(conn, first)
                passes = [Pass(self, claim, file) for claim, file in zip(first, _small(found), strict=False)]
                passes = list(takewhile(lambda one: one.kind is Format.X12, passes))
                if passes:
                    self.step(conn, passes, at=self.clock.now())
        except Exception as error:  # noqa: BLE001 each is tried again alone, where its own fault is told
            log.warning("inbound.batch_taken_apart", rows=len(first), error=type(error).__name__)
            return list(claims), set()
        return list(claims[len(passes) :]), set().union(*(one.lanes for one in passes))

    def step(self, conn: Connection, passes: Sequence[Pass], *, at: datetime) -> None:
        """Read and write a chunk of each of these; of several, each must end with it.

        Raises:
            NotYet: what one of them depends on is just being read elsewhere; of several, in another of them; or one of
                several does not end.
        """
        ledger = LedgerOfMany(conn, (one.claim.id for one in passes), at=at)
        for one in passes:
            one.open(conn, at=at)
        numbers = {one.claim.id: one.take_first_number() for one in passes}
        ledger.claim_ahead({id: number for id, number in numbers.items() if number is not None})
        for one in passes:
            one.read(conn, ledger)
        if len(passes) > 1 and not all(one.ends for one in passes):
            raise NotYet("a transmission of the batch has more than one chunk")
        rows = NewRows()
        made = [item for one in passes for item in one.made]
        settle(conn, made, transmission_id=passes[0].claim.id if len(passes) == 1 else None)
        for one in passes:
            one.write(conn, rows, at=at)
        documents.add_rows(conn if passes[0].staged else rows, documents=[], links=link_rows(conn, made))
        ledger.settle()
        answers = [answer for one in passes for answer in one.finish(conn, rows, at=at)]
        send_answers(conn, answers, vault=self.vault, guides=self.guides, at=at, later=rows)
        for one in passes:
            one.lanes |= {answer.way.lane for answer in answers if answer.way.lane is not None}
        close(conn, [one.closing for one in passes if one.closing is not None], rows, at=at)


def _is_first_try(claim: Claim) -> bool:
    return claim.claim_no == FIRST_CLAIM and claim.state == TransmissionState.RECEIVED


def _small(found: Sequence[ReceivedFile]) -> list[ReceivedFile]:
    """Those in front that are few enough bytes together."""
    total, small = 0, []
    for file in found:
        total += file.transmission.size
        if total > TOGETHER_BYTES:
            break
        small.append(file)
    return small
