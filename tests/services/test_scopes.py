"""What the gate reads to know whose an object is: it runs outside any transaction, so it must not write."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.booking import authorisation as booking
from services.notification import authorisation as notification
from services.procurement import authorisation as procurement
from shared.db import open_database
from shared.web.authorisation import Scopes
from tests.support.databases import ServiceDatabase

SERVICES = [("booking", booking.SCOPES), ("procurement", procurement.SCOPES), ("notification", notification.SCOPES)]
READ_ONLY = {"postgresql_readonly": True}


@pytest.mark.parametrize(("service", "scopes"), SERVICES, ids=[name for name, _ in SERVICES])
async def test_a_scope_is_found_without_writing(module_database: ServiceDatabase, service: str, scopes: Scopes) -> None:
    database = open_database(await module_database(service), pool_size=1)
    try:
        for loader in filter(None, scopes.values()):
            async with database.sessions() as session:
                await session.connection(execution_options=READ_ONLY)
                await loader(session, uuid4())
        async with database.sessions() as session:
            connection = await session.connection(execution_options=READ_ONLY)
            with pytest.raises(DBAPIError, match="read-only"):
                await connection.execute(text("DELETE FROM outbox"))
    finally:
        await database.close()
