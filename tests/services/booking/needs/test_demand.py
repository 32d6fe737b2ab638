"""Which needs one course may meet."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.booking.needs.demand import Demanded, are_alike
from services.booking.needs.tables import Need


def demanded(title: str = "Svetsning", *, place: str | None = "2080", mode: str = "any", **wished: Any) -> Demanded:  # noqa: ANN401 - any day of the wish
    need = Need(
        plan_id=UUID(int=1),
        title=title,
        target_group="Svetsare",
        persons=4,
        minutes=480,
        priority="high",
        wished_mode=mode,
        **wished,
    )
    return Demanded(need, UUID(int=2), "Falu Mekaniska AB", place, "agreed")


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (demanded("Grundkurs i svets"), True),
        (demanded("Ledarskap"), False),
        (demanded(place="2081"), True),
        (demanded(place="0880"), False),
        (demanded(place=None), False),
        (demanded(place="0880", mode="digital"), True),
        (demanded(mode="physical"), True),
        (demanded(wished_from=date(2027, 6, 1)), False),
        (demanded(wished_from=date(2027, 4, 1)), True),
    ],
)
def test_what_one_course_may_meet(other: Demanded, alike: bool) -> None:  # noqa: FBT001 - a table's column
    one = demanded(wished_to=date(2027, 5, 1))
    assert are_alike(one, other) is alike
    assert are_alike(other, one) is alike


def test_who_must_be_there_and_who_must_be_online_do_not_meet() -> None:
    assert not are_alike(demanded(mode="physical"), demanded(mode="digital"))
    assert are_alike(replace(demanded(mode="digital"), municipality=None), demanded(mode="digital", place="0880"))
