"""The gate: 401 without a token, 403 without the role, 404 where the object is another's."""

from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from shared.kernel.grants import Actor, Grant, Scope
from shared.kernel.roles import Role
from shared.web.authorisation import PUBLIC, SELF, SIGNED_IN, Permit, describe_permits
from shared.web.gate import route_facts
from tests.shared.web import sample
from tests.support.authorisation import authorisation_walk
from tests.support.web import LocalIssuer, anonymous_client, problem_of, signed_client

API = "/sample/api/v1"
NOTES = f"{API}/projects/{sample.PROJECT}/notes"
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


async def test_nobody_is_asked_to_sign_in(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        answer = await nobody.get(NOTES)
    problem_of(answer, 401, "not_signed_in")
    assert answer.headers["www-authenticate"] == 'Bearer realm="kurslots-sample"'


async def test_a_public_route_needs_no_token(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        answer = await nobody.get(f"{API}/open", headers={"authorization": "Bearer nonsense"})
    assert answer.json() == {"items": [], "next": None}


async def test_someone_with_no_account_may_only_what_everyone_signed_in_may(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "stranger") as stranger:
        problem_of(await stranger.get(NOTES), 403, "no_account")
        assert (await stranger.post(f"{API}/register", json={"title": "x"})).status_code == 201


async def test_another_role_is_refused_and_told_for_whom_it_is(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "coach", language="sv") as coach:
        problem = problem_of(await coach.post(NOTES, json={"title": "x"}), 403, "role")
    assert problem["detail"] == "Din roll tillåter inte detta. Det är för: projektledare, driftansvarig."


async def test_anothers_object_does_not_exist(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead, signed_client(app, issuer, "other.lead") as other:
        note = (await lead.post(NOTES, json={"title": "x"})).json()["id"]
        hers = problem_of(await other.get(f"{API}/notes/{note}"), 404, "not_found")
        nobodys = problem_of(await other.get(f"{API}/notes/{UUID(int=5)}"), 404, "not_found")
    assert {**hers, "instance": None} == {**nobodys, "instance": None}


async def test_a_person_reads_her_own_whatever_her_roles(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        note = (await lead.post(NOTES, json={"title": "x"})).json()["id"]
    monkeypatch.setitem(sample.ACTORS, "lead", Actor(sample.ACTORS["lead"].person_id))
    async with signed_client(app, issuer, "lead") as author, signed_client(app, issuer, "nobody") as nobody:
        assert (await author.get(f"{API}/notes/{note}")).status_code == 200
        problem_of(await author.delete(f"{API}/notes/{note}"), 403, "role")
        problem_of(await nobody.get(f"{API}/notes/{note}"), 404, "not_found")


async def test_a_role_held_everywhere_covers_everything(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "operator") as operator:
        assert (await operator.get(f"{API}/projects/{UUID(int=99)}/notes")).status_code == 200


async def test_a_malformed_id_is_told_after_the_role_is_known(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead, signed_client(app, issuer, "supplier") as supplier:
        problem_of(await lead.get(f"{API}/projects/17/notes"), 422, "invalid_input", field="project_id")
        problem_of(await supplier.get(f"{API}/projects/17/notes"), 403, "role")


async def test_an_unknown_query_parameter_is_refused(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        problem_of(await lead.get(NOTES, params={"limt": "5"}), 422, "invalid_input", field="limt")
        problem_of(await lead.get(f"{API}/me", params={"limit": "5"}), 422, "invalid_input", field="limit")


async def test_every_route_lets_through_whom_its_permit_names(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        note = (await lead.post(NOTES, json={"title": "x"})).json()["id"]
    with authorisation_walk(app) as walk:
        assert await walk.check(issuer, known={"project_id": sample.PROJECT, "note_id": UUID(note)}) > 50


async def test_the_walk_notices_a_gate_that_lets_everybody_through(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control twin."""
    monkeypatch.setattr(Permit, "allows", lambda *_: True)
    with authorisation_walk(app) as walk, pytest.raises(AssertionError, match="not 404"):
        await walk.check(issuer, known={"project_id": sample.PROJECT, "note_id": UUID(int=1)})


@pytest.mark.parametrize(
    ("grant", "scope", "covered"),
    [
        (Grant(Role.COACH, project_id=A), Scope(projects=frozenset({A, B})), True),
        (Grant(Role.COACH, project_id=C), Scope(projects=frozenset({A, B})), False),
        (Grant(Role.COACH, project_id=A), Scope(employers=frozenset({A})), False),
        (Grant(Role.CONTACT, project_id=A, employer_id=B), Scope(projects=frozenset({A})), False),
        (Grant(Role.CONTACT, project_id=A, employer_id=B), Scope(frozenset({A}), frozenset({B})), True),
        (Grant(Role.OPERATOR), Scope(), True),
    ],
)
def test_a_grant_covers_what_every_id_of_it_owns(grant: Grant, scope: Scope, covered: bool) -> None:  # noqa: FBT001 - a case of the test
    assert grant.covers(scope) is covered


def test_an_employer_of_another_project_is_not_reached_through_ones_own() -> None:
    path = Scope(projects=frozenset({A})).within(Scope(projects=frozenset({B}), employers=frozenset({C})))
    assert not Grant(Role.COACH, project_id=A).covers(path)
    assert Grant(Role.CONTACT, employer_id=C).covers(path)


def _router(*names: str, path: str = "/x") -> APIRouter:
    router = APIRouter()
    for name in names:

        async def route() -> None:
            return None

        route.__name__ = name
        router.get(f"{path}/{name}")(route)
    return router


@pytest.mark.parametrize(
    ("router", "permits", "message"),
    [
        (_router("a"), {}, "route a has no permit"),
        (_router("a"), {"a": PUBLIC, "b": PUBLIC}, "permit b has no route"),
        (_router("a", "a"), {"a": PUBLIC}, "two routes are named a"),
        (_router("a", path="/{thing_id}"), {"a": SELF}, "{thing_id} in the path of a has no scope"),
    ],
)
def test_an_app_whose_routes_and_permits_differ_is_not_made(
    router: APIRouter, permits: dict[str, Permit], message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("{", r"\{").replace("}", r"\}")):
        route_facts([router], prefix="", permits=permits, scopes={})


def test_a_body_that_does_not_refuse_unknown_fields_is_not_taken() -> None:
    class Loose(BaseModel):
        x: int

    router = APIRouter()

    @router.post("/a")
    async def a(body: Loose) -> None:
        assert body

    with pytest.raises(ValueError, match="body of a is not a Body"):
        route_facts([router], prefix="", permits={"a": PUBLIC}, scopes={})


@pytest.mark.parametrize("are_pages", [True, False])
def test_a_form_takes_what_the_page_that_it_stands_on_was_asked_for(*, are_pages: bool) -> None:
    router = APIRouter()

    @router.get("/a")
    async def show_a(chosen: str) -> None:
        assert chosen

    @router.post("/a")
    async def send_a() -> None:
        return None

    permits = {"show_a": PUBLIC, "send_a": PUBLIC}
    facts = route_facts([router], prefix="", permits=permits, scopes={}, are_pages=are_pages)
    assert facts[send_a].query_names == (frozenset({"chosen"}) if are_pages else frozenset())


def test_a_permit_for_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="for nobody"):
        Permit()
    with pytest.raises(ValueError, match="stand alone"):
        SIGNED_IN | SELF


def test_permits_are_described_for_the_documents() -> None:
    table = describe_permits({"b": PUBLIC, "a": Permit({Role.COACH, Role.CONTACT}) | SELF})
    assert table.splitlines()[2:] == ["| `a` | contact, coach, the person herself |", "| `b` | everyone |"]
