"""A small service that uses every part of the edge, for the edge's own tests and as the pattern for real ones."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import Field
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, Uuid, insert
from sqlalchemy.orm import registry
from sqlmodel import Field as Stored
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from shared.db import NAMING
from shared.kernel import identity
from shared.kernel.errors import NotFound, Refused
from shared.kernel.grants import Actor, Grant, Scope, Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.settings import ServiceSettings
from shared.web import tables as web_tables
from shared.web.app import create_service_app
from shared.web.authorisation import PUBLIC, SELF, SIGNED_IN, Permit
from shared.web.bodies import Body, Count, Line, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.pages.exports import Column as ExportColumn
from shared.web.pages.exports import ListFilter, export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Page, PageFilter, Rows, page_of
from shared.web.validation import checked


class SampleTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """The sample's own tables."""


class Note(SampleTable, table=True):
    """A thing that belongs to a project and was written by a person."""

    __tablename__ = "notes"

    id: UUID = Stored(default_factory=new_id, primary_key=True)
    project_id: UUID
    person_id: UUID
    title: str = Stored(sa_type=Text)
    seats: int


metadata: MetaData = SampleTable.metadata
later = Table(
    "later",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("note_id", Uuid, ForeignKey("notes.id", deferrable=True, initially="DEFERRED")),
)
METADATA = (metadata, web_tables.metadata)


class SampleSettings(ServiceSettings):
    """The sample's settings."""

    SERVICE: ClassVar[str] = "sample"


class NoteView(View):
    """A note as its reader sees it."""

    id: UUID
    title: str
    seats: int


class WriteNote(Body):
    """What a note must hold."""

    title: Line
    seats: Count = 1
    organisation_number: Annotated[str, Field(max_length=20), checked(identity.organisation_number)] | None = None


class NoteFilter(PageFilter):
    """Which notes to list."""

    title: Line | None = None


router = APIRouter(tags=["notes"])


@router.post("/projects/{project_id}/notes", status_code=201, response_model=NoteView)
async def write_note(request: Request, project_id: UUID, body: WriteNote) -> Response:
    """Write a note in a project."""

    async def command(context: CommandContext) -> NoteView:
        if body.seats > 6:
            raise Refused(
                N_("Only {free} of {capacity} seats are free; {asked} were asked for."),
                code="seats_full",
                field="seats",
                free=6,
                capacity=6,
                asked=body.seats,
            )
        note = Note(project_id=project_id, person_id=context.actor.person_id, title=body.title, seats=body.seats)
        context.session.add(note)
        return NoteView.model_validate(note)

    return await run_command(request, command, status=201)


@router.get("/projects/{project_id}/notes")
async def list_notes(project_id: UUID, session: ReadSession, query: Annotated[NoteFilter, Query()]) -> Page[NoteView]:
    """List the notes of a project."""
    statement = select(Note).where(Note.project_id == project_id)
    if query.title:
        statement = statement.where(Note.title == query.title)
    page = await page_of(
        session, statement, [col(Note.title), col(Note.id)], query, keys=lambda note: (note.title, note.id)
    )
    return Page(items=[NoteView.model_validate(note) for note in page.rows], next=page.next)


@router.get("/notes/{note_id}")
async def get_note(note_id: UUID, session: ReadSession) -> NoteView:
    """Read one note."""
    note = await session.get(Note, note_id)
    if note is None:
        raise NotFound(N_("There is no such thing here, or it is not yours to see."), code="not_found")
    return NoteView.model_validate(note)


@router.delete("/notes/{note_id}", status_code=204, response_class=Response)
async def remove_note(request: Request, note_id: UUID) -> Response:
    """Remove a note."""

    async def command(context: CommandContext) -> None:
        note = await context.session.get(Note, note_id, with_for_update=True)
        await context.session.delete(note)

    return await run_command(request, command)


@router.get("/me")
async def get_me(actor: CurrentActor) -> list[str]:
    """Say which roles the person has."""
    return sorted(grant.role for grant in actor.grants)


@router.get("/open")
async def list_open(query: PageQuery) -> Page[NoteView]:
    """Say nothing to everyone."""
    return Page(items=[])


@router.post("/register", status_code=201, response_model=NoteView)
async def register(request: Request, body: WriteNote) -> Response:
    """Register with no account yet."""

    async def command(context: CommandContext) -> NoteView:
        assert context.subject.sub
        return NoteView(id=new_id(), title=body.title, seats=body.seats)

    return await run_command(request, command, status=201)


@router.post("/sealed", status_code=201, response_model=NoteView)
async def send_sealed(request: Request, body: WriteNote) -> Response:
    """Send something that traffic must not tell of."""

    async def command(context: CommandContext) -> NoteView:
        return NoteView(id=new_id(), title=body.title, seats=body.seats)

    return await run_command(request, command, status=201)


@router.post("/broken/{kind}", response_model=NoteView, include_in_schema=False)
async def break_something(request: Request, kind: str) -> Response:
    """Fail in one of the ways in which commands fail."""

    async def command(context: CommandContext) -> NoteView:
        session = context.session
        if kind == "deferred":
            await session.exec(later.insert().values(id=new_id(), note_id=new_id()))
        elif kind == "unique":
            note = Note(id=UUID(int=1), project_id=UUID(int=1), person_id=UUID(int=1), title="t", seats=1)
            await session.merge(note)
            await session.flush()
            await session.exec(
                insert(Note).values(
                    id=UUID(int=1), project_id=UUID(int=1), person_id=UUID(int=1), title="secret of anna", seats=1
                )
            )
        elif kind == "range":
            session.add(Note(project_id=UUID(int=1), person_id=UUID(int=1), title="t", seats=2**40))
        elif kind == "lock":
            await session.exec(select(Note).where(Note.id == UUID(int=7)).with_for_update())
        else:
            raise ZeroDivisionError("secret of anna")
        return NoteView(id=new_id(), title=kind, seats=1)

    return await run_command(request, command)


pages = APIRouter()


class NoteForm(Body):
    """What is filled in to write a note."""

    title: Line
    seats: Count
    kind: Literal["plan", "other"] = "plan"
    days: list[Literal["mon", "tue"]] = Field(default_factory=list)
    urgent: bool
    remark: Annotated[str, Field(max_length=50)] | None = None


class NoteOrder(ListFilter):
    """Which notes to show, in which order."""

    sort: Literal["title", "-title"] = "title"
    seats: int | None = None
    title: Line | None = None


NOTE_COLUMNS = (ExportColumn(N_("Start"), lambda note: note.title), ExportColumn(N_("More"), lambda note: note.seats))


@pages.get("/")
async def show_start(request: Request) -> Response:
    """Show the first page."""
    return render(request, "sample/start.html")


@pages.get("/projects/{project_id}/notes")
async def show_notes(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[NoteOrder, Query()]
) -> Response:
    """List the notes of a project."""
    statement = select(Note).where(Note.project_id == project_id)
    if query.q:
        statement = statement.where(col(Note.title).contains(query.q, autoescape=True))
    if query.title:
        statement = statement.where(Note.title == query.title)
    if query.seats is not None:
        statement = statement.where(Note.seats == query.seats)

    async def read(asked: NoteOrder) -> Rows[Note]:
        columns = [col(Note.title), col(Note.id)]
        descending = asked.sort == "-title"
        return await page_of(
            session, statement, columns, asked, keys=lambda it: (it.title, it.id), descending=descending
        )

    if query.format:
        return await export(request, query, name="notes", columns=NOTE_COLUMNS, read=read)
    rows = await read(query)
    shown = Listing.of(request, rows, shown=rows.rows, sort=query.sort)
    return render(request, "sample/notes.html", notes=shown, project_id=project_id)


@pages.get("/projects/{project_id}/notes/new")
async def show_new_note(request: Request, project_id: UUID) -> Response:
    """Show the empty form of a note."""
    return render(request, "sample/note_form.html", form=Form())


@pages.post("/projects/{project_id}/notes/new")
async def send_note(request: Request, project_id: UUID) -> Response:
    """Write the note that was filled in."""

    async def command(context: CommandContext, body: NoteForm) -> NoteView:
        if body.seats > 6:
            raise Refused(
                N_("Only {free} of {capacity} seats are free; {asked} were asked for."),
                code="seats_full",
                field="seats",
                free=6,
                capacity=6,
                asked=body.seats,
            )
        if body.title == "fail":
            raise ZeroDivisionError("secret of anna")
        note = Note(project_id=project_id, person_id=context.actor.person_id, title=body.title, seats=body.seats)
        context.session.add(note)
        return NoteView.model_validate(note)

    async def again(form: Form[NoteForm]) -> Response:
        return render(request, "sample/note_form.html", form=form)

    return await take_form(
        request,
        NoteForm,
        command,
        done=lambda note: f"/sample/projects/{project_id}/notes?title={note['title']}",
        again=again,
    )


PAGE_PERMITS = {
    "show_start": PUBLIC,
    "show_notes": Permit({Role.PROJECT_LEAD}),
    "show_new_note": Permit({Role.PROJECT_LEAD}),
    "send_note": Permit({Role.PROJECT_LEAD}),
}

SUPPLIER_TRAFFIC = "supplier traffic"
PERMITS = {
    "write_note": Permit({Role.PROJECT_LEAD, Role.OPERATOR}),
    "list_notes": Permit({Role.PROJECT_LEAD, Role.COACH, Role.OPERATOR}),
    "get_note": Permit({Role.PROJECT_LEAD}) | SELF,
    "remove_note": Permit({Role.PROJECT_LEAD}),
    "get_me": SELF,
    "list_open": PUBLIC,
    "register": SIGNED_IN,
    "send_sealed": Permit({Role.SUPPLIER}, label=SUPPLIER_TRAFFIC),
    "break_something": SIGNED_IN,
}


async def scope_of_project(_session: AsyncSession, project_id: UUID) -> Scope | None:
    """Return the project's own scope."""
    return Scope(projects=frozenset({project_id}))


async def scope_of_note(session: AsyncSession, note_id: UUID) -> Scope | None:
    """Return whose a note is."""
    note = await session.get(Note, note_id)
    if note is None:
        return None
    return Scope(projects=frozenset({note.project_id}), persons=frozenset({note.person_id}))


SCOPES = {"project_id": scope_of_project, "note_id": scope_of_note}

PROJECT = UUID(int=0x10)
OTHER_PROJECT = UUID(int=0x11)
ACTORS = {
    "lead": Actor(UUID(int=0x20), (Grant(Role.PROJECT_LEAD, project_id=PROJECT),)),
    "other.lead": Actor(UUID(int=0x21), (Grant(Role.PROJECT_LEAD, project_id=OTHER_PROJECT),)),
    "coach": Actor(UUID(int=0x22), (Grant(Role.COACH, project_id=PROJECT),)),
    "operator": Actor(UUID(int=0x23), (Grant(Role.OPERATOR),)),
    "supplier": Actor(UUID(int=0x24), (Grant(Role.SUPPLIER, supplier_id=UUID(int=0x30)),)),
    "nobody": Actor(UUID(int=0x25)),
}


async def find_actor(_session: AsyncSession, subject: Subject) -> Actor | None:
    """Return the person with this sub."""
    return ACTORS.get(subject.sub)


def create_app(settings: SampleSettings, **others: Any) -> FastAPI:  # noqa: ANN401 - handed on
    """Return the sample's web app."""
    return create_service_app(
        service="sample",
        settings=settings,
        routers=[router],
        permits=PERMITS,
        scopes=SCOPES,
        find_actor=find_actor,
        pages=[pages],
        page_permits=PAGE_PERMITS,
        template_folders={"sample": Path(__file__).parent / "templates"},
        **others,
    )
