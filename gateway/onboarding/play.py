"""Playing a scenario on a scratch gateway: every step, what was expected of it, and what was found instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.onboarding.scenario import Act, Scenario, Step
from gateway.onboarding.scratch import Scratch, account_of
from gateway.store import timeline
from translators.datafile import did_you_mean
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.reader import read_x12
from translators.x12.writer import ControlNumbers, write_interchange

FIRST_CONTROL_NUMBER = 900_000_001
"""Of the partner's own acknowledgments in a scenario: its files keep theirs."""
ISA_LENGTH = 106


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step; with no difference it is as expected."""

    step: Step
    differences: Sequence[str]

    @property
    def held(self) -> bool:
        """Whether all was as expected."""
        return not self.differences


@dataclass(slots=True)
class _Course:
    """How far a scenario has come: what was sent last, and the partner's next control number."""

    last: Mapping[str, bytes] = field(default_factory=dict)
    number: int = FIRST_CONTROL_NUMBER


def play(scenario: Scenario, on: Scratch, *, partner: str) -> list[StepResult]:
    """Play a scenario with a partner; all steps, also after one that was not as expected."""
    account = account_of(on.gateway.registry, partner)
    if account is None:
        return [StepResult(step, ["no account carries the partner"]) for step in scenario.steps]
    course = _Course()
    return [_played(step, scenario, on, course, partner=partner, account=account) for step in scenario.steps]


def _played(step: Step, scenario: Scenario, on: Scratch, course: _Course, *, partner: str, account: str) -> StepResult:
    before = on.sent()
    differences: list[str] = []
    match step.act:
        case Act.RECEIVE:
            content = (scenario.folder / step.file).read_bytes()
            life = on.life(on.receive(content, account=account, filename=step.file))
            differences += _received(step, life)
        case Act.SEND:
            content = (scenario.folder / step.file).read_bytes()
            handed = on.send(content, partner=partner, filename=step.file)
            differences += [f"{issue.code}: {issue.message}" for issue in handed.issues]
            if handed.lane is None and not handed.issues:
                differences.append(f"it is {handed.state}; nothing is sent")
        case Act.ACKNOWLEDGE:
            differences += _acknowledged(step, on, course, account=account)
    made = {id: content for id, content in on.sent().items() if id not in before}
    if step.act is Act.SEND and not made and not differences:
        differences += _why_not(on, handed.transmission_id)
    if made and step.act is Act.SEND:
        course.last = made
    lines = {line for content in made.values() for line in _segments(content)}
    for segment in step.expected.segments:
        if segment not in lines:
            nearest = did_you_mean(segment, lines)
            differences.append(f"nothing sent has the segment {segment}{nearest}")
    return StepResult(step, differences)


def _received(step: Step, life: Mapping[str, Any]) -> list[str]:
    expected, differences = step.expected, []
    state, wanted = life["transmission"]["state"], expected.state or "processed"
    if state != wanted:
        reason = life["transmission"]["reason"] or "; ".join(row["reason"] for row in life["exceptions"])
        differences.append(f"the file is {state}; want {wanted}" + (f": {reason}" if reason else ""))
    found = {row["code"]: row for row in life["issues"] if row["severity"] == "error" or row["code"] in expected.issues}
    differences += [f"no issue {code} was found" for code in expected.issues if code not in found]
    differences += [f"{code}: {row['message']}" for code, row in found.items() if code not in expected.issues]
    if expected.documents is not None:
        documents = life["documents"]
        if len(documents) != len(expected.documents):
            differences.append(f"{len(documents)} documents were made; want {len(expected.documents)}")
        for ordinal, (document, values) in enumerate(zip(documents, expected.documents, strict=False), 1):
            differences += [f"document {ordinal}: {told}" for told in _differing(document, values)]
    return differences


def _differing(document: Mapping[str, Any], values: Mapping[str, str]) -> list[str]:
    told = []
    for path, wanted in values.items():
        found = document["kind"] if path == "kind" else _value(document["canonical"], path)
        if found != wanted:
            told.append(f"{path} is {found!r}; want {wanted!r}")
    return told


def _value(found: Any, path: str) -> str | None:
    """A value of canonical JSON by a path as `lines[0].qty`; None where there is none."""
    for name in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found if isinstance(found, str) or found is None else orjson.dumps(found).decode()


def _acknowledged(step: Step, on: Scratch, course: _Course, *, account: str) -> list[str]:
    """The partner reads what we sent by the standard, and answers as it must; then what we know of it."""
    if not course.last:
        return ["nothing was sent before that could be acknowledged"]
    for content in course.last.values():
        builder = AcknowledgmentBuilder(guides=on.gateway.guides)
        for event in read_x12([content], guides=on.gateway.guides):
            for answer in builder.take(event):
                groups = tuple(range(1, len(answer.interchange.groups) + 1))
                numbers = ControlNumbers(interchange=course.number, groups=groups)
                course.number += 1
                written = write_interchange(answer.interchange, numbers=numbers, at=on.clock.now())
                on.receive(written, account=account, filename=f"ack-{course.number}.edi")
    wanted = step.expected.outcome or "accepted"
    outcomes = {
        one["outcome"] or "not acknowledged"
        for id in course.last
        for interchange in on.life(id)["interchanges"]
        for group in interchange["groups"]
        for one in group["sets"]
    }
    return [f"what we sent is {outcome}; want {wanted}" for outcome in sorted(outcomes) if outcome != wanted]


def _why_not(on: Scratch, transmission_id: Any) -> list[str]:
    with on.gateway.store.begin() as conn:
        life = timeline.life(conn, transmission_id)
    return [f"{row['code']}: {row['reason']}" for row in life["exceptions"]] or ["nothing was sent"]


def _segments(content: bytes) -> list[str]:
    """The segments of an interchange of ours, its separators shown as `*` and `>`."""
    text = content.decode("latin-1")
    if len(text) < ISA_LENGTH or not text.startswith("ISA"):
        return text.splitlines()
    element, component, end = text[3], text[104], text[105]
    return [part.strip("\r\n").replace(element, "*").replace(component, ">") for part in text.split(end)]
