"""Who may bid when, and how opened bids are compared. Points and weights are exact decimals; ties are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.procurement.buyers.rules import CriteriaKind
from services.procurement.procedures.rules import CriterionKind, Phase
from shared.kernel.errors import Refused
from shared.kernel.texts import N_

MOST_POINTS: Final = Decimal(10)
_CENT = Decimal("0.01")
_WHOLE = Decimal(100)


class Standing(StrEnum):
    """What became of what a supplier sent."""

    RECEIVED = "received"
    LATE = "late"


class BidLate(Refused):
    """A bid that came at or after the deadline: it is recorded, and will not be opened."""


def check_open(phase: Phase, deadline: datetime) -> None:
    """Raise BidLate at or after the deadline, and Refused where the procedure has ended."""
    if phase is Phase.OPEN_FOR_BIDS:
        return
    if phase is Phase.CANCELLED:
        raise Refused(N_("The procedure is cancelled; no bids are taken."), code="procedure_cancelled")
    raise BidLate(
        N_("The deadline was {deadline}. What comes after it is recorded as late, and is not opened."),
        code="bid_late",
        deadline=deadline,
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """A criterion as it counts."""

    id: UUID
    kind: CriterionKind
    weight: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An opened bid, with the points that officers gave it by criterion."""

    id: UUID
    price_ore: int
    points: Mapping[UUID, Decimal]
    disqualified: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """How a bid fares. No rank and no total while a score is missing, or where it is disqualified.

    `total` is out of 100 where criteria are weighted, otherwise the plain sum.
    """

    id: UUID
    points: Mapping[UUID, Decimal]
    total: Decimal | None
    rank: int | None
    tied: bool


def price_points(price_ore: int, lowest_ore: int) -> Decimal:
    """Return ten times lowest price by this price, rounded half up to two decimals; the published formula."""
    if price_ore == 0:
        return MOST_POINTS
    return (MOST_POINTS * lowest_ore / price_ore).quantize(_CENT, ROUND_HALF_UP)


def ranking(kind: CriteriaKind, criteria: Sequence[Weighed], bids: Sequence[Candidate]) -> list[Ranked]:
    """Return how the bids fare, best first; those without a rank last. The same points give the same rank."""
    counted = [bid for bid in bids if not bid.disqualified]
    lowest = min((bid.price_ore for bid in counted), default=0)
    whole: dict[UUID, dict[UUID, Decimal]] = {}
    for bid in bids:
        points = dict(bid.points)
        for criterion in criteria:
            if criterion.kind is CriterionKind.PRICE and not bid.disqualified:
                points[criterion.id] = price_points(bid.price_ore, lowest)
        whole[bid.id] = points
    complete = [bid for bid in counted if all(criterion.id in whole[bid.id] for criterion in criteria)]
    keys = {bid.id: _sort_key(kind, criteria, whole[bid.id]) for bid in complete}
    ranks = {bid.id: 1 + sum(other > keys[bid.id] for other in keys.values()) for bid in complete}
    result = [
        Ranked(
            id=bid.id,
            points=whole[bid.id],
            total=_total(kind, criteria, whole[bid.id]) if bid.id in keys else None,
            rank=ranks.get(bid.id),
            tied=bid.id in ranks and sum(rank == ranks[bid.id] for rank in ranks.values()) > 1,
        )
        for bid in bids
    ]
    return sorted(result, key=lambda each: (each.rank is None, each.rank or 0, str(each.id)))


def _total(kind: CriteriaKind, criteria: Sequence[Weighed], points: Mapping[UUID, Decimal]) -> Decimal:
    if kind is CriteriaKind.WEIGHTED:
        return sum((points[each.id] * (each.weight or 0) / MOST_POINTS for each in criteria), Decimal(0))
    return sum((points[each.id] for each in criteria), Decimal(0))


def _sort_key(kind: CriteriaKind, criteria: Sequence[Weighed], points: Mapping[UUID, Decimal]) -> tuple[Decimal, ...]:
    if kind is CriteriaKind.RANKED:
        return tuple(points[each.id] for each in criteria)
    return (_total(kind, criteria, points),)
