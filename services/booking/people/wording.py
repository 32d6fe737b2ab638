"""How what is known of a person is said, and what her history tells."""

import re
from collections.abc import Mapping
from typing import Final

from services.booking.people.rules import ROLE_NAMES, BoundBy, Education, EntryStatus
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text

STATUSES: Final[Mapping[str, str]] = {
    EntryStatus.EMPLOYED: N_("Employed"),
    EntryStatus.UNEMPLOYED: N_("Unemployed"),
    EntryStatus.LONG_TERM_UNEMPLOYED: N_("Unemployed for a long time"),
    EntryStatus.INACTIVE: N_("Neither working nor looking for work"),
    EntryStatus.UNKNOWN: N_("Not known"),
}
EDUCATIONS: Final[Mapping[str, str]] = {
    Education.ISCED_0_2: N_("Compulsory school, or less"),
    Education.ISCED_3_4: N_("Upper secondary school"),
    Education.ISCED_5_8: N_("University or other higher education"),
    Education.UNKNOWN: N_("Not known"),
}
LANGUAGES: Final[Mapping[str, str]] = {"sv": N_("Swedish"), "en": N_("English")}

_CHANGES: Final[Mapping[str, str]] = {
    "added": N_("Was added"),
    "participation started": N_("Began to take part in the project"),
    "participation ended": N_("Took no more part in the project"),
    "employment started": N_("Came to the employer"),
    "employment ended": N_("Left the employer"),
    f"sign-in bound by {BoundBy.INVITATION}": N_("Took up the invitation and can sign in"),
    f"sign-in bound by {BoundBy.REGISTRATION}": N_("Signed in for the first time"),
    f"sign-in bound by {BoundBy.LOADING}": N_("Can sign in"),
    "restricted": N_("Was erased"),
    "erased": N_("Was erased"),
}
_PARTS: Final[Mapping[str, str]] = {
    "given_name": N_("first name"),
    "family_name": N_("last name"),
    "email": N_("e-mail"),
    "phone": N_("telephone"),
    "language": N_("language"),
    "protected": N_("protected identity"),
}
_OTHERWISE: Final = N_("Something was changed")


def change_text(change: str) -> Text:
    """Return what a row of a person's history says."""
    if (changed := re.fullmatch(r"changed (.+)", change)) is not None:
        return Text(N_("Changed: {what}"), {"what": tuple(_PARTS.get(part, part) for part in changed[1].split(", "))})
    if (given := re.fullmatch(r"(given|withdrawn) (\w+)", change)) is not None and given[2] in list(Role):
        message = N_("Became {role}") if given[1] == "given" else N_("Is no longer {role}")
        return Text(message, {"role": ROLE_NAMES[Role(given[2])]})
    return Text(_CHANGES.get(change, _OTHERWISE))
