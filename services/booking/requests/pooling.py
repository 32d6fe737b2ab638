"""Needs of several employers asked for as one purchase: a request for each employer, all with one pool's reference.

Each employer keeps a request of its own, that it follows and may withdraw; procurement shows them side by side.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.needs.demand import needs_to_meet
from services.booking.requests.commands import draft_request, submit_request
from services.booking.requests.rules import RequestWish
from services.booking.requests.tables import TrainingRequest
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.kernel.ids import reference
from shared.kernel.texts import N_

FEWEST = 2


@dataclass(frozen=True, slots=True)
class Pooled:
    """The requests that were sent together, and what they have in common."""

    pool: str
    requests: tuple[TrainingRequest, ...]


async def pool_needs(
    session: AsyncSession,
    clock: Clock,
    project_id: UUID,
    need_ids: Collection[UUID],
    common: RequestWish,
    *,
    buyer_id: UUID | None = None,
    by: UUID,
) -> Pooled:
    """Send a request for each need, of one training; its number of persons and wished days are the need's own.

    Raises Refused where one of them has a way by now, or where they are not several.
    """
    needs = await needs_to_meet(session, project_id, need_ids)
    if len(needs) < FEWEST:
        raise Refused(N_("Choose two needs at least to ask for together."), code="needs_too_few")
    pool = reference("P")
    sent = []
    for each in sorted(needs, key=lambda each: each.need.id):
        need = each.need
        wish = replace(
            common,
            persons=need.persons,
            wished_from=need.wished_from,
            wished_to=need.wished_to,
            wished_time=need.wished_time,
            need_id=need.id,
        )
        drafted = await draft_request(
            session,
            clock,
            wish,
            project_id=project_id,
            employer_id=each.employer_id,
            buyer_id=buyer_id,
            pool=pool,
            by=by,
        )
        sent.append(await submit_request(session, clock, drafted.id, by=by))
    return Pooled(pool, tuple(sent))
