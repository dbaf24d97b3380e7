"""The text of a profile's revision: its hash is the revision, and no secret stands in it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from partners.logins import PasswordHash, SftpAccount
from partners.model import SchemaFile, TradingPartner
from partners.revision import LARGE, resolved, with_revision

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaGhhc2hoYXNo"


def partner(password: str = HASH) -> TradingPartner:
    account = SftpAccount(partner="acme", user="acme", passwords=(PasswordHash(password),))
    return TradingPartner(key="acme", name="Acme", accounts=(account,))


def test_the_hash_of_the_text_is_the_revision() -> None:
    whole = with_revision(partner())
    assert hashlib.sha256(resolved(whole).encode("ascii")).hexdigest() == whole.revision
    assert resolved(with_revision(whole)) == resolved(whole)


def test_a_password_changes_the_revision_and_its_hash_is_not_shown() -> None:
    assert "argon2" not in resolved(partner())
    assert HASH[-8:] not in resolved(partner())
    assert with_revision(partner()).revision != with_revision(partner(HASH[:-1] + "x")).revision


def test_a_large_file_beside_the_profile_stands_as_its_hash() -> None:
    small, large = b"<a/>", b"<a>" + b"x" * LARGE
    for content, shown in ((small, small.hex()), (large, hashlib.sha256(large).hexdigest())):
        found = replace(partner(), schemas=(SchemaFile(name="order.xsd", content=content),))
        assert shown in resolved(found)
        assert large.hex() not in resolved(found)
