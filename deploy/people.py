"""The ready-made people of an embedded start, read from `people.yaml`; issuer, loader and demo share them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from shared.kernel.roles import Role

PEOPLE_FILE = Path(__file__).with_name("people.yaml")


class PeopleFileWrong(ValueError):  # noqa: N818 - named for what is wrong
    """The file of ready-made people cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class ReadyMadePerson:
    """Someone to sign in as. `role` is None for a person who has no account yet."""

    sub: str
    given_name: str
    family_name: str
    email: str
    phone: str
    language: str
    role: Role | None = None
    project: str | None = None
    employer: str | None = None
    supplier: str | None = None
    buyer: str | None = None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An employer, supplier or buyer that the people act for, under its organisation number."""

    number: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """All that the file says: people by subject, organisations by number."""

    people: Mapping[str, ReadyMadePerson]
    organisations: Mapping[str, Organisation]

    def scope_of(self, person: ReadyMadePerson) -> str:
        """Name, for a reader, what the person acts for: organisations, then the project."""
        numbers = (person.employer, person.supplier, person.buyer)
        names = [self.organisations[number].name for number in numbers if number is not None]
        return ", ".join([*names, *([person.project] if person.project else [])])


def load_ready_made(path: Path = PEOPLE_FILE) -> ReadyMade:
    """Read and check the file; raises PeopleFileWrong naming the entry that is wrong."""
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        organisations = {
            number: Organisation(number=number, **fields) for number, fields in document["organisations"].items()
        }
        people = [_person(path, entry) for entry in document["people"]]
    except (OSError, YAMLError, KeyError, TypeError) as error:
        raise PeopleFileWrong(f"{path}: {error}") from error
    by_sub = {person.sub: person for person in people}
    if len(by_sub) != len(people):
        raise PeopleFileWrong(f"{path}: two people have the same sub")
    for person in people:
        for number in (person.employer, person.supplier, person.buyer):
            if number is not None and number not in organisations:
                raise PeopleFileWrong(f"{path}: {person.sub} acts for {number}, which is not among the organisations")
    return ReadyMade(people=by_sub, organisations=organisations)


def _person(path: Path, entry: Mapping[str, str]) -> ReadyMadePerson:
    try:
        role = Role(entry["role"]) if "role" in entry else None
        return ReadyMadePerson(**{**entry, "role": role})  # type: ignore[arg-type]  # the file's fields are texts
    except (TypeError, ValueError) as error:
        raise PeopleFileWrong(f"{path}: {entry.get('sub', 'a person without sub')}: {error}") from error
