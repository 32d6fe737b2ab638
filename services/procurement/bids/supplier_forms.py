"""A bid as it is typed: one field for each criterion that officers judge, so the form is made for the procedure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, create_model

from services.procurement.bids.commands import Offer
from services.procurement.bids.sealing import CriterionAnswer
from services.procurement.procedures.queries import CriterionView
from services.procurement.procedures.rules import CriterionKind
from shared.web.bodies import Body, LongText, Paragraph
from shared.web.pages.typed import Kronor

VAT_RATES: Final = ("25", "12", "6", "0")


class BidForm(Body):
    """What every bid says. The price is typed in kronor, without VAT."""

    price: Kronor
    vat_rate: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
    valid_until: date
    description: LongText

    def as_offer(self, criteria: Sequence[CriterionView]) -> Offer:
        """The same as a command takes it."""
        typed = {criterion.criterion_id: getattr(self, answer_field(criterion)) for criterion in judged(criteria)}
        return Offer(
            price_ore=self.price,
            vat_rate=self.vat_rate,
            description=self.description,
            answers=tuple(CriterionAnswer(criterion_id=key, text=text) for key, text in typed.items() if text),
            valid_until=self.valid_until,
        )


def judged(criteria: Sequence[CriterionView]) -> list[CriterionView]:
    """Return the criteria that a supplier says something on; the price is a field of its own."""
    return [criterion for criterion in criteria if criterion.kind is CriterionKind.QUALITY]


def answer_field(criterion: CriterionView) -> str:
    """Return the name of the field in which a criterion is answered."""
    return f"answer_{criterion.position}"


def form_for(criteria: Sequence[CriterionView]) -> type[BidForm]:
    """Return the form of a procedure."""
    answers = {answer_field(criterion): (Paragraph | None, None) for criterion in judged(criteria)}
    return create_model("BidForm", __base__=BidForm, **answers)  # type: ignore[call-overload, no-any-return]  # pydantic's types know no made-up fields
