"""What others can see before the opening, and before the award decision, does not depend on who has bid."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from services.procurement.bids.opening import confirm_opening
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.tables import Supplier
from shared.contracts.procurement import AwardDecided
from shared.kernel.roles import Role
from tests.services.procurement.office import Office, opened_office
from tests.support.databases import ServiceDatabase
from tests.support.messaging import content_of

BOXES = {"sealed_bids"}
OPENED = {"sealed_bids", "bids", "scores"}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIMED = ("milliseconds", "request_id")


@asynccontextmanager
async def bidding(url: str) -> AsyncIterator[tuple[Office, Procedure, list[Supplier]]]:
    """Open an office where three suppliers are invited and a fourth and a lead look on."""
    async with opened_office(url) as office:
        scene = office.scene
        suppliers = await scene.suppliers()
        await scene.supplier("556036-0793", "supplier.outside")
        await scene.person("lead", {"role": Role.PROJECT_LEAD.value, "project_id": str(scene.project_id)})
        undeclared = {"role": Role.PROCUREMENT_OFFICER.value, "buyer_id": str(scene.buyer.id)}
        await scene.person("undeclared", undeclared)
        procedure = await scene.invited(suppliers)
        await scene.session.commit()
        yield office, procedure, suppliers


async def all_bid(office: Office, procedure: Procedure, suppliers: list[Supplier]) -> None:
    for place, supplier in enumerate(suppliers):
        body = {"price_ore": 10_000_000 + place, "description": "We train", "valid_until": "2027-06-30"}
        path = f"/suppliers/{supplier.id}/procedures/{procedure.id}/bid"
        await office.ask(f"supplier.{place}", "PUT", path, body)


async def all_read(office: Office, procedure: Procedure, suppliers: list[Supplier]) -> None:
    for place, supplier in enumerate(suppliers):
        await office.ask(f"supplier.{place}", "GET", f"/suppliers/{supplier.id}/procedures/{procedure.id}/bid")


async def seen_by_others(office: Office, procedure: Procedure, *subs: str) -> dict[str, Any]:
    """Return the answers to all that can be read of the procedure, by who asks."""
    case, buyer = procedure.case_id, procedure.buyer_id
    paths = [
        f"/procedures/{procedure.id}",
        f"/procedures/{procedure.id}/bids",
        f"/procedures/{procedure.id}/history",
        f"/procedures/{procedure.id}/award",
        f"/procedures/{procedure.id}/file-note",
        f"/cases/{case}",
        f"/cases/{case}/procedures",
        f"/cases/{case}/history",
        f"/lots/{procedure.lot_id}/advice",
        f"/buyers/{buyer}/cases",
        f"/buyers/{buyer}/suppliers",
        f"/projects/{procedure.project_id}/contracts",
    ]
    seen = {}
    for sub in subs:
        for path in paths:
            response = await office.raw(sub, "GET", path)
            answer = response.json()
            answer.pop("instance", None)
            seen[f"{sub} {path}"] = (response.status_code, answer)
    return seen


def counted() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every metric of the process but times."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("kurslots_http") and sample.name.endswith(("_total", "_count"))
    }


def grown(before: dict[Any, float], after: dict[Any, float]) -> dict[Any, float]:
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


async def test_before_the_opening_everything_visible_is_the_same_with_and_without_bids(
    service_database: ServiceDatabase,
) -> None:
    async with bidding(await service_database("procurement")) as (office, procedure, suppliers):
        watchers = ("officer", "opener", "delegate", "lead", "undeclared", "supplier.outside", "supplier.0")
        without, tables = await seen_by_others(office, procedure, *watchers), await content_of(office.database)
        await all_bid(office, procedure, suppliers)
        assert await seen_by_others(office, procedure, *watchers) == without
        after = await content_of(office.database)
        changed = {name for name, digest in after.items() if digest != tables[name]}
        assert changed == BOXES
        invitations = await office.ask("supplier.1", "GET", f"/suppliers/{suppliers[1].id}/invitations")
        assert str(suppliers[0].id) not in json.dumps(invitations)
        procedures = await office.scene.session.get(Procedure, procedure.id, populate_existing=True)
        assert procedures is not None
        assert procedures.version == procedure.version


async def test_logs_and_metrics_do_not_tell_bidding_from_reading(service_database: ServiceDatabase) -> None:
    async with bidding(await service_database("procurement")) as (office, procedure, suppliers):
        await all_read(office, procedure, suppliers)  # the first sight of the issuer's keys is logged once
        told = []
        for act in (all_read, all_bid):
            before = counted()
            with capture_logs() as lines:
                await act(office, procedure, suppliers)
            quiet = [{name: line[name] for name in line if name not in _TIMED} for line in lines]
            told.append((grown(before, counted()), quiet))
        assert told[0] == told[1]
        assert len(told[1][1]) == 3


async def test_the_comparison_would_see_a_trace(service_database: ServiceDatabase) -> None:
    """Control twin: a bid that touched its procedure would be seen."""
    async with bidding(await service_database("procurement")) as (office, procedure, suppliers):
        tables = await content_of(office.database)
        await all_bid(office, procedure, suppliers)
        async with office.database.engine.begin() as connection:
            await connection.execute(text("UPDATE procedures SET version = version + 1"))
        after = await content_of(office.database)
        assert {name for name, digest in after.items() if digest != tables[name]} == {*BOXES, "procedures"}


async def after_opening(url: str, *, with_bids: bool) -> tuple[str, str]:
    """Open an office's bids and score them; return what others see, and what the other tables hold, ids numbered."""
    async with bidding(url) as (office, procedure, suppliers):
        if with_bids:
            await all_bid(office, procedure, suppliers)
        scene = office.scene
        await scene.session.refresh(procedure)
        for bid in await scene.open(procedure):
            await scene.score(bid, disqualified="Incomplete" if bid.supplier_id == suppliers[0].id else None)
        await scene.session.commit()
        seen = await seen_by_others(office, procedure, "lead", "undeclared", "supplier.outside", "supplier.0")
        for place, supplier in enumerate(suppliers):
            path = f"/suppliers/{supplier.id}"
            seen[f"own {place}"] = await office.ask(f"supplier.{place}", "GET", f"{path}/invitations")
            notice = f"{path}/procedures/{procedure.id}/award"
            seen[f"notice {place}"] = (await office.raw(f"supplier.{place}", "GET", notice)).status_code
        metrics = await office.ask("officer", "GET", f"/procedures/{procedure.id}/history")
        seen["history"] = metrics
        async with office.database.engine.connect() as connection:
            tables = (
                await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
            ).scalars()
            rows = {
                name: (await connection.execute(text(f'SELECT count(*) FROM "{name}"'))).scalar_one()  # noqa: S608 - words and ids of our own
                for name in tables
                if name not in OPENED
            }
        facts = [fact.model_dump_json() for fact in await scene.told()]
        assert not any(isinstance(fact, AwardDecided) for fact in await scene.told())
        return numbered(json.dumps(seen)), numbered(json.dumps([rows, facts]))


def numbered(document: str) -> str:
    """Return the text with each id replaced by its place among the ids."""
    places: dict[str, str] = {}
    return _UUID.sub(lambda found: places.setdefault(found.group(), f"id-{len(places)}"), document)


async def test_from_the_opening_to_the_award_others_see_the_same_with_and_without_bids(
    service_database: ServiceDatabase,
) -> None:
    without = await after_opening(await service_database("procurement"), with_bids=False)
    with_bids = await after_opening(await service_database("procurement"), with_bids=True)
    assert with_bids == without


async def test_a_box_tells_neither_who_nor_how_much(service_database: ServiceDatabase) -> None:
    async with bidding(await service_database("procurement")) as (office, procedure, suppliers):
        await all_bid(office, procedure, suppliers)
        async with office.database.engine.connect() as connection:
            rows = (await connection.execute(text("SELECT * FROM sealed_bids"))).all()
        assert len({len(row.box) for row in rows}) == 1
        for row in rows:
            held = bytes(row.box) + bytes(row.pseudonym)
            assert not any(supplier.id.bytes in held or str(supplier.id).encode() in held for supplier in suppliers)


async def test_an_undeclared_officer_reads_no_bids_after_the_opening(service_database: ServiceDatabase) -> None:
    async with bidding(await service_database("procurement")) as (office, procedure, suppliers):
        await all_bid(office, procedure, suppliers)
        await office.scene.session.refresh(procedure)
        await office.scene.open(procedure)
        await office.scene.session.commit()
        response = await office.raw("undeclared", "GET", f"/procedures/{procedure.id}/bids")
        assert (response.status_code, response.json()["code"]) == (403, "declaration_missing")


async def test_opening_needs_both(service_database: ServiceDatabase) -> None:
    async with bidding(await service_database("procurement")) as (office, procedure, _):
        scene = office.scene
        scene.clock.advance(procedure.deadline - scene.clock.now())
        half = await confirm_opening(scene.session, scene.clock, scene.keys, procedure.id, by=scene.officer)
        assert half.opened_at is None
        with pytest.raises(Exception, match="opening_confirmed"):
            await confirm_opening(scene.session, scene.clock, scene.keys, procedure.id, by=scene.officer)
