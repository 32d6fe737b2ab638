from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.seats.rules import check_kept, share_out, split_seats
from shared.kernel.errors import InvalidInput, Refused

counts = st.integers(0, 40)


@given(asked=st.integers(1, 60), kept_free=counts, open_free=counts)
def test_seats_are_taken_all_or_none_kept_ones_first(asked: int, kept_free: int, open_free: int) -> None:
    split = split_seats(asked, kept_free=kept_free, open_free=open_free)
    if split is None:
        assert asked > kept_free + open_free
    else:
        assert split.kept + split.open == asked
        assert 0 <= split.open <= open_free
        assert split.kept == min(asked, kept_free)


@given(capacity=st.integers(1, 60), kept=st.dictionaries(st.uuids(), st.integers(0, 30), max_size=5))
def test_the_pools_together_have_the_capacity(capacity: int, kept: dict[UUID, int]) -> None:
    if sum(kept.values()) > capacity:
        with pytest.raises(InvalidInput):
            share_out(capacity, kept)
        return
    held, opened = share_out(capacity, kept)
    assert sum(held.values()) + opened == capacity
    assert all(held.values())
    assert opened >= 0


@given(wished=counts, kept_capacity=counts, kept_taken=counts, open_free=counts)
def test_kept_seats_never_go_below_those_booked_nor_beyond_the_open_ones(
    wished: int, kept_capacity: int, kept_taken: int, open_free: int
) -> None:
    kept_taken = min(kept_taken, kept_capacity)
    possible = kept_taken <= wished <= kept_capacity + open_free
    try:
        check_kept(wished, kept_capacity=kept_capacity, kept_taken=kept_taken, open_free=open_free)
    except Refused:
        assert not possible
    else:
        assert possible
