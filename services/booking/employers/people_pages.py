"""An employer's people in a project: listed, added one by one or many at once, shown, changed, and their work ended."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.employers import employments, people_lists, queries
from services.booking.employers.employments import Employee
from services.booking.employers.pasting import EXAMPLE, MOST_LINES, Pasted, PastedPerson, WrongLine, read_people
from services.booking.employers.people_lists import PeopleFilter
from services.booking.employers.queries import WorkplaceView
from services.booking.employers.standing import standing_of
from services.booking.people import wording as people_wording
from services.booking.people.bodies import NumberedPersonBody
from services.booking.people.rules import Education, EntryStatus
from shared.kernel.errors import Conflict, KurslotsError, Refused
from shared.kernel.texts import N_, Text
from shared.web.bodies import LONG_TEXT_LENGTH, Body, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Page

router = APIRouter()
_PEOPLE: Final = "/projects/{project_id}/employers/{employer_id}/people"
_COLUMNS: Final = (
    Column(N_("First name"), lambda row: row.given_name),
    Column(N_("Last name"), lambda row: row.family_name),
    Column(N_("E-mail"), lambda row: row.email),
    Column(N_("Mobile phone"), lambda row: row.phone),
    Column(N_("Workplace"), lambda row: row.workplace),
    Column(N_("Works here since"), lambda row: row.works_from),
    Column(N_("Can be reported"), lambda row: Text(N_("yes") if row.reportable else N_("no"))),
)


class AddForm(NumberedPersonBody):
    """A person who works for the employer, as she is filled in."""

    workplace_id: UUID
    starts_on: date | None = None
    status_at_entry: EntryStatus = EntryStatus.EMPLOYED
    education_at_entry: Education = Education.UNKNOWN


class PasteForm(Body):
    """Many people at once."""

    lines: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=LONG_TEXT_LENGTH)]
    workplace_id: UUID
    starts_on: date | None = None


class AddedView(View):
    """How many were added."""

    added: int


@router.get(_PEOPLE)
async def show_people(
    request: Request,
    project_id: UUID,
    employer_id: UUID,
    session: ReadSession,
    query: Annotated[PeopleFilter, Query()],
) -> Response:
    """List the employer's people in the project."""
    standing = await standing_of(request, session, employer_id, project_id)

    async def read(asked: PeopleFilter) -> Page[people_lists.ListedEmployee]:
        return await people_lists.list_employees(session, project_id, employer_id, asked)

    async def show(listing: Listing[people_lists.ListedEmployee]) -> Response:
        return render(
            request,
            "employers/people.html",
            standing=standing,
            people=listing,
            workplaces=await queries.list_workplaces(session, employer_id),
            added=query.added,
        )

    return await show_or_export(request, query, name="people", columns=_COLUMNS, sort="name", read=read, show=show)


@router.get(_PEOPLE + "/new")
async def show_add_employee(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Show the form of a person."""
    return await _add_page(request, session, project_id, employer_id, Form())


@router.post(_PEOPLE + "/new")
async def send_add_employee(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Add the person that was filled in."""

    async def command(context: CommandContext, body: AddForm) -> AddedView:
        await employments.add_employee(
            context.session,
            context.clock,
            keys_of(request),
            project_id,
            employer_id,
            Employee(body.numbered(), body.workplace_id, body.starts_on, body.status_at_entry, body.education_at_entry),
            by=context.actor.person_id,
        )
        return AddedView(added=1)

    done = f"{_address(project_id, employer_id)}?added=1"
    again = partial(_add_page, request, session, project_id, employer_id)
    return await take_form(request, AddForm, command, done=done, again=again)


@router.get(_PEOPLE + "/paste")
async def show_paste_people(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Show where many people are pasted at once."""
    return await _paste_page(request, session, project_id, employer_id, Form())


@router.post(_PEOPLE + "/paste")
async def send_paste_people(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Add everybody who was pasted, or nobody: each line that is wrong is told with its number."""
    form = await read_form(request, PasteForm)
    pasted = Pasted((), ())
    if form.body is not None:
        pasted = read_people(form.body.lines)
        if pasted.wrong or not pasted.people or len(pasted.people) > MOST_LINES:
            _refuse_lines(form, pasted)
    late: list[WrongLine] = []

    async def command(context: CommandContext, body: PasteForm) -> AddedView:
        for person in pasted.people:
            employee = Employee(person.details, body.workplace_id, body.starts_on)
            try:
                await people_lists.check_not_there(context.session, employer_id, person.details)
                await employments.add_employee(
                    context.session,
                    context.clock,
                    keys_of(request),
                    project_id,
                    employer_id,
                    employee,
                    by=context.actor.person_id,
                )
            except Refused:
                raise
            except Conflict as error:
                late.append(_wrong(person, error))
        if late:
            raise Conflict(_NOTHING_SAVED, code="lines_wrong", field="lines", count=len(late))
        return AddedView(added=len(pasted.people))

    def done(answer: Any) -> str:  # noqa: ANN401 - the stored answer
        return f"{_address(project_id, employer_id)}?added={answer['added']}"

    async def again(form: Form[PasteForm]) -> Response:
        return await _paste_page(request, session, project_id, employer_id, form, (*pasted.wrong, *late))

    return await take_form(request, form, command, done=done, again=again)


_NOTHING_SAVED: Final = N_(
    "Lines that are wrong: {count}. Nobody has been added yet; mend them and send the list again."
)


def _refuse_lines(form: Form[PasteForm], pasted: Pasted) -> None:
    form.body, form.status = None, 422
    if len(pasted.people) > MOST_LINES:
        text = Text(
            N_("At most {most} people at a time, and these are {count}."),
            {"most": MOST_LINES, "count": len(pasted.people)},
        )
    elif not pasted.wrong:
        text = Text(N_("There is nobody in the list. Write one person on each line."))
    else:
        text = Text(_NOTHING_SAVED, {"count": len(pasted.wrong)})
    form.errors.setdefault("lines", []).append(text)


def _wrong(person: PastedPerson, error: KurslotsError) -> WrongLine:
    return WrongLine(person.line, f"{person.details.given_name} {person.details.family_name}", (error.text,))


async def _admitted(session: AsyncSession, project_id: UUID, employer_id: UUID) -> list[WorkplaceView]:
    workplaces = await queries.list_workplaces(session, employer_id)
    return [workplace for workplace in workplaces if project_id in workplace.project_ids]


async def _add_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, form: Form[AddForm]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    return render(
        request,
        "employers/person_form.html",
        standing=standing,
        form=form,
        workplaces=await _admitted(session, project_id, employer_id),
        wording=people_wording,
        title=N_("Add a person"),
        person=None,
    )


async def _paste_page(
    request: Request,
    session: AsyncSession,
    project_id: UUID,
    employer_id: UUID,
    form: Form[PasteForm],
    wrong: tuple[WrongLine, ...] = (),
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    return render(
        request,
        "employers/paste.html",
        standing=standing,
        form=form,
        wrong=wrong,
        workplaces=await _admitted(session, project_id, employer_id),
        most=MOST_LINES,
        example=EXAMPLE,
    )


def _address(project_id: UUID, employer_id: UUID) -> str:
    return f"/booking/projects/{project_id}/employers/{employer_id}/people"
