from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.queries import get_booking, seats_of
from services.booking.bookings.runs import cancel_run_with_bookings
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.seats.commands import keep_seats
from services.booking.seats.pools import read_pools
from services.booking.seats.queries import entry_history, find_due_offers, get_offer
from services.booking.seats.rules import Turn, Why
from services.booking.seats.tables import WaitingEntry
from services.booking.seats.waiting import Wish, check_offer, decline, leave, move
from services.booking.waiting.commands import accept_offer, join_queue, leave_by_code
from services.booking.waiting.queries import whys
from shared.contracts.booking import (
    BookingConfirmed,
    RunCancelled,
    SeatOfferAccepted,
    SeatOfferExpired,
    SeatOfferOpened,
    SeatOfferReminded,
    WaitingEntryJoined,
    WaitingEntryMoved,
    WaitingEntryWithdrawn,
)
from shared.kernel.clock import FixedClock
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from shared.kernel.personal_links import PersonalLinks
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    AProject,
    a_clock,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    told,
)
from tests.services.booking.world import a_need

LINKS = PersonalLinks.derive(bytes(32))


class Stage:
    """A run of some seats, all booked by one employer, and others who want them."""

    def __init__(self, session: AsyncSession, project: AProject, run: Run, bookings: list[Booking]) -> None:
        self.session, self.project, self.run, self.bookings = session, project, run, bookings
        self.clock = a_clock()

    async def employer(self) -> AnEmployer:
        return await an_employer(self.session, self.project)

    async def wait(self, seats: int, *, least: int | None = None, employer: AnEmployer | None = None) -> WaitingEntry:
        """Join a minute after whoever joined before."""
        self.clock.advance(timedelta(minutes=1))
        employer = employer or await self.employer()
        wish = Wish(self.project.id, employer.id, self.run.id, seats, least or seats)
        return await join_queue(self.session, self.clock, wish, by=employer.contact)

    async def free(self, *seats: int) -> None:
        """Cancel bookings of these sizes, one by one."""
        for count in seats:
            booking = next(each for each in self.bookings if each.seats == count and each.state == "confirmed")
            await cancel_booking(self.session, self.clock, booking.id, reason="Fler order")

    async def taken(self) -> int:
        pools = await read_pools(self.session, self.run.id)
        return pools.open.taken + sum(pool.taken for pool in pools.kept.values())

    async def waiting(self) -> int:
        return (await read_pools(self.session, self.run.id)).open.waiting


async def a_full_run(session: AsyncSession, *booked: int, cap: int | None = None) -> Stage:
    project = await a_project(session)
    run = await a_run(session, project, plan=a_plan(capacity=sum(booked), employer_cap=cap))
    bookings = []
    for count in booked:
        employer = await an_employer(session, project, people=0)
        order = Order(project.id, employer.id, run.id, count)
        bookings.append(await book_seats(session, a_clock(), order))
    return Stage(session, project, run, bookings)


async def test_a_group_waits_until_enough_seats_are_free_and_is_then_offered_them(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2, 3)
    employer = await stage.employer()
    entry = await stage.wait(5, employer=employer)
    joined = (await told(session))[-1]
    assert isinstance(joined, WaitingEntryJoined)
    assert (joined.place, joined.seats, parts(joined)) == (1, 5, {("contact", employer.contact)})
    await stage.free(2)
    assert (entry.state, entry.place, await stage.taken()) == ("waiting", 1, 3)
    await stage.free(3)
    offer = await get_offer(session, entry.id)
    assert (entry.state, entry.place, offer.seats, await stage.taken()) == ("offered", None, 5, 5)
    assert offer.until == stage.clock.now() + timedelta(hours=48)
    made = [fact for fact in await told(session) if isinstance(fact, SeatOfferOpened)]
    assert [(fact.offered, fact.until, parts(fact)) for fact in made] == [
        (5, offer.until, {("contact", employer.contact)})
    ]
    assert await stage.waiting() == 0


async def test_an_accepted_offer_is_a_booking_with_names_that_meets_the_need(session: AsyncSession) -> None:
    stage = await a_full_run(session, 3)
    employer = await stage.employer()
    need = await a_need(session, stage.project.id, employer.id, employer.contact)
    wish = Wish(stage.project.id, employer.id, stage.run.id, 3, 3, need.id)
    entry = await join_queue(session, stage.clock, wish, by=employer.contact)
    await stage.free(3)
    placed = await accept_offer(session, stage.clock, entry.id, participants=employer.people[:2], by=employer.contact)
    booking = await get_booking(session, placed.booking.id)
    assert (booking.seats, booking.employer_id, entry.state, await stage.taken()) == (3, employer.id, "booked", 3)
    held = (await seats_of(session, [booking.id]))[booking.id]
    assert [seat.participant_id for seat in held] == [*employer.people[:2], None]
    assert (need.met_by, need.met_with_id) == ("seats", booking.id)
    assert [type(fact) for fact in (await told(session))[-2:]] == [BookingConfirmed, SeatOfferAccepted]
    with pytest.raises(Conflict):
        await accept_offer(session, stage.clock, entry.id)


async def test_a_part_of_a_group_comes_where_its_employer_allows_it(session: AsyncSession) -> None:
    stage = await a_full_run(session, 3, 2)
    entry = await stage.wait(5, least=3)
    await stage.free(3)
    assert (entry.state, (await get_offer(session, entry.id)).seats) == ("offered", 3)


async def test_a_group_is_passed_k_times_and_then_every_free_seat_is_kept_for_it(session: AsyncSession) -> None:
    stage = await a_full_run(session, 1, 1, 1, 1, 1)
    large = await stage.wait(5)
    small = [await stage.wait(1) for _ in range(4)]
    await stage.free(1, 1, 1)
    assert [entry.state for entry in small] == ["offered"] * 3 + ["waiting"]
    assert (large.passed, large.place, small[3].place) == (3, 1, 2)
    await stage.free(1)
    assert small[3].state == "waiting"
    assert await whys(session, [stage.run]) == {large.id: Why.TOO_FEW_FREE, small[3].id: Why.KEPT_FOR_ANOTHER}
    for entry in small[:3]:
        await decline(session, stage.clock, entry.id)
    await stage.free(1)
    assert (large.state, small[3].state, await stage.taken()) == ("offered", "waiting", 5)
    changes = [(row.change, row.before, row.after) for row in await entry_history(session, large.id)]
    assert changes == [
        ("joined", None, None),
        ("passed", None, "1"),
        ("passed", None, "2"),
        ("passed", None, "3"),
        ("offered", None, "5"),
    ]


async def test_each_move_is_in_the_history_with_what_caused_it(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2)
    first, second, third, last = [await stage.wait(2) for _ in range(4)]
    await leave(session, stage.clock, second.id)
    await stage.free(2)
    await move(session, stage.clock, last.id, Turn.FIRST, reason="Kursen är till för dem")
    assert (first.state, last.place, third.place) == ("offered", 1, 2)
    rows = await entry_history(session, third.id)
    assert [(row.change, row.before, row.after, row.actor_id) for row in rows[1:]] == [
        ("another_left", "3", "2", None),
        ("another_offered", "2", "1", None),
        ("another_moved", "1", "2", None),
    ]
    moved = (await entry_history(session, last.id))[-1]
    assert (moved.change, moved.before, moved.after, moved.reason) == ("moved", "2", "1", "Kursen är till för dem")
    facts = [fact for fact in await told(session) if isinstance(fact, WaitingEntryMoved)]
    assert [(fact.place_before, fact.place, fact.reason) for fact in facts] == [(2, 1, "Kursen är till för dem")]
    with pytest.raises(Refused, match="turn_unchanged"):
        await move(session, stage.clock, last.id, Turn.FIRST, reason="En gång till")


async def test_while_anyone_waits_open_seats_are_not_booked_but_ones_own_kept_seats_are(session: AsyncSession) -> None:
    stage = await a_full_run(session, 3, 2)
    holder = await stage.employer()
    await stage.free(3)
    await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=1)
    await stage.wait(4)
    for employer, seats in ((await stage.employer(), 1), (holder, 2)):
        with pytest.raises(Refused, match="others_wait"):
            await book_seats(session, stage.clock, Order(stage.project.id, employer.id, stage.run.id, seats))
    with pytest.raises(Refused, match="others_wait"):
        await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=2)
    with pytest.raises(Refused, match="others_wait"):
        await change_booking(session, stage.clock, stage.bookings[1].id, Change(3))
    await book_seats(session, stage.clock, Order(stage.project.id, holder.id, stage.run.id, 1))
    assert await stage.taken() == 3


async def test_seats_no_longer_kept_and_seats_fewer_are_offered_to_those_who_wait(session: AsyncSession) -> None:
    stage = await a_full_run(session, 4)
    holder = await stage.employer()
    await change_booking(session, stage.clock, stage.bookings[0].id, Change(2))
    await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=2)
    one, two = await stage.wait(1), await stage.wait(2)
    await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=1)
    assert (one.state, two.state) == ("offered", "waiting")
    await change_booking(session, stage.clock, stage.bookings[0].id, Change(1))
    assert two.state == "waiting"
    await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=0)
    assert (two.state, await stage.taken()) == ("offered", 4)


async def test_an_employers_own_kept_seats_come_first_in_its_offer_and_its_cap_holds(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2, 2, cap=2)
    holder = await stage.employer()
    await stage.free(2)
    await keep_seats(session, stage.clock, run_id=stage.run.id, employer_id=holder.id, seats=1)
    capped = await stage.wait(2, employer=await stage.employer())
    with pytest.raises(Refused, match="never_fits"):
        await stage.wait(4, employer=holder)
    both = await stage.wait(3, employer=holder)
    await stage.free(2)
    offer = await get_offer(session, capped.id)
    assert (offer.kept, offer.open, both.state) == (0, 2, "waiting")
    await decline(session, stage.clock, capped.id)
    offer = await get_offer(session, both.id)
    assert (offer.kept, offer.open, both.state) == (1, 2, "offered")


async def test_an_offer_is_warned_of_and_expires_and_the_next_gets_the_seats(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2)
    first, second = await stage.wait(2), await stage.wait(2)
    await stage.free(2)
    offer = await get_offer(session, first.id)
    assert not await check_offer(session, stage.clock, offer.id)
    stage.clock.advance(timedelta(hours=42))
    assert await find_due_offers(session, stage.clock.now(), 10) == [offer.id]
    assert await check_offer(session, stage.clock, offer.id)
    assert isinstance((await told(session))[-1], SeatOfferReminded)
    assert not await check_offer(session, stage.clock, offer.id)
    stage.clock.advance(timedelta(hours=6))
    with pytest.raises(Refused, match="offer_expired"):
        await accept_offer(session, stage.clock, first.id)
    assert await check_offer(session, stage.clock, offer.id)
    assert (first.state, second.state, offer.state, await stage.taken()) == ("lapsed", "offered", "expired", 2)
    facts = [type(fact) for fact in await told(session)]
    assert facts[-2:] == [SeatOfferExpired, SeatOfferOpened]
    with pytest.raises(Conflict):
        await decline(session, stage.clock, first.id)


async def test_no_offer_outlives_the_beginning_of_its_run_and_none_is_made_after(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2)
    first, second = await stage.wait(2), await stage.wait(2)
    stage.clock = FixedClock(IN_TWO_WEEKS - timedelta(hours=2))
    await stage.free(2)
    offer = await get_offer(session, first.id)
    assert (offer.until, offer.next_check_at) == (IN_TWO_WEEKS, IN_TWO_WEEKS - timedelta(hours=1))
    stage.clock.advance(timedelta(hours=2))
    assert await check_offer(session, stage.clock, offer.id)
    assert (first.state, second.state, await stage.taken()) == ("lapsed", "waiting", 0)
    with pytest.raises(Refused, match="run_has_begun"):
        await stage.wait(1)


async def test_whoever_has_the_link_leaves_with_what_was_offered_and_nobody_else_can(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2)
    first, second = await stage.wait(2), await stage.wait(2)
    await stage.free(2)
    contact = UUID(int=7)
    code = LINKS.token(first.id, contact)
    for wrong in (code[:-1], LINKS.token(UUID(int=1), contact), code[:9] + code[:9][::-1] + code[18:], "å"):
        with pytest.raises(NotFound):
            await leave_by_code(session, stage.clock, LINKS, wrong)
    await leave_by_code(session, stage.clock, LINKS, code)
    assert (first.state, second.state, await stage.taken()) == ("left", "offered", 2)
    last = (await entry_history(session, first.id))[-1]
    assert (last.change, last.actor_id) == ("left_by_link", contact)
    with pytest.raises(Conflict):
        await leave_by_code(session, stage.clock, LINKS, code)


async def test_who_waits_for_a_run_that_is_called_off_is_told_and_nothing_is_held(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2, 1)
    employer = await stage.employer()
    offered, waits = await stage.wait(2), await stage.wait(3, employer=employer)
    await stage.free(2)
    await cancel_run_with_bookings(session, stage.clock, stage.run.id, reason="Läraren är sjuk")
    assert (offered.state, waits.state) == ("closed", "closed")
    assert (await stage.taken(), await stage.waiting()) == (0, 0)
    cancelled = (await told(session))[-1]
    assert isinstance(cancelled, RunCancelled)
    assert ("contact", employer.contact) in parts(cancelled)
    left = [fact for fact in await told(session) if isinstance(fact, WaitingEntryWithdrawn)]
    assert [(fact.entry_id, fact.because) for fact in left] == [(waits.id, "closed")]


async def test_joining_is_refused_where_it_makes_no_sense(session: AsyncSession) -> None:
    stage = await a_full_run(session, 2, 3)
    with pytest.raises(Refused, match="never_fits"):
        await stage.wait(6)
    with pytest.raises(InvalidInput, match="least_above_seats"):
        await stage.wait(1, least=2)
    employer = await stage.employer()
    await stage.wait(2, employer=employer)
    with pytest.raises(Refused, match="waits_already"):
        await stage.wait(3, employer=employer)
    stranger = await an_employer(session, await a_project(session))
    with pytest.raises(NotFound, match="not_in_project"):
        await stage.wait(2, employer=stranger)
    empty = await a_full_run(session, 3)
    await empty.free(3)
    with pytest.raises(Refused, match="seats_are_free"):
        await empty.wait(3)
    assert empty.clock.now() > MONDAY_MORNING
