"""Bodies that tell of a person, used by every route that adds or changes one."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.booking.people.rules import IdentityNumber, PersonDetails, identity_number
from shared.kernel.phone import e164
from shared.web.bodies import Body, Line, Version
from shared.web.validation import checked

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]+\.[^@\s<>\"(),:;\\.]+$",
    ),
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=40), checked(e164)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=20)]
LanguageCode = Literal["sv", "en"]


class PersonBody(Body):
    """A person: names, how to reach her, her language."""

    given_name: Line
    family_name: Line
    email: Email | None = None
    phone: Phone | None = None
    language: LanguageCode = "sv"
    protected: bool = Field(default=False, description="Protected identity: no list tells who she is")

    def details(self, number: IdentityNumber | None = None) -> PersonDetails:
        """Return the body as plain values."""
        return PersonDetails(
            given_name=self.given_name,
            family_name=self.family_name,
            email=self.email,
            phone=self.phone,
            language=self.language,
            protected=self.protected,
            number=number,
        )


class NumberedPersonBody(PersonBody):
    """A person with an identity number, where there is one and it is needed for the report."""

    personal_number: Number | None = Field(
        default=None, description="Personal identity or coordination number; sealed, and never told by this API"
    )
    substitute_code: bool = Field(default=False, description="The number is a substitute code of Statistics Sweden")

    def numbered(self) -> PersonDetails:
        """Return the body as plain values; raises InvalidInput for what is no number."""
        if self.personal_number is None:
            return self.details()
        return self.details(identity_number(self.personal_number, substitute=self.substitute_code))


class ChangePerson(Body):
    """What to change of a person; what is left out stays. `version` is the one that was read."""

    version: Version
    given_name: Line | None = None
    family_name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: LanguageCode | None = None
    protected: bool | None = None

    def changes(self) -> dict[str, object]:
        """Return the fields that are given; e-mail and phone can be taken away by null, the others not."""
        given = self.model_dump(exclude={"version"}, exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name in ("email", "phone")}
