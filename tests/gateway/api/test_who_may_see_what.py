"""Access: every route of the table is tried as nobody, as another partner, and with keys that are good no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from gateway.api.app import create_api
from gateway.api.services import Services
from gateway.store import api_keys
from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving
from tests.gateway.inbound_line import file_of

PUBLIC = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/openapi.json")}


def routes() -> list[tuple[str, str]]:
    """(method, path) of everything the application answers, from its own table."""
    found = {
        (method, route.path)
        for outer in create_api(Services(None, lambda: None)).routes  # type: ignore[arg-type]
        for route in (outer.original_router.routes if hasattr(outer, "original_router") else [outer])
        for method in route.methods
    }
    return sorted(one for one in found if one[0] not in ("HEAD", "OPTIONS"))


ROUTES = routes()
GUARDED = [one for one in ROUTES if one not in PUBLIC]
OF_ONE = [one for one in GUARDED if "{" in one[1]]


@pytest.fixture(scope="module")
def shared(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for tests that change nothing: acme has sent an order over HTTPS and one over SFTP."""
    with serving(store, tmp_path_factory.mktemp("api") / "home") as site:
        site.send(file_of("PO-1"), filename="secret-of-acme.edi")
        site.line.drop(file_of("PO-2", control="000000018"), account="acme-sftp", name="secret-of-acme-too.edi")
        site.line.run()
        yield site


def ids_of_acme(site: Site) -> list[str]:
    with site.client() as client:
        return [one["id"] for one in client.get("/v1/transmissions").json()["items"]]


def test_the_table_holds_what_the_reference_names() -> None:
    reference = (Path(__file__).parents[3] / "docs/api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(GET|POST) (/[^`?]*)`", reference))
    assert named == set(ROUTES)


def test_no_route_is_public_but_those_that_tell_nothing_of_partners() -> None:
    assert set(ROUTES) > PUBLIC
    assert len(GUARDED) >= 7
    app = create_api(Services(None, lambda: None))  # type: ignore[arg-type]
    schema = app.openapi()
    unguarded = {
        (method.upper(), path)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if not operation.get("security")
    }
    assert unguarded == PUBLIC - {("GET", "/openapi.json")}
    described = {(method.upper(), path) for path, operations in schema["paths"].items() for method in operations}
    assert described | {("GET", "/openapi.json")} == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "shown",
    [
        None,
        "Bearer",
        "Bearer tlk_000000000000_" + "A" * 43,
        "Bearer '; DROP TABLE api_key; --",
        "Basic YWNtZTphY21l",
        "Bearer \u00e4",
    ],
    ids=["nothing", "empty", "unknown", "nonsense", "basic", "latin-1"],
)
def test_nobody_gets_one_and_the_same_answer(shared: Site, method: str, path: str, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown.encode("latin-1")}
    with shared.client(None) as client:
        answer = client.request(method, path.replace("{id}", ids_of_acme(shared)[0]), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:tradelane:problem:unauthorized"
    assert "secret" not in answer.text


@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_anothers_is_answered_as_if_it_were_not_there(shared: Site, method: str, path: str) -> None:
    ids = ids_of_acme(shared)
    assert len(ids) == 4
    with shared.client("globex-api") as client:
        nothing = client.request(method, path.replace("{id}", str(uuid4())))
        assert nothing.status_code == 404
        for id in ids:
            answer = client.request(method, path.replace("{id}", id))
            assert (answer.status_code, answer.content) == (404, nothing.content)
            assert {name: value for name, value in answer.headers.items() if name != "date"} == {
                name: value for name, value in nothing.headers.items() if name != "date"
            }


def test_anothers_stands_in_no_list(shared: Site) -> None:
    lists = [path for method, path in GUARDED if method == "GET" and "{" not in path]
    assert sorted(lists) == ["/v1/outbound", "/v1/transmissions"]
    with shared.client("globex-api") as client:
        for path in lists:
            assert client.get(path).json()["items"] == []
        for id in ids_of_acme(shared):
            assert client.get("/v1/transmissions", params={"before": id}).json()["items"] == []
    with shared.client() as client:
        assert [len(client.get(path).json()["items"]) for path in sorted(lists)] == [2, 4]


@pytest.mark.parametrize("path", [path for method, path in OF_ONE if method == "GET"])
def test_ones_own_over_every_channel_is_there(shared: Site, path: str) -> None:
    with shared.client() as client:
        outbound = {one["id"] for one in client.get("/v1/outbound").json()["items"]}
        for id in ids_of_acme(shared):
            wanted = 404 if path.startswith("/v1/outbound") and id not in outbound else 200
            assert client.get(path.replace("{id}", id)).status_code == wanted


def test_anothers_file_cannot_be_taken_away(site: Site) -> None:
    site.send(file_of("PO-1"))
    site.line.run()
    with site.client() as mine, site.client("globex-api") as theirs:
        [waiting] = mine.get("/v1/outbound").json()["items"]
        assert theirs.post(f"/v1/outbound/{waiting['id']}/collected").status_code == 404
        assert mine.get("/v1/outbound").json()["items"] == [waiting]


def test_a_key_is_good_until_its_last_moment(site: Site) -> None:
    site.keys["acme-api"] = site.key("acme-api", days=1)
    with site.client() as client:
        assert client.get("/v1/outbound").status_code == 200
        site.line.clock.advance(timedelta(days=1, seconds=-1))
        assert client.get("/v1/outbound").status_code == 200
        site.line.clock.advance(timedelta(seconds=1))
        assert client.get("/v1/outbound").status_code == 401


def test_a_revoked_key_opens_nothing_and_both_are_audited(site: Site) -> None:
    key = site.keys["acme-api"]
    id = key.split("_")[1]
    with site.line.store.begin() as conn:
        assert api_keys.revoke(conn, id, at=site.line.clock.now(), actor="test")
        assert not api_keys.revoke(conn, id, at=site.line.clock.now(), actor="test")
        [mine] = [one for one in api_keys.every(conn) if one.id == id]
    assert mine.revoked_at is not None
    with site.client() as client:
        assert client.get("/v1/outbound").status_code == 401
    assert site.line.audit_holds()


def test_the_secret_of_a_key_is_kept_nowhere(site: Site) -> None:
    secret = site.keys["acme-api"].split("_", 2)[2]
    with site.line.store.begin() as conn:
        for table in ("api_key", "audit"):
            rows = conn.exec_driver_sql(f"SELECT {table}::text FROM {table}").scalars().all()
            assert rows
            assert not [row for row in rows if secret in row]


def test_a_key_of_an_account_that_left_its_profile_opens_nothing(site: Site) -> None:
    site.keys["gone"] = site.key("gone-api")
    site.keys["sftp"] = site.key("acme-sftp")  # an account, but none for HTTPS
    for account in ("gone", "sftp"):
        with site.client(account) as client:
            assert client.get("/v1/outbound").status_code == 401


def test_an_account_may_be_bound_to_networks(fresh_store: Store, tmp_path: Path) -> None:
    with serving(fresh_store, tmp_path / "home", more=", allowed_from: [203.0.113.0/24]") as site:
        with site.client() as client:
            assert client.get("/v1/outbound").status_code == 401
        with site.client("globex-api") as client:
            assert client.get("/v1/outbound").status_code == 200


def test_a_key_in_a_query_or_a_second_header_opens_nothing(site: Site) -> None:
    key = site.keys["acme-api"]
    with site.client(None) as client:
        assert client.get("/v1/outbound", params={"key": key}).status_code == 401
        twice = [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer x")]
        assert client.get("/v1/outbound", headers=httpx.Headers(twice)).status_code == 400


def test_uploads_of_two_partners_do_not_mix(site: Site) -> None:
    mine, theirs = site.send(b"ISA*mine"), site.send(b"ISA*theirs", account="globex-api")
    for account, own, other in (("acme-api", mine, theirs), ("globex-api", theirs, mine)):
        with site.client(account) as client:
            assert [UUID(one["id"]) for one in client.get("/v1/transmissions").json()["items"]] == [own]
            assert client.get(f"/v1/transmissions/{other}").status_code == 404
