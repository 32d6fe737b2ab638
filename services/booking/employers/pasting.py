"""People as they are pasted from a spreadsheet or a text: one on each line, read and checked before anything is saved.

A line is: name; e-mail; phone; personal identity number. Columns are apart by tab, semicolon or comma, the same all
through. Of a name the last word is the family name, unless it is written `Family name, Given name` between tabs or
semicolons.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from services.booking.people.bodies import PersonBody
from services.booking.people.rules import IdentityNumber, PersonDetails, identity_number
from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_, Text
from shared.web.validation import field_errors

MOST_LINES: Final = 200
EXAMPLE: Final = """\
Anna Berg; anna.berg@example.test; 070-174 06 05; 19900602-2397
Karl-Erik Öst; karl-erik@example.test
Lo Ny;; 070-174 06 06"""
_COLUMNS: Final = 4
_HEADINGS: Final = re.compile(
    r"(för- och efternamn|förnamn|efternamn|namn|names?|first name|given name)", re.IGNORECASE
)
_NAMES: Final = {
    "given_name": N_("First name"),
    "family_name": N_("Last name"),
    "email": N_("E-mail"),
    "phone": N_("Mobile phone"),
}
_NOT_WRITTEN_SO: Final = {
    "email": N_("The e-mail address is not written as name@example.se."),
    "phone": N_("The telephone number is not one. Write it as 070-174 06 05."),
}


@dataclass(frozen=True, slots=True)
class PastedPerson:
    """A person who can be added, and the line that she stands on."""

    line: int
    details: PersonDetails


@dataclass(frozen=True, slots=True)
class WrongLine:
    """A line that cannot be read, how it begins, and all that is wrong with it."""

    line: int
    begins: str
    wrong: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted: those who can be added, and the lines that are wrong."""

    people: tuple[PastedPerson, ...]
    wrong: tuple[WrongLine, ...]


def read_people(text: str) -> Pasted:
    """Return the people of the lines; nothing is left out in silence but empty lines and a line of headings."""
    separator = next((sign for sign in "\t;" if sign in text), ",")
    people: list[PastedPerson] = []
    wrong: list[WrongLine] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split(separator)]
        if not any(cells) or (not people and not wrong and _HEADINGS.fullmatch(cells[0])):
            continue
        found = _read(cells)
        if isinstance(found, PersonDetails):
            twice = _stands_already(found, people)
            if twice is None:
                people.append(PastedPerson(number, found))
                continue
            found = (Text(N_("The same person stands on line {line} already."), {"line": twice}),)
        wrong.append(WrongLine(number, cells[0][:60], found))
    return Pasted(tuple(people), tuple(wrong))


def _read(cells: Sequence[str]) -> PersonDetails | tuple[Text, ...]:
    if len(cells) > _COLUMNS and any(cells[_COLUMNS:]):
        text = N_("There are {count} columns, and only name, e-mail, phone and personal identity number are read.")
        return (Text(text, {"count": len(cells)}),)
    name, email, phone, number = (*cells[:_COLUMNS], "", "", "", "")[:_COLUMNS]
    given, family = _names(name)
    wrong: list[Text] = []
    if not family:
        wrong.append(Text(N_("Both first and last name are needed.")))
    identity: IdentityNumber | None = None
    if number:
        try:
            identity = identity_number(number)
        except InvalidInput as error:
            wrong.append(error.text)
    try:
        typed = {
            "given_name": given or "–",
            "family_name": family or "–",
            "email": email or None,
            "phone": phone or None,
        }
        body = PersonBody.model_validate(typed)
    except ValidationError as error:
        for each in field_errors([{**one, "loc": ("line", *one["loc"])} for one in error.errors()]):
            what = Text(_NOT_WRITTEN_SO[each.field]) if each.field in _NOT_WRITTEN_SO else each.text
            wrong.append(Text(N_("{field}: {what}"), {"field": _NAMES.get(each.field, each.field), "what": what}))
    else:
        if not wrong:
            return body.details(identity)
    return tuple(wrong)


def _names(name: str) -> tuple[str, str]:
    if "," in name:
        family, _, given = (part.strip() for part in name.partition(","))
        return given, family
    given, _, family = name.rpartition(" ")
    return (given.strip(), family) if given else (family, "")


def _stands_already(found: PersonDetails, people: Sequence[PastedPerson]) -> int | None:
    for other in people:
        same_number = found.number is not None and other.details.number == found.number
        both = (found, other.details)
        same_name = len({(each.given_name.casefold(), each.family_name.casefold()) for each in both}) == 1
        same_address = found.email is not None and found.email.casefold() == (other.details.email or "").casefold()
        if same_number or (same_name and same_address):
            return other.line
    return None
