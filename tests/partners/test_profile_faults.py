"""Every mistake of a profile is found at load, all at once, each where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AGREEMENT = "{document: '850', direction: in, map: acme/850.in, deliver_to: [erp]}"


def test_seven_mistakes_of_one_profile_are_reported_in_one_pass(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        """\
        nmae: Acme
        name: Acme
        status: actve
        time_zone: America/Chicgo
        duplicate_window_days: -1
        identifiers:
          - {qualifier: Z, id: ACME}
        sftp:
          - user: Acme
        agreements:
          - document: "850"
            direction: inn
            map: acme/850.in
            deliver_to: [erp]
        """,
    )
    assert profiles.faults() == [
        ("p/acme/profile.yaml:1:1", 'a profile has no key "nmae"; did you mean "name"?'),
        ("p/acme/profile.yaml:3:9", 'status is "actve"; want active or inactive; did you mean "active"?'),
        (
            "p/acme/profile.yaml:4:12",
            'time_zone is "America/Chicgo"; want an IANA name, as America/Chicago; did you mean "America/Chicago"?',
        ),
        ("p/acme/profile.yaml:5:24", 'duplicate_window_days is "-1"; want a whole number from 0 to 3660'),
        ("p/acme/profile.yaml:7:17", 'qualifier is "Z"; want two digits or capital letters, as ZZ or 01 (ISA05)'),
        ("p/acme/profile.yaml:9:11", 'user is "Acme"; want up to 32 lower-case letters, digits, dots, - and _'),
        ("p/acme/profile.yaml:12:16", 'direction is "inn"; want in or out; did you mean "in"?'),
    ]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("status: active", "1:1", 'a profile needs the key "name"'),
        ("name:", "1:6", "name has no value; want a text"),
        ("name: [A]", "1:7", "name wants a text"),
        ("name: A\nidentifiers: ZZ", "2:14", "identifiers wants a list"),
        ("name: A\nidentifiers: [ZZ]", "2:15", "an item of identifiers wants keys and values"),
        ("name: A\nidentifiers: [{id: A}]", "2:15", 'an identifier needs the key "qualifier"'),
        ("name: A\nidentifiers: [{qualifier: ZZ}]", "2:15", 'an identifier needs the key "id"'),
        ("name: A\nidentifiers: [{qualifier: ZZ, id: SIXTEENLETTERSXX}]", "2:35", "1 to 15 printable ASCII"),
        ("name: A\nidentifiers: [{qualifier: ZZ, id: 'A '}]", "2:35", "no space at the ends"),
        ("name: A\nidentifiers: [{qualifier: ZZ, id: ÄCME}]", "2:35", "printable ASCII"),
        ("name: A\nidentifiers: [{qualifier: ZZ, id: A, ids: B}]", "2:38", 'no key "ids"; did you mean "id"?'),
        ("name: A\ngroup_ids: [X, X]", "2:16", 'group_ids has "X" twice'),
        ("name: A\ngroup_ids: X", "2:12", "group_ids wants a list"),
        ("name: A\nduplicate_window_days: ten", "2:24", "want a whole number from 0 to 3660"),
        ("name: A\nduplicate_window_days: 99999", "2:24", "want a whole number from 0 to 3660"),
        ("name: A\ntime_zone: ../../etc/passwd", "2:12", "want an IANA name"),
        ("name: A\nacknowledge: always", "2:14", "acknowledge wants keys and values"),
        ("name: A\nacknowledge: {functional: allways}", "2:27", 'did you mean "always"?'),
        ("name: A\nacknowledge: {interchange: sometimes}", "2:28", "want never or on_error or always"),
        ("name: A\nacknowledge: {technical: never}", "2:15", 'acknowledge has no key "technical"'),
        ("name: A\ncontacts: [{role: edi}]", "2:12", 'a contact needs the key "name"'),
        ("name: A\ncontacts: [{name: B, email: b.example}]", "2:29", "want an e-mail address"),
        ("name: A\nname: B", "2:1", '"name" stands twice; first at line 1'),
        ("name: [", "1:8", "not YAML"),
        ("- name: A", "1:1", "want keys and values at the top of the file"),
        ("", "1:1", "the file is empty"),
    ],
)
def test_a_fault_of_the_partner_itself_names_its_place(profiles: Any, text: str, place: str, said: str) -> None:
    profiles.write("acme/profile.yaml", text)
    [(found, message)] = profiles.faults()
    assert said in message
    assert found == f"p/acme/profile.yaml:{place}"


@pytest.mark.parametrize(
    ("account", "place", "said"),
    [
        ("pickup: close", "3:5", 'an sftp account needs the key "user"'),
        ("{user: a, pickup: renamed}", "3:23", 'did you mean "rename"?'),
        ("{user: a, picup: close}", "3:15", 'an sftp account has no key "picup"; did you mean "pickup"?'),
        ("{user: a/b}", "3:12", "want up to 32 lower-case letters"),
        ("{user: a, allowed_from: [203.0.113.0/33]}", "3:30", "want an address or network"),
        ("{user: a, allowed_from: [203.0.113.9/24]}", "3:30", "want an address or network"),
        ("{user: a, allowed_from: []}", "3:15", "leave it out to allow any"),
        ("{user: a, carries: []}", "3:15", "leave it out for this partner alone"),
        ("{user: a, carries: [acm]}", "3:25", 'there is no partner "acm"; did you mean "acme"?'),
        ("{user: a, limits: {sessions: 0}}", "3:34", "want a whole number from 1 to 1000"),
        ("{user: a, limits: {session: 1}}", "3:24", 'limits has no key "session"; did you mean "sessions"?'),
        ("{user: a, limits: {file_bytes: 64 MB}}", "3:36", "want bytes, as 1048576 or 64 MiB"),
        ("{user: a, limits: {file_bytes: 0}}", "3:36", "want bytes"),
        ("{user: a, limits: 5}", "3:23", "limits wants keys and values"),
        ("{user: a, keys: [ssh-ed25519 AAAA]}", "3:22", "an item of keys wants keys and values"),
        ("{user: a, keys: [{not_after: 2026-01-01}]}", "3:22", 'a key needs the key "key"'),
        ("{user: a, keys: [{key: ssh-ed25519}]}", "3:28", "the key is incomplete"),
        ("{user: a, keys: [{key: ssh-ed25519 AAAA}]}", "3:28", "the key does not read"),
        ("{user: a, keys: [{key: ssh-ed25519 ?!}]}", "3:28", "the key does not read"),
        ("{user: a, keys: [{key: ssh-dss AAAA}]}", "3:28", 'keys of type "ssh-dss" are not accepted'),
    ],
)
def test_a_fault_of_an_account_names_its_place(profiles: Any, account: str, place: str, said: str) -> None:
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - {account}")
    [(found, message)] = profiles.faults()
    assert said in message
    assert found == f"p/acme/profile.yaml:{place}"


@pytest.mark.parametrize(
    ("agreement", "column", "said"),
    [
        ("{direction: in, map: a/b, deliver_to: [erp]}", 5, 'an agreement needs the key "document"'),
        ("{document: '850', map: a/b, deliver_to: [erp]}", 5, 'an agreement needs the key "direction"'),
        ("{document: 85, direction: in, map: a/b, deliver_to: [erp]}", 16, "want a transaction set, as 850"),
        ("{document: '850', direction: in, deliver_to: [erp]}", 5, 'needs the key "map" (or pass_through: true)'),
        ("{document: '850', direction: in, map: a/b}", 5, 'direction in needs "deliver_to"'),
        ("{document: '850', direction: in, map: a/b, deliver_to: []}", 5, 'direction in needs "deliver_to"'),
        ("{document: '850', direction: in, map: a/b, deliver_to: [../x]}", 61, "want a word of lower-case letters"),
        ("{document: '855', direction: out, map: a/b, deliver_to: [erp]}", 49, "deliver_to is for direction in"),
        ("{document: '850', direction: in, map: ../x, deliver_to: [erp]}", 43, "want the name of a map"),
        ("{document: '850', direction: in, map: a/b, pass_through: true, deliver_to: [e]}", 38, "exclude each other"),
        ("{document: '850', direction: in, map: a/b, ordered: yes, deliver_to: [e]}", 57, "want true or false"),
        ("{document: '850', direction: in, map: a/b, version: 4010, deliver_to: [e]}", 57, "a release as 004010"),
        ("{document: '850', direction: in, map: a/b, version: 4010VICS, deliver_to: [e]}", 57, "a release as 004010"),
        ("{document: '850', direction: in, map: a/b, usage: X, deliver_to: [e]}", 55, 'usage is "X"; want P or T'),
        ("{document: '850', direction: in, map: a/b, syntax: x21, deliver_to: [e]}", 56, 'did you mean "x12"?'),
        ("{document: '850', direction: in, map: a/b, functional_id: po, deliver_to: [e]}", 63, "two capital letters"),
        ("{document: '850', direction: in, map: a/b, currency: usd, deliver_to: [e]}", 58, "an ISO 4217 code"),
        ("{document: '850', direction: in, map: a/b, ourselves: ue, deliver_to: [e]}", 59, "no legal entity in"),
        ("{document: '850', direction: in, map: a/b, values: {currency: USD}, deliver_to: [e]}", 57, "key of its own"),
        ("{document: '850', direction: in, map: a/b, values: {A-B: c}, deliver_to: [e]}", 57, 'is named "A-B"'),
        ("{document: '850', direction: in, map: a/b, values: {a: [b]}, deliver_to: [e]}", 60, "a wants a text"),
        (
            "{document: '850', direction: in, map: a/b, deliver_to: [e], acknowledge: {interchange: never}}",
            79,
            "a TA1 answers before a set is known",
        ),
        (
            "{document: '850', direction: in, map: a/b, deliver_to: [e], acknowledge: {functional: no}}",
            91,
            "want never",
        ),
        ("{document: '850', direction: in, map: a/b, delivre_to: [e], deliver_to: [e]}", 48, "did you mean"),
    ],
)
def test_a_fault_of_an_agreement_names_its_place(profiles: Any, agreement: str, column: int, said: str) -> None:
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {agreement}")
    [(found, message)] = profiles.faults()
    assert said in message
    assert found == f"p/acme/profile.yaml:3:{column}"


def test_a_weak_key_is_refused_and_says_how_strong_one_must_be(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - user: a\n    keys:\n      - key: {key_lines['weak']}\n")
    assert profiles.faults() == [("p/acme/profile.yaml:5:14", "the rsa key has 1024 bits; want 2048 to 16384")]


def test_a_key_in_another_keys_clothing_does_not_read(profiles: Any, key_lines: dict[str, str]) -> None:
    blob = key_lines["rsa"].split()[1]
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - {{user: a, keys: [{{key: ssh-ed25519 {blob}}}]}}\n")
    [(place, message)] = profiles.faults()
    assert place == "p/acme/profile.yaml:3:28"
    assert "does not read" in message


@pytest.mark.parametrize(
    ("days", "line", "said"),
    [
        ("not_before: 2026-02-30", 6, 'not_before is "2026-02-30"; want a day'),
        ("not_after: tomorrow", 6, 'not_after is "tomorrow"; want a day'),
        ("not_after: 2026-05-01T12:00:00", 6, "or a moment as 2026-12-31T18:00:00Z"),
        ("not_before: 2026-05-02\n        not_after: 2026-05-01", 7, "not_after lies before not_before"),
    ],
)
def test_days_of_a_key_that_do_not_read_are_faults(
    profiles: Any, key_lines: dict[str, str], days: str, line: int, said: str
) -> None:
    key = f"key: {key_lines['ed25519']}"
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - user: a\n    keys:\n      - {key}\n        {days}\n")
    [(place, message)] = profiles.faults()
    assert said in message
    assert place.startswith(f"p/acme/profile.yaml:{line}:")


def test_the_same_key_twice_in_an_account_is_a_fault(profiles: Any, key_lines: dict[str, str]) -> None:
    entry = f"- key: {key_lines['ed25519']}\n      "
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - user: a\n    keys:\n      {entry}{entry}")
    assert profiles.faults() == [("p/acme/profile.yaml:6:9", "this key stands twice in the account")]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("US: {name: A, identifiers: [{qualifier: ZZ, id: A}]}", "1:1", 'a legal entity is "US"; want a word'),
        ("us: A", "1:5", "us wants keys and values"),
        ("us: {name: A}", "1:5", 'a legal entity needs the key "identifiers"'),
        ("us: {identifiers: [{qualifier: ZZ, id: A}]}", "1:5", 'a legal entity needs the key "name"'),
        ("us: {name: A, identifers: [], identifiers: []}", "1:15", 'did you mean "identifiers"?'),
    ],
)
def test_a_fault_of_our_own_identities_names_its_place(
    new_profiles: Callable[..., Any], text: str, place: str, said: str
) -> None:
    [(found, message)] = new_profiles(ourselves=text).faults()
    assert said in message
    assert found == f"p/ourselves.yaml:{place}"


def test_an_identifier_belongs_to_one_partner_only(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\nidentifiers:\n  - {qualifier: ZZ, id: SAME}\n")
    profiles.write(
        "globex/profile.yaml", "name: G\nidentifiers:\n  - {qualifier: '01', id: SAME}\n  - {qualifier: ZZ, id: SAME}\n"
    )
    first = profiles.root / "acme/profile.yaml"
    assert profiles.faults() == [
        (
            "p/globex/profile.yaml:4:5",
            f"ZZ/SAME is already an identifier of the partner acme ({first}:3:5)",
        )
    ]


def test_a_partner_cannot_go_by_an_identity_of_ours(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\nidentifiers:\n  - {qualifier: ZZ, id: HOUSEUS}\n")
    [(place, message)] = profiles.faults()
    assert place == "p/acme/profile.yaml:3:5"
    assert "already an identifier of our us" in message


def test_two_partners_cannot_share_a_login(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\nsftp:\n  - user: drop\n")
    profiles.write("globex/profile.yaml", "name: G\nsftp:\n  - user: drop\n")
    first = profiles.root / "acme/profile.yaml"
    assert profiles.faults() == [
        ("p/globex/profile.yaml:3:11", f"the SFTP user drop stands twice; first at {first}:3:11")
    ]


def test_one_partner_cannot_have_the_same_login_twice(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\nsftp:\n  - user: drop\n  - user: drop\n")
    assert [place for place, _ in profiles.faults()] == ["p/acme/profile.yaml:4:11"]


def test_a_partner_in_two_roots_is_refused(new_profiles: Callable[..., Any]) -> None:
    shipped, workspace = new_profiles("shipped"), new_profiles("workspace", ourselves=None)
    shipped.write("acme/profile.yaml", "name: A\n")
    workspace.write("acme/profile.yaml", "name: B\n")
    first = shipped.root / "acme/profile.yaml"
    assert shipped.faults(workspace) == [
        ("workspace/acme/profile.yaml:1:1", f"the partner acme stands twice; first in {first}")
    ]


def test_a_legal_entity_in_two_roots_is_refused(new_profiles: Callable[..., Any]) -> None:
    shipped = new_profiles("shipped")
    workspace = new_profiles("workspace", ourselves="eu: {name: E, identifiers: [{qualifier: ZZ, id: E2}]}\n")
    [(place, message)] = shipped.faults(workspace)
    assert place == "workspace/ourselves.yaml:1:1"
    assert message.startswith("the legal entity eu stands twice; first at ")


def test_files_and_folders_that_say_nothing_are_faults(profiles: Any) -> None:
    profiles.write("acme/profile.yml", "name: A\n")
    profiles.write("Big Shop/profile.yaml", "name: A\n")
    profiles.write("ourselfs.yaml", "us: {}\n")
    assert [place for place, _ in profiles.faults()] == [
        "p/Big Shop:1:1",
        "p/acme/profile.yaml:1:1",
        "p/acme/profile.yml:1:1",
        "p/ourselfs.yaml:1:1",
    ]


def test_an_agreement_twice_ties(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {AGREEMENT}\n  - {AGREEMENT}\n")
    [(place, message)] = profiles.faults()
    assert place == "p/acme/profile.yaml:4:5"
    assert message.startswith(f"ties with the agreement at {profiles.root}/acme/profile.yaml:3:5: ")


def test_agreements_neither_of_which_is_more_specific_tie(profiles: Any) -> None:
    one, other = AGREEMENT.replace("}", ", version: 004010}"), AGREEMENT.replace("}", ", usage: T}")
    profiles.write("acme/profile.yaml", f"name: A\nagreements:\n  - {one}\n  - {other}\n")
    assert [place for place, _ in profiles.faults()] == ["p/acme/profile.yaml:4:5"]


def test_faults_of_several_files_and_between_them_come_together(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: A\nidentifiers: [{qualifier: ZZ, id: SAME}]\nstatus: on\n")
    profiles.write("broken/profile.yaml", "name: [")
    profiles.write(
        "globex/profile.yaml",
        "name: G\nidentifiers: [{qualifier: ZZ, id: SAME}]\nsftp: [{user: g, carries: [broken, nobody]}]\n",
    )
    assert [place for place, _ in profiles.faults()] == [
        "p/acme/profile.yaml:3:9",
        "p/broken/profile.yaml:1:8",
        "p/globex/profile.yaml:2:15",
        "p/globex/profile.yaml:3:36",
    ]
