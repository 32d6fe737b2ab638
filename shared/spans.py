"""The half of tracing that knows OpenTelemetry: imported only where a collector is set, for it costs memory.

Which collector, how it is reached and how much is told are OpenTelemetry's own settings (`OTEL_…`); spans go by OTLP
over HTTP.
"""

import os
import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenTelemetrySpan

from shared.kernel.ids import new_id
from shared.log import current_traceparent, set_traceparent
from shared.tracing import AttributeValue, Kind

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Spans:
    """Begins spans and hands those that end to a processor."""

    def __init__(self, service: str, process: str, processor: SpanProcessor) -> None:
        """Name the process to the reader of its traces, unless `OTEL_SERVICE_NAME` does."""
        own = {
            SERVICE_NAMESPACE: "kurslots",
            SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or f"{service}-{process}",
            SERVICE_INSTANCE_ID: str(new_id()),
        }
        self._provider = TracerProvider(resource=Resource.create(own))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("kurslots")

    def open_span(
        self,
        name: str,
        kind: Kind,
        *,
        under: str | None,
        links: Iterable[str | None],
        attributes: Mapping[str, AttributeValue] | None,
    ) -> "Work":
        """Return a span that begins when it is entered, as `shared.tracing.span` says."""
        parent = _context_of(under)
        linked = [Link(context) for each in links if (context := _context_of(each)) is not None]
        started = self._tracer.start_span(
            name,
            context=Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context()),
            kind=SpanKind[kind],
            links=linked,
            attributes=attributes,
        )
        return Work(started)

    def end(self) -> None:
        """Tell what is left to tell; a collector that is away is not waited for."""
        self._provider.shutdown()


class Work:
    """A span that is current while its block runs."""

    __slots__ = ("_before", "_span")

    def __init__(self, started: OpenTelemetrySpan) -> None:
        self._span = started
        self._before: str | None = None

    def __enter__(self) -> Self:
        self._before = current_traceparent()
        context = self._span.get_span_context()
        set_traceparent(f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(type(error).__name__)  # its text may quote somebody
        self._span.end()
        set_traceparent(self._before)

    def rename(self, name: str) -> None:
        """Give it the name by which it is counted."""
        self._span.update_name(name)

    def note(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """Say that it did not come to what it should."""
        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", kind)


def _context_of(traceparent: str | None) -> SpanContext | None:
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return context if context.is_valid else None


def spans_by_settings(service: str, process: str) -> Spans:
    """Return what tells spans to the collector that the settings name.

    Raises ValueError where they ask for a protocol that is not spoken here.
    """
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol not in (None, "", "http/protobuf"):
        raise ValueError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; traces are told by http/protobuf only")
    return Spans(service, process, BatchSpanProcessor(OTLPSpanExporter()))
