"""Certificates over HTTP: lists of them, one with its history, and what anyone who has a code may know."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.booking.proof import queries
from services.booking.proof.checking import row_of_code
from services.booking.proof.queries import CertificateFilter, CertificateRow
from services.booking.proof.views import (
    CertificateView,
    CheckedCertificate,
    WholeCertificate,
    certificate_view,
    checked_view,
    whole_view,
)
from shared.web.edge import ReadSession
from shared.web.exchange import exchange_of
from shared.web.pace import PACED
from shared.web.paging import Page, Rows

router = APIRouter(tags=["certificates"])
Filter = Annotated[CertificateFilter, Query()]
Code = Annotated[str, Path(max_length=40, description="The code on the certificate, in groups or not")]


@router.get("/own-certificates")
async def list_own_certificates(request: Request, session: ReadSession, query: Filter) -> Page[CertificateView]:
    """One's own certificates, the latest first; none where nobody here knows one."""
    actor = exchange_of(request).actor
    if actor is None:
        return Page(items=[])
    return _page(await queries.certificates_of_person(session, actor.person_id, query.search()))


@router.get("/projects/{project_id}/certificates")
async def list_project_certificates(project_id: UUID, session: ReadSession, query: Filter) -> Page[CertificateView]:
    """The project's certificates, the latest first."""
    return _page(await queries.certificates_of_project(session, project_id, query.search()))


@router.get("/runs/{run_id}/certificates")
async def list_run_certificates(run_id: UUID, session: ReadSession, query: Filter) -> Page[CertificateView]:
    """The certificates of a run, the latest first."""
    return _page(await queries.certificates_of_run(session, run_id, query.search()))


@router.get("/certificates/{certificate_id}")
async def get_certificate(certificate_id: UUID, session: ReadSession) -> WholeCertificate:
    """One certificate with its history."""
    row = await queries.get_row(session, certificate_id)
    return whole_view(row, await queries.certificate_history(session, certificate_id))


@router.get("/certificate-codes/{code}", responses=PACED)
async def check_certificate(request: Request, code: Code, session: ReadSession) -> CheckedCertificate:
    """What the certificate with this code attests, and whether it is valid; it names nobody."""
    return checked_view(await row_of_code(request, session, code))


def _page(found: Rows[CertificateRow]) -> Page[CertificateView]:
    return Page(items=[certificate_view(row) for row in found.rows], next=found.next)
