"""Whether those whom an employer names, and the need that it names, are its own in the project."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.tables import Seat
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import Participation, Person
from shared.kernel.errors import InvalidInput, KurslotsError, Several
from shared.kernel.texts import N_


async def check_participants(
    session: AsyncSession, people: Sequence[UUID], *, project_id: UUID, employer_id: UUID, run_id: UUID, on: date
) -> None:
    """Raise Several, each with its field, where somebody is not the employer's in the project, or has a seat already.

    One who works at two employers has one seat on a run: the first booking holds it. `on` is the run's first day.
    """
    if not people:
        return
    employed = await _employed(session, people, project_id=project_id, employer_id=employer_id, on=on)
    statement = select(Seat.participant_id).where(
        col(Seat.run_id) == run_id, col(Seat.participant_id).in_(people), col(Seat.released_at).is_(None)
    )
    seated = set((await session.exec(statement)).all())
    errors: list[KurslotsError] = []
    for index, person in enumerate(people):
        field = f"participants.{index}"
        if person not in employed:
            errors.append(
                InvalidInput(
                    N_("This person does not work at a workplace of the employer that is part of the project."),
                    code="not_an_employee",
                    field=field,
                )
            )
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
    if errors:
        raise Several(errors)


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
