"""Bodies that tell of an employer and its workplaces."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.booking.employers.rules import EmployerDetails, MoneyBand, Statement, UndertakingFacts, WorkplaceDetails
from services.booking.people.bodies import PersonBody
from services.booking.projects.rules import AffectedBy, EmployerKind
from services.booking.projects.sectors import SniVersion
from shared.kernel import identity
from shared.web.bodies import Body, Line, Paragraph, Version
from shared.web.validation import checked

_MOST_WORKPLACES = 50
_SHORT = StringConstraints(strip_whitespace=True, min_length=2, max_length=20)

OrganisationNumber = Annotated[str, _SHORT, checked(identity.organisation_number)]
Municipality = Annotated[str, _SHORT, checked(identity.municipality_code)]
Cfar = Annotated[str, _SHORT, checked(identity.cfar)]
Sni = Annotated[str, _SHORT, checked(identity.sni)]


class UndertakingBody(Body):
    """The single undertaking, group included; size follows from it."""

    employees: int = Field(ge=0, le=1_000_000, description="Annual work units")
    turnover: MoneyBand = Field(description="Yearly: micro to 2, small to 10, medium to 50 million euros, large above")
    balance: MoneyBand = Field(description="Total: micro to 2, small to 10, medium to 43 million euros, large above")
    group_name: Line | None = None

    def facts(self) -> UndertakingFacts:
        """Return the body as plain values."""
        return UndertakingFacts(self.employees, self.turnover, self.balance, self.group_name)


class WorkplaceBody(Body):
    """A workplace; its municipality and industry decide which projects let it in."""

    name: Line
    municipality: Municipality = Field(description="Municipality code, four digits")
    cfar: Cfar | None = None
    sni: Sni | None = None
    sni_version: SniVersion | None = Field(default=None, description="Of the code; 2025 where it is left out")

    def details(self) -> WorkplaceDetails:
        """Return the body as plain values."""
        version = None if self.sni is None else self.sni_version or SniVersion.SNI_2025
        return WorkplaceDetails(self.name, self.municipality, self.cfar, self.sni, version)


class EmployerBody(Body):
    """An employer in law."""

    name: Line
    organisation_number: OrganisationNumber
    kind: EmployerKind
    undertaking: UndertakingBody


class StatementBody(Body):
    """How the employer is affected, where the project asks."""

    affected_by: AffectedBy | None = None
    statement: Paragraph | None = None

    def stated(self) -> Statement:
        """Return the body as plain values."""
        return Statement(self.affected_by, self.statement)


class RegisterEmployer(StatementBody):
    """An employer asks to join a project; whoever is signed in becomes its contact."""

    project_id: UUID
    employer: EmployerBody
    workplaces: Annotated[list[WorkplaceBody], Field(min_length=1, max_length=_MOST_WORKPLACES)]
    contact: PersonBody | None = Field(default=None, description="Needed from somebody who is new here")

    def details(self) -> EmployerDetails:
        """Return the body as plain values."""
        return EmployerDetails(
            name=self.employer.name,
            organisation_number=self.employer.organisation_number,
            kind=self.employer.kind,
            undertaking=self.employer.undertaking.facts(),
            workplaces=tuple(workplace.details() for workplace in self.workplaces),
        )


class ChangeEmployer(Body):
    """What to change; what is left out stays. `version` is the one that was read."""

    version: Version
    name: Line | None = None
    undertaking: UndertakingBody | None = None
