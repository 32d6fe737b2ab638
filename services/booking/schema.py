"""All of booking's tables in one MetaData: foreign keys between areas are known once this is imported."""

from services.booking.attendance import tables as attendance
from services.booking.base import BookingTable
from services.booking.bookings import tables as bookings
from services.booking.changes import tables as changes
from services.booking.courses import tables as courses
from services.booking.employers import tables as employers
from services.booking.feeds import tables as feeds
from services.booking.needs import tables as needs
from services.booking.people import tables as people
from services.booking.projects import tables as projects
from services.booking.proof import tables as proof
from services.booking.reach import tables as reach
from services.booking.reports import tables as reports
from services.booking.requests import tables as requests
from services.booking.seats import tables as seats

TABLES = (
    projects,
    people,
    employers,
    needs,
    courses,
    seats,
    bookings,
    attendance,
    proof,
    changes,
    requests,
    reach,
    reports,
    feeds,
)
METADATA = BookingTable.metadata
