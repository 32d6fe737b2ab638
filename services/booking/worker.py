"""Booking's worker, put together: reactions, timers, and the states that it tells."""

from faststream.asgi import AsgiFastStream

from services.booking import schema
from services.booking.copies import COPIES
from services.booking.reactions import REACTIONS
from services.booking.settings import BookingSettings
from services.booking.states import STATES
from services.booking.timers import TIMERS
from shared.messaging.worker import build_worker
from shared.web.browser.sessions import purge_sessions
from shared.web.idempotency import purge_answers

assert schema.METADATA.tables  # foreign keys between areas need every area's tables


def create_worker(settings: BookingSettings) -> AsgiFastStream:
    """Return booking's worker, connected to nothing yet."""
    return build_worker(
        service="booking",
        settings=settings,
        reactions=REACTIONS,
        copies=COPIES,
        timers=TIMERS,
        states=STATES,
        purges=[purge_answers, purge_sessions],
    )
