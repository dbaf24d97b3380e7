"""mTLS: a pinned client certificate stands for an API key; any other opens nothing."""

from __future__ import annotations

import contextlib
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.api.server import HttpServer, server_context
from gateway.errors import GatewayError
from gateway.http_settings import TlsFiles
from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving
from tests.self_signed import Certificate


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Certificate]:
    return {name: Certificate(tmp_path, name) for name in ("localhost", "acme", "stranger", "unlisted")}


@pytest.fixture
def tls(certificates: dict[str, Certificate]) -> TlsFiles:
    return TlsFiles(certificates["localhost"].file, certificates["localhost"].key_file)


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


def shaken(tls: TlsFiles, version: ssl.TLSVersion, ciphers: str) -> str:
    """Shake hands with a client that knows this version and these ciphers alone: the cipher, or why not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of versions that are to be refused
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server)
    server = server_context(tls).wrap_bio(to_server, to_client, server_side=True)
    done = False
    while not done:
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        try:
            server.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            return error.reason
    found = server.cipher()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(tls: TlsFiles, version: ssl.TLSVersion) -> None:
    assert shaken(tls, version, "ALL") == "UNSUPPORTED_PROTOCOL"


@pytest.mark.parametrize("cipher", ["AES128-SHA256", "AES256-SHA384", "AES256-SHA", "NULL-SHA"])
def test_ciphers_of_the_past_are_refused(tls: TlsFiles, cipher: str) -> None:
    assert shaken(tls, ssl.TLSVersion.TLSv1_2, f"ECDHE-ECDSA-{cipher}") == "NO_SHARED_CIPHER"


def test_tls_1_2_and_1_3_are_spoken(tls: TlsFiles) -> None:
    assert shaken(tls, ssl.TLSVersion.TLSv1_2, "ALL").startswith("ECDHE-ECDSA-AES256-GCM")
    assert shaken(tls, ssl.TLSVersion.TLSv1_3, "ALL").startswith("TLS_")


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
