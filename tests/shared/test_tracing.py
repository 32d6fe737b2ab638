"""What is told of a span, what is not, and that a trace is carried on where nothing is told."""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry.trace import SpanKind, StatusCode

from shared.log import _add_trace, current_traceparent, set_traceparent
from shared.tracing import Kind, is_collector_set, is_told, span
from tests.support.spans import Told, id_of, linked_by, told_in_memory

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
UNDER = f"00-{TRACE}-00f067aa0ba902b7-01"
UNSAMPLED = f"00-{TRACE}-00f067aa0ba902b7-00"


@pytest.fixture
def told() -> Iterator[Told]:
    with told_in_memory() as told:
        yield told


def test_without_a_collector_a_trace_is_carried_on_and_left_behind() -> None:
    set_traceparent(None)
    assert not is_told()
    with span("outer", under=UNDER) as outer:
        assert current_traceparent() == UNDER
        with span("of its own"):
            own = current_traceparent()
        assert current_traceparent() == UNDER
        outer.rename("x")
        outer.note({"x": 1})
        outer.fail("x")
    assert own is not None
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", own)
    assert TRACE not in own
    assert current_traceparent() is None


def test_without_a_collector_links_are_not_even_read() -> None:
    def links() -> Iterator[str | None]:
        raise AssertionError("read")
        yield None

    with span("x", links=links()):
        pass


def test_a_span_is_told_with_its_parent_its_kind_and_its_links(told: Told) -> None:
    other = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    with span("outer", Kind.SERVER, under=UNDER, links=(other, None, "nonsense"), attributes={"a": 1}) as work:
        outer = current_traceparent()
        work.rename("renamed")
        work.note({"b": "2"})
        with span("inner", under=outer):
            inner = current_traceparent()
        assert current_traceparent() == outer
    renamed = told.one("renamed")
    assert renamed.kind is SpanKind.SERVER
    assert renamed.parent is not None
    assert f"{renamed.parent.trace_id:032x}-{renamed.parent.span_id:016x}" in UNDER
    assert dict(renamed.attributes or {}) == {"a": 1, "b": "2"}
    assert linked_by(renamed) == {(int("1" * 32, 16), int("2" * 16, 16))}
    assert told.way_to(told.one("inner")) == ["renamed", "inner"]
    assert inner == "00-{:032x}-{:016x}-01".format(*id_of(told.one("inner")))


def test_a_span_of_its_own_is_not_under_what_happens_to_be_done(told: Told) -> None:
    with span("outer", under=UNDER), span("own"):
        pass
    assert told.one("own").parent is None


def test_an_error_fails_the_span_and_its_text_is_told_to_nobody(told: Told) -> None:
    with pytest.raises(ValueError, match="Eva"), span("x"):
        raise ValueError("Eva Sandström eva@example.test")
    failed = told.one("x")
    assert failed.status.status_code is StatusCode.ERROR
    assert dict(failed.attributes or {}) == {"error.type": "ValueError"}
    assert "Eva" not in failed.to_json()


def test_what_the_caller_does_not_want_recorded_is_carried_on_and_not_told(told: Told) -> None:
    with span("x", under=UNSAMPLED):
        carried = current_traceparent()
    assert carried is not None
    assert carried.split("-")[1] == TRACE
    assert carried.endswith("-00")
    assert told.all() == ()


def test_a_log_line_names_its_trace() -> None:
    with span("x", under=UNDER):
        line = _add_trace(logging.getLogger(), "info", {"event": "x"})
    assert line["trace_id"] == TRACE
    assert "trace_id" not in _add_trace(structlog.get_logger(), "info", {"event": "x"})


ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
SET = [
    ({}, False),
    (ENDPOINT, True),
    ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
    (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
    (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
    (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
]


@pytest.mark.parametrize(("environment", "is_set"), SET, ids=str)
def test_a_collector_is_set_by_opentelemetrys_own_settings(environment: Mapping[str, str], is_set: Any) -> None:  # noqa: ANN401 - true or false, or what stands for it
    assert is_collector_set(environment) is is_set


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    asked = "from shared.spans import spans_by_settings; spans_by_settings('booking', 'web')"
    environment = ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    run = subprocess.run(
        [sys.executable, "-c", asked], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is grpc" in run.stderr
