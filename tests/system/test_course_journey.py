"""What an employer's contact, a trainer and a participant do with a course that is full, by the keyboard alone.

The trainer and the participant have small phones. Each page on the way is looked at with axe, too.
"""

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser

from shared.web.languages import Language
from tests.support.system import System
from tests.system.job import employing, sharing
from tests.system.job.people import People
from tests.system.job.story import Job

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_a_full_course_is_waited_for_held_and_signed_for(
    running: System, chromium: Browser, language: Language
) -> None:
    async with AsyncExitStack() as stack:
        job = Job(People(chromium, running, language, has_script=True, _stack=stack), running.home.clock)
        day = await sharing.offer_few_seats(job)
        await employing.register(job)
        await employing.add_people(job)
        await sharing.fill(job)
        await sharing.wait(job)
        await sharing.give_back(job)
        await sharing.accept(job)
        await sharing.hold(job, day)
        await sharing.sign(job, day)
        await sharing.have_proof(job)
        assert job.people.complaints() == []
