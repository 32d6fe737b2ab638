"""A run's page for everyone, for whom seats on it are booked, and who is booked for those who lead or hold it."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings import queries
from services.booking.bookings.choosing import employers_to_book_for
from services.booking.bookings.queries import Attendance
from services.booking.bookings.views import BookingView, SeatView, booking_views
from services.booking.courses.queries import find_run_scope, get_course, get_run, materials_of, trainers_named
from services.booking.courses.tables import Run
from services.booking.courses.words import KIND_NAMES, MODE_NAMES, PAYER_NAMES, language_name
from services.booking.people.queries import find_names
from services.booking.projects.queries import get_project_row
from services.booking.seats.open_data import courses_data
from services.booking.seats.run_search import listed_run, other_runs
from services.booking.seats.views import run_view
from shared.kernel.grants import Actor, Scope
from shared.kernel.money import Money
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentClock, ReadSession
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.exports import Column, ListFilter, export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render, see_other
from shared.web.paging import Rows

router = APIRouter()
_MOST_OTHERS: Final = 5


class Onward(ListFilter):
    """For whom a run is looked at, and for which need: both go on to the booking, or to the queue."""

    employer: UUID | None = None
    need: UUID | None = None
    queue: Literal["yes"] | None = None

    @property
    def suffix(self) -> str:
        """What stands after the address of the next page."""
        return self._suffix()

    @property
    def to_queue(self) -> str:
        """What stands after the address that leads to the queue."""
        return self._suffix(("queue", "yes"))

    def _suffix(self, *more: tuple[str, str]) -> str:
        own = (("employer", self.employer), ("need", self.need))
        given = [(name, str(value)) for name, value in own if value] + list(more)
        return f"?{urlencode(given)}" if given else ""


@router.get("/runs/{run_id}")
async def show_run(
    request: Request, run_id: UUID, session: ReadSession, clock: CurrentClock, query: Annotated[Onward, Query()]
) -> Response:
    """Show a run: when, where, what is taught, who may join, and how many seats are free."""
    run, now = await get_run(session, run_id), clock.now()
    course = await get_course(session, run.course_id)
    project = await get_project_row(session, run.project_id)
    view = await run_view(session, run)
    actor = exchange_of(request).actor
    listed = listed_run(view, project.name, course.description, project.owner_name)
    trains = await _trains(session, actor, run)
    return render(
        request,
        "bookings/run.html",
        run=view,
        listed=listed,
        structured=None
        if exchange_of(request).subject
        else courses_data([listed], parts_of(request).origin, in_full=True),
        description=course.description,
        project=project,
        price=Money(view.price_ore, view.currency) if view.price_ore else None,
        now=now,
        has_begun=now >= run.starts_at,
        is_full=view.taken_seats >= view.capacity,
        may_book=_may_book(actor, run),
        may_see_booked=_holds_run(actor, run, Role.PROJECT_LEAD) or trains,
        may_see_attendance=_holds_run(actor, run, Role.PROJECT_LEAD, Role.COACH) or trains,
        leads=_holds_run(actor, run, Role.PROJECT_LEAD),
        booked=await _own_bookings(session, actor, run),
        others=await other_runs(session, run, now, most=_MOST_OTHERS),
        onward=query.suffix,
        to_queue=query.to_queue,
        mode_names=MODE_NAMES,
        kind_names=KIND_NAMES,
        payer_names=PAYER_NAMES,
        language_name=language_name,
    )


def _may_book(actor: Actor | None, run: Run) -> bool:
    # a contact is told on the form where her employer takes no part; coaches and leads act in their own projects alone
    return actor is None or actor.holds(Role.CONTACT) or _holds_run(actor, run, Role.COACH, Role.PROJECT_LEAD)


def _holds_run(actor: Actor | None, run: Run, *roles: Role) -> bool:
    scope = Scope(projects=frozenset({run.project_id}))
    return actor is not None and actor.reaches(scope, *roles)


async def _trains(session: AsyncSession, actor: Actor | None, run: Run) -> bool:
    """Whether she is a trainer who may hold the run."""
    if actor is None or not actor.holds(Role.TRAINER):
        return False
    scope = await find_run_scope(session, run.id)
    return scope is not None and actor.reaches(scope, Role.TRAINER)


async def _own_bookings(session: AsyncSession, actor: Actor | None, run: Run) -> Sequence[BookingView]:
    """Return the bookings of the run that the contact's own employers have."""
    if actor is None:
        return ()
    own = [grant.employer_id for grant in actor.grants_of(Role.CONTACT) if grant.employer_id is not None]
    return await booking_views(session, await queries.active_bookings_of_employers(session, run.id, own))


@router.get("/runs/{run_id}/book")
async def show_whom_to_book_for(
    request: Request, run_id: UUID, session: ReadSession, query: Annotated[Onward, Query()]
) -> Response:
    """Let whoever acts for several employers say for which she books or waits; whoever acts for one is led on."""
    run = await get_run(session, run_id)
    if query.employer is not None:
        return see_other(_form_address(query.employer, run_id, query))
    actor = exchange_of(request).actor
    found: Rows[tuple[UUID, str]] = Rows((), None)
    if actor is not None:
        found = await employers_to_book_for(session, actor, run.project_id, query)
    if len(found.rows) == 1 and query.q is None and query.after is None:
        return see_other(_form_address(found.rows[0][0], run_id, query))
    project = await get_project_row(session, run.project_id)
    return render(
        request,
        "bookings/whom.html",
        run=await run_view(session, run),
        project=project,
        employers=Listing.of(request, found, shown=found.rows, name="employers"),
        is_queue=query.queue is not None,
        form_address=lambda employer_id: _form_address(employer_id, run_id, query),
    )


def _form_address(employer_id: UUID, run_id: UUID, query: Onward) -> str:
    need = f"?need={query.need}" if query.need else ""
    return f"/booking/employers/{employer_id}/runs/{run_id}/{'wait' if query.queue else 'book'}{need}"


class BookedSearch(ListFilter):
    """Which bookings of a run to list."""

    seats: str | None = Field(default=None, pattern="^unnamed$", description="With seats that have no name yet")


_BOOKED_COLUMNS: Final = (
    Column(N_("Employer"), lambda row: row[0].employer_name),
    Column(N_("Booking"), lambda row: row[0].reference),
    Column(N_("Seat"), lambda row: row[1].number),
    Column(N_("Participant"), lambda row: _participant(row[1])),
)


def _participant(seat: SeatView) -> str | Text:
    if seat.name is not None:
        return seat.name
    return Text(N_("Not named yet")) if seat.person_id is None else Text(N_("Participant"))


@router.get("/runs/{run_id}/bookings")
async def show_run_bookings(
    request: Request, run_id: UUID, session: ReadSession, query: Annotated[BookedSearch, Query()]
) -> Response:
    """Show who is booked on the run: for the trainer's list of names, and for the lead."""
    run = await get_run(session, run_id)

    async def read(page: BookedSearch) -> Rows[BookingView]:
        found = await queries.search_bookings_of_run(
            session, run_id, page, words=page.q, unnamed_only=page.seats is not None
        )
        return Rows(await booking_views(session, found.rows), found.next)

    async def read_seats(page: BookedSearch) -> Rows[tuple[BookingView, SeatView]]:
        found = await read(page)
        return Rows([(booking, seat) for booking in found.rows for seat in booking.seats], found.next)

    if query.format:
        return await export(request, query, name=run.reference, columns=_BOOKED_COLUMNS, read=read_seats)
    found = await read(query)
    actor = exchange_of(request).actor
    attendance: Attendance = await queries.attendance_of(session, run_id)
    return render(
        request,
        "bookings/booked.html",
        run=await run_view(session, run, with_link=True),
        attendance=attendance,
        bookings=Listing.of(request, found, shown=found.rows, name="booked"),
        leads=_holds_run(actor, run, Role.PROJECT_LEAD),
        trainers=await _trainer_names(session, run_id),
        materials=await materials_of(session, run_id),
        mode_names=MODE_NAMES,
    )


async def _trainer_names(session: AsyncSession, run_id: UUID) -> list[str]:
    names = await find_names(session, await trainers_named(session, run_id))
    return sorted(names.values())
