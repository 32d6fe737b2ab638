"""The race at the deadline: a bid that waits over it is refused, and one that came in time is not lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.bids import commands
from services.procurement.bids.commands import record_late_bid, submit_bid, withdraw_bid
from services.procurement.bids.opening import confirm_opening
from services.procurement.bids.queries import own_bid
from services.procurement.bids.rules import BidLate, Standing
from services.procurement.bids.tables import Bid, SealedBid
from services.procurement.procedures import commands as procedures
from services.procurement.procedures.commands import change_deadline, locked_procedure
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.tables import Supplier
from shared.kernel.clock import Clock, FixedClock
from shared.kernel.errors import NotFound, Refused
from tests.services.procurement.office import Office, opened_office
from tests.services.procurement.scene import Scene
from tests.support.databases import ServiceDatabase


@pytest.fixture
async def bidding(service_database: ServiceDatabase) -> AsyncIterator[tuple[Office, Procedure, Supplier]]:
    async with opened_office(await service_database("procurement")) as office:
        supplier = await office.scene.supplier()
        procedure = await office.scene.invited([supplier])
        await office.scene.session.commit()
        yield office, procedure, supplier


async def somebody_waits(office: Office) -> None:
    """Return when a session of the database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(2.5), office.database.engine.connect() as connection:
        while (await connection.execute(waiting)).scalar_one() == 0:
            await connection.rollback()


async def waited_over_the_deadline(
    office: Office, procedure: Procedure, supplier: Supplier, clock: Clock
) -> BaseException | None:
    """Let a bid wait for the procedure's lock until after the deadline; return what it raised."""
    offer = await office.scene.offer(procedure)
    async with office.database.sessions() as holder, office.database.sessions() as bidder:
        await locked_procedure(holder, procedure.id)
        bid = asyncio.create_task(submit_bid(bidder, clock, office.scene.keys, procedure.id, supplier.id, offer))
        await somebody_waits(office)
        office.scene.clock.advance(procedure.deadline - office.scene.clock.now())
        await holder.commit()
        (raised,) = await asyncio.gather(bid, return_exceptions=True)
        return raised if isinstance(raised, BaseException) else None


async def test_a_bid_that_waits_over_the_deadline_is_late(bidding: tuple[Office, Procedure, Supplier]) -> None:
    office, procedure, supplier = bidding
    raised = await waited_over_the_deadline(office, procedure, supplier, office.scene.clock)
    assert isinstance(raised, BidLate)


async def test_reading_the_clock_before_the_lock_would_let_it_in(bidding: tuple[Office, Procedure, Supplier]) -> None:
    """Control twin: with the time of before the wait, the late bid is taken."""
    office, procedure, supplier = bidding
    read_early = FixedClock(office.scene.clock.now())
    assert await waited_over_the_deadline(office, procedure, supplier, read_early) is None


async def opened_while_a_bid_is_held(office: Office, procedure: Procedure, supplier: Supplier, *, waits: bool) -> int:
    """Hold a bid between its check and its commit over the deadline and the opening; return how many were opened."""
    scene = office.scene
    offer, in_time = await scene.offer(procedure), FixedClock(scene.clock.now())
    async with office.database.sessions() as bidder, office.database.sessions() as opener:
        await procedures.procedure_held_for(bidder, procedure.id, supplier.id)
        scene.clock.advance(procedure.deadline - scene.clock.now())
        opening = asyncio.create_task(open_fully(opener, scene, procedure.id))
        await (somebody_waits(office) if waits else opening)
        await submit_bid(bidder, in_time, scene.keys, procedure.id, supplier.id, offer)
        await bidder.commit()
        await opening
    async with office.database.sessions() as session:
        return len((await session.exec(select(Bid).where(col(Bid.procedure_id) == procedure.id))).all())


async def open_fully(session: AsyncSession, scene: Scene, procedure_id: UUID) -> None:
    for person in (scene.officer, scene.opener):
        await confirm_opening(session, scene.clock, scene.keys, procedure_id, by=person)
    await session.commit()


async def test_an_opening_waits_for_a_bid_that_came_in_time(bidding: tuple[Office, Procedure, Supplier]) -> None:
    office, procedure, supplier = bidding
    assert await opened_while_a_bid_is_held(office, procedure, supplier, waits=True) == 1


async def test_without_the_shared_lock_a_bid_in_time_would_be_lost(
    bidding: tuple[Office, Procedure, Supplier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control twin: the bid only reads its procedure."""
    office, procedure, supplier = bidding

    as_it_was: list[Procedure] = []

    async def unlocked(session: AsyncSession, procedure_id: UUID, _supplier_id: UUID) -> Procedure:
        found = as_it_was[0] if as_it_was else await session.get(Procedure, procedure_id)
        assert found is not None
        as_it_was.append(found)
        return found

    for module in (commands, procedures):
        monkeypatch.setattr(module, "procedure_held_for", unlocked)
    assert await opened_while_a_bid_is_held(office, procedure, supplier, waits=False) == 0


async def test_two_suppliers_bid_at_once_without_waiting(service_database: ServiceDatabase) -> None:
    async with opened_office(await service_database("procurement")) as office:
        suppliers = await office.scene.suppliers()
        procedure = await office.scene.invited(suppliers)
        await office.scene.session.commit()
        offer = await office.scene.offer(procedure)
        async with office.database.sessions() as one, office.database.sessions() as other:
            for session, supplier in ((one, suppliers[0]), (other, suppliers[1])):
                await submit_bid(session, office.scene.clock, office.scene.keys, procedure.id, supplier.id, offer)
            await one.commit()
            await other.commit()


async def test_a_bid_on_the_second_is_late_and_one_just_before_is_not(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    scene.clock.advance(procedure.deadline - scene.clock.now() - timedelta(microseconds=1))
    assert (await scene.bid(procedure, supplier)).standing is Standing.RECEIVED
    scene.clock.advance(timedelta(microseconds=1))
    with pytest.raises(BidLate):
        await scene.bid(procedure, supplier)


async def test_a_late_bid_is_kept_once_and_never_opened(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    scene.clock.advance(timedelta(days=2))
    offer = await scene.offer(procedure)
    receipt = None
    for _ in range(2):
        receipt = receipt or await record_late_bid(
            scene.session, scene.clock, scene.keys, procedure.id, supplier.id, offer
        )
    own = await own_bid(scene.session, scene.keys, procedure.id, supplier.id)
    assert receipt is not None
    assert own.bid is None
    assert own.late is not None
    assert own.late.receipt == receipt.receipt
    assert await scene.open(procedure) == []


async def test_a_bid_is_replaced_and_withdrawn_until_the_deadline(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    first, second = await scene.bid(procedure, supplier), await scene.bid(procedure, supplier, 9_000_000)
    assert first.receipt != second.receipt
    boxes = select(SealedBid).where(col(SealedBid.procedure_id) == procedure.id)
    assert len((await scene.session.exec(boxes)).all()) == 1
    await withdraw_bid(scene.session, scene.clock, scene.keys, procedure.id, supplier.id)
    assert len((await scene.session.exec(boxes)).all()) == 0
    with pytest.raises(NotFound):
        await withdraw_bid(scene.session, scene.clock, scene.keys, procedure.id, supplier.id)
    scene.clock.advance(timedelta(days=2))
    with pytest.raises(Refused, match="bid_binding"):
        await withdraw_bid(scene.session, scene.clock, scene.keys, procedure.id, supplier.id)


async def test_bids_stand_when_the_deadline_is_moved(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    await scene.bid(procedure, supplier)
    later = procedure.deadline + timedelta(days=1)
    await change_deadline(scene.session, scene.clock, procedure.id, later, reason="Questions", by=scene.officer)
    scene.clock.advance(timedelta(days=1, hours=1))
    await scene.bid(procedure, supplier, 8_000_000)
    (opened,) = await scene.open(procedure)
    assert opened.price_ore == 8_000_000


async def test_a_supplier_that_is_not_invited_finds_nothing(scene: Scene) -> None:
    invited, other = await scene.supplier(), await scene.supplier("556900-4400", "other")
    procedure = await scene.invited([invited])
    with pytest.raises(NotFound):
        await scene.bid(procedure, other)


async def test_what_is_opened_is_what_was_sealed(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    receipt = await scene.bid(procedure, supplier, 12_345_678)
    (opened,) = await scene.open(procedure)
    assert (opened.supplier_id, opened.price_ore, opened.receipt) == (supplier.id, 12_345_678, receipt.receipt)
