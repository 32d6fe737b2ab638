"""What every table of procurement builds on: the base class, columns that hold a state, and the secrets' keys.

`Keys` is made once in the composition root; nothing else sees the service's root key.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Enum, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import NAMING
from shared.kernel.keys import derived_key

_STATE_LENGTH = 40


class ProcurementTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """The base of every table of procurement."""


def state_column(states: type[StrEnum], **options: Any) -> Column[Any]:  # noqa: ANN401 - the options of a Column
    """Return a text column that gives back members of `states`; its CHECK is the table's own (`state_check`)."""
    kind = Enum(
        states,
        native_enum=False,
        create_constraint=False,
        length=_STATE_LENGTH,
        values_callable=lambda enum: [state.value for state in enum],
    )
    return Column(kind, nullable=False, **options)


@dataclass(frozen=True, slots=True)
class Keys:
    """One key for each purpose, derived from the service's root key and never stored in the database."""

    number_lookup: bytes
    number_sealing: bytes
    claim_codes: bytes
    bid_pseudonyms: bytes
    question_pseudonyms: bytes
    opening_keys: bytes

    @classmethod
    def derive(cls, root: bytes) -> "Keys":
        """Return the keys that `root` gives."""
        return cls(
            number_lookup=derived_key(root, "procurement/number-lookup"),
            number_sealing=derived_key(root, "procurement/number-sealing"),
            claim_codes=derived_key(root, "procurement/claim-codes"),
            bid_pseudonyms=derived_key(root, "procurement/bid-pseudonyms"),
            question_pseudonyms=derived_key(root, "procurement/question-pseudonyms"),
            opening_keys=derived_key(root, "procurement/opening-keys"),
        )
