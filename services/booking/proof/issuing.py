"""Certificates are issued, replaced and revoked by what is marked and signed; nobody writes one by hand.

Whatever is changed of somebody's time asks for this by `attendances.prove_at`. Locked are all her attendances of the
project, by id, so that two looks at the same person come one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.tables import Attendance
from services.booking.base import locked
from services.booking.courses.queries import get_run, summary_of
from services.booking.courses.rules import RunState
from services.booking.proof.rules import (
    ASKED_AGAIN_AFTER,
    ASKED_AGAIN_FOR,
    CERTIFICATE,
    Attested,
    CertificateKind,
    CertificateState,
    Lacking,
    Sitting,
    attest,
    lacking,
    month_over_at,
    new_code,
)
from services.booking.proof.sittings import sittings_of, undertaking_of
from services.booking.proof.tables import Certificate, CertificateHistory
from shared.contracts.booking import CertificateIssued
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock
from shared.kernel.ids import new_id
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class _Of:
    """What a certificate is of: a run, or a month."""

    kind: CertificateKind
    project_id: UUID
    participant_id: UUID
    employer_id: UUID | None = None
    run_id: UUID | None = None
    month: date | None = None


async def look_again(session: AsyncSession, clock: Clock, attendance_id: UUID) -> bool:
    """Issue, replace or revoke what the attendance has a part in: the run's certificate and the month's.

    Whatever else of hers in the project is due is looked at with it: at the end of a month all of it is. When it is to
    be looked at once more is written down. Returns whether this one was due.
    """
    seen = await session.get(Attendance, attendance_id)
    if seen is None:
        return False
    rows = await _lock_rows(session, seen.project_id, seen.participant_id)
    now = clock.now()
    due = [each for each in rows if each.prove_at is not None and each.prove_at <= now]
    if all(each.id != attendance_id for each in due):
        return False
    sittings = await sittings_of(session, seen.project_id, seen.participant_id)
    month_of_meeting = {each.meeting_id: each.month for each in sittings}
    by_run = {each.run_id: each for each in due}
    runs = {run_id: await _settle_run(session, row, sittings, now) for run_id, row in by_run.items()}
    months = {
        month: await _settle_month(session, seen, month, sittings, now)
        for month in sorted({month_of_meeting[each.meeting_id] for each in due})
    }
    for each in due:
        waits = (runs[each.run_id], months[month_of_meeting[each.meeting_id]])
        each.prove_at = min((at for at in waits if at is not None), default=None)
        session.add(each)
    return True


async def _lock_rows(session: AsyncSession, project_id: UUID, person_id: UUID) -> Sequence[Attendance]:
    statement = (
        select(Attendance)
        .where(col(Attendance.project_id) == project_id, col(Attendance.participant_id) == person_id)
        .order_by(col(Attendance.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def _settle_run(
    session: AsyncSession, row: Attendance, sittings: Sequence[Sitting], now: datetime
) -> datetime | None:
    run = await get_run(session, row.run_id)
    of = _Of(CertificateKind.COURSE, row.project_id, row.participant_id, employer_id=row.employer_id, run_id=row.run_id)
    # of a course that was called off there is no certificate; its hours are in the month's
    is_held = run.state == RunState.SCHEDULED
    counted = [each for each in sittings if is_held and each.run_id == row.run_id]
    return await _settle(session, of, counted, run.ends_at, now)


async def _settle_month(
    session: AsyncSession, row: Attendance, month: date, sittings: Sequence[Sitting], now: datetime
) -> datetime | None:
    of = _Of(CertificateKind.MONTH, row.project_id, row.participant_id, month=month)
    return await _settle(session, of, [each for each in sittings if each.month == month], month_over_at(month), now)


async def _settle(
    session: AsyncSession, of: _Of, sittings: Sequence[Sitting], over_at: datetime, now: datetime
) -> datetime | None:
    """Let the certificate be what it should be now; return when to look again, or none."""
    lacks = lacking(sittings, over_at, now) if sittings else Lacking.NOT_ATTENDED
    current = await _find_current(session, of)
    if lacks is None:
        undertaking = await undertaking_of(session, of.project_id)
        is_course = of.kind is CertificateKind.COURSE
        attested = attest(
            sittings,
            undertaking,
            of.participant_id,
            title=sittings[0].course_title if is_course else undertaking.name,
            run_reference=sittings[0].run_reference if is_course else None,
        )
        if current is None or not _still_says(current, attested):
            await _issue(session, of, attested, current, now)
    elif current is not None and current.state == CertificateState.VALID:
        _end(session, current, CertificateState.REVOKED, now, reason=lacks.value)
    if lacks is Lacking.NOT_OVER:
        return over_at
    return now + ASKED_AGAIN_AFTER if lacks is Lacking.NOT_MARKED and now < over_at + ASKED_AGAIN_FOR else None


async def _find_current(session: AsyncSession, of: _Of) -> Certificate | None:
    """Return the certificate that nothing has replaced yet."""
    statement = select(Certificate.id).where(
        col(Certificate.participant_id) == of.participant_id,
        col(Certificate.project_id) == of.project_id,
        col(Certificate.kind) == of.kind.value,
        col(Certificate.run_id).is_not_distinct_from(of.run_id),
        col(Certificate.month).is_not_distinct_from(of.month),
        col(Certificate.state) != CertificateState.REPLACED.value,
    )
    found = (await session.exec(statement)).one_or_none()
    return None if found is None else await locked(session, Certificate, found)


def _still_says(current: Certificate, attested: Attested) -> bool:
    is_valid = current.state == CertificateState.VALID
    return is_valid and Attested.model_validate(current.attested).says_the_same_time(attested)


async def _issue(
    session: AsyncSession, of: _Of, attested: Attested, current: Certificate | None, now: datetime
) -> None:
    certificate = Certificate(
        id=new_id(),
        code=new_code(),
        kind=of.kind.value,
        project_id=of.project_id,
        employer_id=of.employer_id,
        participant_id=of.participant_id,
        run_id=of.run_id,
        month=of.month,
        minutes=attested.minutes,
        counted_minutes=attested.counted_minutes,
        attested=attested.model_dump(mode="json"),
        issued_at=now,
    )
    # two rows that are valid at once the database refuses: what is replaced gives way first
    if current is not None and current.state == CertificateState.VALID:
        _end(session, current, CertificateState.REVOKED, now, reason="corrected")
        await session.flush()
    session.add(certificate)
    await session.flush()
    if current is not None:
        CERTIFICATE.check(CertificateState(current.state), CertificateState.REPLACED)
        current.state, current.replaced_by_id = CertificateState.REPLACED.value, certificate.id
        session.add(current)
        session.add(_happened(current, now, CertificateState.REPLACED.value))
    session.add(_happened(certificate, now, "issued", after=attested.counted_minutes))
    await _tell(session, certificate, current, now)


def _end(session: AsyncSession, row: Certificate, state: CertificateState, now: datetime, *, reason: str) -> None:
    CERTIFICATE.check(CertificateState(row.state), state)
    row.state, row.ended_at = state.value, now
    row.version += 1
    session.add(row)
    session.add(_happened(row, now, state.value, after=reason))


def _happened(row: Certificate, at: datetime, change: str, *, after: object = None) -> CertificateHistory:
    kept = None if after is None else str(after)
    return CertificateHistory(certificate_id=row.id, at=at, actor_id=None, change=change, after=kept)


async def _tell(session: AsyncSession, row: Certificate, current: Certificate | None, now: datetime) -> None:
    """Tell that it is issued; the participant gets a message of a course, for a month's statement comes every month."""
    run = None if row.run_id is None else await summary_of(session, await get_run(session, row.run_id))
    recipients = () if run is None else (Recipient(kind="person", id=row.participant_id, part="participant"),)
    fact = CertificateIssued(
        certificate_id=row.id,
        kind=row.kind,
        project_id=row.project_id,
        employer_id=row.employer_id,
        person_id=row.participant_id,
        run=run,
        month=row.month,
        minutes=row.minutes,
        counted_minutes=row.counted_minutes,
        replaces_id=None if current is None else current.id,
        recipients=recipients,
    )
    await record(session, fact, version=row.version, at=now)
