"""A canary in every secret and every payload: none of them is in a log, an answer or the audit log."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.store.engine import Store
from tests.gateway.api.site import serving
from tests.gateway.inbound_line import file_of

CANARY = "CANARY-4f1c9e"


def test_no_secret_and_no_payload_gets_into_a_log_an_answer_or_the_audit_log(
    fresh_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[httpx.Response] = []
    with capture_logs() as events, serving(fresh_store, tmp_path / "home") as site:
        key = site.keys["acme-api"]
        secrets = [key.split("_", 2)[2], CANARY]
        content = file_of("PO-1").replace(b"A-20415", CANARY.encode())
        with site.client() as client:
            good = {"Idempotency-Key": f"{CANARY}-key"}
            answers += [
                client.post("/v1/transmissions", content=content, headers=good),
                client.post("/v1/transmissions", content=content + b"x", headers=good),
                client.post("/v1/transmissions", content=content, headers={"Authorization": f"Bearer {CANARY}"}),
                client.post("/v1/transmissions", content=content, params={"key": key, CANARY: CANARY}),
                client.get(f"/v1/transmissions/{CANARY}"),
                client.get(f"/{CANARY}", headers={"X-Secret": CANARY}),
            ]
        site.line.run()
        site.raw(b"POST /v1/transmissions HTTP/1.1\r\n" + CANARY.encode() + b"\r\n\r\n")
        with site.line.store.begin() as conn:
            audited = "\n".join(conn.exec_driver_sql("SELECT audit::text FROM audit").scalars())
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert ours, "uvicorn tells of the request it could not read"
    logged = repr(events) + "\n".join(ours)
    assert "'event': 'api.refused'" in logged
    assert [answer.status_code for answer in answers] == [201, 422, 401, 422, 422, 404]
    told = "".join(answer.text for answer in answers)
    for secret in secrets:
        assert secret not in logged
        assert secret not in audited
    assert secrets[0] not in told
    assert CANARY not in answers[2].text
