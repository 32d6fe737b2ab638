"""A run that companies share: it fills, groups wait for seats, it is moved, held, signed for and attested."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from deploy.demo.client import StoryError
from deploy.demo.company import offer_run
from deploy.demo.invented import a_person
from deploy.demo.report import StepReport
from deploy.demo.sinks import Expected
from deploy.demo.telling import BOOKING, COMPANIES, LEAD, TRAINER, Telling

CAPACITY, GROUP, FIRST, SECOND, PASSING, STAYING = 8, 5, 5, 3, 2, 1
_THIRD: Final = 2  # the company whose group waits, by its place
_AHEAD: Final = 5
_CODE = re.compile(r"(?:kod är|code is) (\d{4})\b")


async def fill(telling: Telling, step: StepReport) -> None:
    starts = telling.morning(_AHEAD)
    run = await offer_run(telling, capacity=CAPACITY, meetings=[(starts, starts + timedelta(hours=3))])
    telling.known["shared"] = run
    people = [await _person(telling, 0, 1), await _person(telling, 1, 2)]
    bookings = [
        await _book(telling, 0, FIRST, [people[0]["person_id"]]),
        await _book(telling, 1, SECOND, [people[1]["person_id"]]),
    ]
    await telling.told(
        step, *(_to_contact(telling, at, bookings[at]["reference"], "booking_confirmed") for at in (0, 1))
    )
    wish = {"run_id": run["run_id"], "seats": GROUP}
    waits = await telling.cast.do(COMPANIES[_THIRD], "POST", f"{telling.own(_THIRD)}/waiting-entries", wish)
    if (waits["place"], waits["offer"]) != (1, None):
        raise StoryError(f"the group should wait at place 1 without an offer: {waits}")
    telling.known.update(shared_bookings=bookings, waits=waits, attending=people)
    await telling.told(step, _to_contact(telling, _THIRD, run["course_title"], "queue_joined"))
    step.seen.append(f"{CAPACITY} of {CAPACITY} seats booked; a group of {GROUP} waits at place 1")


async def serve(telling: Telling, step: StepReport) -> None:
    """Give seats back by and by: too few for the group at first, so that a smaller one is let past it, then enough."""
    first, second = telling.known["shared_bookings"]
    run_id = telling.known["shared"]["run_id"]
    reason = {"reason": "Fullt i produktionen den veckan."}
    await telling.cast.do(COMPANIES[1], "POST", f"{BOOKING}/bookings/{second['booking_id']}/cancel", reason)
    wish = {"run_id": run_id, "seats": PASSING}
    small = await telling.cast.do(COMPANIES[1], "POST", f"{telling.own(1)}/waiting-entries", wish)
    if small["offer"] is None or small["offer"]["seats"] != PASSING:
        raise StoryError(f"the group of {PASSING} should be offered seats at once: {small}")
    accepted = {"participants": [telling.known["attending"][1]["person_id"]]}
    path = f"{BOOKING}/waiting-entries/{small['entry_id']}/accept"
    passed_on = await telling.cast.do(COMPANIES[1], "POST", path, accepted)
    waits = await _entry(telling)
    most = telling.known["project"]["queue_passes"]
    if not 1 <= waits["passed"] <= most or waits["offer"] is not None:
        raise StoryError(f"the group of {GROUP} should have been passed, at most {most} times: {waits}")
    step.seen.append(f"{SECOND} seats are free, too few for {GROUP}: passed {waits['passed']} of at most {most} times")
    fewer = {"seats": STAYING, "version": first["version"]}
    await telling.cast.do(COMPANIES[0], "PATCH", f"{BOOKING}/bookings/{first['booking_id']}", fewer)
    offered = await _entry(telling)
    if offered["offer"] is None or offered["offer"]["seats"] != GROUP:
        raise StoryError(f"the group should be offered its {GROUP} seats: {offered}")
    subject = f"{GROUP} platser hålls åt er: {telling.known['shared']['course_title']}"
    await telling.told(step, _to_contact(telling, _THIRD, subject, "seats_offered"))
    joining = [await _person(telling, _THIRD, number) for number in (3, 4)]
    path = f"{BOOKING}/waiting-entries/{offered['entry_id']}/accept"
    body = {"participants": [person["person_id"] for person in joining]}
    booking = await telling.cast.do(COMPANIES[_THIRD], "POST", path, body)
    telling.known["attending"] += joining
    telling.known.update(shared_bookings=[first, passed_on, booking])
    await telling.told(step, _to_contact(telling, _THIRD, booking["reference"], "booking_confirmed"))
    run = await telling.cast.get(LEAD, f"{BOOKING}/runs/{run_id}")
    if run["taken_seats"] != CAPACITY:
        raise StoryError(f"the run should be full again: {run['taken_seats']} of {CAPACITY}")
    step.seen.append(f"booking {booking['reference']}: {GROUP} seats from the queue; the run is full again")


async def move(telling: Telling, step: StepReport) -> None:
    run = await telling.cast.get(LEAD, f"{BOOKING}/runs/{telling.known['shared']['run_id']}")
    (meeting,) = run["meetings"]
    later = [(_moment(meeting[name]) + timedelta(days=1)).isoformat() for name in ("starts_at", "ends_at")]
    change = {
        "meetings": [
            {
                "meeting_id": meeting["meeting_id"],
                "starts_at": later[0],
                "ends_at": later[1],
                "mode": "digital",
                "digital_link": "https://meet.example.test/delad-kurs",
            }
        ],
        "reason": "Lokalen är översvämmad; kursen ges på webben dagen efter.",
        "version": run["version"],
    }
    moved = await telling.cast.do(LEAD, "PATCH", f"{BOOKING}/runs/{run['run_id']}", change)
    telling.known["shared"] = moved
    subject = f"Ändrad kurs: {run['course_title']}"
    told = [_to_contact(telling, at, subject, "change_to_confirm") for at in range(len(COMPANIES))]
    await telling.told(step, *told)
    if (moved["mode"], moved["meetings"][0]["meeting_id"]) != ("digital", meeting["meeting_id"]):
        raise StoryError(f"the run should be digital, with the meeting that it had: {moved}")
    for at, booking in enumerate(telling.known["shared_bookings"]):
        await _confirm(telling, at, booking)
        await telling.told(step, _to_contact(telling, at, f"Tack för svaret: {run['course_title']}", "change_answered"))
    answers = await telling.cast.get(LEAD, f"{BOOKING}/runs/{run['run_id']}/confirmations")
    states = [answer["state"] for answer in answers["items"]]
    if states != ["confirmed"] * len(COMPANIES):
        raise StoryError(f"each of the {len(COMPANIES)} bookings should be confirmed: {states}")
    step.seen.append(f"moved to {later[0]}, on the web; all {len(states)} employers that have booked still come")


async def _confirm(telling: Telling, company: int, booking: dict[str, Any]) -> None:
    path = f"{BOOKING}/bookings/{booking['booking_id']}/confirmations"
    (asked, *_) = (await telling.cast.get(COMPANIES[company], path))["items"]
    if asked["state"] != "asked":
        raise StoryError(f"booking {booking['reference']} should be asked whether it still holds: {asked}")
    answer = {"confirmation_id": asked["confirmation_id"], "answer": "confirmed"}
    await telling.cast.do(COMPANIES[company], "POST", f"{path}/answer", answer)


async def substitute(telling: Telling, step: StepReport) -> None:
    booking, (*_, leaving) = telling.known["shared_bookings"][_THIRD], telling.known["attending"]
    colleague = await _person(telling, _THIRD, 5)
    body = {"replaced_id": leaving["person_id"], "replacing_id": colleague["person_id"], "reason": "Byter skift."}
    path = f"{BOOKING}/bookings/{booking['booking_id']}/substitute"
    changed = await telling.cast.do(COMPANIES[_THIRD], "POST", path, body)
    named = {seat["person_id"] for seat in changed["seats"]}
    if colleague["person_id"] not in named or leaving["person_id"] in named:
        raise StoryError(f"the colleague should have the seat: {changed['seats']}")
    title = telling.known["shared"]["course_title"]
    await telling.told(
        step,
        Expected("email", leaving["email"], f"Din plats på {title} är avbokad", "seat_cancelled"),
        Expected("email", colleague["email"], f"Du har en plats på {title}", "seat_confirmed"),
    )
    telling.known["attending"][-1] = colleague
    step.seen.append("one participant's seat is a colleague's; both are told")


async def hold(telling: Telling, step: StepReport) -> None:
    """Let the meeting be over, mark everybody, have each sign by code or on paper, and correct one, who signs anew."""
    (meeting,) = telling.known["shared"]["meetings"]
    if telling.step_to is None:
        raise StoryError("this system's business time cannot be stepped, so the meeting is not held yet")
    telling.step_to(_moment(meeting["ends_at"]) + timedelta(minutes=5))
    sheet = await telling.cast.get(TRAINER, f"{BOOKING}/meetings/{meeting['meeting_id']}/attendance")
    people = telling.known["attending"]
    if {entry["person_id"] for entry in sheet["people"]} != {person["person_id"] for person in people}:
        raise StoryError(f"the sheet should have those with a seat: {sheet['people']}")
    whole = sheet["meeting_minutes"]
    minutes = {person["person_id"]: whole for person in people}
    marks = {"marks": [{"person_id": person, "minutes": whole} for person in minutes]}
    await telling.cast.do(TRAINER, "POST", f"{BOOKING}/meetings/{meeting['meeting_id']}/attendance", marks)
    corrected, *others = people
    await _sign(telling, step, corrected, meeting)
    for person in others:
        address = f"{BOOKING}/attendance/{(await _attendance(telling, meeting, person))['attendance_id']}"
        noted = {"way": "paper", "minutes": whole, "evidence": "Närvarolista på papper, pärm 3."}
        await telling.cast.do(TRAINER, "POST", f"{address}/noted-signature", noted)
    minutes[corrected["person_id"]] = whole - 30
    path = f"{BOOKING}/attendance/{(await _attendance(telling, meeting, corrected))['attendance_id']}/correction"
    body = {"minutes": whole - 30, "reason": "Gick en halvtimme tidigare."}
    if (await telling.cast.do(TRAINER, "POST", path, body))["signed_at"] is not None:
        raise StoryError("a corrected time should have to be signed anew")
    await _sign(telling, step, corrected, meeting)
    telling.known["attended"] = minutes
    step.seen.append(f"{len(people)} people marked and signed; one corrected by 30 minutes and signed anew")


async def prove(telling: Telling, step: StepReport) -> None:
    run_id, minutes = telling.known["shared"]["run_id"], telling.known["attended"]

    async def issued() -> list[dict[str, Any]] | None:
        page = await telling.cast.get(LEAD, f"{BOOKING}/runs/{run_id}/certificates", limit="200")
        valid = [each for each in page["items"] if each["state"] == "valid"]
        return valid if {each["person_id"]: each["minutes"] for each in valid} == minutes else None

    certificates = await telling.until("a certificate for each who has signed, with her minutes", issued)
    for certificate in certificates:
        checked = await telling.cast.get(LEAD, f"{BOOKING}/certificate-codes/{certificate['code']}")
        if (checked["state"], checked["minutes"]) != ("valid", certificate["minutes"]) or "name" in checked:
            raise StoryError(f"the code should tell what is attested and nobody's name: {checked}")
    subject = f"Ditt kursintyg: {telling.known['shared']['course_title']}"
    told = [Expected("email", person["email"], subject, "certificate_ready") for person in telling.known["attending"]]
    await telling.told(step, *told)
    step.seen.append(f"{len(certificates)} certificates, each found by its code")


async def _person(telling: Telling, company: int, number: int) -> dict[str, Any]:
    employer = telling.known["companies"][company]["employer"]
    workplace = next(place for place in employer["workplaces"] if telling.admits(place))
    body = a_person(f"kursare.{number}", f"kursare{number}.{telling.tag}@example.test", number)
    body |= {"phone": None, "workplace_id": workplace["workplace_id"]}
    person: dict[str, Any] = await telling.cast.do(COMPANIES[company], "POST", f"{telling.own(company)}/people", body)
    return {**person, "email": body["email"]}


async def _book(telling: Telling, company: int, seats: int, people: list[str]) -> dict[str, Any]:
    order = {"run_id": telling.known["shared"]["run_id"], "seats": seats, "participants": people}
    booking: dict[str, Any] = await telling.cast.do(
        COMPANIES[company], "POST", f"{telling.own(company)}/bookings", order
    )
    return booking


async def _entry(telling: Telling) -> dict[str, Any]:
    path = f"{BOOKING}/waiting-entries/{telling.known['waits']['entry_id']}"
    entry: dict[str, Any] = await telling.cast.get(COMPANIES[_THIRD], path)
    return entry


async def _attendance(telling: Telling, meeting: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
    sheet = await telling.cast.get(TRAINER, f"{BOOKING}/meetings/{meeting['meeting_id']}/attendance")
    entry: dict[str, Any] = next(each for each in sheet["people"] if each["person_id"] == person["person_id"])
    return entry


async def _sign(telling: Telling, step: StepReport, person: dict[str, Any], meeting: dict[str, Any]) -> None:
    """Have a code sent to the participant, and type the one that she got."""
    before = await telling.sinks.count("email", person["email"])
    address = f"{BOOKING}/attendance/{(await _attendance(telling, meeting, person))['attendance_id']}"
    await telling.cast.do(TRAINER, "POST", f"{address}/code")

    async def arrived() -> str | None:
        texts = await telling.sinks.texts("email", person["email"])
        codes = [found[1] for text in texts[before:] if (found := _CODE.search(text))]
        return codes[-1] if codes else None

    code = await telling.until(f"the code for {person['email']}", arrived)
    await telling.told(step, Expected("email", person["email"], code, "signing_code"))
    tried = await telling.cast.do(TRAINER, "POST", f"{address}/code-signature", {"code": code})
    if not tried["signed"]:
        raise StoryError(f"the code that was sent should be right: {tried}")


def _to_contact(telling: Telling, company: int, contains: str, kind: str) -> Expected:
    return Expected("email", telling.known["companies"][company]["email"], contains, kind)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
