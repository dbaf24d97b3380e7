"""`tradelane cert` and `partner probe` on a workspace with one AS2 partner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select

from gateway.as2.algorithms import Digest
from gateway.as2.mdn import MDN, make_mdn
from gateway.as2.message import Security
from gateway.as2.mic import digests_of, mic_text
from gateway.certificate_watch import held, warn_of_ending
from gateway.store.engine import Store
from gateway.store.tables import exception
from tests.gateway.as2 import parties
from tests.gateway.as2.peer import Came, Peer, Reply, serving
from tests.gateway.as2.workspace import gateway_of, keep_key, write_workspace
from tests.gateway.cli.conftest import objects

Tradelane = Callable[..., Result]
TODAY = datetime.now(UTC)
DAY = timedelta(days=1)


def lasting(name: str, days: int = 400) -> parties.Party:
    """A certificate that is good today, whatever day that is."""
    return parties.certified(name, parties.party(name, "ec").key, begins=TODAY - DAY, ends=TODAY + days * DAY)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_workspace(tmp_path)
    return tmp_path


def test_certificates_of_ours_and_the_partners_are_listed(tradelane: Tradelane, home: Path) -> None:
    rows = objects(tradelane("cert", "list", "--json"))
    assert [(row["owner"], row["uses"]) for row in rows] == [
        ("us", ["decrypt", "sign", "sign-mdn"]),
        ("acme-as2", ["encrypt", "verify", "verify-mdn"]),
        ("globex-as2", ["encrypt", "verify", "verify-mdn"]),
    ]
    assert all(row["fingerprint"].startswith("SHA256:") for row in rows)


def test_one_that_is_imported_stands_beside_the_others(tradelane: Tradelane, home: Path) -> None:
    file = home / "next.pem"
    file.write_bytes(b"subject=CN = acme\n" + lasting("acme-next").pem)
    result = tradelane("cert", "import", "acme-as2", file, "--use", "verify", "--not-after", "2030-12-31")
    assert result.exit_code == 0, result.output
    rows = [row for row in objects(tradelane("cert", "list", "--json")) if row["owner"] == "acme-as2"]
    assert sorted(row["uses"] for row in rows) == [["encrypt", "verify", "verify-mdn"], ["verify"]]
    again = tradelane("cert", "import", "acme-as2", file, "--use", "verify")
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_a_private_key_of_a_partner_is_never_imported(tradelane: Tradelane, home: Path) -> None:
    file = home / "next.pem"
    party = lasting("acme-next")
    file.write_bytes(party.pem + party.key_pem)
    result = tradelane("cert", "import", "acme-as2", file)
    assert result.exit_code != 0
    assert len(list((home / "partners/profiles/acme/certificates").iterdir())) == 1


def test_who_is_unknown_and_what_is_no_use_is_said(tradelane: Tradelane, home: Path) -> None:
    file = home / "next.pem"
    file.write_bytes(lasting("acme-next").pem)
    assert "neither an AS2 account nor" in tradelane("cert", "import", "nobody", file).stderr
    assert "no use everything" in tradelane("cert", "import", "acme-as2", file, "--use", "everything").stderr


def test_a_key_made_for_us_is_readable_by_us_alone_and_printed_without_its_secret(
    tradelane: Tradelane, home: Path
) -> None:
    result = tradelane("cert", "create", "us")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in result.output
    [made] = [path for path in (home / "as2" / "us").iterdir() if path.name != "one.pem"]
    assert made.stat().st_mode & 0o777 == 0o600
    ours = [row for row in objects(tradelane("cert", "list", "--json")) if row["owner"] == "us"]
    assert len(ours) == 2
    assert tradelane("cert", "create", "acme-as2").exit_code == 2


def test_a_key_of_ours_that_others_may_read_is_refused(tradelane: Tradelane, home: Path) -> None:
    (home / "as2" / "us" / "one.pem").chmod(0o644)
    result = tradelane("cert", "list")
    assert result.exit_code != 0


def test_those_that_end_soon_are_listed_until_another_follows(tradelane: Tradelane, home: Path) -> None:
    for path in home.rglob("*.pem"):
        path.unlink()
    keep_key(home, "one.pem", lasting("house", days=20))
    result = tradelane("cert", "expiring", "--json")
    assert (result.exit_code, [row["owner"] for row in objects(result)]) == (1, ["us"])
    keep_key(home, "two.pem", lasting("house-next"))
    result = tradelane("cert", "expiring", "--json")
    assert (result.exit_code, objects(result)) == (0, [])


def test_the_end_is_told_60_30_14_7_and_1_days_before_once_each(fresh_store: Store, home: Path) -> None:
    gateway = gateway_of(home, fresh_store)
    found = next(iter(held(gateway.registry, gateway.as2_keys)))
    ends = found.certificate.not_after
    told = []
    for days in range(70, -2, -1):
        for hour in (0, 12):
            at = ends - days * DAY + timedelta(hours=hour)
            if warn_of_ending(fresh_store, gateway.registry, gateway.as2_keys, at=at):
                told.append(days)
    assert told == [60, 30, 14, 7, 1]
    with fresh_store.begin() as conn:
        reasons = conn.execute(select(exception.c.reason).order_by(exception.c.opened_at)).scalars().all()
    owners = [reason for reason in reasons if reason.startswith("the certificate of us ends in")]
    assert len(owners) == 5


def probed(tradelane: Tradelane, home: Path, peer: Peer) -> Result:
    """`partner probe` of a partner whose certificates are good today."""
    for path in home.rglob("*.pem"):
        path.unlink()
    keep_key(home, "one.pem", lasting("house"))
    partner = parties.certified("acme", parties.partner().key, begins=TODAY - DAY, ends=TODAY + 400 * DAY)
    (home / "partners/profiles/acme/certificates/one.pem").write_bytes(partner.pem)
    return tradelane("partner", "probe", "acme-as2", "--json")


def test_a_partner_that_cannot_be_reached_fails_the_probe(tradelane: Tradelane, home: Path) -> None:
    with serving() as peer:
        result = probed(tradelane, home, peer)
    looked = objects(result)
    assert result.exit_code == 1
    assert [(row["name"], row["ok"]) for row in looked] == [("address", True), ("connection", False)]


def test_a_partner_that_answers_without_a_receipt_fails_the_probe(tradelane: Tradelane, tmp_path: Path) -> None:
    def answers(_peer: Peer, _came: Came) -> Reply:
        return Reply(200, (("Content-Type", "text/html"),), b"hello")

    with serving(answers) as peer:
        write_workspace(tmp_path, url=peer.url)
        looked = objects(probed(tradelane, tmp_path, peer))
    assert [(row["name"], row["ok"]) for row in looked] == [
        ("address", True),
        ("connection", True),
        ("test message", False),
    ]


def test_a_partner_that_is_none_over_as2_cannot_be_probed(tradelane: Tradelane, home: Path) -> None:
    assert tradelane("partner", "probe", "globex-as2").exit_code == 2


def test_a_partner_in_order_passes_the_probe(tradelane: Tradelane, tmp_path: Path) -> None:
    taken: list[bytes] = []

    def answers(peer: Peer, came: Came) -> Reply:
        mics = digests_of([came.body])
        taken.append(came.body)
        said = MDN(came.message_id, "ACME", mic=mic_text(mics, Digest.SHA256))
        signer = parties.certified("acme", parties.partner().key, begins=TODAY - DAY, ends=TODAY + DAY)
        made = make_mdn(said, Security(signer=signer.identity), at=TODAY, bodies=peer.bodies)
        return Reply(200, made.headers.pairs, made.content.read())

    with serving(answers) as peer:
        write_workspace(tmp_path, url=peer.url, more="    encrypt: none\n    sign: none")
        result = probed(tradelane, tmp_path, peer)
    assert (result.exit_code, [row["ok"] for row in objects(result)]) == (0, [True, True, True])
    assert b"test of the connection" in taken[0]
