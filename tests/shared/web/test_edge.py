"""The edge of commands: one transaction, one answer, and that answer again for the same key."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import Table, func, select, update

from shared.db import Database
from shared.kernel.clock import machine_now
from shared.kernel.grants import Subject
from shared.web import edge
from shared.web.idempotency import purge_answers
from shared.web.tables import idempotency_keys
from tests.shared.web import sample
from tests.support.web import LocalIssuer, anonymous_client, problem_of, signed_client

NOTES = f"/sample/api/v1/projects/{sample.PROJECT}/notes"
BROKEN = "/sample/api/v1/broken"
NOTE_TABLE = sample.metadata.tables["notes"]


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.parts.database
    return database


async def count(app: FastAPI, table: Table = NOTE_TABLE) -> int:
    async with database_of(app).engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_command_is_committed_before_it_is_answered(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        written = await lead.post(NOTES, json={"title": "Svetsning"})
        assert written.status_code == 201, written.text
        read = await lead.get(f"/sample/api/v1/notes/{written.json()['id']}")
    assert read.json() == {"id": written.json()["id"], "title": "Svetsning", "seats": 1}


async def test_a_command_that_returns_nothing_is_answered_204(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        written = await lead.post(NOTES, json={"title": "x"})
        removed = await lead.delete(f"/sample/api/v1/notes/{written.json()['id']}", headers={"idempotency-key": "d"})
    assert (removed.status_code, removed.content) == (204, b"")
    assert await count(app) == 0


async def test_the_same_key_gets_the_first_answer_and_nothing_is_done_again(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        first = await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k1"})
        again = await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k1"})
        another = await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k2"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert another.json()["id"] != first.json()["id"]
    assert await count(app) == 2


async def test_a_key_used_for_another_body_or_object_is_refused(app: FastAPI, issuer: LocalIssuer) -> None:
    key = {"idempotency-key": "k"}
    other = f"/sample/api/v1/projects/{sample.OTHER_PROJECT}/notes"
    async with signed_client(app, issuer, "operator") as operator:
        await operator.post(NOTES, json={"title": "x"}, headers=key)
        problem_of(await operator.post(NOTES, json={"title": "y"}, headers=key), 422, "idempotency_key_reused")
        problem_of(await operator.post(other, json={"title": "x"}, headers=key), 422, "idempotency_key_reused")
    assert await count(app) == 1


async def test_keys_of_two_people_or_two_routes_are_two_keys(app: FastAPI, issuer: LocalIssuer) -> None:
    key = {"idempotency-key": "k"}
    async with signed_client(app, issuer, "lead") as lead, signed_client(app, issuer, "operator") as operator:
        assert (await lead.post(NOTES, json={"title": "x"}, headers=key)).status_code == 201
        assert (await operator.post(NOTES, json={"title": "y"}, headers=key)).status_code == 201
        assert (await lead.post("/sample/api/v1/register", json={"title": "z"}, headers=key)).status_code == 201


async def test_a_refused_command_can_be_corrected_under_the_same_key(app: FastAPI, issuer: LocalIssuer) -> None:
    key = {"idempotency-key": "k"}
    async with signed_client(app, issuer, "lead") as lead:
        too_many = await lead.post(NOTES, json={"title": "x", "seats": 7}, headers=key)
        problem_of(too_many, 409, "seats_full", field="seats")
        assert (await lead.post(NOTES, json={"title": "x", "seats": 6}, headers=key)).status_code == 201
    assert await count(app, idempotency_keys) == 1


async def test_a_key_that_is_in_use_is_told_so(app: FastAPI, issuer: LocalIssuer) -> None:
    parts = app.state.parts
    subject = Subject("embedded", "lead")
    number = int.from_bytes(parts.answer_keys.lookup(subject, "write_note", "k")[:8], signed=True)
    async with signed_client(app, issuer, "lead") as lead:
        async with database_of(app).engine.begin() as other:
            await other.execute(select(func.pg_advisory_xact_lock(number)))
            answer = await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k"})
            problem_of(answer, 409, "idempotency_key_in_use")
        assert (await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k"})).status_code == 201


async def test_of_many_at_once_with_one_key_only_one_is_carried_out(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        posts = [lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k"}) for _ in range(8)]
        statuses = {answer.status_code for answer in await asyncio.gather(*posts)}
    assert statuses <= {201, 409}
    assert await count(app) == 1


@pytest.mark.parametrize("key", ["", "a b", "å", "x" * 201])
async def test_a_malformed_key_is_refused(app: FastAPI, issuer: LocalIssuer, key: str) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        answer = await lead.post(NOTES, json={"title": "x"}, headers={b"idempotency-key": key.encode()})
    problem_of(answer, 422, "idempotency_key_malformed")


async def test_the_table_tells_neither_who_nor_what(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead, signed_client(app, issuer, "supplier") as supplier:
        await lead.post(NOTES, json={"title": "short"}, headers={"idempotency-key": "the-key"})
        await supplier.post("/sample/api/v1/sealed", json={"title": "long " * 30}, headers={"idempotency-key": "other"})
    async with database_of(app).engine.connect() as connection:
        rows = (await connection.execute(select(idempotency_keys))).all()
    assert len({len(row.answer) for row in rows}) == 1
    told = [word for word in ("lead", "supplier", "short", "long", "the-key", "note", "sealed") if word in repr(rows)]
    assert not told


async def test_an_answer_that_cannot_be_opened_is_not_done_again(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k"})
        async with database_of(app).engine.begin() as connection:
            await connection.execute(update(idempotency_keys).values(answer=bytes(2000)))
        answer = await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "k"})
    problem_of(answer, 409, "idempotent_answer_lost")
    assert await count(app) == 1


async def test_old_answers_are_purged_in_small_steps(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        for number in range(5):
            await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": f"old-{number}"})
        async with database_of(app).engine.begin() as connection:
            old = machine_now() - timedelta(hours=25)
            await connection.execute(update(idempotency_keys).values(created_at=old))
        await lead.post(NOTES, json={"title": "x"}, headers={"idempotency-key": "new"})
    assert await purge_answers(database_of(app), step=2) == 5
    assert await count(app, idempotency_keys) == 1


async def test_a_commit_that_fails_is_never_answered_as_done(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        answer = await lead.post(f"{BROKEN}/deferred", headers={"idempotency-key": "k"})
    problem = problem_of(answer, 500, "fault")
    assert "fk_later" not in answer.text
    assert problem["errors"] == []
    assert await count(app, idempotency_keys) == 0


async def test_without_the_edges_commit_a_failing_one_would_be_answered_as_done(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control twin: with the guard off, the same command is answered 200 and nothing is there."""

    async def no_commit(_session: object) -> None:
        return

    monkeypatch.setattr(edge, "_commit", no_commit)
    async with signed_client(app, issuer, "lead") as lead:
        assert (await lead.post(f"{BROKEN}/deferred")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("unique", 409, "already_there"), ("range", 422, "value_range"), ("fault", 500, "fault")],
)
async def test_what_the_database_refuses_is_told_without_what_was_written(
    app: FastAPI, issuer: LocalIssuer, capfd: pytest.CaptureFixture[str], kind: str, status: int, code: str
) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        answer = await lead.post(f"{BROKEN}/{kind}")
    problem_of(answer, status, code)
    captured = capfd.readouterr()
    assert "anna" not in answer.text + captured.out + captured.err


async def test_waiting_too_long_for_a_lock_is_try_again(app: FastAPI, issuer: LocalIssuer) -> None:
    async with database_of(app).engine.begin() as connection:
        one = UUID(int=1)
        row = NOTE_TABLE.insert().values(id=UUID(int=7), project_id=one, person_id=one, title="t", seats=1)
        await connection.execute(row)
    async with database_of(app).engine.begin() as holder, signed_client(app, issuer, "lead") as lead:
        await holder.execute(select(NOTE_TABLE).with_for_update())
        answer = await lead.post(f"{BROKEN}/lock")
    problem_of(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_read_session_cannot_write(app: FastAPI) -> None:
    async with database_of(app).sessions() as session:
        await session.connection(execution_options={"postgresql_readonly": True})
        with pytest.raises(Exception, match="read-only transaction"):
            await (await session.connection()).execute(idempotency_keys.delete())


async def test_an_anonymous_command_cannot_name_its_actor(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        problem_of(await nobody.post("/sample/api/v1/register", json={"title": "x"}), 401, "not_signed_in")
