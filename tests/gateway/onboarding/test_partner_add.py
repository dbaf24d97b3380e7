"""From nothing to a certified standard partner in one scripted run; broken off, it goes on; what is wrong is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.onboarding import gather_answers
from gateway.onboarding import files, questions
from gateway.onboarding.play import play
from gateway.onboarding.roles import ROLES
from gateway.onboarding.scenario import read_scenario
from gateway.onboarding.scratch import scratch
from gateway.onboarding.standard import SCENARIO_FILE, write_scenario
from partners.registry import PartnerRegistry
from sftp.keys import new_private_key, public_part
from translators.datafile import LoadError

Run = Callable[..., Result]
LIMIT_SECONDS = 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tradelane.yaml").write_text("samples: false\n")
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    def command(*arguments: str | Path) -> Result:
        given = {"TRADELANE_HOME": str(home), "TRADELANE_DATABASE_URL": ""}
        return CliRunner().invoke(app, ["partner", *map(str, arguments)], env=given)

    return command


def answers() -> dict[str, str]:
    return {
        "name": "Acorn: the stores",
        "identifier": "ZZ/ACORN",
        "time_zone": "America/Chicago",
        "email": "edi@acorn.example",
        "user": "acorn",
        "key": public_part(new_private_key()).line,
        "ourselves": "ZZ/HOUSE",
    }


def written(home: Path, found: dict[str, str]) -> Path:
    path = home / "answers-given.yaml"
    files.save_answers(path, found)
    return path


def steps(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(done.stdout)
    return {step["name"]: step for step in found["steps"]} | {"certified": found["certified"]}


@pytest.mark.timeout(150)
def test_a_standard_partner_is_certified_in_one_scripted_run_under_a_minute(run: Run, home: Path) -> None:
    began = time.monotonic()
    done = run("add", "acorn", "--answers", written(home, answers()), "--json")
    took = time.monotonic() - began
    found = steps(done)
    assert (done.exit_code, found["certified"]) == (0, True), done.stdout + done.stderr
    assert [name for name in found if name.startswith(("receive", "send"))] == [
        "receive order.edi",
        "send answer.json",
        "send notice.json",
        "send invoice.json",
    ]
    assert took < LIMIT_SECONDS
    [checked] = [orjson.loads(line) for line in run("check", "acorn", "--json").stdout.splitlines()]
    assert checked["level"] == "certified"
    profile = home / "partners" / "profiles" / "acorn" / "profile.yaml"
    profile.write_text(profile.read_text().replace("America/Chicago", "Europe/Berlin"))
    [changed] = [orjson.loads(line) for line in run("check", "acorn", "--json").stdout.splitlines()]
    assert changed["level"] == "complete"
    again = run("add", "acorn", "--no-test")
    assert (again.exit_code, "change it by hand" in str(again.exception)) == (1, True)


def test_a_run_that_was_broken_off_goes_on_where_it_stood(run: Run, home: Path) -> None:
    given = answers()
    key = given.pop("key")
    first = run("add", "acorn", "--answers", written(home, given), "--no-test", "--json")
    assert first.exit_code == 1
    assert steps(first)["answers"]["todo"] == "still to be answered: key"
    assert not (home / "partners").exists()
    second = run("add", "acorn", "--set", f"key={key}", "--no-test", "--json")
    assert second.exit_code == 0, second.stdout
    assert steps(second)["check sftp acorn"]["ok"]
    [checked] = [orjson.loads(line) for line in run("check", "acorn", "--json").stdout.splitlines()]
    assert checked["level"] == "complete"


@pytest.mark.parametrize(
    ("key", "answer", "message"),
    [
        ("identifier", "ACORN", "want an ISA qualifier and id"),
        ("time_zone", "America/Chicagoo", 'did you mean "America/Chicago"'),
        ("documents", "850 851", "851 is not known"),
        ("email", "nobody", "want an e-mail address"),
        ("key", "nowhere.pub", "neither a public key line nor a file"),
        ("user", "Acorn", "want a word"),
        ("role", "byer", 'did you mean "buyer"'),
        ("documents", "850 940", "documents: 940 do(es) not pass with a buyer"),
        ("colour", "red", "colour: no such question"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_and_nothing_written(
    run: Run, home: Path, key: str, answer: str, message: str
) -> None:
    done = run("add", "acorn", "--answers", written(home, answers() | {key: answer}))
    assert done.exit_code == 2
    assert message in " ".join(done.stdout.split())
    assert not (home / "partners").exists()
    assert not (home / "onboarding").exists()


def test_what_is_open_is_asked_until_it_can_be_used(home: Path) -> None:
    given = answers()
    del given["ourselves"]
    told = "pirate\nwarehouse\n850\n943 944\nEUR\n\nHOUSE\nZZ/HOUSE\n"
    for key, default in (("contact", "EDI desk"), ("version", "004010")):
        given[key] = default
    with CliRunner().isolation(input=told) as (out, *_):
        found = gather_answers(home, "acorn", written(home, given), [], ask=True)
        shown = out.getvalue().decode()
    assert "pirate is none; want one of buyer, seller, warehouse, carrier" in shown
    assert "850 do(es) not pass with a warehouse" in shown
    assert "HOUSE is none; want an ISA qualifier and id" in " ".join(shown.split())
    assert (found["role"], found["documents"], found["currency"]) == ("warehouse", "943 944", "EUR")
    assert files.answers_of(files.saved_answers(home, "acorn")) == found
    assert questions.documents_of(found) == ["943", "944"]


@pytest.mark.timeout(150)
def test_partners_of_every_other_role_are_certified(home: Path) -> None:
    roles = [role for role in ROLES if role != "buyer"]
    for role in roles:
        given = answers() | {question.key: question.default for question in questions.QUESTIONS if question.default}
        given |= {"role": role, "identifier": f"ZZ/{role.upper()}", "user": role}
        known = PartnerRegistry.load([home / files.PROFILES]).ourselves
        files.write_profile(home, role, given, ourselves=files.write_ourselves(home, "ZZ/HOUSE", known))
        write_scenario(
            home / role,
            role=role,
            documents=questions.documents_of(given),
            sender=f"ZZ/{role.upper()}",
            receiver="ZZ/HOUSE",
            version="004010",
            currency="EUR",
        )
    with scratch(home) as on:
        for role in roles:
            results = play(read_scenario(home / role / SCENARIO_FILE), on, partner=role)
            assert [list(result.differences) for result in results] == [[]] * len(results)
            acts = 2 * len([one for one in ROLES[role].examples.values() if not one.incoming])
            acts += len([one for one in ROLES[role].examples.values() if one.incoming])
            assert len(results) == acts


def test_every_question_has_an_answer_that_is_good_or_a_default_that_is() -> None:
    for question in questions.QUESTIONS:
        assert question.default is None or question.check(question.default) == ""
    assert questions.faults_in(answers()) == []


def test_our_identity_is_added_once_beside_those_there_are(home: Path) -> None:
    assert files.write_ourselves(home, "ZZ/HOUSE", {}) == "us"
    known = PartnerRegistry.load([home / files.PROFILES]).ourselves
    assert files.write_ourselves(home, "ZZ/HOUSE", known) == "us"
    assert files.write_ourselves(home, "ZZ/OTHER", known) == "us-2"
    assert sorted(PartnerRegistry.load([home / files.PROFILES]).ourselves) == ["us", "us-2"]


@pytest.mark.timeout(150)
def test_a_scenario_tells_what_was_found_instead(run: Run, home: Path) -> None:
    run("add", "acorn", "--answers", written(home, answers()), "--no-test")
    folder = home / "onboarding" / "acorn"
    (folder / "bad.json").write_text('{"schema": "invoice/v1"}')
    (folder / "wrong.yaml").write_text(
        "name: wrong\n"
        "steps:\n"
        "  - acknowledge: last\n"
        "  - receive: order.edi\n"
        "    expect:\n"
        "      documents: [{kind: invoice, number: OTHER, 'lines[0].qty': '24', 'lines[9].qty': '1'}]\n"
        '      segments: ["AK9*R*1*1*0"]\n'
        "      issues: [x12.element.code]\n"
        "  - send: bad.json\n"
        "  - send: answer.json\n"
        "  - send: answer.json\n"
        "  - acknowledge: last\n"
        "    expect: {outcome: rejected}\n"
    )
    done = run("test", "acorn", "--scenario", folder / "wrong.yaml", "--json")
    assert done.exit_code == 1
    told = [step["found"] for step in orjson.loads(done.stdout)["steps"]]
    assert told[0] == "nothing was sent before that could be acknowledged"
    for part in (
        "no issue x12.element.code was found",
        "kind is 'purchase_order'; want 'invoice'",
        "number is 'SCENARIO-1'; want 'OTHER'",
        "lines[9].qty is None; want '1'",
        "nothing sent has the segment AK9*R*1*1*0",
    ):
        assert part in told[1]
    assert "lines[0]" not in told[1]
    assert "outbound.unreadable" in told[2]
    assert told[3] == "as expected"
    assert told[4] == "it is duplicate; nothing is sent"
    assert told[5] == "what we sent is accepted; want rejected"
    assert files.certified(home, "acorn") is None


def test_every_mistake_of_a_scenario_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\n"
        "steps:\n"
        "  - receive: ../etc/passwd\n"
        "  - receive: gone.edi\n"
        "  - {send: a.json, receive: b.edi}\n"
        "  - {acknowledge: all}\n"
        "  - acknowledge: last\n"
        "    expect: {colour: red, documents: [{lines: []}]}\n"
    )
    with pytest.raises(LoadError) as caught:
        read_scenario(path)
    assert [fault.place.line for fault in caught.value.faults] == [3, 4, 5, 6, 8, 8]


def test_there_is_no_scenario_for_whom_nobody_added(run: Run) -> None:
    assert run("test", "nobody").exit_code == 2
