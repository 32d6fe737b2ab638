"""What an award decision must rest on, and how long the standstill runs."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.procurement.bids.rules import Ranked
from shared.kernel.calendar import standstill_last_day
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.texts import N_


def choose_winner(ranked: Sequence[Ranked], *, disqualified: frozenset[UUID], wanted: UUID | None) -> Ranked:
    """Return the bid that wins: the one ranked first, or among those tied for it the one that is wanted.

    Raises Refused where nothing can be chosen yet, InvalidInput where what is wanted is not ranked first.
    """
    counted = [bid for bid in ranked if bid.id not in disqualified]
    if not counted:
        raise Refused(
            N_("There is no bid that can be chosen. Cancel the procedure for lack of competition."), code="no_bid"
        )
    if missing := sum(bid.rank is None for bid in counted):
        raise Refused(
            N_("{missing} bids are not scored on every criterion yet."), code="scores_missing", missing=missing
        )
    first = [bid for bid in counted if bid.rank == 1]
    if wanted is None and len(first) > 1:
        raise Refused(
            N_("{tied} bids are tied for the first place. Say which one wins, and why."),
            code="tied",
            field="winner_bid_id",
            tied=len(first),
        )
    chosen = next((bid for bid in first if wanted in (None, bid.id)), None)
    if chosen is None:
        raise InvalidInput(
            N_("That bid is not ranked first. The scores decide; change them first if they are wrong."),
            code="not_ranked_first",
            field="winner_bid_id",
        )
    return chosen


def check_binding(valid_until: date, *, today: date) -> None:
    """Raise Refused where the bid no longer binds its supplier."""
    if valid_until < today:
        raise Refused(
            N_("The bid was binding until {valid_until} only. Ask for a longer time, or cancel and start again."),
            code="bid_not_binding",
            valid_until=valid_until,
        )


def standstill_until(decided_on: date, days: int) -> date | None:
    """Return the last day of the standstill after a decision sent electronically that day; none where there is none.

    A direct purchase has no standstill by law; a voluntary one follows from the buyer's policy (20 kap. LOU).
    """
    return standstill_last_day(decided_on, days) if days else None


def check_standstill(until: date | None, *, today: date) -> None:
    """Raise Refused while the standstill runs: the contract may be signed the day after its last day."""
    if until is not None and today <= until:
        raise Refused(
            N_("The standstill runs until {until}; the contract may be signed the day after."),
            code="standstill_runs",
            until=until,
        )
