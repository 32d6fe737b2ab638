"""Who may join: each condition alone, all together, and in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.projects.rules import (
    AffectedBy,
    Applicant,
    EligibilityRules,
    EmployerKind,
    NotEligible,
    SectorRule,
    SizeClass,
    WorkplaceFacts,
    decide,
)
from services.booking.projects.sectors import SniVersion, section, sections
from shared.kernel.errors import Conflict
from shared.kernel.identity import COUNTIES

FALUN, STOCKHOLM, VAXJO, LULEA = "2080", "0180", "0780", "2580"
INDUSTRY = SectorRule(version=SniVersion.SNI_2007, sections=("C",), prefixes=("38.3",))

# The conditions of the five projects that the product ships (DOMAIN §1).
DALARNA = EligibilityRules(
    counties=("20",),
    kinds=(EmployerKind.COMPANY, EmployerKind.SOLE_TRADER),
    affected_by=tuple(AffectedBy),
    affected_question="How has the pandemic affected you?",
)
KRONOBERG = EligibilityRules(
    counties=("07",), kinds=(EmployerKind.COMPANY,), sizes=(SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM)
)
KALMAR = EligibilityRules(counties=("08",), sectors=(INDUSTRY,), sector_words="industry and services close to it")
VASTMANLAND = EligibilityRules(counties=("19",), sectors=(INDUSTRY,), sector_words="industry")
LULEA_RULES = EligibilityRules(
    municipalities=(LULEA,),
    kinds=(EmployerKind.MUNICIPALITY,),
    organisation_numbers=("212000-2742",),
    persons_without_employer=True,
)
PROJECTS = (DALARNA, KRONOBERG, KALMAR, VASTMANLAND, LULEA_RULES)


def an_applicant(**changes: object) -> Applicant:
    given: dict[str, object] = {
        "kind": EmployerKind.COMPANY,
        "size": SizeClass.SMALL,
        "number": "556036-0793",
        "affected_by": AffectedBy.RAISED_DEMAND,
        "statement": "We must hire.",
    }
    return Applicant(**(given | changes))  # type: ignore[arg-type]  # what a test gives


def a_factory(municipality: str = FALUN, sni: str = "25.620") -> WorkplaceFacts:
    return WorkplaceFacts(municipality, sni, SniVersion.SNI_2007)


def codes(rules: EligibilityRules, applicant: Applicant, *workplaces: WorkplaceFacts) -> list[str]:
    return [reason.code for reason in decide(rules, applicant, workplaces).reasons]


def test_a_head_office_elsewhere_does_not_matter_where_a_workplace_is_let_in() -> None:
    decision = decide(DALARNA, an_applicant(), [a_factory(STOCKHOLM), a_factory(FALUN)])
    assert decision.is_eligible
    assert decision.workplaces == (1,)
    assert [reason.field for reason in decision.reasons] == ["workplaces.0.municipality"]


def test_a_workplace_in_another_county_is_refused_by_the_names_of_both_counties() -> None:
    decision = decide(DALARNA, an_applicant(), [a_factory(STOCKHOLM)])
    assert not decision.is_eligible
    assert decision.reasons[0].text.fields == {"county": "Stockholms län", "counties": ("Dalarnas län",)}


def test_all_reasons_are_told_at_once() -> None:
    municipality = an_applicant(kind=EmployerKind.MUNICIPALITY, affected_by=None, statement=None)
    assert codes(DALARNA, municipality, a_factory(STOCKHOLM), a_factory(VAXJO)) == [
        "kind_not_admitted",
        "statement_missing",
        "county_not_admitted",
        "county_not_admitted",
    ]


def test_no_workplace_takes_part_where_the_employer_itself_may_not() -> None:
    decision = decide(DALARNA, an_applicant(kind=EmployerKind.STATE), [a_factory()])
    assert decision.workplaces == ()
    assert not decision.is_eligible


@pytest.mark.parametrize("affected_by", list(AffectedBy))
def test_raised_demand_counts_as_being_affected_as_much_as_notices_do(affected_by: AffectedBy) -> None:
    assert decide(DALARNA, an_applicant(affected_by=affected_by), [a_factory()]).is_eligible


def test_a_way_of_being_affected_that_the_project_does_not_name_is_refused() -> None:
    rules = DALARNA.model_copy(update={"affected_by": (AffectedBy.NOTICES,)})
    assert codes(rules, an_applicant(), a_factory()) == ["affected_otherwise"]


@pytest.mark.parametrize("size", list(SizeClass))
def test_size_is_asked_of_the_undertaking(size: SizeClass) -> None:
    eligible = decide(KRONOBERG, an_applicant(size=size), [a_factory(VAXJO)]).is_eligible
    assert eligible is (size is not SizeClass.LARGE)


@pytest.mark.parametrize(
    ("sni", "expected"),
    [
        ("25.620", []),
        ("25620", []),
        ("38.320", []),
        ("38.110", ["sector_not_admitted"]),
        ("47.110", ["sector_not_admitted"]),
    ],
)
def test_sections_and_prefixes_let_industries_in(sni: str, expected: list[str]) -> None:
    assert codes(KALMAR, an_applicant(), a_factory("0880", sni)) == expected


def test_a_code_of_another_version_is_asked_for_again_and_not_guessed() -> None:
    workplace = WorkplaceFacts("0880", "25.620", SniVersion.SNI_2025)
    assert codes(KALMAR, an_applicant(), workplace) == ["sni_version_unknown"]
    assert codes(KALMAR, an_applicant(), WorkplaceFacts("0880")) == ["sni_missing"]


def test_a_project_can_be_for_named_employers_alone() -> None:
    lulea = an_applicant(kind=EmployerKind.MUNICIPALITY, number="212000-2742", size=SizeClass.LARGE)
    assert decide(LULEA_RULES, lulea, [a_factory(LULEA)]).is_eligible
    other = an_applicant(kind=EmployerKind.MUNICIPALITY, number="212000-0142", size=SizeClass.LARGE)
    assert codes(LULEA_RULES, other, a_factory(LULEA)) == ["organisation_not_named"]
    assert codes(LULEA_RULES, lulea, a_factory(FALUN)) == ["municipality_not_admitted"]


def test_without_a_workplace_nobody_joins() -> None:
    assert codes(EligibilityRules(), an_applicant()) == ["workplace_missing"]


def test_the_refusal_is_one_conflict_that_holds_every_reason() -> None:
    decision = decide(DALARNA, an_applicant(kind=EmployerKind.STATE), [a_factory(STOCKHOLM)])
    error = NotEligible("Lyftet", decision.reasons)
    assert isinstance(error, Conflict)
    assert error.code == "not_eligible"
    assert [(each.code, each.field) for each in error.errors] == [
        ("kind_not_admitted", "employer.kind"),
        ("county_not_admitted", "workplaces.0.municipality"),
    ]
    assert str(error.text) == (
        "The employer cannot join “Lyftet”. 2 of its conditions are not met; each is told below."
    )


applicants = st.builds(
    Applicant,
    kind=st.sampled_from(EmployerKind),
    size=st.sampled_from(SizeClass),
    number=st.sampled_from(["212000-2742", "556036-0793"]),
    affected_by=st.none() | st.sampled_from(AffectedBy),
    statement=st.none() | st.just("So it is."),
)
places = st.builds(
    WorkplaceFacts,
    municipality=st.sampled_from([f"{county}80" for county in COUNTIES]),
    sni=st.sampled_from(["25.620", "47.110", "38.320"]),
    sni_version=st.sampled_from(SniVersion),
)


@given(rules=st.sampled_from(PROJECTS), applicant=applicants, workplaces=st.lists(places, max_size=5))
def test_an_employer_is_let_in_or_told_why_not(
    rules: EligibilityRules, applicant: Applicant, workplaces: list[WorkplaceFacts]
) -> None:
    decision = decide(rules, applicant, workplaces)
    assert decision.is_eligible or decision.reasons
    assert all(str(reason.text) for reason in decision.reasons)
    assert decision == decide(rules, applicant, workplaces)


@given(rules=st.sampled_from(PROJECTS), applicant=applicants, workplaces=st.lists(places, min_size=1, max_size=5))
def test_another_workplace_never_takes_away_what_was_let_in(
    rules: EligibilityRules, applicant: Applicant, workplaces: list[WorkplaceFacts]
) -> None:
    fewer = decide(rules, applicant, workplaces[:-1])
    assert set(fewer.workplaces) <= set(decide(rules, applicant, workplaces).workplaces)


@pytest.mark.parametrize("version", list(SniVersion))
def test_every_division_belongs_to_one_section(version: SniVersion) -> None:
    found = {section(f"{division:02d}.100", version) for division in range(1, 100)}
    assert found - {None} == set(sections(version))
    assert section("25.620", version) == "C"


def test_the_letters_from_j_on_differ_between_the_versions() -> None:
    assert section("62.010", SniVersion.SNI_2007) == "J"
    assert section("62.100", SniVersion.SNI_2025) == "K"
