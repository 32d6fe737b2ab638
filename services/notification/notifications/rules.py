"""The life of a notification, when it is tried again, and when an SMS may disturb: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName, OnUnknown
from shared.kernel.calendar import STOCKHOLM, at_stockholm, is_public_holiday
from shared.kernel.states import Moves


class State(StrEnum):
    """Where a notification stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_TEMPORARY = "failed_temporary"
    FAILED_PERMANENT = "failed_permanent"
    FAILED_TECHNICAL = "failed_technical"
    SUPPRESSED = "suppressed"
    HELD = "held"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_NOT_SENT = {State.SUPPRESSED, State.CANCELLED, State.FAILED_TECHNICAL}

MOVES = Moves(
    "notification",
    {
        State.PENDING: {State.SENDING, State.HELD, *_NOT_SENT},
        State.HELD: {State.SENDING, *_NOT_SENT},
        State.SENDING: {
            State.SENT,
            State.DELIVERED,  # the receipt may come before the answer of the call is recorded
            State.PENDING,
            State.UNKNOWN,
            State.FAILED_PERMANENT,
            State.FAILED_TECHNICAL,
            State.CANCELLED,
        },
        State.UNKNOWN: {
            State.SENDING,
            State.SENT,
            State.DELIVERED,
            State.PENDING,
            State.HELD,
            State.FAILED_PERMANENT,
            *_NOT_SENT,
        },
        State.SENT: {State.DELIVERED, State.FAILED_PERMANENT, State.FAILED_TEMPORARY},
        State.FAILED_TEMPORARY: {State.DELIVERED, State.PENDING},
        State.FAILED_PERMANENT: {State.PENDING},
        State.FAILED_TECHNICAL: {State.PENDING},
        State.SUPPRESSED: {State.PENDING},
        State.DELIVERED: set(),
        State.CANCELLED: set(),
    },
)

OPEN: Final = frozenset({State.PENDING, State.HELD, State.SENDING, State.UNKNOWN})
"""Still to be sent, or perhaps to be sent again: the content is needed."""

SENDABLE: Final = frozenset({State.PENDING, State.HELD, State.UNKNOWN})
"""A due row in one of these is taken up by the sender."""

NOT_REACHED: Final = frozenset(
    {State.FAILED_TEMPORARY, State.FAILED_PERMANENT, State.FAILED_TECHNICAL, State.SUPPRESSED}
)
"""The recipient was not told; booking and procurement hear of it."""

UNKNOWN_TRIES: Final = 3
"""So many attempts may end in not knowing before an operator must decide, whatever the kind says."""

_ENDS_IN: Final[Mapping[Result, State]] = {
    Result.ACCEPTED: State.SENT,
    Result.TEMPORARY: State.FAILED_TECHNICAL,
    Result.PERMANENT: State.FAILED_PERMANENT,
    Result.TECHNICAL: State.FAILED_TECHNICAL,
    Result.UNKNOWN: State.UNKNOWN,
}
_MOST_HOLIDAYS_IN_A_ROW = 30

RECEIPTS: Final[Mapping[str, State]] = {"delivered": State.DELIVERED, "failed": State.FAILED_PERMANENT}
RECEIPT_FAILED: Final = "receipt_failed"
NO_RECEIPT: Final = "no_receipt"
LOST: Final = "attempt_lost"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to try again, and when not to disturb; from settings."""

    max_tries: int = 48
    pause: timedelta = timedelta(seconds=300)
    receipt_wait: timedelta = timedelta(days=3)
    recipient_wait: timedelta = timedelta(hours=24)
    quiet_from: time = time(20)
    quiet_until: time = time(8)


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a notification: its state, why, and when to look at it again (None: not by itself)."""

    state: State
    cause: str | None = None
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rule needs of the notification that was tried. `tries` counts the attempt that has just ended."""

    channel: ChannelName
    tries: int
    unknown_tries: int
    on_unknown: OnUnknown
    honours_key: bool


def after_attempt(outcome: Outcome, tried: Tried, schedule: Schedule, now: datetime) -> Next:
    """Return what follows an attempt.

    A temporary failure is tried again on the schedule and is a technical failure when the tries are used up. Not
    knowing is tried again where the provider honours our key or the kind says that twice is better than never.
    """
    step = Next(_ENDS_IN[outcome.result], outcome.cause)
    if outcome.result is Result.ACCEPTED and tried.channel is ChannelName.SMS:
        return replace(step, check_at=now + schedule.receipt_wait)
    if outcome.result is Result.TEMPORARY and tried.tries < schedule.max_tries:
        return Next(State.PENDING, outcome.cause, now + pause_after(tried.channel, tried.tries, schedule))
    if outcome.result is Result.UNKNOWN:
        again = tried.honours_key or tried.on_unknown is OnUnknown.AGAIN
        if again and tried.unknown_tries < UNKNOWN_TRIES and tried.tries < schedule.max_tries:
            return replace(step, check_at=now + schedule.pause)
    return step


def pause_after(channel: ChannelName, tries: int, schedule: Schedule) -> timedelta:
    """Return how long to wait after the so-manieth try: an SMS is tried again at once the first time."""
    return timedelta(0) if channel is ChannelName.SMS and tries == 1 else schedule.pause


def quiet_until(now: datetime, schedule: Schedule) -> datetime | None:
    """Return when a person may be disturbed again, or None where she may be now.

    Quiet is from evening to morning, local time, and all of Sundays and public holidays.
    """
    local = now.astimezone(STOCKHOLM)
    if not _is_quiet(local.date(), local.time(), schedule):
        return None
    day = local.date() if local.time() < schedule.quiet_until else local.date() + timedelta(days=1)
    for _ in range(_MOST_HOLIDAYS_IN_A_ROW):
        if not is_public_holiday(day):
            break
        day += timedelta(days=1)
    return at_stockholm(day, schedule.quiet_until)


def _is_quiet(day: date, at: time, schedule: Schedule) -> bool:
    return is_public_holiday(day) or at < schedule.quiet_until or at >= schedule.quiet_from


def after_receipt(state: State, status: str) -> State | None:
    """Return where a receipt moves a notification; None where it is late, repeated or of an unknown status."""
    target = RECEIPTS.get(status)
    return target if target is not None and MOVES.allows(state, target) else None


def is_soft_failure(state: State, cause: str | None) -> bool:
    """Whether a failure says that the address does not work for now; two in a day suppress it for a time."""
    if state not in (State.FAILED_PERMANENT, State.FAILED_TECHNICAL, State.FAILED_TEMPORARY) or cause is None:
        return False
    return cause in (RECEIPT_FAILED, NO_RECEIPT) or cause.startswith("smtp_4")
