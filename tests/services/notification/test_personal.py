"""Every column is known to hold a person or not to."""

from services.notification.base import NotificationTable
from services.notification.notifications import tables as notifications
from services.notification.personal import NOT_PERSONAL, PERSONAL
from services.notification.recipients import tables as recipients

METADATA = NotificationTable.metadata
assert notifications
assert recipients


def all_columns() -> set[str]:
    return {f"{table.name}.{column.name}" for table in METADATA.tables.values() for column in table.columns}


def spread(names: frozenset[str]) -> set[str]:
    whole = {name.removesuffix(".*") for name in names if name.endswith(".*")}
    return {name for name in names if not name.endswith(".*")} | {
        column for column in all_columns() if column.partition(".")[0] in whole
    }


def test_every_column_is_said_to_hold_a_person_or_not() -> None:
    said = set(PERSONAL) | spread(NOT_PERSONAL)
    assert all_columns() - said == set()
    assert said - all_columns() == set()


def test_no_column_is_said_to_be_both() -> None:
    assert not set(PERSONAL) & spread(NOT_PERSONAL)
