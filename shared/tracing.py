"""Spans around what is done, told to an OpenTelemetry collector where one is set, and a trace carried on where none is.

Nothing of OpenTelemetry is imported unless a collector is set. Names and attributes hold routes, topics and kinds: an
id at most, and never a path, a query, a value or the text of an error, for a collector may be anybody's.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from shared.log import current_traceparent, new_traceparent, set_traceparent

AttributeValue = str | int | float | bool


class Kind(StrEnum):
    """What a span is to the other side of it, by OpenTelemetry's names."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    INTERNAL = "INTERNAL"


class Span(Protocol):
    """What is told of the work in hand once more is known of it."""

    def rename(self, name: str) -> None:
        """Give it the name by which it is counted."""

    def note(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""

    def fail(self, kind: str) -> None:
        """Say that it did not come to what it should; `kind` is one of few words."""


class Teller(Protocol):
    """Who begins spans and tells them: `shared.spans.Spans`."""

    def open_span(
        self,
        name: str,
        kind: Kind,
        *,
        under: str | None,
        links: Iterable[str | None],
        attributes: Mapping[str, AttributeValue] | None,
    ) -> AbstractContextManager[Span]:
        """As `span` below."""
        ...


_teller: Teller | None = None


def tell_spans_to(teller: Teller | None) -> None:
    """Tell spans from now on; None is to tell none."""
    global _teller  # noqa: PLW0603 - one for the process, as for logs and metrics
    _teller = teller


def is_told() -> bool:
    """Whether spans are told: what would be made for them alone may be left out."""
    return _teller is not None


def is_collector_set(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's settings name a collector for traces, and do not take it back."""
    named = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return bool(named) and not is_off and environment.get("OTEL_TRACES_EXPORTER", "otlp") in ("", "otlp")


def span(
    name: str,
    kind: Kind = Kind.INTERNAL,
    *,
    under: str | None = None,
    links: Iterable[str | None] = (),
    attributes: Mapping[str, AttributeValue] | None = None,
) -> AbstractContextManager[Span]:
    """Do what is in the block as a span of the trace of the traceparent `under`, or of a new trace.

    What is caused meanwhile carries the trace on. An exception that leaves the block fails the span. `links` are the
    traceparents of spans in other traces that it is about; they are read only where spans are told.
    """
    if _teller is None:
        return _Carried(under)
    return _teller.open_span(name, kind, under=under, links=links, attributes=attributes)


class _Carried:
    """The trace without the span."""

    __slots__ = ("_before", "_under")

    def __init__(self, under: str | None) -> None:
        self._under = under
        self._before: str | None = None

    def __enter__(self) -> Span:
        self._before = current_traceparent()
        set_traceparent(self._under or new_traceparent())
        return _UNTOLD

    def __exit__(self, *_error: object) -> None:
        set_traceparent(self._before)


class _Untold:
    """A span that nobody asks for."""

    def rename(self, name: str) -> None:
        """Tell nobody."""

    def note(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Tell nobody."""

    def fail(self, kind: str) -> None:
        """Tell nobody."""


_UNTOLD = _Untold()
