"""`serve`, `worker`, `demo` and `doctor`: running the gateway, and asking whether it can run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, people, plain, print_json
from gateway.workspace import home_of


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(demo)
    app.command()(doctor)


def serve(
    home: Home = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Run only these roles: sftp, http, poller, worker. All when left out.")
    ] = None,
    workers: Annotated[int | None, typer.Option("-n", "--workers", min=1, help="Worker processes.")] = None,
) -> None:
    """Run the gateway until it is told to stop: SFTP and HTTP server, poller, workers, sweep, audit sealer."""
    from gateway.serving import serve_until_stopped

    serve_until_stopped(home_of(home), roles=role, workers=workers)


def worker(
    home: Home = None,
    workers: Annotated[int | None, typer.Option("-n", "--workers", min=1, help="Worker processes.")] = None,
) -> None:
    """Run worker processes only, beside a `serve` on this or another machine with the same database."""
    from gateway.serving import serve_until_stopped

    serve_until_stopped(home_of(home), roles=["worker"], workers=workers)


def demo(
    file: Annotated[Path | None, typer.Option(help="Run this X12 file of yours instead of the samples.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the gateway serving afterwards, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Two partners, real sockets, every acknowledgment, in a temporary home. Exit 0 if all came out as it should."""
    from gateway.demo.run import run_demo

    if not run_demo(file=file, keep=keep, json=json):
        raise typer.Exit(EXIT_REJECTED)


def doctor(home: Home = None, json: Json = False) -> None:
    """Look at everything the gateway needs and say what is missing and what to do. Exit 1 if anything is."""
    from gateway.doctor import examine

    findings = examine(home_of(home))
    if json:
        print_json(*({"name": item.name, "ok": item.ok, "found": item.found, "todo": item.todo} for item in findings))
    else:
        for item in findings:
            mark = "[green]ok[/]     " if item.ok else "[red]missing[/]"
            people.print(f"{mark} {plain(item.name)}: {plain(item.found)}")
            if item.todo:
                people.print(f"        {plain(item.todo)}")
    if not all(item.ok for item in findings):
        raise typer.Exit(EXIT_REJECTED)
