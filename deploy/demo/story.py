"""The main job, from a company's registration to a run with seats kept for it, step by step.

Each step carries out commands, then waits for what they must cause: events, e-mails, SMS, rows that another service
shows. A step that finds something missing says so; the story goes on where it can.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.client import Cast, StoryError
from deploy.demo.figures import Figures, expect_figures, read_figures
from deploy.demo.invented import Company, a_company, a_person
from deploy.demo.report import StepReport, StoryReport
from deploy.demo.sinks import Expected, Sinks
from deploy.demo.watch import Watcher
from deploy.people import load_ready_made
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock

BOOKING, PROCUREMENT = "/booking/api/v1", "/procurement/api/v1"
PROJECT_CODE = "lyftkraft-dalarna-demo"
LEAD, OFFICER, OPENER, DELEGATE = "lead.dalarna", "officer.dalarna", "opener.dalarna", "delegate.dalarna"
SUPPLIERS = ("supplier.one", "supplier.two", "supplier.three")
COMPANIES = ("new.one", "new.two")
PRICES_ORE = (18_400_000, 21_500_000, 16_900_000)
POINTS = ("9", "8", "6")
BID_SECONDS = 12
_CAPACITY, _BOOKED, _NAMED, _COMPETING = 8, 6, 4, 3
_EVENTS_SECONDS = 3.0


@dataclass
class Story:
    """One telling. `tag` makes what it invents different from every other telling."""

    cast: Cast
    sinks: Sinks
    watcher: Watcher
    clock: Clock
    show: Callable[[int, StepReport], None]
    report: StoryReport
    tag: str = field(default_factory=lambda: f"{random.randrange(16**6):06x}")  # noqa: S311 - a name, no secret
    known: dict[str, Any] = field(default_factory=dict)

    async def tell(self) -> StoryReport:
        """Tell the whole story and return what came of it."""
        await self.sinks.begin()
        for title, step in self._steps():
            done = StepReport(title)
            self.report.steps.append(done)
            begun, first = time.monotonic(), len(self.cast.sent)
            try:
                await step(done)
            except StoryError as error:
                done.wrong.append(str(error))
            except LookupError as error:
                done.wrong.append(f"an answer lacks what the story reads: {error!r}")
            done.seconds = round(time.monotonic() - begun, 2)
            sent = self.cast.sent[first:]
            done.note_commands(sent)
            await self._note_events(done, [each.trace for each in sent if each.status < 400])  # noqa: PLR2004
            self.show(len(self.report.steps), done)
            if done.wrong:
                break
        return self.report

    def _steps(self) -> list[tuple[str, Callable[[StepReport], Awaitable[None]]]]:
        return [
            ("The project and its figures before", self._look_at_project),
            ("Two companies register; one from Stockholm is let in by its workplace in Falun", self._register),
            ("A company from another county is refused, with the reasons", self._refuse_stranger),
            ("The company maps its needs into a training plan", self._map_needs),
            ("The lead offers a run; the company books 6 seats, 4 named and 2 placeholders", self._book),
            ("A competing booking beyond capacity is refused with the reason", self._compete),
            ("The company asks for training of its own", self._ask),
            ("The officer opens a case with the request and takes advice", self._open_case),
            ("Three suppliers are invited to a direct purchase", self._invite),
            ("Three sealed bids; reading one before the deadline is refused", self._bid),
            ("The deadline passes, and two officers open the bids", self._open_bids),
            ("The bids are scored on the stated criteria", self._score),
            ("The delegate decides the award with reasons; every bidder is told", self._award),
            ("The contract is signed", self._contract),
            ("The training is ordered: a run with seats kept for the company", self._order),
            ("The project's figures agree", self._figures),
        ]

    async def _note_events(self, step: StepReport, traces: list[str]) -> None:
        """Take in what the commands caused; after the last message is there, or a moment has passed."""
        deadline = time.monotonic() + (_EVENTS_SECONDS if traces else 0)
        seen = self.watcher.of(traces)
        while time.monotonic() < deadline and not {message.trace for message in seen}.issuperset(traces):
            await asyncio.sleep(0.1)
            seen = self.watcher.of(traces)
        step.note_events(seen)

    async def _told(self, step: StepReport, *expected: Expected, since: datetime | None = None) -> None:
        """Wait until all of it is in the sinks; times count from the step's last command."""
        arrived, missing = await self.sinks.wait_for(list(expected), since or self.cast.sent[-1].at)
        step.note_sent(arrived, missing)

    async def _until(self, what: str, read: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - JSON
        """Return what `read` finds once it finds something; raises StoryError when patience is over."""
        deadline = time.monotonic() + self.sinks.patience_seconds
        while True:
            found = await read()
            if found:
                return found
            if time.monotonic() > deadline:
                raise StoryError(f"{what} did not come within {self.sinks.patience_seconds:.0f} s")
            await asyncio.sleep(0.1)

    # --- the company

    async def _look_at_project(self, step: StepReport) -> None:
        found = await self.cast.get(LEAD, f"{BOOKING}/projects", code=PROJECT_CODE)
        if not found["items"]:
            raise StoryError(f"the project {PROJECT_CODE} is not loaded; run `kurslots load`")
        project = await self.cast.get(LEAD, f"{BOOKING}/projects/{found['items'][0]['project_id']}")
        self.known["project"] = project
        self.known["figures"] = await read_figures(self.cast, LEAD, project["project_id"])
        step.seen.append(
            f"{project['name']}, {project['starts_on']} – {project['ends_on']}; buyer {self._buyer['name']}"
        )

    @property
    def _project(self) -> str:
        return str(self.known["project"]["project_id"])

    @property
    def _buyer(self) -> dict[str, Any]:
        buyer: dict[str, Any] = self.known["project"]["buyers"][0]
        return buyer

    async def _register(self, step: StepReport) -> None:
        companies = [
            a_company(f"Falu Precision {self.tag}", [("Stockholm", "0180"), ("Falun", "2080")]),
            a_company(f"Borlänge Montage {self.tag}", [("Borlänge", "2081")]),
        ]
        self.known["companies"] = []
        ready_made = load_ready_made().people
        for person, company in zip(COMPANIES, companies, strict=True):
            answer = await self._registered(person, company, ready_made[person].email)
            self.known["companies"].append(answer)
            step.seen.append(f"{company.name} ({company.number}) has joined")
        admitted = [
            place["name"] for place in self.known["companies"][0]["employer"]["workplaces"] if self._admits(place)
        ]
        if admitted != ["Falun"]:
            raise StoryError(f"only the workplace in Falun should be let in, not {admitted}")

    def _admits(self, workplace: dict[str, Any]) -> bool:
        return self._project in workplace["project_ids"]

    async def _registered(self, person: str, company: Company, email: str) -> dict[str, Any]:
        body = {
            "project_id": self._project,
            "employer": company.as_body(),
            "workplaces": company.workplaces_as_body(),
            "affected_by": "short_time_work",
            "statement": "Halva styrkan har korttidsarbete.",
            "contact": a_person(person, email),
        }
        answer: dict[str, Any] = await self.cast.do(person, "POST", f"{BOOKING}/registrations", body)
        contact = await self.cast.get(person, f"{BOOKING}/people/{answer['contact_id']}")
        return {**answer, "email": contact["email"], "person": person}

    async def _refuse_stranger(self, step: StepReport) -> None:
        company = a_company(f"Göteborgs Montage {self.tag}", [("Göteborg", "1480")])
        body = {
            "project_id": self._project,
            "employer": company.as_body(),
            "workplaces": company.workplaces_as_body(),
            "affected_by": "notices",
            "statement": "Vi har varslat.",
            "contact": a_person("new.three", f"contact.{self.tag}@example.test"),
        }
        problem = await self.cast.refused("new.three", "POST", f"{BOOKING}/registrations", body, code="not_eligible")
        step.seen += [f"refused: {error['message']}" for error in problem.get("errors", [])] or [problem["detail"]]

    @property
    def _company(self) -> dict[str, Any]:
        company: dict[str, Any] = self.known["companies"][0]["employer"]
        return company

    def _own(self, company: int = 0) -> str:
        employer_id = self.known["companies"][company]["employer"]["employer_id"]
        return f"{BOOKING}/projects/{self._project}/employers/{employer_id}"

    async def _map_needs(self, step: StepReport) -> None:
        survey = {
            "made_on": legal_day(self.clock.now()).isoformat(),
            "took_part": "Platschef och två skyddsombud",
            "findings": "Ritningsläsning för nya i verkstaden; programmering av robotcellen för sex operatörer.",
            "consulted": "IF Metalls klubb",
            "consulted_on": legal_day(self.clock.now()).isoformat(),
        }
        written = await self.cast.do(COMPANIES[0], "POST", f"{self._own()}/need-surveys", survey)
        for title, minutes in (("Ritningsläsning", 960), ("Robotprogrammering", 1440)):
            need = {"title": title, "target_group": "Operatörer", "persons": _BOOKED, "minutes": minutes}
            path = f"{BOOKING}/training-plans/{written['plan']['plan_id']}/needs"
            self.known[title] = await self.cast.do(COMPANIES[0], "POST", path, need)
        step.seen.append(
            "two needs: Ritningsläsning by seats on a shared run, Robotprogrammering by a training request"
        )

    async def _book(self, step: StepReport) -> None:
        run = await self._offered_run()
        workplace = next(place for place in self._company["workplaces"] if self._admits(place))
        people = []
        for number in range(_NAMED):
            email = f"deltagare{number + 1}.{self.tag}@example.test"
            body = {**a_person(f"deltagare.{number}", email, number), "workplace_id": workplace["workplace_id"]}
            people.append(await self.cast.do(COMPANIES[0], "POST", f"{self._own()}/people", body))
        order = {
            "run_id": run["run_id"],
            "seats": _BOOKED,
            "participants": [person["person_id"] for person in people],
            "need_id": self.known["Ritningsläsning"]["need_id"],
        }
        booking = await self.cast.do(COMPANIES[0], "POST", f"{self._own()}/bookings", order)
        self.known.update(booking=booking, run=run)
        placeholders = [seat for seat in booking["seats"] if seat["person_id"] is None]
        step.seen.append(f"booking {booking['reference']}: {_BOOKED} seats, {len(placeholders)} placeholders")
        told = [Expected("email", self.known["companies"][0]["email"], booking["reference"], "booking_confirmed")]
        for number in range(_NAMED):
            email = f"deltagare{number + 1}.{self.tag}@example.test"
            told.append(Expected("email", email, run["course_title"], "seat_confirmed"))
            told.append(Expected("sms", a_person("", "", number)["phone"], run["course_title"], "seat_confirmed"))
        await self._told(step, *told)

    async def _offered_run(self) -> dict[str, Any]:
        courses = await self.cast.get(LEAD, f"{BOOKING}/projects/{self._project}/courses")
        course = courses["items"][0]
        starts = self._morning(30)
        body = {
            "capacity": _CAPACITY,
            "municipality": "2080",
            "meetings": [
                {
                    "starts_at": (starts + timedelta(days=day)).isoformat(),
                    "ends_at": (starts + timedelta(days=day, hours=8)).isoformat(),
                    "mode": "physical",
                    "place": "Falun, Kompetenshuset",
                }
                for day in (0, 1)
            ],
        }
        run: dict[str, Any] = await self.cast.do(LEAD, "POST", f"{BOOKING}/courses/{course['course_id']}/runs", body)
        return run

    def _morning(self, days: int) -> datetime:
        """Return eight in the morning, UTC, on a Tuesday some days ahead."""
        day = self.clock.now() + timedelta(days=days)
        day += timedelta(days=(1 - day.weekday()) % 7)
        return day.replace(hour=8, minute=0, second=0, microsecond=0)

    async def _compete(self, step: StepReport) -> None:
        order = {"run_id": self.known["run"]["run_id"], "seats": _COMPETING, "participants": []}
        problem = await self.cast.refused(COMPANIES[1], "POST", f"{self._own(1)}/bookings", order, code="seats_full")
        step.seen.append(f"refused: {problem['detail']}")
        run = await self.cast.get(COMPANIES[1], f"{BOOKING}/runs/{self.known['run']['run_id']}")
        if (run["taken_seats"], run["free_seats"]) != (_BOOKED, _CAPACITY - _BOOKED):
            raise StoryError(f"the run should have {_BOOKED} seats taken: {run['taken_seats']}")

    async def _ask(self, step: StepReport) -> None:
        wish = {
            "title": f"Robotprogrammering {self.tag}",
            "description": "Sex operatörer ska kunna programmera och felsöka den nya robotcellen.",
            "persons": _BOOKED,
            "minutes": 1440,
            "mode": "physical",
            "municipality": "2080",
            "need_id": self.known["Robotprogrammering"]["need_id"],
        }
        request = await self.cast.do(COMPANIES[0], "POST", f"{self._own()}/training-requests", wish)
        path = f"{BOOKING}/training-requests/{request['request_id']}/submit"
        self.known["request"] = await self.cast.do(COMPANIES[0], "POST", path)
        contact = self.known["companies"][0]["email"]
        await self._told(step, Expected("email", contact, request["reference"], "request_received"))

    # --- the officer

    async def _open_case(self, step: StepReport) -> None:
        request_id = self.known["request"]["request_id"]
        inbox = f"{PROCUREMENT}/buyers/{self._buyer['buyer_id']}/requests"

        async def waiting() -> list[Any]:
            found = await self.cast.get(OFFICER, inbox, limit="200")
            return [each for each in found["items"] if each["request_id"] == request_id]

        await self._until("the request in the officer's inbox", waiting)
        path = f"{PROCUREMENT}/buyers/{self._buyer['buyer_id']}/cases"
        opened = {"title": f"Robotprogrammering {self.tag}", "request_ids": [request_id]}
        case = await self.cast.do(OFFICER, "POST", path, opened)
        taken_at = self.cast.sent[-1].at
        self.known["case"] = case
        for officer in (OFFICER, OPENER):
            declared = {"conflict": False, "statement": "Inga bindningar till leverantörer på området."}
            await self.cast.do(officer, "POST", f"{PROCUREMENT}/cases/{case['case_id']}/declarations", declared)
        await self._take_advice(step, case)
        await self._told(
            step,
            Expected("email", self.known["companies"][0]["email"], case["registration_number"], "request_in_case"),
            since=taken_at,
        )

    async def _take_advice(self, step: StepReport, case: dict[str, Any]) -> None:
        lot = {
            "title": f"Robotprogrammering {self.tag}",
            "cpv": "79632000-3",
            "value_ore": 24_000_000,
            "value_basis": "Sex personer i tre dagar, med option på en grupp till.",
            "outside_statement": "Inga andra köp av samma slag är planerade utanför projektet.",
            "pooled": False,
            "not_pooled_reason": "Utbildning på en särskild robotcell; inget annat behov liknar det.",
        }
        lot = await self.cast.do(OFFICER, "POST", f"{PROCUREMENT}/cases/{case['case_id']}/lots", lot)
        self.known["lot"] = lot
        advice = (await self.cast.get(OFFICER, f"{PROCUREMENT}/lots/{lot['lot_id']}/advice"))["advice"]
        for outcome in (advice["general"], advice["annex2"]):
            side = "in bilaga 2" if outcome["annex2"] else "not in bilaga 2"
            limit = "limit unconfirmed" if outcome["limit_ore"] is None else f"limit {outcome['limit_ore'] // 100} kr"
            step.seen.append(f"advice, {side}: direct purchase {outcome['direct_purchase']}; {limit}")
        choice = {
            "annex2": False,
            "route": "direct_purchase",
            "reason": "Huvudföremålet är en teknisk personalutbildning.",
        }
        await self.cast.do(OFFICER, "POST", f"{PROCUREMENT}/lots/{lot['lot_id']}/advice", choice)

    async def _invite(self, step: StepReport) -> None:
        openers = [
            (await self.cast.get(officer, f"{BOOKING}/me"))["person"]["person_id"] for officer in (OFFICER, OPENER)
        ]
        plan = {
            "title": f"Robotprogrammering {self.tag}",
            "description": "Tre dagars utbildning på plats i Falun för sex operatörer.",
            "deadline": (self.clock.now() + timedelta(seconds=BID_SECONDS)).isoformat(),
            "criteria": [
                {"name": "Pris", "description": "Lägsta pris ger full poäng.", "kind": "price", "weight": 40},
                {"name": "Upplägg", "description": "Övning på egen cell.", "kind": "quality", "weight": 60},
            ],
            "opener_ids": openers,
        }
        path = f"{PROCUREMENT}/lots/{self.known['lot']['lot_id']}/procedures"
        procedure = await self.cast.do(OFFICER, "POST", path, plan)
        self.known["procedure"] = procedure
        suppliers = await self._suppliers()
        invited = {"supplier_ids": [supplier["supplier_id"] for supplier in suppliers]}
        await self.cast.do(OFFICER, "POST", f"{self._procedure}/invitations", invited)
        step.seen.append(
            f"asked: {', '.join(supplier['name'] for supplier in suppliers)}; bids until {procedure['deadline']}"
        )
        number = self.known["case"]["registration_number"]
        await self._told(step, *(Expected("email", each["email"], number, "invitation_to_bid") for each in suppliers))

    @property
    def _procedure(self) -> str:
        return f"{PROCUREMENT}/procedures/{self.known['procedure']['procedure_id']}"

    async def _suppliers(self) -> list[dict[str, Any]]:
        ready_made = load_ready_made()
        numbers = [ready_made.people[person].supplier for person in SUPPLIERS]
        path = f"{PROCUREMENT}/buyers/{self._buyer['buyer_id']}/suppliers"
        found = {
            each["organisation_number"]: each for each in (await self.cast.get(OFFICER, path, limit="200"))["items"]
        }
        self.known["suppliers"] = [found[number] for number in numbers]
        return list(self.known["suppliers"])

    # --- the suppliers, and what nobody may know of them

    async def _bid(self, step: StepReport) -> None:
        quality = next(each for each in self.known["procedure"]["criteria"] if each["kind"] == "quality")
        procedure_id = self.known["procedure"]["procedure_id"]
        for person, supplier, price in zip(SUPPLIERS, self.known["suppliers"], PRICES_ORE, strict=True):
            own = f"{PROCUREMENT}/suppliers/{supplier['supplier_id']}/procedures/{procedure_id}"
            bid = {
                "price_ore": price,
                "description": "Tre dagar på er egen cell, med uppföljning efter en månad.",
                "answers": [{"criterion_id": quality["criterion_id"], "text": "Övningarna görs på er cell."}],
                "valid_until": (legal_day(self.clock.now()) + timedelta(days=90)).isoformat(),
            }
            receipt = await self.cast.do(person, "PUT", f"{own}/bid", bid)
            step.seen.append(f"receipt {receipt['receipt'][:16]}…")
        problem = await self.cast.refused(OFFICER, "POST", f"{self._procedure}/opening", code="deadline_ahead")
        step.seen.append(f"refused: {problem['detail']}")
        try:
            await self.cast.get(OFFICER, f"{self._procedure}/bids")
        except StoryError as refusal:
            if "bids_sealed" not in str(refusal):
                raise
        else:
            raise StoryError("bids could be read before the opening")

    async def _open_bids(self, step: StepReport) -> None:
        deadline = datetime.fromisoformat(self.known["procedure"]["deadline"])
        await asyncio.sleep(max(0.0, (deadline - self.clock.now()).total_seconds()) + 0.1)
        for officer in (OFFICER, OPENER):
            await self.cast.do(officer, "POST", f"{self._procedure}/opening")
        opened = await self.cast.get(OFFICER, f"{self._procedure}/bids")
        self.known["bids"] = opened["bids"]
        if len(opened["bids"]) != len(SUPPLIERS):
            raise StoryError(f"{len(SUPPLIERS)} bids should be opened, not {len(opened['bids'])}")
        step.seen += [f"{bid['supplier_name']}: {bid['price_ore'] // 100} kr" for bid in opened["bids"]]

    async def _score(self, step: StepReport) -> None:
        quality = next(each for each in self.known["procedure"]["criteria"] if each["kind"] == "quality")
        points = {each["supplier_id"]: given for each, given in zip(self.known["suppliers"], POINTS, strict=True)}
        for bid in self.known["bids"]:
            given = points[bid["supplier_id"]]
            score = {"criterion_id": quality["criterion_id"], "points": given, "reason": "Övningarnas omfattning."}
            await self.cast.do(OFFICER, "PUT", f"{PROCUREMENT}/bids/{bid['bid_id']}/scores", {"scores": [score]})
        ranked = (await self.cast.get(OFFICER, f"{self._procedure}/bids"))["bids"]
        self.known["bids"] = ranked
        step.seen += [f"{bid['rank']}. {bid['supplier_name']}, {bid['total']} points" for bid in ranked]

    async def _award(self, step: StepReport) -> None:
        declared = {"conflict": False, "statement": "Inga bindningar."}
        path = f"{PROCUREMENT}/cases/{self.known['case']['case_id']}/declarations"
        await self.cast.do(DELEGATE, "POST", path, declared)
        decided = {"reasons": "Bäst förhållande mellan pris och kvalitet enligt de angivna kriterierna."}
        await self.cast.do(DELEGATE, "POST", f"{self._procedure}/award", decided)
        winner = self.known["bids"][0]["supplier_id"]
        number = self.known["case"]["registration_number"]
        await self._told(
            step,
            *(
                Expected("email", each["email"], number, "award" if each["supplier_id"] == winner else "non_award")
                for each in self.known["suppliers"]
            ),
        )

    async def _contract(self, step: StepReport) -> None:
        winner = self.known["bids"][0]
        today = legal_day(self.clock.now())
        draft = {
            "starts_on": today.isoformat(),
            "ends_on": (today + timedelta(days=180)).isoformat(),
            "lines": [
                {
                    "title": f"Robotprogrammering {self.tag}",
                    "description": "Tre dagar på plats i Falun.",
                    "mode": "physical",
                    "seats": _BOOKED,
                    "price_ore": winner["price_ore"],
                }
            ],
        }
        contract = await self.cast.do(OFFICER, "POST", f"{self._procedure}/contract", draft)
        signed = await self.cast.do(OFFICER, "POST", f"{PROCUREMENT}/contracts/{contract['contract_id']}/sign")
        self.known["contract"] = signed
        note = await self.cast.get(OFFICER, f"{self._procedure}/file-note")
        required = "required" if note["required"] else "not required"
        step.seen.append(f"{signed['reference']}, {signed['value_ore'] // 100} kr; file note (19 a:11) {required}")
        supplier = next(each for each in self.known["suppliers"] if each["supplier_id"] == winner["supplier_id"])
        await self._told(
            step,
            Expected("email", supplier["email"], signed["reference"], "contract_signed"),
            Expected(
                "email", self.known["companies"][0]["email"], self.known["request"]["title"], "request_contracted"
            ),
        )

    async def _order(self, step: StepReport) -> None:
        starts = self._morning(45)
        meetings = [
            {
                "starts_at": (starts + timedelta(days=day)).isoformat(),
                "ends_at": (starts + timedelta(days=day, hours=8)).isoformat(),
                "mode": "physical",
                "place": "Falun, robotcellen",
            }
            for day in range(3)
        ]
        contract, request_id = self.known["contract"], self.known["request"]["request_id"]
        order = {
            "line_id": contract["lines"][0]["line_id"],
            "meetings": meetings,
            "requests": [{"request_id": request_id, "seats": _BOOKED}],
        }
        await self.cast.do(OFFICER, "POST", f"{PROCUREMENT}/contracts/{contract['contract_id']}/orders", order)
        path = f"{BOOKING}/training-requests/{request_id}"

        async def arranged() -> list[Any]:
            request = await self.cast.get(COMPANIES[0], path)
            return list(request["runs"]) if request["state"] == "arranged" else []

        (arranged_run,) = await self._until("the run of the training request", arranged)
        run = await self.cast.get(COMPANIES[0], f"{BOOKING}/runs/{arranged_run['run_id']}")
        if run["kept_seats"] != _BOOKED:
            raise StoryError(f"{_BOOKED} seats should be kept for the company, not {run['kept_seats']}")
        step.seen.append(f"run {run['reference']}, {len(run['meetings'])} meetings, {run['kept_seats']} seats kept")
        contact = self.known["companies"][0]["email"]
        await self._told(step, Expected("email", contact, run["reference"], "run_arranged"))

    async def _figures(self, step: StepReport) -> None:
        minutes = sum(_minutes(meeting) for meeting in self.known["run"]["meetings"])
        grown = Figures(
            persons=_NAMED,
            employers=len(COMPANIES),
            booked_minutes=minutes * _BOOKED,
            seats=_BOOKED,
            named=_NAMED,
            contracted_ore=self.known["contract"]["value_ore"],
        )
        expected = self.known["figures"] + grown

        async def agree() -> Figures | None:
            figures = await read_figures(self.cast, LEAD, self._project)
            return figures if figures == expected else None

        try:
            await self._until("the figures", agree)
        except StoryError:
            expect_figures(await read_figures(self.cast, LEAD, self._project), expected)
        step.seen += expected.lines(grown)


def _minutes(meeting: dict[str, Any]) -> int:
    length = datetime.fromisoformat(meeting["ends_at"]) - datetime.fromisoformat(meeting["starts_at"])
    return int(length.total_seconds() // 60)
