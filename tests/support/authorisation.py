"""Walks every route of a service with every role, on the person's own data and on others', against its permits.

    with authorisation_walk(app) as walk:
        await walk.check(issuer, known={"project_id": project.id, "booking_id": booking.id})

No route is carried out: each is asked with a parameter that none has. Whoever is let through the gate is told 422 for
that parameter; whoever is not, 401, 403 or 404 before it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from shared.kernel.grants import Actor, Grant, Scope, Subject
from shared.kernel.roles import Role
from shared.web.exchange import RouteFacts, ServiceParts, Visitor
from tests.support.web import LocalIssuer, anonymous_client, problem_of, signed_client

_PROBE: Final = "let-through"


@dataclass
class AuthorisationWalk:
    """The app with people of our own making, by the name in their token."""

    app: FastAPI
    parts: ServiceParts
    actors: dict[str, Actor] = field(default_factory=dict)
    asked: int = 0

    async def check(self, issuer: LocalIssuer, *, known: Mapping[str, UUID]) -> int:
        """Ask every route as everybody and assert each answer; return how many were asked.

        `known` has an id of something that is there for every path parameter with a scope.
        """
        async with (
            anonymous_client(self.app) as nobody,
            signed_client(self.app, issuer, "walker") as walker,
        ):
            for client in (nobody, walker):
                client.headers["sec-fetch-site"] = "same-origin"
            for facts in self.parts.routes.values():
                await self._check_route(facts, known, nobody, walker)
        return self.asked

    async def _check_route(
        self, facts: RouteFacts, known: Mapping[str, UUID], nobody: httpx.AsyncClient, walker: httpx.AsyncClient
    ) -> None:
        address = facts.template.format(**{name: known.get(name, uuid4()) for name in facts.path_names})
        permit = facts.permit
        await self._ask(nobody, facts, address, None, 401 if permit.signed_in else 422)
        if not permit.signed_in:
            return
        await self._ask(walker, facts, address, None, 403 if permit.account else 422)
        if not permit.account:
            return
        scope = await self._scope(facts, known)
        for role in Role:
            allowed = role in permit.roles
            stranger = Actor(uuid4(), (Grant(role, uuid4(), uuid4(), uuid4(), uuid4()),))
            refusal = 403 if not (allowed or permit.own) else 404 if scope is not None else 422
            await self._ask(walker, facts, address, stranger, refusal)
            for grant in _grants_on(role, scope) if allowed else ():
                await self._ask(walker, facts, address, Actor(uuid4(), (grant,)), 422)
        for person in (scope.persons or ()) if scope is not None and permit.own else ():
            await self._ask(walker, facts, address, Actor(person), 422)

    async def _ask(
        self, client: httpx.AsyncClient, facts: RouteFacts, address: str, actor: Actor | None, expected: int
    ) -> None:
        self.asked += 1
        self.actors = {"walker": actor} if actor else {}
        answer = await client.request(facts.method, address, params={_PROBE: "1"})
        told = f"{facts.name} as {actor}: {answer.status_code}, not {expected}: {answer.text}"
        assert answer.status_code == expected, told
        if expected == 422:  # noqa: PLR2004, RUF100 - a status of HTTP
            problem_of(answer, 422, "invalid_input", field=_PROBE)

    async def _scope(self, facts: RouteFacts, known: Mapping[str, UUID]) -> Scope | None:
        loaders = {name: loader for name in facts.path_names if (loader := self.parts.scopes[name]) is not None}
        if not loaders:
            return None
        whole = Scope()
        async with self.parts.database.sessions() as session:
            for name, loader in loaders.items():
                assert name in known, f"{facts.name} needs an id of something that is there for {{{name}}}"
                scope = await loader(session, known[name])
                assert scope is not None, f"the known {name} is not there"
                whole = whole.within(scope)
        return whole

    async def find_actor(self, _session: AsyncSession, subject: Subject) -> Actor | None:
        """Return who the token's person is just now."""
        return self.actors.get(subject.sub)

    async def visitor_of(self, request: Request) -> Visitor | None:
        """Let the walker into pages as into the API; what a session is, is tried elsewhere."""
        return Visitor(Subject("embedded", "walker"), "") if "authorization" in request.headers else None


def _grants_on(role: Role, scope: Scope | None) -> Iterator[Grant]:
    if scope is None:
        return
    for project in scope.projects or ():
        yield Grant(role, project_id=project)
    for employer in scope.employers or ():
        yield Grant(role, employer_id=employer)
    for buyer in scope.buyers or ():
        yield Grant(role, buyer_id=buyer)
    for supplier in scope.suppliers or ():
        yield Grant(role, supplier_id=supplier)


@contextmanager
def authorisation_walk(app: FastAPI) -> Iterator[AuthorisationWalk]:
    """Let the walk say who is who while it lasts."""
    parts: ServiceParts = app.state.parts
    walk = AuthorisationWalk(app, parts)
    app.state.parts = replace(parts, find_actor=walk.find_actor, visitor_of=walk.visitor_of)
    try:
        yield walk
    finally:
        app.state.parts = parts
