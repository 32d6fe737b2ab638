"""What is to be done next in a case, and by whom: pure, from how things stand. Nothing of bids is known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.procurement.advice.rules import Route
from services.procurement.procedures.rules import Phase
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text


@dataclass(frozen=True, slots=True)
class Standing:
    """How the purchase of one lot stands."""

    lot_id: UUID
    title: str
    route: Route | None = None
    procedure_id: UUID | None = None
    phase: Phase | None = None
    deadline: datetime | None = None
    may_open: bool = False
    questions_waiting: int = 0
    standstill_until: date | None = None
    contract_id: UUID | None = None
    is_draft: bool = False
    line_to_order: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the case: what she may do in it, and whether she has declared."""

    roles: frozenset[Role]
    declared: bool
    conflict: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do, or to wait for where there is no address."""

    text: Text
    note: Text | None = None
    address: str | None = None
    label: str | None = None


_WAITS_FOR_OFFICER = N_("It is the procurement officer's to do.")
_WAITS_FOR_DELEGATE = N_("It is the award delegate's to do, once the bids are compared.")


def next_steps(
    case_id: UUID, *, is_open: bool, lots: Sequence[Standing], reader: Reader, today: date
) -> list[NextStep]:
    """Return what is to be done, the first thing first; nothing where a case is closed."""
    steps: list[NextStep] = []
    if not is_open:
        return steps
    if reader.conflict:
        steps.append(
            NextStep(
                Text(N_("You have declared a conflict of interest in this case")),
                Text(N_("Somebody else works with it.")),
            )
        )
        return steps
    if not reader.declared:
        steps.append(
            NextStep(
                Text(N_("Declare whether you have a conflict of interest")),
                Text(N_("Whoever works with the case declares first; then you are one of its officers.")),
                f"/procurement/cases/{case_id}/declaration",
                N_("Declare"),
            )
        )
        return steps
    if not lots:
        steps.append(
            _for_officer(
                reader,
                NextStep(
                    Text(N_("Say what is to be bought")),
                    Text(N_("What, its CPV code and the value of the whole need: the advice rests on them.")),
                    f"/procurement/cases/{case_id}/lots/new",
                    N_("Add what is to be bought"),
                ),
            )
        )
    for lot in lots:
        step = _of_lot(lot, reader, today=today)
        if step is not None:
            steps.append(step)
    return sorted(steps, key=lambda step: step.address is None)


def _of_lot(lot: Standing, reader: Reader, *, today: date) -> NextStep | None:
    if lot.route is None:
        step = NextStep(
            Text(N_("Take advice on “{title}”"), {"title": lot.title}),
            Text(N_("Both answers to the CPV question are shown; you choose, with your reason.")),
            f"/procurement/lots/{lot.lot_id}",
            N_("Take advice"),
        )
        return _for_officer(reader, step)
    if lot.route is not Route.DIRECT_PURCHASE:
        return NextStep(
            Text(N_("“{title}” is bought outside this system"), {"title": lot.title}),
            Text(N_("Only a direct purchase is carried out here. The choice and its reason are kept in the file.")),
        )
    if lot.procedure_id is None or lot.phase is None:
        step = NextStep(
            Text(N_("Plan the purchase of “{title}”"), {"title": lot.title}),
            Text(N_("What is asked for, criteria, deadline, and who opens the bids.")),
            f"/procurement/lots/{lot.lot_id}/procedures/new",
            N_("Plan the direct purchase"),
        )
        return _for_officer(reader, step)
    return _of_procedure(lot, lot.procedure_id, lot.phase, reader, today)


def _of_procedure(  # noqa: PLR0911 - one answer for each phase
    lot: Standing, procedure_id: UUID, phase: Phase, reader: Reader, today: date
) -> NextStep | None:
    below = f"/procurement/procedures/{procedure_id}"
    named = {"title": lot.title}
    match phase:
        case Phase.DRAFT:
            step = NextStep(
                Text(N_("Invite suppliers to bid on “{title}”"), named),
                Text(N_("Each is told alone, and learns not who else is asked.")),
                f"{below}/invitations",
                N_("Invite suppliers"),
            )
            return _for_officer(reader, step)
        case Phase.OPEN_FOR_BIDS if lot.questions_waiting:
            step = NextStep(
                Text(N_("Answer the questions about “{title}”"), named),
                Text(N_("{count} wait for an answer; all who are invited read it."), {"count": lot.questions_waiting}),
                f"{below}/questions",
                N_("To the questions"),
            )
            return _for_officer(reader, step)
        case Phase.OPEN_FOR_BIDS:
            return NextStep(
                Text(N_("“{title}” is open for bids until {deadline}"), {**named, "deadline": lot.deadline}),
                Text(N_("Until then nobody sees whether anybody has bid.")),
            )
        case Phase.CLOSED_FOR_BIDS:
            return _opening(lot, below)
        case Phase.EVALUATION:
            return _comparing(lot, below, reader)
        case Phase.AWARDED:
            return _for_officer(reader, _contracting(lot, below, today))
        case Phase.CONTRACTED if lot.line_to_order is not None:
            step = NextStep(
                Text(N_("Order the training of “{title}”"), named),
                Text(N_("The order becomes a course run with seats kept for those who asked.")),
                f"/procurement/contracts/{lot.contract_id}/lines/{lot.line_to_order}/order",
                N_("Order"),
            )
            return _for_officer(reader, step)
        case _:
            return None


def _opening(lot: Standing, below: str) -> NextStep:
    named = {"title": lot.title}
    if lot.may_open:
        return NextStep(
            Text(N_("Open the bids on “{title}”"), named),
            Text(N_("The deadline has passed. You are appointed to open.")),
            f"{below}/opening",
            N_("Open the bids"),
        )
    return NextStep(
        Text(N_("The bids on “{title}” are to be opened"), named),
        Text(N_("It waits for those who are appointed to open.")),
    )


def _comparing(lot: Standing, below: str, reader: Reader) -> NextStep:
    named = {"title": lot.title}
    if Role.AWARD_DELEGATE in reader.roles:
        return NextStep(
            Text(N_("Decide the award of “{title}”"), named),
            Text(N_("See how the bids compare, and decide with reasons.")),
            f"{below}/bids",
            N_("See the comparison"),
        )
    return NextStep(
        Text(N_("Compare the bids on “{title}”"), named),
        Text(_WAITS_FOR_DELEGATE),
        f"{below}/bids",
        N_("Compare the bids"),
    )


def _contracting(lot: Standing, below: str, today: date) -> NextStep:
    named = {"title": lot.title}
    if lot.contract_id is None:
        return NextStep(
            Text(N_("Draft the contract for “{title}”"), named),
            Text(N_("With the supplier that the award names.")),
            f"{below}/contract",
            N_("Draft the contract"),
        )
    if lot.standstill_until is not None and today <= lot.standstill_until:
        return NextStep(
            Text(
                N_("The standstill for “{title}” runs to the end of {until}"), {**named, "until": lot.standstill_until}
            ),
            Text(N_("The contract may be signed the day after.")),
        )
    return NextStep(
        Text(N_("Sign the contract for “{title}”"), named),
        Text(N_("When both have signed, note it here: supplier and employers are told.")),
        f"/procurement/contracts/{lot.contract_id}/sign",
        N_("Note that it is signed"),
    )


def _for_officer(reader: Reader, step: NextStep) -> NextStep:
    """Return the step as it is for an officer; for a delegate without a way to do it."""
    if Role.PROCUREMENT_OFFICER in reader.roles:
        return step
    return NextStep(step.text, Text(_WAITS_FOR_OFFICER))


class Stage(StrEnum):
    """The stages of a purchase, as a case's page shows how far it has come."""

    ADVICE = "advice"
    INVITATION = "invitation"
    BIDS = "bids"
    COMPARISON = "comparison"
    AWARD = "award"
    CONTRACT = "contract"
    ORDER = "order"


STAGE_NAMES = {
    Stage.ADVICE: N_("Advice and route"),
    Stage.INVITATION: N_("Invitation"),
    Stage.BIDS: N_("Bidding"),
    Stage.COMPARISON: N_("Opening and comparison"),
    Stage.AWARD: N_("Award"),
    Stage.CONTRACT: N_("Contract"),
    Stage.ORDER: N_("Ordering"),
}
_AT = {
    Phase.DRAFT: Stage.INVITATION,
    Phase.OPEN_FOR_BIDS: Stage.BIDS,
    Phase.CLOSED_FOR_BIDS: Stage.COMPARISON,
    Phase.EVALUATION: Stage.COMPARISON,
    Phase.AWARDED: Stage.CONTRACT,
    Phase.CONTRACTED: Stage.ORDER,
}


def stage_of(lot: Standing) -> Stage | None:
    """Return the stage that a lot is in; None where all of it is done."""
    if lot.route is None:
        return Stage.ADVICE
    if lot.phase is None:
        return Stage.INVITATION
    if lot.phase is Phase.CONTRACTED and lot.line_to_order is None:
        return None
    return _AT.get(lot.phase, Stage.INVITATION)


def progress_of(lot: Standing) -> list[tuple[str, str]]:
    """Return each stage's name with whether it is done, now, or to come."""
    now = stage_of(lot)
    stages = list(Stage)
    at = len(stages) if now is None else stages.index(now)
    return [
        (STAGE_NAMES[stage], "done" if place < at else "now" if place == at else "next")
        for place, stage in enumerate(stages)
    ]
