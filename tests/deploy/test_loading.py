"""The five projects are loaded whole, once, with every fact that is known of them; a wrong file changes nothing."""

import shutil
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.data_files import DataFileError
from deploy.loading import load_all
from deploy.project_files import PROJECTS, ProjectFile, read_project_files
from shared.db import Database, open_database
from shared.kernel.calendar import legal_day
from shared.kernel.clock import machine_now
from tests.support.databases import ServiceDatabase

FILES = {file.project.code: file for file in read_project_files()}


@pytest.fixture
async def stores(
    service_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Database]]:
    databases = {}
    for service in ("booking", "procurement"):
        url = await service_database(service)
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", url)
        monkeypatch.setenv(f"{service.upper()}_SECRET", "sample-secret")
        databases[service] = open_database(url)
    monkeypatch.setenv("KURSLOTS_MODE", "embedded")
    yield databases
    for database in databases.values():
        await database.close()


async def content(database: Database) -> dict[str, str]:
    """Return a digest of every table."""
    async with database.engine.connect() as connection:
        tables = await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        )
        digests = {}
        for table in sorted(tables.scalars()):
            row = await connection.execute(
                text(f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} AS t")  # noqa: S608 - words and ids of our own
            )
            digests[table] = str(row.scalar_one())
        return digests


async def count(database: Database, statement: str) -> int:
    async with database.engine.connect() as connection:
        return int((await connection.execute(text(statement))).scalar_one())


async def test_loading_twice_changes_nothing(stores: dict[str, Database]) -> None:
    await load_all()
    once = {service: await content(database) for service, database in stores.items()}
    await load_all()
    assert {service: await content(database) for service, database in stores.items()} == once
    assert await count(stores["booking"], "SELECT count(*) FROM projects WHERE NOT demonstration") == 5
    assert await count(stores["booking"], "SELECT count(*) FROM projects WHERE demonstration") == 5
    assert await count(stores["procurement"], "SELECT count(*) FROM buyers") == 5
    assert await count(stores["booking"], "SELECT count(*) FROM runs WHERE starts_at > now()") >= 15


async def test_a_wrong_file_is_refused_whole_and_changes_nothing(stores: dict[str, Database], tmp_path: Path) -> None:
    await load_all([PROJECTS / "kompetens-i-kronoberg.yaml"])
    before = {service: await content(database) for service, database in stores.items()}
    right = shutil.copy(PROJECTS / "lyftkraft-dalarna.yaml", tmp_path / "right.yaml")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((PROJECTS / "kompetenscentrum-lulea.yaml").read_text().replace("capacity: 24", "capacity: many"))
    with pytest.raises(DataFileError) as caught:
        await load_all([Path(right), wrong])
    (fault,) = caught.value.faults
    line = next(number for number, line in enumerate(wrong.read_text().splitlines(), 1) if "many" in line)
    assert (fault.file, fault.line, fault.field) == (wrong, line, "courses.0.runs.0.capacity")
    assert "integer" in fault.expected
    assert {service: await content(database) for service, database in stores.items()} == before


@pytest.mark.parametrize(
    ("found", "put", "field", "expected"),
    [
        ("programme: esf-2014-2020", "programme: esf-1999", "programme", "esf-plus-2021-2027"),
        ('share: "0.75"', 'share: "0.80"', "project", "more than the whole"),
        ("organisation_number: 556912-4448", "organisation_number: 556912-4449", "employers.0", "check digit"),
        ("starts_on: 2016-01-01", "starts_on: 2016-02-30", "project.starts_on", "date"),
        ('counties: ["07"]', 'counties: ["99"]', "project.eligibility.counties.0", "match"),
        ("kind: fund", "kind: gift", "project.funding.0.kind", "match"),
        ("  tracks:", "  trucks:", "project.trucks", "no such field"),
    ],
)
def test_a_wrong_field_of_a_project_is_named(tmp_path: Path, found: str, put: str, field: str, expected: str) -> None:
    source = (PROJECTS / "kompetens-i-kronoberg.yaml").read_text()
    assert found in source
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(source.replace(found, put, 1))
    with pytest.raises(DataFileError) as caught:
        read_project_files([wrong])
    assert any(fault.field.startswith(field) and expected in fault.expected for fault in caught.value.faults), (
        caught.value
    )


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_copy_is_on_todays_dates_and_keeps_its_weekdays(file: ProjectFile) -> None:
    today = legal_day(machine_now())
    shift = file.shift_to(today)
    copy = file.demonstration_copy(shift)
    assert copy.demonstration
    assert copy.starts_on <= today
    assert copy.ends_on is None or copy.ends_on > today
    assert shift % timedelta(weeks=1) == timedelta(0)
    ahead = [
        meeting.day + shift
        for course in file.courses
        for run in course.runs
        for meeting in run.meetings
        if meeting.day + shift > today
    ]
    assert ahead
    assert all(day.weekday() < 5 for day in ahead)


def test_every_known_fact_of_the_projects_is_in_their_files() -> None:
    dalarna = FILES["lyftkraft-dalarna"].project
    assert (dalarna.starts_on, dalarna.ends_on) == (date(2020, 8, 1), date(2022, 12, 31))
    assert dalarna.targets.persons == 500
    assert {"shared_courses", "tailored_training"} <= {track.value for track in dalarna.tracks}
    assert {each.value for each in dalarna.eligibility.affected_by} >= {"notices", "short_time_work", "raised_demand"}
    kronoberg = FILES["kompetens-i-kronoberg"].project
    assert [funder.amount for funder in kronoberg.funding] == [Decimal(3_706_566), Decimal(1_235_522)]
    assert [funder.share for funder in kronoberg.funding] == [Decimal("0.75"), Decimal("0.25")]
    municipalities = {"Alvesta", "Lessebo", "Markaryd", "Tingsryd", "Uppvidinge", "Växjö", "Älmhult", "Ljungby"}
    assert {partner.name.split()[0].removesuffix("s") for partner in kronoberg.partners} == {
        name.removesuffix("s") for name in municipalities
    }
    assert len(kronoberg.ways) == 4
    kalmar = FILES["kompetenslyft-kalmar-lan"].project
    assert kalmar.targets.employers == 1538
    assert [funder.amount for funder in kalmar.funding] == [Decimal(7_800_000), Decimal(2_900_000)]
    assert {"Nova", "Campus Västervik", "IUC Kalmar län"} <= {partner.name for partner in kalmar.partners}
    vastmanland = FILES["kompetenslyft-vastmanland"].project
    assert vastmanland.ends_on is None
    assert (vastmanland.reached[0].persons, vastmanland.reached[0].hours) == (400, 4500)
    lulea = FILES["kompetenscentrum-lulea"].project
    assert (lulea.starts_on, lulea.ends_on) == (date(2023, 1, 2), date(2025, 2, 2))
    assert lulea.eligibility.persons_without_employer
    assert lulea.funding[0].share == Decimal("0.40")
    record = {"22-021-S06", "Sverige", "ESF+", "2021SE05SFPR", "LULEÅ KOMMUN", "2120002742", "D", "D1", "Nej", "175"}
    assert record | {"Övre Norrland", "SE33", "97185 LULEÅ"} <= set(lulea.public_record.values())
