"""A course with few seats: it fills, another employer waits and gets a seat that is given back, and it is held."""

from datetime import date, time
from typing import Final

from deploy.people import load_ready_made
from tests.browser.looking import PHONE
from tests.system.job import leading
from tests.system.job.people import Person
from tests.system.job.story import CONTACT, Job
from tests.system.job.words import Own, counted, noted

TRAINER, PARTICIPANT = "trainer.dalarna", "participant.one"
SEATS: Final = 2
_BEGUN, _OVER = time(13, 5), time(17)


async def offer_few_seats(job: Job) -> date:
    """Two seats, and a day on which they are used."""
    return await leading.offer(job, seats=SEATS, days=5)


async def fill(job: Job) -> None:
    """The employer takes all of them."""
    eva = await _at_the_course(job)
    await eva.follow("Book seats")
    await eva.is_at("Book for whom?")
    await eva.follow(job.employer)
    await eva.write("Number of seats", str(SEATS))
    await eva.tick(Own("Anna Dalén"), begins=True)
    await eva.tick(Own("Bo Ek"), begins=True)
    await eva.press("Book")
    await eva.sees("The seats are booked")


async def wait(job: Job) -> None:
    """Her other employer waits for one, at the first place, and she reads how the queue works."""
    eva = await _at_the_course(job)
    await eva.sees("Every seat is taken", "Nobody waits yet.")
    await eva.follow("Join the queue")
    await eva.is_at("Join the queue for whom?")
    await eva.follow(Own(eva.organisation))
    await eva.sees("How the queue works")
    await eva.is_sound()
    await eva.write("Number of seats", "1")
    await eva.press("Join the queue")
    await eva.sees(noted("Place {place} of {all}", place=1, all=1))
    await eva.is_sound()


async def give_back(job: Job) -> None:
    """One of the two stays at home: her seat is given back."""
    eva = await job.people.get(CONTACT)
    await _to_bookings(eva, job.employer, job.company.number)
    await eva.follow(job.course)
    await eva.follow("Change")
    await eva.write("Number of seats", str(SEATS - 1))
    await eva.tick(Own("Bo Ek"), begins=True)
    await eva.press("Save")
    await eva.sees(counted("{count} seat", "{count} seats", SEATS - 1))


async def accept(job: Job) -> None:
    """The seat is offered to the employer that waits, and its participant is named for it."""
    eva = await job.people.get(CONTACT)
    number = load_ready_made().people[CONTACT].employer
    assert number is not None
    await _to_bookings(eva, Own(eva.organisation), number)
    await eva.follow("Queues")
    await eva.follow(job.course)
    await eva.sees(counted("{count} seat is held for you", "{count} seats are held for you", 1))
    await eva.is_sound()
    await eva.follow("Accept the seats")
    await eva.tick(Own(load_ready_made().people[PARTICIPANT].name), begins=True)
    await eva.press("Book the seats")
    await eva.sees(job.course, Own(load_ready_made().people[PARTICIPANT].name))


async def hold(job: Job, day: date) -> None:
    """The trainer marks on a small phone that all were here."""
    job.step_to(day, _BEGUN)
    oskar = await job.people.get(TRAINER, size=PHONE)
    await oskar.go("Meetings")
    await oskar.follow_in_row(job.course)
    await oskar.is_at("Who was here")
    await oskar.is_sound()
    await oskar.press("All were here")
    await oskar.sees(counted("{count} mark is saved.", "{count} marks are saved.", SEATS))
    await oskar.is_sound()


async def sign(job: Job, day: date) -> None:
    """The participant signs for her time, on a small phone."""
    job.step_to(day, _OVER)
    ylva = await job.people.get(PARTICIPANT, size=PHONE)
    await ylva.keys.open("/booking/me/attendance")
    await ylva.is_sound()
    await ylva.follow_in_row(job.course)
    await ylva.sees("Sign for your time")
    await ylva.is_sound()
    await ylva.press(noted("Sign for {minutes} minutes", minutes=leading.MINUTES))
    await ylva.sees("Thank you: your time is signed for.")


async def have_proof(job: Job) -> None:
    """Her certificate comes by itself."""
    ylva = await job.people.get(PARTICIPANT, size=PHONE)
    await ylva.keys.open("/booking/me/certificates")
    await ylva.reloads_until(job.course)
    await ylva.is_sound()


async def _at_the_course(job: Job) -> Person:
    eva = await job.people.get(CONTACT)
    await eva.go("Courses")
    await eva.search("Search by course, field, place or number", job.tag)
    await eva.follow(job.course)
    await eva.is_at(job.course)
    return eva


async def _to_bookings(eva: Person, employer: Own, number: str) -> None:
    await eva.go("Employers")
    await eva.search("Name or organisation number", number)
    await eva.follow(employer)
    await eva.follow("Bookings", within=employer)
