"""Who may do what in booking, and whose each thing is. One section for each area, a permit for each route.

Where being allowed depends on more than role and scope (giving roles, acting for a person) the command asks again.
"""

from typing import Final

from services.booking.bookings.queries import find_booking_scope
from services.booking.courses.queries import find_course_scope, find_run_scope
from services.booking.employers.queries import find_employer_scope, find_grant_scope, find_person_scope
from services.booking.needs.queries import find_need_scope, find_plan_scope
from services.booking.projects.queries import find_project_scope
from services.booking.requests.queries import find_request_scope
from shared.kernel.roles import Role
from shared.web.authorisation import PUBLIC, SELF, SIGNED_IN, Permit, Permits, Scopes
from shared.web.operator import pages as operator

_CONTACT, _COACH, _LEAD, _OPERATOR = Role.CONTACT, Role.COACH, Role.PROJECT_LEAD, Role.OPERATOR
_OFFICER, _DELEGATE = Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE

_FOR_EMPLOYER: Final = Permit({_CONTACT, _COACH, _LEAD})
_SEES_EMPLOYER: Final = Permit({_CONTACT, _COACH, _LEAD, _OFFICER, _DELEGATE, _OPERATOR})
_RUNS_PROJECT: Final = Permit({_LEAD})
_SEES_PROJECT: Final = Permit({_COACH, _LEAD, _OFFICER, _DELEGATE, _OPERATOR})

_PROJECTS: Final[Permits] = {
    "list_projects": PUBLIC,
    "get_project": PUBLIC,
    "get_figures": _SEES_PROJECT,
}

_PEOPLE: Final[Permits] = {
    "get_me": SIGNED_IN,
    "accept_invitation": SIGNED_IN,
    "add_participant": Permit({_COACH, _LEAD}),
    "list_participants": _RUNS_PROJECT,
    "add_employee": _FOR_EMPLOYER,
    "list_people": _FOR_EMPLOYER,
    "get_employee": _FOR_EMPLOYER,
    "end_employment": _FOR_EMPLOYER,
    "end_participation": Permit({_COACH, _LEAD}),
    "get_person": _FOR_EMPLOYER | SELF,
    "change_person": Permit({_CONTACT, _LEAD, _OPERATOR}) | SELF,
    "invite_person": Permit({_CONTACT, _LEAD, _OPERATOR}),
    "erase_person": Permit({_OPERATOR}) | SELF,
    "give_role": Permit({_LEAD, _OPERATOR}),
    "list_grants": Permit({_LEAD, _OPERATOR}),
    "withdraw_grant": Permit({_LEAD, _OPERATOR}),
    "add_contact": Permit({_CONTACT, _LEAD, _OPERATOR}),
    "add_coach": Permit({_LEAD, _OPERATOR}),
    "list_employer_grants": Permit({_CONTACT, _COACH, _LEAD, _OPERATOR}),
    "withdraw_employer_grant": Permit({_CONTACT, _LEAD, _OPERATOR}),
}

_EMPLOYERS: Final[Permits] = {
    "register_employer": SIGNED_IN,
    "list_employers": _SEES_PROJECT,
    "get_employer": _SEES_EMPLOYER,
    "change_employer": _FOR_EMPLOYER,
    "add_workplace": _FOR_EMPLOYER,
    "join_project": Permit({_CONTACT}),
    "leave_project": Permit({_CONTACT, _LEAD}),
    "list_employer_history": _SEES_EMPLOYER,
}

_NEEDS: Final[Permits] = {
    "write_survey": _FOR_EMPLOYER,
    "list_surveys": _FOR_EMPLOYER,
    "get_plan": _FOR_EMPLOYER,
    "move_plan": _FOR_EMPLOYER,
    "add_need": _FOR_EMPLOYER,
    "list_needs": _FOR_EMPLOYER,
    "change_need": _FOR_EMPLOYER,
}

# The catalogue is for everyone: an employer looks before it registers.
_COURSES: Final[Permits] = {
    "list_courses": PUBLIC,
    "add_course": _RUNS_PROJECT,
    "list_runs": PUBLIC,
    "get_run": PUBLIC,
    "schedule_run": _RUNS_PROJECT,
    "keep_seats": _RUNS_PROJECT,
    "change_run": _RUNS_PROJECT,
    "cancel_run": _RUNS_PROJECT,
}

_BOOKINGS: Final[Permits] = {
    "book_seats": _FOR_EMPLOYER,
    "list_bookings": _FOR_EMPLOYER,
    "get_booking": _FOR_EMPLOYER,
    "get_booking_history": _FOR_EMPLOYER,
    "change_booking": _FOR_EMPLOYER,
    "cancel_booking": _FOR_EMPLOYER,
    "list_run_bookings": Permit({_LEAD, Role.TRAINER}),
}

_REQUESTS: Final[Permits] = {
    "draft_training_request": _FOR_EMPLOYER,
    "list_training_requests": _FOR_EMPLOYER,
    "get_training_request": _SEES_EMPLOYER,
    "get_training_request_history": _SEES_EMPLOYER,
    "edit_training_request": _FOR_EMPLOYER,
    "submit_training_request": _FOR_EMPLOYER,
    "withdraw_training_request": _FOR_EMPLOYER,
}

_REACH: Final[Permits] = {"list_unreached": Permit({_COACH, _LEAD, _OPERATOR})}

PERMITS: Final[Permits] = {
    **_PROJECTS,
    **_PEOPLE,
    **_EMPLOYERS,
    **_NEEDS,
    **_COURSES,
    **_BOOKINGS,
    **_REQUESTS,
    **_REACH,
}

PAGE_PERMITS: Final[Permits] = {"show_start": PUBLIC, **operator.PERMITS}

SCOPES: Final[Scopes] = {
    **operator.SCOPES,
    "project_id": find_project_scope,
    "employer_id": find_employer_scope,
    "person_id": find_person_scope,
    "grant_id": find_grant_scope,
    "plan_id": find_plan_scope,
    "need_id": find_need_scope,
    "course_id": find_course_scope,
    "run_id": find_run_scope,
    "booking_id": find_booking_scope,
    "request_id": find_request_scope,
}
