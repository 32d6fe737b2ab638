"""Reading buyers and the people who act for them."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.rules import BuyerKind, Policy
from services.procurement.buyers.tables import Buyer
from services.procurement.copies import PersonCopy, people_granted
from shared.kernel.errors import NotFound
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.bodies import View, own_id

ACTING_FOR_BUYER = (Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE)


class BuyerView(View):
    """A buyer and its policy."""

    buyer_id: UUID = own_id("buyer_id")
    name: str
    organisation_number: str
    kind: BuyerKind
    series: str
    policy: Policy


class OfficerView(View):
    """A person who acts for the buyer; no name where her identity is protected."""

    person_id: UUID
    name: str | None
    roles: list[str]


class OfficersView(View):
    """All who act for a buyer."""

    items: list[OfficerView]


def not_there() -> NotFound:
    """Return the error for what does not exist, or not for the one who asks; the two must look the same."""
    return NotFound(N_("There is no such thing here, or it is not yours to see."), code="not_found")


async def get_buyer(session: AsyncSession, buyer_id: UUID) -> Buyer:
    """Return the buyer; raises NotFound."""
    buyer = await session.get(Buyer, buyer_id)
    if buyer is None:
        raise not_there()
    return buyer


async def list_officers(session: AsyncSession, buyer_id: UUID) -> list[OfficerView]:
    """Return the officers and delegates of a buyer, by name."""
    found: dict[UUID, PersonCopy] = {}
    for role in ACTING_FOR_BUYER:
        found |= {person.person_id: person for person in await people_granted(session, role, buyer_id=buyer_id)}
    return [
        OfficerView(person_id=person.person_id, name=person.name, roles=roles_for(person, buyer_id))
        for person in sorted(found.values(), key=lambda person: (person.name or "", str(person.person_id)))
    ]


def roles_for(person: PersonCopy, buyer_id: UUID) -> list[str]:
    """Return the roles that a person holds for a buyer."""
    return sorted({grant["role"] for grant in person.grants if grant.get("buyer_id") == str(buyer_id)})


async def find_officer(session: AsyncSession, buyer_id: UUID, person_id: UUID, role: Role) -> PersonCopy | None:
    """Return the person where she holds the role for the buyer."""
    person = await session.get(PersonCopy, person_id)
    return person if person is not None and role.value in roles_for(person, buyer_id) else None
