"""The edge of commands: one transaction, one answer, and that answer again for the same key."""

from fastapi import FastAPI

from tests.shared.web.sample import PROJECT
from tests.support.web import LocalIssuer, signed_client

NOTES = f"/sample/api/v1/projects/{PROJECT}/notes"


async def test_a_command_is_committed_before_it_is_answered(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        written = await lead.post(NOTES, json={"title": "Svetsning"})
        assert written.status_code == 201, written.text
        read = await lead.get(f"/sample/api/v1/notes/{written.json()['id']}")
    assert read.json() == {"id": written.json()["id"], "title": "Svetsning", "seats": 1}
