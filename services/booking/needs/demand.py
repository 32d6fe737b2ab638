"""What the employers of a project still need, side by side: what may be one course for several of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject, Workplace
from services.booking.needs.queries import is_offered
from services.booking.needs.rules import MetBy, WishedMode
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from shared.kernel.alike import groups_alike, periods_overlap, same_county, same_subject
from shared.kernel.errors import Refused
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_MOST_COMPARED: Final = 500
_ANY_CASE: Final = "und-x-icu"
_ONLINE: Final = frozenset({WishedMode.DIGITAL.value, WishedMode.ANY.value})


class DemandFilter(ListFilter):
    """Which needs without a way to list."""

    sort: Literal["employer", "-employer", "title", "-title", "persons", "-persons"] | None = None
    municipality: str | None = Field(default=None, pattern=r"^\d{4}$")


@dataclass(frozen=True, slots=True)
class Demanded:
    """A need that nothing meets yet, whose it is and where: the surveyed workplace's place, or the first one's."""

    need: Need
    employer_id: UUID
    employer_name: str
    municipality: str | None
    plan_state: str

    @property
    def place(self) -> str | None:
        """The municipality's name."""
        return None if self.municipality is None else municipality_name(self.municipality)


@dataclass(frozen=True, slots=True)
class Together:
    """Needs that may be met by one course."""

    needs: Sequence[Demanded]

    @property
    def persons(self) -> int:
        """How many they are for."""
        return sum(each.need.persons for each in self.needs)

    @property
    def employers(self) -> int:
        """How many employers have them."""
        return len({each.employer_id for each in self.needs})


def are_alike(one: Demanded, other: Demanded) -> bool:
    """Whether one course may meet both: a word of the subject in common, a place for both, and times that overlap."""
    first, second = one.need, other.need
    return (
        same_subject(first.title, second.title)
        and _same_place(one, other)
        and periods_overlap((first.wished_from, first.wished_to), (second.wished_from, second.wished_to))
    )


def _same_place(one: Demanded, other: Demanded) -> bool:
    modes = {one.need.wished_mode, other.need.wished_mode}
    if WishedMode.DIGITAL.value in modes:
        return modes <= _ONLINE
    return None not in (one.municipality, other.municipality) and same_county(
        one.municipality or "", other.municipality or ""
    )


def _unmet(project_id: UUID) -> Any:  # noqa: ANN401 - a statement of four columns
    first = (
        select(Workplace.municipality)
        .where(col(Workplace.employer_id) == col(NeedSurvey.employer_id))
        .order_by((col(NeedSurvey.workplace_id) == col(Workplace.id)).desc().nulls_last(), col(Workplace.id))
        .limit(1)
        .correlate(NeedSurvey)
        .scalar_subquery()
    )
    return (
        select(Need, Employer, first.label("municipality"), TrainingPlan.state)
        .join(TrainingPlan, col(TrainingPlan.id) == col(Need.plan_id))
        .join(NeedSurvey, col(NeedSurvey.id) == col(TrainingPlan.survey_id))
        .join(Employer, col(Employer.id) == col(NeedSurvey.employer_id))
        .join(
            EmployerProject,
            (col(EmployerProject.employer_id) == col(NeedSurvey.employer_id))
            & (col(EmployerProject.project_id) == col(NeedSurvey.project_id)),
        )
        .where(
            col(NeedSurvey.project_id) == project_id,
            col(EmployerProject.membership) == Membership.JOINED.value,
            col(Need.met_by) == MetBy.NOTHING.value,
        )
    )


async def chosen_needs(session: AsyncSession, project_id: UUID, need_ids: Collection[UUID]) -> list[Demanded]:
    """Return those of the needs that have no way yet, by employer."""
    statement = _unmet(project_id).where(col(Need.id).in_(need_ids)).order_by(col(Employer.name), col(Need.id))
    return [_demanded(row) for row in await session.exec(statement)]


async def needs_to_meet(session: AsyncSession, project_id: UUID, need_ids: Collection[UUID]) -> list[Demanded]:
    """Return the needs, to be met together; raises Refused where one has a way by now or is not the project's."""
    needs = await chosen_needs(session, project_id, need_ids)
    if len(needs) != len(set(need_ids)):
        raise Refused(
            N_("{found} of the {chosen} chosen needs still lack a way. Choose among those that do."),
            code="needs_not_open",
            found=len(needs),
            chosen=len(set(need_ids)),
        )
    return needs


def _demanded(row: Any) -> Demanded:  # noqa: ANN401 - the four of the statement
    need, employer, municipality, plan_state = row
    return Demanded(need, employer.id, employer.name, municipality, plan_state)


async def list_demand(session: AsyncSession, project_id: UUID, query: DemandFilter) -> Rows[Demanded]:
    """Return the needs without a way of a project's employers, those for most persons first unless sorted otherwise."""
    sort = query.sort or "-persons"
    statement = _unmet(project_id)
    if query.municipality is not None:
        there = select(Workplace.employer_id).where(col(Workplace.municipality) == query.municipality)
        statement = statement.where(col(Employer.id).in_(there))
    if query.q:
        in_title = col(Need.title).collate(_ANY_CASE).icontains(query.q, autoescape=True)
        in_name = col(Employer.name).collate(_ANY_CASE).icontains(query.q, autoescape=True)
        statement = statement.where(in_title | in_name)
    name = sort.removeprefix("-")
    columns: dict[str, Any] = {"employer": col(Employer.name), "title": col(Need.title), "persons": col(Need.persons)}
    page: Rows[Any] = await page_of(
        session,
        statement,
        [columns[name], col(Need.id)],
        query,
        keys=lambda row: ({"employer": row[1].name, "title": row[0].title, "persons": row[0].persons}[name], row[0].id),
        descending=sort.startswith("-"),
    )
    return Rows([_demanded(row) for row in page.rows], page.next)


async def demanded_together(session: AsyncSession, project_id: UUID) -> list[Together]:
    """Return groups of needs that one course may meet, of the oldest without a way; the largest group first."""
    found = await session.exec(_unmet(project_id).where(~is_offered()).order_by(col(Need.id)).limit(_MOST_COMPARED))
    groups = groups_alike([_demanded(row) for row in found], are_alike)
    several = [group for each in groups if (group := Together(each)).employers > 1]
    return sorted(several, key=lambda group: -group.persons)
