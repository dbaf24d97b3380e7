"""What onboarding writes into a workspace: answers so far, the profile with its key, our identity, the certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from gateway.errors import GatewayError
from gateway.onboarding.questions import documents_of
from gateway.onboarding.roles import ROLES
from partners.model import LegalEntity
from translators.datafile import Mapping as DataMapping
from translators.datafile import Scalar, read_datafile

PROFILES = Path("partners") / "profiles"
ONBOARDING = "onboarding"


class ProfileExists(GatewayError):
    """The partner has a profile that onboarding did not write, or that was changed since: it is a person's now."""


@dataclass(frozen=True, slots=True)
class Certified:
    """That a scenario held: for this revision of the profile, at this moment."""

    revision: str
    scenario: str
    at: str


def answers_of(path: Path) -> dict[str, str]:
    """The answers of a YAML file of texts; none where it does not exist.

    Raises:
        LoadError: it is no such file.
    """
    if not path.exists():
        return {}
    top: DataMapping = read_datafile(path.read_bytes(), file=str(path))
    return {name.text: value.text for name, value in top.entries if isinstance(value, Scalar)}


def saved_answers(home: Path, partner: str) -> Path:
    """Where the answers about a partner are kept until it is done, and after."""
    return home / ONBOARDING / partner / "answers.yaml"


def save_answers(path: Path, answers: Mapping[str, str]) -> None:
    """Keep the answers, so that a run that was broken off goes on where it stood."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{key}: {_quoted(answer)}\n" for key, answer in answers.items()))


def write_profile(home: Path, partner: str, answers: Mapping[str, str], *, ourselves: str) -> Path:
    """Write the partner's profile and key.

    Args:
        home: the workspace.
        partner: its key.
        answers: to every question.
        ourselves: key of the legal entity it trades with.

    Raises:
        ProfileExists: there is another one.
    """
    folder = home / PROFILES / partner
    path = folder / "profile.yaml"
    text = profile_text(answers, ourselves=ourselves)
    written = home / ONBOARDING / partner / "profile.yaml"
    if path.exists() and path.read_text() not in (text, written.read_text() if written.exists() else ""):
        raise ProfileExists(f"{path} is there already, and not as onboarding wrote it; change it by hand")
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(text)
    key = answers["key"]
    line = Path(key).read_text() if Path(key).is_file() else key + "\n"
    (folder / "keys" / "onboarding.pub").write_text(line)
    return path


def profile_text(answers: Mapping[str, str], *, ourselves: str) -> str:
    """The profile that the answers mean."""
    qualifier, _, id = answers["identifier"].partition("/")
    lines = [
        f"name: {_quoted(answers['name'])}",
        "status: active",
        f"time_zone: {answers['time_zone']}",
        "identifiers:",
        f"  - {{qualifier: {_quoted(qualifier)}, id: {_quoted(id)}}}",
        "contacts:",
        f"  - {{name: {_quoted(answers['contact'])}, role: edi, email: {_quoted(answers['email'])}}}",
        "acknowledge: {functional: always, interchange: on_error}",
        "sftp:",
        f"  - user: {answers['user']}",
        "agreements:",
    ]
    role = ROLES[answers["role"]]
    for code in documents_of(answers):
        direction, name = role.direction_of(code), role.map_of(code)
        lines += [
            f"  - document: {_quoted(code)}",
            f"    direction: {direction}",
            f"    version: {_quoted(answers['version'])}",
            f"    ourselves: {ourselves}",
            f"    map: {name}",
            f"    currency: {answers['currency']}",
        ]
        if direction == "in":
            lines.append(f"    deliver_to: [{answers['deliver_to']}]")
    return "\n".join(lines) + "\n"


def write_ourselves(home: Path, identity: str, known: Mapping[str, LegalEntity]) -> str:
    """The key of our legal entity with this identity; where none has it, one is added to `ourselves.yaml`.

    Args:
        home: the workspace.
        identity: as `ZZ/ACME`.
        known: our entities, by key.
    """
    for key, entity in known.items():
        if identity in map(str, entity.identifiers):
            return key
    names = chain(["us"], (f"us-{number}" for number in count(2)))
    key = next(name for name in names if name not in known)
    path = home / PROFILES / "ourselves.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    qualifier, _, id = identity.partition("/")
    with path.open("a") as file:
        file.write(f"{key}:\n  name: {_quoted(id)}\n  identifiers:\n")
        file.write(f"    - {{qualifier: {_quoted(qualifier)}, id: {_quoted(id)}}}\n")
    return key


def certify(home: Path, partner: str, *, revision: str, scenario: str, at: datetime) -> None:
    """Note that a scenario held."""
    path = home / ONBOARDING / partner / "certified.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"revision": revision, "scenario": scenario, "at": at.isoformat()}) + "\n")


def certified(home: Path, partner: str) -> Certified | None:
    """What was noted of the partner last; None where nothing was."""
    path = home / ONBOARDING / partner / "certified.json"
    return Certified(**json.loads(path.read_bytes())) if path.exists() else None


def _quoted(text: str) -> str:
    """A YAML scalar whatever the text holds: JSON's strings are YAML's, too."""
    return json.dumps(text)
