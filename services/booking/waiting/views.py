"""What the API shows of queues and takes for them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.views import Participants
from services.booking.courses.tables import Run
from services.booking.courses.views import RunView
from services.booking.seats.rules import EntryState, OfferState, Turn, Why
from services.booking.seats.tables import SeatOffer, WaitingEntry
from services.booking.seats.views import Seats, run_views
from services.booking.waiting.queries import employer_names, offers_of, whys
from shared.web.bodies import Body, Reason, Version, View

Least = Annotated[
    Seats | None, Field(description="The fewest that the group would take; left out: all of them or none")
]


class JoinQueue(Body):
    """A group that waits for seats of a run: all of them, or at least so many."""

    run_id: UUID
    seats: Seats
    least: Least = None
    need_id: UUID | None = Field(default=None, description="The need of the employer's plan that the seats meet")


class AcceptOffer(Body):
    """Who gets the seats that are offered; those without a name are named later."""

    participants: Participants = Field(default_factory=list)


class MoveInQueue(Body):
    """The turn that an entry shall have, and why: the employer reads it."""

    turn: Turn
    reason: Reason
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class OfferView(View):
    """Seats that were offered, of which `kept` are the employer's own; open ones are held until the time is up."""

    state: OfferState
    seats: int
    kept: int
    made_at: AwareDatetime
    until: AwareDatetime


class WaitingEntryView(View):
    """A place in a run's queue, counted from 1 while the group waits, and why it waits there."""

    entry_id: UUID
    project_id: UUID
    employer_id: UUID
    employer_name: str
    state: EntryState
    turn: Turn
    seats: int
    least: int
    place: int | None
    passed: int
    why: Why | None
    need_id: UUID | None
    joined_at: AwareDatetime
    version: int
    offer: OfferView | None
    run: RunView


class WaitingEvent(View):
    """What happened to an entry; `before` and `after` are places, or seats that were offered."""

    at: AwareDatetime
    actor_id: UUID | None
    change: str
    before: str | None
    after: str | None
    reason: str | None


class WaitingHistoryView(View):
    """What has happened to an entry, the first first."""

    items: list[WaitingEvent]


async def entry_views(session: AsyncSession, entries: Sequence[WaitingEntry]) -> list[WaitingEntryView]:
    """Return the views of the entries."""
    found = await session.exec(select(Run).where(col(Run.id).in_({entry.run_id for entry in entries})))
    runs = found.all()
    views = {view.run_id: view for view in await run_views(session, runs)}
    names = await employer_names(session, entries)
    offers = await offers_of(session, [entry.id for entry in entries])
    reasons = await whys(session, runs)
    return [
        WaitingEntryView(
            entry_id=entry.id,
            project_id=entry.project_id,
            employer_id=entry.employer_id,
            employer_name=names[entry.employer_id],
            state=EntryState(entry.state),
            turn=Turn(entry.turn),
            seats=entry.seats,
            least=entry.least,
            place=entry.place,
            passed=entry.passed,
            why=reasons.get(entry.id),
            need_id=entry.need_id,
            joined_at=entry.joined_at,
            version=entry.version,
            offer=_offer_view(offers.get(entry.id)),
            run=views[entry.run_id],
        )
        for entry in entries
    ]


async def entry_view(session: AsyncSession, entry: WaitingEntry) -> WaitingEntryView:
    """Return the view of one entry."""
    return (await entry_views(session, [entry]))[0]


def _offer_view(offer: SeatOffer | None) -> OfferView | None:
    if offer is None:
        return None
    return OfferView(
        state=OfferState(offer.state), seats=offer.seats, kept=offer.kept, made_at=offer.made_at, until=offer.until
    )
