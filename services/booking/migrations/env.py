"""Alembic's entry: the service's own tables, and those that messaging and the web edge need in every database."""

from services.booking.schema import METADATA
from shared.messaging.tables import metadata as messaging
from shared.migrations import run_migrations
from shared.web.tables import metadata as web

run_migrations([METADATA, messaging, web], extensions=["btree_gist", "pg_trgm"])
