"""Two projects with everybody in each, and what they have been told: for tests of who may see what."""

from dataclasses import dataclass, field
from uuid import UUID

from shared.contracts.booking import BookingConfirmed, EmployerDescribed, PersonGrant, ProjectBuyer, ProjectDescribed
from shared.contracts.procurement import SupplierInvited, TrainingRequestTaken
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.notification.office import Office, a_person, a_supplier, to_person, to_supplier
from tests.support.messaging import a_message


@dataclass
class Place:
    """A project with its people; `sub` of each is the role and the place's name."""

    name: str
    project_id: UUID = field(default_factory=new_id)
    employer_id: UUID = field(default_factory=new_id)
    buyer_id: UUID = field(default_factory=new_id)
    supplier_id: UUID = field(default_factory=new_id)
    people: dict[Role, UUID] = field(default_factory=dict)
    booking_id: UUID = field(default_factory=new_id)
    request_id: UUID = field(default_factory=new_id)
    invitation_id: UUID = field(default_factory=new_id)

    def sub(self, role: Role) -> str:
        return f"{role.value}.{self.name}"

    def grant(self, role: Role) -> PersonGrant:
        employer = self.employer_id if role in (Role.CONTACT, Role.PARTICIPANT) else None
        buyer = self.buyer_id if role in (Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE) else None
        project = None if role is Role.OPERATOR else self.project_id
        return PersonGrant(role=role.value, project_id=project, employer_id=employer, buyer_id=buyer)


async def settle_in(office: Office, place: Place) -> Place:
    """Make the place known, and let a booking, a taken request and an invitation happen in it."""
    await office.know(
        a_message(
            ProjectDescribed,
            project_id=place.project_id,
            buyers=(ProjectBuyer(buyer_id=place.buyer_id, name="Köparen", organisation_number="212000-9903"),),
        ),
        a_message(EmployerDescribed, employer_id=place.employer_id, project_ids=(place.project_id,)),
        a_supplier(place.supplier_id, sub=place.sub(Role.SUPPLIER)),
    )
    for role in Role:
        if role is Role.SUPPLIER:
            continue
        person = a_person(sub=place.sub(role), grants=(place.grant(role),), phone=None)
        place.people[role] = person.person_id
        await office.know(person)
    whose = {"project_id": place.project_id, "employer_id": place.employer_id}
    contact = (to_person(place.people[Role.CONTACT]),)
    await office.hear(a_message(BookingConfirmed, recipients=contact, **whose))
    await office.hear(a_message(TrainingRequestTaken, recipients=contact, buyer_id=place.buyer_id, **whose))
    await office.hear(
        a_message(
            SupplierInvited,
            recipients=(to_supplier(place.supplier_id),),
            project_id=place.project_id,
            buyer_id=place.buyer_id,
        )
    )
    rows = await office.rows("SELECT id, kind FROM notifications WHERE project_id = :project", project=place.project_id)
    ids = {row.kind: row.id for row in rows}
    place.booking_id, place.request_id = ids["booking_confirmed"], ids["request_in_case"]
    place.invitation_id = ids["invitation_to_bid"]
    return place
