"""The project lead's part: she offers a course, and sees what has come of the project."""

from datetime import date, time
from typing import Final

from tests.system.job.people import Person
from tests.system.job.story import LEAD, PROJECT, Job
from tests.system.job.words import Own, noted

BEGINS, ENDS, MINUTES = time(13), time(16, 30), 210
_PLACE: Final = "Rättvik, Folkets hus"


async def offer_course(job: Job) -> None:
    """A course, and when and where it is held."""
    await offer(job, seats=8, days=30)


async def offer(job: Job, *, seats: int, days: int) -> date:
    """Offer a course with so many seats, held on a working day so many days away; return the day."""
    day = job.working_day(days)
    karin = await _at_the_project(job)
    await karin.follow("Courses", within="The project")
    await karin.follow("Add a course")
    await karin.write("Title", job.course)
    await karin.write("What is taught, and for whom", "Mätdon, toleranser och protokoll för verkstaden.")
    await karin.press("Add the course")
    await karin.is_at(noted("Schedule a run of {course}", course=job.course))
    first = noted("Meeting {number}", number=1)
    await karin.write_day("Day", day, within=first)
    await karin.write_time("Begins", BEGINS, within=first)
    await karin.write_time("Ends", ENDS, within=first)
    await karin.write("Place", _PLACE, within=first)
    await karin.write("Seats in all", str(seats))
    await karin.choose("Municipality", Own("Rättvik"))
    await karin.press("Schedule the run")
    await karin.sees(job.course, Own(_PLACE))
    return day


async def _at_the_project(job: Job) -> Person:
    karin = await job.people.get(LEAD)
    await karin.go("Project")
    await karin.follow(PROJECT)
    await karin.is_at(PROJECT)
    return karin


async def look_over(job: Job) -> None:
    """Figures with their tables; who takes part; what may not be seen without a reason; settings and wordings."""
    karin = await _at_the_project(job)
    await karin.sees("Against the targets", "What is reached against the targets", "By municipality", Own("Rättvik"))
    await karin.follow("Participants", within="The project")
    await karin.search("Search by name", "Dalén")
    await karin.sees(Own("Anna Dalén"))
    await karin.follow("Settings", within="The project")
    await karin.sees("Rules for seats")
    await karin.follow("The wordings of messages, with samples")
    await karin.follow("Course arranged after a request")
    await karin.sees("As the recipient reads it. Names, times and amounts are made up here.")


async def see_protected(job: Job) -> None:
    """A name that no list has is shown after one more step, which is kept."""
    karin = await _at_the_project(job)
    await karin.follow("Participants", within="The project")
    await karin.follow("Participants with protected identity")
    await karin.follow_last("See who it is …")
    reason = f"Samtal om anpassning {job.tag}."
    await karin.write("Why do you need to know who it is?", reason)
    await karin.press("Show me who it is")
    await karin.sees("Your look has been noted", Own(job.hidden_name))
    await karin.follow("Done: hide it")
    await karin.does_not_see(Own(job.hidden_name))
    await karin.follow("Who has looked")
    await karin.sees(Own(reason), Own(karin.name))
