"""The advice by the table of limits: the boundaries of each row, what is unknown, and what holds for any value."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.procurement.advice.rules import Advice, Answer, Facts, StatedLimit, advise
from services.procurement.advice.tables import annex2_row, limit_rows, limits_on
from services.procurement.advice.views import advice_view, packed_advice
from services.procurement.buyers.rules import BuyerKind
from shared.kernel.money import Money

TRAINING, NOT_LISTED = "80511000-9", "79632000-3"
MUNICIPALITY = BuyerKind.MUNICIPALITY_OR_REGION


def advice(
    day: date,
    kronor: int,
    *,
    buyer: BuyerKind = MUNICIPALITY,
    cpv: str = TRAINING,
    **others: Money | bool | StatedLimit,
) -> Advice:
    value = Money.of_kronor(kronor)
    facts = Facts(day=day, buyer=buyer, cpv=cpv, value=value, **others)  # type: ignore[arg-type]  # what a test gives
    return advise(facts, limits_on(day), annex2_row(cpv, day))


@pytest.mark.parametrize(
    ("day", "general", "annex2"),
    [
        (date(2018, 1, 1), 586_907, 586_907),
        (date(2019, 12, 31), 586_907, 586_907),
        (date(2020, 1, 1), 615_312, 615_312),
        (date(2021, 12, 31), 615_312, 615_312),
        (date(2022, 1, 1), 626_284, 626_284),
        (date(2022, 1, 31), 626_284, 626_284),
        (date(2022, 2, 1), 700_000, 7_802_550),
        (date(2023, 12, 31), 700_000, 7_802_550),
        (date(2024, 1, 1), 700_000, 8_109_450),
        (date(2025, 12, 31), 700_000, 8_109_450),
    ],
)
def test_a_direct_purchase_is_allowed_strictly_below_the_limit(day: date, general: int, annex2: int) -> None:
    for limit, is_annex2 in ((general, False), (annex2, True)):
        below, at = advice(day, limit - 1), advice(day, limit)
        assert below.outcome(annex2=is_annex2).direct_purchase is Answer.YES
        assert at.outcome(annex2=is_annex2).direct_purchase is Answer.NO
        assert at.outcome(annex2=is_annex2).limit == Money.of_kronor(limit)


def test_an_ore_below_the_limit_is_below_it() -> None:
    day = date(2026, 11, 23)
    facts = Facts(day=day, buyer=MUNICIPALITY, cpv=TRAINING, value=Money(69_999_999))
    assert advise(facts, limits_on(day), None).general.direct_purchase is Answer.YES


@pytest.mark.parametrize(
    ("day", "buyer", "threshold", "annex2"),
    [
        (date(2019, 5, 1), MUNICIPALITY, 2_096_097, 7_113_450),
        (date(2020, 5, 1), MUNICIPALITY, 2_197_545, 7_701_675),
        (date(2022, 1, 15), MUNICIPALITY, 2_236_731, 7_802_550),
        (date(2023, 5, 1), MUNICIPALITY, 2_236_731, 7_802_550),
        (date(2025, 5, 1), MUNICIPALITY, 2_389_585, 8_109_450),
        (date(2025, 5, 1), BuyerKind.PUBLICLY_GOVERNED, 2_389_585, 8_109_450),
        (date(2025, 5, 1), BuyerKind.STATE, 1_546_202, 8_109_450),
        (date(2023, 5, 1), BuyerKind.STATE, None, 7_802_550),
        (date(2026, 5, 1), MUNICIPALITY, None, None),
    ],
)
def test_the_threshold_is_that_of_the_day_and_the_kind_of_buyer(
    day: date, buyer: BuyerKind, threshold: int | None, annex2: int | None
) -> None:
    given_advice = advice(day, 100_000, buyer=buyer)
    for outcome, kronor in ((given_advice.general, threshold), (given_advice.annex2, annex2)):
        assert outcome.threshold == (None if kronor is None else Money.of_kronor(kronor))


def test_an_unconfirmed_limit_shows_euro_and_never_the_older_amount() -> None:
    outcome = advice(date(2026, 11, 23), 100_000).annex2
    assert (outcome.direct_purchase, outcome.limit, outcome.limit_euro) == (Answer.UNKNOWN, None, 750_000)
    assert outcome.needs_figure
    assert "8" not in str(outcome.statements[0].text.fields)


def test_the_officer_states_an_unconfirmed_limit_with_its_source() -> None:
    stated = StatedLimit(Money.of_kronor(8_300_000), "The authority's page, read 2026-11-23")
    outcome = advice(date(2026, 11, 23), 8_299_999, stated_direct_annex2=stated).annex2
    assert outcome.direct_purchase is Answer.YES
    assert outcome.statements[0].source == stated.source


def test_what_the_officer_states_does_not_replace_a_confirmed_limit() -> None:
    stated = StatedLimit(Money.of_kronor(9_000_000), "Hearsay")
    assert advice(date(2025, 5, 1), 800_000, stated_direct=stated).general.direct_purchase is Answer.NO


def test_no_row_is_reused_on_a_day_that_no_row_covers() -> None:
    for day in (date(2017, 12, 31), date(2028, 1, 1)):
        assert limits_on(day) is None
        assert advice(day, 1).general.direct_purchase is Answer.UNKNOWN


def test_a_buyer_that_is_not_bound_has_no_limits() -> None:
    given_advice = advice(date(2025, 5, 1), 50_000_000, buyer=BuyerKind.NOT_BOUND)
    for outcome in (given_advice.general, given_advice.annex2):
        assert (outcome.direct_purchase, outcome.limit) == (Answer.YES, None)
        assert outcome.statements[0].source == "LOU 4:1"


def test_the_code_of_training_is_listed_and_the_other_is_not() -> None:
    day = date(2025, 5, 1)
    assert advice(day, 1).listed_in_annex2
    assert not advice(day, 1, cpv=NOT_LISTED).listed_in_annex2
    assert annex2_row("80660000-8", day) is not None
    assert annex2_row("80700000-1", day) is None


def test_similar_lots_and_purchases_outside_are_added_up_unless_the_officer_says_why_not() -> None:
    others: Any = {"earlier_in_group": Money.of_kronor(300_000), "outside": Money.of_kronor(100_000)}
    pooled = advice(date(2025, 5, 1), 300_000, **others)
    assert pooled.whole == Money.of_kronor(700_000)
    assert pooled.general.direct_purchase is Answer.NO
    assert advice(date(2025, 5, 1), 300_000, pooled=False, **others).general.direct_purchase is Answer.YES


def test_every_statement_says_where_it_is_from() -> None:
    for row in limit_rows():
        given_advice = advice(row.valid_from, 700_000)
        statements = [
            *given_advice.statements,
            *given_advice.general.statements,
            *given_advice.annex2.statements,
        ]
        assert all(statement.source for statement in statements)


days = st.dates(date(2018, 1, 1), date(2027, 12, 31))
kronor = st.integers(0, 20_000_000)


@given(days, kronor, kronor, st.sampled_from(BuyerKind))
def test_a_larger_value_never_opens_a_way_that_a_smaller_one_had_not(
    day: date, one: int, other: int, buyer: BuyerKind
) -> None:
    small, large = advice(day, min(one, other), buyer=buyer), advice(day, max(one, other), buyer=buyer)
    for annex2 in (False, True):
        if large.outcome(annex2=annex2).direct_purchase is Answer.YES:
            assert small.outcome(annex2=annex2).direct_purchase is Answer.YES


@given(days, kronor, st.sampled_from(BuyerKind))
def test_advice_is_the_same_each_time_and_survives_being_recorded(day: date, value: int, buyer: BuyerKind) -> None:
    given_advice = advice(day, value, buyer=buyer)
    assert given_advice == advice(day, value, buyer=buyer)
    view = advice_view(packed_advice(given_advice), str)
    assert view.general.direct_purchase is given_advice.general.direct_purchase
    assert view.whole_ore == value * 100
