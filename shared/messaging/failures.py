"""What a failure says about a message: nothing, if the database was away; something, if it failed by itself.

Causes and stacks are kept and logged without values: an exception's text may quote the message, and so a person.
"""

import traceback

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.kernel.errors import KurslotsError

_STACK_LIMIT = 4000
# PostgreSQL's classes and codes for "not now": connection, resources, operator's intervention, lock, serialisation.
_TRANSIENT_CLASSES = ("08", "53", "57P", "58")
_TRANSIENT_CODES = frozenset({"40001", "40P01", "55P03", "25P03", "3D000", "28000", "28P01"})
# Other system errors come from a network that is not there just now.
_ABOUT_FILES = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)


class Transient(Exception):  # noqa: N818 - says when to come again, not what is wrong
    """Another worker is at the same work: come again."""


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may succeed with nothing changed: it says nothing about the message."""
    if isinstance(error, Transient | PoolTimeoutError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError):
            return True
        code = sqlstate_of(error)
        return code is not None and (code.startswith(_TRANSIENT_CLASSES) or code in _TRANSIENT_CODES)
    return isinstance(error, OSError) and not isinstance(error, _ABOUT_FILES)


def sqlstate_of(error: BaseException) -> str | None:
    """Return PostgreSQL's code of a failed statement, where there is one."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return code if isinstance(code, str) else None


def cause_of(error: BaseException) -> str:
    """Return in one line what failed, with codes and field names and without any value."""
    if isinstance(error, ValidationError):
        wrong = sorted({f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors()})
        return f"off its contract ({'; '.join(wrong)})"
    if isinstance(error, KurslotsError):
        return f"{type(error).__name__} {error.code}"
    name = type(getattr(error, "orig", None) or error).__name__
    if code := sqlstate_of(error):
        constraint = getattr(getattr(getattr(error, "orig", None), "__cause__", None), "constraint_name", None)
        return f"{name} {code}" + (f" {constraint}" if constraint else "")
    return f"{name} in {_last_place(error)}" if error.__traceback__ else name


def stack_of(error: BaseException) -> str:
    """Return where it failed, as code and not as values."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__name__}"[-_STACK_LIMIT:]


def _last_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].name if frames else "?"
