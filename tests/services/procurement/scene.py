"""A buyer with its people, suppliers and a procedure in any phase that a test needs, made by the product's commands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.advice.rules import Route
from services.procurement.awards.commands import decide_award
from services.procurement.awards.tables import Award
from services.procurement.base import Keys
from services.procurement.bids.commands import Offer, Receipt, submit_bid
from services.procurement.bids.opening import GivenScore, confirm_opening, score_bid
from services.procurement.bids.sealing import CriterionAnswer
from services.procurement.bids.tables import Bid
from services.procurement.buyers.commands import BuyerInput, load_buyer
from services.procurement.buyers.rules import BuyerKind, Policy
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.commands import declare, open_case, receive_request
from services.procurement.cases.lot_commands import LotPlan, Stated, add_lot, choose_route
from services.procurement.cases.tables import Case, Lot, TrainingRequest
from services.procurement.contracts.commands import ContractPlan, LinePlan, draft_contract
from services.procurement.contracts.rules import MeetingMode
from services.procurement.contracts.tables import Contract
from services.procurement.copies import PersonAccountCopy, PersonCopy, ProjectCopy
from services.procurement.procedures.commands import ProcedurePlan, invite, plan_procedure
from services.procurement.procedures.queries import criteria_of
from services.procurement.procedures.rules import CriterionKind, CriterionPlan
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.commands import SupplierInput, register_supplier
from services.procurement.suppliers.tables import Supplier
from shared.contracts.booking import TrainingRequestSubmitted
from shared.contracts.facts import Fact, Recipient
from shared.contracts.registry import message_class
from shared.kernel.clock import FixedClock
from shared.kernel.grants import Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.messaging.tables import outbox
from tests.support.web import ISSUER_ALIAS

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, ten o'clock in Sweden
NUMBERS = ("556900-3303", "556900-4400", "556900-5506")
KEYS = Keys.derive(b"0" * 32)
CRITERIA = (
    CriterionPlan("Price", "The lowest gets the most points", CriterionKind.PRICE, 40),
    CriterionPlan("Teaching", "How the training is given", CriterionKind.QUALITY, 60),
)


@dataclass
class Scene:
    """What is there, and how to get further. `keys` must be the app's where one runs on the same database."""

    session: AsyncSession
    keys: Keys = KEYS
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    project_id: UUID = field(default_factory=new_id)
    number: str = "212000-9903"

    async def begin(
        self,
        *,
        policy: Policy | None = None,
        kind: BuyerKind = BuyerKind.MUNICIPALITY_OR_REGION,
        prefix: str = "",
    ) -> None:
        """Load the buyer, and give it an officer, a second opener and a delegate, who sign in by these words."""
        given = BuyerInput(
            name="Dalabygden",
            organisation_number=self.number,
            kind=kind,
            series="DK",
            policy=policy or Policy(),
        )
        self.buyer: Buyer = await load_buyer(self.session, self.clock, given)
        self.session.add(
            ProjectCopy(
                project_id=self.project_id,
                code="project",
                name="Lyftet",
                demonstration=True,
                starts_on=date(2026, 1, 1),
                ends_on=date(2027, 12, 31),
                buyer_ids=[self.buyer.id],
            )
        )
        grant = {"buyer_id": str(self.buyer.id), "project_id": str(self.project_id)}
        officer = {"role": Role.PROCUREMENT_OFFICER.value, **grant}
        self.officer = await self.person(f"{prefix}officer", officer)
        self.opener = await self.person(f"{prefix}opener", officer)
        self.delegate = await self.person(f"{prefix}delegate", {"role": Role.AWARD_DELEGATE.value, **grant})

    async def person(self, sub: str, *grants: dict[str, str], issuer: str = ISSUER_ALIAS) -> UUID:
        """Add the copy of a person who signs in as `sub`."""
        person_id = new_id()
        self.session.add(PersonCopy(person_id=person_id, protected=False, name=sub.title(), grants=list(grants)))
        await self.session.merge(PersonAccountCopy(issuer=issuer, subject=sub, person_id=person_id))
        await self.session.flush()
        return person_id

    async def supplier(self, number: str = NUMBERS[0], sub: str = "supplier") -> Supplier:
        """Register a supplier."""
        given = SupplierInput(name=f"Utbildning {sub}", organisation_number=number, email="anbud@example.test")
        subject = Subject(ISSUER_ALIAS, sub)
        return await register_supplier(self.session, self.clock, self.keys, given, subject=subject)

    async def suppliers(self) -> list[Supplier]:
        """Register three suppliers, who sign in as supplier.0 to supplier.2."""
        return [await self.supplier(number, f"supplier.{place}") for place, number in enumerate(NUMBERS)]

    def submitted(self, **changes: Any) -> TrainingRequestSubmitted:  # noqa: ANN401 - any field of the fact
        """Return the fact that an employer asks for training of this buyer."""
        given = {
            "request_id": new_id(),
            "reference": "U-7K3M9X",
            "project_id": self.project_id,
            "employer_id": new_id(),
            "buyer_id": self.buyer.id,
            "title": "Svetsning",
            "description": "Grundkurs",
            "persons": 6,
            "minutes": 960,
            "wished_from": None,
            "wished_to": None,
            "wished_time": "evenings",
            "mode": "physical",
            "municipality": "2080",
            "language": "sv",
            "recipients": (Recipient(kind="person", id=new_id(), part="contact"),),
        }
        return TrainingRequestSubmitted.model_validate({**given, **changes})

    async def request(self, **changes: Any) -> TrainingRequest:  # noqa: ANN401 - any field of the fact
        """Put a request into the buyer's inbox."""
        request = await receive_request(self.session, self.clock, self.submitted(**changes))
        await self.session.flush()
        return request

    async def case(self, *requests: TrainingRequest) -> Case:
        """Open a case in which officer, opener and delegate have declared that they have no conflict of interest."""
        case = await open_case(
            self.session,
            self.clock,
            self.buyer.id,
            project_id=self.project_id,
            title="Svetsutbildning",
            request_ids=[request.id for request in requests],
            by=self.officer,
        )
        for person in (self.officer, self.opener, self.delegate):
            await declare(self.session, self.clock, case.id, conflict=False, statement=None, by=person)
        await self.session.flush()
        return case

    async def lot(self, case: Case, *, value_ore: int = 40_000_000, **changes: Any) -> Lot:  # noqa: ANN401 - any field of it
        """Add a lot of welding training."""
        given = {
            "title": "Svetsning",
            "cpv": "80511000-9",
            "value_ore": value_ore,
            "value_basis": "Whole need",
            "outside_ore": 0,
            "outside_statement": "None",
            "pooled": True,
            "not_pooled_reason": None,
        }
        lot = await add_lot(self.session, self.clock, case.id, LotPlan(**{**given, **changes}), by=self.officer)
        await self.session.flush()
        return lot

    async def choose_direct(self, lot: Lot) -> None:
        """Choose a direct purchase of the lot as one that is not in bilaga 2."""
        await choose_route(
            self.session,
            self.clock,
            lot.id,
            stated=Stated(),
            annex2=False,
            route=Route.DIRECT_PURCHASE,
            reason="Below the general limit",
            by=self.officer,
        )
        await self.session.flush()

    def plan(self, **changes: Any) -> ProcedurePlan:  # noqa: ANN401 - any field of the plan
        """Return the plan of a procedure with a day for bidding."""
        given = {
            "title": "Svetsutbildning 2027",
            "description": "Two days of welding",
            "deadline": self.clock.now() + timedelta(days=1),
            "criteria": CRITERIA,
            "opener_ids": (self.officer, self.opener),
        }
        return ProcedurePlan(**{**given, **changes})

    async def invited(
        self,
        suppliers: Sequence[Supplier],
        *requests: TrainingRequest,
        **changes: Any,  # noqa: ANN401 - any field of it
    ) -> Procedure:
        """Bring a procedure to where these suppliers are invited."""
        lot = await self.lot(await self.case(*requests))
        await self.choose_direct(lot)
        return await self.invited_in(lot, suppliers, **changes)

    async def invited_in(
        self,
        lot: Lot,
        suppliers: Sequence[Supplier],
        **changes: Any,  # noqa: ANN401 - any field of the plan
    ) -> Procedure:
        """Plan a procedure for a lot whose route is chosen, and invite the suppliers, if any."""
        procedure = await plan_procedure(
            self.session, self.clock, self.keys, lot.id, self.plan(**changes), by=self.officer
        )
        if suppliers:
            ids = [supplier.id for supplier in suppliers]
            await invite(self.session, self.clock, procedure.id, ids, by=self.officer)
        await self.session.flush()
        return procedure

    async def offer(self, procedure: Procedure, price_ore: int = 10_000_000) -> Offer:
        """Return an offer that answers the criterion on teaching."""
        criteria = await criteria_of(self.session, procedure.id)
        return Offer(
            price_ore=price_ore,
            vat_rate=Decimal(25),
            description="We train welders",
            answers=(CriterionAnswer(criterion_id=criteria[1].id, text="In a workshop"),),
            valid_until=date(2027, 6, 30),
        )

    async def bid(self, procedure: Procedure, supplier: Supplier, price_ore: int = 10_000_000) -> Receipt:
        """Submit a bid."""
        offer = await self.offer(procedure, price_ore)
        return await submit_bid(self.session, self.clock, self.keys, procedure.id, supplier.id, offer)

    async def open(self, procedure: Procedure) -> list[Bid]:
        """Pass the deadline, and let both open; return the bids, cheapest first."""
        self.clock.advance(procedure.deadline - self.clock.now() + timedelta(minutes=1))
        for person in (self.officer, self.opener):
            await confirm_opening(self.session, self.clock, self.keys, procedure.id, by=person)
        found = select(Bid).where(col(Bid.procedure_id) == procedure.id).order_by(col(Bid.price_ore), col(Bid.id))
        return list((await self.session.exec(found)).all())

    async def score(self, bid: Bid, points: str = "8", *, disqualified: str | None = None) -> None:
        """Score a bid on teaching, or disqualify it."""
        criteria = await criteria_of(self.session, bid.procedure_id)
        given = [GivenScore(criteria[1].id, Decimal(points), "As described")]
        await score_bid(self.session, self.clock, bid.id, given, disqualified_reason=disqualified, by=self.officer)

    async def award(self, procedure: Procedure, winner: Bid | None = None) -> Award:
        """Let the delegate decide."""
        award = await decide_award(
            self.session,
            self.clock,
            procedure.id,
            reasons="Best teaching for the price",
            winner_bid_id=winner.id if winner else None,
            by=self.delegate,
        )
        await self.session.flush()
        return award

    async def contract(self, procedure: Procedure, price_ore: int = 10_000_000) -> Contract:
        """Draft a contract with one line of ten seats."""
        line = LinePlan("Svetsning", "Two days", "sv", MeetingMode.PHYSICAL, 10, price_ore)
        plan = ContractPlan(None, None, None, date(2027, 1, 1), date(2027, 12, 31), (line,))
        return await draft_contract(self.session, self.clock, procedure.id, plan, by=self.officer)

    async def told(self) -> list[Fact]:
        """Return the facts recorded so far, in their order."""
        statement = core_select(outbox.c.type, outbox.c.payload).order_by(outbox.c.id)
        rows = (await (await self.session.connection()).execute(statement)).all()
        facts = []
        for name, payload in rows:
            kind = message_class(name)
            if kind is not None and issubclass(kind, Fact):
                facts.append(kind.model_validate_json(payload))
        return facts
