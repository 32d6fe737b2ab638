"""What is told to do next: never nothing, the most pressing first, and always to a place that there is."""

from itertools import product
from uuid import UUID

import pytest

from services.booking.overview.steps import steps_for
from services.booking.overview.waiting import Waits

# the same in every process: tests are named after them
EMPLOYER, PROJECT, PLAN, BOOKING, ENTRY = (UUID(int=number) for number in range(1, 6))
ALL_DONE = Waits(plan_id=PLAN, has_needs=True, people=3)


def test_one_who_has_done_everything_is_led_to_the_courses() -> None:
    (step,) = steps_for(EMPLOYER, PROJECT, ALL_DONE)
    assert step.address == f"/booking/runs?employer={EMPLOYER}&project={PROJECT}"


@pytest.mark.parametrize(
    ("waits", "ends"),
    [
        (Waits(), "/people/paste"),
        (Waits(people=1), "/surveys/new"),
        (Waits(people=1, plan_id=PLAN), f"/training-plans/{PLAN}/needs/new"),
        (Waits(people=1, plan_id=PLAN, has_needs=True, has_plan_to_agree=True), f"/training-plans/{PLAN}"),
        (Waits(people=1, plan_id=PLAN, has_needs=True, unmet_needs=2), f"/training-plans/{PLAN}"),
        (Waits(names_missing=2, booking_id=BOOKING), f"/bookings/{BOOKING}"),
        (Waits(names_missing=2, booking_id=BOOKING, offers=1, entry_id=ENTRY), f"/queue/{ENTRY}"),
    ],
)
def test_the_first_step_is_the_most_pressing(waits: Waits, ends: str) -> None:
    assert steps_for(EMPLOYER, PROJECT, waits)[0].address.endswith(ends)


def test_no_step_leads_nowhere() -> None:
    for names, people, plan, needs in product((0, 2), (0, 3), (None, PLAN), (False, True)):
        waits = Waits(
            names_missing=names,
            booking_id=BOOKING if names else None,
            unmet_needs=2 if plan and needs else 0,
            plan_id=plan,
            has_plan_to_agree=bool(plan and needs),
            has_needs=bool(plan and needs),
            people=people,
        )
        steps = steps_for(EMPLOYER, PROJECT, waits)
        assert steps
        assert not any("None" in step.address for step in steps), waits
