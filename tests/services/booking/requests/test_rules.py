from datetime import date
from uuid import uuid4

import pytest

from services.booking.requests.rules import (
    REQUEST,
    RequestState,
    RequestWish,
    check_is_draft,
    check_wish,
    choose_buyer,
)
from shared.kernel.errors import Conflict, InvalidInput, Refused

DRAFT, SUBMITTED, IN_CASE, ARRANGED, DECLINED, WITHDRAWN = RequestState
ALLOWED = {
    (DRAFT, DRAFT),
    (DRAFT, SUBMITTED),
    (DRAFT, WITHDRAWN),
    (SUBMITTED, WITHDRAWN),
    (SUBMITTED, IN_CASE),
    (SUBMITTED, DECLINED),
    (SUBMITTED, ARRANGED),
    (IN_CASE, ARRANGED),
    (IN_CASE, SUBMITTED),
    (IN_CASE, DECLINED),
    (ARRANGED, ARRANGED),
}
ONE, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize("before", RequestState)
@pytest.mark.parametrize("after", RequestState)
def test_a_request_moves_only_as_its_table_says(before: RequestState, after: RequestState) -> None:
    if (before, after) in ALLOWED:
        REQUEST.check(before, after)
    else:
        with pytest.raises(Conflict):
            REQUEST.check(before, after)


@pytest.mark.parametrize("state", RequestState)
def test_only_a_draft_is_submitted_by_hand(state: RequestState) -> None:
    if state is DRAFT:
        check_is_draft(state)
    else:
        with pytest.raises(Conflict):
            check_is_draft(state)


def test_the_only_buyer_needs_no_choice() -> None:
    assert choose_buyer(None, (ONE,)) == ONE
    assert choose_buyer(OTHER, (ONE, OTHER)) == OTHER


def test_a_buyer_must_be_chosen_among_several_and_be_one_of_them() -> None:
    for wished, buyers in ((None, (ONE, OTHER)), (uuid4(), (ONE, OTHER)), (OTHER, (ONE,))):
        with pytest.raises(InvalidInput):
            choose_buyer(wished, buyers)


def test_a_project_without_a_buyer_takes_no_requests() -> None:
    with pytest.raises(Refused):
        choose_buyer(None, ())


def test_a_wished_period_does_not_end_before_it_begins() -> None:
    wish = RequestWish(
        "Svetsning", "För sex personer", 6, 960, "physical", "2080",
        wished_from=date(2026, 9, 2), wished_to=date(2026, 9, 1),
    )  # fmt: skip
    with pytest.raises(InvalidInput):
        check_wish(wish)
