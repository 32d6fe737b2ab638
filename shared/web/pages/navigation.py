"""The main places of the whole portal and who sees them in the header: one list, for the services share one portal.

A place belongs to the service at the beginning of its address; a test asks each service for its places.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the header. Without roles it is for everyone."""

    address: str
    name: str
    roles: AbstractSet[Role] = frozenset()


PLACES: Final[tuple[Place, ...]] = (
    Place("/booking/", N_("Start")),
    Place("/booking/operator/messages", N_("Messages"), frozenset({Role.OPERATOR})),
)


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place as the header shows it."""

    address: str
    name: str
    is_here: bool


def places_for(actor: Actor | None, *, here: str) -> tuple[ShownPlace, ...]:
    """Return the places that the person may go to; the innermost one that holds `here` is marked."""
    seen = [place for place in PLACES if not place.roles or (actor is not None and actor.holds(*place.roles))]
    holding = [place.address for place in seen if here == place.address or here.startswith(_below(place.address))]
    innermost = max(holding, key=len, default=None)
    return tuple(ShownPlace(place.address, place.name, place.address == innermost) for place in seen)


def _below(address: str) -> str:
    # a service's start page holds itself alone: everything else of the service lies below it
    return f"{address}/" if not address.endswith("/") else f"{address}\0"
