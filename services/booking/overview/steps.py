"""The next step for an employer in a project: one thing to do now, and what else waits, the most helpful first."""

from dataclasses import dataclass
from uuid import UUID

from services.booking.overview.waiting import Waits
from shared.kernel.texts import N_, Text


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: what, why, and where."""

    title: Text
    why: Text
    address: str
    label: str
    project_id: UUID


def steps_for(employer_id: UUID, project_id: UUID, waits: Waits) -> list[Step]:
    """Return what waits, the most pressing first. Where nothing does, the way to a course."""
    here = f"/booking/projects/{project_id}/employers/{employer_id}"
    plan = f"/booking/training-plans/{waits.plan_id}"
    steps: list[Step] = []
    if waits.names_missing:
        steps.append(
            Step(
                Text(N_("Say who comes (seats without a name: {count})"), {"count": waits.names_missing}),
                Text(N_("Those whom you name are called to the course and reminded of it.")),
                f"/booking/bookings/{waits.booking_id}",
                N_("Name the participants"),
                project_id,
            )
        )
    if not waits.people:
        steps.append(
            Step(
                Text(N_("Add the people who will take part")),
                Text(N_("One by one, or a whole list at once from a spreadsheet.")),
                f"{here}/people/paste",
                N_("Add people"),
                project_id,
            )
        )
    if waits.plan_id is None:
        steps.append(
            Step(
                Text(N_("Tell what you need to learn")),
                Text(N_("A short survey of the needs is the beginning of your training plan.")),
                f"{here}/surveys/new",
                N_("Write down the needs"),
                project_id,
            )
        )
    elif not waits.has_needs:
        steps.append(
            Step(
                Text(N_("Put the needs into the plan")),
                Text(N_("The survey is written. Add each need with who it is for and how many they are.")),
                f"{plan}/needs/new",
                N_("Add a need"),
                project_id,
            )
        )
    elif waits.has_plan_to_agree:
        steps.append(
            Step(
                Text(N_("Agree to the training plan")),
                Text(N_("It is a draft until you have read it through and agreed to it.")),
                plan,
                N_("Read the plan"),
                project_id,
            )
        )
    if waits.unmet_needs:
        steps.append(
            Step(
                Text(N_("Find a way for the needs ({count})"), {"count": waits.unmet_needs}),
                Text(N_("Book seats on a course that is offered, or ask for training of your own.")),
                plan,
                N_("Go to the plan"),
                project_id,
            )
        )
    return steps or [
        Step(
            Text(N_("Nothing waits for you")),
            Text(N_("See which courses are offered, and book seats for your people.")),
            f"/booking/runs?employer={employer_id}",
            N_("Find a course"),
            project_id,
        )
    ]
