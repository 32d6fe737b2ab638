"""The whole worker: a state and a fact come over Kafka, an e-mail leaves, and what became of it is recorded."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from services.notification.settings import NotificationSettings
from services.notification.worker import TIMERS, create_worker
from shared.contracts.booking import BookingConfirmed
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.messaging.reactions import Delivery
from shared.messaging.timers import TimerRunner
from shared.messaging.topics_admin import create_topics
from tests.services.notification.office import a_person, to_person
from tests.support.messaging import a_message, a_record, rows_of, until
from tests.support.origin import SMS_PASSWORD, SMS_USER, RunningOrigin, serve
from tests.support.web import LocalIssuer, settings_for


@pytest.fixture
def settings(
    database_url: str, issuer: LocalIssuer, kafka: str, namespace: str, sinks: RunningOrigin
) -> NotificationSettings:
    return settings_for(
        NotificationSettings,
        database_url,
        issuer,
        kafka_bootstrap=kafka,
        namespace=namespace,
        smtp_url=f"smtp://127.0.0.1:{sinks.smtp_port}",
        sms_url=f"{sinks.url}/sms/a1/sms",
        sms_user=SMS_USER,
        sms_password=SMS_PASSWORD,
    )


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await made.start()
    yield made
    await made.stop()


async def test_a_fact_on_kafka_becomes_an_email(
    settings: NotificationSettings, producer: AIOKafkaProducer, database: Database, sinks: RunningOrigin
) -> None:
    await create_topics(settings)
    person = a_person(phone=None)
    booked = a_message(BookingConfirmed, recipients=(to_person(person.person_id),))
    for message in (booked, person):  # the fact first: its recipient is then waited for
        record = a_record(message)
        await producer.send_and_wait(
            settings.topic(record.topic), record.value, key=record.key, headers=list(record.headers)
        )

    async def is_sent() -> bool:
        return [row.state for row in await rows_of(database, "SELECT state FROM notifications")] == ["sent"]

    async with serve(create_worker(settings)):
        await until(is_sent, seconds=60, what="the e-mail")
    [email] = (await sinks.client.get("/sent/emails")).json()["items"]
    assert email["to"] == [person.email]
    assert await TimerRunner(TIMERS, database, SystemClock()).count_due() == 0


async def test_the_list_that_is_asked_is_never_run(database: Database) -> None:
    async with database.sessions() as session:
        for timer in TIMERS.timers.values():
            with pytest.raises(AssertionError):
                await timer.run(Delivery(session, SystemClock()), a_person().person_id)
