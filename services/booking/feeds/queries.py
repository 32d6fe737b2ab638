"""Reads of calendars: the links that somebody has, and the runs that a feed follows.

What a feed shows is what its owner may see when it is asked for, by the roles that she has then. Of people it tells
nothing at all: neither names nor who has a seat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.queries import courses_by_id, find_run_scope, meetings_by_run, summary_with, trained_by
from services.booking.courses.rules import NOT_IN_CALENDARS, RunState
from services.booking.courses.tables import Run, RunHistory
from services.booking.employers.queries import find_employer_scope
from services.booking.employers.tables import Employer
from services.booking.feeds.rules import CALLED_OFF_KEPT, PAST_KEPT, FeedKind, FollowedRun
from services.booking.feeds.tables import CalendarFeed
from services.booking.people.grants import held_grants
from services.booking.people.tables import Person
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor, Grant, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_

MOST_RUNS: Final = 2_000
FOR_EMPLOYER: Final = (Role.CONTACT, Role.COACH, Role.PROJECT_LEAD)
HOLDING: Final = (Role.TRAINER, Role.PROJECT_LEAD)

# the runs that somebody has a seat on, or had until a while ago
_OWN: Final = """
    SELECT seat.run_id, bool_and(seat.released_at IS NOT NULL) AS gone, max(seat.released_at) AS at
      FROM seats AS seat JOIN bookings AS booking ON booking.id = seat.booking_id
     WHERE seat.participant_id = $1 AND booking.state NOT IN ('asked', 'declined')
     GROUP BY seat.run_id
"""
# those that an employer has booked, by project
_BOOKED: Final = """
    SELECT b.run_id, b.project_id, coalesce(sum(b.seats) FILTER (WHERE b.state = 'confirmed'), 0)::int AS seats,
           max(h.at) AS at
      FROM bookings AS b
      LEFT JOIN booking_history AS h ON h.booking_id = b.id AND h.change LIKE 'cancelled%'
     WHERE b.employer_id = $1
     GROUP BY b.run_id, b.project_id
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """A calendar as it is answered: whose or of what it is, in which language, and what is in it."""

    kind: FeedKind
    name: str
    language: str
    runs: Sequence[FollowedRun]


@dataclass(frozen=True, slots=True)
class _Part:
    """The reader's part in a run: with how many seats, or until when she had any."""

    seats: int | None
    gone_at: datetime | None = None


async def open_feeds(session: AsyncSession, owner_id: UUID) -> Sequence[CalendarFeed]:
    """Return the links that the person has, the oldest first."""
    statement = select(CalendarFeed).where(
        col(CalendarFeed.owner_id) == owner_id, col(CalendarFeed.withdrawn_at).is_(None)
    )
    return (await session.exec(statement.order_by(col(CalendarFeed.id)))).all()


async def follow(session: AsyncSession, feed_id: UUID, now: datetime) -> Followed:
    """Return what a feed follows now.

    Raises NotFound where the link is withdrawn, or its owner is gone, protected or may not see it any more.
    """
    feed = await session.get(CalendarFeed, feed_id)
    owner = None if feed is None or feed.withdrawn_at is not None else await session.get(Person, feed.owner_id)
    if feed is None or owner is None or owner.erased_at is not None or owner.protected:
        raise no_calendar()
    actor = await _actor(session, owner.id)
    match FeedKind(feed.kind):
        case FeedKind.OWN:
            name, parts = "", await _own_parts(session, owner.id)
        case FeedKind.TRAINER:
            name, parts = "", await _held_parts(session, actor, now)
        case FeedKind.EMPLOYER:
            assert feed.employer_id is not None
            name, parts = await _employer_parts(session, actor, feed.employer_id)
        case FeedKind.RUN:
            assert feed.run_id is not None
            name, parts = await _run_part(session, actor, feed.run_id)
    runs = await _runs(session, parts, now)
    name = name or (runs[0].run.course_title if runs else "")
    return Followed(FeedKind(feed.kind), name, owner.language, runs)


def no_calendar() -> NotFound:
    """Return what is told of a link that opens nothing, whatever the reason."""
    return NotFound(
        N_("There is no such calendar. Its link was withdrawn, or was not copied whole."), code="calendar_not_found"
    )


async def _actor(session: AsyncSession, person_id: UUID) -> Actor:
    grants = [
        Grant(Role(row.role), project_id=row.project_id, employer_id=row.employer_id, buyer_id=row.buyer_id)
        for row in await held_grants(session, person_id)
    ]
    return Actor(person_id, tuple(grants))


def _reaches(actor: Actor, roles: Sequence[Role], scope: Scope | None) -> bool:
    return scope is not None and actor.reaches(scope, *roles)


async def _own_parts(session: AsyncSession, person_id: UUID) -> dict[UUID, _Part]:
    found = await rows_of(session, _OWN, person_id)
    return {run_id: _Part(None, at if is_gone else None) for run_id, is_gone, at in found}


async def _held_parts(session: AsyncSession, actor: Actor, now: datetime) -> dict[UUID, _Part]:
    projects = {grant.project_id for grant in actor.grants_of(Role.TRAINER)}
    if not projects:
        raise no_calendar()
    statement = select(Run.id).where(
        col(Run.project_id).in_(projects), col(Run.ends_at) > now - PAST_KEPT, trained_by(actor.person_id)
    )
    return {run_id: _Part(None) for run_id in await session.exec(statement.order_by(col(Run.id)).limit(MOST_RUNS))}


async def _employer_parts(session: AsyncSession, actor: Actor, employer_id: UUID) -> tuple[str, dict[UUID, _Part]]:
    if not _reaches(actor, FOR_EMPLOYER, await find_employer_scope(session, employer_id)):
        raise no_calendar()
    parts = {}
    for run_id, project_id, seats, at in await rows_of(session, _BOOKED, employer_id):
        scope = Scope(projects=frozenset({project_id}), employers=frozenset({employer_id}))
        if _reaches(actor, FOR_EMPLOYER, scope):
            parts[run_id] = _Part(seats or None, None if seats else at)
    return (await session.get_one(Employer, employer_id)).name, parts


async def _run_part(session: AsyncSession, actor: Actor, run_id: UUID) -> tuple[str, dict[UUID, _Part]]:
    if not _reaches(actor, HOLDING, await find_run_scope(session, run_id)):
        raise no_calendar()
    return "", {run_id: _Part(None)}


async def _runs(session: AsyncSession, parts: Mapping[UUID, _Part], now: datetime) -> list[FollowedRun]:
    statement = select(Run).where(col(Run.id).in_(parts), col(Run.ends_at) > now - PAST_KEPT)
    runs = (await session.exec(statement.order_by(col(Run.starts_at).desc(), col(Run.id)).limit(MOST_RUNS))).all()
    ids = [run.id for run in runs]
    courses = await courses_by_id(session, [run.course_id for run in runs])
    meetings = await meetings_by_run(session, ids)
    changed = await _changed_at(session, ids)
    followed = []
    for run in runs:
        part, changed_at = parts[run.id], changed.get(run.id, run.created_at)
        gone_at = changed_at if run.state == RunState.CANCELLED else part.gone_at
        if gone_at is not None and gone_at < now - CALLED_OFF_KEPT:
            continue
        summary = summary_with(run, courses[run.course_id], meetings[run.id])
        last = max(changed_at, part.gone_at or changed_at)
        followed.append(FollowedRun(summary, run.sequence, last, is_gone=gone_at is not None, seats=part.seats))
    return followed


async def _changed_at(session: AsyncSession, run_ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """Return when each run was last made other than it was."""
    statement = (
        select(RunHistory.run_id, func.max(RunHistory.at))
        .where(col(RunHistory.run_id).in_(run_ids), col(RunHistory.change).not_in(NOT_IN_CALENDARS))
        .group_by(col(RunHistory.run_id))
    )
    return dict((await session.exec(statement)).all())
