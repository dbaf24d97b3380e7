"""`bench NAME`: measure Tradelane on this machine, with its peers in the same run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import EXIT_USAGE, Json, fail, people, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    name: Annotated[str, typer.Argument(help="x12, map or pipeline.")],
    json: Json = False,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work: to see that it runs.")] = False,
) -> None:
    """Print figures as a table: what was measured, what was asked for, and a peer run beside it."""
    from gateway.bench import BENCHES

    if name not in BENCHES:
        fail(f"no bench {name}; there are {', '.join(BENCHES)}", code=EXIT_USAGE)
    found = BENCHES[name](quick=quick)
    if json:
        print_json(found)
        return
    machine = "  ".join(f"{key} {value}" for key, value in found["machine"].items())
    people.print(f"[bold]bench {found['bench']}[/]  [dim]{machine}[/]")
    print_table(
        ({key: _figure(value) for key, value in row.items()} for row in found["rows"]),
        {
            "name": "what",
            "value": "figure",
            "unit": "",
            "reach": "asked for",
            "better": "better is",
            "peer": "beside it",
            "peer_value": "its figure",
            "ratio": "ratio",
        },
    )


def _figure(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
