"""`python -m tests.bench.plain --port N`: booking as one would first write it with FastAPI and SQLModel.

One session for each request, rows read as objects, the run and its pool locked with SELECT FOR UPDATE, everything added
to the unit of work. It checks and writes the same as the product, the answer under its key and the event included.
"""

import argparse
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from sqlalchemy import insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.tables import Booking, BookingHistory, Seat
from services.booking.bookings.views import BookingView, BookSeats, booking_view
from services.booking.courses.queries import summary_of
from services.booking.courses.tables import Run
from services.booking.employers.tables import Employer, EmployerProject
from services.booking.people.recipients import recipients
from services.booking.people.tables import Account, Person, RoleGrant
from services.booking.projects.tables import Project
from services.booking.seats.tables import SeatPool
from services.booking.settings import BookingSettings
from shared.contracts.booking import BookingConfirmed
from shared.db import open_database
from shared.kernel.clock import machine_now
from shared.kernel.ids import reference
from shared.messaging.outbox import record
from shared.web.idempotency import AnswerKeys, StoredAnswer
from shared.web.sign_in import IssuerKeys, TokenVerifier
from shared.web.tables import idempotency_keys

_CONTACT = "contact"
_KEPT = text("SELECT answer FROM idempotency_keys WHERE lookup = :lookup")


def create_app(settings: BookingSettings) -> FastAPI:
    """Return the app."""
    database = open_database(settings.database_url.get_secret_value(), name="plain")
    keys = AnswerKeys(settings.secret_key)
    verifier = TokenVerifier(
        IssuerKeys(settings.oidc_issuer),
        issuer=settings.oidc_issuer,
        issuer_alias=settings.oidc_issuer_alias,
        audience="kurslots-booking",
    )
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with database.sessions() as opened:
            yield opened

    async def person(
        session: Annotated[AsyncSession, Depends(session)], authorization: Annotated[str, Header()], employer_id: UUID
    ) -> UUID:
        subject = await verifier.subject([authorization])
        found = select(Account).where(col(Account.issuer) == subject.issuer, col(Account.subject) == subject.sub)
        account = (await session.exec(found)).one()
        grants = select(RoleGrant).where(
            col(RoleGrant.person_id) == account.person_id, col(RoleGrant.withdrawn_at).is_(None)
        )
        if not any(grant.employer_id == employer_id for grant in await session.exec(grants)):
            raise HTTPException(404)
        return account.person_id

    @app.get("/booking/health")
    async def health() -> None:
        return None

    @app.post("/booking/api/v1/projects/{project_id}/employers/{employer_id}/bookings", status_code=201)
    async def book(
        request: Request,
        project_id: UUID,
        employer_id: UUID,
        body: BookSeats,
        session: Annotated[AsyncSession, Depends(session)],
        person_id: Annotated[UUID, Depends(person)],
        idempotency_key: Annotated[str, Header()],
    ) -> Response:
        lookup = hashlib.sha256(f"{person_id} {idempotency_key}".encode()).digest()
        fingerprint = hashlib.sha256(request.url.path.encode() + await request.body()).digest()
        wanted = Wanted(project_id, employer_id, body, person_id, lookup, fingerprint)
        answer = await book_once(session, keys, wanted)
        return Response(answer.content, answer.status, media_type="application/json")

    return app


@dataclass(frozen=True, slots=True)
class Wanted:
    """A booking to make, by whom, and under which key."""

    project_id: UUID
    employer_id: UUID
    body: BookSeats
    person_id: UUID
    lookup: bytes
    fingerprint: bytes


async def book_once(session: AsyncSession, keys: AnswerKeys, wanted: Wanted) -> StoredAnswer:
    """Book, keep the answer and commit; return the answer that was kept where it was done before."""
    connection = await session.connection()
    kept = (await connection.execute(_KEPT, {"lookup": wanted.lookup})).one_or_none()
    answer = None if kept is None else keys.unseal(wanted.lookup, kept.answer)
    if answer is None:
        booking = await _book(session, wanted.project_id, wanted.employer_id, wanted.body, wanted.person_id)
        view: BookingView = await booking_view(session, booking)
        answer = StoredAnswer(201, view.model_dump_json().encode())
        row = {
            "lookup": wanted.lookup,
            "fingerprint": wanted.fingerprint,
            "answer": keys.seal(wanted.lookup, answer),
            "created_at": machine_now(),
        }
        await connection.execute(insert(idempotency_keys).values(row))
        await session.commit()
    return answer


async def _book(session: AsyncSession, project_id: UUID, employer_id: UUID, body: BookSeats, by: UUID) -> Booking:
    project = await session.get(Project, project_id)
    employer = await session.get(Employer, employer_id)
    part = await session.get(EmployerProject, (employer_id, project_id))
    run = (await session.exec(select(Run).where(col(Run.id) == body.run_id).with_for_update())).one_or_none()
    if project is None or employer is None or part is None or run is None or run.project_id != project_id:
        raise HTTPException(404)
    pools = select(SeatPool).where(col(SeatPool.run_id) == run.id, col(SeatPool.holder_id).is_(None))
    pool = (await session.exec(pools.with_for_update())).one()
    now = machine_now()
    if run.state != "scheduled" or run.starts_at <= now or pool.taken + body.seats > pool.capacity:
        raise HTTPException(409)
    pool.taken += body.seats
    booking = Booking(
        reference=reference("B"),
        project_id=project_id,
        employer_id=employer_id,
        run_id=run.id,
        state="confirmed",
        seats=body.seats,
        created_at=now,
    )
    session.add(booking)
    await session.flush()
    for number in range(1, body.seats + 1):
        session.add(Seat(booking_id=booking.id, run_id=run.id, pool_id=pool.id, number=number, kept=False))
    session.add(
        BookingHistory(
            booking_id=booking.id,
            at=now,
            actor_id=by,
            change="confirmed",
            after="confirmed",
            seats_before=0,
            seats_after=body.seats,
            joined=[],
            left_out=[],
        )
    )
    contacts = (
        select(Person)
        .join(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
        .where(col(RoleGrant.employer_id) == employer_id, col(RoleGrant.role) == _CONTACT)
    )
    fact = BookingConfirmed(
        booking_id=booking.id,
        reference=booking.reference,
        project_id=project_id,
        employer_id=employer_id,
        run=await summary_of(session, run),
        run_sequence=run.sequence,
        seats=body.seats,
        named=0,
        recipients=recipients("contact", [contact.id for contact in await session.exec(contacts)]),
    )
    await record(session, fact, version=1, at=now)
    return booking


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(create_app(BookingSettings()), port=parser.parse_args().port, access_log=False, log_level="warning")
