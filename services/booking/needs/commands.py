"""Surveys are written with their plan; needs are added to it, changed, and met by a booking or a training request."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.employers.employments import check_member
from services.booking.employers.tables import Workplace
from services.booking.needs.rules import NEED_MET, PLAN, MetBy, NeedDetails, PlanState, SurveyDetails, Way, WrittenAs
from services.booking.needs.tables import Need, NeedHistory, NeedSurvey, TrainingPlan
from services.booking.people.queries import list_coaches
from services.booking.projects.queries import questions_asked, questions_of_version
from services.booking.projects.questions import Answer, check_answers
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, NotFound, Refused
from shared.kernel.texts import N_


async def write_survey(
    session: AsyncSession,
    clock: Clock,
    project_id: UUID,
    employer_id: UUID,
    details: SurveyDetails,
    *,
    workplace_id: UUID | None,
    by: UUID,
    written_as: WrittenAs = WrittenAs.CONTACT,
) -> tuple[NeedSurvey, TrainingPlan]:
    """Write a survey down and begin its training plan.

    Raises NotFound where the employer has no part in the project, InvalidInput for a day to come, another's workplace,
    somebody who is no coach, and answers that are not to the version of the questions that they are given for.
    """
    await check_member(session, project_id, employer_id)
    now = clock.now()
    today = legal_day(now)
    for field, day in (("made_on", details.made_on), ("consulted_on", details.consulted_on)):
        if day is not None and day > today:
            raise InvalidInput(N_("{day} is still to come."), code="day_to_come", field=field, day=day)
    if (details.consulted is None) != (details.consulted_on is None):
        raise InvalidInput(
            N_("Say both how the employees' representatives were consulted and on which day, or neither."),
            code="consultation_incomplete",
            field="consulted" if details.consulted is None else "consulted_on",
        )
    if workplace_id is not None:
        workplace = await session.get(Workplace, workplace_id)
        if workplace is None or workplace.employer_id != employer_id:
            raise InvalidInput(
                N_("The employer has no such workplace."), code="workplace_unknown", field="workplace_id"
            )
    answers = await _checked_answers(session, project_id, details)
    if details.with_coach is not None and details.with_coach not in dict(await list_coaches(session, project_id)):
        raise InvalidInput(N_("The project has no such coach."), code="coach_unknown", field="with_coach")
    survey = NeedSurvey(
        project_id=project_id,
        employer_id=employer_id,
        workplace_id=workplace_id,
        made_on=details.made_on,
        took_part=details.took_part,
        findings=details.findings,
        consulted=details.consulted,
        consulted_on=details.consulted_on,
        written_by=by,
        written_as=written_as.value,
        with_coach=details.with_coach,
        written_at=now,
        questions_version=None if answers is None else details.questions_version,
        answers=answers,
    )
    session.add(survey)
    await session.flush()
    plan = TrainingPlan(survey_id=survey.id)
    session.add(plan)
    await session.flush()
    session.add(NeedHistory(at=now, actor_id=by, change="plan begun", after=plan.state, plan_id=plan.id))
    return survey, plan


async def _checked_answers(session: AsyncSession, project_id: UUID, details: SurveyDetails) -> dict[str, Answer] | None:
    """Return the answers as they are kept, checked against the version that they were given for."""
    if details.answers is None and details.questions_version is None:
        version, _questions = await questions_asked(session, project_id)
        if version is not None:
            raise Refused(
                N_("The project asks questions of its own about needs. Open the form again, and answer them."),
                code="answers_missing",
            )
        if details.findings is None:
            raise InvalidInput(N_("Say what you need to learn, and why."), code="findings_missing", field="findings")
        return None
    if details.answers is None or details.questions_version is None:
        raise InvalidInput(
            N_("Give the answers together with the version of the questions that they are to."),
            code="answers_incomplete",
            field="questions_version" if details.questions_version is None else "answers",
        )
    return check_answers(await questions_of_version(session, project_id, details.questions_version), details.answers)


async def _locked_plan(session: AsyncSession, plan_id: UUID) -> TrainingPlan:
    plan = await locked(session, TrainingPlan, plan_id)
    if plan is None:
        raise NotFound(N_("There is no such training plan."), code="plan_not_found")
    return plan


async def add_need(session: AsyncSession, clock: Clock, plan_id: UUID, details: NeedDetails, *, by: UUID) -> Need:
    """Add a line to a plan that is not agreed yet; raises Refused where it is, InvalidInput for a period backwards."""
    plan = await _locked_plan(session, plan_id)
    _check_draft(plan)
    _check_period(details)
    need = Need(plan_id=plan_id, **_columns(details))
    session.add(need)
    await session.flush()
    session.add(NeedHistory(at=clock.now(), actor_id=by, change="need added", plan_id=plan_id, need_id=need.id))
    return need


async def change_need(
    session: AsyncSession, clock: Clock, need_id: UUID, details: NeedDetails, *, version: int, by: UUID
) -> Need:
    """Change what a line says; raises Refused in an agreed plan, Conflict where it was changed meanwhile."""
    need = await locked_need(session, need_id)
    _check_draft(await session.get_one(TrainingPlan, need.plan_id))
    check_version(version, need.version)
    _check_period(details)
    for name, value in _columns(details).items():
        setattr(need, name, value)
    need.version += 1
    session.add(need)
    session.add(NeedHistory(at=clock.now(), actor_id=by, change="need changed", plan_id=need.plan_id, need_id=need.id))
    return need


async def locked_need(session: AsyncSession, need_id: UUID) -> Need:
    """Return the need, its plan locked before it; raises NotFound."""
    found = await session.get(Need, need_id)
    if found is None:
        raise NotFound(N_("There is no such need."), code="need_not_found")
    await _locked_plan(session, found.plan_id)
    return await session.get_one(Need, need_id, with_for_update=True, populate_existing=True)


async def meet_need(
    session: AsyncSession, clock: Clock, need_id: UUID, met_by: MetBy, met_with_id: UUID | None, *, by: UUID | None
) -> Need:
    """Say that a need is met by a booking or a training request, or by nothing any more."""
    return _meet(session, clock, await locked_need(session, need_id), met_by, met_with_id, None, by)


async def settle_need(
    session: AsyncSession, clock: Clock, need_id: UUID, way: Way, note: str | None, *, version: int, by: UUID
) -> Need:
    """Say in words how a need is met, why it will not be, or that a way is looked for again.

    Raises InvalidInput where the words are missing, Refused while seats or a training request meet it, Conflict where
    it was changed meanwhile.
    """
    need = await locked_need(session, need_id)
    check_version(version, need.version)
    if need.met_with_id is not None:
        raise Refused(
            N_("Something meets this need already. Cancel the booking or withdraw the request first."),
            code="need_is_met",
        )
    if way is not Way.LOOKING and note is None:
        raise InvalidInput(
            N_("Say which course it is and who gives it, or why the need is set aside."),
            code="note_missing",
            field="note",
        )
    kept = None if way is Way.LOOKING else note
    return _meet(session, clock, need, MetBy(way.value), None, kept, by)


def _meet(
    session: AsyncSession,
    clock: Clock,
    need: Need,
    met_by: MetBy,
    met_with_id: UUID | None,
    note: str | None,
    by: UUID | None,
) -> Need:
    before = MetBy(need.met_by)
    NEED_MET.check(before, met_by)
    need.met_by = met_by.value
    need.met_with_id = met_with_id
    need.met_note = note
    need.version += 1
    session.add(need)
    session.add(
        NeedHistory(
            at=clock.now(),
            actor_id=by,
            change="need met",
            before=before.value,
            after=met_by.value,
            reason=note,
            plan_id=need.plan_id,
            need_id=need.id,
        )
    )
    return need


async def unmeet_needs(session: AsyncSession, clock: Clock, met_with_id: UUID, *, by: UUID | None) -> int:
    """Say of every need that this booking or request met that nothing meets it now; return how many there were."""
    found = await session.exec(
        select(Need.id).where(col(Need.met_with_id) == met_with_id).order_by(col(Need.plan_id), col(Need.id))
    )
    needs = found.all()
    for need_id in needs:
        await meet_need(session, clock, need_id, MetBy.NOTHING, None, by=by)
    return len(needs)


async def offer_run(
    session: AsyncSession, clock: Clock, need_ids: Collection[UUID], run_id: UUID, reference: str, *, by: UUID
) -> None:
    """Say of needs that seats are kept for them on a run. They are met when the employer books.

    Raises Refused where one of them is met by now.
    """
    for need_id in sorted(need_ids):
        need = await locked_need(session, need_id)
        if need.met_by != MetBy.NOTHING:
            raise Refused(
                N_("The need “{need}” has a way already. Choose among those that have none."),
                code="need_is_met",
                need=need.title,
            )
        need.offered_run_id = run_id
        need.version += 1
        session.add(need)
        session.add(
            NeedHistory(
                at=clock.now(),
                actor_id=by,
                change="seats kept",
                after=reference,
                plan_id=need.plan_id,
                need_id=need.id,
            )
        )


async def move_plan(
    session: AsyncSession, clock: Clock, plan_id: UUID, state: PlanState, *, version: int, by: UUID
) -> TrainingPlan:
    """Agree to a plan, or open it again; raises Conflict for an illegal move, Refused for a plan without needs."""
    plan = await _locked_plan(session, plan_id)
    check_version(version, plan.version)
    before = PlanState(plan.state)
    PLAN.check(before, state)
    if state is PlanState.AGREED:
        lines = await session.exec(select(Need.id).where(col(Need.plan_id) == plan_id).limit(1))
        if lines.first() is None:
            raise Refused(N_("The plan has no needs yet. Add at least one before it is agreed."), code="plan_empty")
    now = clock.now()
    plan.state = state.value
    plan.agreed_on = legal_day(now) if state is PlanState.AGREED else None
    plan.version += 1
    session.add(plan)
    session.add(
        NeedHistory(at=now, actor_id=by, change="plan", before=before.value, after=state.value, plan_id=plan_id)
    )
    return plan


def _check_draft(plan: TrainingPlan) -> None:
    if plan.state != PlanState.DRAFT:
        raise Refused(
            N_("The training plan was agreed on {day}. Open it again before its needs are changed."),
            code="plan_agreed",
            day=plan.agreed_on,
        )


def _check_period(details: NeedDetails) -> None:
    if details.wished_from and details.wished_to and details.wished_to < details.wished_from:
        raise InvalidInput(
            N_("The end {ends_on} is before the start {starts_on}."),
            code="period_backwards",
            field="wished_to",
            ends_on=details.wished_to,
            starts_on=details.wished_from,
        )


def _columns(details: NeedDetails) -> dict[str, Any]:
    return {
        "title": details.title,
        "target_group": details.target_group,
        "persons": details.persons,
        "minutes": details.minutes,
        "priority": details.priority.value,
        "wished_from": details.wished_from,
        "wished_to": details.wished_to,
        "wished_mode": details.wished_mode.value,
        "wished_time": details.wished_time.value,
        "description": details.description,
    }
