"""Keeping the words by which runs are found: written anew when a run, its meetings or what it belongs to changes."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.words_index import in_small_letters
from shared.db import rows_of
from shared.kernel.municipalities import MUNICIPALITIES

_TITLE: Final = in_small_letters("concat_ws(' ', c.title, c.area)")
_ABOUT: Final = in_small_letters("concat_ws(' ', c.description, p.name)")
_PLACE: Final = in_small_letters("""
    concat_ws(' ', r.reference, named.municipality,
              (SELECT string_agg(DISTINCT m.place, ' ') FROM meetings AS m WHERE m.run_id = r.id))
""")
_DESCRIBE: Final = f"""
    INSERT INTO run_words AS known (run_id, title, place, about)
    SELECT r.id, {_TITLE}, {_PLACE}, {_ABOUT}
      FROM runs AS r
      JOIN courses AS c ON c.id = r.course_id
      JOIN projects AS p ON p.id = r.project_id
      LEFT JOIN unnest($2::text[], $3::text[]) AS named (code, municipality) ON named.code = r.municipality
     WHERE r.{{which}} = $1
    ON CONFLICT (run_id) DO UPDATE SET title = excluded.title, place = excluded.place, about = excluded.about
     WHERE (known.title, known.place, known.about) IS DISTINCT FROM (excluded.title, excluded.place, excluded.about)
    RETURNING run_id
"""  # noqa: S608 - of our own texts alone
_DESCRIBE_ONE: Final = _DESCRIBE.format(which="id")
_DESCRIBE_OF_COURSE: Final = _DESCRIBE.format(which="course_id")
_DESCRIBE_ALL: Final = _DESCRIBE.format(which="project_id")


async def describe_run(session: AsyncSession, run_id: UUID) -> None:
    """Write by which words a run is found; its rows have been flushed."""
    await _describe(session, _DESCRIBE_ONE, run_id)


async def describe_runs_of_course(session: AsyncSession, course_id: UUID) -> None:
    """Write it for every run of a course; its row has been flushed."""
    await _describe(session, _DESCRIBE_OF_COURSE, course_id)


async def describe_runs_of(session: AsyncSession, project_id: UUID) -> None:
    """Write it for every run of a project whose words are others than they were."""
    await session.flush()
    await _describe(session, _DESCRIBE_ALL, project_id)


async def _describe(session: AsyncSession, statement: str, of: UUID) -> None:
    await rows_of(session, statement, of, list(MUNICIPALITIES), list(MUNICIPALITIES.values()))
