"""AS2 accounts and certificates of profiles: days, uses, overlap, and every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.as2 import algorithms
from partners import as2_accounts
from partners.certificates import Use, file_content, good_for, read_certificate_file, warned_of
from partners.readiness import readiness
from translators.datafile import LoadFault

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OURSELVES = "us:\n  name: Us\n  as2_name: HOUSE\n  identifiers:\n    - {qualifier: ZZ, id: US}\n"
PROFILE = """\
name: Acme
as2:
  - {user: acme-as2, name: ACME, ourselves: us, url: "https://as2.acme.example/as2"}
"""
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def key(name: str) -> Key:
    match name:
        case "weak":
            return rsa.generate_private_key(65537, 1024)
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def pem(name: str = "a", *, begins: datetime = NOW - 30 * DAY, ends: datetime = NOW + 300 * DAY) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    algorithm = None if name == "ed25519" else hashes.SHA256()
    found = key(name)
    made = x509.CertificateBuilder(subject, subject, found.public_key(), 7, begins, ends).sign(found, algorithm)
    return made.public_bytes(Encoding.PEM)


def private(name: str) -> bytes:
    return key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def held(content: bytes, *, ours: bool = False) -> Any:
    faults: list[LoadFault] = []
    found = read_certificate_file(content, file="a.pem", ours=ours, zone=UTC, faults=faults)  # type: ignore[arg-type]
    assert not faults
    return found


def fault(content: bytes, *, ours: bool = False) -> str:
    faults: list[LoadFault] = []
    assert read_certificate_file(content, file="a.pem", ours=ours, zone=UTC, faults=faults) is None  # type: ignore[arg-type]
    [found] = faults
    return found.message


def test_a_partners_certificate_is_for_all_three_of_its_uses_unless_it_says_less() -> None:
    assert held(pem()).uses == {Use.ENCRYPT, Use.VERIFY, Use.VERIFY_MDN}
    assert held(b"uses: verify\n" + pem()).uses == {Use.VERIFY}


def test_ours_is_for_the_other_three_and_holds_its_key() -> None:
    assert held(pem() + private("a"), ours=True).uses == {Use.DECRYPT, Use.SIGN, Use.SIGN_MDN}


def test_the_days_of_the_file_narrow_those_of_the_certificate_and_never_widen_them() -> None:
    found = held(file_content(pem(), uses=[Use.VERIFY], not_before="2020-01-01", not_after="2026-02-01"))
    assert (found.not_before, found.not_after) == (NOW - 30 * DAY, datetime(2026, 2, 2, tzinfo=UTC))
    assert held(b"not-after: 2099-01-01\n" + pem()).not_after == NOW + 300 * DAY


def test_of_two_that_overlap_both_are_good_and_the_newer_comes_first() -> None:
    older, newer = held(pem()), held(pem(begins=NOW - DAY, ends=NOW + 600 * DAY))
    assert good_for([older, newer], Use.VERIFY, at=NOW) == [newer, older]
    assert good_for([older, newer], Use.VERIFY, at=NOW - 2 * DAY) == [older]
    assert good_for([older, newer], Use.VERIFY, at=NOW + 301 * DAY) == [newer]
    assert good_for([older, newer], Use.DECRYPT, at=NOW) == []


@pytest.mark.parametrize("days", [59, 30, 14, 7, 1])
def test_one_that_ends_within_sixty_days_is_warned_of_unless_another_goes_on(days: int) -> None:
    ending = held(pem(ends=NOW + days * DAY))
    assert warned_of(ending, [ending], at=NOW) == {Use.ENCRYPT, Use.VERIFY, Use.VERIFY_MDN}
    following = held(b"uses: verify, verify-mdn\n" + pem("b"))
    assert warned_of(ending, [ending, following], at=NOW) == {Use.ENCRYPT}


def test_one_that_lasts_is_not_warned_of() -> None:
    assert warned_of(held(pem()), [], at=NOW) == frozenset()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 certificates in PEM"),
        (pem() + pem("b"), "2 certificates in PEM"),
        (pem("weak"), "RSA of 1024 bits"),
        (pem("ed25519"), "neither RSA nor elliptic-curve"),
        (pem() + private("a"), "a partner keeps its own"),
        (b"uses: verfy\n" + pem(), 'a use is "verfy"'),
        (b"uses: decrypt\n" + pem(), 'a use is "decrypt"'),
        (b"not-after: soon\n" + pem(), 'not_after is "soon"'),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not an X.509 certificate"),
        (b"x" * 70_000, "at most 65536 are read"),
        (b"not-befor: 2026-01-01\n" + pem(), 'no line "not-befor"'),
        (b"uses: verify\nuses: encrypt\n" + pem(), "uses stands twice"),
    ],
)
def test_what_is_no_usable_certificate_is_said(content: bytes, message: str) -> None:
    assert message in fault(content)


def test_a_key_of_ours_must_be_that_of_its_certificate() -> None:
    assert "not that of its certificate" in fault(pem() + private("b"), ours=True)
    assert "0 private keys" in fault(pem(), ours=True)


def test_certificates_of_a_folder_belong_to_the_only_account(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/certificates/one.pem", pem().decode())
    registry = profiles.load()
    account = registry.as2_account(theirs="ACME", ours="HOUSE")
    assert account is not None
    assert (account.user, len(account.certificates)) == ("acme-as2", 1)
    assert registry.way("acme-as2").pushed


def test_as2_names_are_compared_with_their_case(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", PROFILE)
    registry = profiles.load()
    assert registry.as2_account(theirs="acme", ours="HOUSE") is None
    assert registry.as2_account(theirs="ACME", ours="House") is None


def test_an_inactive_partner_has_no_as2_account(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", "status: inactive\n" + PROFILE)
    assert profiles.load().as2_account(theirs="ACME", ours="HOUSE") is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("url: ftp://a", "begins with https://"),
        ("sign: sha1", "sha1 is of the past"),
        ("encrypt: 3des-cbc", "3des-cbc is of the past"),
        ("legacy: {sign: [sha1]}", 'needs the key "until"'),
        ("legacy: {sign: [sha-256], until: 2026-12-31}", 'sign is "sha-256"'),
        ("private_networks: [everywhere]", 'private_networks has "everywhere"'),
        ("ourselves: eu", 'no legal entity in ourselves.yaml "eu"'),
        ("sing: none", 'has no key "sing"'),
    ],
)
def test_a_mistake_in_an_account_is_said(new_profiles: Callable[..., Any], more: str, message: str) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    ours = "" if more.startswith("ourselves") else "    ourselves: us\n"
    profiles.write("acme/profile.yaml", f"name: Acme\nas2:\n  - user: a\n    name: ACME\n{ours}    {more}\n")
    assert any(message in found for _, found in profiles.faults())


def test_one_as2_name_has_one_account_for_an_entity_that_has_a_name_itself(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("globex/profile.yaml", "name: Globex\nas2:\n  - {user: globex, name: ACME, ourselves: us}\n")
    assert ["the AS2 name ACME stands twice for us" in text for _, text in profiles.faults()] == [True]
    nameless = new_profiles("q", ourselves=OURSELVES.replace("  as2_name: HOUSE\n", ""))
    nameless.write("acme/profile.yaml", PROFILE)
    assert [text for _, text in nameless.faults()] == ["our us has no as2_name; give it one in ourselves.yaml"]


def test_legacy_algorithms_hold_until_their_day(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    text = "    legacy: {sign: [sha1], encrypt: [3des-cbc], until: 2026-01-05}\n    sign: sha1\n"
    profiles.write("acme/profile.yaml", f"name: A\nas2:\n  - user: a\n    name: ACME\n    ourselves: us\n{text}")
    legacy = profiles.load().as2_account(theirs="ACME", ours="HOUSE").legacy
    assert legacy.holds_at(NOW)
    assert not legacy.holds_at(datetime(2026, 1, 6, tzinfo=UTC))


def test_the_words_of_a_profile_are_those_of_the_messages() -> None:
    """What a profile may ask for is what the message layer has, and no more."""
    for words, known in (
        (as2_accounts.SignWith, algorithms.Digest),
        (as2_accounts.EncryptWith, algorithms.Cipher),
    ):
        assert {word.value for word in words} - {"none"} == {word.value for word in known}
    assert {word.value for word in as2_accounts.Padding} == {word.value for word in algorithms.SignatureScheme}
    assert {word.value for word in as2_accounts.Transport} == {word.value for word in algorithms.KeyTransport}
    assert {word.value for word in as2_accounts.Compress} == {word.value for word in algorithms.Compression}


def test_readiness_asks_for_certificates_that_are_good_for_what_is_agreed(new_profiles: Callable[..., Any]) -> None:
    def looked(profiles: Any, *, at: datetime = NOW) -> tuple[bool, str]:
        registry = profiles.load()
        [check] = [
            one
            for one in readiness(
                registry.partners["acme"],
                ourselves=list(registry.ourselves.values()),
                carriers=[],
                maps=[],
                destinations=[],
                at=at,
            )
            if one.name == "as2 acme-as2"
        ]
        return check.ok, check.found

    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", PROFILE)
    assert looked(profiles) == (False, "0 certificate(s), none good today to verify and encrypt and verify-mdn")
    profiles.write("acme/certificates/one.pem", "uses: verify\n" + pem().decode())
    assert looked(profiles) == (False, "1 certificate(s), none good today to encrypt and verify-mdn")
    profiles.write("acme/certificates/two.pem", pem("b").decode())
    assert looked(profiles) == (True, "2 certificate(s)")
    assert not looked(profiles, at=NOW + 301 * DAY)[0]
