"""Kinds of buyers and what they choose for themselves. Every choice says whether it is law or the buyer's policy."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class BuyerKind(StrEnum):
    """What a buyer is; it decides which rules bind it (1 kap. LOU)."""

    MUNICIPALITY_OR_REGION = "municipality_or_region"
    STATE = "state"
    PUBLICLY_GOVERNED = "publicly_governed"
    NOT_BOUND = "not_bound"

    @property
    def is_bound(self) -> bool:
        """Whether the procurement act (LOU) binds it."""
        return self is not BuyerKind.NOT_BOUND


class Source(StrEnum):
    """Why something is as it is."""

    LAW = "law"
    POLICY = "policy"


class CriteriaKind(StrEnum):
    """How criteria are put against each other.

    Weighted: points times weights that add up to 100. Ranked: the first criterion decides, the next breaks ties.
    Free: all count the same.
    """

    WEIGHTED = "weighted"
    RANKED = "ranked"
    FREE = "free"


class Policy(BaseModel):
    """How a buyer conducts a direct purchase; the default is the strict one.

    Secrecy of bids until the award (OSL 19:3) is law for a public body. The form of the opening is law above the
    threshold only (12:10), and so are award notice and standstill (12:12, 20 kap.): below it they are policy, and a
    standstill is voluntary.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sealed: bool = True
    sealed_source: Source = Source.LAW
    openers: Literal[1, 2] = 2
    openers_source: Source = Source.POLICY
    criteria: CriteriaKind = CriteriaKind.WEIGHTED
    criteria_source: Source = Source.POLICY
    award_notice: bool = True
    award_notice_source: Source = Source.POLICY
    standstill_days: Literal[0, 10, 15] = 0
    standstill_source: Source = Source.POLICY
