"""What is said of personal data covers the schema, column by column."""

from services.procurement import copies, history
from services.procurement.awards import tables as awards
from services.procurement.base import ProcurementTable
from services.procurement.bids import tables as bids
from services.procurement.contracts import tables as contracts
from services.procurement.personal import NOT_PERSONAL, PERSONAL

TABLES = (copies, history, awards, bids, contracts)


def test_every_column_is_said_to_hold_a_person_or_not() -> None:
    columns = {
        f"{table.name}.{column.name}" for table in ProcurementTable.metadata.tables.values() for column in table.columns
    }
    said = set(PERSONAL) | {name for name in NOT_PERSONAL if not name.endswith(".*")}
    whole = {name.removesuffix(".*") for name in NOT_PERSONAL if name.endswith(".*")}
    assert not set(PERSONAL) & NOT_PERSONAL
    assert said <= columns
    assert {name for name in columns - said if name.partition(".")[0] not in whole} == set()
