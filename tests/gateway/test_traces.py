"""Traces: a span for each stage, joined by links that hold no value of a partner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.store.engine import Store
from gateway.traces import join, link_to, stage
from tests.gateway.api.site import serving
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.outbound_line import Seller, answer, buyer_profile, write_map

EXPORTER = InMemorySpanExporter()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is recorded from now on. The provider of a process can be set once, and stays."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)
    EXPORTER.clear()
    yield EXPORTER
    EXPORTER.clear()


def linked(span: ReadableSpan) -> set[int]:
    return {link.context.trace_id for link in span.links}


def test_a_link_is_the_same_for_the_same_thing_and_says_nothing_of_it() -> None:
    one, same, other = link_to("po", "PO-4711"), link_to("po", "PO-4711"), link_to("po", "PO-4712")
    assert one.context == same.context
    assert one.context.trace_id != other.context.trace_id
    assert one.context.is_valid
    assert "4711" not in str(one.attributes)


def test_without_a_configured_tracer_a_stage_does_nothing() -> None:
    with stage("tradelane.nothing") as span:
        join([("po", "PO-1")])
    assert span is not None


def test_a_fault_marks_its_stage_by_its_type_and_not_by_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="canary"), stage("tradelane.broken"):
        raise ValueError("canary of a partner")
    [span] = spans.get_finished_spans()
    assert span.status.description == "ValueError"
    assert not span.events
    assert "canary" not in span.to_json()


def test_an_order_leaves_one_joined_trace_of_spans(
    spans: InMemorySpanExporter, fresh_store: Store, tmp_path: Path
) -> None:
    with serving(fresh_store, tmp_path / "home") as site:
        id = site.send(file_of("PO-CANARY-1"), filename="canary.edi")
        site.line.run()
    found = {span.name: span for span in spans.get_finished_spans()}
    assert {
        "tradelane.receive",
        "tradelane.work in",
        "tradelane.identify",
        "tradelane.translate",
        "tradelane.route",
        "tradelane.acknowledge",
        "tradelane.work out",
        "tradelane.deliver",
    } <= set(found)
    of_transmission = link_to("transmission", str(id)).context.trace_id
    stages = ("receive", "work in", "identify", "translate", "route", "acknowledge")
    for name in (f"tradelane.{one}" for one in stages):
        assert of_transmission in linked(found[name]), name
    order = link_to("order_number", "PO-CANARY-1").context.trace_id
    assert order in linked(found["tradelane.work in"])
    assert order in linked(found["tradelane.route"])
    assert order in linked(found["tradelane.deliver"])
    translate, work = found["tradelane.translate"], found["tradelane.work in"]
    assert translate.parent is not None
    assert translate.parent.span_id == work.context.span_id
    assert "CANARY" not in "".join(span.to_json() for span in found.values()).upper()


def test_each_document_of_a_batch_has_a_span_and_its_own_links(
    spans: InMemorySpanExporter, fresh_store: Store, tmp_path: Path
) -> None:
    line = Line(fresh_store, tmp_path)
    numbers = [f"PO-{number}" for number in range(12)]
    line.sent(file_of(*numbers))
    delivered = [span for span in spans.get_finished_spans() if span.name == "tradelane.deliver"]
    together = [span for span in delivered if (span.attributes or {}).get("together")]
    assert len(delivered) == len(numbers)
    assert len(together) > 1
    for number in numbers:
        wanted = link_to("order_number", number).context.trace_id
        assert [wanted in linked(span) for span in delivered].count(True) == 1, number


def test_what_leaves_is_joined_with_the_order_it_answers(
    spans: InMemorySpanExporter, fresh_store: Store, tmp_path: Path
) -> None:
    profile = tmp_path / "partners" / "profiles" / "buyer" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(buyer_profile())
    write_map(tmp_path)
    seller = Seller(Line(fresh_store, tmp_path))
    seller.gets_order("PO-1")
    spans.clear()
    seller.sends(answer("PO-1"))
    found = {span.name: span for span in spans.get_finished_spans()}
    order = link_to("order_number", "PO-1").context.trace_id
    assert order in linked(found["tradelane.dispatch"])


def test_of_too_many_keys_the_span_says_how_many_there_were(spans: InMemorySpanExporter) -> None:
    with stage("tradelane.many"):
        join([("po", f"PO-{number}") for number in range(20)])
    [span] = spans.get_finished_spans()
    assert len(span.links) == 16
    assert (span.attributes or {})["tradelane.business_keys"] == 20
