"""A notification is sent once, or says that it does not know: real sinks, one step at a time."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from services.notification.notifications.preparing import find_unsent
from shared.contracts.booking import BookingConfirmed, RunCancelled, RunChanged
from shared.contracts.procurement import SupplierInvited
from shared.kernel import clock
from tests.services.notification.office import (
    PHONE,
    Office,
    Scripted,
    a_booking,
    a_person,
    a_run,
    a_supplier,
    one_booking,
    to_person,
    to_supplier,
)
from tests.support.messaging import a_message, until


async def test_a_confirmed_booking_becomes_an_email_in_the_readers_language(office: Office) -> None:
    await one_booking(office)
    assert await office.send() == 1
    [email] = await office.emails()
    assert email["to"] == ["eva@example.test"]
    assert email["subject"] == "Bokningen är klar: Svetsning"
    assert "Hej Eva!" in email["text"]
    assert "kl. 10.00–13.00, Falun (på plats)" in email["text"]
    assert await office.states() == {("booking_confirmed", "email"): ("sent", None)}
    assert await office.send() == 0


async def test_an_english_reader_gets_english(office: Office) -> None:
    await one_booking(office, language="en", given_name="Daniel")
    await office.send()
    [email] = await office.emails()
    assert email["subject"] == "Your booking is confirmed: Svetsning"
    assert "Hello Daniel," in email["text"]


async def test_calendar_entries_keep_their_uid_and_rise_in_sequence(office: Office) -> None:
    someone = a_person(phone=None)
    await office.know(someone)
    run = a_run(office.clock)
    to = (to_person(someone.person_id, "participant"),)
    await office.hear(a_message(BookingConfirmed, recipients=to, run=run, run_sequence=0))
    await office.hear(a_message(RunChanged, recipients=to, run=run, run_id=run.run_id, sequence=1))
    await office.hear(a_message(RunCancelled, recipients=to, run=run, run_id=run.run_id, sequence=2))
    await office.send()
    calendars = {email["subject"].split(":")[0]: email["calendar"] for email in await office.emails()}
    confirmed, changed, cancelled = (
        calendars["Du har en plats på Svetsning"],
        calendars["Ändrad kurs"],
        calendars["Inställd kurs"],
    )
    uid = f"UID:{run.meetings[0].meeting_id}@kurslots"
    assert all(uid in calendar for calendar in (confirmed, changed, cancelled))
    assert [f"SEQUENCE:{n}" in calendar for n, calendar in enumerate((confirmed, changed, cancelled))] == [True] * 3
    assert [calendar.count("METHOD:REQUEST") for calendar in (confirmed, changed, cancelled)] == [1, 1, 0]
    assert "METHOD:CANCEL" in cancelled
    assert "STATUS:CANCELLED" in cancelled


async def test_an_sms_is_sent_and_its_receipt_says_that_it_arrived(office: Office) -> None:
    someone = a_person(email=None)
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id, "participant")))
    await office.send()

    async def delivered() -> bool:
        return (await office.states())[("seat_confirmed", "sms")] == ("delivered", None)

    await until(delivered, what="the receipt")
    [sms] = await office.texts()
    assert sms["to"] == PHONE
    assert sms["message"].startswith("Du har en plats på kursen Svetsning.\nDen börjar torsdag 2026-12-03 kl. 10.00.")
    [attempt] = await office.rows(
        "SELECT * FROM attempts JOIN notifications n ON n.id = notification_id AND n.channel = 'sms'"
    )
    assert (attempt.result, attempt.parts, attempt.provider_id) == ("accepted", sms["parts"], sms["id"])
    [fact] = await office.rows("SELECT type FROM outbox WHERE type = 'notification.delivered.v1'")
    assert fact


async def test_the_attempt_is_kept_before_the_provider_is_called_and_no_transaction_is_held(office: Office) -> None:
    seen: list[tuple[str, int, int]] = []

    class Watching:
        name = ChannelName.EMAIL
        honours_key = False

        async def send(self, _sending: Sending) -> Outcome:
            [row] = await office.rows()
            [attempts] = await office.rows("SELECT count(*) AS n FROM attempts WHERE ended_at IS NULL")
            [open_transactions] = await office.rows(
                "SELECT count(*) AS n FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
            )
            seen.append((row.state, attempts.n, open_transactions.n))
            return Outcome(Result.ACCEPTED)

    await one_booking(office)
    await office.with_channel(Watching()).send_due()
    assert seen == [("sending", 1, 0)]


async def test_a_sender_that_dies_leaves_not_knowing_behind(office: Office) -> None:
    def die(_sending: Sending) -> Outcome:
        raise RuntimeError("power cut")

    await one_booking(office)
    await office.with_channel(Scripted(ChannelName.EMAIL, die)).send_due()
    assert await office.states() == {("booking_confirmed", "email"): ("sending", None)}
    assert await office.tick() == 0
    office.sending_limit = timedelta(seconds=-1)
    assert await office.tick() == 1
    assert await office.states() == {("booking_confirmed", "email"): ("unknown", "attempt_lost")}
    assert await office.send() == 0
    office.clock.advance(timedelta(seconds=300))
    assert await office.send() == 1
    assert await office.states() == {("booking_confirmed", "email"): ("sent", None)}


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("whose", ["takes it up", "looks for it"])
async def test_an_attempt_is_lost_by_the_databases_clock_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch, whose: str, hours: int
) -> None:
    """Two workers run on two machines, and the time of one of them is wrong."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(time.time() + hours * 3600, tz)

    def die(_sending: Sending) -> Outcome:
        raise RuntimeError("power cut")

    await one_booking(office)
    with monkeypatch.context() as machine:
        if whose == "takes it up":
            machine.setattr(clock, "datetime", Wrong)
        await office.with_channel(Scripted(ChannelName.EMAIL, die)).send_due()
    with monkeypatch.context() as machine:
        if whose == "looks for it":
            machine.setattr(clock, "datetime", Wrong)
        assert await office.tick() == 0
        office.sending_limit = timedelta(seconds=-1)
        assert await office.tick() == 1
    assert await office.states() == {("booking_confirmed", "email"): ("unknown", "attempt_lost")}


async def test_a_mail_server_that_takes_it_and_does_not_answer_leaves_not_knowing(office: Office) -> None:
    await office.behave(email={"eva@example.test": "drop"})
    await one_booking(office)
    for _ in range(5):
        await office.send()
        office.clock.advance(timedelta(minutes=10))
    assert len(await office.emails()) == 3  # then an operator decides
    [row] = await office.rows()
    assert (row.state, row.tries, row.next_check_at) == ("unknown", 3, None)


async def test_an_award_that_may_have_been_sent_waits_for_an_operator(office: Office) -> None:
    supplier = a_supplier()
    await office.know(supplier)
    await office.behave(email={"lena@example.test": "drop"})
    deadline = office.clock.now() + timedelta(days=20)
    invited = a_message(SupplierInvited, recipients=(to_supplier(supplier.supplier_id),), deadline=deadline)
    await office.hear(invited)
    await office.send()
    office.clock.advance(timedelta(days=1))
    assert await office.send() == 0
    [row] = await office.rows()
    assert (row.state, row.tries, row.next_check_at) == ("unknown", 1, None)


async def test_a_temporary_failure_is_tried_on_the_schedule_and_is_then_technical(office: Office) -> None:
    await office.behave(email={"eva@example.test": "450"})
    await one_booking(office)
    sender = office.scheduled(max_tries=3)
    for tries in (1, 2):
        assert await sender.send_due() == 1
        [row] = await office.rows()
        assert (row.state, row.tries, row.state_cause) == ("pending", tries, "smtp_450")
        assert row.next_check_at == office.clock.now() + timedelta(seconds=300)
        assert await sender.send_due() == 0
        office.clock.advance(timedelta(seconds=300))
    await sender.send_due()
    assert await office.states() == {("booking_confirmed", "email"): ("failed_technical", "smtp_450")}
    [fact] = await office.rows("SELECT convert_from(payload, 'UTF8')::jsonb AS fact FROM outbox")
    assert fact.fact["cause"] == "smtp_450"
    assert fact.fact["kind"] == "booking_confirmed"


async def test_an_address_that_does_not_exist_is_suppressed_at_once(office: Office) -> None:
    await office.behave(email={"eva@example.test": "550"})
    someone = await one_booking(office)
    await office.send()
    await office.hear(a_booking(office, to_person(someone.person_id)))
    await office.send()
    causes = [(row.state, row.state_cause) for row in await office.rows()]
    assert causes == [("failed_permanent", "smtp_550"), ("suppressed", "hard_bounce")]
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert (suppression.address, suppression.cause, suppression.until) == ("eva@example.test", "hard_bounce", None)
    assert not await office.emails()


async def test_two_soft_failures_in_a_day_suppress_for_thirty_days(office: Office) -> None:
    await office.behave(email={"eva@example.test": "450"})
    someone = await one_booking(office)
    sender = office.scheduled(max_tries=1)
    await sender.send_due()
    assert not await office.rows("SELECT * FROM suppressions")
    await office.hear(a_booking(office, to_person(someone.person_id)))
    await sender.send_due()
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert suppression.cause == "soft_bounces"
    assert suppression.until == office.clock.now() + timedelta(days=30)
    await office.behave(email={"eva@example.test": None})
    office.clock.advance(timedelta(days=30))
    await office.hear(a_booking(office, to_person(someone.person_id)))
    await office.send()
    assert len(await office.emails()) == 1
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert (suppression.address, suppression.lifted_at) == (None, office.clock.now())


async def test_two_soft_failures_in_different_days_suppress_nothing(office: Office) -> None:
    await office.behave(email={"eva@example.test": "450"})
    someone = await one_booking(office)
    sender = office.scheduled(max_tries=1)
    await sender.send_due()
    office.clock.advance(timedelta(hours=25))
    await office.hear(a_booking(office, to_person(someone.person_id)))
    await sender.send_due()
    assert not await office.rows("SELECT * FROM suppressions")


async def test_an_sms_without_a_receipt_is_a_temporary_failure_after_three_days(office: Office) -> None:
    await office.behave(sms={PHONE: "silent"})
    someone = a_person()
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id, "participant")))
    await office.send()
    office.clock.advance(timedelta(days=3) - timedelta(seconds=1))
    assert await office.tick() == 0
    office.clock.advance(timedelta(seconds=1))
    assert await office.tick() == 1
    assert (await office.states())[("seat_confirmed", "sms")] == ("failed_temporary", "no_receipt")


async def test_two_senders_send_one_notification_once(office: Office) -> None:
    for _ in range(8):
        await one_booking(office)
    other = office.scheduled()
    await asyncio.gather(office.sender.send_due(), other.send_due(), office.sender.send_due(), other.send_due())
    assert len(await office.emails()) == 8
    [attempts] = await office.rows("SELECT count(*) AS n FROM attempts")
    assert attempts.n == 8


async def test_a_content_that_cannot_be_written_fails_visibly(office: Office) -> None:
    await one_booking(office)
    async with office.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE notifications SET content = content - 'seats'")
    await office.send()
    assert await office.states() == {("booking_confirmed", "email"): ("failed_technical", "wording")}


async def test_who_asks_whether_all_is_sent_sees_what_is_due_and_what_is_in_hand(office: Office) -> None:
    async def unsent() -> int:
        async with office.database.sessions() as session:
            return len(await find_unsent(session, office.clock.now(), 10))

    assert await unsent() == 0
    await one_booking(office)
    assert await unsent() == 1
    await office.send()
    assert await unsent() == 0


@pytest.mark.parametrize("guard", [True, False])
async def test_a_hold_on_not_knowing_is_what_keeps_an_award_from_being_sent_twice(
    office: Office,
    guard: bool,  # noqa: FBT001 - a case of the test
) -> None:
    """The control twin: a provider that would honour our key is asked again."""
    supplier = a_supplier()
    await office.know(supplier)
    deadline = office.clock.now() + timedelta(days=20)
    await office.hear(a_message(SupplierInvited, recipients=(to_supplier(supplier.supplier_id),), deadline=deadline))
    channel = Scripted(ChannelName.EMAIL, lambda _: Outcome(Result.UNKNOWN, "timeout"))
    office.desk = replace(office.desk, honours_key=frozenset() if guard else frozenset({ChannelName.EMAIL}))
    sender = office.with_channel(channel)
    await sender.send_due()
    office.clock.advance(timedelta(minutes=5))
    await sender.send_due()
    assert len(channel.sent) == (1 if guard else 2)
    assert len({sending.key for sending in channel.sent}) == 1


async def test_many_failures_of_one_address_at_once_make_one_suppression(office: Office) -> None:
    await office.behave(email={"eva@example.test": "550"})
    someone = a_person()
    await office.know(someone)
    for _ in range(8):
        await office.hear(a_booking(office, to_person(someone.person_id)))
    await office.send()
    assert {state for state, _ in (await office.states()).values()} <= {"failed_permanent", "suppressed"}
    assert {row.state for row in await office.rows()} <= {"failed_permanent", "suppressed"}
    assert len(await office.rows("SELECT * FROM suppressions")) == 1
