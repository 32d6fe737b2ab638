"""Changes of what is ours about recipients: what they wish, and which addresses are not written to."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder, locked
from services.notification.kinds import KINDS, ChannelName
from services.notification.recipients.rules import SuppressionCause, is_in_force, normal_address
from services.notification.recipients.tables import Preference, Suppression
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from shared.kernel.ids import new_id
from shared.kernel.texts import N_


async def set_wish(
    session: AsyncSession, holder: tuple[Holder, UUID], kind: str, channel: ChannelName, *, wanted: bool, now: datetime
) -> None:
    """Switch a kind of notification on or off for a channel.

    Raises InvalidInput for a kind that does not exist or has no such channel, Refused for one that the law requires.
    """
    known = KINDS.get(kind)
    if known is None or channel not in known.channels:
        raise InvalidInput(
            N_("There is no notification “{kind}” by {channel}. The list of what can be chosen is in the preferences."),
            code="kind_unknown",
            field="kind",
            kind=kind,
            channel=channel,
        )
    if known.required and not wanted:
        raise Refused(
            N_("“{kind}” must be sent and cannot be switched off. Leave it out, or leave it on."),
            code="kind_required",
            field="kind",
            kind=kind,
        )
    row = await session.get(Preference, (*holder, kind, channel))
    if wanted and row is not None:
        await session.delete(row)
    elif not wanted and row is None:
        session.add(Preference(holder_kind=holder[0], holder_id=holder[1], kind=kind, channel=channel, declined_at=now))


async def set_wishes(
    session: AsyncSession,
    clock: Clock,
    holder: tuple[Holder, UUID],
    wishes: Iterable[tuple[str, ChannelName, bool]],
) -> None:
    """Set several; those not named stay as they are. Raises as `set_wish` does, and then sets none."""
    now = clock.now()
    for kind, channel, wanted in wishes:
        await set_wish(session, holder, kind, channel, wanted=wanted, now=now)
    await session.flush()


async def suppress(
    session: AsyncSession,
    channel: ChannelName,
    address: str,
    cause: SuppressionCause,
    *,
    now: datetime,
    lasting: timedelta | None = None,
    note: str | None = None,
    added_by: UUID | None = None,
) -> Suppression:
    """Stop writing to an address, for a time or until it is lifted. A longer one in force stands."""
    until = None if lasting is None else now + lasting
    found = await _in_force(session, channel, address)
    if found is not None:
        if found.until is not None and (until is None or until > found.until):
            found.until, found.cause, found.note, found.added_by = until, cause, note, added_by
        return found
    statement = (
        insert(Suppression)
        .values(
            id=new_id(),
            channel=channel,
            address=normal_address(address),
            cause=cause,
            note=note,
            since=now,
            until=until,
            added_by=added_by,
        )
        # several failures of one address may be recorded at once: the first one stands
        .on_conflict_do_nothing(index_elements=["channel", "address"], index_where=col(Suppression.lifted_at).is_(None))
    )
    await session.exec(statement)
    row = await _in_force(session, channel, address)
    assert row is not None
    return row


async def add_suppression(
    session: AsyncSession,
    clock: Clock,
    *,
    channel: ChannelName,
    address: str,
    until: datetime | None,
    note: str,
    added_by: UUID,
) -> Suppression:
    """Suppress an address by an operator's decision.

    Raises Conflict where a suppression is in force, InvalidInput for an end that has passed.
    """
    found = await _in_force(session, channel, address)
    now = clock.now()
    if until is not None and until <= now:
        raise InvalidInput(
            N_("The end has passed already. Give a time to come, or none."), code="until_passed", field="until"
        )
    if found is not None and is_in_force(found.until, now):
        raise Conflict(N_("The address is suppressed already. Lift that suppression first."), code="suppressed_already")
    if found is not None:
        _end(found, now, added_by)
        await session.flush()
    lasting = None if until is None else until - now
    return await suppress(
        session, channel, address, SuppressionCause.OPERATOR, now=now, lasting=lasting, note=note, added_by=added_by
    )


async def lift_suppression(
    session: AsyncSession, clock: Clock, suppression_id: UUID, *, lifted_by: UUID
) -> Suppression:
    """Let an address be written to again. Raises NotFound, and Conflict where it is lifted already."""
    row = await locked(session, Suppression, suppression_id)
    if row is None:
        raise NotFound(N_("There is no such suppression."), code="not_found")
    if row.lifted_at is not None:
        raise Conflict(N_("The suppression is lifted already."), code="lifted_already")
    _end(row, clock.now(), lifted_by)
    await session.flush()
    return row


async def lift_after_success(session: AsyncSession, channel: ChannelName, address: str, now: datetime) -> None:
    """Lift the suppression that soft failures gave an address that has now been reached; others stand."""
    found = await _in_force(session, channel, address)
    if found is not None and found.cause is SuppressionCause.SOFT_BOUNCES:
        _end(found, now, None)
        await session.flush()


async def forget_preferences(session: AsyncSession, kind: Holder, holder_id: UUID) -> None:
    """Remove what an erased recipient wished."""
    await session.exec(  # a DELETE that names its rows
        delete(Preference).where(col(Preference.holder_kind) == kind, col(Preference.holder_id) == holder_id)
    )


async def forget_address(session: AsyncSession, channel: ChannelName, address: str, now: datetime) -> None:
    """Remove the suppression of an address that nobody has any more."""
    if (found := await _in_force(session, channel, address)) is not None:
        _end(found, now, None)


async def _in_force(session: AsyncSession, channel: ChannelName, address: str) -> Suppression | None:
    statement = (
        select(Suppression)
        .where(
            col(Suppression.channel) == channel,
            col(Suppression.address) == normal_address(address),
            col(Suppression.lifted_at).is_(None),
        )
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


def _end(row: Suppression, now: datetime, by: UUID | None) -> None:
    row.lifted_at, row.lifted_by, row.address, row.note = now, by, None, None
