"""What an operator sees and settles in one service: messages set aside, stopped keys, and what was decided.

No content of a message is shown, and nothing about a person: causes and places in code hold no values.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from shared.kernel.clock import machine_now
from shared.kernel.roles import Role
from shared.messaging import dead_letters as letters
from shared.messaging.dead_letters import REASON_LENGTH, Decider
from shared.messaging.halts import list_halts
from shared.messaging.standing import MOST_COUNTED, standing_of
from shared.messaging.tables import dead_letters, message_decisions
from shared.web.authorisation import Permit, Permits, Scopes
from shared.web.bodies import Body
from shared.web.edge import CommandContext, ReadSession
from shared.web.exchange import exchange_of, parts_of
from shared.web.operator import explaining
from shared.web.page_query import PageQuery
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows, read_cursor, write_cursor

TEMPLATES: Final = Path(__file__).parent / "templates"
_OPERATOR: Final = Permit({Role.OPERATOR})
PERMITS: Final[Permits] = {
    "show_standing": _OPERATOR,
    "show_messages": _OPERATOR,
    "show_message": _OPERATOR,
    "show_replay": _OPERATOR,
    "send_replay": _OPERATOR,
    "show_discard": _OPERATOR,
    "send_discard": _OPERATOR,
    "show_release": _OPERATOR,
    "send_release": _OPERATOR,
    "show_decisions": _OPERATOR,
}
# the messages of a service are nobody's own
SCOPES: Final[Scopes] = {"letter_id": None, "topic": None, "key": None}
_MOST_STOPPED: Final = 100

LetterId = Annotated[int, InPath(ge=1, le=2**63 - 1)]
TopicName = Annotated[str, InPath(pattern=r"^[a-z.-]{1,100}$")]
router = APIRouter(prefix="/operator")


class Replay(Body):
    """Why a message is tried again, where there is something to say."""

    reason: Annotated[str, StringConstraints(max_length=REASON_LENGTH)] = ""


class Because(Body):
    """Why something is given up or released. It is kept for years and must name nobody."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=REASON_LENGTH)]


Reasoned = TypeVar("Reasoned", Replay, Because)


@router.get("")
async def show_standing(request: Request, session: ReadSession) -> Response:
    """Show how the service stands, as its database knows it."""
    standing = await standing_of(session, shards=request.app.state.relay_shards)
    return _page(request, "operator/standing.html", standing=standing, most_counted=MOST_COUNTED)


@router.get("/messages")
async def show_messages(request: Request, session: ReadSession, query: PageQuery) -> Response:
    """Show what waits: messages set aside, keys that the broker refuses, consumers that have stopped."""
    after = 0 if query.after is None else _id_in(query.after, dead_letters.c.id)
    found = await letters.list_dead_letters(session, after=after, limit=query.limit + 1)
    stopped = await letters.list_stopped_keys(session, limit=_MOST_STOPPED + 1)
    return _page(
        request,
        "operator/messages.html",
        messages=_listing(request, found, query.limit, "messages"),
        stopped=stopped[:_MOST_STOPPED],
        more_stopped=len(stopped) > _MOST_STOPPED,
        halts=await list_halts(session),
    )


@router.get("/messages/{letter_id}")
async def show_message(request: Request, letter_id: LetterId, session: ReadSession) -> Response:
    """Show one message: what is wrong, where, what waits behind it, and what can be done."""
    return _page(request, "operator/message.html", letter=await letters.get_dead_letter(session, letter_id))


@router.get("/messages/{letter_id}/replay")
async def show_replay(request: Request, letter_id: LetterId, session: ReadSession) -> Response:
    """Say what trying again will do, before it is done."""
    return await _replay_page(request, session, letter_id, Form())


@router.post("/messages/{letter_id}/replay")
async def send_replay(request: Request, letter_id: LetterId, session: ReadSession) -> Response:
    """Have the worker try the message again."""
    return await _decide(
        request,
        await read_form(request, Replay),
        lambda change, by, reason: letters.ask_replay(change, letter_id, by=by, reason=reason),
        again=lambda form: _replay_page(request, session, letter_id, form),
    )


@router.get("/messages/{letter_id}/discard")
async def show_discard(request: Request, letter_id: LetterId, session: ReadSession) -> Response:
    """Say what giving up will do, before it is done."""
    return await _discard_page(request, session, letter_id, Form())


@router.post("/messages/{letter_id}/discard")
async def send_discard(request: Request, letter_id: LetterId, session: ReadSession) -> Response:
    """Give the message up."""
    return await _decide(
        request,
        await read_form(request, Because),
        lambda change, by, reason: letters.discard(change, letter_id, by=by, reason=reason),
        again=lambda form: _discard_page(request, session, letter_id, form),
    )


@router.get("/stopped-keys/{topic}/{key}/release")
async def show_release(request: Request, topic: TopicName, key: UUID, session: ReadSession) -> Response:
    """Say what releasing will do, before it is done."""
    return await _release_page(request, session, topic, key, Form())


@router.post("/stopped-keys/{topic}/{key}/release")
async def send_release(request: Request, topic: TopicName, key: UUID, session: ReadSession) -> Response:
    """Let the relay try the key again."""
    return await _decide(
        request,
        await read_form(request, Because),
        lambda change, by, reason: letters.release_key(change, topic, key, by=by, reason=reason),
        again=lambda form: _release_page(request, session, topic, key, form),
    )


@router.get("/decisions")
async def show_decisions(request: Request, session: ReadSession, query: PageQuery) -> Response:
    """Show what was decided, newest first: when, what, by whom, why, and what came of it."""
    before = None if query.after is None else _id_in(query.after, message_decisions.c.id)
    found = await letters.list_decisions(session, before=before, limit=query.limit + 1)
    decisions = _listing(request, found, query.limit, "decisions")
    names = await _names(request, session, decisions.rows)
    return _page(request, "operator/decisions.html", decisions=decisions, names=names)


def _page(request: Request, template: str, **values: Any) -> Response:  # noqa: ANN401 - whatever the page shows
    return render(request, template, explaining=explaining, now=machine_now(), **values)


async def _decide(
    request: Request,
    form: Form[Reasoned],
    decide: Callable[[AsyncSession, Decider, str], Awaitable[object]],
    *,
    again: Callable[[Form[Reasoned]], Awaitable[Response]],
) -> Response:
    """Decide in the name of the one who sent the form, and go on to what was decided."""

    async def command(context: CommandContext, body: Reasoned) -> None:
        await decide(context.session, Decider(person_id=context.actor.person_id), body.reason)

    done = f"/{parts_of(request).service}/operator/decisions"
    return await take_form(request, form, command, done=done, again=again)


async def _replay_page(request: Request, session: AsyncSession, letter_id: int, form: Form[Replay]) -> Response:
    letter = await letters.get_dead_letter(session, letter_id)
    does = explaining.replay_does(letter)
    return _page(request, "operator/replay.html", letter=letter, form=form, does=does, longest=REASON_LENGTH)


async def _discard_page(request: Request, session: AsyncSession, letter_id: int, form: Form[Because]) -> Response:
    letter = await letters.get_dead_letter(session, letter_id)
    does = explaining.discard_does(letter)
    return _page(request, "operator/discard.html", letter=letter, form=form, does=does, longest=REASON_LENGTH)


async def _release_page(
    request: Request, session: AsyncSession, topic: str, key: UUID, form: Form[Because]
) -> Response:
    stopped = await letters.get_stopped_key(session, topic, key)
    does = explaining.release_does(stopped.waiting)
    return _page(request, "operator/release.html", stopped=stopped, form=form, does=does, longest=REASON_LENGTH)


def _listing(request: Request, found: Sequence[Any], limit: int, name: str) -> Listing[Any]:
    shown = found[:limit]
    following = write_cursor([shown[-1].id]) if len(found) > limit else None
    return Listing.of(request, Rows(shown, following), shown=shown, name=name)


def _id_in(cursor: str, column: Any) -> int:  # noqa: ANN401 - a Core column
    (found,) = read_cursor(cursor, [column])
    assert isinstance(found, int)
    return found


async def _names(request: Request, session: AsyncSession, decisions: Sequence[letters.Decision]) -> dict[UUID, str]:
    """Return the names of those who decided, as far as the service knows them; not of the one who reads."""
    actor = exchange_of(request).actor
    wanted = {each.actor_id for each in decisions if each.actor_id is not None}
    if actor is not None:
        wanted.discard(actor.person_id)
    return dict(await parts_of(request).names_of(session, wanted)) if wanted else {}
