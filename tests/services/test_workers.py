"""Every service's worker, whole, with Kafka away: it answers, and forgets what its web process has stored for long."""

import asyncio
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from services.booking.settings import BookingSettings
from services.notification.settings import NotificationSettings
from services.procurement.settings import ProcurementSettings
from shared.db import Database, open_database
from shared.settings import ServiceSettings
from tests.support.databases import ServiceDatabase

ROOT = Path(__file__).parents[2]
SETTINGS: tuple[type[ServiceSettings], ...] = (BookingSettings, ProcurementSettings, NotificationSettings)
_OLD_ANSWER = text("""
    INSERT INTO idempotency_keys (lookup, fingerprint, answer, created_at)
    VALUES (decode(repeat('ab', 32), 'hex'), decode(repeat('cd', 32), 'hex'), 'x', now() - interval '30 days')
""")


_OLD_SESSION = text("""
    INSERT INTO web_sessions (id_hash, issuer, subject, made_at, seen_at)
    VALUES ('x', 'embedded', 'anna', now() - interval '3 days', now() - interval '2 days')
""")
_KEPT = text("SELECT (SELECT count(*) FROM idempotency_keys) + (SELECT count(*) FROM web_sessions)")


async def _kept(database: Database) -> int:
    async with database.engine.connect() as connection:
        return int((await connection.execute(_KEPT)).scalar_one())


@pytest.mark.parametrize("settings_class", SETTINGS, ids=lambda settings_class: settings_class.SERVICE)
async def test_a_worker_starts_with_kafka_away_and_forgets_old_answers_and_sessions(
    settings_class: type[ServiceSettings], service_database: ServiceDatabase
) -> None:
    service = settings_class.SERVICE
    url = await service_database(service)
    database = open_database(url)
    with socket.socket() as nobody:  # bound and not listening: a broker that is away
        nobody.bind(("127.0.0.1", 0))
        settings = settings_class.model_validate(
            {
                "mode": "embedded",
                "database_url": url,
                "secret": "sample-secret",
                "kafka_bootstrap": f"127.0.0.1:{nobody.getsockname()[1]}",
            }
        )
        async with database.engine.begin() as connection:
            await connection.execute(_OLD_ANSWER)
            await connection.execute(_OLD_SESSION)
        app = import_module(f"services.{service}.worker").create_worker(settings)
        async with app.start_lifespan_context(), asyncio.timeout(30):
            while await _kept(database):  # noqa: ASYNC110 - another process would do it
                await asyncio.sleep(0.05)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as client:
                health, ready = await client.get("/health"), await client.get("/ready")
    await database.close()
    assert (health.status_code, health.json()["kafka"]) == (200, False)
    assert ready.status_code == 503


@pytest.mark.parametrize("settings_class", SETTINGS, ids=lambda settings_class: settings_class.SERVICE)
def test_a_worker_loads_nothing_that_only_the_web_or_a_collector_needs(settings_class: type[ServiceSettings]) -> None:
    asked = f"import sys, services.{settings_class.SERVICE}.worker; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    unwanted = {"fastapi", "jinja2", "authlib", "joserfc", "opentelemetry.sdk", "google.protobuf", "requests"}
    assert unwanted & set(loaded.split()) == set()
