"""The rows that a project's results are counted from, in one statement: a figure is their sum, a list they themselves.

So a figure and the rows behind it cannot differ. Where something counts is decided here, once, and said on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, BindParameter, Date, Integer, Subquery, Text, Uuid, bindparam, text

from services.booking.projects.rules import HourRounding
from services.booking.projects.sectors import SniVersion, divisions


class Measure(StrEnum):
    """What is counted."""

    PERSONS = "persons"
    EMPLOYERS = "employers"
    SEATS = "seats"
    BOOKED = "booked_minutes"
    ATTENDED = "attended_minutes"
    OUTSIDE = "outside_minutes"
    NO_SHOWS = "no_shows"
    WAITING = "waiting"
    NEEDS = "needs"
    MET = "needs_met"


IN_MINUTES: Final = frozenset({Measure.BOOKED, Measure.ATTENDED, Measure.OUTSIDE})
OF_NOBODY: Final = frozenset({Measure.EMPLOYERS, Measure.WAITING, Measure.NEEDS, Measure.MET})
"""What is not of a person, and is therefore not divided by gender and age."""


class By(StrEnum):
    """What results are divided by."""

    MONTH = "month"
    MUNICIPALITY = "municipality"
    SECTOR = "sector"
    GENDER = "gender"
    AGE = "age"


OF_PERSONS: Final = frozenset({By.GENDER, By.AGE})
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose results are asked for, and by what. `employers` of none are all of them; `ages` are where bands begin."""

    project_id: UUID
    rounding: str
    by: By
    now: datetime
    ages: Sequence[int]
    employers: frozenset[UUID] | None = None


def _sector_of(sni: str) -> str:
    cases = " ".join(
        f"WHEN left({sni}, 2)::int BETWEEN {first} AND {last} THEN '{letter}'"
        for letter, first, last in divisions(SniVersion.SNI_2025)
    )
    # the trade in vehicles was a division of its own in SNI 2007, in the section of trade
    return f"CASE WHEN left({sni}, 2) = '45' THEN 'G' {cases} END"


_GROUPS: Final = {
    By.MONTH: "month",
    By.MUNICIPALITY: "municipality",
    By.SECTOR: "sector",
    By.GENDER: "gender",
    By.AGE: "CASE WHEN birth_year IS NOT NULL THEN "
    "width_bucket(extract(year FROM coalesce(entered, day))::int - birth_year, CAST(:ages AS integer[]))::text END",
}
_DAY: Final = (
    "({} AT TIME ZONE 'Europe/Stockholm')::date AS day, to_char({} AT TIME ZONE 'Europe/Stockholm', 'YYYY-MM')"
)
_OF_EMPLOYERS: Final = "(CAST(:employers AS uuid[]) IS NULL OR {}.employer_id = ANY(CAST(:employers AS uuid[])))"

# What counts of what was marked: each row, or each person's rows of an activity or a month together.
_EACH: Final = """
    SELECT id, participant_id AS person_id, employer_id, run_id, day, month, minutes FROM marked WHERE minutes > 0
"""
_TOGETHER: Final = """
    SELECT (array_agg(id ORDER BY starts_at, id))[1] AS id, participant_id AS person_id,
           (array_agg(employer_id ORDER BY starts_at, id))[1] AS employer_id,
           (array_agg(run_id ORDER BY starts_at, id))[1] AS run_id,
           min(day) AS day, min(month) AS month, sum(minutes) AS minutes
    FROM marked WHERE minutes > 0 GROUP BY participant_id, {unit}
"""
_UNITS: Final = {
    HourRounding.EXACT: _EACH,
    HourRounding.PER_MEETING: _EACH,
    HourRounding.PER_ACTIVITY: _TOGETHER.format(unit="run_id"),
    HourRounding.PER_MONTH: _TOGETHER.format(unit="month"),
}

# A person is counted once, with her first seat. What is not of a person who works there, or of a surveyed workplace,
# stands where the employer was first let in. Whole hours are rounded down as `attendance.rules.reported_minutes` does;
# a unit of several meetings stands with the first of them.
_FACTS: Final = f"""
    WITH parts AS (
        SELECT part.employer_id, part.membership, part.joined_on
        FROM employer_projects AS part
        WHERE part.project_id = :project_id AND {_OF_EMPLOYERS.format("part")}
    ), home AS (
        SELECT DISTINCT ON (placed.employer_id) placed.employer_id, workplaces.municipality,
               {_sector_of("workplaces.sni")} AS sector
        FROM project_workplaces AS placed JOIN workplaces ON workplaces.id = placed.workplace_id
        WHERE placed.project_id = :project_id
        ORDER BY placed.employer_id, placed.decided_on, placed.workplace_id
    ), work AS (
        SELECT DISTINCT ON (employments.person_id, workplaces.employer_id)
               employments.person_id, workplaces.employer_id, workplaces.municipality,
               {_sector_of("workplaces.sni")} AS sector
        FROM parts
        JOIN workplaces ON workplaces.employer_id = parts.employer_id
        JOIN employments ON employments.workplace_id = workplaces.id
        ORDER BY employments.person_id, workplaces.employer_id,
                 employments.ends_on DESC NULLS FIRST, employments.starts_on DESC, employments.id
    ), begun AS MATERIALIZED (
        SELECT id, starts_at, {_DAY.format("starts_at", "starts_at")} AS month FROM runs WHERE project_id = :project_id
    ), held AS MATERIALIZED (
        SELECT meetings.id, meetings.run_id, meetings.starts_at, meetings.ends_at,
               {_DAY.format("meetings.starts_at", "meetings.starts_at")} AS month,
               (extract(epoch FROM meetings.ends_at - meetings.starts_at) / 60)::bigint AS minutes
        FROM meetings JOIN runs ON runs.id = meetings.run_id
        WHERE runs.project_id = :project_id
    ), seated AS (
        SELECT seats.id, bookings.employer_id, bookings.run_id, seats.participant_id AS person_id,
               begun.starts_at, begun.day, begun.month
        FROM bookings
        JOIN seats ON seats.booking_id = bookings.id AND seats.released_at IS NULL
        JOIN begun ON begun.id = bookings.run_id
        WHERE bookings.project_id = :project_id AND bookings.state = 'confirmed' AND {_OF_EMPLOYERS.format("bookings")}
    ), first_seat AS (
        SELECT DISTINCT ON (coalesce(persons.number_hash, uuid_send(persons.id))) seated.*
        FROM seated JOIN persons ON persons.id = seated.person_id
        ORDER BY coalesce(persons.number_hash, uuid_send(persons.id)), seated.starts_at, seated.id
    ), marked AS NOT MATERIALIZED (
        SELECT attended.id, attended.participant_id, attended.employer_id, attended.run_id, attended.minutes,
               held.starts_at, held.ends_at, held.day, held.month
        FROM attendances AS attended JOIN held ON held.id = attended.meeting_id
        WHERE attended.project_id = :project_id AND {_OF_EMPLOYERS.format("attended")}
    ), units AS (UNITS), wanted AS (
        SELECT needs.id, needs.met_by, need_surveys.made_on, need_surveys.employer_id, need_surveys.workplace_id
        FROM need_surveys
        JOIN parts ON parts.employer_id = need_surveys.employer_id AND parts.membership = 'joined'
        JOIN training_plans ON training_plans.survey_id = need_surveys.id
        JOIN needs ON needs.plan_id = training_plans.id
        WHERE need_surveys.project_id = :project_id
    ), counted AS (
        SELECT 'persons' AS measure, id AS row_id, id AS part_id, day, month, employer_id, person_id, run_id,
               NULL::uuid AS need_id, NULL::uuid AS workplace_id, 1::bigint AS amount
        FROM first_seat
        UNION ALL
        SELECT 'seats', id, id, day, month, employer_id, person_id, run_id, NULL, NULL, 1 FROM seated
        UNION ALL
        SELECT 'booked_minutes', seated.id, held.id, held.day, held.month, seated.employer_id, seated.person_id,
               seated.run_id, NULL, NULL, held.minutes
        FROM seated JOIN held ON held.run_id = seated.run_id
        UNION ALL
        SELECT 'attended_minutes', id, id, day, month, employer_id, person_id, run_id, NULL, NULL,
               (minutes / WHOLE * WHOLE)::bigint
        FROM units
        UNION ALL
        SELECT 'no_shows', id, id, day, month, employer_id, participant_id, run_id, NULL, NULL, 1
        FROM marked WHERE minutes = 0 AND ends_at <= :now
        UNION ALL
        SELECT 'outside_minutes', id, id, starts_on, to_char(starts_on, 'YYYY-MM'), outside.employer_id,
               participant_id, NULL, NULL, NULL, (minutes / WHOLE * WHOLE)::bigint
        FROM outside_courses AS outside
        WHERE outside.project_id = :project_id AND outside.state = 'accepted' AND {_OF_EMPLOYERS.format("outside")}
        UNION ALL
        SELECT 'employers', employer_id, employer_id, joined_on, to_char(joined_on, 'YYYY-MM'), employer_id,
               NULL, NULL, NULL, NULL, 1
        FROM parts WHERE membership = 'joined'
        UNION ALL
        SELECT 'waiting', id, id, {_DAY.format("joined_at", "joined_at").replace(" AS day", "")}, employer_id,
               NULL, run_id, NULL, NULL, seats
        FROM waiting_entries AS waits
        WHERE waits.project_id = :project_id AND waits.state IN ('waiting', 'offered')
          AND {_OF_EMPLOYERS.format("waits")}
        UNION ALL
        SELECT 'needs', id, id, made_on, to_char(made_on, 'YYYY-MM'), employer_id, NULL, NULL, id, workplace_id, 1
        FROM wanted
        UNION ALL
        SELECT 'needs_met', id, id, made_on, to_char(made_on, 'YYYY-MM'), employer_id, NULL, NULL, id, workplace_id, 1
        FROM wanted WHERE met_by IN ('seats', 'request', 'outside')
    ), placed AS (
        SELECT counted.*,
               CASE WHEN own.id IS NOT NULL THEN own.municipality WHEN work.person_id IS NOT NULL
                    THEN work.municipality ELSE home.municipality END AS municipality,
               CASE WHEN own.id IS NOT NULL THEN {_sector_of("own.sni")} WHEN work.person_id IS NOT NULL
                    THEN work.sector ELSE home.sector END AS sector,
               CASE WHEN NOT persons.protected AND persons.erased_at IS NULL THEN persons.gender END AS gender,
               CASE WHEN NOT persons.protected AND persons.erased_at IS NULL THEN persons.birth_year END AS birth_year,
               participations.starts_on AS entered
        FROM counted
        LEFT JOIN workplaces AS own ON own.id = counted.workplace_id
        LEFT JOIN work ON work.person_id = counted.person_id AND work.employer_id = counted.employer_id
        LEFT JOIN home ON home.employer_id = counted.employer_id
        LEFT JOIN persons ON persons.id = counted.person_id
        LEFT JOIN participations
               ON participations.person_id = counted.person_id AND participations.project_id = :project_id
    )
    SELECT measure, row_id, part_id, day, employer_id, person_id, run_id, need_id, amount, municipality,
           coalesce(GROUP_OF_ROW, 'unknown') AS group_key
    FROM placed
"""  # noqa: S608 - put together from this module's own constants


def facts_of(asked: Asked) -> Subquery:
    """Return the rows of every measure, each with its group: to be summed, or to be filtered and shown."""
    given: list[BindParameter[Any]] = [
        bindparam("project_id", asked.project_id, Uuid),
        bindparam("now", asked.now),
        bindparam("employers", None if asked.employers is None else sorted(asked.employers), ARRAY(Uuid)),
    ]
    if asked.by is By.AGE:
        given.append(bindparam("ages", list(asked.ages), ARRAY(Integer)))
    rounding = HourRounding(asked.rounding)
    statement = (
        _FACTS.replace("GROUP_OF_ROW", _GROUPS[asked.by])
        .replace("UNITS", _UNITS[rounding])
        .replace("WHOLE", "1" if rounding is HourRounding.EXACT else "60")
    )
    return (
        text(statement)
        .bindparams(*given)
        .columns(
            measure=Text,
            row_id=Uuid,
            part_id=Uuid,
            day=Date,
            employer_id=Uuid,
            person_id=Uuid,
            run_id=Uuid,
            need_id=Uuid,
            amount=BigInteger,
            municipality=Text,
            group_key=Text,
        )
        .subquery("facts")
    )
