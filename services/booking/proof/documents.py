"""What stands on a certificate as a document, in one language: from what it attests, and nothing that may change."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from babel.dates import format_date

from services.booking.projects.words import ROUNDINGS
from services.booking.proof.queries import CertificateRow
from services.booking.proof.rules import AttestedMeeting, CertificateKind, hours_and_minutes, in_groups
from services.booking.proof.words import KINDS
from shared.kernel.calendar import legal_day
from shared.kernel.texts import N_, Text
from shared.web.languages import Catalogues, Language
from shared.web.pages.written import written_clock, written_day

_CLOCK: Final = "kl.\N{NO-BREAK SPACE}"
_LOCALES: Final = {"sv": "sv_SE", "en": "en_GB"}
_HAS_TAKEN_PART: Final = {
    CertificateKind.COURSE: N_("has taken part in the course and signed for the time below."),
    CertificateKind.MONTH: N_("has taken part in the project's courses in {month} and signed for the time below."),
}
_CHECK: Final = N_("Anyone who has the code can check at this address whether the certificate is valid:")


def month_name(month: date, language: Language) -> str:
    """Return a month in words, `november 2026`."""
    return str(format_date(month, "MMMM y", locale=_LOCALES[language]))


def given_for(
    row: CertificateRow, catalogues: Catalogues, language: Language, *, origin: str, name: str | None
) -> dict[str, Any]:
    """Return what the document is made of. Without a name there is a line to write it on by hand, and no code."""

    def _(message: str, **fields: object) -> str:
        return catalogues.translate(Text(message, fields), language)

    certificate, attested = row.certificate, row.attested
    kind = CertificateKind(certificate.kind)
    month = "" if certificate.month is None else month_name(certificate.month, language)
    shows_code = not row.is_protected and name is not None
    heading = _(KINDS[kind])
    issued = legal_day(certificate.issued_at)
    return {
        "language": language,
        "title": f"{heading}: {attested.title}" + (f", {month}" if month else ""),
        "heading": heading,
        "issuer": attested.owner_name,
        "issued": [issued.year, issued.month, issued.day],
        "project": attested.project_name,
        "page": _(N_("Page")),
        "name": name,
        "name_line": _(N_("Name")),
        "attests": _(_HAS_TAKEN_PART[kind], month=month),
        "facts": _facts(row, _, language),
        "meetings_heading": _(N_("Meetings attended")),
        "columns": [_(N_("When")), *([_(N_("Course"))] if month else []), _(N_("Minutes"))],
        "meetings": [
            [_span(each, language), *([each.course_title] if month else []), str(each.minutes)]
            for each in attested.meetings
        ],
        "notes": _notes(row, _),
        "check_heading": _(N_("Check the certificate")),
        "check": _(_CHECK),
        "code": in_groups(certificate.code) if shows_code else None,
        "address": f"{origin}/booking/certificates/{in_groups(certificate.code)}" if shows_code else None,
    }


def _span(meeting: AttestedMeeting, language: Language) -> str:
    day = written_day(legal_day(meeting.starts_at), language)
    starts, ends = (written_clock(at, language) for at in (meeting.starts_at, meeting.ends_at))
    return f"{day} {starts}–{ends.removeprefix(_CLOCK)}"


def _facts(row: CertificateRow, _: Callable[..., str], language: Language) -> list[tuple[str, str]]:
    certificate, attested = row.certificate, row.attested
    first, last = (written_day(day, language) for day in (attested.first_on, attested.last_on))
    facts = [(_(N_("Course")), attested.title)] if certificate.kind == CertificateKind.COURSE else []
    if attested.run_reference is not None:
        facts.append((_(N_("Number")), attested.run_reference))
    return [
        *facts,
        (_(N_("Project")), attested.project_name),
        (_(N_("Days")), first if first == last else f"{first} – {last}"),
        (_(N_("Attended, hours and minutes")), hours_and_minutes(attested.minutes)),
        (_(N_("Counted by the project's rule")), hours_and_minutes(attested.counted_minutes)),
        (_(N_("Issued")), written_day(legal_day(certificate.issued_at), language)),
        (_(N_("Issued by")), attested.owner_name),
    ]


def _notes(row: CertificateRow, _: Callable[..., str]) -> list[str]:
    attested = row.attested
    notes = [_(N_("The project's rule: {rule}."), rule=_(ROUNDINGS[attested.rounding]))]
    if attested.funders:
        notes.append(_(N_("The project is financed by {funders}."), funders=", ".join(attested.funders)))
    if attested.programme_name is not None:
        notes.append(_(N_("Fund programme: {programme}."), programme=attested.programme_name))
    return notes
