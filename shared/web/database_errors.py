"""What PostgreSQL's errors mean to whoever asked: wait and try again, somebody was first, or a fault of ours."""

from socket import gaierror
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.kernel.errors import Conflict, InvalidInput, KurslotsError, TryLater
from shared.kernel.texts import N_

_BUSY: Final = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available: lock_timeout passed
        "57014",  # query_canceled: statement_timeout passed
        "25P03",  # idle_in_transaction_session_timeout
    }
)
_AWAY_CLASSES: Final = ("08", "53", "57P", "58")
_LOST_CLASSES: Final = ("08", "57P", "58")  # 53, no room, is an answer: nothing was kept
_ALREADY_THERE: Final = frozenset({"23505", "23P01"})  # unique_violation, exclusion_violation
_NOTHING_TO_REFER_TO: Final = "23503"  # foreign_key_violation
_NOT_STORABLE_CLASS: Final = "22"

_DATABASE_BUSY = N_("Others are changing the same thing just now. Nothing was done; try again in a moment.")
_DATABASE_AWAY = N_("The database cannot be reached just now. Nothing was done; try again in a moment.")
_HERE_ALREADY = N_("This is already there, or somebody else was just before you. Reload to see how it stands.")
_REFERENCE = N_("Something that this refers to is not there, or is still needed elsewhere. Reload and choose again.")
_OUT_OF_RANGE = N_("A value is outside what can be stored. Check the numbers and dates.")


class CommitFailedError(Exception):
    """The database refused at commit what the command had done: a fault of ours, nothing was kept."""

    def __init__(self, sqlstate: str | None, constraint: str | None) -> None:
        self.sqlstate = sqlstate
        self.constraint = constraint
        super().__init__(f"commit refused: {sqlstate} {constraint}")


class CommitLostError(Exception):
    """The connection broke while the database was committing: it may have been done, and nobody was told."""


def is_connection_lost(error: DBAPIError) -> bool:
    """Whether the database has said nothing of what it was last asked, and never will."""
    sqlstate = sqlstate_of(error)
    return error.connection_invalidated or sqlstate is None or sqlstate.startswith(_LOST_CLASSES)


def sqlstate_of(error: DBAPIError) -> str | None:
    """Return PostgreSQL's five-character code, or None where the driver itself complained."""
    return getattr(error.orig, "sqlstate", None)


def constraint_of(error: DBAPIError) -> str | None:
    """Return the name of the constraint that was broken, if one was."""
    return getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)


def told_of_database(error: Exception) -> KurslotsError | None:
    """Return what to tell, or None where it is a fault of ours that has no detail for others."""
    if isinstance(error, (PoolTimeoutError, ConnectionError, TimeoutError, gaierror)):
        return TryLater(_DATABASE_AWAY, code="database_away")
    return _told_of_sql(error, sqlstate_of(error) or "") if isinstance(error, DBAPIError) else None


def _told_of_sql(error: DBAPIError, sqlstate: str) -> KurslotsError | None:
    told: KurslotsError | None = None
    if sqlstate in _BUSY:
        told = TryLater(_DATABASE_BUSY, code="busy")
    elif error.connection_invalidated or sqlstate.startswith(_AWAY_CLASSES):
        told = TryLater(_DATABASE_AWAY, code="database_away")
    elif sqlstate in _ALREADY_THERE:
        told = Conflict(_HERE_ALREADY, code="already_there")
    elif sqlstate == _NOTHING_TO_REFER_TO:
        told = Conflict(_REFERENCE, code="reference_missing")
    elif sqlstate.startswith(_NOT_STORABLE_CLASS) or _refused_by_driver(error):
        told = InvalidInput(_OUT_OF_RANGE, code="value_range")
    elif isinstance(error, InterfaceError):
        told = TryLater(_DATABASE_AWAY, code="database_away")
    return told


def _refused_by_driver(error: DBAPIError) -> bool:
    cause = getattr(error.orig, "__cause__", None)
    return isinstance(cause, (ValueError, OverflowError))
