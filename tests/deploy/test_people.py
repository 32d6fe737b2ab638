"""The ready-made people are complete, invented, and have valid numbers."""

from pathlib import Path

import pytest

from deploy.people import PeopleFileWrong, ReadyMade, load_ready_made
from shared.kernel.identity import is_sole_trader, organisation_number
from shared.kernel.phone import e164, takes_sms
from shared.kernel.roles import Role

EXPECTED = [
    *(f"{role}.dalarna" for role in ("lead", "officer", "delegate", "opener", "coach", "trainer")),
    *("contact.falun", "contact.borlange", "supplier.one", "supplier.two", "supplier.three"),
    *("participant.one", "operator", "new.one", "new.two", "new.three"),
    *(f"{role}.{place}" for role in ("lead", "officer") for place in ("kronoberg", "kalmar", "vastmanland", "lulea")),
]


@pytest.fixture(scope="module")
def ready_made() -> ReadyMade:
    return load_ready_made()


def test_everyone_is_there(ready_made: ReadyMade) -> None:
    assert sorted(ready_made.people) == sorted(EXPECTED)
    assert {person.role for person in ready_made.people.values()} == {None, *Role}


def test_addresses_and_numbers_are_reserved_for_fiction_and_one_persons_alone(ready_made: ReadyMade) -> None:
    people = list(ready_made.people.values())
    assert all(person.email.endswith("@example.test") for person in people)
    numbers = [e164(person.phone) for person in people]
    assert all("+46701740605" <= number <= "+46701740699" and takes_sms(number) for number in numbers)
    assert len(set(numbers)) == len({person.email for person in people}) == len(people)
    assert {person.language for person in people} == {"sv", "en"}


def test_organisations_have_valid_numbers_and_are_no_persons(ready_made: ReadyMade) -> None:
    for number in ready_made.organisations:
        assert organisation_number(number) == number
        assert not is_sole_trader(number)


def test_each_role_has_the_scope_that_it_needs(ready_made: ReadyMade) -> None:
    for person in ready_made.people.values():
        match person.role:
            case Role.CONTACT | Role.PARTICIPANT:
                assert person.employer
                assert person.project
            case Role.SUPPLIER:
                assert person.supplier
            case Role.PROCUREMENT_OFFICER | Role.AWARD_DELEGATE:
                assert person.buyer
                assert person.project
            case Role.PROJECT_LEAD | Role.COACH | Role.TRAINER:
                assert person.project
            case _:
                assert ready_made.scope_of(person) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("people: [", "people.yaml"),
        ("organisations: {}\npeople: [{sub: a}]", "a: "),
        ("organisations: {}\npeople: [{sub: a, role: boss}]", "boss"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PeopleFileWrong, match=words):
        load_ready_made(path)


def test_an_organisation_that_is_not_listed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(
        "organisations: {}\npeople: [{sub: a, given_name: A, family_name: B, email: a@example.test,"
        " phone: 070-1740605, language: sv, role: contact, employer: 556900-1109}]",
        encoding="utf-8",
    )
    with pytest.raises(PeopleFileWrong, match="a acts for 556900-1109"):
        load_ready_made(path)
