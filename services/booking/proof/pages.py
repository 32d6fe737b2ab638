"""Certificates on pages: one's own, those of an employer, a run and a project, one with its history, and as PDF."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.composition import links_of
from services.booking.courses.queries import get_course, get_run
from services.booking.employers.standing import standing_of
from services.booking.projects.leading import led_project
from services.booking.projects.words import ROUNDINGS
from services.booking.proof import queries
from services.booking.proof.documents import given_for, month_name
from services.booking.proof.queries import CertificateRow, CertificateSearch
from services.booking.proof.rules import LINK_LIFE, hours_and_minutes, in_groups
from services.booking.proof.typesetter import typesetter_of
from services.booking.proof.words import KINDS, STATE_KINDS, STATES, told_history
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentActor, CurrentClock, CurrentLanguage, ReadSession
from shared.web.exchange import exchange_of, parts_of
from shared.web.languages import Language
from shared.web.pace import OFFICE_PACE, keep_pace
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
Search = Annotated[CertificateSearch, Query()]
InLanguage = Annotated[Language | None, Query(alias="in", description="In which language; else in the reader's")]
_LINK_OVER: Final = N_(
    "The link is not one of ours, or its time is over. Sign in, or ask the project for the document."
)
_COLUMNS: Final = (
    Column(N_("Participant"), lambda row: row.name or Text(N_("Participant"))),
    Column(N_("Kind"), lambda row: Text(KINDS[row.certificate.kind])),
    Column(N_("Course or project"), lambda row: row.attested.title),
    Column(N_("Number"), lambda row: row.attested.run_reference),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("First day"), lambda row: row.attested.first_on),
    Column(N_("Last day"), lambda row: row.attested.last_on),
    Column(N_("Minutes"), lambda row: row.certificate.minutes),
    Column(N_("Minutes that count by the project's rule"), lambda row: row.certificate.counted_minutes),
    Column(N_("Issued"), lambda row: row.certificate.issued_at),
    Column(N_("State"), lambda row: Text(STATES[row.certificate.state])),
    Column(N_("Code"), lambda row: None if row.is_protected else in_groups(row.certificate.code)),
)


async def _list(
    request: Request,
    query: CertificateSearch,
    read: Callable[[CertificateSearch], Awaitable[Rows[CertificateRow]]],
    template: str,
    **values: Any,  # noqa: ANN401 - whatever the template needs besides
) -> Response:
    async def show(rows: Listing[CertificateRow]) -> Response:
        return render(request, template, rows=rows, **_words(request), **values)

    return await show_or_export(request, query, name="certificates", columns=_COLUMNS, read=read, show=show)


def _words(request: Request) -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "states": STATES,
        "state_kinds": STATE_KINDS,
        "hours": hours_and_minutes,
        "month_name": lambda month: month_name(month, exchange_of(request).language),
    }


@router.get("/me/certificates")
async def show_my_certificates(request: Request, session: ReadSession, actor: CurrentActor, query: Search) -> Response:
    """List one's own certificates, the latest first."""
    read = partial(queries.certificates_of_person, session, actor.person_id)
    return await _list(request, query, read, "proof/mine.html")


@router.get("/projects/{project_id}/certificates")
async def show_project_certificates(
    request: Request, project_id: UUID, session: ReadSession, query: Search
) -> Response:
    """List all that the project has issued."""
    read = partial(queries.certificates_of_project, session, project_id)
    return await _list(
        request, query, read, "proof/project.html", project=await led_project(request, session, project_id)
    )


@router.get("/runs/{run_id}/certificates")
async def show_run_certificates(request: Request, run_id: UUID, session: ReadSession, query: Search) -> Response:
    """List the certificates of a run."""
    run = await get_run(session, run_id)
    return await _list(
        request,
        query,
        partial(queries.certificates_of_run, session, run_id),
        "proof/run.html",
        run=run,
        course=await get_course(session, run.course_id),
    )


@router.get("/projects/{project_id}/employers/{employer_id}/certificates")
async def show_employer_certificates(
    request: Request, project_id: UUID, employer_id: UUID, session: ReadSession, query: Search
) -> Response:
    """List the course certificates of those who took the employer's seats."""
    return await _list(
        request,
        query,
        partial(queries.certificates_of_employer, session, project_id, employer_id),
        "proof/employer.html",
        standing=await standing_of(request, session, employer_id, project_id),
    )


@router.get("/issued-certificates/{certificate_id}")
async def show_certificate(
    request: Request, certificate_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Show a certificate: what it attests, whether it is valid, what has happened, and where the document is had."""
    row = await queries.get_row(session, certificate_id)
    return render(
        request,
        "proof/certificate.html",
        row=row,
        history=told_history(await queries.certificate_history(session, certificate_id)),
        is_own=row.certificate.participant_id == actor.person_id,
        code=None if row.is_protected else in_groups(row.certificate.code),
        roundings=ROUNDINGS,
        **_words(request),
    )


@router.get("/issued-certificates/{certificate_id}/document")
async def get_certificate_document(
    request: Request,
    certificate_id: UUID,
    session: ReadSession,
    actor: CurrentActor,
    language: CurrentLanguage,
    chosen: InLanguage = None,
) -> Response:
    """Answer with the certificate as a PDF. Of a protected identity the name stands on it for herself alone."""
    row = await queries.get_row(session, certificate_id)
    name = row.name
    if name is None and row.certificate.participant_id == actor.person_id:
        name = await queries.own_name_of(session, actor.person_id)
    return await _document(request, row, chosen or language, name)


@router.get("/mine/certificates/{token}")
async def show_certificate_by_link(request: Request, token: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Show whoever has the link of a message the certificate that it is for."""
    row = await _row_of_link(request, session, clock, token)
    return render(
        request,
        "proof/by_link.html",
        row=row,
        token=token,
        code=None if row.is_protected else in_groups(row.certificate.code),
        **_words(request),
    )


@router.get("/mine/certificates/{token}/document")
async def get_document_by_link(
    request: Request,
    token: str,
    session: ReadSession,
    clock: CurrentClock,
    language: CurrentLanguage,
    chosen: InLanguage = None,
) -> Response:
    """Answer with it as a PDF."""
    row = await _row_of_link(request, session, clock, token)
    return await _document(request, row, chosen or language, row.name)


async def _row_of_link(request: Request, session: ReadSession, clock: Clock, token: str) -> CertificateRow:
    own = links_of(request).read(token)
    if own is not None:
        row = await queries.get_row(session, own[0])
        if row.certificate.participant_id == own[1] and clock.now() < row.certificate.issued_at + LINK_LIFE:
            return row
    raise NotFound(_LINK_OVER, code="link_unknown")


async def _document(request: Request, row: CertificateRow, language: Language, name: str | None) -> Response:
    if not row.is_valid:
        raise Refused(
            N_("The certificate is not valid any more, so there is no document of it."), code="certificate_not_valid"
        )
    keep_pace(request, "document", of_address=OFFICE_PACE, of_one=OFFICE_PACE, one=str(row.certificate.id))
    parts = parts_of(request)
    given = given_for(row, parts.catalogues, language, origin=parts.origin, name=name)
    document = await typesetter_of(request).typeset(given)
    kind = {"sv": "intyg", "en": "certificate"}[language]
    of = row.attested.run_reference or f"{row.certificate.month:%Y-%m}"
    headers = {
        "content-disposition": f'attachment; filename="{kind}-{of}.pdf"',
        "cache-control": "no-store",
        "content-language": language,
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
    }
    return Response(document, media_type="application/pdf", headers=headers)
