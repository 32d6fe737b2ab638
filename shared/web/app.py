"""A service's web process, put together: the one place where routes, permits, sign-in, limits and documents meet.

Starts whatever is away: the database and the issuer are first asked when a request needs them. Never touches Kafka.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response

from shared.db import Database, open_database
from shared.kernel.clock import Clock
from shared.kernel.errors import KurslotsError
from shared.settings import ServiceSettings
from shared.web.access import AccessMiddleware, FaultMiddleware
from shared.web.authorisation import FindActor, Permits, Scopes
from shared.web.browser import pages as browser
from shared.web.database_errors import told_of_database
from shared.web.documents import PAGE_POLICY, documents_page, openapi_document
from shared.web.exchange import FindNames, ServiceParts, no_names, parts_of
from shared.web.gate import gate, route_facts
from shared.web.idempotency import AnswerKeys
from shared.web.languages import SHARED_CATALOGUES, Catalogues
from shared.web.limits import LARGEST_BODY, LimitsMiddleware
from shared.web.operator import pages as operator
from shared.web.pace import Paces
from shared.web.pages import shell
from shared.web.pages.environment import SHELL_TEMPLATES, Templates, area_templates
from shared.web.pages.errors import answer_of
from shared.web.pages.live import LiveStreams
from shared.web.pages.rendering import page_policy
from shared.web.problems import told_of
from shared.web.sign_in import IssuerKeys, TokenVerifier

VERSION: Final = "1.0.0"

_SERVICES = Path(__file__).parents[2] / "services"
_log = structlog.get_logger(__name__)


class ServiceApp(FastAPI):
    """A FastAPI whose document tells our problems, our sign-in and the idempotency key."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made anew."""
        parts: ServiceParts = self.state.parts
        return openapi_document(self, parts.routes)


def create_service_app(  # noqa: PLR0913 - a composition root names every part
    *,
    service: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    permits: Permits,
    scopes: Scopes,
    find_actor: FindActor,
    clock: Clock | None = None,
    database: Database | None = None,
    issuer_transport: httpx.AsyncBaseTransport | None = None,
    catalogue_folders: Sequence[Path] = (),
    largest_body: int = LARGEST_BODY,
    form_addresses: Sequence[str] = (),
    pages: Sequence[APIRouter] = (),
    page_permits: Permits | None = None,
    template_folders: Mapping[str, Path] | None = None,
    upload_addresses: Sequence[re.Pattern[str]] = (),
    find_names: FindNames = no_names,
) -> FastAPI:
    """Return the web app of a service, with everything under `/<service>`.

    Raises ValueError where routes and permits differ. A `database` that is given is not closed with the app;
    `issuer_transport` stands in for the network to the issuer. Addresses that begin with one of `form_addresses` (below
    the API) take a form besides JSON: other systems call them and choose how. `pages` answer with HTML below
    `/<service>`, each with its permit in `page_permits`; an area's templates are those in its folder, and those of
    `template_folders`, by the name that they are asked for with. Pages whose whole address fits one of
    `upload_addresses` take a form with a file.
    """
    prefix = f"/{service}/api/v1"
    page_routers = [*pages, browser.router, shell.router]
    routes = route_facts(routers, prefix=prefix, permits=permits, scopes=scopes) | route_facts(
        page_routers,
        prefix=f"/{service}",
        permits={**(page_permits or {}), **browser.PERMITS, **shell.PERMITS},
        scopes=scopes,
        are_pages=True,
    )
    catalogues = Catalogues([*catalogue_folders, _SERVICES / service / "translations", SHARED_CATALOGUES])
    keys = IssuerKeys(settings.oidc_issuer, transport=issuer_transport)
    own_database = database is None
    database = database or open_database(settings.database_url.get_secret_value(), name=f"kurslots-{service}-web")
    sign_in = browser.browser_sign_in(service, settings, database, keys, transport=issuer_transport)
    parts = ServiceParts(
        service=service,
        database=database,
        clock=clock or settings.make_clock(),
        catalogues=catalogues,
        verifier=TokenVerifier(
            keys,
            issuer=settings.oidc_issuer,
            issuer_alias=settings.oidc_issuer_alias,
            audience=f"kurslots-{service}",
        ),
        answer_keys=AnswerKeys(settings.secret_key),
        find_actor=find_actor,
        scopes=scopes,
        routes=routes,
        templates=Templates(
            service=service,
            folders={
                "shell": SHELL_TEMPLATES,
                "sign_in": browser.TEMPLATES,
                "operator": operator.TEMPLATES,
                **area_templates(_SERVICES / service),
                **(template_folders or {}),
            },
            catalogues=catalogues,
        ),
        page_policy=page_policy(settings.oidc_issuer),
        origin=settings.origin.rstrip("/"),
        visitor_of=sign_in.visitor_of,
        names_of=find_names,
        sign_in_address=sign_in.address,
        sign_out_address=sign_in.sign_out_address,
    )

    live = LiveStreams(database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            live.end()
            await keys.close()
            await sign_in.client.close()
            if own_database:
                await parts.database.close()

    app = ServiceApp(
        title=f"Kurslots: {service}",
        version=VERSION,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_route_name,
        middleware=[
            Middleware(AccessMiddleware, service=service, routes=routes),
            Middleware(
                LimitsMiddleware,
                catalogues=catalogues,
                largest_body=largest_body,
                form_addresses=tuple(f"{prefix}{address}" for address in form_addresses),
                api_addresses=f"/{service}/api/",
                upload_addresses=tuple(upload_addresses),
            ),
            Middleware(FaultMiddleware, catalogues=catalogues),
        ],
        exception_handlers={
            KurslotsError: _tell,
            RequestValidationError: _tell,
            HTTPException: _tell,
        },
    )
    app.state.parts = parts
    app.state.browser_sign_in = sign_in
    app.state.paces = Paces()
    app.state.live = live
    app.state.relay_shards = settings.relay_shards
    for router in routers:
        app.include_router(router, prefix=prefix, dependencies=[Depends(gate)])
    for router in page_routers:
        app.include_router(router, prefix=f"/{service}", dependencies=[Depends(gate)], include_in_schema=False)
    app.add_route(f"/{service}/static/{{name}}", parts.templates.static.answer, methods=["GET"])
    _add_documents(app, prefix)
    app.add_route(f"/{service}/health", _health, methods=["GET"])
    app.add_route(f"/{service}/metrics", _metrics, methods=["GET"])
    return app


def _route_name(route: APIRoute) -> str:
    return route.endpoint.__name__


def _add_documents(app: FastAPI, prefix: str) -> None:
    parts: ServiceParts = app.state.parts
    address = f"{prefix}/openapi.json"

    # made when first asked for, and kept as text: as objects the document takes megabytes of every process
    @cache
    def document() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    @cache
    def page() -> str:
        return documents_page(app.openapi(), parts.routes, address=address)

    async def openapi(_request: Request) -> Response:
        return Response(document(), media_type="application/json", headers={"cache-control": "no-cache"})

    async def docs(_request: Request) -> Response:
        return HTMLResponse(page(), headers={"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"})

    app.add_route(address, openapi, methods=["GET"])
    app.add_route(f"{prefix}/docs", docs, methods=["GET"])


async def _tell(request: Request, error: Exception) -> Response:
    parts = parts_of(request)
    told = told_of(error, method=request.method)
    headers = dict(told.headers)
    if told.status == 401:  # noqa: PLR2004 - the one status that names its scheme
        reason = ', error="invalid_token"' if told.code == "invalid_token" else ""
        headers["www-authenticate"] = f'Bearer realm="kurslots-{parts.service}"{reason}'
    if told.status == 405:  # noqa: PLR2004 - a status of HTTP
        headers["allow"] = ", ".join(_methods_of(request))
    answer = answer_of(request.scope, told, parts.catalogues)
    answer.headers.update(headers)
    return answer


def _methods_of(request: Request) -> list[str]:
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        if context.path_regex.match(request.url.path):
            methods |= context.methods or set()
    return sorted(methods)


async def _health(request: Request) -> Response:
    """Say whether the service is up and can reach its database."""
    parts = parts_of(request)
    reachable = True
    try:
        async with parts.database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        if told_of_database(error) is None and not isinstance(error, OSError):
            raise
        _log.warning("database not reachable", cause=type(error).__name__)
        reachable = False
    state = {"service": parts.service, "status": "up", "database": "up" if reachable else "down"}
    return JSONResponse(state, 200 if reachable else 503)


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
