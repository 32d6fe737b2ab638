"""How a need is met, and how a training plan comes into force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.kernel.states import Moves


class MetBy(StrEnum):
    """What has been done about a need. Seats given up again, or a request declined, leave it unmet.

    OUTSIDE is a course that is not of the project, such as a university's; SET_ASIDE is a need that will not be met.
    """

    NOTHING = "nothing"
    SEATS = "seats"
    REQUEST = "request"
    OUTSIDE = "outside"
    SET_ASIDE = "set_aside"


_BY_WORD: Final = frozenset({MetBy.NOTHING, MetBy.OUTSIDE, MetBy.SET_ASIDE})
"""What is said of a need, where a booking or a request says nothing."""

NEED_MET: Final = Moves(
    "need",
    {
        **{said: set(MetBy) for said in _BY_WORD},
        MetBy.SEATS: {MetBy.NOTHING, MetBy.REQUEST, MetBy.SEATS},
        MetBy.REQUEST: {MetBy.NOTHING, MetBy.SEATS, MetBy.REQUEST},
    },
)


class Way(StrEnum):
    """What an employer says itself of how a need is met. LOOKING takes back what was said before."""

    OUTSIDE = MetBy.OUTSIDE.value
    SET_ASIDE = MetBy.SET_ASIDE.value
    LOOKING = MetBy.NOTHING.value


@dataclass(frozen=True, slots=True)
class Share:
    """How far the needs of a plan have come. What is set aside counts among all, and not as met."""

    needs: int
    met: int
    set_aside: int
    persons: int
    persons_met: int


def share_of(needs: Iterable[tuple[MetBy, int]]) -> Share:
    """Return the share of needs, each with the number of persons in it."""
    counted = list(needs)
    met = [persons for way, persons in counted if way not in (MetBy.NOTHING, MetBy.SET_ASIDE)]
    aside = sum(way is MetBy.SET_ASIDE for way, _ in counted)
    return Share(len(counted), len(met), aside, sum(persons for _, persons in counted), sum(met))


class WrittenAs(StrEnum):
    """What whoever wrote a survey down is to the employer."""

    CONTACT = "contact"
    COACH = "coach"
    LEAD = "project_lead"


class PlanState(StrEnum):
    """Whether the employer has agreed to its training plan."""

    DRAFT = "draft"
    AGREED = "agreed"


PLAN: Final = Moves("training_plan", {PlanState.DRAFT: {PlanState.AGREED}, PlanState.AGREED: {PlanState.DRAFT}})


class Priority(StrEnum):
    """How much a need matters to the employer."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class WishedMode(StrEnum):
    """How people would take part. BOTH is partly on site and partly online; ANY leaves it open."""

    ANY = "any"
    PHYSICAL = "physical"
    DIGITAL = "digital"
    BOTH = "both"


class WishedTime(StrEnum):
    """When in the week people can leave their work."""

    ANY = "any"
    DAYTIME = "daytime"
    EVENINGS = "evenings"
    WEEKENDS = "weekends"


@dataclass(frozen=True, slots=True)
class SurveyDetails:
    """A survey as it is written down. Who took part and was consulted is told in the employer's own words.

    A project that asks questions of its own gets `answers` to a version of them; `with_coach` helped to answer.
    """

    made_on: date
    took_part: str
    findings: str | None
    consulted: str | None = None
    consulted_on: date | None = None
    with_coach: UUID | None = None
    questions_version: int | None = None
    answers: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class NeedDetails:
    """One line of a plan; the length is that of the training for one person."""

    title: str
    target_group: str
    persons: int
    minutes: int
    priority: Priority = Priority.MEDIUM
    wished_from: date | None = None
    wished_to: date | None = None
    wished_mode: WishedMode = WishedMode.ANY
    wished_time: WishedTime = WishedTime.ANY
    description: str | None = None
