"""The states that booking owns, and how each is read again from the beginning (`kurslots republish`)."""

from services.booking.employers.states import walk_employers
from services.booking.people.states import walk_people
from services.booking.projects.states import walk_projects
from shared.contracts.booking import EmployerDescribed, PersonDescribed, ProjectDescribed
from shared.messaging.reactions import StateSource

STATES = (
    StateSource(ProjectDescribed, walk=walk_projects),
    StateSource(EmployerDescribed, walk=walk_employers),
    StateSource(PersonDescribed, walk=walk_people),
)
