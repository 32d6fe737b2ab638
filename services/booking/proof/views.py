"""What the API shows of certificates."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime

from services.booking.proof.queries import CertificateRow
from services.booking.proof.rules import CertificateKind, CertificateState, in_groups
from services.booking.proof.tables import CertificateHistory
from shared.web.bodies import View


class CheckedCertificate(View):
    """What a certificate attests, for whoever has its code: nobody's name, employer or number."""

    state: CertificateState
    kind: CertificateKind
    title: str
    project_name: str
    month: date | None
    first_on: date
    last_on: date
    minutes: int
    counted_minutes: int
    issued_at: AwareDatetime


class CertificateView(CheckedCertificate):
    """A certificate, for those who may see whose it is; without a code where her identity is protected."""

    certificate_id: UUID
    person_id: UUID
    name: str | None
    employer_id: UUID | None
    employer_name: str | None
    project_id: UUID
    run_id: UUID | None
    code: str | None
    replaced_by_id: UUID | None


class CertificateEvent(View):
    """What happened to a certificate."""

    at: AwareDatetime
    change: str
    after: str | None


class WholeCertificate(CertificateView):
    """A certificate with its history."""

    history: list[CertificateEvent]


def checked_fields(row: CertificateRow) -> dict[str, object]:
    """Return the fields that anyone with the code sees."""
    it, attested = row.certificate, row.attested
    return {
        "state": it.state,
        "kind": it.kind,
        "title": attested.title,
        "project_name": attested.project_name,
        "month": it.month,
        "first_on": attested.first_on,
        "last_on": attested.last_on,
        "minutes": it.minutes,
        "counted_minutes": it.counted_minutes,
        "issued_at": it.issued_at,
    }


def checked_view(row: CertificateRow) -> CheckedCertificate:
    """Return what anyone with the code sees."""
    return CheckedCertificate.model_validate(checked_fields(row))


def certificate_fields(row: CertificateRow) -> dict[str, object]:
    """Return the fields of a `CertificateView`."""
    it = row.certificate
    return {
        **checked_fields(row),
        "certificate_id": it.id,
        "person_id": it.participant_id,
        "name": row.name,
        "employer_id": it.employer_id,
        "employer_name": row.employer_name,
        "project_id": it.project_id,
        "run_id": it.run_id,
        "code": None if row.is_protected else in_groups(it.code),
        "replaced_by_id": it.replaced_by_id,
    }


def certificate_view(row: CertificateRow) -> CertificateView:
    """Return the view of a certificate."""
    return CertificateView.model_validate(certificate_fields(row))


def whole_view(row: CertificateRow, history: Sequence[CertificateHistory]) -> WholeCertificate:
    """Return the view of a certificate with its history."""
    events = [CertificateEvent.model_validate(each) for each in history]
    return WholeCertificate.model_validate({**certificate_fields(row), "history": events})
