"""The one gate before every route of the API: is it known who asks, may her role do this, and is the object hers.

It is put on every router by `create_service_app`; the rule itself is in `authorisation`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.kernel.errors import NotAllowed, NotFound, NotSignedIn
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.authorisation import Permits, ScopeLoader, Scopes
from shared.web.bodies import Body
from shared.web.exchange import Exchange, RouteFacts, ServiceParts, exchange_of, parts_of
from shared.web.pages.guard import check_own_form

_READING = frozenset({"GET", "HEAD"})
# The gate only reads: a transaction around it would be two round trips more for every request.
_EACH_BY_ITSELF = {"isolation_level": "AUTOCOMMIT"}


async def gate(request: Request) -> None:
    """Let the request through to its route, or raise NotSignedIn, NotAllowed or NotFound."""
    parts, exchange = parts_of(request), exchange_of(request)
    facts = parts.routes[request.scope["endpoint"]]
    if facts.is_page:
        await _know_visitor(request, parts, exchange)
        if facts.method not in _READING:
            await check_own_form(request)
        if facts.permit.signed_in and exchange.subject is None:
            raise NotSignedIn(N_("Sign in to see this page."), code="not_signed_in")
    elif facts.permit.signed_in:
        exchange.subject = await parts.verifier.subject(request.headers.getlist("authorization"))
    if exchange.subject is not None:
        async with parts.database.sessions() as session:
            await session.connection(execution_options=_EACH_BY_ITSELF)
            await _authorise(session, parts, facts, exchange, request.path_params)
    unknown = [name for name in request.query_params if name not in facts.query_names]
    if unknown:
        raise RequestValidationError([{"type": "unknown_parameter", "loc": ("query", name)} for name in unknown])


async def _know_visitor(request: Request, parts: ServiceParts, exchange: Exchange) -> None:
    visitor = await parts.visitor_of(request)
    if visitor is not None:
        exchange.subject, exchange.csrf_token = visitor.subject, visitor.csrf_token
        exchange.person_name = visitor.name


async def _authorise(
    session: AsyncSession, parts: ServiceParts, facts: RouteFacts, exchange: Exchange, path: Mapping[str, Any]
) -> None:
    if exchange.subject is None:
        raise AssertionError("authorised before sign-in")
    exchange.actor = actor = await parts.find_actor(session, exchange.subject)
    if facts.is_page and actor is not None and exchange.person_name is None:
        exchange.person_name = (await parts.names_of(session, {actor.person_id})).get(actor.person_id)
    permit = facts.permit
    if not permit.account:
        return
    if actor is None:
        raise NotAllowed(
            N_("You are signed in, but there is no account for you here. Use your invitation, or register first."),
            code="no_account",
        )
    if not permit.allows_role_of(actor):
        raise NotAllowed(N_("Your role does not allow this. It is for: {who}."), code="role", who=permit.who())
    loaders = [(name, loader) for name in facts.path_names if (loader := parts.scopes[name]) is not None]
    if loaders:
        scope = await _scope_of(session, loaders, path)
        if scope is None or not permit.allows(actor, scope):
            raise NotFound(N_("There is no such thing here, or it is not yours to see."), code="not_found")


async def _scope_of(
    session: AsyncSession, loaders: Sequence[tuple[str, ScopeLoader]], path: Mapping[str, Any]
) -> Scope | None:
    whole = Scope()
    for name, loader in loaders:
        scope = await loader(session, _id(name, path[name]))
        if scope is None:
            return None
        whole = whole.within(scope)
    return whole


def _id(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise RequestValidationError([{"type": "uuid_parsing", "loc": ("path", name), "input": value}]) from error


def route_facts(
    routers: Sequence[APIRouter], *, prefix: str, permits: Permits, scopes: Scopes, are_pages: bool = False
) -> dict[Callable[..., Any], RouteFacts]:
    """Return the facts of every route by its function.

    Raises ValueError where routes and permits differ, where two routes have one name, where the object of a path
    parameter has no scope, and where a body is not a `Body`: such an app must not start.
    """
    wrong: list[str] = []
    facts: dict[Callable[..., Any], RouteFacts] = {}
    seen: set[str] = set()
    for context in _contexts(routers):
        endpoint = context.endpoint
        if endpoint is None:
            continue
        name = endpoint.__name__
        if name in seen:
            wrong.append(f"two routes are named {name}")
        seen.add(name)
        wrong += [f"the body of {name} is not a Body: {kind}" for kind in _foreign_bodies(context)]
        if (permit := permits.get(name)) is None:
            wrong.append(f"the route {name} has no permit")
            continue
        path_names = tuple(context.param_convertors)
        if permit.account:
            wrong += [f"{{{part}}} in the path of {name} has no scope" for part in path_names if part not in scopes]
        methods = sorted(context.methods or ())
        if len(methods) != 1:
            wrong.append(f"{name} takes {len(methods)} methods; give each a function of its own")
            continue
        facts[endpoint] = RouteFacts(
            name,
            methods[0],
            f"{prefix}{context.path_format}",
            permit,
            _query_names(context),
            path_names,
            are_pages,
        )
    wrong += [f"the permit {name} has no route" for name in sorted(set(permits) - seen)]
    if wrong:
        raise ValueError("routes and permits differ: " + "; ".join(wrong))
    return _with_forms_at_their_pages(facts) if are_pages else facts


def _with_forms_at_their_pages(facts: dict[Callable[..., Any], RouteFacts]) -> dict[Callable[..., Any], RouteFacts]:
    """Let a form know what its page knows: it is sent to the very address at which the page was shown."""
    shown = {each.template: each.query_names for each in facts.values() if each.method == "GET"}
    return {
        endpoint: replace(each, query_names=each.query_names | shown.get(each.template, frozenset()))
        for endpoint, each in facts.items()
    }


def _contexts(routers: Sequence[APIRouter]) -> Iterator[RouteContext]:
    for router in routers:
        for context in iter_route_contexts(router.routes):
            if not isinstance(context.original_route, APIRoute):
                raise TypeError(f"{context.path} is not a route of the API")
            yield context


def _query_names(context: RouteContext) -> frozenset[str]:
    names: set[str] = set()
    waiting = [context.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting.extend(dependant.dependencies)
        for parameter in dependant.query_params:
            annotation = parameter.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                names |= {field.alias or name for name, field in annotation.model_fields.items()}
            else:
                names.add(parameter.alias)
    return frozenset(names)


def _foreign_bodies(context: RouteContext) -> list[str]:
    kinds = [parameter.field_info.annotation for parameter in context.dependant.body_params]
    return [str(kind) for kind in kinds if not _is_body(kind)]


def _is_body(kind: object) -> bool:
    if get_origin(kind) is Annotated:
        return _is_body(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return all(_is_body(part) for part in get_args(kind) if part is not NoneType)
    return isinstance(kind, type) and issubclass(kind, Body)
