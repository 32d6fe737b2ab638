"""Bidding, blind. Each command locks its procedure `FOR SHARE` and reads the clock only then.

A bid that waits for the lock over the deadline is late. None of these writes anything but boxes: no history, no
event, no version.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.bids.rules import BidLate, Standing, check_open
from services.procurement.bids.sealing import BidContent, CriterionAnswer, pseudonym, receipt_of, seal
from services.procurement.bids.tables import SealedBid
from services.procurement.buyers.queries import not_there
from services.procurement.procedures.commands import procedure_held_for
from services.procurement.procedures.queries import criteria_of
from services.procurement.procedures.rules import CriterionKind, phase_of
from services.procurement.procedures.tables import Procedure
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Offer:
    """What a supplier offers; see `BidContent`."""

    price_ore: int
    vat_rate: Decimal
    description: str
    answers: tuple[CriterionAnswer, ...]
    valid_until: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that a box was received: a hash over it, and when."""

    standing: Standing
    receipt: str
    received_at: datetime


async def submit_bid(
    session: AsyncSession, clock: Clock, keys: Keys, procedure_id: UUID, supplier_id: UUID, offer: Offer
) -> Receipt:
    """Seal a bid, in place of an earlier one of the same supplier. Raises BidLate at or after the deadline."""
    procedure = await procedure_held_for(session, procedure_id, supplier_id)
    now = clock.now()
    check_open(phase_of(procedure.state, deadline=procedure.deadline, now=now), procedure.deadline)
    return await _put(session, keys, procedure, supplier_id, offer, standing=Standing.RECEIVED, now=now)


async def record_late_bid(
    session: AsyncSession, clock: Clock, keys: Keys, procedure_id: UUID, supplier_id: UUID, offer: Offer
) -> Receipt | None:
    """Keep the first late bid of a supplier in its box, never to be opened. Does nothing where it is not late."""
    procedure = await procedure_held_for(session, procedure_id, supplier_id)
    now = clock.now()
    try:
        check_open(phase_of(procedure.state, deadline=procedure.deadline, now=now), procedure.deadline)
    except BidLate:
        return await _put(session, keys, procedure, supplier_id, offer, standing=Standing.LATE, now=now)
    return None


async def withdraw_bid(session: AsyncSession, clock: Clock, keys: Keys, procedure_id: UUID, supplier_id: UUID) -> None:
    """Take a bid back before the deadline. Raises Refused after it, NotFound where there is none."""
    procedure = await procedure_held_for(session, procedure_id, supplier_id)
    now = clock.now()
    try:
        check_open(phase_of(procedure.state, deadline=procedure.deadline, now=now), procedure.deadline)
    except BidLate as late:
        raise Refused(
            N_("The deadline was {deadline}. A bid binds from then on and cannot be withdrawn."),
            code="bid_binding",
            deadline=procedure.deadline,
        ) from late
    gone = await (await session.connection()).execute(
        delete(SealedBid).where(
            col(SealedBid.procedure_id) == procedure_id,
            col(SealedBid.pseudonym) == pseudonym(keys, procedure_id, supplier_id),
            col(SealedBid.late).is_(other=False),
        )
    )
    if gone.rowcount == 0:
        raise not_there()


async def _put(
    session: AsyncSession,
    keys: Keys,
    procedure: Procedure,
    supplier_id: UUID,
    offer: Offer,
    *,
    standing: Standing,
    now: datetime,
) -> Receipt:
    await _check_offer(session, procedure, offer, now)
    content = BidContent(
        supplier_id=supplier_id,
        price_ore=offer.price_ore,
        vat_rate=offer.vat_rate,
        description=offer.description,
        answers=offer.answers,
        valid_until=offer.valid_until,
    )
    box = seal(procedure.public_key, content)
    late = standing is Standing.LATE
    row = insert(SealedBid).values(
        procedure_id=procedure.id,
        pseudonym=pseudonym(keys, procedure.id, supplier_id),
        late=late,
        box=box,
        received_at=now,
    )
    place = ["procedure_id", "pseudonym", "late"]
    statement = (
        row.on_conflict_do_nothing(index_elements=place)
        if late
        else row.on_conflict_do_update(index_elements=place, set_={"box": box, "received_at": now})
    )
    await (await session.connection()).execute(statement)
    return Receipt(standing, receipt_of(box), now)


async def _check_offer(session: AsyncSession, procedure: Procedure, offer: Offer, now: datetime) -> None:
    criteria = await criteria_of(session, procedure.id)
    judged = {criterion.id for criterion in criteria if criterion.kind is CriterionKind.QUALITY}
    answered = [answer.criterion_id for answer in offer.answers]
    if len(set(answered)) < len(answered) or not set(answered) <= judged:
        raise InvalidInput(
            N_("Answer each criterion of the procedure once, and none that it does not have; the price is a field."),
            code="answers_off",
            field="answers",
        )
    if offer.valid_until < max(legal_day(procedure.deadline), legal_day(now)):
        raise InvalidInput(
            N_("The bid must bind until after the deadline; {valid_until} was given."),
            code="validity_too_short",
            field="valid_until",
            valid_until=offer.valid_until,
        )
