"""The main places of the whole portal and who sees them in the header: one list, for the services share one portal.

A place belongs to the service at the beginning of its address; a test asks each service for its places.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the header. Without roles it is for everyone, or for everyone who is signed in.

    `strangers`: it is also for those whom the service does not know though they are signed in. Who acts for a supplier
    alone is procurement's to know, and to booking she is a stranger. `also` is a pattern of what belongs to the place
    and does not lie below its address.
    """

    address: str
    name: str
    roles: AbstractSet[Role] = frozenset()
    signed_in: bool = False
    strangers: bool = False
    also: str = ""

    def is_for(self, actor: Actor | None, *, signed_in: bool) -> bool:
        """Whether the person may go there."""
        if self.strangers and signed_in and actor is None:
            return True
        if not self.roles:
            return actor is not None or not self.signed_in
        return actor is not None and actor.holds(*self.roles)


_FOR_EMPLOYERS: Final = frozenset({Role.CONTACT, Role.COACH, Role.PROJECT_LEAD})
_OFFICE: Final = frozenset({Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE})

PLACES: Final[tuple[Place, ...]] = (
    Place("/booking/", N_("Start")),
    Place("/booking/runs", N_("Courses")),
    Place(
        "/booking/meetings",
        N_("Meetings"),
        frozenset({Role.TRAINER, Role.PROJECT_LEAD}),
        also=r"/booking/attendance/.*",
    ),
    Place(
        "/booking/employers",
        N_("Employers"),
        _FOR_EMPLOYERS,
        also=r"/booking/(projects/[^/]+/employers|bookings|training-plans|requests)/.*|/notification/employers/.*",
    ),
    Place(
        "/booking/projects/mine",
        N_("Project"),
        frozenset({Role.PROJECT_LEAD}),
        also=r"/booking/(projects|courses)/.*|/notification/(projects/.*|wordings.*)",
    ),
    Place("/procurement/requests", N_("Requests"), _OFFICE),
    Place("/procurement/cases", N_("Cases"), _OFFICE, also=r"/procurement/(lots|procedures|contracts|questions)/.*"),
    Place("/procurement/suppliers", N_("Suppliers"), _OFFICE),
    Place("/procurement/supplier", N_("Invitations"), frozenset({Role.SUPPLIER}), strangers=True),
    Place("/booking/operator", N_("Operation"), frozenset({Role.OPERATOR}), also=r"/[a-z]+/operator.*"),
    Place("/notification/mine", N_("Sent to me"), signed_in=True),
)


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place as the header shows it."""

    address: str
    name: str
    is_here: bool


def places_for(actor: Actor | None, *, signed_in: bool, here: str) -> tuple[ShownPlace, ...]:
    """Return the places that the person may go to; the innermost one that holds `here` is marked, or whose it is."""
    seen = [place for place in PLACES if place.is_for(actor, signed_in=signed_in)]
    holding = [place.address for place in seen if here == place.address or here.startswith(_below(place.address))]
    holding = holding or [place.address for place in seen if re.fullmatch(place.also, here)][:1]
    innermost = max(holding, key=len, default=None)
    return tuple(ShownPlace(place.address, place.name, place.address == innermost) for place in seen)


def _below(address: str) -> str:
    # a service's start page holds itself alone: everything else of the service lies below it
    return f"{address}/" if not address.endswith("/") else f"{address}\0"
