"""Plain factories for who takes part: a project with conditions, registrations, people, and the web app around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.app import create_app
from services.booking.keys import Keys
from services.booking.people.accounts import bind_account
from services.booking.people.commands import add_person
from services.booking.people.grants import give_role
from services.booking.people.rules import BoundBy, PersonDetails
from services.booking.people.tables import Person
from services.booking.projects.commands import load_project, project_id_of
from services.booking.projects.loading import ProjectInput
from services.booking.settings import BookingSettings
from shared.db import Database, open_database
from shared.kernel.clock import FixedClock
from shared.kernel.grants import Grant, Subject
from shared.kernel.ids import stable_id
from shared.kernel.roles import Role
from tests.support.web import ISSUER_ALIAS, LocalIssuer, running, settings_for, signed_client

A_MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
API = "/booking/api/v1"
BUYER_NUMBER = "212000-9903"
_serials = count(1)


def a_project_input(**changes: Any) -> ProjectInput:  # noqa: ANN401 - any field of the file
    """Return a project for private companies with a workplace in Dalarna; every field can be made another."""
    given: dict[str, Any] = {
        "code": "lyft",
        "name": "Lyftet",
        "summary": "Kurser för företag i Dalarna",
        "programme": {
            "code": "esf-plus",
            "name": "ESF+ 2021-2027",
            "starts_on": date(2021, 1, 1),
            "ends_on": date(2027, 12, 31),
            "terms": [{"kind": "staff_hours_year", "valid_from": date(2021, 1, 1), "value": "1720", "source": "ESF"}],
        },
        "owner_name": "Dalabygdens kompetensregion",
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2027, 12, 31),
        "targets": {"persons": 500, "hours": 4500, "employers": 40},
        "funding": [
            {"name": "ESF", "kind": "fund", "amount": "3706566", "share": "0.75"},
            {"name": "Regionen", "kind": "region", "amount": "1235522", "share": "0.25"},
        ],
        "eligibility": {"counties": ["20"], "kinds": ["company", "sole_trader"]},
        "who_may_join": "Privata företag med arbetsställe i Dalarna",
        "tracks": ["shared_courses", "tailored_training"],
        "buyers": [
            {
                "name": "Dalabygdens kompetensregion",
                "organisation_number": BUYER_NUMBER,
                "kind": "municipality_or_region",
            }
        ],
    }
    return ProjectInput.model_validate(given | changes)


def an_organisation_number() -> str:
    """Return a valid number that no other test has."""
    digits = f"5569{next(_serials):05d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(digits)]
    check = -sum(value // 10 + value % 10 for value in doubled) % 10
    return f"{digits[:6]}-{digits[6:]}{check}"


def a_workplace(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    return {"name": "Falun", "municipality": "2080"} | changes


def a_registration(project_id: UUID, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
    """Return the body that registers a small company with a workplace in Falun."""
    return {
        "project_id": str(project_id),
        "employer": {
            "name": "Falu Mekaniska AB",
            "organisation_number": an_organisation_number(),
            "kind": "company",
            "undertaking": {"employees": 20, "turnover": "small", "balance": "small"},
        },
        "workplaces": [a_workplace()],
        "contact": {"given_name": "Eva", "family_name": "Sandström", "email": "eva@example.test"},
    } | changes


@dataclass
class Office:
    """Booking's web app with a project, its lead, and whoever the test adds."""

    app: FastAPI
    settings: BookingSettings
    issuer: LocalIssuer
    database: Database
    clock: FixedClock
    keys: Keys
    project_id: UUID
    other_project_id: UUID
    buyer_id: UUID
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session that is committed at the end."""
        async with self.database.sessions() as session:
            yield session
            await session.commit()

    async def person(self, session: AsyncSession, details: PersonDetails, sub: str) -> Person:
        """Add a person who can sign in as `sub`."""
        person = await add_person(session, self.clock, self.keys, details, by=None)
        await bind_account(session, self.clock, person, Subject(ISSUER_ALIAS, sub), bound_by=BoundBy.LOADING, by=None)
        return person

    async def holder(self, sub: str, *grants: Grant) -> UUID:
        """Add a person who can sign in as `sub` and holds these roles, and return her id."""
        async with self.transaction() as session:
            person = await self.person(session, PersonDetails("Per", sub), sub)
            for grant in grants:
                await give_role(session, self.clock, person, grant, by=None)
            return person.id

    def ask(self, sub: str, *, language: str = "en") -> httpx.AsyncClient:
        """Return a client that asks as `sub`, closed with the office."""
        client = signed_client(self.app, self.issuer, sub, language=language)
        client.base_url = httpx.URL(f"http://127.0.0.1{API}/")
        self.clients.append(client)
        return client

    async def registered(self, sub: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
        """Register an employer as `sub` through the API, and return the answer."""
        body = a_registration(changes.pop("project_id", self.project_id), **changes)
        response = await self.ask(sub).post("registrations", json=body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


@asynccontextmanager
async def an_office(url: str) -> AsyncIterator[Office]:
    """Run booking's app on a fresh database with two projects, of which `lead` leads the first."""
    issuer, clock = LocalIssuer(), FixedClock(A_MONDAY)
    settings = settings_for(BookingSettings, url, issuer)
    database = open_database(url)
    app = create_app(settings, issuer_transport=issuer.transport, clock=clock, database=database)
    office = Office(
        app,
        settings,
        issuer,
        database,
        clock,
        Keys.derive(settings.secret_key),
        project_id_of("lyft"),
        project_id_of("steget"),
        stable_id("buyer", BUYER_NUMBER),
    )
    async with office.transaction() as session:
        await load_project(session, clock, a_project_input())
        await load_project(session, clock, a_project_input(code="steget", name="Steget"))
    await office.holder("lead", Grant(Role.PROJECT_LEAD, project_id=office.project_id))
    await office.holder("other-lead", Grant(Role.PROJECT_LEAD, project_id=office.other_project_id))
    await office.holder("operator", Grant(Role.OPERATOR))
    async with running(app):
        yield office
    for client in office.clients:
        await client.aclose()
    await database.close()
