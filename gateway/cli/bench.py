"""`bench NAME`: measure Tradelane on this machine, with its peers in the same run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import EXIT_USAGE, Json, fail, people, plain, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    name: Annotated[str, typer.Argument(help="x12, map or pipeline.")],
    json: Json = False,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work: to see that it runs.")] = False,
) -> None:
    """Print figures: what was measured, what was asked for, and a peer run beside it."""
    from gateway.bench import BENCHES

    if name not in BENCHES:
        fail(f"no bench {name}; there are {', '.join(BENCHES)}", code=EXIT_USAGE)
    found = BENCHES[name](quick=quick)
    if json:
        print_json(found)
        return
    machine = "  ".join(f"{key} {value}" for key, value in found["machine"].items())
    people.print(f"[bold]bench {found['bench']}[/]  [dim]{machine}[/]")
    for row in found["rows"]:
        people.print(f"{plain(row['name'])}\n    {_said(row)}")


def _said(row: dict[str, Any]) -> str:
    """A row's figure, what was asked for, and what was run beside it."""
    text = f"[bold]{_figure(row['value'])} {row['unit']}[/]"
    if row["reach"] is not None:
        sign = "at least" if row["better"] == "higher" else "at most"
        text += f"  asked for: {sign} {_figure(row['reach'])}"
    if row["peer"] is not None:
        text += f"\n    beside it: {_figure(row['peer_value'])} (ratio {row['ratio']})  [dim]{plain(row['peer'])}[/]"
    return text


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
