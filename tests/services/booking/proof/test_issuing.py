"""Certificates come, go and are replaced by what is marked and signed, and are told in ids and minutes alone."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, correct_attendance, mark_meeting
from services.booking.attendance.signing import sign_attendance
from services.booking.proof.due import find_due_proofs
from services.booking.proof.issuing import look_again
from services.booking.proof.rules import Attested, month_of, month_over_at
from services.booking.proof.tables import Certificate, CertificateHistory
from shared.contracts.booking import CertificateIssued
from shared.kernel.clock import FixedClock
from tests.services.booking.held import LENGTH, Held, a_held_meeting, attendance_of
from tests.services.booking.offered import parts, told


async def _sign(session: AsyncSession, held: Held, person: UUID, minutes: int = LENGTH, *, at: float = 200) -> UUID:
    await mark_meeting(session, held.after(at), held.meeting.id, [Mark(person, minutes)], by=None)
    return await _sign_what_is_marked(session, held, person, at=at)


async def _sign_what_is_marked(session: AsyncSession, held: Held, person: UUID, *, at: float) -> UUID:
    row = await attendance_of(session, held, person)
    await sign_attendance(session, held.after(at), row.id, person_id=person, minutes=row.minutes)
    return row.id


async def _look(session: AsyncSession, clock: FixedClock) -> int:
    """Look at all that is due, as the timers do; return how many were."""
    await session.flush()
    due = await find_due_proofs(session, clock.now(), 100)
    return sum([await look_again(session, clock, each) for each in due])


async def _certificates(session: AsyncSession, person: UUID) -> list[tuple[str, str, int]]:
    statement = select(Certificate).where(col(Certificate.participant_id) == person).order_by(col(Certificate.id))
    rows = (await session.exec(statement.execution_options(populate_existing=True))).all()
    return [(row.kind, row.state, row.minutes) for row in rows]


async def test_a_certificate_comes_when_the_course_is_over_and_signed_and_the_months_when_the_month_is(
    session: AsyncSession,
) -> None:
    held = await a_held_meeting(session)
    her = held.people[0]
    attendance_id = await _sign(session, held, her, at=170)
    assert await _look(session, held.after(170)) == 1, "her time passed, but the course has not"
    assert await _certificates(session, her) == []
    assert (await attendance_of(session, held, her)).prove_at == held.run.ends_at
    assert await look_again(session, held.after(171), attendance_id) is False
    assert await _look(session, held.after(181)) == 1
    assert await _certificates(session, her) == [("course", "valid", LENGTH)]
    month_over = month_over_at(month_of(held.meeting.starts_at))
    assert (await attendance_of(session, held, her)).prove_at == month_over
    assert await _look(session, FixedClock(month_over)) == 1
    assert await _certificates(session, her) == [("course", "valid", LENGTH), ("month", "valid", LENGTH)]
    assert (await attendance_of(session, held, her)).prove_at is None
    facts = [fact for fact in await told(session) if isinstance(fact, CertificateIssued)]
    assert [(fact.kind, fact.minutes, fact.month is None, fact.run is None) for fact in facts] == [
        ("course", LENGTH, True, False),
        ("month", LENGTH, False, True),
    ]
    assert [parts(fact) for fact in facts] == [{("participant", her)}, set()]
    assert "Anna" not in "".join(fact.model_dump_json() for fact in facts)


async def test_a_correction_revokes_it_and_a_new_signature_issues_another_in_its_place(session: AsyncSession) -> None:
    held = await a_held_meeting(session)
    her = held.people[0]
    attendance_id = await _sign(session, held, her)
    await _look(session, held.after(200))
    first = (await session.exec(select(Certificate).where(col(Certificate.participant_id) == her))).one()
    before = dict(first.attested)
    await correct_attendance(
        session, held.after(300), attendance_id, 120, reason="Gick tidigare", by=held.employer.contact
    )
    await _look(session, held.after(300))
    assert await _certificates(session, her) == [("course", "revoked", LENGTH)]
    await _sign_what_is_marked(session, held, her, at=301)
    await _look(session, held.after(301))
    assert await _certificates(session, her) == [("course", "replaced", LENGTH), ("course", "valid", 120)]
    await session.refresh(first)
    assert first.attested == before, "what it attested stays as it was"
    second = await session.get_one(Certificate, first.replaced_by_id)
    assert Attested.model_validate(second.attested).minutes == 120
    assert second.code != first.code
    history = await session.exec(
        select(CertificateHistory.change)
        .where(col(CertificateHistory.certificate_id) == first.id)
        .order_by(col(CertificateHistory.id))
    )
    assert history.all() == ["issued", "revoked", "replaced"]
    row = await attendance_of(session, held, her)
    row.prove_at = held.at(302)
    session.add(row)
    assert await _look(session, held.after(302)) == 1
    assert len(await _certificates(session, her)) == 2, "nothing is new, so nothing is issued"


async def test_time_corrected_and_signed_before_anybody_looks_replaces_the_certificate_at_once(
    session: AsyncSession,
) -> None:
    held = await a_held_meeting(session)
    her = held.people[0]
    attendance_id = await _sign(session, held, her)
    await _look(session, held.after(200))
    await correct_attendance(session, held.after(210), attendance_id, 60, reason="Fel", by=held.employer.contact)
    await _sign_what_is_marked(session, held, her, at=211)
    await _look(session, held.after(211))
    assert await _certificates(session, her) == [("course", "replaced", LENGTH), ("course", "valid", 60)]


async def test_who_did_not_come_gets_none_and_an_unmarked_meeting_is_asked_of_again(session: AsyncSession) -> None:
    held = await a_held_meeting(session)
    her, other = held.people[:2]
    await mark_meeting(session, held.after(200), held.meeting.id, [Mark(her, 0)], by=None)
    assert await _look(session, held.after(200)) == 1
    assert await _certificates(session, her) == []
    attendance_id = await _sign(session, held, other)
    await _look(session, held.after(200))
    await correct_attendance(session, held.after(300), attendance_id, 0, reason="Var inte där", by=her)
    await _look(session, held.after(300))
    assert await _certificates(session, other) == [("course", "revoked", LENGTH)]
