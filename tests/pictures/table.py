"""The pictures of the guide, each with who sees it and how it is found: an address, then links that lead on from it.

Nothing here names an id: a page is found as a reader finds it, by what its links lead to.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import ViewportSize

from tests.support.texts import ROOT

GUIDE: Final = ROOT / "docs" / "guide"
PICTURES: Final = GUIDE / "pictures"
Language = Literal["sv", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("sv", "en")

DESK: Final = ViewportSize(width=1120, height=700)
PHONE: Final = ViewportSize(width=390, height=780)

_ID: Final = r"[0-9a-f-]{36}"
_EMPLOYER: Final = rf"/booking/employers/{_ID}"
_IN_PROJECT: Final = rf"/booking/projects/{_ID}"
CONTACT, COACH, LEAD = "new.one", "coach.dalarna", "lead.dalarna"
OFFICER, DELEGATE, SUPPLIER, OPERATOR = "officer.dalarna", "delegate.dalarna", "supplier.one", "operator"


class When(Enum):
    """How much of the story has been told when the picture is taken."""

    ONCE = "the whole story, once"
    MANY = "the whole story, and then other tellings that stop on the way"


@dataclass(frozen=True)
class Picture:
    """One picture, in each language."""

    name: str
    person: str | None
    way: tuple[str, ...]
    """An address, then patterns: the first link that leads there is followed. A word after one: so it is named."""
    when: When = When.ONCE
    size: ViewportSize | None = None
    most: int = 1000
    """The height that it may have; it is cut below the last thing that is whole within that."""
    colours: Literal["light", "dark"] = "light"

    def file(self, language: Language) -> Path:
        """Return where it lies."""
        return PICTURES / language / f"{self.name}.png"


TABLE: Final = (
    Picture("front", None, ("/booking/",), most=960),
    Picture("courses", None, ("/booking/runs",), most=860),
    Picture("employer-start", CONTACT, ("/booking/",)),
    Picture("employer-phone", CONTACT, ("/booking/",), size=PHONE, most=780),
    Picture("employer-overview", CONTACT, ("/booking/", _EMPLOYER), most=1000),
    Picture("employer-people", CONTACT, ("/booking/", _EMPLOYER, rf"{_IN_PROJECT}/employers/{_ID}/people")),
    Picture(
        "employer-paste",
        CONTACT,
        (
            "/booking/",
            _EMPLOYER,
            rf"{_IN_PROJECT}/employers/{_ID}/people",
            rf"{_IN_PROJECT}/employers/{_ID}/people/paste",
        ),
        most=1350,
    ),
    Picture("employer-plan", CONTACT, ("/booking/", rf"/booking/training-plans/{_ID}"), most=900),
    Picture("employer-booking", CONTACT, ("/booking/", rf"/booking/bookings/{_ID}"), most=1200),
    Picture("employer-request", CONTACT, ("/booking/", rf"/booking/requests/{_ID}")),
    Picture("employer-messages", CONTACT, ("/notification/mine",)),
    Picture("coach-start", COACH, ("/booking/",), When.MANY),
    Picture("coach-employer", COACH, ("/booking/", _EMPLOYER), When.MANY, most=1080),
    Picture("officer-desk", OFFICER, ("/procurement/sign-in?to=/procurement/",), When.MANY),
    Picture("officer-requests", OFFICER, ("/procurement/requests",), When.MANY),
    Picture("officer-cases", OFFICER, ("/procurement/cases",), When.MANY),
    Picture("officer-case", OFFICER, ("/procurement/cases?state=concluded", rf"/procurement/cases/{_ID}"), most=1500),
    Picture(
        "officer-bids",
        OFFICER,
        (
            "/procurement/cases?state=concluded",
            rf"/procurement/cases/{_ID}",
            rf"/procurement/procedures/{_ID}/bids",
        ),
        most=1700,
    ),
    Picture(
        "delegate-award",
        DELEGATE,
        (
            "/procurement/cases?phase=evaluation",
            rf"/procurement/cases/{_ID}",
            rf"/procurement/procedures/{_ID}/bids",
            rf"/procurement/procedures/{_ID}/award",
        ),
        When.MANY,
        most=1400,
    ),
    Picture("supplier-invitations", SUPPLIER, ("/procurement/supplier",), When.MANY, most=1200),
    Picture(
        "supplier-bid",
        SUPPLIER,
        (
            "/procurement/supplier?standing=open",
            rf"/procurement/supplier/{_ID}/procedures/{_ID}",
            rf"/procurement/supplier/{_ID}/procedures/{_ID}/bid",
        ),
        When.MANY,
        most=1500,
    ),
    Picture(
        "supplier-award",
        SUPPLIER,
        ("/procurement/supplier", rf"/procurement/supplier/{_ID}/procedures/{_ID}/award"),
    ),
    Picture(
        "lead-figures",
        LEAD,
        ("/booking/projects/mine", rf"{_IN_PROJECT}/figures (demonstration)"),
        When.MANY,
        most=1250,
    ),
    Picture(
        "lead-runs",
        LEAD,
        ("/booking/projects/mine", rf"{_IN_PROJECT}/figures (demonstration)", rf"{_IN_PROJECT}/runs\?when=coming"),
        When.MANY,
    ),
    Picture("operator-parts", OPERATOR, ("/booking/operator",), When.MANY),
    Picture(
        "operator-messages",
        OPERATOR,
        ("/notification/operator", "/notification/operator/notifications"),
        When.MANY,
    ),
    Picture("operator-dark", OPERATOR, ("/booking/operator",), When.MANY, colours="dark", most=640),
)
