"""docs/partners.md is what the code reads: its examples load, and no key is left out of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from partners import (
    accounts,
    agreements,
    as2_accounts,
    file_terms,
    folder_accounts,
    https_accounts,
    profile,
    remotes,
)
from partners.registry import Refusal

REFERENCE = (Path(__file__).parents[2] / "docs/partners.md").read_text(encoding="utf-8")
PROFILE, OURSELVES = re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)


def test_the_examples_load(new_profiles: Callable[..., Any]) -> None:
    profiles = new_profiles(ourselves=OURSELVES)
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/guides/850.in.yaml", "extends: 850@004010\n")
    schema = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Order"/></xs:schema>'
    profiles.write("acme/schemas/order.xsd", schema)
    profiles.write("globex/profile.yaml", "name: Globex\n")
    registry = profiles.load()
    assert len(registry.partners["acme"].agreements) == 5
    assert registry.account("acme") is not None


def test_every_key_a_profile_may_have_stands_in_the_example() -> None:
    known = {*profile.PROFILE_KEYS, *accounts.ACCOUNT_KEYS, *accounts.LIMIT_KEYS, *agreements.AGREEMENT_KEYS}
    known |= {*agreements.ACKNOWLEDGE_KEYS, *profile.NUMBER_KEYS, *profile.TEXT_KEYS}
    known |= {*as2_accounts.AS2_KEYS, *file_terms.FILE_KEYS}
    known |= {*https_accounts.HTTPS_KEYS}
    known |= {*remotes.REMOTE_KEYS, *remotes.FETCH_KEYS, *remotes.SEND_KEYS, *remotes.BREAKER_KEYS}
    known |= {*folder_accounts.FOLDER_KEYS}
    shown = set(re.findall(r"([a-z0-9_]+):", PROFILE))
    assert known <= shown


def test_every_code_of_a_refusal_is_named() -> None:
    assert [code.value for code in Refusal if f"`{code.value}`" not in REFERENCE] == []
