"""The API for a partner: a file is sent, what became of it is seen, its answers are collected."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from tests.gateway.api.site import Site
from tests.gateway.inbound_line import file_of


def test_an_upload_is_answered_with_what_was_kept(site: Site) -> None:
    with site.client() as client:
        answer = client.post("/v1/transmissions", content=b"ISA*one", params={"filename": "po.edi"})
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["location"] == f"/v1/transmissions/{body['id']}"
    assert body["sha256"] == hashlib.sha256(b"ISA*one").hexdigest()
    assert {key: body[key] for key in ("direction", "state", "environment", "account", "filename", "size")} == {
        "direction": "in",
        "state": "received",
        "environment": "live",
        "account": "acme-api",
        "filename": "po.edi",
        "size": 7,
    }
    assert site.woken == ["in:acme-api:flow"]


def test_a_form_with_one_file_is_the_same_as_its_bytes(site: Site) -> None:
    content = b"ISA*\r\n--not-the-boundary\r\n" * 30_000
    with site.client() as client:
        answer = client.post("/v1/transmissions", files={"file": ("größe.edi", content)})
    assert answer.status_code == 201
    assert answer.json()["filename"] == "größe.edi"
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "files",
    [
        {"upload": b"ISA"},
        [("file", b"one"), ("file", b"two")],
        {"file": b"ISA", "environment": b"test"},
    ],
    ids=["another name", "two files", "something beside it"],
)
def test_a_form_that_is_not_one_file_is_refused_and_nothing_is_kept(site: Site, files: object) -> None:
    with site.client() as client:
        answer = client.post("/v1/transmissions", files=files)  # type: ignore[arg-type]
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:tradelane:problem:malformed-form"
        assert client.get("/v1/transmissions").json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [b"", b"--b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nISA', b"--c\r\n\r\n--c--\r\n"],
    ids=["empty", "begun", "not ended", "another boundary"],
)
def test_a_form_that_is_cut_or_wrong_is_refused(site: Site, body: bytes) -> None:
    with site.client() as client:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        assert client.post("/v1/transmissions", content=body, headers=kind).status_code == 400
        assert client.get("/v1/transmissions").json()["items"] == []


def test_test_documents_are_marked(site: Site) -> None:
    id = site.send(environment="test")
    with site.client() as client:
        assert client.get(f"/v1/transmissions/{id}").json()["environment"] == "test"


def test_an_order_goes_down_the_line_and_its_997_is_collected(site: Site) -> None:
    id = site.send(file_of("PO-1", "PO-2"), filename="po.edi")
    site.line.run()
    with site.client() as client:
        found = client.get(f"/v1/transmissions/{id}").json()
        assert found["state"] == "processed"
        assert found["issues"] == []
        [interchange] = found["interchanges"]
        assert (interchange["control_number"], interchange["accepted"]) == ("000000017", True)
        [group] = interchange["groups"]
        assert [(one["code"], one["accepted"]) for one in group["sets"]] == [("850", True), ("850", True)]
        [answer] = client.get(f"/v1/transmissions/{id}/acknowledgments").json()["items"]
        assert (answer["kind"], answer["direction"], answer["status"]) == ("997", "out", "A")
        [waiting] = client.get("/v1/outbound").json()["items"]
        assert waiting["id"] == answer["carried_by"]
        content = client.get(f"/v1/outbound/{waiting['id']}/content")
        assert content.content.startswith(b"ISA")
        assert hashlib.sha256(content.content).hexdigest() == waiting["sha256"] == content.headers["etag"].strip('"')
        assert content.headers["content-disposition"] == f"attachment; filename*=UTF-8''{waiting['filename']}"
        for _ in range(2):
            assert client.post(f"/v1/outbound/{waiting['id']}/collected").status_code == 204
        assert client.get("/v1/outbound").json()["items"] == []
        assert client.get(f"/v1/transmissions/{waiting['id']}").json()["state"] == "collected"
        assert client.get(f"/v1/outbound/{waiting['id']}/content").content == content.content
    audited = site.line.audited(UUID(waiting["id"]))
    assert audited.count("transmission.collected") == 1


def test_what_is_wrong_is_told_with_its_position(site: Site) -> None:
    id = site.send(file_of("PO-1").replace(b"PO1*1*24", b"PO1*1*two"))
    site.line.run()
    with site.client() as client:
        issues = client.get(f"/v1/transmissions/{id}").json()["issues"]
    assert [(one["stage"], one["position"]["segment_id"]) for one in issues] == [("validate", "PO1")]


def test_the_same_request_under_one_key_is_one_transmission(site: Site) -> None:
    with site.client() as client:
        first, second = (
            client.post("/v1/transmissions", content=b"ISA*one", headers={"Idempotency-Key": "k-1"}) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        assert second.headers["idempotency-replayed"] == "true"
        assert len(client.get("/v1/transmissions").json()["items"]) == 1


def test_many_at_once_under_one_key_are_one_transmission(site: Site) -> None:
    def send(_: int) -> tuple[int, str]:
        with site.client() as client:
            answer = client.post("/v1/transmissions", content=b"ISA*one", headers={"Idempotency-Key": "k-1"})
            return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(send, range(16)))
    assert len({id for _, id in answers}) == 1
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]


@pytest.mark.parametrize("change", [{"content": b"ISA*two"}, {"params": {"filename": "b.edi"}}])
def test_one_key_for_two_things_is_refused(site: Site, change: dict[str, object]) -> None:
    how = {"content": b"ISA*one", "headers": {"Idempotency-Key": "k-1"}, "params": {"filename": "a.edi"}}
    with site.client() as client:
        assert client.post("/v1/transmissions", **how).status_code == 201  # type: ignore[arg-type]
        answer = client.post("/v1/transmissions", **{**how, **change})  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:tradelane:problem:idempotency-key-reused"
        assert len(client.get("/v1/transmissions").json()["items"]) == 1


def test_the_same_key_of_another_account_is_another_key(site: Site) -> None:
    ids = set()
    for account in ("acme-api", "globex-api"):
        with site.client(account) as client:
            answer = client.post("/v1/transmissions", content=b"ISA*one", headers={"Idempotency-Key": "k-1"})
            assert answer.status_code == 201
            ids.add(answer.json()["id"])
    assert len(ids) == 2


def test_a_list_is_read_page_by_page_without_gap_or_repeat(site: Site) -> None:
    sent = [str(site.send(f"ISA*{number}".encode())) for number in range(7)]
    seen: list[str] = []
    with site.client() as client:
        before: str | None = None
        while True:
            params = {"limit": "3"} | ({} if before is None else {"before": before})
            page = client.get("/v1/transmissions", params=params).json()
            seen += [one["id"] for one in page["items"]]
            before = page["next_before"]
            if before is None:
                break
    assert seen == sent[::-1]


def test_a_list_may_be_narrowed(site: Site) -> None:
    site.send(file_of("PO-1"))
    site.line.run()
    with site.client() as client:
        for params, count in (
            ({"direction": "in"}, 1),
            ({"direction": "out"}, 1),
            ({"state": "ready"}, 1),
            ({"state": "parked"}, 0),
        ):
            assert len(client.get("/v1/transmissions", params=params).json()["items"]) == count, params


@pytest.mark.parametrize(
    "path",
    [
        "/v1/transmissions?limit=0",
        "/v1/transmissions?limit=201",
        "/v1/transmissions?stat=parked",
        "/v1/transmissions?state=lost",
        "/v1/transmissions/not-an-id",
        "/v1/outbound?limit=x",
    ],
)
def test_a_request_that_is_not_as_agreed_names_each_fault(site: Site, path: str) -> None:
    with site.client() as client:
        answer = client.get(path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["faults"]) == 1


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\x00b"])
def test_a_name_that_is_no_label_is_refused(site: Site, name: str) -> None:
    with site.client() as client:
        assert client.post("/v1/transmissions", content=b"ISA", params={"filename": name}).status_code == 422
        assert client.get("/v1/transmissions").json()["items"] == []


def test_what_is_not_there_is_told_the_same_everywhere(site: Site) -> None:
    with site.client() as client:
        bodies = {
            client.request(method, path.format(uuid4())).text
            for method, path in (
                ("GET", "/v1/transmissions/{}"),
                ("GET", "/v1/transmissions/{}/acknowledgments"),
                ("GET", "/v1/outbound/{}/content"),
                ("POST", "/v1/outbound/{}/collected"),
                ("GET", "/nothing/{}"),
            )
        }
    assert len(bodies) == 1


def test_an_inbound_file_is_no_outbound_one(site: Site) -> None:
    id = site.send()
    with site.client() as client:
        assert client.get(f"/v1/outbound/{id}/content").status_code == 404
        assert client.post(f"/v1/outbound/{id}/collected").status_code == 404


def test_a_wrong_method_is_a_problem_too(site: Site) -> None:
    with site.client() as client:
        answer = client.delete("/v1/transmissions")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_health_needs_no_key_and_readiness_follows_the_database(site: Site) -> None:
    with site.client(None) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ok"}
