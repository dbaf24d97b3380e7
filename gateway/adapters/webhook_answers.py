"""What an answer means: the first rule that knows it, else its status, which alone never proves that it was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from gateway.adapters.json_pointer import text_at
from gateway.adapters.protocol import Accepted, Duplicate, ExternalRef, Outcome, Rejected, Retry, Uncertain
from gateway.adapters.webhook_config import (
    AcceptedAnswer,
    Answer,
    DuplicateAnswer,
    RejectedAnswer,
    RetryAnswer,
    Rule,
    UncertainAnswer,
)
from translators.errors import shown

USUAL_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(days=1)
LONGEST_ID = 200

_RETRIED = frozenset({401, 403, 425, 429, 503})
_OF_SETTINGS = frozenset({404, 405, 406, 410, 411, 413, 415, 431})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is judged.

    Args:
        headers: names in lower case.
        body: the JSON in it; None where there is none.
    """

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Sent:
    """What it answers.

    Args:
        reference: the document's.
        content_sha256: hex, of the JSON that was sent.
        at: the moment, aware.
    """

    reference: str
    content_sha256: str
    at: datetime


def judge(answer: Answered, rules: Sequence[Rule], sent: Sent) -> Outcome:
    """What became of the document, by what was answered."""
    rule = next((rule for rule in rules if matches(answer, rule)), None)
    match rule:
        case AcceptedAnswer():
            return _accepted(answer, rule, sent)
        case DuplicateAnswer():
            return _duplicate(answer, rule, sent)
        case RejectedAnswer():
            code = _text(answer, rule.code) or f"http.{answer.status}"
            message = _text(answer, rule.message) or _phrase(answer.status)
            return Rejected(shown(code), shown(message), shown(_text(answer, rule.path) or ""), rule.fix)
        case RetryAnswer():
            wait = retry_after(answer, sent.at, usual=timedelta(seconds=rule.seconds))
            return Retry(wait, rule.scope, f"answered {_phrase(answer.status)}")
        case UncertainAnswer():
            return Uncertain(f"answered {_phrase(answer.status)}, which does not say whether it was taken")
        case None:
            return _by_status(answer, sent, has_rules=any(isinstance(rule, AcceptedAnswer) for rule in rules))


def matches(answer: Answered, rule: Answer) -> bool:
    """Whether a rule is meant by an answer."""
    return (
        status_in(answer.status, rule.status)
        and all(text_at(answer.body, pointer) in texts for pointer, texts in rule.where.items())
        and all(answer.headers.get(name.lower()) in texts for name, texts in rule.headers.items())
    )


def status_in(status: int, wanted: Sequence[str]) -> bool:
    """Whether a status is one of `409`, `2xx`."""
    return str(status) in wanted or f"{status // 100}xx" in wanted


def retry_after(answer: Answered, at: datetime, *, usual: timedelta) -> timedelta:
    """How long it asks us to wait (RFC 9110 10.2.3), a day at most; as usual where it does not say."""
    wait = said_wait(answer.headers, at)
    return usual if wait is None else wait


def said_wait(headers: Mapping[str, str], at: datetime) -> timedelta | None:
    """How long these headers ask us to wait, a day at most; None where they do not say."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return min(timedelta(seconds=int(said)), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max(moment - at, timedelta()), LONGEST_WAIT)


def _accepted(answer: Answered, rule: AcceptedAnswer, sent: Sent) -> Outcome:
    ref = sent.reference if rule.id is None else text_at(answer.body, rule.id)
    if not ref or len(ref) > LONGEST_ID:
        return Uncertain(f"answered {_phrase(answer.status)} without the id at {rule.id}")
    return Accepted(ExternalRef(ref), shown(_text(answer, rule.state) or str(answer.status)))


def _duplicate(answer: Answered, rule: DuplicateAnswer, sent: Sent) -> Outcome:
    ref = _text(answer, rule.id) or sent.reference
    same = rule.same_content
    if rule.content_sha256 is not None:
        same = (_text(answer, rule.content_sha256) or "").lower() == sent.content_sha256
    return Duplicate(ExternalRef(ref[:LONGEST_ID]), same_content=bool(same))


def _by_status(answer: Answered, sent: Sent, *, has_rules: bool) -> Outcome:
    status, said = answer.status, _phrase(answer.status)
    if 200 <= status < 300:
        if has_rules:
            return Uncertain(f"answered {said} with a body that no rule knows")
        return Accepted(ExternalRef(sent.reference), str(status))
    if status in _RETRIED or 300 <= status < 400:
        why = "; redirects are not followed, set url to where it leads" if status < 400 else ""
        return Retry(retry_after(answer, sent.at, usual=USUAL_WAIT), "target", f"answered {said}{why}")
    if 400 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        return Rejected(f"http.{status}", f"answered {said}", "", "config" if status in _OF_SETTINGS else "data")
    return Uncertain(f"answered {said}, which does not say whether it was taken")


def _text(answer: Answered, pointer: str | None) -> str | None:
    return None if pointer is None else text_at(answer.body, pointer)


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
