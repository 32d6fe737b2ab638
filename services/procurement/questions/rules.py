"""Until when suppliers may ask about a procedure, and until when an answer is of use. Nothing tells who asks."""

from datetime import datetime
from typing import Final

from services.procurement.procedures.rules import Phase
from shared.kernel.errors import Refused
from shared.kernel.texts import N_

MOST_WAITING: Final = 20
"""How many questions of one supplier may wait for an answer at a time."""


def check_may_ask(phase: Phase, *, until: datetime, waiting: int, now: datetime) -> None:
    """Raise Refused unless bids are taken, the time for questions runs, and not too many of one's own wait."""
    if phase is not Phase.OPEN_FOR_BIDS or now >= until:
        raise Refused(
            N_("Questions are taken until {until} at the latest, and while bids are taken."),
            code="questions_closed",
            until=until,
        )
    if waiting >= MOST_WAITING:
        raise Refused(
            N_("{waiting} of your questions wait for an answer. Wait for some of them before you ask more."),
            code="questions_waiting",
            waiting=waiting,
        )


def check_may_answer(phase: Phase, *, deadline: datetime) -> None:
    """Raise Refused unless those who are invited can still make use of the answer."""
    if phase is not Phase.OPEN_FOR_BIDS:
        raise Refused(
            N_("Questions are answered while bids are taken; the deadline was {deadline}."),
            code="answers_closed",
            deadline=deadline,
        )
