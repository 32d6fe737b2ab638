"""People ticked in a form, by their ids: what is wrong with one of them is told at her own box."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.booking.bookings.choosing import ChoosablePeople
from shared.kernel.texts import N_, Text
from shared.web.pages.forms import Form

PEOPLE = "participants"
_NAMELESS = N_("Person with protected identity")


def errors_at_people(form: Form[Any]) -> None:
    """Move an error at the n-th of those who were ticked to her box: a page knows people, not places in a list."""
    ticked = [value for value in form.values(PEOPLE) if value.strip()]
    for name in [name for name in form.errors if name.startswith(f"{PEOPLE}.")]:
        place = name.removeprefix(f"{PEOPLE}.")
        known = place.isdecimal() and int(place) < len(ticked)
        form.errors.setdefault(f"person-{ticked[int(place)]}" if known else PEOPLE, []).extend(form.errors.pop(name))


def names_of_boxes(choosable: ChoosablePeople) -> Mapping[str, str | Text]:
    """Return what the summary of errors calls each person's box."""
    return {f"person-{person.person_id}": person.name or Text(_NAMELESS) for person in choosable.people}


def begins_with(form: Form[Any], ticked: frozenset[UUID]) -> frozenset[str]:
    """Return the ids whose boxes are ticked: as they were sent, or as they stand."""
    return frozenset(form.values(PEOPLE)) if form.typed else frozenset(map(str, ticked))
