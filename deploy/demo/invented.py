"""Companies and people that exist in the story alone. Their numbers are drawn, and have right check digits."""

import random
from dataclasses import dataclass
from typing import Any

from stdnum import luhn

_FIRST_PHONE, _PHONES = 1740630, 70  # of the series reserved for fiction, 070-1740605 to 070-1740699
_GIVEN = ("Anna", "Bo", "Cecilia", "David")
_FAMILY = ("Dalén", "Ek", "Fors", "Grönberg")
_TRADES = ("Precision", "Verktyg", "Plåtteknik", "Automation", "Gjuteri", "Smide", "Hydraulik", "Elteknik")
_FOUNDERS = ("", " & Söner", " Norra", " Syd", " Industri", " Service", " Teknik")


@dataclass(frozen=True)
class Company:
    """A company and its workplaces, each a name and a municipality code."""

    name: str
    number: str
    workplaces: tuple[tuple[str, str], ...]

    def as_body(self) -> dict[str, Any]:
        """Return it as a registration says it."""
        return {
            "name": self.name,
            "organisation_number": self.number,
            "kind": "company",
            "undertaking": {"employees": 40, "turnover": "small", "balance": "small"},
        }

    def workplaces_as_body(self) -> list[dict[str, Any]]:
        """Return its workplaces as a registration says them."""
        return [
            {"name": name, "municipality": code, "sni": "25.620", "sni_version": "2007"}
            for name, code in self.workplaces
        ]


def a_name(place: str, number: int) -> str:
    """Return a company's name; the number chooses what it does."""
    return f"{place} {_TRADES[number % len(_TRADES)]}{_FOUNDERS[number // len(_TRADES) % len(_FOUNDERS)]} AB"


def a_company(name: str, workplaces: list[tuple[str, str]]) -> Company:
    """Return a company under a number that nobody has had before in all likelihood."""
    digits = f"55{random.randrange(20 * 10**5, 10**7)}"  # noqa: S311 - a made-up number, no secret
    digits += luhn.calc_check_digit(digits)
    return Company(name, f"{digits[:6]}-{digits[6:]}", tuple(workplaces))


def a_person(name: str, email: str, number: int = 0) -> dict[str, Any]:
    """Return a person as the API takes one; `number` chooses names and telephone."""
    phone = _FIRST_PHONE + number % _PHONES
    return {
        "given_name": _GIVEN[number % len(_GIVEN)],
        "family_name": _FAMILY[(number + len(name)) % len(_FAMILY)],
        "email": email or None,
        "phone": f"+4670{phone}",
        "language": "sv",
    }
