"""`tradelane bench` for people: one line a figure, and a name that is none is refused."""

from __future__ import annotations

from typer.testing import CliRunner

from gateway.bench.figures import Peer, report, row
from gateway.cli.bench import show
from gateway.cli.main import app


def test_a_figure_says_what_was_asked_for_and_what_ran_beside_it(capsys) -> None:
    rows = [
        row("segments read", 12345.6, "x/s", reach=10_000, peer=Peer("another reader", 5000.0)),
        row("memory", 4.07, "MB", reach=40, better="lower"),
        row("anything", 1.0, "s"),
    ]
    show(report("x12", rows))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    text = [" ".join(line) for line in lines]
    assert "segments read 12,346 x/s at least 10,000 2.47 another reader: 5,000" in text
    assert "memory 4.07 MB at most 40" in text
    assert text[-1] == "anything 1 s"


def test_a_bench_that_is_none_is_refused_and_the_benches_are_named() -> None:
    found = CliRunner().invoke(app, ["bench", "nothing"])
    assert found.exit_code == 2
    assert "no bench nothing; there are x12, map, pipeline" in found.output
