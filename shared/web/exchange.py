"""What one request carries through the edge, and the parts of the service that answers it.

`ServiceParts` is made once by `create_service_app`; an `Exchange` is made for each request by the outermost layer.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from shared.db import Database
from shared.kernel.clock import Clock
from shared.kernel.grants import Actor, Subject
from shared.web.authorisation import FindActor, Permit, Scopes
from shared.web.idempotency import AnswerKeys
from shared.web.languages import Catalogues, Language
from shared.web.pages.environment import Templates
from shared.web.sign_in import TokenVerifier

_EXCHANGE: Final = "kurslots.exchange"


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What is known of a route before anybody asks for it."""

    name: str
    method: str
    template: str
    permit: Permit
    query_names: frozenset[str]
    path_names: tuple[str, ...]
    is_page: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a browser's session is of, and the token that a form of hers must bring."""

    subject: Subject
    csrf_token: str
    name: str | None = None


VisitorOf = Callable[[Request], Awaitable[Visitor | None]]
"""Gives whose session a request of a browser belongs to; None where it belongs to none that is still valid."""


async def nobody(_request: Request) -> Visitor | None:
    """Know no visitor: the service has no sign-in for browsers."""
    return None


FindNames = Callable[[AsyncSession, Collection[UUID]], Awaitable[Mapping[UUID, str]]]
"""Gives the names of people by their ids, of those whom the service knows and may name."""


async def no_names(_session: AsyncSession, _people: Collection[UUID]) -> Mapping[UUID, str]:
    """Know nobody's name."""
    return {}


@dataclass(frozen=True)
class ServiceParts:
    """What the routes of one service work with."""

    service: str
    database: Database
    clock: Clock
    catalogues: Catalogues
    verifier: TokenVerifier
    answer_keys: AnswerKeys
    find_actor: FindActor
    scopes: Scopes
    routes: Mapping[Callable[..., Any], RouteFacts]
    templates: Templates
    page_policy: str
    origin: str
    visitor_of: VisitorOf = nobody
    names_of: FindNames = no_names
    sign_in_address: str | None = None
    sign_out_address: str | None = None


@dataclass(slots=True)
class Exchange:
    """One request, as far as it has come."""

    request_id: str
    language: Language
    subject: Subject | None = None
    actor: Actor | None = None
    csrf_token: str = ""
    person_name: str | None = None

    @property
    def instance(self) -> str:
        """The URN by which a problem names the request."""
        return f"urn:kurslots:request:{self.request_id}"


def begin_exchange(scope: AsgiScope, exchange: Exchange) -> None:
    """Put the exchange where the inner layers find it."""
    scope[_EXCHANGE] = exchange


def exchange_in(scope: AsgiScope) -> Exchange:
    """Return the exchange of the request with this ASGI scope."""
    return cast(Exchange, scope[_EXCHANGE])


def exchange_of(request: Request) -> Exchange:
    """Return the request's exchange."""
    return exchange_in(request.scope)


def parts_of(request: Request) -> ServiceParts:
    """Return the parts of the service that answers the request."""
    return cast(ServiceParts, request.app.state.parts)
