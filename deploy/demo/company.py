"""The company's part: registering, mapping needs, booking seats, asking for training; and what the figures say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.client import StoryError
from deploy.demo.figures import Figures, expect_figures, read_figures
from deploy.demo.invented import Company, a_company, a_name, a_person
from deploy.demo.recount import Recount
from deploy.demo.report import StepReport
from deploy.demo.sinks import Expected
from deploy.demo.telling import BOOKED, BOOKING, COMPANIES, LEAD, NAMED, PROJECT_CODE, Telling
from deploy.people import ReadyMadePerson, load_ready_made
from shared.kernel.calendar import legal_day

_CAPACITY, _COMPETING = 8, 3


async def look_at_project(telling: Telling, step: StepReport) -> None:
    found = await telling.cast.get(LEAD, f"{BOOKING}/projects", code=PROJECT_CODE)
    if not found["items"]:
        raise StoryError(f"the project {PROJECT_CODE} is not loaded; run `kurslots load`")
    project = await telling.cast.get(LEAD, f"{BOOKING}/projects/{found['items'][0]['project_id']}")
    telling.known["project"] = project
    telling.known["figures"] = await read_figures(telling.cast, LEAD, project["project_id"])
    step.seen.append(f"{project['name']}, {project['starts_on']} – {project['ends_on']}; buyer {telling.buyer['name']}")


async def register(telling: Telling, step: StepReport) -> None:
    companies = [
        a_company(a_name("Falu", telling.number), [("Stockholm", "0180"), ("Falun", "2080")]),
        a_company(a_name("Borlänge", telling.number), [("Borlänge", "2081")]),
        a_company(a_name("Ludvika", telling.number), [("Ludvika", "2085")]),
    ]
    telling.known["companies"] = []
    ready_made = load_ready_made().people
    for person, company in zip(COMPANIES, companies, strict=True):
        answer = await _registered(telling, person, company, ready_made[person])
        telling.known["companies"].append(answer)
        step.seen.append(f"{company.name} ({company.number}) has joined")
    admitted = [
        place["name"] for place in telling.known["companies"][0]["employer"]["workplaces"] if telling.admits(place)
    ]
    if admitted != ["Falun"]:
        raise StoryError(f"only the workplace in Falun should be let in, not {admitted}")


async def _registered(telling: Telling, person: str, company: Company, contact: ReadyMadePerson) -> dict[str, Any]:
    body = {
        "project_id": telling.project_id,
        "employer": company.as_body(),
        "workplaces": company.workplaces_as_body(),
        "affected_by": "short_time_work",
        "statement": "Halva styrkan har korttidsarbete.",
        "contact": {
            **a_person(person, contact.email),
            "given_name": contact.given_name,
            "family_name": contact.family_name,
        },
    }
    answer: dict[str, Any] = await telling.cast.do(person, "POST", f"{BOOKING}/registrations", body)
    registered = await telling.cast.get(person, f"{BOOKING}/people/{answer['contact_id']}")
    return {**answer, "email": registered["email"], "person": person}


async def refuse_stranger(telling: Telling, step: StepReport) -> None:
    company = a_company(a_name("Göteborgs", telling.number), [("Göteborg", "1480")])
    body = {
        "project_id": telling.project_id,
        "employer": company.as_body(),
        "workplaces": company.workplaces_as_body(),
        "affected_by": "notices",
        "statement": "Vi har varslat.",
        "contact": a_person("new.three", f"contact.{telling.tag}@example.test"),
    }
    problem = await telling.cast.refused("new.three", "POST", f"{BOOKING}/registrations", body, code="not_eligible")
    step.seen += [f"refused: {error['message']}" for error in problem.get("errors", [])] or [problem["detail"]]


async def map_needs(telling: Telling, step: StepReport) -> None:
    survey = {
        "made_on": legal_day(telling.clock.now()).isoformat(),
        "took_part": "Platschef och två skyddsombud",
        "findings": "Ritningsläsning för nya i verkstaden; programmering av robotcellen för sex operatörer.",
        "consulted": "IF Metalls klubb",
        "consulted_on": legal_day(telling.clock.now()).isoformat(),
    }
    written = await telling.cast.do(COMPANIES[0], "POST", f"{telling.own()}/need-surveys", survey)
    for title, minutes in (("Ritningsläsning", 960), ("Robotprogrammering", 1440)):
        need = {"title": title, "target_group": "Operatörer", "persons": BOOKED, "minutes": minutes}
        path = f"{BOOKING}/training-plans/{written['plan']['plan_id']}/needs"
        telling.known[title] = await telling.cast.do(COMPANIES[0], "POST", path, need)
    step.seen.append("two needs: Ritningsläsning by seats on a shared run, Robotprogrammering by a training request")


async def book(telling: Telling, step: StepReport) -> None:
    days = [telling.morning(30) + timedelta(days=day) for day in (0, 1)]
    run = await offer_run(telling, capacity=_CAPACITY, meetings=[(day, day + timedelta(hours=8)) for day in days])
    workplace = next(place for place in telling.company["workplaces"] if telling.admits(place))
    people = []
    for number in range(NAMED):
        email = f"deltagare{number + 1}.{telling.tag}@example.test"
        body = {**a_person(f"deltagare.{number}", email, number), "workplace_id": workplace["workplace_id"]}
        people.append(await telling.cast.do(COMPANIES[0], "POST", f"{telling.own()}/people", body))
    order = {
        "run_id": run["run_id"],
        "seats": BOOKED,
        "participants": [person["person_id"] for person in people],
        "need_id": telling.known["Ritningsläsning"]["need_id"],
    }
    booking = await telling.cast.do(COMPANIES[0], "POST", f"{telling.own()}/bookings", order)
    telling.known.update(booking=booking, run=run)
    placeholders = [seat for seat in booking["seats"] if seat["person_id"] is None]
    step.seen.append(f"booking {booking['reference']}: {BOOKED} seats, {len(placeholders)} placeholders")
    told = [Expected("email", telling.known["companies"][0]["email"], booking["reference"], "booking_confirmed")]
    for number in range(NAMED):
        email = f"deltagare{number + 1}.{telling.tag}@example.test"
        told.append(Expected("email", email, run["course_title"], "seat_confirmed"))
        told.append(Expected("sms", a_person("", "", number)["phone"], run["course_title"], "seat_confirmed"))
    await telling.told(step, *told)


async def offer_run(
    telling: Telling, *, capacity: int, meetings: Sequence[tuple[datetime, datetime]]
) -> dict[str, Any]:
    """Schedule a run of the project's first course in Falun; meetings by when they begin and end."""
    courses = await telling.cast.get(LEAD, f"{BOOKING}/projects/{telling.project_id}/courses")
    course = courses["items"][0]
    body = {
        "capacity": capacity,
        "municipality": "2080",
        "meetings": [
            {
                "starts_at": starts.isoformat(),
                "ends_at": ends.isoformat(),
                "mode": "physical",
                "place": "Falun, Kompetenshuset",
            }
            for starts, ends in meetings
        ],
    }
    run: dict[str, Any] = await telling.cast.do(LEAD, "POST", f"{BOOKING}/courses/{course['course_id']}/runs", body)
    return run


async def compete(telling: Telling, step: StepReport) -> None:
    order = {"run_id": telling.known["run"]["run_id"], "seats": _COMPETING, "participants": []}
    problem = await telling.cast.refused(COMPANIES[1], "POST", f"{telling.own(1)}/bookings", order, code="seats_full")
    step.seen.append(f"refused: {problem['detail']}")
    run = await telling.cast.get(COMPANIES[1], f"{BOOKING}/runs/{telling.known['run']['run_id']}")
    if (run["taken_seats"], run["free_seats"]) != (BOOKED, _CAPACITY - BOOKED):
        raise StoryError(f"the run should have {BOOKED} seats taken: {run['taken_seats']}")


async def ask(telling: Telling, step: StepReport) -> None:
    wish = {
        "title": telling.training,
        "description": "Sex operatörer ska kunna programmera och felsöka den nya robotcellen.",
        "persons": BOOKED,
        "minutes": 1440,
        "mode": "physical",
        "municipality": "2080",
        "need_id": telling.known["Robotprogrammering"]["need_id"],
    }
    request = await telling.cast.do(COMPANIES[0], "POST", f"{telling.own()}/training-requests", wish)
    path = f"{BOOKING}/training-requests/{request['request_id']}/submit"
    telling.known["request"] = await telling.cast.do(COMPANIES[0], "POST", path)
    contact = telling.known["companies"][0]["email"]
    await telling.told(step, Expected("email", contact, request["reference"], "request_received"))


async def figures(telling: Telling, step: StepReport) -> None:
    minutes = sum(_minutes(meeting) for meeting in telling.known["run"]["meetings"])
    shared = telling.known["shared"]
    attending = len(telling.known["attending"])
    grown = Figures(
        persons=NAMED + attending,
        employers=len(COMPANIES),
        booked_minutes=minutes * BOOKED + sum(_minutes(meeting) for meeting in shared["meetings"]) * shared["capacity"],
        seats=BOOKED + shared["capacity"],
        named=NAMED + attending,
        attended_minutes=sum(telling.known["attended"].values()),
        signed_minutes=sum(telling.known["attended"].values()),
        contracted_ore=telling.known["contract"]["value_ore"],
    )
    expected = telling.known["figures"] + grown

    async def agree() -> Figures | None:
        figures = await read_figures(telling.cast, LEAD, telling.project_id)
        return figures if figures == expected else None

    try:
        await telling.until("the figures", agree)
    except StoryError:
        expect_figures(await read_figures(telling.cast, LEAD, telling.project_id), expected)
    step.seen += expected.lines(grown)
    step.seen.append(await _recounted(telling, grown))


async def _recounted(telling: Telling, grown: Figures) -> str:
    """Count what the story added once more, from the events on Kafka; raises StoryError where that is other."""
    employers = frozenset(company["employer"]["employer_id"] for company in telling.known["companies"])
    contracts = frozenset({telling.known["contract"]["contract_id"]})

    async def recount() -> Figures | None:
        figures = Recount(employers, contracts).take(telling.seen(), telling.project_id).figures()
        return figures if figures == grown else None

    try:
        await telling.until("the recount", recount)
    except StoryError:
        expect_figures(Recount(employers, contracts).take(telling.seen(), telling.project_id).figures(), grown)
    return f"counted anew from {len(telling.seen())} events on Kafka: the same"


def _minutes(meeting: dict[str, Any]) -> int:
    length = datetime.fromisoformat(meeting["ends_at"]) - datetime.fromisoformat(meeting["starts_at"])
    return int(length.total_seconds() // 60)
