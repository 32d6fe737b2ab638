"""Somebody is erased whom all three services know: no row of theirs holds her afterwards, whatever comes late.

What booking tells is carried to the others in order by the product's own code for taking messages; there is no Kafka.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.booking.people.participants import Entry, add_participant
from services.booking.people.rules import PersonDetails, identity_number
from services.booking.personal import PERSONAL as IN_BOOKING
from services.booking.projects.commands import load_project, project_id_of
from services.booking.reactions import REACTIONS as BOOKING_REACTIONS
from services.notification.base import Holder
from services.notification.copies import COPIES as NOTIFICATION_COPIES
from services.notification.kinds import KINDS, ChannelName
from services.notification.personal import PERSONAL as IN_NOTIFICATION
from services.notification.reactions import REACTIONS as NOTIFICATION_REACTIONS
from services.notification.recipients.commands import set_wish, suppress
from services.notification.recipients.rules import SuppressionCause
from services.procurement.buyers.commands import BuyerInput, load_buyer
from services.procurement.buyers.rules import BuyerKind, Policy
from services.procurement.copies import COPIES as PROCUREMENT_COPIES
from services.procurement.personal import PERSONAL as IN_PROCUREMENT
from services.procurement.reactions import REACTIONS as PROCUREMENT_REACTIONS
from shared.contracts.booking import BookingConfirmed, PersonDescribed, TrainingRequestSubmitted
from shared.contracts.envelope import Envelope
from shared.contracts.facts import Fact, Recipient
from shared.contracts.notification import NotificationFailed
from shared.contracts.registry import message_class
from shared.db import Database, open_database
from shared.kernel.grants import Subject
from shared.kernel.ids import new_id
from shared.messaging.copies import CopyKeeper
from shared.messaging.effects import Effects
from shared.messaging.messages import Record, read_record
from shared.messaging.reactions import Copies, Reactions
from shared.messaging.taking import Limits
from shared.web.browser.sessions import begin_session
from shared.web.idempotency import purge_answers
from tests.services.booking.registered import BUYER_NUMBER, Office, a_project_input, an_office
from tests.support.databases import ServiceDatabase
from tests.support.messaging import a_message, a_record, rows_of
from tests.support.web import ISSUER_ALIAS

HER_VALUES: Final = ("Quintilia", "Zebedeus", "quintilia", "46701740690", "199006022397")
DETAILS: Final = PersonDetails(
    "Quintilia", "Zebedeus", "quintilia@example.test", "+46701740690", number=identity_number("199006022397")
)
_LIMITS = Limits(pause_seconds=0)


@dataclass
class Services:
    """Booking's app, and the others' databases, to which what booking tells is carried by hand."""

    office: Office
    procurement: Database
    notification: Database

    @property
    def copiers(self) -> Sequence[tuple[Copies, Database]]:
        return ((PROCUREMENT_COPIES, self.procurement), (NOTIFICATION_COPIES, self.notification))

    async def carry(self) -> list[Record]:
        """Take what waits in booking's outbox to the others' copies, as relay and consumers do; return the records."""
        rows = await rows_of(self.office.database, "SELECT * FROM outbox ORDER BY id")
        records = [
            Record(
                row.topic,
                0,
                row.id,
                str(row.key).encode(),
                tuple(
                    Envelope(
                        row.event_id, row.type, "/booking", row.key, row.at, row.version, row.traceparent
                    ).headers()
                ),
                row.payload,
            )
            for row in rows
        ]
        await self.copy(*records)
        async with self.office.database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM outbox"))
        return records

    async def copy(self, *records: Record) -> None:
        """Deliver states to the copies of both."""
        for copies, database in self.copiers:
            topics = {topic.name: topic for topic in copies.topics}
            batch = [read_record(each, topics[each.topic]) for each in records if each.topic in topics]
            taken = await CopyKeeper(copies, database, self.office.clock, limits=_LIMITS).take(batch)
            assert taken.done == len(batch)

    async def hear(self, reactions: Reactions, database: Database, fact: Fact) -> None:
        """Deliver a fact; it must take effect now, and not wait."""
        effects = Effects(reactions, database, self.office.clock, limits=_LIMITS)
        assert (await effects.take([read_record(a_record(fact), fact.topic)])).error is None
        assert await rows_of(database, "SELECT key FROM parked_keys") == []

    async def places(self) -> set[str]:
        """Return where a value of hers can be read: service, table, column."""
        databases = {
            "booking": self.office.database,
            "procurement": self.procurement,
            "notification": self.notification,
        }
        return {f"{service}.{place}" for service, each in databases.items() for place in await _places(each)}


@pytest.fixture
async def services(service_database: ServiceDatabase) -> AsyncIterator[Services]:
    procurement = open_database(await service_database("procurement"), pool_size=3)
    notification = open_database(await service_database("notification"), pool_size=3)
    async with an_office(await service_database("booking")) as office:
        yield Services(office, procurement, notification)
    await procurement.close()
    await notification.close()


async def test_no_row_holds_the_erased_whatever_comes_late(services: Services) -> None:
    person_id, told, off_contract = await _known_everywhere(services)
    before = await services.places()
    said = {f"{name}.{place}" for name, places in _PERSONAL.items() for place in places}
    letters = {f"{name}.dead_letters.value" for name in ("procurement", "notification")}
    assert before - said == letters | {f"{name}.web_sessions.subject" for name in _PERSONAL}
    assert {place.partition(".")[0] for place in before} == set(_PERSONAL)

    await _erase(services, person_id)
    assert await services.places() == set()
    await services.copy(*told)
    await services.copy(replace(off_contract, offset=900), _renewed(off_contract))
    await _hear_of_her(services, person_id)
    assert await services.places() == set()
    assert await _letters(services) == [0, 0]
    held = "SELECT id FROM notifications WHERE recipient_id = :her AND (content IS NOT NULL OR state = 'pending')"
    assert await rows_of(services.notification, held, her=person_id) == []

    answers = "SELECT lookup FROM idempotency_keys"
    assert await rows_of(services.office.database, answers) != []
    await purge_answers(services.office.database, kept=timedelta(0))
    assert await rows_of(services.office.database, answers) == []


async def test_without_graves_a_late_duplicate_brings_her_back(services: Services) -> None:
    person_id, told, _ = await _known_everywhere(services)
    await _erase(services, person_id)
    for _, database in services.copiers:
        async with database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM copy_versions WHERE grave"))
    await services.copy(*told)
    assert {place.partition(".")[0] for place in await services.places()} == {"procurement", "notification"}


async def test_who_took_part_is_kept_where_personal_says_and_nowhere_else(services: Services) -> None:
    office = services.office
    async with office.transaction() as session:
        eligibility = {"kinds": ["municipality"], "persons_without_employer": True}
        await load_project(session, office.clock, a_project_input(code="centrum", eligibility=eligibility))
        leader = await office.person(session, PersonDetails("Per", "Ledare"), "leader")
        person, _ = await add_participant(
            session,
            office.clock,
            office.keys,
            project_id_of("centrum"),
            DETAILS,
            entry=Entry(),
            by=leader.id,
        )
        person_id = person.id
    await services.carry()
    assert "notification.recipients.email" in await services.places()
    await _erase(services, person_id)
    restricted = {f"booking.{place}" for place, what in IN_BOOKING.items() if what.startswith("emptied; restricted")}
    places = await services.places()
    assert places
    assert places <= restricted


_PERSONAL: Final = {"booking": IN_BOOKING, "procurement": IN_PROCUREMENT, "notification": IN_NOTIFICATION}


async def _known_everywhere(services: Services) -> tuple[UUID, list[Record], Record]:
    """Make her known, with roles, sessions, wishes, a suppressed address, something to be told, a state set aside."""
    office = services.office
    async with office.transaction() as session:
        person = await office.person(session, DETAILS, "quintilia")
        person_id, version = person.id, person.version
    async with services.procurement.sessions() as session, session.begin():
        given = BuyerInput(
            name="Köparen",
            organisation_number=BUYER_NUMBER,
            kind=BuyerKind.MUNICIPALITY_OR_REGION,
            series="DK",
            policy=Policy(),
        )
        await load_buyer(session, office.clock, given)
    headers = {"idempotency-key": "her-own-change"}
    change = {"version": version, "phone": "070-174 06 90", "language": "en"}
    answer = await office.ask("quintilia").patch(f"people/{person_id}", json=change, headers=headers)
    assert answer.status_code == 200, answer.text
    told = [record for record in await services.carry() if record.key == str(person_id).encode()]
    now = office.clock.now()
    async with services.notification.sessions() as session, session.begin():
        holder = (Holder.PERSON, person_id)
        kind = next(kind for kind in KINDS.values() if not kind.required)
        await set_wish(session, holder, kind.name, kind.channels[0], wanted=False, now=now)
        cause = SuppressionCause.OPERATOR
        await suppress(session, ChannelName.EMAIL, "quintilia@example.test", cause, now=now, note="Quintilia has left")
    await services.hear(NOTIFICATION_REACTIONS, services.notification, _booking_for(person_id))
    for database in (office.database, services.procurement, services.notification):
        await begin_session(database, Subject(ISSUER_ALIAS, "quintilia"), hint="quintilia", instead_of=None)
    content = json.dumps({"given_name": "Quintilia", "email": "quintilia@example.test"}).encode()
    off_contract = replace(told[-1], value=content, offset=800)
    await services.copy(off_contract)
    assert await _letters(services) == [1, 1]
    return person_id, told, off_contract


async def _erase(services: Services, person_id: UUID) -> None:
    headers = {"idempotency-key": f"erase {person_id}".replace(" ", "-")}
    path, body = f"people/{person_id}/erasure", {"reason": "asked for it"}
    answer = await services.office.ask("operator").post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await services.carry()


async def _hear_of_her(services: Services, person_id: UUID) -> None:
    """Deliver facts that name her: she is erased, and nobody to wait for."""
    office, her = services.office, Recipient(kind="person", id=person_id, part="contact")
    told = await rows_of(services.notification, "SELECT count(*) AS count FROM notifications")
    await services.hear(NOTIFICATION_REACTIONS, services.notification, _booking_for(person_id))
    assert await rows_of(services.notification, "SELECT count(*) AS count FROM notifications") == told
    request = a_message(TrainingRequestSubmitted, buyer_id=office.buyer_id, recipients=(her,))
    await services.hear(PROCUREMENT_REACTIONS, services.procurement, request)
    failed = a_message(NotificationFailed, recipient=her, project_id=office.project_id, employer_id=None)
    await services.hear(BOOKING_REACTIONS, office.database, failed)


def _booking_for(person_id: UUID) -> BookingConfirmed:
    return a_message(BookingConfirmed, recipients=(Recipient(kind="person", id=person_id, part="contact"),))


def _renewed(record: Record) -> Record:
    """Return the record as another message, which no inbox has seen."""
    envelope = replace(Envelope.read(record.headers), id=new_id())
    assert message_class(envelope.type) is PersonDescribed
    return replace(record, headers=tuple(envelope.headers()), offset=901)


async def _letters(services: Services) -> list[int]:
    query = "SELECT id FROM dead_letters WHERE settled_at IS NULL"
    return [len(await rows_of(database, query)) for _, database in services.copiers]


async def _places(database: Database) -> set[str]:
    found = set()
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^alembic'"
    for table in await rows_of(database, tables):
        rows = await rows_of(database, f'SELECT to_jsonb(t) AS columns FROM "{table.tablename}" AS t')  # noqa: S608 - words and ids of our own
        for row in rows:
            found |= {f"{table.tablename}.{column}" for column, value in row.columns.items() if _holds_her(value)}
    return found


def _holds_her(value: Any) -> bool:  # noqa: ANN401 - any column
    shown = json.dumps(value)
    return any(each in shown or each.encode().hex() in shown for each in HER_VALUES)
