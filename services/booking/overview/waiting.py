"""What waits for employers and for a person herself, over several areas at once: each read is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import rows_of
from shared.kernel.grants import Grant

_WAITS: Final = """
    SELECT part.employer_id, part.project_id,
           (SELECT count(*)
              FROM bookings AS booking
              JOIN runs AS run ON run.id = booking.run_id
              JOIN seats AS seat ON seat.booking_id = booking.id
             WHERE booking.employer_id = part.employer_id AND booking.project_id = part.project_id
               AND booking.state IN ('asked', 'confirmed') AND run.ends_at > $3
               AND seat.released_at IS NULL AND seat.participant_id IS NULL),
           (SELECT booking.id
              FROM bookings AS booking
              JOIN runs AS run ON run.id = booking.run_id
              JOIN seats AS seat ON seat.booking_id = booking.id
             WHERE booking.employer_id = part.employer_id AND booking.project_id = part.project_id
               AND booking.state IN ('asked', 'confirmed') AND run.ends_at > $3
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
             WHERE workplace.employer_id = part.employer_id),
           (SELECT count(*)
              FROM waiting_entries AS entry JOIN seat_offers AS offer ON offer.entry_id = entry.id
             WHERE entry.employer_id = part.employer_id AND entry.project_id = part.project_id
               AND offer.state = 'open' AND offer.until > $3),
           (SELECT entry.id
              FROM waiting_entries AS entry JOIN seat_offers AS offer ON offer.entry_id = entry.id
             WHERE entry.employer_id = part.employer_id AND entry.project_id = part.project_id
               AND offer.state = 'open' AND offer.until > $3
             ORDER BY offer.until, entry.id LIMIT 1),
           (SELECT min(greatest(((run.starts_at AT TIME ZONE 'Europe/Stockholm')::date - project.name_by_days
                                 + time '10:00') AT TIME ZONE 'Europe/Stockholm',
                                booking.names_reminded_at + make_interval(hours => 20)))
              FROM projects AS project
              JOIN bookings AS booking ON booking.project_id = project.id
              JOIN runs AS run ON run.id = booking.run_id
              JOIN seats AS seat ON seat.booking_id = booking.id
             WHERE project.id = part.project_id AND booking.employer_id = part.employer_id
               AND booking.state IN ('asked', 'confirmed') AND run.starts_at > $3 AND project.name_by_days IS NOT NULL
               AND seat.released_at IS NULL AND seat.participant_id IS NULL)
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
    offers: int = 0
    entry_id: UUID | None = None
    names_due_at: datetime | None = None


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


async def waits_of(
    session: AsyncSession, parts: Sequence[tuple[UUID, UUID]], now: datetime
) -> Mapping[tuple[UUID, UUID], Waits]:
    """Return what waits in each part (employer and project)."""
    if not parts:
        return {}
    rows = await rows_of(session, _WAITS, [one for one, _ in parts], [project for _, project in parts], now)
    return {
        (row[0], row[1]): Waits(row[2], row[3], row[4], row[5], bool(row[6]), bool(row[7]), *row[8:12]) for row in rows
    }


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


async def employers_in_care(session: AsyncSession, grants: Sequence[Grant], now: datetime, limit: int) -> list[InCare]:
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
