"""The HTTPS channel: who may call, what is taken in under which key, what is collected. Knows no HTTP itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from gateway.errors import RequestKeyReused, StoreConflict
from gateway.model import Environment, TransmissionState
from gateway.pipeline.outgoing import OUT_FOLDER
from gateway.pipeline.receive import Arrival, Inlet, Received, Taken
from gateway.ports import Clock
from gateway.store import Connection, api_keys, idempotency, mailbox, partner_view, transmissions
from gateway.store.engine import Store
from gateway.store.rows import NewRows
from gateway.store.vault import Spool, StoredPayload, Vault
from partners.https_accounts import HttpsAccount
from partners.registry import PartnerRegistry


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Args:
        account: the HTTPS account that brings what is sent.
        partner: whose it is.
        accounts: all accounts of that partner, over every channel: what the caller may see.
        file_bytes: the largest file it may send.
    """

    account: str
    partner: str
    accounts: tuple[str, ...]
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Upload:
    """What goes with the bytes of one upload.

    Args:
        filename: a label, never a path.
        request_key: the sender's Idempotency-Key; None where it has none.
    """

    filename: str
    environment: Environment
    request_key: str | None


@dataclass(frozen=True, slots=True)
class HttpsChannel:
    """The accounts, uploads and collections of the HTTPS API. All of it may be called from several threads."""

    store: Store
    vault: Vault
    registry: PartnerRegistry
    clock: Clock
    inlet: Inlet

    def caller(self, *, key: str | None, certificate: bytes | None, address: str) -> Caller | None:
        """Who it is that shows this API key, or this client certificate; None for nobody who may come from there.

        Args:
            key: the text of an API key. Where one is shown it alone counts.
            certificate: DER of a client certificate whose private key the caller has proved to hold.
            address: where the call comes from.

        Raises:
            StoreUnavailable: nobody can tell now.
        """
        account: HttpsAccount | None = None
        if key is not None:
            with self.store.begin() as conn:
                found = api_keys.opened_by(conn, key, at=self.clock.now())
            account = None if found is None else self.registry.https_account(found.account)
        elif certificate is not None:
            account = self.registry.https_account_by_certificate(hashlib.sha256(certificate).hexdigest())
        if account is None or not account.accepts_address(address):
            return None
        partner = self.registry.partners[account.partner]
        return Caller(account.user, partner.key, tuple(way.user for way in partner.ways), account.file_bytes)

    def take(self, caller: Caller, spool: Spool, upload: Upload) -> Taken:
        """Keep one upload; when this returns it is committed.

        Raises:
            RequestKeyReused: its key was used for something else.
            StoreUnavailable: the database or the disk is broken; to be sent again under the same key.
        """
        arrival = Arrival("https", caller.account, upload.filename, upload.environment)
        key = upload.request_key
        if key is None:
            return self.inlet.take(spool, arrival)
        request = _request_hash(upload, spool.payload)

        def earlier(conn: Connection, _payload: StoredPayload) -> UUID | None:
            known = idempotency.find(conn, account=caller.account, key=key)
            if known is not None and known.request_sha256 != request:
                raise RequestKeyReused("this Idempotency-Key was used before, for something else")
            return None if known is None else known.transmission_id

        def beside(_conn: Connection, rows: NewRows, received: Received, _payload: StoredPayload) -> None:
            idempotency.remember(
                rows,
                account=caller.account,
                key=key,
                request_sha256=request,
                transmission_id=received.id,
                at=self.clock.now(),
            )

        try:
            return self.inlet.take(spool, arrival, earlier=earlier, beside=beside)
        except StoreConflict:  # the same key at the same moment: the other's commit came first
            return self.inlet.take(spool, arrival, earlier=earlier, beside=beside)

    def content(self, caller: Caller, id: UUID) -> tuple[partner_view.Row, Iterator[bytes]] | None:
        """A file of ours for the caller and its bytes; None where there is none of this id.

        Raises:
            StoreUnavailable: it cannot be read now.
            PayloadDamaged: its bytes have changed; for a large one after its last chunk.
        """
        with self.store.begin() as conn:
            found = partner_view.one(conn, caller.accounts, id)
            if found is None or found["direction"] != "out":
                return None
            return found, self.vault.open(conn, found["sha256"])

    def collected(self, caller: Caller, id: UUID) -> bool:
        """The caller has a file safely: it waits no more, and that is its delivery's receipt. False: no such file."""
        at = self.clock.now()
        with self.store.begin() as conn:
            found = partner_view.one(conn, caller.accounts, id)
            if found is None or found["direction"] != "out":
                return False
            mailbox.remove_copies(conn, transmission_id=id, folder=OUT_FOLDER, at=at)
            if found["state"] == TransmissionState.READY:
                transmissions.set_outbound_state(
                    conn, id, TransmissionState.COLLECTED, at=at, actor=f"https:{caller.account}"
                )
            return True


def _request_hash(upload: Upload, payload: StoredPayload) -> bytes:
    """What makes two requests the same: bytes, name and environment."""
    return hashlib.sha256(
        payload.sha256 + upload.environment.value.encode() + b"\0" + upload.filename.encode()
    ).digest()
