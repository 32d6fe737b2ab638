from typing import Any
from uuid import UUID

from services.booking.reach.tables import Unreached
from services.booking.reactions import REACTIONS
from shared.contracts.notification import NotificationDelivered, NotificationFailed
from shared.kernel.ids import new_id
from tests.services.booking.registered import Office
from tests.support.messaging import a_message, deliver
from tests.support.web import problem_of


def a_failure(project_id: UUID, **changes: Any) -> NotificationFailed:  # noqa: ANN401 - any field of it
    recipient = {"kind": "person", "id": new_id(), "part": "participant"}
    given = {"project_id": project_id, "employer_id": None, "recipient": recipient}
    return a_message(NotificationFailed, **(given | changes))


async def unreached(office: Office) -> list[str]:
    page = (await office.ask("lead").get(f"projects/{office.project_id}/unreached?limit=200")).json()
    return [item["person_id"] for item in page["items"]]


async def test_the_lead_sees_who_was_not_reached_until_a_late_receipt_comes(office: Office) -> None:
    failed = a_failure(office.project_id)
    await deliver(REACTIONS, failed, office.database, clock=office.clock)
    assert str(failed.recipient.id) in await unreached(office)
    arrived = NotificationDelivered.model_validate(failed.model_dump())
    await deliver(REACTIONS, arrived, office.database, clock=office.clock)
    assert str(failed.recipient.id) not in await unreached(office)
    async with office.database.sessions() as session:
        row = await session.get_one(Unreached, failed.notification_id)
        assert (row.cause, row.reached_at) == (failed.cause, office.clock.now())


async def test_another_projects_lead_does_not_see_it(office: Office) -> None:
    problem_of(await office.ask("other-lead").get(f"projects/{office.project_id}/unreached"), 404, "not_found")


async def test_that_a_supplier_was_not_reached_is_not_kept_here(office: Office) -> None:
    failed = a_failure(office.project_id, recipient={"kind": "supplier", "id": new_id(), "part": "invited"})
    await deliver(REACTIONS, failed, office.database, clock=office.clock)
    async with office.database.sessions() as session:
        assert await session.get(Unreached, failed.notification_id) is None


async def test_what_arrives_at_once_leaves_no_trace(office: Office) -> None:
    arrived = NotificationDelivered.model_validate(a_failure(office.project_id).model_dump())
    await deliver(REACTIONS, arrived, office.database, clock=office.clock)
    async with office.database.sessions() as session:
        assert await session.get(Unreached, arrived.notification_id) is None
