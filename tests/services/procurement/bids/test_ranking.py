"""Points, weights and ranks: exact, the same for the same points, and ties shown."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.procurement.bids.rules import Candidate, Weighed, price_points, ranking
from services.procurement.buyers.rules import CriteriaKind
from services.procurement.procedures.rules import CriterionKind

PRICE, TEACHING = UUID(int=1), UUID(int=2)
CRITERIA = [Weighed(PRICE, CriterionKind.PRICE, 40), Weighed(TEACHING, CriterionKind.QUALITY, 60)]


def bid(number: int, price: int, points: str | None, *, disqualified: bool = False) -> Candidate:
    given_points = {} if points is None else {TEACHING: Decimal(points)}
    return Candidate(UUID(int=number), price, given_points, disqualified)


def test_the_total_is_exact_and_out_of_a_hundred() -> None:
    (first, second) = ranking(CriteriaKind.WEIGHTED, CRITERIA, [bid(10, 300, "5"), bid(11, 100, "10")])
    assert (first.id, first.total, first.rank) == (UUID(int=11), Decimal(100), 1)
    assert second.points[PRICE] == Decimal("3.33")
    assert second.total == Decimal("43.32")


def test_equal_totals_share_a_rank_and_the_next_is_left_out() -> None:
    ranked = ranking(CriteriaKind.WEIGHTED, CRITERIA, [bid(n, 100, "5") for n in (10, 11)] + [bid(12, 200, "5")])
    assert [(each.rank, each.tied) for each in ranked] == [(1, True), (1, True), (3, False)]


def test_a_bid_without_all_scores_has_no_rank() -> None:
    ranked = ranking(CriteriaKind.WEIGHTED, CRITERIA, [bid(10, 100, None), bid(11, 200, "1")])
    assert [each.rank for each in ranked] == [1, None]


def test_a_disqualified_bid_is_not_the_lowest_price() -> None:
    ranked = ranking(CriteriaKind.WEIGHTED, CRITERIA, [bid(10, 1, "9", disqualified=True), bid(11, 200, "1")])
    assert ranked[0].points[PRICE] == 10
    assert ranked[1].rank is None


def test_ranked_criteria_are_compared_in_their_order() -> None:
    criteria = [Weighed(TEACHING, CriterionKind.QUALITY, None), Weighed(PRICE, CriterionKind.PRICE, None)]
    bids = [bid(10, 100, "5"), bid(11, 900, "6"), bid(12, 800, "6")]
    ranked = ranking(CriteriaKind.RANKED, criteria, bids)
    assert [each.id.int for each in ranked] == [12, 11, 10]


points = st.decimals(0, 10, places=2)
candidates = st.lists(st.tuples(st.integers(1, 10**9), points), min_size=1, max_size=6)


@given(candidates, st.sampled_from(CriteriaKind))
def test_a_ranking_does_not_depend_on_the_order_of_the_bids(
    bids: list[tuple[int, Decimal]], kind: CriteriaKind
) -> None:
    made = [Candidate(UUID(int=n), price, {TEACHING: score}) for n, (price, score) in enumerate(bids)]
    assert ranking(kind, CRITERIA, made) == ranking(kind, CRITERIA, made[::-1])
    assert ranking(kind, CRITERIA, made)[0].rank == 1


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_price_points_lie_between_nothing_and_ten_and_fall_with_the_price(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    assert 0 <= price_points(high, low) <= price_points(low, low) == 10
