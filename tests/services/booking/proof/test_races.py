"""Many workers who look at the same person at once issue one certificate; the race has its twin without the lock."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.signing import sign_attendance
from services.booking.attendance.tables import Attendance
from services.booking.proof import issuing
from services.booking.proof.issuing import look_again
from services.booking.proof.rules import CertificateKind
from services.booking.proof.tables import Certificate
from shared.db import Database
from tests.services.booking.held import LENGTH, Held, a_held_meeting, attendance_of

AT_ONCE = 8


async def _signed(database: Database) -> tuple[Held, UUID]:
    async with database.sessions() as session:
        held = await a_held_meeting(session, people=1)
        her, clock = held.people[0], held.after(200)
        await mark_meeting(session, clock, held.meeting.id, [Mark(her, LENGTH)], by=None)
        row = await attendance_of(session, held, her)
        await sign_attendance(session, clock, row.id, person_id=her, minutes=LENGTH)
        await session.commit()
        return held, row.id


async def _look_at_once(database: Database, held: Held, attendance_id: UUID) -> Counter[str]:
    async def look() -> str:
        async with database.sessions() as session:
            try:
                was_due = await look_again(session, held.after(200), attendance_id)
                await session.commit()
            except IntegrityError:
                return "refused by the database"
            return "looked" if was_due else "not due any more"

    return Counter(await asyncio.gather(*(look() for _ in range(AT_ONCE))))


async def _issued(database: Database, held: Held) -> int:
    async with database.sessions() as session:
        found = await session.exec(select(Certificate).where(col(Certificate.run_id) == held.run.id))
        return len(found.all())


async def test_of_many_who_look_at_once_one_issues_and_the_others_find_it_done(booking_database: Database) -> None:
    held, attendance_id = await _signed(booking_database)
    became = await _look_at_once(booking_database, held, attendance_id)
    assert became == {"looked": 1, "not due any more": AT_ONCE - 1}
    assert await _issued(booking_database, held) == 1


async def test_where_her_rows_are_not_locked_the_same_race_breaks(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, attendance_id = await _signed(booking_database)
    everybody = asyncio.Barrier(AT_ONCE)

    async def unlocked(session: AsyncSession, project_id: UUID, person_id: UUID) -> Sequence[Attendance]:
        found = await session.exec(
            select(Attendance).where(
                col(Attendance.project_id) == project_id, col(Attendance.participant_id) == person_id
            )
        )
        return found.all()

    find = issuing._find_current

    async def with_everybody(session: AsyncSession, of: Any) -> Certificate | None:  # noqa: ANN401 - of no public type
        current = await find(session, of)
        if of.kind is CertificateKind.COURSE:
            await everybody.wait()
        return current

    monkeypatch.setattr(issuing, "_lock_rows", unlocked)
    monkeypatch.setattr(issuing, "_find_current", with_everybody)
    became = await _look_at_once(booking_database, held, attendance_id)
    assert became["not due any more"] == 0
    assert became["refused by the database"] > 0
    assert await _issued(booking_database, held) == 1, "the database holds one for each, whatever the code does"
