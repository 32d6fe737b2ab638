"""The operator's part: how each service stands, what was set aside, and what people were not told."""

from typing import Final

from tests.system.job.story import OPERATOR, Job

_SERVICES: Final = ("Booking", "Procurement", "Notification")


async def look_after(job: Job) -> None:
    """The page of each service, the messages set aside in it, and the notifications that nobody knows of."""
    petra = await job.people.get(OPERATOR)
    await petra.go("Operation")
    for service in _SERVICES:
        await petra.follow(service, within="Services")
        await petra.sees("On the way out", "Messages set aside", "What time causes")
    await petra.follow("See them, and settle them")
    await petra.is_at("What waits for you")
    await petra.follow("What was decided")
    await petra.is_at("What was decided")
    await petra.go("Operation")
    await petra.follow("E-mail and SMS that failed, or of which nobody knows")
    await petra.is_at("All messages to people")
