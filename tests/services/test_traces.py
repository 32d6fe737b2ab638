"""One trace from a booking over HTTP, through outbox, Kafka and consumer, to the call of the mail provider."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from services.booking.settings import BookingSettings
from services.booking.worker import create_worker as booking_worker
from services.notification.settings import NotificationSettings
from services.notification.worker import create_worker as notification_worker
from shared.db import Database, open_database
from shared.messaging.topics_admin import create_topics
from tests.services.booking.bookings.test_api import a_booking, a_company, a_run
from tests.services.booking.registered import Office, an_office
from tests.support.databases import ServiceDatabase
from tests.support.messaging import rows_of, until
from tests.support.origin import SMS_PASSWORD, SMS_USER, RunningOrigin, running_origin, serve
from tests.support.spans import Told, id_of, linked_by, told_in_memory
from tests.support.web import LocalIssuer, settings_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
UNDER = f"00-{TRACE}-00f067aa0ba902b7-01"
BOOKING = "POST /booking/api/v1/projects/{project_id}/employers/{employer_id}/bookings"
PERSONAL = ("Eva", "Sandstr", "eva@", "Nils", "Falu Mekaniska", "Svetsning", "Magasinet")


@pytest.fixture(scope="module")
async def booking_url(module_database: ServiceDatabase) -> str:
    return await module_database("booking")


@pytest.fixture(scope="module")
async def office(booking_url: str) -> AsyncIterator[Office]:
    async with an_office(booking_url) as office:
        yield office


@pytest.fixture(scope="module")
async def sinks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningOrigin]:
    async with running_origin(tmp_path_factory.mktemp("origin")) as origin:
        yield origin


@pytest.fixture(scope="module")
async def told(
    office: Office,
    booking_url: str,
    module_database: ServiceDatabase,
    sinks: RunningOrigin,
    kafka: str,
) -> AsyncIterator[Told]:
    """Book a seat with the tail of a trace, and let the workers carry it until the mail has been handed over."""
    url = await module_database("notification")
    around = {"kafka_bootstrap": kafka, "namespace": f"t{uuid4().hex[:12]}"}
    booking = settings_for(BookingSettings, booking_url, LocalIssuer(), **around)
    notification = settings_for(
        NotificationSettings,
        url,
        LocalIssuer(),
        smtp_url=f"smtp://127.0.0.1:{sinks.smtp_port}",
        sms_url=f"{sinks.url}/sms/a1/sms",
        sms_user=SMS_USER,
        sms_password=SMS_PASSWORD,
        **around,
    )
    await create_topics(booking)
    database = open_database(url)
    company, run = await a_company(office), await a_run(office)
    with told_in_memory() as told:
        company.client.headers["traceparent"] = UNDER
        await a_booking(office, company, run)
        async with serve(booking_worker(booking)), serve(notification_worker(notification)):
            await until(lambda: _is_sent(database, told), seconds=90, what="the e-mail")
        yield told
    await database.close()


async def _is_sent(database: Database, told: Told) -> bool:
    rows = await rows_of(database, "SELECT state FROM notifications WHERE kind = 'booking_confirmed'")
    return {row.state for row in rows} == {"sent"} and bool(told.named("take up notification"))


async def test_one_trace_leads_from_the_booking_to_the_providers_call(told: Told) -> None:
    calls = [call for call in told.named("hand over email") if _trace(call) == TRACE]
    assert calls, sorted({(span.name, _trace(span)) for span in told.all()})
    for call in calls:
        assert told.way_to(call) == [
            BOOKING,
            "create booking.bookings",
            "process booking.bookings",
            "take up notification",
            "hand over email",
        ]
        assert call.kind is SpanKind.CLIENT
        assert (call.attributes or {})["kurslots.result"] == "accepted"
    request = told.one(BOOKING)
    assert request.kind is SpanKind.SERVER
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == UNDER.split("-")[2]
    attributes = dict(request.attributes or {})
    assert attributes["http.response.status_code"] == 201
    assert attributes["http.route"] == BOOKING.partition(" ")[2]

    created = told.one("create booking.bookings")
    assert created.kind is SpanKind.PRODUCER
    (taken_up,) = [each for each in told.all() if each.name.endswith(".notification.effects") and _links(each, created)]
    processed = told.one("process booking.bookings")
    assert processed.kind is SpanKind.CONSUMER
    assert _links(processed, taken_up)
    assert _trace(taken_up) != TRACE, "a batch is of many traces, so of none of them"
    (sent,) = [each for each in told.named("send booking") if _links(each, created)]
    assert int(str((sent.attributes or {})["messaging.batch.message_count"])) >= len(sent.links)


async def test_no_span_tells_of_a_person_or_of_what_was_said(told: Told) -> None:
    whole = "\n".join(span.to_json() for span in told.all())
    assert "hand over email" in whole
    assert [value for value in PERSONAL if value in whole] == []


def _trace(span: ReadableSpan) -> str:
    return f"{id_of(span)[0]:032x}"


def _links(span: ReadableSpan, other: ReadableSpan) -> bool:
    return id_of(other) in linked_by(span)
