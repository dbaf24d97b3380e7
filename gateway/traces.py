"""Traces: a span for each stage, by the OpenTelemetry API alone; without a configured tracer it costs next to nothing.

Stages of one transmission run in several processes, hours apart. What joins their spans is links: to an id made from
the transmission's id, and from each business key, by a hash, so that no value of a partner leaves in a trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

MOST_LINKS = 16

_TRACER = trace.get_tracer("tradelane")


@contextmanager
def stage(name: str, *, transmission: UUID | None = None, **attributes: str | int) -> Iterator[Span]:
    """A span around one stage; what is raised inside marks it, by its type alone.

    Args:
        name: of the stage, as `tradelane.receive`.
        transmission: whose.
        attributes: words and numbers of ours.
    """
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):  # nobody listens: a span for nothing is dear
        yield trace.INVALID_SPAN
        return
    links = [] if transmission is None else [link_to("transmission", str(transmission))]
    span = _TRACER.start_span(name, kind=SpanKind.INTERNAL, attributes=dict(attributes), links=links)
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def join(keys: Iterable[tuple[str, str]]) -> None:
    """Link the span we are in to business keys, so that it is found beside whatever else has one of them.

    Of more than `MOST_LINKS` the first are linked, and the span says how many there were.
    """
    span = trace.get_current_span()
    if span.is_recording():
        found = list(dict.fromkeys(keys))
        if len(found) > MOST_LINKS:
            span.set_attribute("tradelane.business_keys", len(found))
        for name, value in found[:MOST_LINKS]:
            made = link_to(name, value)
            span.add_link(made.context, made.attributes)


def link_to(name: str, value: str) -> Link:
    """The link that everything about one thing has; equal for equal names and values, in every process."""
    digest = hashlib.sha256(f"{name}\0{value}".encode()).digest()
    context = SpanContext(
        trace_id=int.from_bytes(digest[:16], "big") or 1,
        span_id=int.from_bytes(digest[16:24], "big") or 1,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return Link(context, {"tradelane.link": name})
