"""Advice on how a lot may be bought (LOU 19 a kap.). Pure: the same facts and rows give the same advice.

A direct purchase is allowed when the estimated value is strictly below the limit. Whether a code belongs to bilaga 2
is often unclear, so both outcomes are shown and the officer chooses with her reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.procurement.advice.tables import Annex2Row, Figure, LimitRow
from services.procurement.buyers.rules import BuyerKind
from shared.kernel.money import Money
from shared.kernel.texts import N_, Text


class Route(StrEnum):
    """How a lot is bought. Only the direct purchase can be carried out so far."""

    DIRECT_PURCHASE = "direct_purchase"
    ANNOUNCED = "announced"
    FRAMEWORK = "framework"
    CALL_OFF = "call_off"


class Answer(StrEnum):
    """Whether a direct purchase is allowed; unknown where a figure is missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """An amount that the officer has looked up, because the row that holds today does not confirm it."""

    amount: Money
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the advice rests on.

    `value` is the buyer's whole foreseeable need without VAT, options and extensions counted. `earlier_in_group` is
    the sum of the buyer's other lots with the same CPV group; `outside` what it buys elsewhere by the officer's word.
    `stated` are amounts for figures that are not confirmed.
    """

    day: date
    buyer: BuyerKind
    cpv: str
    value: Money
    earlier_in_group: Money = field(default=Money(0))
    outside: Money = field(default=Money(0))
    pooled: bool = True
    stated_direct_annex2: StatedLimit | None = None
    stated_threshold: StatedLimit | None = None
    stated_direct: StatedLimit | None = None

    @property
    def whole(self) -> Money:
        """What the limit is compared with: alike needs are one purchase unless the officer says why not (5 kap.)."""
        return self.value + self.earlier_in_group + self.outside if self.pooled else self.value


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the advice says, and where it is from."""

    text: Text
    source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The advice for one answer to the question whether the code is in bilaga 2."""

    annex2: bool
    direct_purchase: Answer
    limit: Money | None
    limit_euro: int | None
    threshold: Money | None
    threshold_euro: int | None
    needs_figure: bool
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """Both outcomes, and what the table says of the code itself."""

    whole: Money
    listed_in_annex2: bool
    statements: tuple[Statement, ...]
    general: Outcome
    annex2: Outcome

    def outcome(self, *, annex2: bool) -> Outcome:
        """The outcome for one answer."""
        return self.annex2 if annex2 else self.general


_LOU_5 = "LOU 5 kap."
_LOU_19A = "LOU 19 a kap."


def advise(facts: Facts, limits: LimitRow | None, annex2: Annex2Row | None) -> Advice:
    """Return the advice for `facts` by the limits and the row of bilaga 2 that hold on their day."""
    return Advice(
        whole=facts.whole,
        listed_in_annex2=annex2 is not None,
        statements=(*_on_code(facts, annex2), *_on_value(facts)),
        general=_outcome(facts, limits, annex2=False),
        annex2=_outcome(facts, limits, annex2=True),
    )


def _on_code(facts: Facts, row: Annex2Row | None) -> Sequence[Statement]:
    if row is None:
        message = N_("{cpv} is not among the codes of bilaga 2 that are listed here. The buyer decides what it is.")
        return (Statement(Text(message, {"cpv": facts.cpv}), "LOU bilaga 2"),)
    message = (
        N_("{cpv} is in bilaga 2 ({name}). A mixed purchase goes by its main subject; the buyer decides.")
        if row.confirmed
        else N_("{cpv} may be in bilaga 2 ({name}), which is not confirmed here: look it up. The buyer decides.")
    )
    return (Statement(Text(message, {"cpv": facts.cpv, "name": row.name}), row.source),)


def _on_value(facts: Facts) -> Sequence[Statement]:
    if not facts.pooled:
        message = N_("By the officer's word this is not one purchase with similar ones: {value} is compared alone.")
        return (Statement(Text(message, {"value": facts.value}), _LOU_5),)
    message = N_(
        "The buyer's whole need is compared: {value} here, {earlier} in other lots of the same CPV group, {outside} "
        "outside the project; {whole} together. Splitting a purchase to get below a limit is forbidden."
    )
    fields = {
        "value": facts.value,
        "earlier": facts.earlier_in_group,
        "outside": facts.outside,
        "whole": facts.whole,
    }
    return (Statement(Text(message, fields), _LOU_5),)


def _outcome(facts: Facts, limits: LimitRow | None, *, annex2: bool) -> Outcome:
    if not facts.buyer.is_bound:
        return _principles(annex2=annex2)
    direct_name: Figure = "direct_annex2" if annex2 else "direct"
    stated = facts.stated_direct_annex2 if annex2 else facts.stated_direct
    limit, limit_source = _figure(limits, direct_name, stated)
    threshold, _ = _figure(limits, _threshold_name(facts.buyer, annex2=annex2), facts.stated_threshold)
    euro = dict(limits.euro) if limits else {}
    statements = [_on_limit(facts.whole, limit, limit_source, euro.get(direct_name))]
    if limits is not None and direct_name in limits.check_again:
        message = N_("Check this limit again before relying on it.")
        statements.append(Statement(Text(message), limits.source))
    return Outcome(
        annex2=annex2,
        direct_purchase=_answer(facts.whole, limit),
        limit=limit,
        limit_euro=euro.get(direct_name),
        threshold=threshold,
        threshold_euro=euro.get(_threshold_name(facts.buyer, annex2=annex2)),
        needs_figure=limit is None,
        statements=tuple(statements),
    )


def _principles(*, annex2: bool) -> Outcome:
    message = N_(
        "The buyer is not bound by the procurement act: there are no limits, standstill or review. Compare written "
        "offers by the principles of equal treatment, openness and proportion."
    )
    return Outcome(
        annex2=annex2,
        direct_purchase=Answer.YES,
        limit=None,
        limit_euro=None,
        threshold=None,
        threshold_euro=None,
        needs_figure=False,
        statements=(Statement(Text(message), "LOU 4:1"),),
    )


def _threshold_name(buyer: BuyerKind, *, annex2: bool) -> Figure:
    if annex2:
        return "threshold_annex2"
    return "threshold_state" if buyer is BuyerKind.STATE else "threshold"


def _figure(limits: LimitRow | None, name: Figure, stated: StatedLimit | None) -> tuple[Money | None, str]:
    """Return a confirmed figure, or what the officer states where there is none; never another row's."""
    confirmed: int | None = getattr(limits, name) if limits is not None else None
    if limits is not None and confirmed is not None:
        return Money.of_kronor(confirmed), limits.source
    if stated is not None:
        return stated.amount, stated.source
    return None, limits.source if limits is not None else _LOU_19A


def _answer(whole: Money, limit: Money | None) -> Answer:
    if limit is None:
        return Answer.UNKNOWN
    return Answer.YES if whole < limit else Answer.NO


def _on_limit(whole: Money, limit: Money | None, source: str, euro: int | None) -> Statement:
    if limit is None and euro is not None:
        message = N_(
            "The limit in SEK is not confirmed ({euro}). Look the amount up and state it with its source; an older "
            "amount does not stand in for it."
        )
        return Statement(Text(message, {"euro": Money(euro * 100, "EUR")}), source)
    if limit is None:
        message = N_("No limit is recorded for this day. Look the amount up and state it with its source.")
        return Statement(Text(message), source)
    message = (
        N_("{whole} is below the limit of {limit}: a direct purchase is allowed.")
        if whole < limit
        else N_("{whole} is not below the limit of {limit}: a direct purchase is not allowed.")
    )
    return Statement(Text(message, {"whole": whole, "limit": limit}), source)


def cpv_group(code: str) -> str:
    """Return the group (first three digits) in which a buyer's purchases are added up."""
    return code[:3]
