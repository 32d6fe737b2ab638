"""Whether those whom an employer names, and the need that it names, are its own in the project."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.admission import why_not
from services.booking.bookings.overlaps import Overlap, overlaps_of, wrong_with
from services.booking.bookings.tables import Seat
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Run
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import Participation, Person
from shared.kernel.calendar import legal_day
from shared.kernel.errors import InvalidInput, KurslotsError, Several, TryLater
from shared.kernel.texts import N_

_AGAIN: Final = N_("Others are naming the same person just now. Nothing was done; try again in a moment.")


async def check_participants(
    session: AsyncSession, people: Sequence[UUID], *, project_id: UUID, employer_id: UUID, run: Run
) -> None:
    """Raise Several, each with its field, where somebody is not the employer's in the project, or has a seat already.

    A seat on this run, or on another with a meeting at the same time. One who works at two employers has one seat on a
    run: the first booking holds it.
    """
    if not people:
        return
    on = legal_day(run.starts_at)
    employed = await _employed(session, people, project_id=project_id, employer_id=employer_id, on=on)
    elsewhere = await _elsewhere(session, run, people)
    statement = select(Seat.participant_id).where(
        col(Seat.run_id) == run.id, col(Seat.participant_id).in_(people), col(Seat.released_at).is_(None)
    )
    seated = set((await session.exec(statement)).all())
    left_out = set(people) - employed
    barred = await why_not(session, left_out, project_id=project_id, employer_id=employer_id, on=on) if left_out else {}
    errors: list[KurslotsError] = []
    for index, person in enumerate(people):
        field = f"participants.{index}"
        if person in barred:
            for error in barred[person]:
                error.field = field
                errors.append(error)
        elif person in seated:
            errors.append(
                InvalidInput(
                    N_(
                        "This person has a seat on the run already. Name a colleague, or leave the seat without a name."
                    ),
                    code="seated_already",
                    field=field,
                )
            )
        elif person in elsewhere:
            errors.append(wrong_with(elsewhere[person], field))
    if errors:
        raise Several(errors)


async def meetings_at_once(
    session: AsyncSession, run: Run, people: Sequence[UUID], refused: Collection[UUID]
) -> KurslotsError:
    """Return what is told where the database refused some of the people: they got another meeting just before."""
    elsewhere = await _elsewhere(session, run, refused)
    errors = [
        wrong_with(elsewhere[person], f"participants.{index}")
        for index, person in enumerate(people)
        if person in elsewhere
    ]
    return Several(errors) if errors else TryLater(_AGAIN, code="busy")


async def _elsewhere(session: AsyncSession, run: Run, people: Collection[UUID]) -> Mapping[UUID, Overlap]:
    times = [(meeting.starts_at, meeting.ends_at) for meeting in await meetings_of(session, run.id)]
    found: dict[UUID, Overlap] = {}
    for overlap in await overlaps_of(session, people, run_id=run.id, times=times):
        found.setdefault(overlap.participant_id, overlap)
    return found


async def check_need(session: AsyncSession, need_id: UUID, *, project_id: UUID, employer_id: UUID) -> None:
    """Raise InvalidInput unless the need is in a training plan of the employer in the project."""
    statement = (
        select(Need.id)
        .join(TrainingPlan, col(TrainingPlan.id) == col(Need.plan_id))
        .join(NeedSurvey, col(NeedSurvey.id) == col(TrainingPlan.survey_id))
        .where(
            col(Need.id) == need_id,
            col(NeedSurvey.project_id) == project_id,
            col(NeedSurvey.employer_id) == employer_id,
        )
    )
    if (await session.exec(statement)).first() is None:
        raise InvalidInput(
            N_("There is no such need in the employer's training plans. Choose one of them, or leave it out."),
            code="need_unknown",
            field="need_id",
        )


async def _employed(
    session: AsyncSession, people: Sequence[UUID], *, project_id: UUID, employer_id: UUID, on: date
) -> set[UUID]:
    statement = (
        select(Employment.person_id)
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .join(ProjectWorkplace, col(ProjectWorkplace.workplace_id) == col(Workplace.id))
        .join(Participation, col(Participation.person_id) == col(Employment.person_id))
        .join(Person, col(Person.id) == col(Employment.person_id))
        .where(
            col(Employment.person_id).in_(people),
            col(Workplace.employer_id) == employer_id,
            col(ProjectWorkplace.project_id) == project_id,
            col(Participation.project_id) == project_id,
            or_(col(Employment.ends_on).is_(None), col(Employment.ends_on) >= on),
            or_(col(Participation.ends_on).is_(None), col(Participation.ends_on) >= on),
            col(Person.erased_at).is_(None),
        )
    )
    return set((await session.exec(statement)).all())
