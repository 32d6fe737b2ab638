"""The main job in a browser, by the keyboard alone, through all roles: from an employer's need to a course for it.

Told once in Swedish, once in English, and once without script. Each telling has an employer, a course and a purchase of
its own, so it does not matter what was told before.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import pytest
from playwright.async_api import Browser

from shared.web.languages import Language
from tests.support.system import System
from tests.system.job import awarding, bidding, buying, coaching, employing, leading, operating
from tests.system.job.people import People
from tests.system.job.story import Job

pytestmark = pytest.mark.timeout(1200)

PARTS: Final[tuple[Callable[[Job], Awaitable[None]], ...]] = (
    leading.offer_course,
    employing.register,
    employing.add_people,
    employing.plan_training,
    employing.book,
    employing.change_booking,
    employing.ask_for_training,
    coaching.act_for_employer,
    buying.take_into_case,
    buying.take_advice,
    buying.invite,
    buying.ask_about_it,
    buying.declare_to_open,
    bidding.bid,
    awarding.open_bids,
    awarding.score,
    awarding.award,
    bidding.read_outcome,
    awarding.contract,
    awarding.order,
    employing.see_it_arranged,
    employing.read_what_was_sent,
    leading.look_over,
    leading.see_protected,
    operating.look_after,
)


@pytest.mark.parametrize(
    ("language", "has_script"),
    [
        pytest.param("sv", True, id="in Swedish"),
        pytest.param("en", True, id="in English"),
        pytest.param("sv", False, id="without script"),
    ],
)
async def test_the_main_job_is_done_with_the_keyboard_by_all(
    running: System, chromium: Browser, language: Language, *, has_script: bool
) -> None:
    async with AsyncExitStack() as stack:
        job = Job(People(chromium, running, language, has_script, stack), running.home.clock)
        for part in PARTS:
            await part(job)
        assert job.people.complaints() == []
