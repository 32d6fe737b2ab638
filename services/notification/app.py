"""The web process of notification, put together."""

from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from services.notification.authorisation import PAGE_PERMITS, PERMITS, SCOPES, find_actor
from services.notification.notifications.api import router as notifications
from services.notification.notifications.operator_pages import router as notification_operator_pages
from services.notification.notifications.pages import router as notification_pages
from services.notification.notifications.unsubscribing import Unsubscribing
from services.notification.receipts.api import FORM_ADDRESSES
from services.notification.receipts.api import router as receipts
from services.notification.recipients.api import router as recipients
from services.notification.recipients.operator_pages import router as recipient_operator_pages
from services.notification.recipients.pages import router as recipient_pages
from services.notification.recipients.queries import find_names
from services.notification.settings import NotificationSettings
from services.notification.wordings.api import router as wordings
from services.notification.wordings.catalogue import load_wordings
from services.notification.wordings.pages import router as wording_pages
from shared.web.app import create_service_app
from shared.web.operator import pages as operator

PAGES: Final[tuple[APIRouter, ...]] = (
    notification_pages,
    notification_operator_pages,
    recipient_pages,
    recipient_operator_pages,
    wording_pages,
    operator.router,
)


def create_app(settings: NotificationSettings, **parts: Any) -> FastAPI:  # noqa: ANN401 - create_service_app's own
    """Return the app. Raises WordingsWrong, or ValueError where routes and permits differ."""
    app = create_service_app(
        service="notification",
        settings=settings,
        routers=[recipients, wordings, notifications, receipts],
        permits=PERMITS,
        scopes=SCOPES,
        find_actor=find_actor,
        form_addresses=FORM_ADDRESSES,
        pages=PAGES,
        page_permits=PAGE_PERMITS,
        find_names=find_names,
        **parts,
    )
    app.state.wordings = load_wordings()
    app.state.unsubscribing = Unsubscribing(settings.secret_key, settings.origin)
    app.state.soft_suppression = timedelta(days=settings.soft_suppression_days)
    return app
