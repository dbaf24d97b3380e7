"""What has to be known of a new partner: QUESTIONS, each with a check of its answer, in the order they are asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from gateway.onboarding.roles import ROLES
from partners.fields import WORD
from translators.datafile import did_you_mean
from translators.errors import shown

ALL = "all"
"""The answer that means every document of the role."""

_IDENTITY = re.compile(r"[0-9A-Z]{2}/[!-~](?:[ -~]{0,13}[!-~])?")
_VERSION = re.compile(r"[0-9]{6}[0-9A-Z]{0,6}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to be known.

    Args:
        key: in an answers file.
        text: how it is asked.
        check: what is wrong with an answer; "" where nothing is.
        default: None where it has to be said.
    """

    key: str
    text: str
    check: Callable[[str], str]
    default: str | None = None


def _any(answer: str) -> str:
    return "" if answer.strip() else "want a text"


def _like(pattern: re.Pattern[str], want: str) -> Callable[[str], str]:
    return lambda answer: "" if pattern.fullmatch(answer) else f"{shown(answer)} is none; want {want}"


def _zone(answer: str) -> str:
    if answer in available_timezones():
        return ""
    return f"{shown(answer)} is no time zone; want an IANA name{did_you_mean(answer, available_timezones())}"


def _role(answer: str) -> str:
    if answer in ROLES:
        return ""
    return f"{shown(answer)} is none; want one of {', '.join(ROLES)}{did_you_mean(answer, ROLES)}"


def _documents(answer: str) -> str:
    known = sorted({code for role in ROLES.values() for code in role.examples})
    unknown = [word for word in answer.split() if word not in known]
    if (unknown and answer != ALL) or not answer.split():
        hint = did_you_mean(unknown[0], known) if unknown else ""
        return f"{' '.join(unknown) or 'nothing'} is not known; want {ALL}, or some of {' '.join(known)}{hint}"
    return ""


def _key(answer: str) -> str:
    if answer.startswith(("ssh-", "ecdsa-")) or Path(answer).is_file():
        return ""
    return f"{shown(answer)} is neither a public key line nor a file that holds one"


_IDENTITY_WANT = "an ISA qualifier and id, as ZZ/ACME (ISA05/ISA06)"
_EMAIL_WANT = "an e-mail address"

QUESTIONS: tuple[Question, ...] = (
    Question("name", "What is the partner called?", _any),
    Question("role", f"What is it to us ({', '.join(ROLES)})?", _role, "buyer"),
    Question("identifier", f"Which identity does it send under ({_IDENTITY_WANT})?", _like(_IDENTITY, _IDENTITY_WANT)),
    Question("time_zone", "In which time zone is it?", _zone, "UTC"),
    Question("contact", "Who looks after EDI there?", _any, "EDI desk"),
    Question("email", "And that desk's e-mail address?", _like(_EMAIL, _EMAIL_WANT)),
    Question("user", "What is its SFTP user name?", _like(WORD.pattern, WORD.want)),
    Question("key", "Its SSH public key (the line, or a file)?", _key),
    Question(
        "version", "Which X12 version (GS08)?", _like(_VERSION, "a release, as 004010, with its suffix"), "004010"
    ),
    Question("documents", f"Which documents pass ({ALL}, or some of its role's)?", _documents, ALL),
    Question(
        "currency", "In which currency, where a document names none?", _like(_CURRENCY, "an ISO 4217 code"), "USD"
    ),
    Question("deliver_to", "To which destination go its documents?", _like(WORD.pattern, WORD.want), "erp"),
    Question("ourselves", f"Which identity of ours does it know ({_IDENTITY_WANT})?", _like(_IDENTITY, _IDENTITY_WANT)),
)


def faults_in(answers: Mapping[str, str]) -> list[str]:
    """What is wrong with the answers that are there, and keys that no question has."""
    known = {question.key: question for question in QUESTIONS}
    faults = [f"{key}: no such question{did_you_mean(key, known)}" for key in answers if key not in known]
    for key, answer in answers.items():
        wrong = known[key].check(answer) if key in known else ""
        if wrong:
            faults.append(f"{key}: {wrong}")
    return faults or not_of_role(answers)


def not_of_role(answers: Mapping[str, str]) -> list[str]:
    """What is wrong with `documents` of the role; nothing as long as one of the two is open."""
    role = ROLES.get(answers.get("role", ""))
    asked = answers.get("documents", ALL)
    if role is None or asked == ALL:
        return []
    strange = [code for code in asked.split() if code not in role.examples]
    if not strange:
        return []
    text = f"{' '.join(strange)} do(es) not pass with a {answers['role']}"
    return [f"documents: {text}; want {ALL}, or some of {' '.join(role.examples)}"]


def documents_of(answers: Mapping[str, str]) -> list[str]:
    """The sets that were agreed, in the order they pass."""
    role, asked = ROLES[answers["role"]], answers["documents"].split()
    return [code for code in role.examples if asked == [ALL] or code in asked]


def open_questions(answers: Mapping[str, str]) -> list[Question]:
    """Those without a (good) answer."""
    return [question for question in QUESTIONS if question.key not in answers or question.check(answers[question.key])]
