"""The projects, read by anybody."""

import httpx

from tests.services.booking.registered import API, Office
from tests.support.web import anonymous_client, problem_of


async def test_everyone_reads_projects_without_signing_in(office: Office) -> None:
    async with anonymous_client(office.app) as nobody:
        page = (await nobody.get(f"{API}/projects")).json()
        assert [project["name"] for project in page["items"]] == ["Lyftet", "Steget"]
        found = (await nobody.get(f"{API}/projects", params={"code": "steget"})).json()
        assert [project["project_id"] for project in found["items"]] == [str(office.other_project_id)]


async def test_a_project_shows_targets_money_and_conditions(office: Office) -> None:
    async with anonymous_client(office.app) as nobody:
        project = (await nobody.get(f"{API}/projects/{office.project_id}")).json()
    assert project["targets"] == {"persons": 500, "hours": 4500, "employers": 40, "note": None}
    assert project["eligibility"]["counties"] == ["20"]
    assert [funder["amount_ore"] for funder in project["funding"]] == [370656600, 123552200]
    assert project["buyers"][0]["buyer_id"] == str(office.buyer_id)


async def test_paging_visits_every_project_once(office: Office) -> None:
    seen = []
    async with anonymous_client(office.app) as nobody:
        after: str | None = None
        while True:
            page = (await nobody.get(f"{API}/projects", params=httpx.QueryParams(_given(after)))).json()
            seen += [project["name"] for project in page["items"]]
            after = page["next"]
            if after is None:
                break
    assert seen == ["Lyftet", "Steget"]


def _given(after: str | None) -> dict[str, str]:
    return {"limit": "1"} if after is None else {"limit": "1", "after": after}


async def test_an_unknown_project_is_not_found(office: Office) -> None:
    async with anonymous_client(office.app) as nobody:
        problem_of(await nobody.get(f"{API}/projects/{office.buyer_id}"), 404, "project_not_found")
