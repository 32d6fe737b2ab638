"""Loading buyers from data files; doing it twice changes nothing."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.rules import BuyerKind, Policy
from services.procurement.buyers.tables import Buyer
from shared.kernel.clock import Clock
from shared.kernel.identity import organisation_number
from shared.kernel.ids import stable_id
from shared.web.validation import checked


class BuyerInput(BaseModel):
    """A buyer as a data file states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    organisation_number: Annotated[str, checked(organisation_number)]
    kind: BuyerKind
    series: Annotated[str, Field(pattern=r"^[A-ZÅÄÖ0-9]{1,8}$")]
    policy: Policy = Policy()


def buyer_id(number: str) -> UUID:
    """Return the id of the buyer with an organisation number, the same in booking and here."""
    return stable_id("buyer", organisation_number(number))


async def load_buyer(session: AsyncSession, clock: Clock, given: BuyerInput) -> Buyer:
    """Make or change the buyer with this organisation number."""
    key = buyer_id(given.organisation_number)
    buyer = await session.get(Buyer, key, with_for_update=True)
    values = given.model_dump(mode="json", exclude={"kind"})
    if buyer is None:
        buyer = Buyer(id=key, kind=given.kind, loaded_at=clock.now(), **values)
    elif buyer.kind is given.kind and all(getattr(buyer, name) == value for name, value in values.items()):
        return buyer
    else:
        buyer.sqlmodel_update({**values, "kind": given.kind, "loaded_at": clock.now()})
    session.add(buyer)
    await session.flush()
    return buyer
