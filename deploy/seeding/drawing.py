"""Drawing what a project is filled with: one number draws the same each time, and nothing of it is anybody's."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from stdnum import luhn

from deploy.seeding import names
from deploy.seeding.drawn import (
    Attended,
    Days,
    Drawn,
    DrawnEmployer,
    DrawnPerson,
    DrawnRun,
    DrawnWishes,
    Group,
    Wanted,
)
from services.booking.courses.rules import MeetingPlan, Mode, RunPlan
from services.booking.employers.rules import (
    EmployerDetails,
    MoneyBand,
    Statement,
    UndertakingFacts,
    WorkplaceDetails,
)
from services.booking.needs.rules import NeedDetails, SurveyDetails
from services.booking.people.rules import PersonDetails
from services.booking.projects.rules import EligibilityRules, EmployerKind, WorkplaceFacts, workplace_reasons
from services.booking.projects.sectors import SniVersion
from services.booking.requests.rules import RequestWish
from shared.kernel.calendar import at_stockholm, is_working_day, legal_day
from shared.kernel.municipalities import MUNICIPALITIES, municipality_name

_NUMBERS: Final = range(20 * 10**5, 10**7)
_FIRST_PHONE, _PHONES = 1740605, 95  # of the series reserved for fiction
_STAFF: Final = ((8, MoneyBand.MICRO), (35, MoneyBand.SMALL), (120, MoneyBand.MEDIUM), (400, MoneyBand.LARGE))
_STAFF_WEIGHTS: Final = (40, 40, 15, 5)
_HOURS: Final = ((time(8), time(12)), (time(13), time(16, 30)), (time(8, 30), time(16, 30)))
_NINE: Final = time(9)
_REGISTERED_WITHIN, _SURVEYED_WITHIN = timedelta(days=20), timedelta(days=40)
_EMPLOYERS_ONE_SENDS, _EMPLOYERS_A_SURVEY, _EMPLOYERS_A_REQUEST = 4, 2, 6
_OF_TEN_PAST, _OF_TWENTY_FULL = 6, 3
_LARGEST_GROUP: Final = 5
_WHOLE, _HALF, _NOTHING = Fraction(1), Fraction(1, 2), Fraction(0)
_SIGNING_SHARE: Final = 0.93


class NoRoomError(Exception):
    """The project's conditions let nobody in that could be drawn; the message says what of them."""


def organisation_numbers(number: int) -> Iterator[str]:
    """Give organisation numbers with right check digits, none twice."""
    chance, given = random.Random(f"numbers of {number}"), set[int]()  # noqa: S311 - invented, no secret
    while True:
        drawn = chance.choice(_NUMBERS)
        if drawn not in given:
            given.add(drawn)
            digits = f"55{drawn}"
            digits += luhn.calc_check_digit(digits)
            yield f"{digits[:6]}-{digits[6:]}"


def draw(number: int, wanted: Wanted, rules: EligibilityRules, days: Days, *, members: int) -> Drawn:
    """Draw everything for a project that lets in by `rules` and has `members` already. Raises NoRoomError."""
    return _Drawing(number, rules, days).all(wanted, members)


class _Drawing:
    def __init__(self, number: int, rules: EligibilityRules, days: Days) -> None:
        self._number, self._rules, self._days = number, rules, days
        self._chance = random.Random(number)  # noqa: S311 - invented content, no secret
        self._places = _places(rules)
        self._begins = at_stockholm(days.first, _NINE)
        self._people: dict[int, list[int]] = {}
        self._busy: set[tuple[int, date]] = set()

    def all(self, wanted: Wanted, members: int) -> Drawn:
        numbers = organisation_numbers(self._number)
        employers = tuple(self._employer(next(numbers)) for _ in range(wanted.employers))
        persons = tuple(self._persons(wanted.persons, members + wanted.employers))
        wishes = tuple(self._wishes(place, people) for place, people in enumerate(self._people.values()))
        runs = tuple(self._run(place) for place in range(wanted.runs))
        return Drawn(members, employers, persons, wishes, names.COURSES, runs)

    def _employer(self, number: str) -> DrawnEmployer:
        chance = self._chance
        code = chance.choice(self._places)
        ((staff, money),) = chance.choices(_STAFF, _STAFF_WEIGHTS)
        town = municipality_name(code)
        details = EmployerDetails(
            f"{town} {chance.choice(names.TRADES)}{chance.choice(names.OWNERS)} AB",
            number,
            EmployerKind.COMPANY,
            UndertakingFacts(staff, money, money),
            (WorkplaceDetails(town, code, None, self._industry(code), SniVersion.SNI_2007),),
        )
        at = self._moment(self._begins, self._begins + _REGISTERED_WITHIN)
        affected_by = self._rules.affected_by
        says = Statement(chance.choice(affected_by), names.AFFECTED) if affected_by else Statement()
        return DrawnEmployer(details, says, at)

    def _industry(self, municipality: str) -> str:
        start = self._chance.randrange(len(names.INDUSTRIES))
        for code in (*names.INDUSTRIES[start:], *names.INDUSTRIES[:start]):
            if not workplace_reasons(self._rules, WorkplaceFacts(municipality, code, SniVersion.SNI_2007)):
                return code
        raise NoRoomError("none of the industries that are drawn from is let in")

    def _persons(self, wanted: int, employers: int) -> Iterator[DrawnPerson]:
        """Draw people: some employers send many, most send nobody yet."""
        sending = range(-(-employers // _EMPLOYERS_ONE_SENDS))
        weights = [1 / (place + 1) ** 0.5 for place in sending]
        for place, employer in enumerate(sorted(self._chance.choices(sending, weights, k=wanted))):
            people = self._people.setdefault(employer, [])
            people.append(place)
            yield DrawnPerson(employer, self._person(place), is_contact=len(people) == 1)

    def _person(self, place: int) -> PersonDetails:
        return PersonDetails(
            self._chance.choice(names.GIVEN),
            self._chance.choice(names.FAMILY),
            f"person.{self._number}.{place}@example.test",
            f"+4670{_FIRST_PHONE + place % _PHONES}",
            self._chance.choice(names.LANGUAGES),
        )

    def _wishes(self, place: int, people: Sequence[int]) -> DrawnWishes:
        chance = self._chance
        surveyed_at = self._moment(self._begins + _REGISTERED_WITHIN, self._begins + _SURVEYED_WITHIN)
        survey = None
        needs: tuple[NeedDetails, ...] = ()
        if place % _EMPLOYERS_A_SURVEY == 0:
            survey = SurveyDetails(legal_day(surveyed_at), names.TOOK_PART, names.FINDINGS)
            needs = tuple(
                NeedDetails(title, names.TARGET_GROUP, chance.randint(1, len(people)), 60 * chance.choice((4, 7, 14)))
                for _, title in chance.sample(names.COURSES, k=chance.randint(1, 4))
            )
        request = self._request(len(people)) if place % _EMPLOYERS_A_REQUEST == 0 else None
        requested_at = self._moment(self._days.now - timedelta(days=30), self._days.now)
        return DrawnWishes(people[0], survey, needs, surveyed_at, request, requested_at)

    def _request(self, people: int) -> RequestWish:
        chance = self._chance
        _, title = chance.choice(names.COURSES)
        mode = chance.choice((Mode.PHYSICAL, Mode.DIGITAL)).value
        hours = chance.choice((7, 14, 21))
        return RequestWish(title, names.WISH, max(2, people), 60 * hours, mode, chance.choice(self._places))

    def _run(self, place: int) -> DrawnRun:
        is_past = place % 10 < _OF_TEN_PAST
        plan = self._plan(is_past=is_past)
        is_full = place % 20 >= 20 - _OF_TWENTY_FULL
        wished = plan.capacity if is_full else int(plan.capacity * self._chance.uniform(0.5, 0.95))
        booked = tuple(self._booked(plan, wished))
        is_full = sum(group.seats for group in booked) == plan.capacity
        waiting = () if is_past or not is_full else tuple(self._waiting())
        attended = tuple(self._attended(booked) for _ in plan.meetings) if is_past else ()
        return DrawnRun(place % len(names.COURSES), plan, booked, waiting, attended)

    def _plan(self, *, is_past: bool) -> RunPlan:
        chance, today = self._chance, legal_day(self._days.now)
        first, last = today + timedelta(days=3), self._days.last
        if is_past:
            # after those who book have registered, and early enough for three weeks of meetings
            first, last = self._days.first + _SURVEYED_WITHIN, today
        span = (last - timedelta(days=28) - first).days
        day = first + timedelta(days=chance.randrange(max(1, span)))
        mode = chance.choices((Mode.PHYSICAL, Mode.DIGITAL), (7, 3))[0]
        code, hours = chance.choice(self._places), chance.choice(_HOURS)
        weeks = chance.choices((1, 2, 3), (5, 4, 1))[0]
        meetings = tuple(
            _meeting(_working_day(day + timedelta(weeks=week)), hours, mode, code) for week in range(weeks)
        )
        town = code if mode is Mode.PHYSICAL else None
        return RunPlan(capacity=chance.choice((8, 10, 12, 12, 16, 20)), meetings=meetings, municipality=town)

    def _booked(self, plan: RunPlan, wished: int) -> Iterator[Group]:
        """Draw groups until so many seats are taken, or nobody else that is asked has the time."""
        chance, on = self._chance, {legal_day(meeting.starts_at) for meeting in plan.meetings}
        latest = min(self._days.now, plan.meetings[0].starts_at - timedelta(days=2))
        for employer in chance.sample(list(self._people), k=min(len(self._people), 4 * wished)):
            people = self._people[employer]
            free = [person for person in people if not any((person, day) in self._busy for day in on)]
            group = tuple(free[: min(wished, chance.randint(1, _LARGEST_GROUP))])
            if group:
                self._busy.update((person, day) for person in group for day in on)
                wished -= len(group)
                at = self._moment(latest - timedelta(days=14), latest)
                yield Group(employer, people[0], group, len(group), at)
            if not wished:
                return

    def _waiting(self) -> Iterator[Group]:
        chance = self._chance
        for employer in chance.sample(list(self._people), k=min(len(self._people), chance.randint(1, 3))):
            contact = self._people[employer][0]
            yield Group(employer, contact, (), chance.randint(1, _LARGEST_GROUP), self._days.now)

    def _attended(self, booked: Sequence[Group]) -> tuple[Attended, ...]:
        people = [person for group in booked for person in group.people]
        shares = self._chance.choices((_WHOLE, _HALF, _NOTHING), (92, 5, 3), k=len(people))
        return tuple(
            Attended(person, share, signs=share > 0 and self._chance.random() < _SIGNING_SHARE)
            for person, share in zip(people, shares, strict=True)
        )

    def _moment(self, first: datetime, last: datetime) -> datetime:
        """Draw a whole minute from `first` to `last`, before now."""
        minutes = max(0, int((last - first).total_seconds() // 60))
        return min(first + timedelta(minutes=self._chance.randint(0, minutes)), self._days.now)


def _places(rules: EligibilityRules) -> Sequence[str]:
    codes = rules.municipalities or [
        code for code in MUNICIPALITIES if not rules.counties or code[:2] in rules.counties
    ]
    if not codes:
        raise NoRoomError("no municipality of today is in its counties")
    if rules.organisation_numbers:
        raise NoRoomError("it names the organisations that may take part")
    if rules.kinds and EmployerKind.COMPANY not in rules.kinds:
        raise NoRoomError("it is not for companies")
    if rules.sizes:
        raise NoRoomError("it asks for undertakings of certain sizes")
    return codes


def _working_day(day: date) -> date:
    return next(each for offset in range(15) if is_working_day(each := day + timedelta(days=offset)))


def _meeting(day: date, hours: tuple[time, time], mode: Mode, code: str) -> MeetingPlan:
    starts_at, ends_at = (at_stockholm(day, at) for at in hours)
    if mode is Mode.DIGITAL:
        return MeetingPlan(starts_at, ends_at, mode, None, names.LINK)
    return MeetingPlan(starts_at, ends_at, mode, f"{municipality_name(code)}, kurslokalen")
