"""The projects, open to everyone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.booking.projects import queries
from services.booking.projects.queries import ProjectSummary, ProjectView
from shared.web.edge import ReadSession
from shared.web.paging import Page, PageFilter

router = APIRouter(tags=["projects"])


class ProjectFilter(PageFilter):
    """Which projects to list."""

    code: str | None = Field(default=None, max_length=60, pattern="^[a-z0-9-]+$", description="The project's code")


@router.get("/projects")
async def list_projects(session: ReadSession, query: Annotated[ProjectFilter, Query()]) -> Page[ProjectSummary]:
    """List the projects with their periods and who may join."""
    return await queries.list_projects(session, query, code=query.code)


@router.get("/projects/{project_id}")
async def get_project(project_id: UUID, session: ReadSession) -> ProjectView:
    """Show a project: targets, money, conditions, tracks, partners, public record."""
    return await queries.get_project(session, project_id)
