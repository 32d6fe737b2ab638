"""What modes, kinds, payers and languages of courses are called on pages."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.booking.courses.rules import CourseKind, FeePayer, Mode
from services.booking.courses.tables import RunHistory
from shared.kernel.texts import N_, Text

MODE_NAMES: Final[Mapping[Mode, str]] = {
    Mode.PHYSICAL: N_("on site"),
    Mode.DIGITAL: N_("online"),
    Mode.BOTH: N_("on site and online"),
}
KIND_NAMES: Final[Mapping[CourseKind, str]] = {
    CourseKind.OPEN: N_("open course"),
    CourseKind.TAILORED: N_("ordered for employers that asked for it"),
    CourseKind.OUTSIDE: N_("course of another organiser"),
}
PAYER_NAMES: Final[Mapping[FeePayer, str]] = {
    FeePayer.EMPLOYER: N_("paid by the employer"),
    FeePayer.PROJECT: N_("paid by the project"),
    FeePayer.PROVIDER: N_("paid by the organiser"),
}
LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "sv": N_("Swedish"),
    "en": N_("English"),
    "fi": N_("Finnish"),
    "ar": N_("Arabic"),
    "fa": N_("Persian"),
    "pl": N_("Polish"),
    "so": N_("Somali"),
    "ti": N_("Tigrinya"),
    "uk": N_("Ukrainian"),
}


def language_name(code: str) -> Text:
    """Return what a language (ISO 639-1) is called; one that has no name here is told by its code."""
    return Text(LANGUAGE_NAMES[code]) if code in LANGUAGE_NAMES else Text(N_("language {code}"), {"code": code})


_TERMS: Final[Mapping[str, str]] = {
    "minimum": N_("Seats that must be booked: {after}, before that {before}"),
    "decide_on": N_("Day on which it is decided whether it is held: {after}, before that {before}"),
    "registration_opens": N_("Registration opens: {after}, before that {before}"),
    "registration_closes": N_("Registration closes: {after}, before that {before}"),
    "upheld": N_("Decided to be held though {after} of {before} needed seats are booked"),
}


def terms_change(change: str, before: str | None, after: str | None) -> Text | None:
    """Return what a row of a run's history says of its terms; None where it is about something else."""
    if change not in _TERMS:
        return None
    return Text(_TERMS[change], {"before": _shown(change, before), "after": _shown(change, after)})


def _shown(change: str, kept: str | None) -> object:
    if kept is None:
        return "–"
    if change == "decide_on":
        return date.fromisoformat(kept)
    return datetime.fromisoformat(kept) if change.startswith("registration") else kept


_COURSE: Final[Mapping[str, str]] = {
    "added": N_("The course was added"),
    "title": N_("Title: {after}, before that {before}"),
    "description": N_("What is taught was written anew"),
    "area": N_("Area: {after}, before that {before}"),
    "language": N_("Language: {after}, before that {before}"),
}


def course_change(change: str, before: str | None, after: str | None) -> Text:
    """Return what a row of a course's history says."""
    message = _COURSE[change]
    if "{before}" not in message:
        return Text(message)
    shown = [language_name(kept) if change == "language" and kept else kept or "–" for kept in (before, after)]
    return Text(message, {"before": shown[0], "after": shown[1]})


_HOLDING: Final[Mapping[str, str]] = {
    "trainer_named": N_("{name} was named to hold it"),
    "trainer_released": N_("{name} is no longer named to hold it"),
    "materials": N_("Links to course material: {after}, before that {before}"),
}
_SOMEBODY: Final = N_("Somebody")


def people_in_changes(history: Sequence[RunHistory]) -> set[UUID]:
    """Return whom the rows of a run's history are about."""
    return {UUID(row.after) for row in history if row.change.startswith("trainer_") and row.after is not None}


def holding_change(change: str, before: str | None, after: str | None, names: Mapping[UUID, str]) -> Text | None:
    """Return what a row of a run's history says of who holds it and what is read; None where it is about other."""
    if change not in _HOLDING:
        return None
    if change == "materials":
        return Text(_HOLDING[change], {"before": before or "0", "after": after or "0"})
    return Text(_HOLDING[change], {"name": names.get(UUID(after or "")) or Text(_SOMEBODY)})
