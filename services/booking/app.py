"""Booking's web process, put together."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI

from services.booking import schema
from services.booking.attendance import api as attendance
from services.booking.attendance import led_pages as attendance_pages
from services.booking.attendance import marking_pages, signing_pages
from services.booking.authorisation import PAGE_PERMITS, PERMITS, SCOPES
from services.booking.bookings import api as bookings
from services.booking.bookings import (
    approval_api,
    approval_pages,
    deciding_api,
    deciding_pages,
    material_api,
    names_api,
    names_pages,
    placing_pages,
    planning_pages,
    run_pages,
    substitution_api,
    substitution_pages,
)
from services.booking.bookings import lead_pages as run_lead_pages
from services.booking.bookings import pages as booking_pages
from services.booking.changes import api as changes
from services.booking.changes import lead_pages as change_lead_pages
from services.booking.changes import pages as change_pages
from services.booking.composition import keep_keys, keep_links
from services.booking.courses import api as courses
from services.booking.courses import holding_api, settings_api, settings_pages
from services.booking.courses import lead_pages as course_lead_pages
from services.booking.employers import api as employers
from services.booking.employers import contacts_pages, grants_api, people_api, people_pages, person_pages
from services.booking.employers import lead_pages as role_pages
from services.booking.employers import pages as employer_pages
from services.booking.feeds import api as feeds
from services.booking.feeds import pages as feed_pages
from services.booking.keys import Keys
from services.booking.needs import api as needs
from services.booking.needs import group_pages, survey_pages
from services.booking.needs import lead_pages as needs_lead_pages
from services.booking.needs import pages as need_pages
from services.booking.overview import hours_pages
from services.booking.overview import pages as overview_pages
from services.booking.people import api as people
from services.booking.people import lead_pages as participant_pages
from services.booking.people import pages as own_pages
from services.booking.people.accounts import find_actor
from services.booking.people.queries import find_names
from services.booking.projects import api as projects
from services.booking.projects import lead_pages as project_lead_pages
from services.booking.proof import api as proof
from services.booking.proof import outside_api, outside_pages
from services.booking.proof import pages as proof_pages
from services.booking.proof import public_pages as proof_public_pages
from services.booking.proof.typesetter import Typesetter, keep_typesetter
from services.booking.reach import api as reach
from services.booking.reach import pages as reach_pages
from services.booking.reports import api as reports
from services.booking.reports import attended_pages
from services.booking.reports import pages as report_pages
from services.booking.reports import results_pages as result_pages
from services.booking.requests import api as requests
from services.booking.requests import pages as request_pages
from services.booking.requests import pooling_pages, writing_pages
from services.booking.seats import api as seats
from services.booking.seats import copying_pages, holding_pages
from services.booking.seats import lead_pages as seat_lead_pages
from services.booking.seats import pages as seat_pages
from services.booking.settings import BookingSettings
from services.booking.waiting import api as waiting
from services.booking.waiting import pages as waiting_pages
from services.booking.waiting import queue_pages
from shared.kernel.personal_links import PersonalLinks
from shared.web.app import create_service_app
from shared.web.operator import pages as operator

assert schema.METADATA.tables  # foreign keys between areas need every area's tables

ROUTERS: Final[tuple[APIRouter, ...]] = (
    projects.router,
    people.router,
    employers.router,
    people_api.router,
    grants_api.router,
    needs.router,
    courses.router,
    settings_api.router,
    seats.router,
    bookings.router,
    deciding_api.router,
    names_api.router,
    approval_api.router,
    substitution_api.router,
    holding_api.router,
    material_api.router,
    waiting.router,
    changes.router,
    attendance.router,
    proof.router,
    outside_api.router,
    requests.router,
    reach.router,
    reports.router,
    feeds.router,
)
PAGES: Final[tuple[APIRouter, ...]] = (
    own_pages.router,
    employer_pages.router,
    people_pages.router,
    person_pages.router,
    contacts_pages.router,
    need_pages.router,
    survey_pages.router,
    group_pages.router,
    needs_lead_pages.router,
    overview_pages.router,
    hours_pages.router,
    seat_pages.router,
    run_pages.router,
    placing_pages.router,
    booking_pages.router,
    names_pages.router,
    approval_pages.router,
    substitution_pages.router,
    waiting_pages.router,
    queue_pages.router,
    change_pages.router,
    marking_pages.router,
    attendance_pages.router,
    signing_pages.router,
    proof_pages.router,
    outside_pages.router,
    proof_public_pages.router,
    request_pages.router,
    writing_pages.router,
    pooling_pages.router,
    reach_pages.router,
    report_pages.router,
    result_pages.router,
    attended_pages.router,
    feed_pages.router,
    course_lead_pages.router,
    run_lead_pages.router,
    planning_pages.router,
    seat_lead_pages.router,
    copying_pages.router,
    holding_pages.router,
    deciding_pages.router,
    change_lead_pages.router,
    participant_pages.router,
    role_pages.router,
    project_lead_pages.router,
    settings_pages.router,
    operator.router,
)


def create_app(settings: BookingSettings, **parts: Any) -> FastAPI:  # noqa: ANN401 - as `create_service_app` has them
    """Return booking's web app. `parts` stand in for those that it would make: clock, database, issuer_transport."""
    app = create_service_app(
        service="booking",
        settings=settings,
        routers=ROUTERS,
        permits=PERMITS,
        scopes=SCOPES,
        find_actor=find_actor,
        pages=PAGES,
        page_permits=PAGE_PERMITS,
        find_names=find_names,
        upload_addresses=(names_pages.UPLOADS, outside_pages.UPLOADS),
        **parts,
    )
    keep_keys(app, Keys.derive(settings.secret_key))
    keep_links(app, PersonalLinks.derive(settings.personal_links_key))
    keep_typesetter(app, Typesetter())
    return app
