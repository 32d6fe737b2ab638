"""The whole portal at one loopback address: a real origin with its issuer, and the three services behind it.

The services are real ones on real databases, served by uvicorn. What Kafka would carry to the copies is handed over by
the functions that take it up, so that no broker is needed to look at pages.
"""

import base64
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from fastapi import FastAPI

from deploy.loading import load_all
from deploy.project_files import PROJECTS
from services.booking.app import create_app as create_booking
from services.booking.settings import BookingSettings
from services.booking.states import STATES
from services.notification.app import create_app as create_notification
from services.notification.copies import COPIES as NOTIFICATION_COPIES
from services.notification.settings import NotificationSettings
from services.procurement.app import create_app as create_procurement
from services.procurement.copies import COPIES as PROCUREMENT_COPIES
from services.procurement.settings import ProcurementSettings
from shared.kernel.clock import SystemClock
from shared.messaging.reactions import Copies, Delivery
from shared.web.exchange import RouteFacts, ServiceParts
from tests.support.databases import Databases
from tests.support.origin import RunningOrigin, running_origin, serve

_SERVICES: Final[Mapping[str, tuple[Any, Any]]] = {
    "booking": (create_booking, BookingSettings),
    "procurement": (create_procurement, ProcurementSettings),
    "notification": (create_notification, NotificationSettings),
}
_COPIES: Final = (("procurement", PROCUREMENT_COPIES), ("notification", NOTIFICATION_COPIES))
_PROJECT_FILES: Final = ("lyftkraft-dalarna.yaml", "kompetenscentrum-lulea.yaml")


@dataclass(frozen=True)
class Portal:
    """The portal as it runs."""

    origin: RunningOrigin
    apps: Mapping[str, FastAPI]

    @property
    def url(self) -> str:
        return self.origin.url

    def parts(self, service: str) -> ServiceParts:
        """Return what a service works with."""
        parts: ServiceParts = self.apps[service].state.parts
        return parts

    def pages(self) -> dict[Callable[..., Any], RouteFacts]:
        """Return every page that a person can go to, by the function that shows it."""
        return {
            endpoint: facts
            for service in self.apps
            for endpoint, facts in self.parts(service).routes.items()
            if facts.is_page and facts.method == "GET"
        }


@asynccontextmanager
async def running_portal(
    databases: Databases, home: Path, *, at: socket.socket | None = None, **changes: str
) -> AsyncIterator[Portal]:
    """Run the portal with two projects and their people; keywords replace what the services are told."""
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(running_origin(home, at=at))
        environment = pytest.MonkeyPatch()
        stack.callback(environment.undo)
        for name, value in (_shared_environment(origin) | changes).items():
            environment.setenv(name, value)
        for service in _SERVICES:
            environment.setenv(f"{service.upper()}_DATABASE_URL", await databases.of_service(service))
            environment.setenv(f"{service.upper()}_SECRET", base64.b64encode(secrets.token_bytes(32)).decode())
        await load_all([PROJECTS / name for name in _PROJECT_FILES])
        apps: dict[str, FastAPI] = {}
        addresses: dict[str, dict[str, str]] = {}
        for service, (create_app, settings) in _SERVICES.items():
            app = apps[service] = create_app(settings())
            addresses[service] = {"web": await stack.enter_async_context(serve(app))}
        origin.write_routes({"services": addresses})
        portal = Portal(origin, apps)
        await _hand_over_copies(portal)
        yield portal


def _shared_environment(origin: RunningOrigin) -> dict[str, str]:
    return {
        "KURSLOTS_MODE": "embedded",
        "KURSLOTS_CLOCK": "system",
        "KURSLOTS_ORIGIN": origin.url,
        "OIDC_ISSUER": origin.settings.issuer,
        "OIDC_ISSUER_ALIAS": "embedded",
    }


async def _hand_over_copies(portal: Portal) -> None:
    """Give the other services what booking would have published to them."""
    async with portal.parts("booking").database.sessions() as session:
        states = [state for source in STATES for state in await _all(source.walk, session)]
    for service, copies in _COPIES:
        async with portal.parts(service).database.sessions() as session, session.begin():
            for state in states:
                await _hand_over(copies, Delivery(session, SystemClock()), state)


async def _all(walk: Any, session: Any) -> list[Any]:  # noqa: ANN401 - of whichever state the source has
    found: list[Any] = []
    after: UUID | None = None
    while rows := await walk(session, after, 200):
        found += [state for _, _, state in rows if state is not None]
        after = rows[-1][0]
    return found


async def _hand_over(copies: Copies, delivery: Delivery, state: Any) -> None:  # noqa: ANN401 - a state of any type
    keep = copies.keepers.get(type(state))
    if keep is not None:
        await keep(delivery, state)
