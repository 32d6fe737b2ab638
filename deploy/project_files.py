"""What a project's data file holds, and its demonstration copy with all dates moved to today.

A file is one project: its facts, its buyers, invented employers, and a catalogue of shared courses.
"""

from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from deploy.data_files import DataFileError, Fault, read_data_file
from services.booking.courses.rules import Mode
from services.booking.employers.rules import (
    EmployerDetails,
    MoneyBand,
    Statement,
    UndertakingFacts,
    WorkplaceDetails,
)
from services.booking.projects.loading import (
    Code,
    Line,
    Municipality,
    OrganisationNumber,
    Paragraph,
    ProgrammeInput,
    ProjectInput,
    Whole,
)
from services.booking.projects.rules import AffectedBy, EmployerKind
from services.booking.projects.sectors import SniVersion
from services.booking.seats.catalogue import CatalogueInput, Key
from services.booking.seats.catalogue import CourseInput as BookingCourse
from services.procurement.buyers.commands import BuyerInput
from shared.kernel.calendar import at_stockholm

PROJECTS = Path(__file__).parent / "projects"
PROGRAMMES = Path(__file__).parent / "programmes"
_WEEK = timedelta(weeks=1)


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeetingEntry(_Input):
    """A meeting on a day, by the clock in Sweden."""

    day: date
    start: Annotated[time, Field(alias="from")]
    end: Annotated[time, Field(alias="to")]
    mode: Mode
    place: Line | None = None

    def moved(self, by: timedelta) -> dict[str, Any]:
        """Return it as booking's catalogue takes it."""
        day = self.day + by
        return {
            "starts_at": at_stockholm(day, self.start),
            "ends_at": at_stockholm(day, self.end),
            "mode": self.mode,
            "place": self.place,
        }


class RunEntry(_Input):
    """A run that is planned."""

    key: Key
    capacity: Annotated[int, Field(ge=1, le=1000, strict=True)]
    municipality: Municipality | None = None
    meetings: Annotated[tuple[MeetingEntry, ...], Field(min_length=1)]


class CourseEntry(_Input):
    """A shared course and its runs."""

    key: Key
    title: Line
    description: Paragraph
    area: Line | None = None
    runs: tuple[RunEntry, ...] = ()


class WorkplaceEntry(_Input):
    """A workplace; all its numbers have the right form, and belong to nobody."""

    name: Line
    municipality: Municipality
    cfar: Annotated[str, Field(pattern=r"^\d{8}$", strict=True)]
    sni: Annotated[str, Field(pattern=r"^\d{2}\.\d{1,3}$", strict=True)]
    sni_version: SniVersion


class EmployerEntry(_Input):
    """An employer that takes part from the start."""

    name: Line
    organisation_number: OrganisationNumber
    kind: EmployerKind
    employees: Whole
    turnover: MoneyBand
    balance: MoneyBand
    affected_by: AffectedBy | None = None
    statement: Paragraph | None = None
    workplaces: Annotated[tuple[WorkplaceEntry, ...], Field(min_length=1)]

    def details(self) -> EmployerDetails:
        """Return it as booking registers it."""
        return EmployerDetails(
            self.name,
            self.organisation_number,
            self.kind,
            UndertakingFacts(self.employees, self.turnover, self.balance),
            tuple(
                WorkplaceDetails(each.name, each.municipality, each.cfar, each.sni, each.sni_version)
                for each in self.workplaces
            ),
        )

    def says(self) -> Statement:
        """Return how it says that it is affected."""
        return Statement(self.affected_by, self.statement)


class DemonstrationEntry(_Input):
    """The day of the project's life that its demonstration copy shows as today."""

    stands_on: date


class ProjectFile(_Input):
    """One project as its file says it."""

    programme: Code
    project: ProjectInput
    buyers: Annotated[tuple[BuyerInput, ...], Field(min_length=1)]
    demonstration: DemonstrationEntry
    employers: tuple[EmployerEntry, ...] = ()
    courses: tuple[CourseEntry, ...] = ()

    @field_validator("courses")
    @classmethod
    def _keys_differ(cls, courses: tuple[CourseEntry, ...]) -> tuple[CourseEntry, ...]:
        for keys in ([course.key for course in courses], *([run.key for run in course.runs] for course in courses)):
            if len(set(keys)) != len(keys):
                raise ValueError(f"two entries have the same key among {', '.join(keys)}")
        return courses

    def shift_to(self, today: date) -> timedelta:
        """Return by how many whole weeks the copy's dates are moved, so that weekdays stay what they are."""
        return (today - self.demonstration.stands_on) // _WEEK * _WEEK

    def copy_code(self) -> str:
        """Return the code of the demonstration copy."""
        return f"{self.project.code}-demo"

    def demonstration_copy(self, shift: timedelta) -> ProjectInput:
        """Return the marked demonstration copy with every date moved."""
        project = self.project
        return ProjectInput.model_validate(
            {
                **project.model_dump(by_alias=True),
                "code": self.copy_code(),
                "name": f"{project.name} (demonstration)",
                "demonstration": True,
                "source_project": project.code,
                "starts_on": project.starts_on + shift,
                "ends_on": None if project.ends_on is None else project.ends_on + shift,
                "reached": [{**each.model_dump(), "as_of": each.as_of + shift} for each in project.reached],
            }
        )

    def catalogue(self, project_id: object, code: str, shift: timedelta) -> CatalogueInput:
        """Return the courses as booking's catalogue takes them."""
        courses = [
            BookingCourse.model_validate(
                {
                    **course.model_dump(exclude={"runs"}),
                    "runs": [
                        {
                            **run.model_dump(exclude={"meetings"}),
                            "meetings": [meeting.moved(shift) for meeting in run.meetings],
                        }
                        for run in course.runs
                    ],
                }
            )
            for course in self.courses
        ]
        return CatalogueInput.model_validate({"project_id": project_id, "project_code": code, "courses": courses})


def read_project_files(paths: Sequence[Path] | None = None) -> list[ProjectFile]:
    """Return the projects of these files, or of all that the product ships.

    All are read before any is given back. Raises DataFileError with everything that is wrong in all of them.
    """
    faults: list[Fault] = []
    files = []
    for path in paths or sorted(PROJECTS.glob("*.yaml")):
        try:
            files.append(_read(path))
        except DataFileError as error:
            faults += error.faults
    if faults:
        raise DataFileError(faults)
    return files


def _read(path: Path) -> ProjectFile:
    """Read one file; its programme and buyers are put into the project that booking takes."""

    def put_together(tree: dict[str, Any]) -> dict[str, Any]:
        project = tree.get("project")
        if not isinstance(project, dict):
            return tree
        programme = read_data_file(_programme_file(tree.get("programme")), ProgrammeInput)
        known = ("name", "organisation_number", "kind")
        buyers = [
            {name: buyer[name] for name in known if name in buyer}
            for buyer in tree.get("buyers") or ()
            if isinstance(buyer, dict)
        ]
        return {**tree, "project": {**project, "programme": programme.model_dump(mode="json"), "buyers": buyers}}

    return read_data_file(path, ProjectFile, put_together=put_together)


def _programme_file(code: object) -> Path:
    path = PROGRAMMES / f"{code}.yaml"
    if path.exists():
        return path
    known = ", ".join(sorted(each.stem for each in PROGRAMMES.glob("*.yaml")))
    raise LookupError("programme", f"expected one of {known} (found {str(code)[:60]!r})")
