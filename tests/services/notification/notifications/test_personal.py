"""A personal link or code stands in the message that is sent, and nowhere else: not on a page, not in a table."""

from datetime import timedelta

from services.notification.notifications.tables import Notification
from services.notification.notifications.writing import write_for
from services.notification.recipients.queries import find_recipient
from shared.contracts.booking import AttendanceSigningAsked, MeetingApproached, SigningCodeDrawn, WaitingEntryJoined
from shared.kernel.ids import new_id
from tests.services.notification.office import Office, a_person, to_person
from tests.support.messaging import a_message


async def test_the_link_to_sign_is_the_recipients_own_and_is_kept_nowhere(office: Office) -> None:
    someone, meeting_id = a_person(), new_id()
    await office.know(someone)
    to = (to_person(someone.person_id, "participant"),)
    await office.hear(a_message(AttendanceSigningAsked, recipients=to, meeting_id=meeting_id, is_reminder=False))
    await office.send()
    link = f"{office.desk.origin}/booking/mine/{office.desk.links.token(meeting_id, someone.person_id)}"
    said = [email["text"] for email in await office.emails()] + [text["message"] for text in await office.texts()]
    assert [link in text for text in said] == [True, True]
    token = link.rpartition("/")[2]
    assert not [row for row in await office.rows("SELECT n::text AS whole FROM notifications n") if token in row.whole]
    async with office.database.sessions() as session:
        row = await session.get_one(Notification, (await office.rows())[0].id)
        recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
        assert recipient is not None
        shown = write_for(office.desk.wordings, row, recipient, None, language="en", origin=office.desk.origin)
    assert token not in shown.text
    assert "stands in the message that was sent" in shown.text


async def test_a_code_is_sent_in_both_ways_and_begins_the_text(office: Office) -> None:
    someone, code_id = a_person(language="en"), new_id()
    await office.know(someone)
    to = (to_person(someone.person_id, "participant"),)
    expires_at = office.clock.now() + timedelta(minutes=15)
    await office.hear(a_message(SigningCodeDrawn, recipients=to, code_id=code_id, expires_at=expires_at))
    await office.send()
    code = office.desk.links.code(code_id)
    assert [text["message"].startswith(f"{code} is your code.") for text in await office.texts()] == [True]
    assert [f"Your code is {code}." in email["text"] for email in await office.emails()] == [True]


async def test_a_code_is_not_sent_after_its_time(office: Office) -> None:
    someone = a_person()
    await office.know(someone)
    to = (to_person(someone.person_id, "participant"),)
    await office.hear(a_message(SigningCodeDrawn, recipients=to, expires_at=office.clock.now()))
    await office.send()
    assert await office.texts() == []
    assert set((await office.states()).values()) == {("cancelled", "too_late")}


async def test_the_reminder_of_a_meeting_has_a_link_for_the_participant_and_none_for_the_contact(
    office: Office,
) -> None:
    participant, contact = a_person(email="one@example.test"), a_person(email="two@example.test")
    await office.know(participant, contact)
    to = (to_person(participant.person_id, "participant"), to_person(contact.person_id, "contact"))
    starts_at = office.clock.now() + timedelta(days=1)
    await office.hear(a_message(MeetingApproached, recipients=to, starts_at=starts_at))
    await office.send()
    has_link = {email["to"][0]: "/booking/mine/" in email["text"] for email in await office.emails()}
    assert has_link == {"one@example.test": True, "two@example.test": False}


async def test_each_contact_leaves_a_queue_by_a_link_of_her_own(office: Office) -> None:
    one, two, entry_id = a_person(email="one@example.test"), a_person(email="two@example.test"), new_id()
    await office.know(one, two)
    to = tuple(to_person(each.person_id, "contact") for each in (one, two))
    await office.hear(a_message(WaitingEntryJoined, recipients=to, entry_id=entry_id))
    await office.send()
    tokens = {each.email: office.desk.links.token(entry_id, each.person_id) for each in (one, two)}
    said = {email["to"][0]: email["text"] for email in await office.emails()}
    assert {email: f"/booking/queue/leave/{token}" in said[email] for email, token in tokens.items()} == {
        "one@example.test": True,
        "two@example.test": True,
    }
    assert len(set(tokens.values())) == 2
    kept = [row.whole for row in await office.rows("SELECT n::text AS whole FROM notifications n")]
    assert not [whole for whole in kept for token in tokens.values() if token in whole]
