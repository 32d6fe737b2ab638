"""How results are named: measures, divisions and their groups."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from babel.dates import format_date

from services.booking.people.rules import Gender
from services.booking.reports.facts import UNKNOWN, By, Measure
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_, Text
from shared.web.languages import Language

MEASURES: Final[Mapping[str, str]] = {
    Measure.PERSONS: N_("Persons"),
    Measure.EMPLOYERS: N_("Employers"),
    Measure.SEATS: N_("Seats booked"),
    Measure.BOOKED: N_("Hours booked"),
    Measure.ATTENDED: N_("Hours attended"),
    Measure.OUTSIDE: N_("Hours outside"),
    Measure.NO_SHOWS: N_("Did not come"),
    Measure.WAITING: N_("Seats waited for"),
    Measure.NEEDS: N_("Needs"),
    Measure.MET: N_("Needs met"),
}
MEANINGS: Final[Mapping[str, str]] = {
    Measure.PERSONS: N_(
        "Everybody who is named on a seat of a confirmed booking, counted once: with her first course."
    ),
    Measure.EMPLOYERS: N_("Employers that take part now, with the day when they joined."),
    Measure.SEATS: N_("Seats of confirmed bookings, named or not, with the day when the course begins."),
    Measure.BOOKED: N_("The length of every meeting for every booked seat, with the day of the meeting."),
    Measure.ATTENDED: N_("What is marked as attended, rounded by the project's rule, with the day of the meeting."),
    Measure.OUTSIDE: N_("Courses of others that the project has decided to count, with the day when the course began."),
    Measure.NO_SHOWS: N_("A meeting that is over, and a participant who is marked with no minutes at it."),
    Measure.WAITING: N_("Seats that groups wait for now, also those that are offered and not yet answered."),
    Measure.NEEDS: N_("Needs in the plans of employers that take part, with the day of the survey."),
    Measure.MET: N_("Of these, needs with seats, a training request or a course outside the project."),
}
DIVISIONS: Final[Mapping[str, str]] = {
    By.MONTH: N_("Month"),
    By.MUNICIPALITY: N_("Municipality"),
    By.SECTOR: N_("Sector"),
    By.GENDER: N_("Gender"),
    By.AGE: N_("Age"),
}
_GENDERS: Final[Mapping[str, str]] = {Gender.WOMAN: N_("Women"), Gender.MAN: N_("Men")}
# Sections of SNI 2025, as Statistics Sweden and Eurostat (NACE Rev. 2.1) name them, shortened
_SECTORS: Final[Mapping[str, str]] = {
    "A": N_("Agriculture, forestry and fishing"),
    "B": N_("Mining and quarrying"),
    "C": N_("Manufacturing"),
    "D": N_("Electricity, gas and heating"),
    "E": N_("Water supply, sewerage and waste"),
    "F": N_("Construction"),
    "G": N_("Trade"),
    "H": N_("Transport and storage"),
    "I": N_("Hotels and restaurants"),
    "J": N_("Publishing and broadcasting"),
    "K": N_("Telecommunication, programming and information services"),
    "L": N_("Finance and insurance"),
    "M": N_("Real estate"),
    "N": N_("Professional, scientific and technical services"),
    "O": N_("Administrative and support services"),
    "P": N_("Public administration and defence"),
    "Q": N_("Education"),
    "R": N_("Health and social care"),
    "S": N_("Arts, sports and recreation"),
    "T": N_("Other services"),
    "U": N_("Households as employers"),
    "V": N_("International organisations"),
}
_NOT_KNOWN: Final = N_("Not known")
_NO_AGE: Final = Text(_NOT_KNOWN)


def group_name(by: By, key: str, ages: Sequence[int], language: Language) -> Text | str:
    """Return what a group is called; a text to be translated, or a name as it is."""
    if key == UNKNOWN:
        return Text(_NOT_KNOWN)
    match by:
        case By.MONTH:
            return key if language == "sv" else format_date(date.fromisoformat(f"{key}-01"), "MMM y", locale="en_GB")
        case By.MUNICIPALITY:
            return municipality_name(key)
        case By.SECTOR:
            return Text(_SECTORS[key]) if key in _SECTORS else key
        case By.GENDER:
            return Text(_GENDERS[key]) if key in _GENDERS else key
        case By.AGE:
            return _band_name(key, ages)


def _band_name(key: str, ages: Sequence[int]) -> Text:
    if not key.isdecimal() or int(key) > len(ages):
        return _NO_AGE
    number = int(key)
    if number == 0:
        return Text(N_("Under {age} years"), {"age": ages[0]})
    if number == len(ages):
        return Text(N_("{age} years and over"), {"age": ages[-1]})
    return Text(N_("{first}–{last} years"), {"first": ages[number - 1], "last": ages[number] - 1})
