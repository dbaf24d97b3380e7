"""`bench NAME`: measure Tradelane on this machine, with its peers in the same run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import EXIT_USAGE, Json, fail, people, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    name: Annotated[str, typer.Argument(help="x12, map, pipeline, sftp or as2.")],
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
    show(found)


def show(found: dict[str, Any]) -> None:
    """A bench's figures as a table.

    Args:
        found: what `--json` prints.
    """
    machine = "  ".join(f"{key} {value}" for key, value in found["machine"].items())
    people.print(f"[bold]bench {found['bench']}[/]  [dim]{machine}[/]")
    columns = {"name": "measured", "figure": "figure", "reach": "asked for", "ratio": "ratio", "peer": "to"}
    print_table([_said(row) for row in found["rows"]], columns)


def _said(row: dict[str, Any]) -> dict[str, str]:
    """A row as people read it: its figure, what was asked for, and what was run beside it with its own."""
    sign = "at least" if row["better"] == "higher" else "at most"
    return {
        "name": row["name"],
        "figure": f"{_figure(row['value'])} {row['unit']}",
        "reach": "" if row["reach"] is None else f"{sign} {_figure(row['reach'])}",
        "ratio": "" if row["ratio"] is None else f"{row['ratio']:g}",
        "peer": "" if row["peer"] is None else f"{row['peer']}: {_figure(row['peer_value'])}",
    }


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
