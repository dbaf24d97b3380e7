"""The floor under `bench pipeline`: the fewest writes that keep what the pipeline keeps, by hand, in as many commits.

No reading, no validating, no mapping, no claims, no fences, no queue, no audit: two processes that insert prepared
bytes with psycopg and publish prepared files, each file and each commit on the disk.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from gateway.bench.pipeline_home import WORKERS

BATCH = 20
_SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS bench_floor;
    SET search_path = bench_floor;
    CREATE TABLE IF NOT EXISTS payload (sha bytea PRIMARY KEY, body bytea NOT NULL);
    CREATE TABLE IF NOT EXISTS transmission (id uuid PRIMARY KEY, sha bytea NOT NULL REFERENCES payload, state text);
    CREATE TABLE IF NOT EXISTS document (
        id uuid PRIMARY KEY, transmission uuid NOT NULL REFERENCES transmission, canonical jsonb NOT NULL
    );
    CREATE TABLE IF NOT EXISTS delivery (
        id uuid PRIMARY KEY, document uuid NOT NULL REFERENCES document, state text NOT NULL, ref text
    );
"""


def floor(conninfo: str, folder: Path, *, transmissions: int, orders: int, content: bytes, canonical: bytes) -> float:
    """Orders a second.

    Args:
        conninfo: the database; a schema of its own is made and dropped.
        folder: where the files appear.
        transmissions: how many in all.
        orders: in each.
        content: the bytes of a transmission; an answer of a fifth of its size is kept beside it.
        canonical: the JSON of one order.
    """
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(_SCHEMA)
    folder.mkdir(exist_ok=True)
    each = transmissions // WORKERS
    try:
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
            parts = [
                pool.submit(
                    _work,
                    conninfo,
                    folder,
                    transmissions=each,
                    orders=orders,
                    content=content,
                    canonical=canonical,
                )
                for _ in range(WORKERS)
            ]
            spans = [part.result() for part in parts]
    finally:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            conn.execute("DROP SCHEMA bench_floor CASCADE")
    return each * WORKERS * orders / (max(end for _, end in spans) - min(start for start, _ in spans))


def _work(
    conninfo: str, folder: Path, *, transmissions: int, orders: int, content: bytes, canonical: bytes
) -> tuple[float, float]:
    """One process; when it began and ended."""
    text = canonical.decode()
    with psycopg.connect(conninfo, options="-c search_path=bench_floor") as conn, conn.cursor() as cursor:
        started = time.time()
        waiting: list[UUID] = []
        for _ in range(transmissions):
            received = _keep(cursor, content, state="received")
            conn.commit()
            documents = [uuid4() for _ in range(orders)]
            deliveries = [uuid4() for _ in range(orders)]
            cursor.executemany("INSERT INTO document VALUES (%s, %s, %s)", [(id, received, text) for id in documents])
            cursor.executemany(
                "INSERT INTO delivery VALUES (%s, %s, 'ready', NULL)", list(zip(deliveries, documents, strict=True))
            )
            cursor.execute("UPDATE transmission SET state = 'processed' WHERE id = %s", (received,))
            _keep(cursor, content[: len(content) // 5], state="ready")
            conn.commit()
            waiting += deliveries
            while len(waiting) >= BATCH:
                _publish(conn, folder, waiting[:BATCH], canonical)
                del waiting[:BATCH]
        if waiting:
            _publish(conn, folder, waiting, canonical)
        return started, time.time()


def _keep(cursor: psycopg.Cursor[Any], content: bytes, *, state: str) -> UUID:
    """A payload and its transmission; the content is made unlike all others first."""
    id = uuid4()
    body = content + id.bytes
    digest = hashlib.sha256(body).digest()
    cursor.execute("INSERT INTO payload VALUES (%s, %s)", (digest, body))
    cursor.execute("INSERT INTO transmission VALUES (%s, %s, %s)", (id, digest, state))
    return id


def _publish(conn: psycopg.Connection[Any], folder: Path, ids: Sequence[UUID], canonical: bytes) -> None:
    """Stage and sync each file, commit that they are sent, rename each out, sync, commit that they are delivered."""
    for id in ids:
        with (folder / f".{id}").open("xb") as file:
            file.write(canonical)
            file.flush()
            os.fsync(file.fileno())
    conn.execute("UPDATE delivery SET state = 'sending', ref = id::text WHERE id = ANY(%s)", (list(ids),))
    conn.commit()
    for id in ids:
        (folder / f".{id}").rename(folder / f"{id}.json")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    conn.execute("UPDATE delivery SET state = 'delivered' WHERE id = ANY(%s)", (list(ids),))
    conn.commit()
