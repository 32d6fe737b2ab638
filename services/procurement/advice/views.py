"""Advice as it is recorded (messages with their fields, in no language) and as it is shown (in the reader's)."""

from collections.abc import Callable, Mapping
from typing import Any

from services.procurement.advice.rules import Advice, Answer, Outcome, Statement
from shared.kernel.money import Money
from shared.kernel.texts import Text
from shared.web.bodies import View


class StatementView(View):
    """One thing that the advice says, and where it is from."""

    text: str
    source: str


class OutcomeView(View):
    """The advice for one answer to whether the code is in bilaga 2; amounts in öre without VAT."""

    annex2: bool
    direct_purchase: Answer
    limit_ore: int | None
    limit_euro: int | None
    threshold_ore: int | None
    threshold_euro: int | None
    needs_figure: bool
    statements: list[StatementView]


class AdviceView(View):
    """Both outcomes, and what is said of the code and the value."""

    whole_ore: int
    listed_in_annex2: bool
    statements: list[StatementView]
    general: OutcomeView
    annex2: OutcomeView


def packed_advice(advice: Advice) -> dict[str, Any]:
    """Return the advice as JSON values, for the record."""
    return {
        "whole_ore": advice.whole.ore,
        "listed_in_annex2": advice.listed_in_annex2,
        "statements": [_packed_statement(statement) for statement in advice.statements],
        "general": _packed_outcome(advice.general),
        "annex2": _packed_outcome(advice.annex2),
    }


def advice_view(packed: Mapping[str, Any], translate: Callable[[Text], str]) -> AdviceView:
    """Return recorded advice in the reader's language."""

    def shown(part: Mapping[str, Any]) -> dict[str, Any]:
        statements = [
            {"text": translate(Text(each["message"], _unpacked(each["fields"]))), "source": each["source"]}
            for each in part["statements"]
        ]
        return {**part, "statements": statements}

    return AdviceView.model_validate(
        {**shown(packed), "general": shown(packed["general"]), "annex2": shown(packed["annex2"])}
    )


def _packed_outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "annex2": outcome.annex2,
        "direct_purchase": outcome.direct_purchase.value,
        "limit_ore": outcome.limit.ore if outcome.limit else None,
        "limit_euro": outcome.limit_euro,
        "threshold_ore": outcome.threshold.ore if outcome.threshold else None,
        "threshold_euro": outcome.threshold_euro,
        "needs_figure": outcome.needs_figure,
        "statements": [_packed_statement(statement) for statement in outcome.statements],
    }


def _packed_statement(statement: Statement) -> dict[str, Any]:
    fields = {
        name: {"ore": value.ore, "currency": value.currency} if isinstance(value, Money) else str(value)
        for name, value in statement.text.fields.items()
    }
    return {"message": statement.text.message, "fields": fields, "source": statement.source}


def _unpacked(fields: Mapping[str, Any]) -> dict[str, object]:
    return {name: Money(**value) if isinstance(value, dict) else value for name, value in fields.items()}
