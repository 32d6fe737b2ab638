"""How a project's settings are said to people."""

from collections.abc import Mapping
from typing import Final

from services.booking.projects.rules import AidBasis, BookingApproval, HourRounding, SigningWay, Track, Unanswered
from shared.kernel.texts import N_, Text

TRACKS: Final[Mapping[str, str]] = {
    Track.SHARED_COURSES: N_("Courses shared by several employers"),
    Track.TAILORED_TRAINING: N_("Training made for one employer's needs"),
    Track.NEED_MAPPING: N_("Mapping of needs"),
    Track.COACHING: N_("Coaching"),
    Track.DIGITAL_PLATFORM: N_("A digital platform to learn on"),
    Track.FORMAL_EDUCATION: N_("Formal education"),
    Track.INTRODUCTION: N_("Introduction to working life"),
    Track.OUTSIDE_COURSES: N_("Courses of others, counted in"),
}
AID_BASES: Final[Mapping[str, str]] = {
    AidBasis.NONE: N_("A seat is no state aid"),
    AidBasis.DE_MINIMIS: N_("De minimis aid"),
    AidBasis.TRAINING_AID: N_("Training aid under the block exemption"),
}
ROUNDINGS: Final[Mapping[str, str]] = {
    HourRounding.EXACT: N_("To the minute"),
    HourRounding.PER_MEETING: N_("Whole hours, rounded down for each meeting"),
    HourRounding.PER_ACTIVITY: N_("Whole hours, rounded down for each course"),
    HourRounding.PER_MONTH: N_("Whole hours, rounded down for each month"),
}
SIGNING_WAYS: Final[Mapping[str, str]] = {
    SigningWay.CODE: N_("By a code of four digits, sent by text message or e-mail"),
    SigningWay.LINK: N_("By a personal link, or signed in"),
    SigningWay.PAPER: N_("On paper, which is scanned"),
    SigningWay.EMAIL: N_("By e-mail"),
}
APPROVALS: Final[Mapping[str, str]] = {
    BookingApproval.NONE: N_("Nobody: a booking is confirmed at once"),
    BookingApproval.COACH: N_("A coach of the employer, or whoever leads the project"),
    BookingApproval.LEAD: N_("Whoever leads the project"),
}
UNANSWERED: Final[Mapping[str, str]] = {
    Unanswered.KEEP: N_("The seats are kept"),
    Unanswered.RELEASE: N_("The seats are given back, and offered to those who wait"),
}
CHANGES: Final[Mapping[str, str]] = {
    "loaded": N_("The project was set up from its file"),
    "changed": N_("The project was changed by its file"),
    "summary": N_("What the project is, in a few words, was written anew"),
    "free_cancellation_days": N_(
        "Days before a course until which cancelling is free of charge: {before} became {after}"
    ),
    "reminder_days": N_("Days from the reminder to the meeting: {before} became {after}"),
    "offer_hours": N_("Hours that an offered seat is held: {before} became {after}"),
    "signing_ways": N_("The ways in which participants may sign were changed"),
    "signing_days": N_("Days to sign in before a reminder: {before} became {after}"),
    "name_by_days": N_("Days before a course by which every seat has a name: {before} became {after}"),
    "substitution_lock_days": N_(
        "Days before a course from which participants are exchanged by coach or project: {before} became {after}"
    ),
    "booking_approval": N_("Who approves bookings was changed"),
    "confirmation_days": N_("Days in which to answer after a change of a course: {before} became {after}"),
    "unanswered": N_("The rule for seats of those who do not answer after a change was changed"),
    "queue_passes": N_("Times that a group in the queue is passed at most: {before} became {after}"),
}
_OTHERWISE: Final = N_("Something was changed")


def change_text(change: str, before: str | None, after: str | None) -> Text:
    """Return what a row of a project's history says."""
    message = CHANGES.get(change, _OTHERWISE)
    return Text(message, {"before": before or "–", "after": after or "–"} if "{before}" in message else {})
