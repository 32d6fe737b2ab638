"""Who may do what in booking, and whose each thing is. One section for each area, a permit for each route.

Where being allowed depends on more than role and scope (giving roles, acting for a person) the command asks again.
"""

from typing import Final

from services.booking.attendance.queries import find_attendance_scope, find_meeting_scope
from services.booking.bookings.queries import find_booking_scope
from services.booking.courses.queries import find_course_scope, find_run_scope
from services.booking.employers.queries import find_employer_scope, find_grant_scope, find_person_scope
from services.booking.needs.queries import find_need_scope, find_plan_scope
from services.booking.projects.queries import find_project_scope
from services.booking.proof.outside_queries import find_outside_scope
from services.booking.proof.queries import find_certificate_scope
from services.booking.requests.queries import find_request_scope
from services.booking.seats.queries import find_entry_scope
from shared.kernel.roles import Role
from shared.web.authorisation import PUBLIC, SELF, SIGNED_IN, Permit, Permits, Scopes
from shared.web.operator import pages as operator

_CONTACT, _COACH, _LEAD, _OPERATOR = Role.CONTACT, Role.COACH, Role.PROJECT_LEAD, Role.OPERATOR
_OFFICER, _DELEGATE = Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE

_FOR_EMPLOYER: Final = Permit({_CONTACT, _COACH, _LEAD})
_SEES_EMPLOYER: Final = Permit({_CONTACT, _COACH, _LEAD, _OFFICER, _DELEGATE, _OPERATOR})
_RUNS_PROJECT: Final = Permit({_LEAD})
_HOLDS_MEETING: Final = Permit({_LEAD, Role.TRAINER})
_SEES_ATTENDANCE: Final = Permit({_COACH, _LEAD, Role.TRAINER})
_APPROVES: Final = Permit({_COACH, _LEAD})
_SEES_PROJECT: Final = Permit({_COACH, _LEAD, _OFFICER, _DELEGATE, _OPERATOR})

_PROJECTS: Final[Permits] = {
    "list_projects": PUBLIC,
    "get_project": PUBLIC,
    "change_project_settings": _RUNS_PROJECT,
    "get_figures": _SEES_PROJECT,
    "get_results": _SEES_PROJECT,
    "list_result_rows": _SEES_PROJECT,
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
    "list_project_surveys": _RUNS_PROJECT,
    "get_need_questions": _FOR_EMPLOYER,
    "put_target_group": _FOR_EMPLOYER,
    "get_target_groups": _FOR_EMPLOYER,
    "get_plan": _FOR_EMPLOYER,
    "move_plan": _FOR_EMPLOYER,
    "add_need": _FOR_EMPLOYER,
    "list_needs": _FOR_EMPLOYER,
    "change_need": _FOR_EMPLOYER,
    "settle_need": _FOR_EMPLOYER,
}

# The catalogue is for everyone: an employer looks before it registers.
_COURSES: Final[Permits] = {
    "list_courses": PUBLIC,
    "add_course": _RUNS_PROJECT,
    "change_course": _RUNS_PROJECT,
    "list_runs": PUBLIC,
    "list_open_runs": PUBLIC,
    "get_run": PUBLIC,
    "schedule_run": _RUNS_PROJECT,
    "keep_seats": _RUNS_PROJECT,
    "change_capacity": _RUNS_PROJECT,
    "change_terms": _RUNS_PROJECT,
    "copy_run": _RUNS_PROJECT,
    "list_run_trainers": _HOLDS_MEETING,
    "name_trainers": _RUNS_PROJECT,
    "list_run_materials": _HOLDS_MEETING,
    "keep_materials": _RUNS_PROJECT,
    "uphold_run": _RUNS_PROJECT,
}

# Which bookings wait for somebody her grants say: the list shows those alone.
_BOOKINGS: Final[Permits] = {
    "book_seats": _FOR_EMPLOYER,
    "list_bookings": _FOR_EMPLOYER,
    "get_booking": _FOR_EMPLOYER,
    "get_booking_history": _FOR_EMPLOYER,
    "change_booking": _FOR_EMPLOYER,
    "cancel_booking": _FOR_EMPLOYER,
    "name_people": _FOR_EMPLOYER,
    "substitute_participant": _FOR_EMPLOYER,
    "list_booking_materials": _FOR_EMPLOYER,
    "list_approvals": SIGNED_IN,
    "approve": _APPROVES,
    "decline": _APPROVES,
    "list_run_overlaps": _RUNS_PROJECT,
    "list_run_bookings": _HOLDS_MEETING,
}

# What is one's own is asked by the command: whoever is signed in may ask.
_ATTENDANCE: Final[Permits] = {
    "get_meeting_sheet": _HOLDS_MEETING,
    "mark_attendance": _HOLDS_MEETING,
    "register_arrival": SIGNED_IN,
    "list_own_attendance": SIGNED_IN,
    "list_run_attendance": _SEES_ATTENDANCE,
    "list_booking_attendance": _FOR_EMPLOYER,
    "get_booking_no_shows": _FOR_EMPLOYER,
    "get_run_no_shows": _SEES_ATTENDANCE,
    "get_employer_no_shows": _FOR_EMPLOYER,
    "list_unsigned_attendance": _RUNS_PROJECT,
    "get_attendance": _SEES_ATTENDANCE,
    "correct_attendance": _HOLDS_MEETING,
    "sign_attendance": SIGNED_IN,
    "note_signature": _HOLDS_MEETING,
    "send_signing_code": _HOLDS_MEETING,
    "sign_attendance_by_code": _HOLDS_MEETING,
}

# Whoever has the code of a certificate may check it, and whoever has her own link reads hers.
_PROOF: Final[Permits] = {
    "list_own_certificates": SIGNED_IN,
    "list_project_certificates": _RUNS_PROJECT,
    "list_run_certificates": Permit({_COACH, _LEAD}),
    "get_certificate": _FOR_EMPLOYER | SELF,
    "check_certificate": PUBLIC,
    "list_project_outside_courses": Permit({_COACH, _LEAD}),
    "list_employer_outside_courses": _FOR_EMPLOYER,
    "get_outside_course": _FOR_EMPLOYER,
    "decide_outside_course": Permit({_COACH, _LEAD}),
}

_QUEUES: Final[Permits] = {
    "join_queue": _FOR_EMPLOYER,
    "list_waiting_entries": _FOR_EMPLOYER,
    "get_waiting_entry": _FOR_EMPLOYER,
    "get_waiting_history": _FOR_EMPLOYER,
    "accept_offer": _FOR_EMPLOYER,
    "decline_offer": _FOR_EMPLOYER,
    "leave_queue": _FOR_EMPLOYER,
    "move_in_queue": _RUNS_PROJECT,
    "list_run_queue": _RUNS_PROJECT,
}

_CHANGES: Final[Permits] = {
    "change_run": _RUNS_PROJECT,
    "cancel_run": _RUNS_PROJECT,
    "postpone_run": _RUNS_PROJECT,
    "list_run_confirmations": _RUNS_PROJECT,
    "list_booking_confirmations": _FOR_EMPLOYER,
    "answer_change": _FOR_EMPLOYER,
}

_REQUESTS: Final[Permits] = {
    "draft_training_request": _FOR_EMPLOYER,
    "list_training_requests": _FOR_EMPLOYER,
    "get_training_request": _SEES_EMPLOYER,
    "get_training_request_history": _SEES_EMPLOYER,
    "edit_training_request": _FOR_EMPLOYER,
    "submit_training_request": _FOR_EMPLOYER,
    "withdraw_training_request": _FOR_EMPLOYER,
    "pool_training_requests": _RUNS_PROJECT,
}

_REACH: Final[Permits] = {"list_unreached": Permit({_COACH, _LEAD, _OPERATOR})}

# Whoever has a link reads its calendar; the commands see to it that a link is its owner's.
_FEEDS: Final[Permits] = {
    "get_calendar": PUBLIC,
    "list_calendar_links": SIGNED_IN,
    "make_calendar_link": SIGNED_IN,
    "make_employer_calendar_link": _FOR_EMPLOYER,
    "make_run_calendar_link": Permit({_LEAD, Role.TRAINER}),
    "withdraw_calendar_link": SIGNED_IN,
}

PERMITS: Final[Permits] = {
    **_PROJECTS,
    **_PEOPLE,
    **_EMPLOYERS,
    **_NEEDS,
    **_COURSES,
    **_BOOKINGS,
    **_QUEUES,
    **_CHANGES,
    **_ATTENDANCE,
    **_PROOF,
    **_REQUESTS,
    **_REACH,
    **_FEEDS,
}

_OWN_PAGES: Final[Permits] = {
    "show_me": SIGNED_IN,
    "send_me": SIGNED_IN,
    "show_invitation": SIGNED_IN,
    "send_invitation": SIGNED_IN,
}
_EMPLOYER_PAGES: Final[Permits] = {
    "show_register": SIGNED_IN,
    "send_register": SIGNED_IN,
    "show_change_employer": _FOR_EMPLOYER,
    "send_change_employer": _FOR_EMPLOYER,
    "show_add_workplace": _FOR_EMPLOYER,
    "send_add_workplace": _FOR_EMPLOYER,
    "show_join": PERMITS["join_project"],
    "send_join": PERMITS["join_project"],
    "show_leave": PERMITS["leave_project"],
    "send_leave": PERMITS["leave_project"],
    "show_contacts": PERMITS["list_employer_grants"],
    "show_add_contact": PERMITS["add_contact"],
    "send_add_contact": PERMITS["add_contact"],
    "show_add_coach": PERMITS["add_coach"],
    "send_add_coach": PERMITS["add_coach"],
    "show_withdraw_contact": PERMITS["withdraw_employer_grant"],
    "send_withdraw_contact": PERMITS["withdraw_employer_grant"],
}
_EMPLOYEES_PAGES: Final[Permits] = {
    "show_people": _FOR_EMPLOYER,
    "show_add_employee": _FOR_EMPLOYER,
    "send_add_employee": _FOR_EMPLOYER,
    "show_paste_people": _FOR_EMPLOYER,
    "send_paste_people": _FOR_EMPLOYER,
    "show_employee": _FOR_EMPLOYER,
    "show_change_employee": Permit({_CONTACT, _LEAD, _OPERATOR}),
    "send_change_employee": Permit({_CONTACT, _LEAD, _OPERATOR}),
    "show_end_employment": _FOR_EMPLOYER,
    "send_end_employment": _FOR_EMPLOYER,
    "show_invite_employee": PERMITS["invite_person"],
    "send_invite_employee": PERMITS["invite_person"],
}
_NEED_PAGES: Final[Permits] = {
    "show_surveys": _FOR_EMPLOYER,
    "show_target_groups": _FOR_EMPLOYER,
    "send_target_groups": _FOR_EMPLOYER,
    "show_write_survey": _FOR_EMPLOYER,
    "send_write_survey": _FOR_EMPLOYER,
    "show_plan": _FOR_EMPLOYER,
    "show_add_need": _FOR_EMPLOYER,
    "send_add_need": _FOR_EMPLOYER,
    "show_change_need": _FOR_EMPLOYER,
    "send_change_need": _FOR_EMPLOYER,
    "show_settle_need": _FOR_EMPLOYER,
    "send_settle_need": _FOR_EMPLOYER,
    "show_agree_plan": _FOR_EMPLOYER,
    "send_agree_plan": _FOR_EMPLOYER,
    "show_open_plan": _FOR_EMPLOYER,
    "send_open_plan": _FOR_EMPLOYER,
}
_OVERVIEW_PAGES: Final[Permits] = {
    "show_start": PUBLIC,
    "show_employers": _SEES_EMPLOYER,
    "show_employer": _SEES_EMPLOYER,
    "show_employer_history": _SEES_EMPLOYER,
    "show_hours": _FOR_EMPLOYER,
}

_RUN_PAGES: Final[Permits] = {
    "show_runs": PUBLIC,
    "show_run": PUBLIC,
    "show_whom_to_book_for": SIGNED_IN,
    "show_run_bookings": _HOLDS_MEETING,
}
_BOOKING_PAGES: Final[Permits] = {
    "show_booking_form": _FOR_EMPLOYER,
    "send_booking_form": _FOR_EMPLOYER,
    "show_employer_bookings": _FOR_EMPLOYER,
    "show_booking": _FOR_EMPLOYER,
    "show_booking_change": _FOR_EMPLOYER,
    "send_booking_change": _FOR_EMPLOYER,
    "show_booking_cancellation": _FOR_EMPLOYER,
    "send_booking_cancellation": _FOR_EMPLOYER,
    "show_booking_names": PERMITS["name_people"],
    "send_booking_names": PERMITS["name_people"],
    "show_substitution": PERMITS["substitute_participant"],
    "send_substitution": PERMITS["substitute_participant"],
    "show_approvals": PERMITS["list_approvals"],
    "show_approval": _APPROVES,
    "send_approval": _APPROVES,
    "show_refusal": _APPROVES,
    "send_refusal": _APPROVES,
}
# Whoever has the link of a message may leave by it: the code in it is the permit.
_QUEUE_PAGES: Final[Permits] = {
    "show_join_queue": PERMITS["join_queue"],
    "send_join_queue": PERMITS["join_queue"],
    "show_waiting_entry": PERMITS["get_waiting_entry"],
    "show_offer_acceptance": PERMITS["accept_offer"],
    "send_offer_acceptance": PERMITS["accept_offer"],
    "show_offer_refusal": PERMITS["decline_offer"],
    "send_offer_refusal": PERMITS["decline_offer"],
    "show_leaving": PERMITS["leave_queue"],
    "send_leaving": PERMITS["leave_queue"],
    "show_leaving_by_link": PUBLIC,
    "send_leaving_by_link": PUBLIC,
    "show_employer_queue": PERMITS["list_waiting_entries"],
    "show_run_queue": PERMITS["list_run_queue"],
    "show_queue_move": PERMITS["move_in_queue"],
    "send_queue_move": PERMITS["move_in_queue"],
}
# Whoever has the link of a message may say that they still come: the code in it is the permit.
_CHANGE_PAGES: Final[Permits] = {
    "show_change_answer": PERMITS["answer_change"],
    "send_change_answer": PERMITS["answer_change"],
    "show_giving_up": PERMITS["answer_change"],
    "send_giving_up": PERMITS["answer_change"],
    "show_answer_by_link": PUBLIC,
    "send_answer_by_link": PUBLIC,
    "show_run_answers": PERMITS["list_run_confirmations"],
}
# Whoever has a personal link need not be signed in: the link says who she is, and the page tells no more than is hers.
_ATTENDANCE_PAGES: Final[Permits] = {
    "show_meetings": _HOLDS_MEETING,
    "show_marking": _HOLDS_MEETING,
    "send_marking": _HOLDS_MEETING,
    "show_door": _HOLDS_MEETING,
    "show_run_attendance": _SEES_ATTENDANCE,
    "show_attendance": _SEES_ATTENDANCE,
    "show_correction": PERMITS["correct_attendance"],
    "send_correction": PERMITS["correct_attendance"],
    "show_noted_signature": PERMITS["note_signature"],
    "send_noted_signature": PERMITS["note_signature"],
    "send_signing_code": PERMITS["send_signing_code"],
    "show_code_signature": PERMITS["sign_attendance_by_code"],
    "send_code_signature": PERMITS["sign_attendance_by_code"],
    "show_project_attendance": _RUNS_PROJECT,
    "show_unsigned": PERMITS["list_unsigned_attendance"],
    "show_booking_attendance": PERMITS["list_booking_attendance"],
    "show_my_attendance": SIGNED_IN,
    "show_my_meeting": SIGNED_IN,
    "send_my_meeting": SIGNED_IN,
    "show_personal_link": PUBLIC,
    "send_personal_link": PUBLIC,
}
_PROOF_PAGES: Final[Permits] = {
    "show_my_certificates": SIGNED_IN,
    "show_project_certificates": PERMITS["list_project_certificates"],
    "show_run_certificates": PERMITS["list_run_certificates"],
    "show_employer_certificates": _FOR_EMPLOYER,
    "show_certificate": PERMITS["get_certificate"],
    "get_certificate_document": PERMITS["get_certificate"],
    "show_certificate_by_link": PUBLIC,
    "get_document_by_link": PUBLIC,
    "show_certificate_check": PUBLIC,
    "send_certificate_check": PUBLIC,
    "show_project_outside_courses": PERMITS["list_project_outside_courses"],
    "show_employer_outside_courses": PERMITS["list_employer_outside_courses"],
    "show_outside_course_form": _FOR_EMPLOYER,
    "send_outside_course_form": _FOR_EMPLOYER,
    "show_outside_course": PERMITS["get_outside_course"],
    "get_outside_evidence": PERMITS["get_outside_course"],
    "show_outside_acceptance": PERMITS["decide_outside_course"],
    "send_outside_acceptance": PERMITS["decide_outside_course"],
    "show_outside_refusal": PERMITS["decide_outside_course"],
    "send_outside_refusal": PERMITS["decide_outside_course"],
}
_REQUEST_PAGES: Final[Permits] = {
    "show_employer_requests": _FOR_EMPLOYER,
    "show_request": _SEES_EMPLOYER,
    "show_new_request": _FOR_EMPLOYER,
    "send_new_request": _FOR_EMPLOYER,
    "show_request_edit": _FOR_EMPLOYER,
    "send_request_edit": _FOR_EMPLOYER,
    "show_request_submission": _FOR_EMPLOYER,
    "send_request_submission": _FOR_EMPLOYER,
    "show_request_withdrawal": _FOR_EMPLOYER,
    "send_request_withdrawal": _FOR_EMPLOYER,
}
_REACH_PAGES: Final[Permits] = {"show_unreached": Permit({_COACH, _LEAD, _OPERATOR})}

_FEED_PAGES: Final[Permits] = {
    "show_calendars": SIGNED_IN,
    "send_calendars": SIGNED_IN,
    "show_employer_calendar": PERMITS["make_employer_calendar_link"],
    "send_employer_calendar": PERMITS["make_employer_calendar_link"],
    "show_run_calendar": PERMITS["make_run_calendar_link"],
    "send_run_calendar": PERMITS["make_run_calendar_link"],
    "show_calendar_withdrawal": SIGNED_IN,
    "send_calendar_withdrawal": SIGNED_IN,
}

_LEAD_PAGES: Final[Permits] = {
    "show_my_projects": _RUNS_PROJECT,
    "show_figures": _SEES_PROJECT,
    "follow_figures": _SEES_PROJECT,
    # which project's, and whose of it, the page asks itself: a coach of chosen employers sees theirs
    "show_results": PERMITS["get_results"],
    "show_result_rows": PERMITS["list_result_rows"],
    "show_attended_hours": _SEES_PROJECT,
    "show_demand": _RUNS_PROJECT,
    "show_together": PERMITS["pool_training_requests"],
    "send_together": PERMITS["pool_training_requests"],
    "show_project_surveys": PERMITS["list_project_surveys"],
    "show_project_courses": _RUNS_PROJECT,
    "show_add_course": _RUNS_PROJECT,
    "send_add_course": _RUNS_PROJECT,
    "show_course_change": PERMITS["change_course"],
    "send_course_change": PERMITS["change_course"],
    "show_project_runs": _RUNS_PROJECT,
    "show_schedule_run": _RUNS_PROJECT,
    "send_schedule_run": _RUNS_PROJECT,
    "show_led_run": _RUNS_PROJECT,
    "show_run_change": _RUNS_PROJECT,
    "send_run_change": _RUNS_PROJECT,
    "show_kept_seats": _RUNS_PROJECT,
    "send_kept_seats": _RUNS_PROJECT,
    "show_capacity": PERMITS["change_capacity"],
    "send_capacity": PERMITS["change_capacity"],
    "show_terms": PERMITS["change_terms"],
    "send_terms": PERMITS["change_terms"],
    "show_run_trainers": PERMITS["name_trainers"],
    "send_run_trainers": PERMITS["name_trainers"],
    "show_materials": PERMITS["keep_materials"],
    "send_materials": PERMITS["keep_materials"],
    "show_copying": PERMITS["copy_run"],
    "send_copying": PERMITS["copy_run"],
    "show_decision": PERMITS["uphold_run"],
    "send_decision": PERMITS["uphold_run"],
    "show_run_postponement": _RUNS_PROJECT,
    "send_run_postponement": _RUNS_PROJECT,
    "show_run_cancellation": _RUNS_PROJECT,
    "send_run_cancellation": _RUNS_PROJECT,
    "show_participants": PERMITS["list_participants"],
    "show_add_participant": PERMITS["add_participant"],
    "send_add_participant": PERMITS["add_participant"],
    "show_end_participation": PERMITS["end_participation"],
    "send_end_participation": PERMITS["end_participation"],
    "show_protected": _RUNS_PROJECT,
    "show_identity_looks": _RUNS_PROJECT,
    "show_identity": _RUNS_PROJECT,
    "send_identity": _RUNS_PROJECT,
    "show_roles": PERMITS["list_grants"],
    "show_give_role": PERMITS["give_role"],
    "send_give_role": PERMITS["give_role"],
    "show_withdraw_role": PERMITS["withdraw_grant"],
    "send_withdraw_role": PERMITS["withdraw_grant"],
    "show_settings": _RUNS_PROJECT,
    "show_change_settings": PERMITS["change_project_settings"],
    "send_change_settings": PERMITS["change_project_settings"],
}

PAGE_PERMITS: Final[Permits] = {
    **_OWN_PAGES,
    **_EMPLOYER_PAGES,
    **_EMPLOYEES_PAGES,
    **_NEED_PAGES,
    **_OVERVIEW_PAGES,
    **_RUN_PAGES,
    **_BOOKING_PAGES,
    **_QUEUE_PAGES,
    **_CHANGE_PAGES,
    **_ATTENDANCE_PAGES,
    **_PROOF_PAGES,
    **_REQUEST_PAGES,
    **_REACH_PAGES,
    **_FEED_PAGES,
    **_LEAD_PAGES,
    **operator.PERMITS,
}

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
    "meeting_id": find_meeting_scope,
    "attendance_id": find_attendance_scope,
    "certificate_id": find_certificate_scope,
    "outside_course_id": find_outside_scope,
    "booking_id": find_booking_scope,
    "request_id": find_request_scope,
    "entry_id": find_entry_scope,
}
