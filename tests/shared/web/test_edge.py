"""The edge of commands: one transaction, one answer, and that answer again for the same key."""

from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from shared.web.tables import idempotency_keys
from tests.shared.web.sample import PROJECT, Note
from tests.support.web import LocalIssuer, problem_of, signed_client

NOTES = f"/sample/api/v1/projects/{PROJECT}/notes"


async def test_a_command_is_committed_before_it_is_answered(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        written = await lead.post(NOTES, json={"title": "Svetsning"})
        assert written.status_code == 201, written.text
        read = await lead.get(f"/sample/api/v1/notes/{written.json()['id']}")
    assert read.json() == {"id": written.json()["id"], "title": "Svetsning", "seats": 1}
