"""The statements of a booking, run by pgbench: what the database alone would do, with no HTTP, no Python and no rules.

The script is made of the product's own statements. What the product works out beforehand stands in it as an expression.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.booking.bookings.placing import _PLACE, _SETTING
from services.booking.employers.queries import _PARTS_AND_BUYERS
from services.booking.people.accounts import _ACTOR
from services.booking.projects.queries import _BUYERS
from services.booking.seats.commands import _TAKE
from shared.contracts.topics import BOOKINGS
from shared.web.idempotency import _CLAIM, _KEEP
from tests.bench.rounds import WrongResult
from tests.bench.town import SEATS, Town
from tests.support.web import ISSUER_ALIAS

WANTED: Final = "pgbench is not on this machine: Debian has it in its package postgresql-15"
_ID = "(lpad(to_hex(:client_id::bigint + 1), 8, '0') || lpad(to_hex(:serial::bigint), 24, '0'))::uuid"
_LOOKUP = "sha256(int8send(:serial::bigint * 100 + :client_id::bigint))"
_CHOICES = """
    CREATE TABLE IF NOT EXISTS bench_choices AS
    SELECT row_number() OVER (ORDER BY run.id) - 1 AS n, run.id AS run, run.course_id AS course, pool.id AS pool,
           contact.employer_id AS employer, contact.subject AS sub, contact.person_id AS person
      FROM runs AS run JOIN seat_pools AS pool ON pool.run_id = run.id AND pool.holder_id IS NULL
     CROSS JOIN LATERAL (SELECT g.employer_id, a.subject, a.person_id
                           FROM role_grants AS g JOIN accounts AS a ON a.person_id = g.person_id
                          WHERE g.employer_id IS NOT NULL LIMIT 1) AS contact
"""


def program() -> str | None:
    """Return where pgbench is, if it is anywhere."""
    for folder in sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True):  # noqa: PTH207 - a pattern of the whole system
        if found := shutil.which("pgbench", path=folder):
            return found
    return shutil.which("pgbench")


def script(project_id: str) -> str:
    """Return the transaction of one booking, the statements of the gate before it included."""
    gate = [
        _with(_ACTOR, {1: f"'{ISSUER_ALIAS}'", 2: ":sub"}),
        _with(_BUYERS, {1: f"'{project_id}'::uuid"}),
        _with(_PARTS_AND_BUYERS, {1: ":employer"}),
    ]
    command = [
        _with(_CLAIM, {1: ":serial::bigint * 100 + :client_id::bigint", 2: _LOOKUP}),
        "SELECT * FROM runs WHERE id = :run FOR SHARE",
        _with(_SETTING, {1: ":run", 2: f"'{project_id}'::uuid", 3: ":employer", 4: ":course", 5: "'contact'"}),
        _with(_TAKE, {1: ":pool", 2: str(SEATS)}),
        _with(_PLACE, _placed(project_id)),
        _with(_KEEP, {1: _LOOKUP, 2: _LOOKUP, 3: "decode(repeat('00', 1052), 'hex')", 4: "now()"}),
    ]
    first = (
        "\\if :ready\n\\else\nSELECT run, course, pool, employer, sub, person FROM bench_choices WHERE n ="
        " :client_id % (SELECT count(*) FROM bench_choices) \\gset\n\\set ready 1\n\\endif\n\\set serial :serial + 1\n"
    )
    statements = ["BEGIN", *gate, "ROLLBACK", "BEGIN", *command, "COMMIT"]
    return first + "".join(f"{statement.strip()};\n" for statement in statements)


def _placed(project_id: str) -> Mapping[int, str]:
    numbers = range(1, SEATS + 1)
    return {
        1: _ID,
        2: "'B-' || to_hex(:serial::bigint) || '-' || :client_id::text",
        3: f"'{project_id}'::uuid",
        4: ":employer",
        5: ":run",
        6: "'confirmed'",
        7: str(SEATS),
        8: "1",
        9: "now()",
        10: f"ARRAY[{', '.join('uuidv7()' for _ in numbers)}]",
        11: f"ARRAY[{', '.join(':pool::uuid' for _ in numbers)}]",
        12: f"ARRAY[{', '.join(map(str, numbers))}]",
        13: f"ARRAY[{', '.join('false' for _ in numbers)}]",
        14: f"ARRAY[{', '.join('NULL' for _ in numbers)}]",
        15: ":person",
        16: "'{}'",
        17: "uuidv7()",
        18: f"'{BOOKINGS.name}'",
        19: "1",
        20: "'booking.confirmed.v1'",
        21: "'00-00000000000000000000000000000001-0000000000000001-01'",
        22: "convert_to(repeat('x', 700), 'UTF8')",
        23: "1",
    }


def _with(statement: str, values: Mapping[int, str]) -> str:
    return re.sub(r"\$(\d+)", lambda place: values[int(place[1])], statement)


async def book(town: Town, number: int, clients: int, *, serial: int) -> float:
    """Make about so many bookings, check them, and return how many pgbench made a second."""
    await town.forget()
    connection = await asyncpg.connect(town.url)
    try:
        await connection.execute(_CHOICES)
    finally:
        await connection.close()
    path = town.parts.folder / "booking.pgbench"
    path.write_text(script(str(town.project_id)), encoding="utf-8")
    each = max(1, number // clients)
    said = _run(town.url, path, each, clients, serial)
    await town.check(booked=each * clients)
    found = re.search(r"tps = ([\d.]+)", said)
    if found is None:
        raise WrongResult(f"pgbench told no rate: {said}")
    return float(found[1])


def _run(url: str, path: Path, each: int, clients: int, serial: int) -> str:
    parts = urlsplit(url)
    wanted = program()
    assert wanted is not None
    argv = [wanted, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1))]
    argv += ["-t", str(each), "-D", "ready=0", "-D", f"serial={serial}", "-f", str(path)]
    argv += ["-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), parts.path[1:]]
    ran = subprocess.run(
        argv,
        env={**os.environ, "PGPASSWORD": str(parts.password)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if ran.returncode != 0 or "processed: 0/" in ran.stdout:
        raise WrongResult(f"pgbench failed: {ran.stderr[-2000:]}")
    return ran.stdout
