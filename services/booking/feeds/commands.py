"""Making a link to a calendar, and withdrawing it."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.feeds.rules import FeedPlan
from services.booking.feeds.tables import CalendarFeed
from services.booking.people.commands import locked_person
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.ids import new_id
from shared.kernel.texts import N_


async def make_feed(session: AsyncSession, clock: Clock, plan: FeedPlan, *, owner_id: UUID) -> CalendarFeed:
    """Make the owner's link of this kind, or return the one that she has. Raises Refused for a protected identity."""
    owner = await locked_person(session, owner_id)
    if owner.protected:
        raise Refused(
            N_("Your identity is protected, so there is no calendar link: whoever had it would know where you are."),
            code="identity_protected",
        )
    values = {"kind": plan.kind.value, "employer_id": plan.employer_id, "run_id": plan.run_id}
    made = {"id": new_id(), "owner_id": owner_id, "made_at": clock.now(), **values}
    await session.exec(insert(CalendarFeed).values(**made).on_conflict_do_nothing())
    found = await session.exec(
        select(CalendarFeed).where(
            col(CalendarFeed.owner_id) == owner_id,
            col(CalendarFeed.kind) == plan.kind.value,
            col(CalendarFeed.employer_id).is_not_distinct_from(plan.employer_id),
            col(CalendarFeed.run_id).is_not_distinct_from(plan.run_id),
            col(CalendarFeed.withdrawn_at).is_(None),
        )
    )
    return found.one()


async def withdraw_feed(session: AsyncSession, clock: Clock, feed_id: UUID, *, owner_id: UUID | None) -> CalendarFeed:
    """Let the owner's link open nothing any more; doing it again changes nothing. Raises NotFound for another's."""
    feed = await locked(session, CalendarFeed, feed_id)
    if feed is None or feed.owner_id != owner_id:
        raise NotFound(N_("There is no such calendar link of yours."), code="calendar_not_found")
    feed.withdrawn_at = feed.withdrawn_at or clock.now()
    await session.flush()
    return feed
