"""The employer's part: it registers, adds its people, writes down what it needs, books seats, and asks for more."""

from typing import Final

from shared.web.pages.environment import LANGUAGES
from tests.system.job.people import Person, patience
from tests.system.job.story import CONTACT, PROJECT, WORKPLACE, Job
from tests.system.job.words import Own, counted, noted

_PASTED: Final = ("Bo Ek; bo.ek@example.test; 070-1740640", "Cecilia Fors; cecilia.fors@example.test", "David Grönberg")
_ARRANGED: Final = "Course arranged after a request"
SEATS: Final = 4


async def register(job: Job) -> None:
    """Her second employer: she is its contact from the moment that it is registered."""
    eva = await job.people.get(CONTACT)
    for language in sorted(LANGUAGES, key=lambda each: each == eva.language):
        await eva.turn_to(language)
        await eva.is_at(noted("Hello, {name}", name=eva.name))
    await eva.go("Employers")
    await eva.follow("Register an employer")
    await eva.sees("Which project is it about? Read who may join it.")
    await eva.follow(("Choose", PROJECT))
    await eva.is_at(noted("Register an employer in {project}", project=PROJECT))
    await eva.write("The employer's name", job.company.name)
    await eva.write("Organisation number", "556900-1100")
    await eva.choose("Kind of employer", "Private company")
    await eva.write("Employees", "40")
    await eva.choose("Yearly turnover", "At most 10 million euros")
    await eva.choose("Balance sheet total", "At most 10 million euros")
    await eva.write("Name of the workplace", WORKPLACE)
    await eva.choose("Municipality", Own("Rättvik"))
    await eva.write("Industry code (SNI)", "25.620")
    await eva.choose("How the employer is affected", "Raised demand")
    await eva.write("In your own words", "Fler order än vi hinner med.")
    await eva.press("Register")
    await eva.sees("This has not been saved yet")
    await eva.follows_to_field("Organisation number")
    await eva.write("Organisation number", job.company.number)
    await eva.press("Register")
    await eva.is_at(job.employer)
    await eva.sees(PROJECT, Own("Rättvik"))


async def add_people(job: Job) -> None:
    """One, one whose name is shown in no list, and three at once by a list that had a fault in it."""
    eva = await _at_the_employer(job)
    await eva.follow("People", within=job.employer)
    await eva.follow("Add a person")
    await eva.write("First name", "Anna")
    await eva.write("Last name", "Dalén")
    await eva.write("E-mail", f"anna.{job.tag}@example.test")
    await eva.press("Add the person")
    await eva.sees(Own("Dalén, Anna"))
    await eva.follow("Add a person")
    await eva.write("First name", "Vera")
    await eva.write("Last name", job.hidden_name)
    await eva.tick("The person has a protected identity: name and addresses are shown in no list")
    await eva.press("Add the person")
    await eva.sees("Participant with protected identity")
    await eva.does_not_see(Own(job.hidden_name))
    await eva.follow("Paste many")
    await eva.paste("People, one on each line", "\n".join((*_PASTED, "Eva; inte en adress")))
    await eva.press("Add everybody")
    await eva.sees("Lines to mend", "This has not been saved yet")
    await eva.paste("People, one on each line", "\n".join(_PASTED))
    await eva.press("Add everybody")
    await eva.sees(counted("{count} person was added.", "{count} people were added.", len(_PASTED)))
    await eva.sees(Own("Ek, Bo"), Own("Fors, Cecilia"), Own("Grönberg, David"))


async def plan_training(job: Job) -> None:
    """A survey, a plan with two needs, and the agreement to it."""
    eva = await _at_the_employer(job)
    await eva.follow("Needs and plans", within=job.employer)
    await eva.follow("Write down the needs")
    await eva.write("Who took part", "Produktionschef och två lagledare")
    await eva.write("What you need to learn, and why", "Mäta rätt, och svetsa med robot.")
    await eva.press("Save and go on to the plan")
    await eva.is_at("Training plan")
    for title, persons in ((job.course, SEATS), (job.wish, 6)):
        await eva.follow("Add a need")
        await eva.write("What is to be learnt", title)
        await eva.write("For whom", "Svetsare")
        await eva.write("How many", str(persons))
        await eva.write("Hours for one person", "16")
        await eva.pick("High priority")
        await eva.press("Save the need")
        await eva.sees(title, counted("{count} person", "{count} people", persons))
    await eva.follow("Agree to the plan …")
    await eva.press("Agree")
    await eva.sees("Agreed")


async def book(job: Job) -> None:
    """From the need to the course that meets it, with two names and two seats to be named later."""
    eva = await _at_the_employer(job)
    await eva.follow("Needs and plans", within=job.employer)
    await eva.follow(noted("Plan after the survey of {day}", day=job.now().date()))
    await eva.follow(("Find a course", job.course))
    await eva.is_at("Courses")
    await eva.search("Search by course, field, place or number", job.tag)
    await eva.follow(job.course)
    await eva.is_at(job.course)
    await eva.follow("Book seats")
    await eva.write("Number of seats", str(SEATS))
    await eva.tick(Own("Anna Dalén"), begins=True)
    await eva.tick(Own("Bo Ek"), begins=True)
    await eva.press("Book")
    await eva.sees("The seats are booked", Own("Anna Dalén"), Own("Bo Ek"), "Not named yet")
    await eva.sees(counted("Name {count} participant", "Name {count} participants", 2))


async def change_booking(job: Job) -> None:
    """A name for one of the seats without, and the last of them given back."""
    eva = await job.people.get(CONTACT)
    await eva.follow("Name participants")
    await eva.write("Number of seats", str(SEATS - 1))
    await eva.tick(Own("Cecilia Fors"), begins=True)
    await eva.press("Save")
    await eva.sees(counted("{count} seat", "{count} seats", SEATS - 1), Own("Cecilia Fors"), "everybody is named")
    await eva.does_not_see("Not named yet")


async def ask_for_training(job: Job) -> None:
    """A draft of a request for what no course meets, and the sending in of it."""
    eva = await _at_the_employer(job)
    await eva.follow("Needs and plans", within=job.employer)
    await eva.follow(noted("Plan after the survey of {day}", day=job.now().date()))
    await eva.follow(("Ask for training", job.wish))
    await eva.is_at("Ask for training")
    await eva.write("What training", job.wish)
    await eva.write("What those who take part shall be able to do after it", "Programmera och felsöka vår svetsrobot.")
    await eva.write("How many persons", "6")
    await eva.write("Hours for each", "24")
    await eva.pick("on site")
    await eva.choose("In which municipality", Own("Rättvik"))
    await eva.press("Save the draft")
    await eva.is_at(job.wish)
    await eva.follow("Send in …")
    await eva.press("Send in")
    await eva.is_at(job.wish)
    await eva.does_not_see("Send the request in")


async def _at_the_employer(job: Job) -> Person:
    eva = await job.people.get(CONTACT)
    await eva.go("Employers")
    await eva.search("Name or organisation number", job.company.number)
    await eva.follow(job.employer)
    await eva.is_at(job.employer)
    return eva


async def see_it_arranged(job: Job) -> None:
    """What was asked for is a course with seats kept for the employer; she is one step from booking them."""
    eva = await _at_the_employer(job)
    await eva.follow("Training requests", within=job.employer)
    await eva.follow(job.wish)
    await eva.reloads_until("Ordered for you", counted("{count} seat kept for you", "{count} seats kept for you", 6))
    await eva.follow("Book the seats")
    await eva.is_at(noted("Book seats for {employer}", employer=job.employer))
    kept = "{count} of them are kept for {employer} and are taken first."
    await eva.sees(counted(kept, kept, 6, employer=job.employer))


async def read_what_was_sent(job: Job) -> None:
    """The messages that she got, what one of them says, and what she need not be told."""
    eva = await job.people.get(CONTACT)
    for _ in patience():
        await eva.go("Sent to me")
        await eva.is_at("Sent to you")
        if await eva.is_offered(_ARRANGED):
            await eva.follow_first(_ARRANGED)
            await eva.sees("What it says")
            if await eva.has_read(job.wish):
                break
    await eva.go("Sent to me")
    await eva.follow("Choose what you are told")
    optional = Own(f"{eva.says(_ARRANGED)}, {eva.says('E-mail')}")
    for _ in ("without", "with again"):
        await eva.tick(optional)
        await eva.press("Save")
        await eva.is_at("Choose what you are told")
