"""Who was there is marked, signed for, corrected and followed up, and told in ids and minutes alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance import queries
from services.booking.attendance.door import shown_code
from services.booking.attendance.due import find_due_signings
from services.booking.attendance.marking import Mark, arrive, correct_attendance, mark_meeting
from services.booking.attendance.queries import AttendanceSearch, Shown
from services.booking.attendance.signing import (
    Noted,
    follow_up,
    note_signature,
    send_code,
    sign_attendance,
    sign_by_code,
)
from services.booking.attendance.tables import Signature, SigningCode
from services.booking.bookings.commands import Change, change_booking
from services.booking.bookings.runs import cancel_run_with_bookings
from services.booking.keys import Keys
from services.booking.projects.rules import SigningWay
from services.booking.projects.tables import Project
from shared.contracts.booking import (
    AttendanceCorrected,
    AttendanceLeftUnsigned,
    AttendanceRecorded,
    AttendanceSigned,
    AttendanceSigningAsked,
    SigningCodeDrawn,
)
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused, Several, TooOften
from tests.services.booking.held import LENGTH, LINKS, Held, a_held_meeting, attendance_of
from tests.services.booking.offered import a_person, told

KEYS = Keys.derive(b"keys of the tests")


async def _facts(session: AsyncSession) -> list[Any]:
    return [fact for fact in await told(session) if fact.topic.name == "booking.attendance"]


async def _marked(session: AsyncSession, *, minutes: int = LENGTH) -> tuple[Held, UUID]:
    held = await a_held_meeting(session)
    await mark_meeting(session, held.after(60), held.meeting.id, [Mark(held.people[0], minutes)], by=None)
    return held, (await attendance_of(session, held, held.people[0])).id


async def test_a_whole_meeting_is_marked_at_once_and_the_same_again_changes_nothing(session: AsyncSession) -> None:
    held = await a_held_meeting(session)
    marks = [Mark(person, minutes) for person, minutes in zip(held.people, (180, 60, 0), strict=True)]
    assert await mark_meeting(session, held.after(5), held.meeting.id, marks, by=held.employer.contact) == 3
    assert await mark_meeting(session, held.after(6), held.meeting.id, marks, by=held.employer.contact) == 0
    facts = await _facts(session)
    assert {(fact.person_id, fact.minutes, fact.standing) for fact in facts} == {
        (held.people[0], 180, "fully"),
        (held.people[1], 60, "partly"),
        (held.people[2], 0, "no_show"),
    }
    assert all(isinstance(fact, AttendanceRecorded) and fact.meeting_minutes == LENGTH for fact in facts)
    assert (await attendance_of(session, held, held.people[2])).next_check_at is None, "a no-show signs for nothing"


async def test_marks_that_cannot_stand_are_all_told_and_none_is_written(session: AsyncSession) -> None:
    held = await a_held_meeting(session)
    stranger = await a_person(session)
    with pytest.raises(Refused, match="meeting_not_begun"):
        await mark_meeting(session, held.after(-1), held.meeting.id, [Mark(held.people[0], 1)], by=None)
    marks = [Mark(held.people[0], 60), Mark(held.people[1], 181, "marks.1.minutes"), Mark(stranger, 60, "marks.2")]
    with pytest.raises(Several) as wrong:
        await mark_meeting(session, held.after(1), held.meeting.id, marks, by=None)
    assert [(error.code, error.field) for error in wrong.value.errors] == [
        ("minutes_beyond_meeting", "marks.1.minutes"),
        ("no_seat", "marks.2"),
    ]
    assert await _facts(session) == []
    with pytest.raises(NotFound):
        await mark_meeting(session, held.after(1), stranger, [], by=None)
    await cancel_run_with_bookings(session, held.after(1), held.run.id, reason="Läraren är sjuk")
    with pytest.raises(Conflict, match="run_cannot_move"):
        await mark_meeting(session, held.after(1), held.meeting.id, [Mark(held.people[0], 1)], by=None)


async def test_who_gave_up_her_seat_after_she_was_marked_stays_marked(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    await change_booking(session, held.after(61), held.booking.id, Change(participants=held.people[1:]))
    sheet = await queries.sheet_of(session, held.meeting)
    assert {row.person_id for row in sheet} == set(held.people)
    await mark_meeting(session, held.after(62), held.meeting.id, [Mark(held.people[0], 90)], by=None)
    rows = await queries.rows_of_run(session, held.run.id, AttendanceSearch(shown=Shown.ATTENDED))
    assert [(row.attendance and row.attendance.id, row.minutes) for row in rows.rows] == [(attendance_id, 90)]


async def test_the_participant_signs_for_what_she_saw_once(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    her, end = held.people[0], held.after(180)
    with pytest.raises(NotFound):
        await sign_attendance(session, end, attendance_id, person_id=held.people[1], minutes=LENGTH)
    with pytest.raises(Conflict, match="minutes_changed"):
        await sign_attendance(session, end, attendance_id, person_id=her, minutes=60)
    with pytest.raises(Refused, match="too_early_to_sign"):
        await sign_attendance(session, held.after(100), attendance_id, person_id=her, minutes=LENGTH)
    for _ in range(2):
        row = await sign_attendance(session, end, attendance_id, person_id=her, minutes=LENGTH)
    assert (row.signed_at, row.next_check_at) == (held.at(180), None)
    signed = (await _facts(session))[1:]
    assert [(type(fact), fact.way, fact.minutes) for fact in signed] == [(AttendanceSigned, "link", LENGTH)]
    with pytest.raises(Several, match="signed_already"):
        await mark_meeting(session, end, held.meeting.id, [Mark(her, 60)], by=None)


async def test_a_correction_keeps_the_signature_that_counts_no_more_and_asks_for_a_new_one(
    session: AsyncSession,
) -> None:
    held, attendance_id = await _marked(session)
    her, lead = held.people[0], held.employer.contact
    await sign_attendance(session, held.after(180), attendance_id, person_id=her, minutes=LENGTH)
    with pytest.raises(Refused, match="attendance_unchanged"):
        await correct_attendance(session, held.after(200), attendance_id, LENGTH, reason="Fel", by=lead)
    row = await correct_attendance(session, held.after(200), attendance_id, 120, reason="Gick tidigare", by=lead)
    assert (row.minutes, row.signed_at, row.next_check_at) == (120, None, held.at(215))
    await sign_attendance(session, held.after(300), attendance_id, person_id=her, minutes=120)
    signatures = await queries.signatures_of(session, attendance_id)
    assert [(each.minutes, each.replaced_at) for each in signatures] == [(120, None), (LENGTH, held.at(200))]
    corrected = [fact for fact in await _facts(session) if isinstance(fact, AttendanceCorrected)]
    assert [(fact.minutes_before, fact.minutes, fact.was_signed) for fact in corrected] == [(LENGTH, 120, True)]
    history = await queries.attendance_history(session, attendance_id)
    assert [row.change for row in history] == ["trainer", "signed_link", "corrected", "signed_link"]
    assert history[2].reason == "Gick tidigare"


async def test_paper_and_e_mail_are_noted_with_who_saw_them_where_the_project_takes_them(
    session: AsyncSession,
) -> None:
    held, attendance_id = await _marked(session)
    noted = Noted(SigningWay.PAPER, "Listan från dagen, skannad", held.employer.contact)
    project = await session.get_one(Project, held.project.id)
    project.signing_ways = ["link"]
    with pytest.raises(Refused, match="way_not_taken"):
        await note_signature(session, held.after(180), attendance_id, noted, minutes=LENGTH)
    project.signing_ways = ["paper"]
    await note_signature(session, held.after(180), attendance_id, noted, minutes=LENGTH)
    with pytest.raises(Refused, match="way_not_taken"):
        await send_code(session, held.after(180), attendance_id, by=held.employer.contact)
    with pytest.raises(Refused, match="signed_already"):
        await note_signature(session, held.after(181), attendance_id, noted, minutes=LENGTH)
    signature = (await queries.signatures_of(session, attendance_id))[0]
    assert (signature.way, signature.noted_by, signature.evidence) == ("paper", noted.by, noted.evidence)


async def test_a_code_signs_once_within_its_time_and_few_tries(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    clock = held.after(180)
    with pytest.raises(Refused, match="no_open_code"):
        await sign_by_code(session, clock, LINKS, attendance_id, "0000")
    code = await send_code(session, clock, attendance_id, by=held.employer.contact)
    digits = LINKS.code(code.id)
    made = (await _facts(session))[-1]
    assert isinstance(made, SigningCodeDrawn)
    assert made.code_id == code.id
    assert f'"{digits}"' not in made.model_dump_json(), "the digits do not travel"
    wrong = f"{(int(digits) + 1) % 10_000:04d}"
    left = [(await sign_by_code(session, clock, LINKS, attendance_id, wrong)).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(Refused, match="no_open_code"):
        await sign_by_code(session, clock, LINKS, attendance_id, digits)
    again = await send_code(session, clock, attendance_id, by=held.employer.contact)
    with pytest.raises(Refused, match="no_open_code"):
        await sign_by_code(session, held.after(195), LINKS, attendance_id, LINKS.code(again.id))
    assert (await sign_by_code(session, held.after(194), LINKS, attendance_id, LINKS.code(again.id))).is_right
    assert (await attendance_of(session, held, held.people[0])).signed_at == held.at(194)
    with pytest.raises(Refused, match="no_open_code"):
        await sign_by_code(session, held.after(194), LINKS, attendance_id, LINKS.code(again.id))


async def test_codes_are_sent_a_few_times_an_hour_and_the_last_alone_works(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    clock, by = held.after(180), held.employer.contact
    sent = [await send_code(session, clock, attendance_id, by=by) for _ in range(4)]
    with pytest.raises(TooOften, match="codes_too_often"):
        await send_code(session, clock, attendance_id, by=by)
    found = await session.exec(select(SigningCode.id).where(col(SigningCode.ended_at).is_(None)))
    assert found.all() == [sent[-1].id]
    await send_code(session, held.after(241), attendance_id, by=by)


async def test_unsigned_time_is_asked_for_reminded_of_and_then_told_once(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    row = await attendance_of(session, held, held.people[0])
    assert row.next_check_at == held.at(180 + 15)
    assert await follow_up(session, held.after(194), attendance_id) is False
    minutes = 195.0
    kinds: list[object] = []
    for _ in range(3):
        clock = held.after(minutes)
        assert attendance_id in await find_due_signings(session, clock.now(), 50)
        assert await follow_up(session, clock, attendance_id)
        assert await follow_up(session, clock, attendance_id) is False, "another worker was first"
        fact = (await _facts(session))[-1]
        kinds.append((type(fact), getattr(fact, "is_reminder", None)))
        minutes += timedelta(days=3) / timedelta(minutes=1)
    assert kinds == [
        (AttendanceSigningAsked, False),
        (AttendanceSigningAsked, True),
        (AttendanceLeftUnsigned, None),
    ]
    assert row.next_check_at is None
    unsigned = await queries.unsigned_rows(session, held.project.id, AttendanceSearch())
    assert [each.person_id for each in unsigned.rows] == [held.people[0]]
    await sign_attendance(session, held.after(minutes), attendance_id, person_id=held.people[0], minutes=LENGTH)
    assert (await queries.unsigned_rows(session, held.project.id, AttendanceSearch())).rows == []


async def test_where_only_paper_is_taken_nobody_is_asked_and_the_lead_is_told_in_time(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    (await session.get_one(Project, held.project.id)).signing_ways = ["paper"]
    for day in range(3):
        assert await follow_up(session, held.after(195 + day * 3 * 24 * 60), attendance_id)
    assert [type(fact) for fact in await _facts(session)] == [AttendanceRecorded, AttendanceLeftUnsigned]


async def test_the_code_of_the_room_registers_who_comes_and_moves_on(session: AsyncSession) -> None:
    held = await a_held_meeting(session)
    her, late, stranger = held.people[0], held.people[1], await a_person(session)
    code, until = shown_code(KEYS, held.meeting.id, held.at(-10))
    assert until - held.at(-10) <= timedelta(minutes=5)
    row = await arrive(session, held.after(-10), KEYS, held.meeting.id, her, f"{code[:3]} {code[3:]}")
    assert (row.minutes, row.source) == (LENGTH, "door")
    assert (await arrive(session, held.after(-6), KEYS, held.meeting.id, her, code)).id == row.id, "once"
    with pytest.raises(InvalidInput, match="door_code_wrong"):
        await arrive(session, held.after(60), KEYS, held.meeting.id, late, code)
    code, _ = shown_code(KEYS, held.meeting.id, held.at(60))
    assert (await arrive(session, held.after(60), KEYS, held.meeting.id, late, code)).minutes == 120
    with pytest.raises(Several, match="no_seat"):
        await arrive(session, held.after(60), KEYS, held.meeting.id, stranger, code)
    other = await a_held_meeting(session, project=held.project)
    with pytest.raises(InvalidInput, match="door_code_wrong"):
        await arrive(session, held.after(60), KEYS, other.meeting.id, other.people[0], code)
    with pytest.raises(Refused, match="door_shut"):
        await arrive(session, held.after(180), KEYS, held.meeting.id, late, code)


async def test_the_database_holds_one_row_and_one_signature_that_counts(session: AsyncSession) -> None:
    held, attendance_id = await _marked(session)
    await sign_attendance(session, held.after(180), attendance_id, person_id=held.people[0], minutes=LENGTH)
    session.add(Signature(attendance_id=attendance_id, minutes=1, way="link", at=held.at(181)))
    with pytest.raises(Exception, match="uq_attendance_signatures_counts"):
        await session.flush()
