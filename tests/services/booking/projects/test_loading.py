"""A project's file: what is refused, and that loading it again changes nothing and tells nobody."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.changing import OwnSettings, change_settings
from services.booking.projects.commands import load_project, project_id_of
from services.booking.projects.queries import get_project
from shared.kernel.clock import FixedClock
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.ids import new_id
from tests.services.booking.registered import A_MONDAY, a_project_input

CLOCK = FixedClock(A_MONDAY)


async def _told(session: AsyncSession) -> int:
    return int((await (await session.connection()).execute(text("SELECT count(*) FROM outbox"))).scalar_one())


async def test_the_same_content_again_changes_nothing_and_tells_nobody(session: AsyncSession) -> None:
    assert await load_project(session, CLOCK, a_project_input()) is True
    before = await _told(session)
    assert await load_project(session, CLOCK, a_project_input()) is False
    assert await _told(session) == before == 1


async def test_changed_content_is_told_with_the_next_version(session: AsyncSession) -> None:
    await load_project(session, CLOCK, a_project_input())
    assert await load_project(session, CLOCK, a_project_input(name="Lyftet 2"))
    project = await get_project(session, project_id_of("lyft"))
    assert (project.name, project.version) == ("Lyftet 2", 2)
    row = (
        await (await session.connection()).execute(text("SELECT version, payload FROM outbox ORDER BY id DESC LIMIT 1"))
    ).one()
    assert row.version == 2
    assert b"Lyftet 2" in row.payload


async def test_what_a_lead_has_set_stays_when_the_file_is_loaded_again(session: AsyncSession) -> None:
    await load_project(session, CLOCK, a_project_input())
    project_id, by = project_id_of("lyft"), new_id()
    held = OwnSettings(
        "Ny text",
        free_cancellation_days=7,
        reminder_days=3,
        offer_hours=48,
        queue_passes=3,
        signing_ways=["link"],
        signing_days=3,
    )
    await change_settings(session, CLOCK, project_id, held, version=1, reason="Fler hinner svara", by=by)
    before = await _told(session)
    assert await load_project(session, CLOCK, a_project_input()) is False
    assert await _told(session) == before
    reporting = {"reminder_days": 5, "offer_hours": 24}
    assert await load_project(session, CLOCK, a_project_input(name="Lyftet 2", summary="Fil", reporting=reporting))
    project = await get_project(session, project_id)
    assert (project.name, project.version) == ("Lyftet 2", 3), "the file is heard in all that nobody has set"
    assert (project.summary, project.reminder_days, project.offer_hours) == ("Ny text", 3, 24)
    with pytest.raises(Conflict, match="version_passed"):
        await change_settings(session, CLOCK, project_id, held, version=2, reason="En gång till", by=by)
    held = replace(held, offer_hours=24)
    with pytest.raises(Refused, match="nothing_new"):
        await change_settings(session, CLOCK, project_id, held, version=3, reason="En gång till", by=by)


async def test_shares_and_amounts_are_kept_exactly(session: AsyncSession) -> None:
    await load_project(session, CLOCK, a_project_input())
    project = await get_project(session, project_id_of("lyft"))
    assert [(funder.amount_ore, str(funder.share)) for funder in project.funding] == [
        (370656600, "0.75000000"),
        (123552200, "0.25000000"),
    ]
    assert project.targets.hours == 4500


async def test_a_demonstration_copy_needs_its_source_and_stays_a_copy(session: AsyncSession) -> None:
    copy = a_project_input(code="lyft-demo", demonstration=True, source_project="lyft")
    with pytest.raises(InvalidInput, match="source_project_unknown"):
        await load_project(session, CLOCK, copy)
    await session.rollback()
    await load_project(session, CLOCK, a_project_input())
    await load_project(session, CLOCK, copy)
    assert (await get_project(session, project_id_of("lyft-demo"))).source_project_id == project_id_of("lyft")
    with pytest.raises(Conflict, match="demonstration_fixed"):
        await load_project(session, CLOCK, a_project_input(code="lyft-demo"))


@pytest.mark.parametrize(
    ("changes", "place", "expected"),
    [
        ({"ends_on": "2020-01-01"}, (), "before starts_on"),
        ({"code": "Lyft Kraft"}, ("code",), "pattern"),
        ({"owner": "x"}, ("owner",), "Extra inputs"),
        ({"starts_on": "spring"}, ("starts_on",), "date"),
        ({"demonstration": True}, (), "names its source_project"),
        ({"eligibility": {"counties": ["02"]}}, ("eligibility", "counties", 0), "pattern"),
        ({"eligibility": {"municipalities": ["9980"]}}, ("eligibility", "municipalities", 0), "no county"),
        ({"eligibility": {"sectors": [{"version": "2007", "sections": ["V"]}]}}, ("eligibility", "sectors", 0), "V"),
        ({"eligibility": {"affected_by": ["notices"]}}, ("eligibility",), "affected_question"),
        ({"funding": [{"name": "ESF", "kind": "fund", "share": "1.2"}]}, ("funding", 0, "share"), "less than"),
        (
            {
                "funding": [
                    {"name": "ESF", "kind": "fund", "amount": "100.00", "share": "0.5"},
                    {"name": "Region", "kind": "region", "amount": "50"},
                ]
            },
            (),
            "not what the amounts say",
        ),
        ({"targets": {"persons": "500"}}, ("targets", "persons"), "integer"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(
    changes: dict[str, Any], place: tuple[str | int, ...], expected: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        a_project_input(**changes)
    [error] = refused.value.errors()
    assert error["loc"] == place
    assert expected in error["msg"]
