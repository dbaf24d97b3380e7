"""Evidence packs: all there is of one transmission in one zip, that anybody can verify without us.

The same state of the store, moment and key always make the same bytes: nothing is compressed, every file stands in
order with one fixed date, and the signature has no chance in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from gateway.errors import EvidenceIncomplete
from gateway.evidence import checkpoints, verify
from gateway.evidence.checkpoints import CheckpointFolder
from gateway.evidence.signing import SigningKey
from gateway.store import Connection, audit, evidence, timeline
from gateway.store.audit import ChainPoint
from gateway.store.audit_chain import seal_after
from gateway.store.engine import Store
from gateway.store.vault import Vault

SEALING_TRIES = 100
SEALING_SECONDS = 0.1
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z._-]")

README = """\
Evidence of one transmission, made by Tradelane.

  raw/             the bytes as they came or went; of an AS2 message also what came over the wire
  as2/             headers, MICs and the receipt (MDN) of an AS2 message
  acknowledgments/ what answered it: TA1, 997, 999, 824, in the bytes sent or received
  documents/       the canonical documents, and where each value of them came from (lineage)
  maps/            the maps they were made with, as they were then
  partner.json     the revisions of the partner's profile, and when each was seen first
  profiles/        what each of them said; the SHA-256 of a file is the revision
  life.json        envelopes, issues, deliveries and attempts, exceptions, as they stood when this was made
  audit/           rows of the audit log, their links in the chain, and a signed checkpoint it leads to
  manifest.json    the SHA-256 of every file; manifest.sig is its Ed25519 signature by key.pem

  python3 verify.py PACK.zip --key THE-KEY-YOU-KEPT.pem [--checkpoint A-CHECKPOINT-YOU-KEPT]

Without Tradelane's verify.py, once unzipped:

  openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in manifest.json -sigfile manifest.sig
"""


@dataclass(frozen=True, slots=True)
class MadePack:
    """A pack that was written: its own SHA-256, and what stands in it."""

    path: Path
    sha256: str
    files: int
    audit_rows: int
    checkpoint: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a pack."""

    path: str
    size: int
    sha256: str
    content: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class EvidenceMaker:
    """Makes evidence packs.

    Args:
        key: signs them.
        folder: where checkpoints are written; None where none are.
    """

    store: Store
    vault: Vault
    key: SigningKey
    folder: CheckpointFolder | None = None

    def make(self, transmission_id: UUID, path: Path, *, by: str, at: datetime) -> MadePack:
        """Write the pack of a transmission; that it was made is audited.

        Args:
            transmission_id: of what.
            path: the file; it must not exist, and is not left behind half made.
            by: who asks, for the audit log.
            at: the moment, aware.

        Raises:
            EvidenceIncomplete: the audit log does not hold what must be shown, or is not sealed in time.
            PayloadDamaged: bytes in the vault are not those that were put in.
            LookupError: there is no such transmission.
            OSError: the file cannot be written.
        """
        try:
            with path.open("xb") as file:
                rows, reached = self._write(transmission_id, file, at=at)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileExistsError:
            raise
        except BaseException:
            with suppress(FileNotFoundError):
                path.unlink()
            raise
        with self.store.begin() as conn:
            audit.record(
                conn,
                at=at,
                actor=by,
                action="evidence.made",
                subject="evidence",
                subject_id=digest,
                detail={"transmission": str(transmission_id)},
            )
        with zipfile.ZipFile(path) as opened:
            files = len(opened.namelist())
        return MadePack(path, digest, files, rows, reached)

    def _write(self, transmission_id: UUID, file: BinaryIO, *, at: datetime) -> tuple[int, int]:
        pause = Event()
        for _ in range(SEALING_TRIES):
            audit.Sealer(self.store).seal_pending()
            with self.store.snapshot() as conn:
                parts = _Parts(conn, self.vault, transmission_id)
                parts.collect()
                if all(row["position"] is not None for row in parts.rows):
                    with zipfile.ZipFile(file, "w") as target:
                        return self._write_sealed(parts, target, at=at)
            pause.wait(SEALING_SECONDS)
        raise EvidenceIncomplete("the audit log is not sealed in time; see whether a gateway or another sealer hangs")

    def _write_sealed(self, parts: _Parts, target: zipfile.ZipFile, *, at: datetime) -> tuple[int, int]:
        positions = [row["position"] for row in parts.rows]
        if not positions:
            raise EvidenceIncomplete("the audit log has no row of it: somebody deleted them; run audit verify")
        first, last = min(positions), max(positions)
        known = None if self.folder is None else self.folder.first_from(last, key=self.key.public)
        reached = last if known is None else known.position
        try:
            piece = evidence.chain_piece(parts.conn, first, reached)
        except LookupError as error:
            raise EvidenceIncomplete(f"{error}; run audit verify") from error
        seal = piece.seal
        for link in piece.links:
            seal = seal_after(seal, link)
        checkpoint = known or checkpoints.sign(ChainPoint(reached, seal), self.key, at=at)
        parts.add_json(verify.ROWS, parts.rows)
        after = {"position": piece.position, "seal": piece.seal.hex()}
        parts.add_json(verify.CHAIN, {"after": after, "links": [link.hex() for link in piece.links]})
        parts.add(verify.CHECKPOINT, checkpoints.text_of(checkpoint).encode())
        parts.add(verify.PUBLIC_KEY, verify.public_pem(self.key.public).encode())
        parts.add("verify.py", Path(verify.__file__).read_bytes())
        parts.add("README.txt", README.encode())
        ordered = sorted(parts.found, key=lambda part: part.path)
        manifest = _pretty(
            {
                "format": verify.PACK_FORMAT,
                "key": self.key.public.hex(),
                "transmission": str(parts.transmission_id),
                "transmissions": parts.transmissions,
                "files": [{"path": part.path, "size": part.size, "sha256": part.sha256} for part in ordered],
            }
        )
        for name, content in ((verify.MANIFEST, manifest), (verify.SIGNATURE, self.key.sign(manifest))):
            _put(target, name, len(content), (content,))
        for part in ordered:
            _put(target, part.path, part.size, part.content)
        return len(parts.rows), reached


class _Parts:
    """The files of a pack, collected in one snapshot of the store."""

    def __init__(self, conn: Connection, vault: Vault, transmission_id: UUID) -> None:
        self.conn = conn
        self.transmission_id = transmission_id
        self.found: list[_Part] = []
        self.transmissions: dict[str, str] = {}
        self.rows: list[dict[str, Any]] = []
        self._vault = vault

    def collect(self) -> None:
        """All but what proves them."""
        conn, id = self.conn, self.transmission_id
        life = timeline.life(conn, id)
        self.add_json("life.json", life)
        raw = evidence.bytes_of(conn, id)
        if raw is not None:
            self._add_kept(verify.RAW, raw.sha256, raw.size)
            self.transmissions[verify.RAW] = str(id)
        self._add_as2(evidence.as2_of(conn, id))
        answers = evidence.answers_to(conn, id)
        for number, answer in enumerate(answers, 1):
            path = f"acknowledgments/{number:04}-{_safe(answer.filename)}"
            self._add_kept(path, answer.sha256, answer.size)
            self.transmissions[path] = str(answer.transmission_id)
        documents = evidence.documents_in(conn, id)
        for found in documents:
            self.add_json(f"documents/{found['id']}.json", found["canonical"])
            self.add_json(f"documents/{found['id']}.lineage.json", found["lineage"])
        used = sorted({(found["map_name"], found["map_revision"]) for found in documents})
        for (name, revision), kept in evidence.map_texts(conn, used).items():
            self.add_json(
                f"maps/{_safe(name)}@{_safe(revision)[:16]}.json", {"map": name, "revision": revision, **kept}
            )
        partner = life["transmission"]["partner"]
        if partner is not None:
            self._add_profiles(partner, evidence.profile_revisions(conn, partner))
        about = [id, *(answer.transmission_id for answer in answers)]
        self.rows = evidence.audit_rows(conn, about, [found["id"] for found in documents])

    def add(self, path: str, content: bytes) -> None:
        """A file in hand."""
        self.found.append(_Part(path, len(content), hashlib.sha256(content).hexdigest(), (content,)))

    def add_json(self, path: str, content: object) -> None:
        """A file of JSON, its keys in order."""
        self.add(path, _pretty(content))

    def _add_kept(self, path: str, sha256: bytes, size: int) -> None:
        """Bytes of the vault, which are verified as they are read."""
        self.found.append(_Part(path, size, sha256.hex(), self._content(sha256)))

    def _content(self, sha256: bytes) -> Iterator[bytes]:
        yield from self._vault.open(self.conn, sha256)

    def _add_profiles(self, partner: str, revisions: Sequence[Mapping[str, Any]]) -> None:
        told = [{name: value for name, value in one.items() if name != "resolved"} for one in revisions]
        self.add_json("partner.json", {"partner": partner, "revisions": told})
        for one in revisions:
            if one["resolved"] is not None:
                self.add(f"{verify.PROFILES}{one['revision']}.json", one["resolved"].encode("ascii"))

    def _add_as2(self, message: Mapping[str, Any] | None) -> None:
        if message is None:
            return
        told = {name: value for name, value in message.items() if name not in ("body_sha256", "mdn_body", "size")}
        self.add_json("as2/message.json", told)
        if message["size"] is not None:
            self._add_kept("raw/as2-body.bin", message["body_sha256"], message["size"])
        if message["mdn_body"] is not None:
            self.add("as2/mdn.bin", message["mdn_body"])


def _put(target: zipfile.ZipFile, name: str, size: int, content: Iterable[bytes]) -> None:
    with target.open(verify.entry(name, size), "w") as file:
        for chunk in content:
            file.write(chunk)


def _pretty(content: object) -> bytes:
    plain = orjson.loads(orjson.dumps(content, default=str))
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _safe(name: str) -> str:
    """A partner's name as one that no file system takes for a path."""
    return _NOT_IN_A_NAME.sub("_", name)[:80].lstrip(".") or "unnamed"
