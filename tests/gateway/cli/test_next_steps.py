"""Each kind of matter names what a person can do about it, with commands that there are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.main import get_command

from gateway.cli.main import app
from gateway.cli.next_steps import CODES, next_step
from gateway.model import ExceptionState
from gateway.store.exception_groups import Group

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
ABOUT = UUID(int=7)


def step(code: str, *, of: str = "delivery", state: str = "open", fix: str | None = None) -> str:
    group = Group("ab12", ExceptionState(state), code, None, 1, 1, MOMENT, MOMENT, None, None, None, None, "why", fix)
    member: dict[str, Any] = {"state": state, "delivery_id": None, "document_id": None, "transmission_id": None}
    return next_step(group, [member | {"fix": fix, f"{of}_id": ABOUT}])


def test_what_a_business_system_refuses_is_put_right_and_tried_again_or_given_up() -> None:
    assert "tradelane retry --group ab12" in step("http.400")
    assert f"tradelane resolve {ABOUT} --given-up" in step("http.400")


@pytest.mark.parametrize(
    ("fix", "wanted"),
    [
        ("data", "in the business system, then tradelane retry --group ab12"),
        ("mapping", "tradelane replay reprocess --group ab12"),
        ("config", "in tradelane.yaml, then tradelane retry --group ab12"),
    ],
)
def test_where_it_is_put_right_decides_how_it_goes_on(fix: str, wanted: str) -> None:
    assert wanted in step("item.unknown", fix=fix)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x12.st.unsupported", "replay reprocess --group ab12"),
        ("as2.http_status", "retry --group ab12"),
        ("map.xref.unknown", "xref import"),
        ("send.uncertain", "ask the partner"),
        ("mailbox.not_collected", "replay resend --group ab12"),
    ],
)
def test_what_is_about_a_file_names_its_own_way(code: str, wanted: str) -> None:
    assert wanted in step(code, of="transmission")


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("as2.refused", "tradelane exceptions resolve ab12"),
        ("mailbox.waiting", "ask the partner for the rename, the flag or the rest"),
        ("sftp_client.host_key", "host_keys"),
        ("sftp_client.login", "tradelane partner probe"),
        ("sftp_client.unreachable", "tradelane partner probe"),
    ],
)
def test_what_is_about_a_partners_connection_says_what_to_ask_and_to_put_right(code: str, wanted: str) -> None:
    assert wanted in step(code, of="nothing")


def test_what_is_over_has_no_next_step() -> None:
    assert step("delivery.uncertain", state="resolved") == ""


def test_every_command_that_is_named_is_one() -> None:
    root = get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    named = re.findall(
        r"tradelane ([a-z]+)(?: ([a-z-]+))?", " ".join([*CODES.values(), step("http.400"), step("x12.x")])
    )
    assert len(named) > 10
    for word, below in named:
        command = root.commands[word]
        if isinstance(command, typer.core.TyperGroup):
            assert below in command.commands, f"{word} {below}"
