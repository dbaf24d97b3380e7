"""`partner add` and `partner test`: from nothing to a certified partner, step by step, each step with its check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.data import partner_app
from gateway.cli.output import EXIT_REJECTED, EXIT_USAGE, Home, Json, fail, people, plain, print_json

if TYPE_CHECKING:
    from gateway.onboarding.play import StepResult

Key = Annotated[str, typer.Argument(help="Key of the partner: a word, the name of its folder.", metavar="PARTNER")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group of `partner`."""
    del app  # the group is registered with the commands it had first
    partner_app.command("add")(partner_add)
    partner_app.command("test")(partner_test)


def partner_add(
    partner: Key,
    answers: Annotated[Path | None, typer.Option(help="A YAML file with answers, as name: Acme.")] = None,
    given: Annotated[list[str] | None, typer.Option("--set", help="One answer, as name=Acme; again for more.")] = None,
    test: Annotated[bool, typer.Option(help="Play the scenario that certifies it.")] = True,
    home: Home = None,
    json: Json = False,
) -> None:
    """Add a partner: its profile, key and scenario, each step checked. Run again, it goes on where it stood.

    What is not answered by --answers and --set is asked on a terminal. Exit 1 where a step is not done yet.
    """
    from gateway.onboarding import files, questions
    from gateway.onboarding.standard import write_scenario
    from gateway.workspace import home_of, registry_of
    from partners.fields import WORD

    if not WORD.pattern.fullmatch(partner):
        fail(f"a partner's key is {partner}; want {WORD.want}", code=EXIT_USAGE)
    folder = home_of(home)
    found = gather_answers(folder, partner, answers, given or [], ask=sys.stdin.isatty() and not json)
    steps: list[dict[str, Any]] = []
    missing = questions.open_questions(found)
    told = ", ".join(question.key for question in missing)
    steps.append(_step("answers", not missing, f"{len(found)} given", f"still to be answered: {told}" if told else ""))
    if not missing:
        ours = files.write_ourselves(folder, found["ourselves"], registry_of(folder).ourselves)
        steps.append(_step("our identity", True, f"{ours}: {found['ourselves']}", ""))
        path = files.write_profile(folder, partner, found, ourselves=ours)
        registry = registry_of(folder)  # all mistakes of the workspace are told here, with their places
        steps.append(_step("profile", partner in registry.partners, str(path), ""))
        steps += _checks(folder, partner)
        scenario = write_scenario(
            folder / "onboarding" / partner,
            role=found["role"],
            documents=questions.documents_of(found),
            sender=found["identifier"],
            receiver=found["ourselves"],
            version=found["version"],
            currency=found["currency"],
        )
        steps.append(_step("scenario", True, str(scenario), ""))
        if test and all(step["ok"] for step in steps):
            steps += _played(folder, partner, scenario)
    done = all(step["ok"] for step in steps)
    _tell(partner, steps, json=json, done=done and not missing and test)
    if not done:
        raise typer.Exit(EXIT_REJECTED)


def partner_test(
    partner: Key,
    scenario: Annotated[Path | None, typer.Option(help="A scenario; the one `partner add` wrote.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Play a scenario with a partner on a scratch gateway: nothing leaves it. Exit 1 if something was not as expected.

    A scenario that holds certifies the partner with its profile as it is.
    """
    from gateway.onboarding.standard import SCENARIO_FILE
    from gateway.workspace import home_of, registry_of
    from translators.datafile import did_you_mean

    folder = home_of(home)
    known = registry_of(folder).partners
    if partner not in known:
        fail(f"there is no partner {partner}{did_you_mean(partner, known)}", code=EXIT_USAGE)
    path = scenario or folder / "onboarding" / partner / SCENARIO_FILE
    if not path.is_file():
        fail(f"there is no scenario {path}; name one with --scenario", code=EXIT_USAGE)
    steps = _played(folder, partner, path)
    done = all(step["ok"] for step in steps)
    _tell(partner, steps, json=json, done=done)
    if not done:
        raise typer.Exit(EXIT_REJECTED)


def gather_answers(home: Path, partner: str, file: Path | None, given: Sequence[str], *, ask: bool) -> dict[str, str]:
    """Those kept from before, then of the file, then as options, then as asked; all good, and kept again.

    Args:
        home: the workspace.
        partner: its key.
        file: of answers; None for none.
        given: KEY=ANSWER.
        ask: for what is open, at the terminal; else what is open has its default, if there is one.
    """
    from gateway.onboarding import files, questions

    path = files.saved_answers(home, partner)
    found = files.answers_of(path)
    if file is not None:
        if not file.is_file():
            fail(f"there is no file {file}", code=EXIT_USAGE)
        found |= files.answers_of(file)
    for one in given:
        key, equals, answer = one.partition("=")
        if not equals:
            fail(f"--set {one}: want KEY=ANSWER", code=EXIT_USAGE)
        found[key] = answer
    faults = questions.faults_in(found)
    if not ask and not faults:
        for question in questions.open_questions(found):
            if question.default is not None:
                found[question.key] = question.default
        faults = questions.not_of_role(found)
    for fault in faults:
        people.print(f"[red]answer[/] {plain(fault)}")
    if faults:
        fail(f"{len(faults)} answer(s) cannot be used; nothing was written", code=EXIT_USAGE)
    files.save_answers(path, found)
    for question in questions.open_questions(found) if ask else ():
        answer = typer.prompt(question.text, default=question.default)
        while wrong := question.check(answer) or "; ".join(questions.not_of_role({**found, question.key: answer})):
            people.print(f"[red]{plain(wrong)}[/]")
            answer = typer.prompt(question.text, default=question.default)
        found[question.key] = answer
        files.save_answers(path, found)
    return found


def _checks(home: Path, partner: str) -> list[dict[str, Any]]:
    """What `partner check` says."""
    from datetime import UTC, datetime

    from gateway.settings import load_settings
    from gateway.workspace import maps_of, registry_of
    from partners.readiness import readiness
    from translators.x12.guide import GuideLibrary

    registry = registry_of(home)
    checks = readiness(
        registry.partners[partner],
        ourselves=list(registry.ourselves.values()),
        carriers=registry.carriers(partner),
        maps=maps_of(home, guides=GuideLibrary.shipped()).names(),
        destinations=list(load_settings(home).destinations),
        at=datetime.now(UTC),
    )
    return [_step(f"check {check.name}", check.ok, check.found, check.todo) for check in checks]


def _played(home: Path, partner: str, path: Path) -> list[dict[str, Any]]:
    """The steps of a scenario; where all held, the partner is certified."""
    from gateway.onboarding.files import certify
    from gateway.onboarding.play import play
    from gateway.onboarding.scenario import read_scenario
    from gateway.onboarding.scratch import scratch

    scenario = read_scenario(path)
    with scratch(home) as on:
        results = play(scenario, on, partner=partner)
        revision = on.gateway.registry.partners[partner].revision
        at = on.clock.now()
    if results and all(result.held for result in results):
        certify(home, partner, revision=revision, scenario=str(path), at=at)
    return [_result(result) for result in results]


def _result(result: StepResult) -> dict[str, Any]:
    return _step(result.step.told, result.held, "as expected" if result.held else "; ".join(result.differences), "")


def _step(name: str, ok: object, found: str, todo: str) -> dict[str, Any]:
    return {"name": name, "ok": bool(ok), "found": found, "todo": todo}


def _tell(partner: str, steps: Sequence[dict[str, Any]], *, json: bool, done: bool) -> None:
    if json:
        print_json({"partner": partner, "certified": done, "steps": list(steps)})
        return
    for step in steps:
        mark = "[green]done[/]   " if step["ok"] else "[red]not yet[/]"
        people.print(f"{mark} {plain(step['name'])}: {plain(step['found'])}")
        if step["todo"]:
            people.print(f"        {plain(step['todo'])}")
    if done:
        people.print(f"[bold green]{plain(partner)} is certified[/]")
