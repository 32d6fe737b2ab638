"""What each answer carries, and what log and metrics tell of it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from opentelemetry.trace import SpanKind
from structlog.testing import LogCapture

from shared.log import current_traceparent
from shared.web import access
from tests.shared.web import sample
from tests.support.spans import told_in_memory
from tests.support.web import LocalIssuer, anonymous_client, running, settings_for, signed_client

API = "/sample/api/v1"
NOTES = f"{API}/projects/{sample.PROJECT}/notes"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    monkeypatch.setattr(access, "_log", structlog.get_logger())
    yield capture.entries
    structlog.reset_defaults()


async def test_every_answer_has_the_security_headers(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        answers = [
            await lead.get(f"{API}/me"),
            await lead.get(f"{API}/nothing"),
            await lead.get(f"{API}/%00"),
            await lead.post(f"{API}/broken/fault"),
            await lead.get("/sample/health"),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 36


async def test_a_problem_names_its_request(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        answer = await nobody.get(f"{API}/me")
    assert answer.json()["instance"] == f"urn:kurslots:request:{answer.headers['x-request-id']}"


async def test_the_log_tells_the_route_and_the_person_and_nothing_that_was_written(
    app: FastAPI, issuer: LocalIssuer, lines: list[Any]
) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        await lead.get(NOTES, params={"title": "secret"})
    (line,) = [line for line in lines if line["event"] == "answered"]
    assert line["route"] == f"{API}/projects/{{project_id}}/notes"
    assert (line["method"], line["status"]) == ("GET", "200")
    assert line["person"] == str(sample.ACTORS["lead"].person_id)
    assert "secret" not in repr(lines)
    assert str(sample.PROJECT) not in repr(lines)


async def test_labelled_traffic_tells_neither_person_nor_route_nor_status(
    app: FastAPI, issuer: LocalIssuer, lines: list[Any]
) -> None:
    async with signed_client(app, issuer, "supplier") as supplier:
        assert (await supplier.post(f"{API}/sealed", json={"title": "x"})).status_code == 201
        metrics = (await supplier.get("/sample/metrics")).text
    line = next(line for line in lines if line["event"] == "answered")
    assert {name: line[name] for name in ("route", "method", "status")} == {
        "route": sample.SUPPLIER_TRAFFIC,
        "method": "any",
        "status": "2xx",
    }
    assert "person" not in line
    assert "sealed" not in metrics
    counted = 'kurslots_http_requests_total{method="any",route="supplier traffic",service="sample",status="2xx"}'
    assert counted in metrics


async def test_a_span_tells_of_a_request_what_the_log_tells(app: FastAPI, issuer: LocalIssuer) -> None:
    with told_in_memory() as told:
        async with signed_client(app, issuer, "lead") as lead:
            await lead.get(NOTES, params={"title": "secret"})
        async with signed_client(app, issuer, "supplier") as supplier:
            for title in ("x", "y"):
                assert (await supplier.post(f"{API}/sealed", json={"title": title})).status_code == 201
    listed, *sealed = [(span.name, dict(span.attributes or {})) for span in told.all() if span.kind is SpanKind.SERVER]
    template = f"{API}/projects/{{project_id}}/notes"
    assert listed == (
        f"GET {template}",
        {"http.route": template, "http.request.method": "GET", "http.response.status_code": 200},
    )
    label = sample.SUPPLIER_TRAFFIC
    assert sealed == 2 * [
        (
            f"any {label}",
            {"http.route": label, "http.request.method": "any", "http.response.status_code": "2xx"},
        )
    ]
    assert "secret" not in "".join(span.to_json() for span in told.all())


async def test_the_trace_of_a_request_is_carried_on_and_left_behind(app: FastAPI, issuer: LocalIssuer) -> None:
    before = current_traceparent()
    async with signed_client(app, issuer, "lead") as lead:
        await lead.get(f"{API}/me", headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    assert current_traceparent() == before


MALFORMED = [None, "", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01"]


async def test_what_a_request_causes_belongs_to_its_trace() -> None:
    traces: list[str | None] = []

    async def inner(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI app
        traces.append(current_traceparent())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    outer = access.AccessMiddleware(inner, service="sample", routes={})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://127.0.0.1") as client:
        await client.get("/x", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        await client.get("/x")
    assert [str(one).split("-")[1] == trace for one in traces] == [True, False]


@pytest.mark.parametrize("header", MALFORMED, ids=str)
def test_a_malformed_trace_is_not_carried_on(header: str | None) -> None:
    assert access.valid_traceparent(header) is None


async def test_health_says_that_the_database_is_there(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        answer = await nobody.get("/sample/health")
    assert answer.json() == {"service": "sample", "status": "up", "database": "up"}


async def test_the_app_starts_and_says_so_with_everything_away(issuer: LocalIssuer) -> None:
    issuer.is_away = True
    settings = settings_for(sample.SampleSettings, "postgresql://nobody:x@127.0.0.1:1/none", issuer)
    async with running(sample.create_app(settings, issuer_transport=issuer.transport)) as app:
        async with anonymous_client(app) as nobody:
            health = await nobody.get("/sample/health")
            assert (health.status_code, health.json()["database"]) == (503, "down")
            assert (await nobody.get(f"{API}/openapi.json")).status_code == 200
        issuer.is_away = False
        async with signed_client(app, issuer, "lead") as lead:
            away = await lead.get(NOTES)
    assert (away.status_code, away.json()["code"]) == (503, "database_away")


async def test_the_document_tells_every_problem_and_needs_no_other_address(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        document = (await nobody.get(f"{API}/openapi.json")).json()
        page = await nobody.get(f"{API}/docs")
    operation = document["paths"][f"{API}/projects/{{project_id}}/notes"]["post"]
    assert {"201", "400", "401", "403", "404", "409", "413", "415", "422", "503"} <= set(operation["responses"])
    assert operation["security"] == [{"token": []}]
    assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
    public = document["paths"][f"{API}/open"]["get"]
    assert "security" not in public
    assert "401" not in public["responses"]
    assert "://" not in page.text
    assert "<script" not in page.text
    assert "write_note" not in page.text
    assert "Write a note in a project." in page.text
    assert "sha256-" in page.headers["content-security-policy"]
