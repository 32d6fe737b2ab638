"""Alembic's entry: the service's own tables, and those that messaging and the web edge need in every database."""

from services.notification.base import NotificationTable
from services.notification.notifications import tables as notifications
from services.notification.recipients import tables as recipients
from shared.messaging.tables import metadata as messaging
from shared.migrations import run_migrations
from shared.web.tables import metadata as web

TABLES = (recipients, notifications)
run_migrations([NotificationTable.metadata, messaging, web])
