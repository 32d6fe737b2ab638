"""Whether somebody is told at all, and when: the unknown, the erased, the protected, quiet hours."""

from datetime import timedelta

from shared.contracts.booking import MeetingApproached, PersonDescribed, RunCancelled, RunChanged
from shared.contracts.procurement import SupplierInvited
from shared.kernel.ids import new_id
from tests.services.notification.office import (
    Office,
    a_booking,
    a_person,
    a_run,
    a_supplier,
    one_booking,
    to_person,
    to_supplier,
)
from tests.support.messaging import a_message


async def test_a_recipient_not_yet_known_is_waited_for(office: Office) -> None:
    person_id = new_id()
    await office.hear(a_booking(office, to_person(person_id, "participant")))
    await office.send()
    assert {state for state, _ in (await office.states()).values()} == {"pending"}
    assert await office.send() == 0
    await office.know(a_person(person_id, phone=None))
    await office.send()
    assert await office.states() == {
        ("seat_confirmed", "email"): ("sent", None),
        ("seat_confirmed", "sms"): ("cancelled", "no_address"),
    }


async def test_a_copy_that_comes_while_nobody_was_found_is_seen_soon_after(office: Office) -> None:
    """The copy is committed after it was looked for and before its waiting is: it finds nothing to wake."""
    person_id = new_id()
    await office.hear(a_booking(office, to_person(person_id)))
    await office.send()
    [waiting] = await office.rows()
    await office.know(a_person(person_id))
    async with office.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE notifications SET next_check_at = $1", (waiting.next_check_at,))
    assert await office.send() == 0
    office.clock.advance(timedelta(seconds=1))
    assert await office.send() == 1
    assert await office.states() == {("booking_confirmed", "email"): ("sent", None)}


async def test_a_recipient_that_never_comes_is_given_up(office: Office) -> None:
    await office.hear(a_booking(office, to_person(new_id())))
    office.clock.advance(timedelta(hours=24))
    await office.send()
    assert await office.states() == {("booking_confirmed", "email"): ("failed_technical", "recipient_unknown")}


async def test_an_erased_recipient_is_dropped(office: Office) -> None:
    someone = a_person()
    await office.know(someone)
    await office.erase(PersonDescribed, someone.person_id)
    await office.hear(a_booking(office, to_person(someone.person_id)))
    assert not await office.rows()


async def test_what_waits_for_somebody_who_is_then_erased_is_cancelled(office: Office) -> None:
    someone = await one_booking(office)
    await office.erase(PersonDescribed, someone.person_id)
    await office.send()
    [row] = await office.rows()
    assert (row.state, row.state_cause, row.content, row.calendar) == ("cancelled", "erased", None, None)
    assert not await office.emails()


async def test_a_protected_identity_is_not_written_to(office: Office) -> None:
    await one_booking(office, protected=True)
    await office.send()
    assert await office.states() == {("booking_confirmed", "email"): ("suppressed", "protected")}
    assert not await office.emails()


async def test_the_address_is_looked_up_when_it_is_sent(office: Office) -> None:
    someone = await one_booking(office)
    await office.know(a_person(someone.person_id, email="ny@example.test"), version=2)
    await office.send()
    assert [email["to"] for email in await office.emails()] == [["ny@example.test"]]


async def test_an_sms_in_the_evening_is_held_until_the_morning(office: Office) -> None:
    office.clock.advance(timedelta(hours=11))  # 21.00
    someone = a_person()
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id, "participant")))
    await office.send()
    assert await office.states() == {
        ("seat_confirmed", "email"): ("sent", None),
        ("seat_confirmed", "sms"): ("held", "quiet_hours"),
    }
    office.clock.advance(timedelta(hours=10, minutes=59))
    assert await office.send() == 0
    office.clock.advance(timedelta(minutes=1))
    assert await office.send() == 1
    assert len(await office.texts()) == 1


async def test_an_urgent_sms_is_sent_in_the_evening(office: Office) -> None:
    office.clock.advance(timedelta(hours=11))
    someone = a_person()
    await office.know(someone)
    run = a_run(office.clock, begins_in=timedelta(hours=12))
    to = (to_person(someone.person_id, "participant"),)
    await office.hear(a_message(RunCancelled, recipients=to, run=run, run_id=run.run_id))
    await office.send()
    [sms] = await office.texts()
    assert "inställd" in sms["message"]


async def test_a_held_sms_that_is_no_longer_true_is_dropped(office: Office) -> None:
    office.clock.advance(timedelta(hours=11))
    someone = a_person()
    await office.know(someone)
    run = a_run(office.clock)
    to = (to_person(someone.person_id, "participant"),)
    await office.hear(a_message(RunChanged, recipients=to, run=run, run_id=run.run_id))
    await office.send()
    await office.hear(a_message(RunCancelled, recipients=to, run=run, run_id=run.run_id))
    office.clock.advance(timedelta(hours=11))
    await office.send()
    assert (await office.states())[("run_changed", "sms")] == ("cancelled", "replaced")
    assert [sms["message"].split(".")[0] for sms in await office.texts()] == ["Kursen Svetsning är inställd"]


async def test_a_reminder_after_the_meeting_has_begun_is_of_no_use(office: Office) -> None:
    someone = a_person()
    await office.know(someone)
    run = a_run(office.clock, begins_in=timedelta(hours=1))
    [meeting] = run.meetings
    to = (to_person(someone.person_id, "participant"),)
    fact = a_message(
        MeetingApproached,
        recipients=to,
        run=run,
        run_id=run.run_id,
        meeting_id=meeting.meeting_id,
        starts_at=meeting.starts_at,
    )
    await office.hear(fact)
    office.clock.advance(timedelta(hours=1))
    await office.send()
    assert {cause for _, cause in (await office.states()).values()} == {"too_late"}


async def test_what_was_said_is_forgotten_in_time(office: Office) -> None:
    await one_booking(office)
    await office.send()
    office.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert await office.tick() == 0
    office.clock.advance(timedelta(seconds=1))
    assert await office.tick() == 1
    [row] = await office.rows()
    assert (row.content, row.calendar, row.state) == (None, None, "sent")


async def test_what_the_law_requires_has_no_way_to_switch_it_off(office: Office) -> None:
    supplier, person = a_supplier(), a_person(phone=None)
    await office.know(supplier, person)
    deadline = office.clock.now() + timedelta(days=20)
    await office.hear(a_message(SupplierInvited, recipients=(to_supplier(supplier.supplier_id),), deadline=deadline))
    await office.hear(a_booking(office, to_person(person.person_id)))
    await office.send()
    has_way = {email["to"][0]: "List-Unsubscribe" in email["headers"] for email in await office.emails()}
    assert has_way == {"lena@example.test": False, "eva@example.test": True}


async def test_somebody_of_another_language_and_without_a_name_is_greeted_in_swedish(office: Office) -> None:
    await one_booking(office, language="uk", given_name=None)
    await office.send()
    [email] = await office.emails()
    assert "Hej på dig!" in email["text"]
    assert email["headers"]["Content-Language"] == "sv"
