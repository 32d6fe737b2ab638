"""Reads over several areas at once: employers with what waits for them, and what a person has before her."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject, Undertaking, Workplace
from services.booking.overview.reach import SEES_EMPLOYERS, employer_reached, part_reached
from services.booking.projects.tables import Project
from shared.db import rows_of
from shared.kernel.grants import Actor
from shared.kernel.municipalities import municipality_name
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_WAITS: Final = """
    SELECT part.employer_id, part.project_id,
           (SELECT count(*)
              FROM bookings AS booking
              JOIN runs AS run ON run.id = booking.run_id
              JOIN seats AS seat ON seat.booking_id = booking.id
             WHERE booking.employer_id = part.employer_id AND booking.project_id = part.project_id
               AND booking.state = 'confirmed' AND run.ends_at > $3
               AND seat.released_at IS NULL AND seat.participant_id IS NULL),
           (SELECT booking.id
              FROM bookings AS booking
              JOIN runs AS run ON run.id = booking.run_id
              JOIN seats AS seat ON seat.booking_id = booking.id
             WHERE booking.employer_id = part.employer_id AND booking.project_id = part.project_id
               AND booking.state = 'confirmed' AND run.ends_at > $3
               AND seat.released_at IS NULL AND seat.participant_id IS NULL
             ORDER BY run.starts_at, booking.id LIMIT 1),
           (SELECT count(*)
              FROM needs AS need
              JOIN training_plans AS plan ON plan.id = need.plan_id
              JOIN need_surveys AS survey ON survey.id = plan.survey_id
             WHERE survey.employer_id = part.employer_id AND survey.project_id = part.project_id
               AND need.met_by = 'nothing'),
           (SELECT plan.id
              FROM training_plans AS plan
              JOIN need_surveys AS survey ON survey.id = plan.survey_id
             WHERE survey.employer_id = part.employer_id AND survey.project_id = part.project_id
             ORDER BY survey.made_on DESC, survey.id DESC LIMIT 1),
           (SELECT plan.state = 'draft' AND EXISTS (SELECT FROM needs AS need WHERE need.plan_id = plan.id)
              FROM training_plans AS plan
              JOIN need_surveys AS survey ON survey.id = plan.survey_id
             WHERE survey.employer_id = part.employer_id AND survey.project_id = part.project_id
             ORDER BY survey.made_on DESC, survey.id DESC LIMIT 1),
           (SELECT EXISTS (SELECT FROM needs AS need WHERE need.plan_id = plan.id)
              FROM training_plans AS plan
              JOIN need_surveys AS survey ON survey.id = plan.survey_id
             WHERE survey.employer_id = part.employer_id AND survey.project_id = part.project_id
             ORDER BY survey.made_on DESC, survey.id DESC LIMIT 1),
           (SELECT count(DISTINCT employment.person_id)
              FROM workplaces AS workplace
              JOIN employments AS employment ON employment.workplace_id = workplace.id AND employment.ends_on IS NULL
              JOIN participations AS participation
                ON participation.person_id = employment.person_id AND participation.project_id = part.project_id
             WHERE workplace.employer_id = part.employer_id)
      FROM unnest($1::uuid[], $2::uuid[]) AS part (employer_id, project_id)
"""
_MEETINGS: Final = """
    SELECT booking.id, booking.employer_id, employer.name, course.title, run.reference, meeting.starts_at,
           meeting.ends_at, meeting.place, meeting.mode
      FROM unnest($1::uuid[], $2::uuid[]) AS part (employer_id, project_id)
      JOIN bookings AS booking
        ON booking.employer_id = part.employer_id AND booking.project_id = part.project_id
      JOIN employers AS employer ON employer.id = booking.employer_id
      JOIN runs AS run ON run.id = booking.run_id
      JOIN courses AS course ON course.id = run.course_id
      JOIN meetings AS meeting ON meeting.run_id = run.id
     WHERE booking.state = 'confirmed' AND run.state = 'scheduled' AND meeting.ends_at > $3
     ORDER BY meeting.starts_at, booking.id LIMIT $4
"""
_REQUESTS: Final = """
    SELECT request.id, request.employer_id, employer.name, request.title, request.reference, request.state,
           (SELECT max(history.at) FROM training_request_history AS history WHERE history.request_id = request.id)
      FROM unnest($1::uuid[], $2::uuid[]) AS part (employer_id, project_id)
      JOIN training_requests AS request
        ON request.employer_id = part.employer_id AND request.project_id = part.project_id
      JOIN employers AS employer ON employer.id = request.employer_id
     WHERE request.state <> 'withdrawn'
     ORDER BY 7 DESC NULLS LAST, request.id DESC LIMIT $3
"""
_SITS: Final = """
    SELECT course.title, run.id, run.reference, meeting.starts_at, meeting.ends_at, meeting.place, meeting.mode
      FROM seats AS seat
      JOIN bookings AS booking ON booking.id = seat.booking_id AND booking.state = 'confirmed'
      JOIN runs AS run ON run.id = seat.run_id AND run.state = 'scheduled'
      JOIN courses AS course ON course.id = run.course_id
      JOIN meetings AS meeting ON meeting.run_id = run.id
     WHERE seat.participant_id = $1 AND seat.released_at IS NULL AND meeting.ends_at > $2
     ORDER BY meeting.starts_at, seat.id LIMIT $3
"""
_MOST_WAITING: Final = """
    WITH reached AS (
        SELECT part.employer_id, part.project_id FROM employer_projects AS part
         WHERE part.membership = 'joined'
           AND (part.project_id = ANY($1::uuid[])
                OR (part.project_id, part.employer_id) IN (SELECT * FROM unnest($2::uuid[], $3::uuid[])))
    ), unnamed AS (
        SELECT booking.employer_id, booking.project_id, count(*) AS seats
          FROM reached
          JOIN bookings AS booking
            ON booking.employer_id = reached.employer_id AND booking.project_id = reached.project_id
          JOIN runs AS run ON run.id = booking.run_id AND run.ends_at > $4
          JOIN seats AS seat
            ON seat.booking_id = booking.id AND seat.released_at IS NULL AND seat.participant_id IS NULL
         WHERE booking.state = 'confirmed' GROUP BY 1, 2
    ), unmet AS (
        SELECT survey.employer_id, survey.project_id, count(*) AS needs
          FROM reached
          JOIN need_surveys AS survey
            ON survey.employer_id = reached.employer_id AND survey.project_id = reached.project_id
          JOIN training_plans AS plan ON plan.survey_id = survey.id
          JOIN needs AS need ON need.plan_id = plan.id AND need.met_by = 'nothing' GROUP BY 1, 2
    )
    SELECT employer.id, employer.name, project.name, coalesce(unnamed.seats, 0), coalesce(unmet.needs, 0),
           NOT EXISTS (SELECT FROM need_surveys AS survey
                        WHERE survey.employer_id = reached.employer_id AND survey.project_id = reached.project_id)
      FROM reached
      JOIN employers AS employer ON employer.id = reached.employer_id
      JOIN projects AS project ON project.id = reached.project_id
      LEFT JOIN unnamed USING (employer_id, project_id)
      LEFT JOIN unmet USING (employer_id, project_id)
     ORDER BY 4 DESC, 5 DESC, 6 DESC, employer.name, employer.id LIMIT $5
"""


class EmployersFilter(ListFilter):
    """Which employers to show."""

    sort: Literal["name", "-name", "registered", "-registered"] | None = None
    project: UUID | None = None
    membership: Membership | None = None
    municipality: str | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """An employer's part in a project, as a list shows it."""

    project_id: UUID
    name: str
    membership: str
    joined_on: date


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for an employer in one project."""

    names_missing: int = 0
    booking_id: UUID | None = None
    unmet_needs: int = 0
    plan_id: UUID | None = None
    has_plan_to_agree: bool = False
    has_needs: bool = False
    people: int = 0


@dataclass(frozen=True, slots=True)
class EmployerRow:
    """An employer in the list, with what the reader may know of its projects."""

    employer_id: UUID
    name: str
    kind: str
    organisation_number: str | None
    size: str
    municipalities: tuple[str, ...]
    parts: tuple[PartRow, ...]
    names_missing: int
    unmet_needs: int

    @property
    def places(self) -> str:
        """The municipalities of its workplaces, by name."""
        return ", ".join(municipality_name(code) for code in self.municipalities)


@dataclass(frozen=True, slots=True)
class InCare:
    """An employer in somebody's care, and what waits for it."""

    employer_id: UUID
    name: str
    project: str
    names_missing: int
    unmet_needs: int
    lacks_survey: bool


@dataclass(frozen=True, slots=True)
class Before:
    """A meeting that comes, of an employer's booking or of one's own."""

    title: str
    starts_at: datetime
    ends_at: datetime
    place: str | None
    mode: str
    address: str
    employer: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A training request and how far it has come."""

    request_id: UUID
    employer: str
    title: str
    state: str
    at: datetime | None


async def list_employers(
    session: AsyncSession, actor: Actor, query: EmployersFilter, now: datetime
) -> Rows[EmployerRow]:
    """Return the employers that the person reaches, with what waits for each."""
    conditions = [
        condition
        for condition in (
            None if query.project is None else col(EmployerProject.project_id) == query.project,
            None if query.membership is None else col(EmployerProject.membership) == query.membership.value,
        )
        if condition is not None
    ]
    statement = (
        select(Employer, Undertaking)
        .join(Undertaking, col(Undertaking.id) == col(Employer.undertaking_id))
        .where(employer_reached(actor, *conditions))
    )
    if query.q:
        statement = statement.where(
            col(Employer.name).collate("und-x-icu").icontains(query.q, autoescape=True)
            | (col(Employer.organisation_number) == query.q)
        )
    if query.municipality:
        there = select(Workplace.employer_id).where(col(Workplace.municipality) == query.municipality)
        statement = statement.where(col(Employer.id).in_(there))
    by_day = (query.sort or "name").removeprefix("-") == "registered"
    columns: Sequence[Any] = [col(Employer.registered_at if by_day else Employer.name), col(Employer.id)]
    page: Rows[Any] = await page_of(
        session,
        statement,
        columns,
        query,
        keys=lambda row: (row[0].registered_at if by_day else row[0].name, row[0].id),
        descending=(query.sort or "").startswith("-"),
    )
    ids = [employer.id for employer, _ in page.rows]
    parts = await parts_of_employers(session, actor, ids)
    places = await _municipalities(session, ids)
    waits = await waits_of(session, [(one, part.project_id) for one in ids for part in parts[one]], now)
    rows = []
    for employer, undertaking in page.rows:
        own = [waits[employer.id, part.project_id] for part in parts[employer.id]]
        rows.append(
            EmployerRow(
                employer_id=employer.id,
                name=employer.name,
                kind=employer.kind,
                organisation_number=employer.organisation_number,
                size=undertaking.size,
                municipalities=places[employer.id],
                parts=parts[employer.id],
                names_missing=sum(each.names_missing for each in own),
                unmet_needs=sum(each.unmet_needs for each in own),
            )
        )
    return Rows(rows, page.next)


async def parts_of_employers(
    session: AsyncSession, actor: Actor, employer_ids: Sequence[UUID]
) -> Mapping[UUID, tuple[PartRow, ...]]:
    """Return the parts of each employer that the person reaches, those of now first."""
    statement = (
        select(EmployerProject, Project.name)
        .join(Project, col(Project.id) == col(EmployerProject.project_id))
        .where(col(EmployerProject.employer_id).in_(employer_ids), part_reached(actor.grants_of(*SEES_EMPLOYERS)))
        .order_by(col(EmployerProject.membership), col(Project.name), col(Project.id))
    )
    found: dict[UUID, list[PartRow]] = {employer_id: [] for employer_id in employer_ids}
    for part, name in await session.exec(statement):
        found[part.employer_id].append(PartRow(part.project_id, name, part.membership, part.joined_on))
    return {employer_id: tuple(parts) for employer_id, parts in found.items()}


async def _municipalities(session: AsyncSession, employer_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    statement = (
        select(Workplace.employer_id, func.array_agg(Workplace.municipality.distinct()))  # type: ignore[attr-defined]
        .where(col(Workplace.employer_id).in_(employer_ids))
        .group_by(col(Workplace.employer_id))
    )
    found = {employer_id: tuple(sorted(codes)) for employer_id, codes in await session.exec(statement)}
    return {employer_id: found.get(employer_id, ()) for employer_id in employer_ids}


async def choices_of(session: AsyncSession, actor: Actor) -> tuple[list[tuple[UUID, str]], list[tuple[str, str]]]:
    """Return the projects and the municipalities that the person's employers are in, by name, to filter by."""
    reached = part_reached(actor.grants_of(*SEES_EMPLOYERS))
    projects = await session.exec(
        select(Project.id, Project.name)
        .where(col(Project.id).in_(select(EmployerProject.project_id).where(reached)))
        .order_by(col(Project.name), col(Project.id))
    )
    codes = await session.exec(
        select(Workplace.municipality)
        .where(col(Workplace.employer_id).in_(select(EmployerProject.employer_id).where(reached)))
        .distinct()
    )
    named = [(code, municipality_name(code)) for code in codes]
    return [(project_id, name) for project_id, name in projects], sorted(named, key=lambda pair: pair[1])


async def waits_of(
    session: AsyncSession, parts: Sequence[tuple[UUID, UUID]], now: datetime
) -> Mapping[tuple[UUID, UUID], Waits]:
    """Return what waits in each part (employer and project)."""
    if not parts:
        return {}
    rows = await rows_of(session, _WAITS, [one for one, _ in parts], [project for _, project in parts], now)
    return {(row[0], row[1]): Waits(row[2], row[3], row[4], row[5], bool(row[6]), bool(row[7]), row[8]) for row in rows}


async def meetings_before(
    session: AsyncSession, parts: Sequence[tuple[UUID, UUID]], now: datetime, limit: int
) -> list[Before]:
    """Return the next meetings that the employers have booked seats on, the first first."""
    if not parts:
        return []
    rows = await rows_of(session, _MEETINGS, [one for one, _ in parts], [project for _, project in parts], now, limit)
    return [
        Before(row[3], row[5], row[6], row[7], row[8], f"/booking/bookings/{row[0]}", employer=row[2]) for row in rows
    ]


async def own_meetings(session: AsyncSession, person_id: UUID, now: datetime, limit: int) -> list[Before]:
    """Return the next meetings that the person herself has a seat on."""
    rows = await rows_of(session, _SITS, person_id, now, limit)
    return [Before(row[0], row[3], row[4], row[5], row[6], f"/booking/runs/{row[1]}") for row in rows]


async def requests_of(session: AsyncSession, parts: Sequence[tuple[UUID, UUID]], limit: int) -> list[Asked]:
    """Return the employers' training requests, those where something happened last first."""
    if not parts:
        return []
    rows = await rows_of(session, _REQUESTS, [one for one, _ in parts], [project for _, project in parts], limit)
    return [Asked(row[0], row[2], row[3], row[5], row[6]) for row in rows]


async def employers_in_care(session: AsyncSession, grants: Sequence[Any], now: datetime, limit: int) -> list[InCare]:
    """Return the employers that these grants (of a coach) reach, those with most that waits first."""
    whole = [grant.project_id for grant in grants if grant.employer_id is None]
    chosen = [grant for grant in grants if grant.employer_id is not None]
    rows = await rows_of(
        session,
        _MOST_WAITING,
        whole,
        [grant.project_id for grant in chosen],
        [grant.employer_id for grant in chosen],
        now,
        limit,
    )
    return [InCare(*row) for row in rows]


async def employers_by_id(session: AsyncSession, employer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of these employers, in the order of the names."""
    if not employer_ids:
        return {}
    statement = select(Employer.id, Employer.name).where(col(Employer.id).in_(employer_ids))
    return dict((await session.exec(statement.order_by(col(Employer.name), col(Employer.id)))).all())


async def project_names(session: AsyncSession, project_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Return these projects with their names, by name."""
    if not project_ids:
        return []
    statement = select(Project.id, Project.name).where(col(Project.id).in_(project_ids))
    return [(project_id, name) for project_id, name in await session.exec(statement.order_by(col(Project.name)))]
