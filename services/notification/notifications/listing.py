"""A list of notifications on a page: its filter, its columns as a file, and how one row reads."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification import words
from services.notification.base import Holder
from services.notification.notifications.queries import list_notifications
from services.notification.notifications.rules import State
from services.notification.notifications.tables import Notification
from services.notification.recipients.queries import names_of_recipients
from shared.kernel.calendar import at_stockholm
from shared.kernel.grants import Actor
from shared.kernel.texts import N_, Text
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import PageFilter, Rows

_A_DAY: Final = timedelta(days=1)


class NotificationFilter(ListFilter):
    """Which notifications a page lists."""

    kind: Annotated[str | None, Field(pattern=r"^[a-z_]{1,60}$")] = None
    state: State | None = None
    since: Annotated[date | None, Field(description="From this day")] = None
    until: Annotated[date | None, Field(description="To this day")] = None


FilterQuery = Annotated[NotificationFilter, Query()]


async def show_list(
    request: Request,
    session: AsyncSession,
    actor: Actor,
    which: ColumnElement[bool],
    query: NotificationFilter,
    *,
    template: str,
    **values: Any,  # noqa: ANN401 - whatever the page shows besides
) -> Response:
    """Answer with a page that lists `which`, or with the list as a file."""

    async def read(page: PageFilter) -> Rows[Notification]:
        return await list_notifications(
            session,
            actor,
            which,
            page,
            kind=query.kind,
            state=query.state,
            since=_midnight(query.since),
            before=None if query.until is None else _midnight(query.until + _A_DAY),
        )

    async def show(listing: Listing[Notification]) -> Response:
        return render(
            request,
            template,
            notifications=listing,
            names=await _recipient_names(session, listing.rows),
            words=words,
            choices={"kinds": _choices(request, words.KIND_NAMES), "states": _choices(request, words.STATE_CHOICES)},
            **values,
        )

    return await show_or_export(request, query, name="notifications", columns=_COLUMNS, read=read, show=show)


async def _recipient_names(session: AsyncSession, rows: Iterable[Notification]) -> Mapping[tuple[Holder, UUID], str]:
    """Return what the recipients of the rows are called."""
    return await names_of_recipients(session, {(row.recipient_kind, row.recipient_id) for row in rows})


def _choices(request: Request, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return pairs of value and name, by name, in the reader's language."""
    language, catalogues = exchange_of(request).language, parts_of(request).catalogues
    named = [(value, catalogues.message(name, language)) for value, name in names.items()]
    return sorted(named, key=lambda pair: pair[1])


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else at_stockholm(day, time(0)).astimezone(UTC)


_COLUMNS: Final = (
    Column(N_("When"), lambda row: row.created_at),
    Column(N_("What"), lambda row: Text(words.KIND_NAMES[row.kind])),
    Column(N_("How"), lambda row: Text(words.CHANNELS[row.channel])),
    Column(N_("Stands"), lambda row: Text(words.STATE_NAMES[row.state][0])),
    Column(N_("Since"), lambda row: row.changed_at),
)
