"""What the API shows of questions after a change and takes as answers."""

from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from services.booking.changes.queries import Asked
from services.booking.changes.rules import ConfirmationState
from services.booking.changes.tables import Confirmation
from services.booking.seats.views import MOST_SEATS
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Reason, Version, View

_NO_REASON = N_("Say why, when the booking is given up.")


class PostponeRun(Body):
    """Why the run is held later, nobody knows when yet."""

    reason: Reason
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class Saying(StrEnum):
    """What is answered."""

    CONFIRMED = "confirmed"
    GIVEN_UP = "given_up"


class AnswerChange(Body):
    """Whether the booking still holds; `confirmation_id` is the question that was seen, refused where it has passed."""

    confirmation_id: UUID
    answer: Saying
    released: list[UUID] = Field(
        default_factory=list, max_length=MOST_SEATS, description="Seats of the booking that are given back"
    )
    reason: Reason | None = Field(default=None, description="Why, where the booking is given up")

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.answer is Saying.GIVEN_UP and self.reason is None:
            raise PydanticCustomError("told", "{code}", {"code": "reason_missing", "text": Text(_NO_REASON)})
        return self


class ConfirmationView(View):
    """A question whether a booking still holds after a change of its run."""

    confirmation_id: UUID
    booking_id: UUID
    run_id: UUID
    state: ConfirmationState
    changes: list[str]
    reason: str
    seats: int
    seats_after: int | None
    asked_at: AwareDatetime
    due_at: AwareDatetime
    answered_at: AwareDatetime | None

    @classmethod
    def of(cls, row: Confirmation) -> "ConfirmationView":
        """Return the view of a row."""
        fields = {name: getattr(row, name) for name in ConfirmationView.model_fields if name != "confirmation_id"}
        return ConfirmationView.model_validate({"confirmation_id": row.id, **fields})


class AnswerView(ConfirmationView):
    """The same, for those who lead the run."""

    reference: str
    employer_name: str

    @classmethod
    def of_asked(cls, asked: Asked) -> "AnswerView":
        """Return the view of a row of the run's list."""
        row, standing, reference, employer_name = asked
        shown = ConfirmationView.of(row).model_dump() | {"state": standing}
        return cls.model_validate({**shown, "reference": reference, "employer_name": employer_name})
