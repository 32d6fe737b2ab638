"""What one request carries through the edge, and the parts of the service that answers it.

`ServiceParts` is made once by `create_service_app`; an `Exchange` is made for each request by the outermost layer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from shared.db import Database
from shared.kernel.clock import Clock
from shared.kernel.grants import Actor, Subject
from shared.web.authorisation import FindActor, Permit, Scopes
from shared.web.idempotency import AnswerKeys
from shared.web.languages import Catalogues, Language
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


@dataclass(slots=True)
class Exchange:
    """One request, as far as it has come."""

    request_id: str
    language: Language
    subject: Subject | None = None
    actor: Actor | None = None

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
