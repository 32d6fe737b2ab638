"""The edge of every command: one transaction, the answer stored under its key, commit, and only then the answer.

Nothing else commits. A command gets a `CommandContext`, does its work through `context.session`, and returns a view.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from shared.kernel.clock import Clock
from shared.kernel.errors import NotAllowed, NotSignedIn, TryLater
from shared.kernel.grants import Actor, Subject
from shared.kernel.texts import N_, Text
from shared.web.database_errors import (
    CommitFailedError,
    CommitLostError,
    constraint_of,
    is_connection_lost,
    sqlstate_of,
    told_of_database,
)
from shared.web.exchange import ServiceParts, exchange_of, parts_of
from shared.web.idempotency import KEY_HEADER, StoredAnswer, checked_key, claim, keep_answer
from shared.web.languages import Catalogues, Language

REPLAYED_HEADER: Final = "idempotency-replayed"
_NO_CONTENT = 204
_OK = 200
_LOST_WITH_KEY = N_(
    "The database was lost while this was being saved, so it is not known whether it was done. "
    "Send the same again with the same key: it is not done twice."
)
_LOST_FORM = N_(
    "The database was lost while this was being saved, so it is not known whether it was done. "
    "Send the form again: it is not done twice."
)
_LOST_WITHOUT_KEY = N_(
    "The database was lost while this was being saved, so it is not known whether it was done. "
    "Look first whether it was, and only then send it again."
)


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command works with. Read the clock after locking the rows that the decision rests on."""

    session: AsyncSession
    clock: Clock
    language: Language
    catalogues: Catalogues
    found_subject: Subject | None = None
    found_actor: Actor | None = None

    @property
    def subject(self) -> Subject:
        """Who the token says is asking; raises NotSignedIn on a public route."""
        return _known_subject(self.found_subject)

    @property
    def actor(self) -> Actor:
        """The person who asks; raises NotAllowed where she has no account (on routes for everyone signed in)."""
        return _known_actor(self.found_subject, self.found_actor)

    def translate(self, text: Text) -> str:
        """Return the text in the reader's language."""
        return self.catalogues.translate(text, self.language)


Command = Callable[[CommandContext], Awaitable[BaseModel | None]]


def _known_subject(subject: Subject | None) -> Subject:
    if subject is None:
        raise NotSignedIn(N_("Sign in first: this needs a bearer token of the issuer."), code="not_signed_in")
    return subject


def _known_actor(subject: Subject | None, actor: Actor | None) -> Actor:
    _known_subject(subject)
    if actor is None:
        raise NotAllowed(
            N_("You are signed in, but there is no account for you here. Use your invitation, or register first."),
            code="no_account",
        )
    return actor


async def run_command(request: Request, command: Command, *, status: int = _OK, key: str | None = None) -> Response:
    """Run the command in one transaction and return its answer after the commit.

    With an `Idempotency-Key` the answer is stored in the same transaction, encrypted; the same request again gets it
    back with `Idempotency-Replayed: true`. Only answers of committed commands are stored, so what was refused can be
    corrected and sent again under the same key. None from the command is answered 204. A form brings its `key` itself.

    Raises TryLater with the code `outcome_unknown` where the connection breaks while the database is committing.
    """
    parts, exchange = parts_of(request), exchange_of(request)
    key = checked_key(request.headers.getlist(KEY_HEADER) if key is None else [key])
    async with parts.database.sessions() as session:
        context = CommandContext(
            session, parts.clock, exchange.language, parts.catalogues, exchange.subject, exchange.actor
        )
        if key is None:
            answer, replayed = await _carried_out(context, command, status), False
        else:
            answer, replayed = await _carried_out_once(context, command, status, request=request, key=key)
        if not replayed:
            try:
                await _commit(session)
            except CommitLostError as error:
                raise TryLater(_not_known_whether_done(request, key), code="outcome_unknown") from error
    headers = {REPLAYED_HEADER: "true"} if replayed else {}
    if answer.status == _NO_CONTENT:
        return Response(status_code=_NO_CONTENT, headers=headers)
    return Response(answer.content, answer.status, headers=headers, media_type="application/json")


async def _carried_out(context: CommandContext, command: Command, status: int) -> StoredAnswer:
    result = await command(context)
    # a constraint that is checked at once is broken here, as the command's own error; a deferred one at the commit
    await context.session.flush()
    if result is None:
        return StoredAnswer(_NO_CONTENT if status == _OK else status, b"")
    return StoredAnswer(status, result.model_dump_json(by_alias=True).encode())


async def _carried_out_once(
    context: CommandContext, command: Command, status: int, *, request: Request, key: str
) -> tuple[StoredAnswer, bool]:
    parts: ServiceParts = parts_of(request)
    keys = parts.answer_keys
    lookup = keys.lookup(context.found_subject, parts.routes[request.scope["endpoint"]].name, key)
    address = f"{request.url.path}?{request.url.query}".encode()
    fingerprint = keys.fingerprint(request.method, address, await request.body())
    stored = await claim(context.session, keys, lookup=lookup, fingerprint=fingerprint)
    if stored is not None:
        return stored, True
    answer = await _carried_out(context, command, status)
    await keep_answer(context.session, keys, answer, lookup=lookup, fingerprint=fingerprint)
    return answer, False


def _not_known_whether_done(request: Request, key: str | None) -> str:
    if key is None:
        return _LOST_WITHOUT_KEY
    return _LOST_WITH_KEY if request.headers.get(KEY_HEADER) else _LOST_FORM


async def _commit(session: AsyncSession) -> None:
    try:
        await session.commit()
    except (ConnectionError, TimeoutError) as error:
        raise CommitLostError from error
    except DBAPIError as error:
        if is_connection_lost(error):
            raise CommitLostError from error
        sqlstate = sqlstate_of(error)
        if sqlstate is not None and sqlstate.startswith("23"):
            raise CommitFailedError(sqlstate, constraint_of(error)) from error
        told = told_of_database(error)
        raise (told or CommitFailedError(sqlstate, constraint_of(error))) from error


async def read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give a session for reading; PostgreSQL refuses a write through it."""
    async with parts_of(request).database.sessions() as session:
        await session.connection(execution_options={"postgresql_readonly": True})
        yield session


def current_actor(request: Request) -> Actor:
    """Return the person who asks; raises NotSignedIn or NotAllowed where she is not known."""
    exchange = exchange_of(request)
    return _known_actor(exchange.subject, exchange.actor)


def current_subject(request: Request) -> Subject:
    """Return who the token says is asking."""
    return _known_subject(exchange_of(request).subject)


def current_language(request: Request) -> Language:
    """Return the reader's language."""
    return exchange_of(request).language


def current_clock(request: Request) -> Clock:
    """Return the clock of business time."""
    return parts_of(request).clock


ReadSession = Annotated[AsyncSession, Depends(read_session, scope="function")]
CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentSubject = Annotated[Subject, Depends(current_subject)]
CurrentLanguage = Annotated[Language, Depends(current_language)]
CurrentClock = Annotated[Clock, Depends(current_clock)]
