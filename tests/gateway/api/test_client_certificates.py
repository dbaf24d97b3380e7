"""mTLS: a pinned client certificate stands for an API key; any other opens nothing."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.api.server import HttpServer
from gateway.errors import GatewayError
from gateway.http_settings import TlsFiles
from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving
from tests.self_signed import Certificate


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Certificate]:
    return {name: Certificate(tmp_path, name) for name in ("localhost", "acme", "stranger", "unlisted")}


@pytest.fixture
def secure(fresh_store: Store, tmp_path: Path, certificates: dict[str, Certificate]) -> Iterator[Site]:
    """Lets in acme's certificate, which acme pins, and a stranger's, which nobody does."""
    clients = tmp_path / "clients.pem"
    clients.write_bytes(certificates["acme"].file.read_bytes() + certificates["stranger"].file.read_bytes())
    tls = TlsFiles(certificates["localhost"].file, certificates["localhost"].key_file, clients)
    more = f", certificates: [SHA256:{certificates['acme'].sha256}]"
    with serving(fresh_store, tmp_path / "home", tls=tls, more=more) as found:
        yield found


def calling(
    site: Site, certificates: dict[str, Certificate], client: str | None, account: str | None = None
) -> httpx.Response:
    context = ssl.create_default_context(cafile=str(certificates["localhost"].file))
    if client is not None:
        context.load_cert_chain(certificates[client].file, certificates[client].key_file)
    headers = {} if account is None else {"Authorization": f"Bearer {site.keys[account]}"}
    with httpx.Client(verify=context, trust_env=False, timeout=20) as caller:
        url = f"https://localhost:{site.server.address[1]}/v1/transmissions"
        return caller.post(url, content=b"ISA*x", headers=headers)


def test_a_pinned_certificate_opens_its_account(secure: Site, certificates: dict[str, Certificate]) -> None:
    answer = calling(secure, certificates, "acme")
    assert (answer.status_code, answer.json()["account"]) == (201, "acme-api")


def test_a_key_alone_still_opens_its_account(secure: Site, certificates: dict[str, Certificate]) -> None:
    assert calling(secure, certificates, None, "globex-api").json()["account"] == "globex-api"


def test_a_key_that_is_shown_counts_alone(secure: Site, certificates: dict[str, Certificate]) -> None:
    assert calling(secure, certificates, "acme", "globex-api").json()["account"] == "globex-api"
    secure.keys["bad"] = "tlk_000000000000_" + "A" * 43
    assert calling(secure, certificates, "acme", "bad").status_code == 401


@pytest.mark.parametrize("client", [None, "stranger"])
def test_no_certificate_or_one_nobody_pins_opens_nothing(
    secure: Site, certificates: dict[str, Certificate], client: str | None
) -> None:
    assert calling(secure, certificates, client).status_code == 401


def test_a_certificate_that_is_not_let_in_ends_the_handshake(
    secure: Site, certificates: dict[str, Certificate]
) -> None:
    with pytest.raises(httpx.TransportError):
        calling(secure, certificates, "unlisted")


def test_old_tls_is_refused(secure: Site, certificates: dict[str, Certificate]) -> None:
    context = ssl.create_default_context(cafile=str(certificates["localhost"].file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=context, trust_env=False) as caller:
        assert caller.get(f"https://localhost:{secure.server.address[1]}/healthz").status_code == 200
    assert secure.server.tls_floor is ssl.TLSVersion.TLSv1_2


def test_files_that_are_no_certificate_are_told_at_start(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(GatewayError, match=r"http\.tls"):
        HttpServer(
            lambda *_: None,
            host="127.0.0.1",
            port=0,
            connections=1,
            tls=TlsFiles(tmp_path / "bad.pem", tmp_path / "missing.key"),
        )
