"""The command line: `tradelane COMMAND`. Each command loads the modules it needs when it runs."""

from __future__ import annotations

import typer

from gateway.cli import (
    access,
    acknowledgments,
    adapters,
    alerts,
    apikeys,
    auditing,
    bench,
    certificates,
    data,
    database,
    documents,
    evidence,
    exceptions,
    guides,
    lineage,
    log,
    map_revisions,
    maps,
    nodes,
    onboarding,
    probing,
    references,
    replaying,
    retention,
    routing,
    running,
    samples,
    sending,
    tables,
)
from gateway.cli.output import EXIT_USAGE, complain, fail
from gateway.errors import GatewayError
from gateway.logs import configure_logs
from mappings.errors import MappingError
from translators.datafile import LoadError

app = typer.Typer(
    name="tradelane",
    help="EDI and B2B partner gateway: X12 in, canonical documents out, nothing lost, nothing doubled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
documents.register(app)
log.register(app)
acknowledgments.register(app)
data.register(app)
maps.register(app)
access.register(app)
running.register(app)
bench.register(app)
certificates.register(app)
guides.register(app)
samples.register(app)
sending.register(app)
apikeys.register(app)
auditing.register(app)
evidence.register(app)
replaying.register(app)
retention.register(app)
exceptions.register(app)
references.register(app)
onboarding.register(app)
lineage.register(app)
map_revisions.register(app)
tables.register(app)
probing.register(app)
adapters.register(app)
routing.register(app)
nodes.register(app)
alerts.register(app)
database.register(app)


def run() -> None:
    """Run a command; what is broken around it ends in one line and exit code 2, never in a traceback."""
    configure_logs("warning")
    try:
        app()
    except LoadError as error:
        for fault in error.faults:
            complain(str(fault))
        fail(f"{len(error.faults)} mistake(s) in maps or partner profiles; nothing was done", code=EXIT_USAGE)
    except (GatewayError, MappingError, OSError) as error:
        fail(str(error), code=EXIT_USAGE)
    except KeyboardInterrupt:
        fail("interrupted", code=130)
