"""How seats are taken from pools, over plain values: an employer's own kept seats first, then the open ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Split:
    """How many seats come from the employer's kept pool and how many from the open one."""

    kept: int
    open: int


def split_seats(asked: int, *, kept_free: int, open_free: int) -> Split | None:
    """Return where the seats come from, kept ones first; None where there are too few in all."""
    kept = min(asked, kept_free)
    rest = asked - kept
    return Split(kept, rest) if rest <= open_free else None


def share_out(capacity: int, kept: Mapping[UUID, int]) -> tuple[Mapping[UUID, int], int]:
    """Return the kept seats of each employer that has any, and how many are left open to all.

    Raises InvalidInput where more would be kept than the run has.
    """
    held = {employer_id: seats for employer_id, seats in kept.items() if seats > 0}
    kept_in_all = sum(held.values())
    if kept_in_all > capacity:
        raise InvalidInput(
            N_("{kept} seats would be kept, but the run has {capacity}. Keep fewer, or raise the capacity."),
            code="kept_above_capacity",
            field="capacity",
            kept=kept_in_all,
            capacity=capacity,
        )
    return held, capacity - kept_in_all


def check_kept(wished: int, *, kept_capacity: int, kept_taken: int, open_free: int) -> None:
    """Raise Refused where an employer's kept seats cannot become `wished`: some are taken, or too few are open."""
    if wished < kept_taken:
        raise Refused(
            N_("{taken} of the kept seats are booked, so at least {taken} must stay kept; {wished} were asked for."),
            code="kept_seats_taken",
            taken=kept_taken,
            wished=wished,
        )
    if wished - kept_capacity > open_free:
        raise Refused(
            N_("Only {free} open seats are free to be kept; {asked} more were asked for. Keep fewer."),
            code="too_few_open",
            free=open_free,
            asked=wished - kept_capacity,
        )
