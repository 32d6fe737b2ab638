"""What is sent about a supplier, by a program or a form."""

from typing import Annotated, Literal

from pydantic import Field

from services.procurement.suppliers.commands import EMAIL, SupplierInput
from shared.kernel.identity import organisation_number as normal_number
from shared.kernel.phone import e164
from shared.web.bodies import Body, Line
from shared.web.validation import checked


class DescribeSupplier(Body):
    """A supplier, as it describes itself or an officer describes it."""

    name: Line
    organisation_number: Annotated[str, Field(max_length=20), checked(normal_number)]
    email: Annotated[str, Field(pattern=EMAIL, max_length=254)]
    phone: Annotated[str, Field(max_length=30), checked(e164)] | None = None
    language: Literal["sv", "en"] = "sv"

    def as_input(self) -> SupplierInput:
        """The same as a command takes it."""
        return SupplierInput.model_validate(self.model_dump())


class ClaimSupplier(Body):
    """A claim code that an officer has given."""

    code: Annotated[str, Field(min_length=8, max_length=40)]
