"""What procurement does when booking tells of training requests."""

from services.procurement.cases.commands import receive_request, withdraw_request
from shared.contracts.booking import TrainingRequestArranged, TrainingRequestSubmitted, TrainingRequestWithdrawn
from shared.messaging.reactions import Delivery, Reactions

REACTIONS = Reactions("procurement")
REACTIONS.ignore(TrainingRequestArranged)


@REACTIONS.on(TrainingRequestSubmitted)
async def on_training_request_submitted(delivery: Delivery, fact: TrainingRequestSubmitted) -> None:
    """Put the request into its buyer's inbox."""
    await receive_request(delivery.session, delivery.clock, fact)


@REACTIONS.on(TrainingRequestWithdrawn)
async def on_training_request_withdrawn(delivery: Delivery, fact: TrainingRequestWithdrawn) -> None:
    """Mark the request as no longer asked for."""
    await withdraw_request(delivery.session, delivery.clock, fact)
