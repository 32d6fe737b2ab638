"""Many at once: who mark one meeting, and who try one code; each with the same race where the lock is off."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance import marking, signing
from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.rules import CODE_TRIES
from services.booking.attendance.signing import send_code, sign_by_code
from services.booking.attendance.tables import Attendance, SigningCode
from services.booking.attendance.writing import Found
from services.booking.courses.tables import Meeting
from shared.db import Database
from shared.kernel.errors import KurslotsError
from tests.services.booking.held import LENGTH, LINKS, Held, a_held_meeting, attendance_of

AT_ONCE = 12


async def _held(database: Database) -> Held:
    async with database.sessions() as session:
        held = await a_held_meeting(session)
        await session.commit()
        return held


async def _in_own_transaction(database: Database, act: Callable[[AsyncSession], Awaitable[str]]) -> str:
    async with database.sessions() as session:
        try:
            done = await act(session)
            await session.commit()
        except KurslotsError as error:
            return error.code
        except Exception as error:  # noqa: BLE001 - what the database says where the lock is off
            return type(error).__name__
        return done


async def _marking_at_once(database: Database, held: Held) -> Counter[str]:
    async def act(session: AsyncSession) -> str:
        marks = [Mark(person, LENGTH) for person in held.people]
        return f"changed {await mark_meeting(session, held.after(10), held.meeting.id, marks, by=None)}"

    return Counter(await asyncio.gather(*(_in_own_transaction(database, act) for _ in range(AT_ONCE))))


async def test_of_many_who_mark_a_meeting_at_once_one_does_and_the_others_find_it_done(
    booking_database: Database,
) -> None:
    held = await _held(booking_database)
    assert await _marking_at_once(booking_database, held) == {"changed 3": 1, "changed 0": AT_ONCE - 1}


async def test_where_the_meeting_is_not_locked_the_same_race_breaks(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await _held(booking_database)
    everybody = asyncio.Barrier(AT_ONCE)

    async def unlocked(session: AsyncSession, meeting_id: UUID) -> Meeting:
        return await session.get_one(Meeting, meeting_id)

    known = marking._attendances

    async def read_by_all(*given: object) -> object:
        found = await known(*given)  # type: ignore[arg-type]  # handed on as it came
        await everybody.wait()
        return found

    monkeypatch.setattr(marking, "_lock_meeting", unlocked)
    monkeypatch.setattr(marking, "_attendances", read_by_all)
    became = await _marking_at_once(booking_database, held)
    assert became["changed 0"] == 0
    assert became["changed 3"] == 1, "the database holds one row for each, whatever the code does"


async def _a_code(database: Database, held: Held) -> tuple[UUID, str]:
    """Send a code, and return the attendance that it is for and digits that are wrong."""
    async with database.sessions() as session:
        await mark_meeting(session, held.after(10), held.meeting.id, [Mark(held.people[0], LENGTH)], by=None)
        row = await attendance_of(session, held, held.people[0])
        code = await send_code(session, held.after(180), row.id, by=held.employer.contact)
        await session.commit()
        return row.id, f"{(int(LINKS.code(code.id)) + 1) % 10_000:04d}"


async def _trying_at_once(database: Database, held: Held) -> Counter[str]:
    attendance_id, wrong = await _a_code(database, held)

    async def act(session: AsyncSession) -> str:
        tried = await sign_by_code(session, held.after(181), LINKS, attendance_id, wrong)
        return "right" if tried.is_right else "wrong"

    return Counter(await asyncio.gather(*(_in_own_transaction(database, act) for _ in range(AT_ONCE))))


async def test_a_code_that_is_tried_in_parallel_has_no_more_tries_than_one_by_one(booking_database: Database) -> None:
    became = await _trying_at_once(booking_database, await _held(booking_database))
    assert became == {"wrong": CODE_TRIES, "no_open_code": AT_ONCE - CODE_TRIES}


async def test_where_the_attendance_is_not_locked_a_code_has_more_tries(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await _held(booking_database)
    everybody = asyncio.Barrier(AT_ONCE)
    open_code = signing._open_code

    async def unlocked(session: AsyncSession, attendance_id: UUID) -> Found:
        row = await session.get_one(Attendance, attendance_id)
        return Found(row, await session.get_one(Meeting, row.meeting_id))

    async def read_by_all(session: AsyncSession, attendance_id: UUID) -> SigningCode | None:
        found = await open_code(session, attendance_id)
        await everybody.wait()
        return found

    monkeypatch.setattr(signing, "lock_attendance", unlocked)
    monkeypatch.setattr(signing, "_open_code", read_by_all)
    became = await _trying_at_once(booking_database, held)
    assert became["wrong"] > CODE_TRIES
