"""The size of an undertaking, by the recommendation's own limits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.employers.rules import MEMBERSHIP, Membership, MoneyBand, UndertakingFacts, size_of
from services.booking.projects.rules import PUBLIC_KINDS, EmployerKind, SizeClass

TODAY = date(2026, 11, 23)
MICRO, SMALL, MEDIUM, LARGE = MoneyBand


@pytest.mark.parametrize(
    ("employees", "turnover", "balance", "size"),
    [
        (9, MICRO, MICRO, SizeClass.MICRO),
        (10, MICRO, MICRO, SizeClass.SMALL),
        (49, SMALL, LARGE, SizeClass.SMALL),
        (49, LARGE, SMALL, SizeClass.SMALL),
        (49, LARGE, LARGE, SizeClass.LARGE),
        (50, MICRO, MICRO, SizeClass.MEDIUM),
        (249, MEDIUM, LARGE, SizeClass.MEDIUM),
        (250, MICRO, MICRO, SizeClass.LARGE),
        (3, MEDIUM, SMALL, SizeClass.SMALL),
    ],
)
def test_staff_decides_and_one_of_turnover_and_balance_must_keep_within(
    employees: int, turnover: MoneyBand, balance: MoneyBand, size: SizeClass
) -> None:
    assert size_of(EmployerKind.COMPANY, UndertakingFacts(employees, turnover, balance), TODAY) is size


@pytest.mark.parametrize("kind", sorted(PUBLIC_KINDS))
def test_what_public_bodies_control_is_never_small(kind: EmployerKind) -> None:
    assert size_of(kind, UndertakingFacts(2, MICRO, MICRO), TODAY) is SizeClass.LARGE


@given(
    employees=st.integers(0, 1000),
    turnover=st.sampled_from(MoneyBand),
    balance=st.sampled_from(MoneyBand),
    more=st.integers(0, 1000),
)
def test_more_staff_never_makes_an_undertaking_smaller(
    employees: int, turnover: MoneyBand, balance: MoneyBand, more: int
) -> None:
    order = list(SizeClass)
    before = size_of(EmployerKind.COMPANY, UndertakingFacts(employees, turnover, balance), TODAY)
    after = size_of(EmployerKind.COMPANY, UndertakingFacts(employees + more, turnover, balance), TODAY)
    assert order.index(before) <= order.index(after)


@pytest.mark.parametrize("before", list(Membership))
@pytest.mark.parametrize("after", list(Membership))
def test_an_employer_joins_and_leaves_in_turn(before: Membership, after: Membership) -> None:
    assert MEMBERSHIP.allows(before, after) is (before is not after)
