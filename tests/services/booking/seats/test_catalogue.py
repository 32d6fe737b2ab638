from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.tables import Course, Run
from services.booking.seats.catalogue import CatalogueInput, load_catalogue
from services.booking.seats.queries import availability
from tests.services.booking.offered import AProject, a_clock, a_project, told


def a_file(project: AProject, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field may be wrong
    run = {
        "key": "hosten",
        "capacity": 16,
        "municipality": "2080",
        "meetings": [
            {
                "starts_at": "2026-12-07T09:00:00+01:00",
                "ends_at": "2026-12-07T16:00:00+01:00",
                "mode": "physical",
                "place": "Magasinet, Falun",
            }
        ],
    }
    course = {"key": "svetsning", "title": "Svetsning", "description": "Grunder", "runs": [run | changes]}
    return {"project_id": str(project.id), "project_code": f"p{project.id.hex[:12]}", "courses": [course]}


async def test_a_catalogue_is_loaded_once_however_often_it_is_read(session: AsyncSession) -> None:
    project = await a_project(session)
    catalogue = CatalogueInput.model_validate(a_file(project))
    assert await load_catalogue(session, a_clock(), catalogue) == 2
    facts = await told(session)
    assert await load_catalogue(session, a_clock(), catalogue) == 0
    assert await told(session) == facts
    (course,) = (await session.exec(select(Course).where(col(Course.project_id) == project.id))).all()
    (run,) = (await session.exec(select(Run).where(col(Run.course_id) == course.id))).all()
    assert (course.kind, run.mode, run.capacity) == ("open", "physical", 16)
    assert (await availability(session, [run.id]))[run.id].free == 16


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"capacity": "16"}, ("courses", 0, "runs", 0, "capacity")),
        ({"capacity": 0}, ("courses", 0, "runs", 0, "capacity")),
        ({"municipality": "9980"}, ("courses", 0, "runs", 0, "municipality")),
        ({"meetings": []}, ("courses", 0, "runs", 0, "meetings")),
        ({"seats": 4}, ("courses", 0, "runs", 0, "seats")),
    ],
)
async def test_a_wrong_field_is_refused_with_its_place(
    session: AsyncSession, changes: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    project = await a_project(session)
    with pytest.raises(ValidationError) as refused:
        CatalogueInput.model_validate(a_file(project, **changes))
    assert [error["loc"] for error in refused.value.errors()] == [place]
