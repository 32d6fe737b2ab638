"""What booking does with what procurement and notification tell: one command for each fact.

Facts of one request come on two topics (cases, contracts), in no order between them; `requests.rules` allows for that.
"""

from services.booking.reach.commands import note_arrival, note_failure
from services.booking.reports.commands import note_contract
from services.booking.requests.arranging import run_of_contract_line
from services.booking.requests.commands import decline_request, return_request, take_into_case
from shared.contracts.notification import NotificationDelivered, NotificationFailed
from shared.contracts.procurement import (
    ContractLineOrdered,
    ContractSigned,
    TrainingRequestDeclined,
    TrainingRequestReturned,
    TrainingRequestTaken,
)
from shared.messaging.reactions import Delivery, Reactions

REACTIONS = Reactions("booking")


@REACTIONS.on(TrainingRequestTaken)
async def on_training_request_taken(delivery: Delivery, fact: TrainingRequestTaken) -> None:
    """The request is in a case."""
    await take_into_case(
        delivery.session,
        delivery.clock,
        fact.request_id,
        case_id=fact.case_id,
        registration_number=fact.registration_number,
    )


@REACTIONS.on(TrainingRequestDeclined)
async def on_training_request_declined(delivery: Delivery, fact: TrainingRequestDeclined) -> None:
    """An officer has said no."""
    await decline_request(delivery.session, delivery.clock, fact.request_id, reason=fact.reason)


@REACTIONS.on(TrainingRequestReturned)
async def on_training_request_returned(delivery: Delivery, fact: TrainingRequestReturned) -> None:
    """The case was cancelled, and the request waits again."""
    await return_request(delivery.session, delivery.clock, fact.request_id, reason=fact.reason)


@REACTIONS.on(ContractLineOrdered)
async def on_contract_line_ordered(delivery: Delivery, fact: ContractLineOrdered) -> None:
    """What was ordered becomes a run, with seats kept for those who asked."""
    await run_of_contract_line(delivery.session, delivery.clock, fact)


@REACTIONS.on(ContractSigned)
async def on_contract_signed(delivery: Delivery, fact: ContractSigned) -> None:
    """The contract's value is part of the project's figures."""
    await note_contract(
        delivery.session,
        contract_id=fact.contract_id,
        project_id=fact.project_id,
        value_ore=fact.value_ore,
        currency=fact.currency,
        signed_at=delivery.envelope.time if delivery.envelope else delivery.clock.now(),
    )


@REACTIONS.on(NotificationFailed)
async def on_notification_failed(delivery: Delivery, fact: NotificationFailed) -> None:
    """Somebody was not reached."""
    await note_failure(delivery.session, delivery.clock, fact)


@REACTIONS.on(NotificationDelivered)
async def on_notification_delivered(delivery: Delivery, fact: NotificationDelivered) -> None:
    """Somebody was reached, maybe after all."""
    await note_arrival(delivery.session, delivery.clock, fact.notification_id)
