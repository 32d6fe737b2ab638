"""Spans in memory, for tests that read what would have been told to a collector."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.spans import Spans
from shared.tracing import tell_spans_to


class Told:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        found = self.named(name)
        assert len(found) == 1, (
            f"{len(found)} spans are named {name}; there are {sorted(each.name for each in self.all())}"
        )
        return found[0]

    def above(self, span: ReadableSpan) -> ReadableSpan | None:
        """Return the span that another is under, where it was told here."""
        if span.parent is None:
            return None
        ids = {id_of(each): each for each in self.all()}
        return ids.get((span.parent.trace_id, span.parent.span_id))

    def way_to(self, span: ReadableSpan) -> list[str]:
        """Return the names of the spans from the first down to this one."""
        names = [span.name]
        while (above := self.above(span)) is not None:
            names.insert(0, above.name)
            span = above
        return names


def id_of(span: ReadableSpan) -> tuple[int, int]:
    """Return the ids of a span's trace and its own."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def linked_by(span: ReadableSpan) -> set[tuple[int, int]]:
    """Return the ids of the spans that a span links to."""
    return {(link.context.trace_id, link.context.span_id) for link in span.links}


@contextmanager
def told_in_memory() -> Iterator[Told]:
    """Tell spans to memory within the block."""
    exporter = InMemorySpanExporter()
    spans = Spans("tests", "process", SimpleSpanProcessor(exporter))
    tell_spans_to(spans)
    try:
        yield Told(exporter)
    finally:
        tell_spans_to(None)
        spans.end()
