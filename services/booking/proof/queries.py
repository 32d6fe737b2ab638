"""Reads of certificates: of a project, a run, an employer or a person, one with its history, and one by its code.

Of a participant with protected identity or who was erased no name is read out, and no code finds her certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as select_many
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.tables import Employer
from services.booking.people.tables import Person
from services.booking.proof.rules import Attested, CertificateKind, CertificateState
from services.booking.proof.tables import Certificate, CertificateHistory
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

_ANY_CASE = "und-x-icu"


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate and what it says; `name` is none of whoever must not be named."""

    certificate: Certificate
    attested: Attested
    name: str | None
    family_name: str
    is_protected: bool
    employer_name: str | None

    @property
    def is_valid(self) -> bool:
        """Whether it still says what is so."""
        return self.certificate.state == CertificateState.VALID


class CertificateSearch(ListFilter):
    """What is asked of a list of certificates."""

    kind: CertificateKind | None = Field(default=None, description="Of a course, or of a month")
    state: CertificateState | None = Field(default=None, description="Valid, revoked or replaced")


class CertificateFilter(PageFilter):
    """What a program asks of a list of certificates."""

    kind: CertificateKind | None = Field(default=None, description="Of a course, or of a month")
    state: CertificateState | None = Field(default=None, description="Valid, revoked or replaced")

    def search(self) -> CertificateSearch:
        """Return it as the lists take it."""
        return CertificateSearch(after=self.after, limit=self.limit, kind=self.kind, state=self.state)


async def certificates_of_project(
    session: AsyncSession, project_id: UUID, query: CertificateSearch
) -> Rows[CertificateRow]:
    """Return the project's certificates, the latest first."""
    return await _page(session, [col(Certificate.project_id) == project_id], query)


async def certificates_of_run(session: AsyncSession, run_id: UUID, query: CertificateSearch) -> Rows[CertificateRow]:
    """Return the certificates of a run."""
    return await _page(session, [col(Certificate.run_id) == run_id], query)


async def certificates_of_employer(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: CertificateSearch
) -> Rows[CertificateRow]:
    """Return the course certificates of those who took an employer's seats in a project."""
    own = [col(Certificate.project_id) == project_id, col(Certificate.employer_id) == employer_id]
    return await _page(session, own, query)


async def certificates_of_person(
    session: AsyncSession, person_id: UUID, query: CertificateSearch
) -> Rows[CertificateRow]:
    """Return the person's own certificates."""
    return await _page(session, [col(Certificate.participant_id) == person_id], query)


def _rows() -> Any:  # noqa: ANN401 - a statement of three tables has no short name
    return (
        select_many(Certificate, Person, col(Employer.name))
        .join(Person, col(Person.id) == col(Certificate.participant_id))
        .outerjoin(Employer, col(Employer.id) == col(Certificate.employer_id))
    )


async def _page(
    session: AsyncSession, own: Sequence[ColumnElement[bool]], query: CertificateSearch
) -> Rows[CertificateRow]:
    page: Rows[Any] = await page_of(
        session,
        _rows().where(*own, *_asked(query)),
        [col(Certificate.id)],
        query,
        keys=lambda row: (row[0].id,),
        descending=True,
    )
    return Rows([_row(*row) for row in page.rows], page.next)


def _asked(query: CertificateSearch) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if query.kind is not None:
        asked.append(col(Certificate.kind) == query.kind.value)
    if query.state is not None:
        asked.append(col(Certificate.state) == query.state.value)
    for word in (query.q or "").split()[:8]:
        name = col(Person.given_name).collate(_ANY_CASE) + " " + col(Person.family_name)
        named = and_(
            name.icontains(word, autoescape=True),
            col(Person.protected).is_(False),
            col(Person.erased_at).is_(None),
        )
        title = col(Certificate.attested)["title"].astext.collate(_ANY_CASE)
        asked.append(or_(named, title.icontains(word, autoescape=True)))
    return asked


def _row(certificate: Certificate, person: Person, employer_name: str | None) -> CertificateRow:
    hidden = person.protected or person.erased_at is not None
    return CertificateRow(
        certificate,
        Attested.model_validate(certificate.attested),
        None if hidden else f"{person.given_name} {person.family_name}",
        person.family_name,
        person.protected,
        employer_name,
    )


async def get_row(session: AsyncSession, certificate_id: UUID) -> CertificateRow:
    """Return a certificate; raises NotFound, also where its participant was erased."""
    return await _one(session, col(Certificate.id) == certificate_id)


async def get_by_code(session: AsyncSession, code: str) -> CertificateRow:
    """Return the certificate that a code is of; raises NotFound, also where the participant's identity is protected."""
    return await _one(session, and_(col(Certificate.code) == code, col(Person.protected).is_(False)))


async def _one(session: AsyncSession, which: ColumnElement[bool]) -> CertificateRow:
    found = (await session.exec(_rows().where(which, col(Person.erased_at).is_(None)))).one_or_none()
    if found is None:
        raise no_certificate()
    return _row(*found)


def no_certificate() -> NotFound:
    """Return what is told of a certificate that is not there, whatever the reason."""
    return NotFound(
        N_("There is no such certificate here. Compare the code with the one on the paper."),
        code="certificate_not_found",
    )


async def own_name_of(session: AsyncSession, person_id: UUID) -> str:
    """Return somebody's name, for herself alone."""
    person = await session.get_one(Person, person_id)
    return f"{person.given_name} {person.family_name}"


async def certificate_history(session: AsyncSession, certificate_id: UUID) -> Sequence[CertificateHistory]:
    """Return what has happened to a certificate, the first first."""
    statement = select(CertificateHistory).where(col(CertificateHistory.certificate_id) == certificate_id)
    return (await session.exec(statement.order_by(col(CertificateHistory.id)))).all()


async def find_certificate_scope(session: AsyncSession, certificate_id: UUID) -> Scope | None:
    """Return whose a certificate is."""
    row = await session.get(Certificate, certificate_id)
    if row is None:
        return None
    employers = frozenset[UUID]() if row.employer_id is None else frozenset({row.employer_id})
    return Scope(projects=frozenset({row.project_id}), employers=employers, persons=frozenset({row.participant_id}))
