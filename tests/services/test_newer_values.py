"""Values that a newer system tells and this one has never heard of: every service takes what has them.

Golden samples hold such values in every open field already; here also kinds of recipients, channels and roles.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from services.booking.reactions import REACTIONS as BOOKING
from services.notification.copies import COPIES as NOTIFICATION_COPIES
from services.notification.reactions import REACTIONS as NOTIFICATION
from services.procurement.copies import COPIES as PROCUREMENT_COPIES
from shared.contracts.booking import BookingCancelled, ConfirmationAnswered, PersonDescribed, PersonGrant
from shared.contracts.facts import Fact, Recipient, State
from shared.contracts.notification import NotificationFailed
from shared.contracts.procurement import AwardDecided, ContractSigned
from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging.reactions import Copies
from tests.services.booking.offered import a_project
from tests.support.databases import ServiceDatabase
from tests.support.messaging import a_message, deliver, deliver_state, rows_of

TOLD = sorted((fact for fact in NOTIFICATION.handlers if fact is not AwardDecided), key=lambda fact: fact.type_name)
COPIED = [(copies, state) for copies in (PROCUREMENT_COPIES, NOTIFICATION_COPIES) for state in copies.keepers]


@pytest.fixture(scope="module")
async def notification(module_database: ServiceDatabase) -> AsyncIterator[Database]:
    database = open_database(await module_database("notification"))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def procurement(module_database: ServiceDatabase) -> AsyncIterator[Database]:
    database = open_database(await module_database("procurement"))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def booking(module_database: ServiceDatabase) -> AsyncIterator[Database]:
    database = open_database(await module_database("booking"))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def project_id(booking: Database) -> UUID:
    async with booking.sessions() as session:
        project = await a_project(session)
        await session.commit()
    return project.id


@pytest.mark.parametrize("fact", TOLD, ids=lambda fact: fact.type_name)
async def test_recipients_of_a_new_kind_are_left_out_and_the_others_are_told(
    fact: type[Fact], notification: Database
) -> None:
    new = (
        Recipient(kind="machine", id=new_id(), part="contact"),
        Recipient(kind="machine", id=new_id(), part="observer"),
        Recipient(kind="supplier", id=new_id(), part="observer"),
        Recipient(kind="person", id=new_id(), part="observer"),
    )
    # of these the recipients are told where it says so alone
    told_where: dict[type[Fact], dict[str, Any]] = {
        BookingCancelled: {"with_run": False},
        ConfirmationAnswered: {"answer": "confirmed"},
    }
    message = a_message(fact, recipients=new, **told_where.get(fact, {}))
    await deliver(NOTIFICATION, message, notification)
    rows = await rows_of(
        notification,
        "SELECT recipient_kind FROM notifications WHERE recipient_id = ANY(:ids)",
        ids=[each.id for each in new],
    )
    assert {row.recipient_kind for row in rows} & {"person", "supplier"}
    assert {row.recipient_kind for row in rows} <= {"person", "supplier"}


@pytest.mark.parametrize(("copies", "state"), COPIED, ids=lambda each: getattr(each, "type_name", None))
async def test_a_state_with_new_values_is_copied(
    copies: Copies, state: type[State], notification: Database, procurement: Database
) -> None:
    database = notification if copies is NOTIFICATION_COPIES else procurement
    message = a_message(state)
    if isinstance(message, PersonDescribed):
        message = message.model_copy(update={"language": "x-new", "grants": (PersonGrant(role="astronaut"),)})
    await deliver_state(copies, message, database)


async def test_somebody_not_reached_over_a_new_channel_is_noted(booking: Database, project_id: UUID) -> None:
    recipient = Recipient(kind="person", id=new_id(), part="x")
    failed = a_message(
        NotificationFailed, channel="pigeon", recipient=recipient, project_id=project_id, employer_id=None
    )
    await deliver(BOOKING, failed, booking)
    (row,) = await rows_of(booking, "SELECT channel FROM unreached WHERE notification_id = :id", id=failed.key)
    assert row.channel == "pigeon"


async def test_one_of_a_new_kind_that_was_not_reached_is_not_kept(booking: Database) -> None:
    failed = a_message(NotificationFailed, recipient=Recipient(kind="machine", id=new_id(), part="x"))
    await deliver(BOOKING, failed, booking)
    assert await rows_of(booking, "SELECT 1 FROM unreached WHERE notification_id = :id", id=failed.key) == []


async def test_a_contract_in_a_new_currency_is_counted(booking: Database, project_id: UUID) -> None:
    signed = a_message(ContractSigned, currency="XSK", project_id=project_id)
    await deliver(BOOKING, signed, booking)
    query = "SELECT currency FROM project_contracts WHERE contract_id = :id"
    assert [row.currency for row in await rows_of(booking, query, id=signed.contract_id)] == ["XSK"]
