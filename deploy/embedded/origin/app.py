"""Puts the origin together: one ASGI application with its background tasks. Nothing is built at import."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from deploy.embedded.origin.guards import Entrance, SmallBodies
from deploy.embedded.origin.health import check_all, summary
from deploy.embedded.origin.issuer.clients import registered_clients
from deploy.embedded.origin.issuer.endpoints import IssuerRoutes
from deploy.embedded.origin.issuer.keys import SigningKeys
from deploy.embedded.origin.issuer.server import build_server
from deploy.embedded.origin.pages import Pages
from deploy.embedded.origin.problems import OriginProblem, answer_http_error, answer_problem
from deploy.embedded.origin.proxy import ServiceProxy
from deploy.embedded.origin.routes import SERVICES, Routes
from deploy.embedded.origin.sent.api import SentRoutes
from deploy.embedded.origin.sent.receipts import ReceiptCalls
from deploy.embedded.origin.sent.sms import SmsGateway
from deploy.embedded.origin.sent.smtp import MailSink, listen
from deploy.embedded.origin.sent.store import SentStore
from deploy.embedded.origin.settings import OriginSettings
from deploy.people import ReadyMade, load_ready_made
from shared.kernel.texts import N_

_OWN_BODY_BYTES = 64 * 1024
_CONNECT_SECONDS = 3.0
_MOST_CONNECTIONS = 400
_MOST_IDLE_CONNECTIONS = 60
_IDLE_SECONDS = 30.0  # less than a service keeps a connection: a request must not meet a closing one
# a cookie that one browser is given must not be sent for the next
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])
PURPOSES = (
    ("booking", N_("Projects, employers, courses, seats, bookings, training requests")),
    ("procurement", N_("Cases, advice, invitations, bids, awards, contracts")),
    ("notification", N_("E-mail and SMS, their wordings, attempts and receipts")),
)


class Origin:
    """The parts of one running origin, made in order and let go in the reverse."""

    def __init__(self, settings: OriginSettings) -> None:
        self.settings = settings
        settings.home.mkdir(parents=True, exist_ok=True)
        self.ready_made: ReadyMade = load_ready_made(settings.people)
        self.pages = Pages()
        self.routes = Routes(settings.routes)
        self.store = SentStore(settings.home / "sent.sqlite3", kept_messages=settings.kept_messages)
        self.keys = SigningKeys(settings.home / "issuer-keys.json")
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx.Limits(
                max_connections=_MOST_CONNECTIONS,
                max_keepalive_connections=_MOST_IDLE_CONNECTIONS,
                keepalive_expiry=_IDLE_SECONDS,
            ),
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(_NO_COOKIES),
        )
        self.client.headers.clear()  # a passed-on request has the asker's headers and no others
        self.receipts = ReceiptCalls(self.store, self.client)
        self.listeners: dict[str, str] = {}

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Listen for mail and give receipts while the application runs."""
        del app
        settings = self.settings
        server, address = await listen(
            MailSink(self.store), host=settings.host, port=settings.smtp_port, max_bytes=settings.max_mail_bytes
        )
        host, port = address()
        self.listeners["smtp"] = f"{host}:{port}"
        receipts = asyncio.create_task(self.receipts.run())
        try:
            yield
        finally:
            receipts.cancel()
            await asyncio.gather(receipts, return_exceptions=True)
            server.close()
            await server.wait_closed()
            await self.client.aclose()
            self.store.close()

    async def front(self, request: Request) -> Response:
        """Say what runs where."""
        parts = await check_all(self.routes, self.client, self.listeners)
        return self.pages.render(
            request,
            "front.html",
            services=PURPOSES,
            parts=parts,
            people=self.ready_made.people.values(),
            scope_of=self.ready_made.scope_of,
            discovery=f"{self.settings.issuer}/.well-known/openid-configuration",
        )

    async def health(self, request: Request) -> Response:
        """Say how each part is: 200 when all are up, 503 when one is down."""
        del request
        status, document = summary(await check_all(self.routes, self.client, self.listeners), self.routes.wrong)
        return JSONResponse(document, status_code=status, headers={"cache-control": "no-store"})


def create_app(settings: OriginSettings) -> Starlette:
    """Build the origin's application; its lifespan starts and stops everything else."""
    origin = Origin(settings)
    server = build_server(
        issuer=settings.issuer,
        clients=registered_clients(settings.url),
        people=origin.ready_made.people,
        keys=origin.keys,
    )
    issuer = IssuerRoutes(server=server, ready_made=origin.ready_made, keys=origin.keys, pages=origin.pages)
    gateway = SmsGateway(origin.store, origin.receipts, user=settings.sms_user, password=settings.sms_password)
    own = [
        Route("/", origin.front),
        Route("/health", origin.health),
        Route("/static/{name}", origin.pages.files.answer),
        *issuer.routes(),
        *SentRoutes(origin.store, origin.pages).routes(),
        Route("/sms/a1/sms", gateway.send, methods=["POST"]),
    ]
    proxied = [Mount(f"/{service}", app=_proxy(origin, service)) for service in SERVICES]
    app = Starlette(
        routes=[*proxied, Mount("", routes=own, middleware=[Middleware(SmallBodies, max_bytes=_OWN_BODY_BYTES)])],
        middleware=[Middleware(Entrance, allowed_hosts=settings.allowed_hosts)],
        exception_handlers={OriginProblem: answer_problem, HTTPException: answer_http_error},
        lifespan=origin.lifespan,
    )
    app.state.origin = origin
    return app


def _proxy(origin: Origin, service: str) -> ServiceProxy:
    return ServiceProxy(
        service=service,
        routes=origin.routes,
        client=origin.client,
        max_body_bytes=origin.settings.max_body_bytes,
        answer_seconds=origin.settings.answer_seconds,
    )
