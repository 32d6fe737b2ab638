"""What a project's data file says, checked field by field; an error names the field and what was expected.

Money is in whole kronor with at most two decimals, shares are exact decimals of one, and dates are dates.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.booking.projects import rules
from services.booking.projects.questions import Kind, Question, questions_of
from services.booking.projects.rules import (
    AffectedBy,
    AidBasis,
    BookingApproval,
    EmployerKind,
    HourRounding,
    SigningWay,
    SizeClass,
    Track,
    Unanswered,
)
from services.booking.projects.sectors import SniVersion, sections
from shared.kernel import identity
from shared.kernel.errors import KurslotsError
from shared.kernel.money import Money

_LINE = 200
_PARAGRAPH = 4000


def _by_rule(rule: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            return rule(text)
        except KurslotsError as error:
            raise ValueError(str(error.text)) from None

    return AfterValidator(check)


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_LINE, strict=True)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_PARAGRAPH, strict=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, strict=True)]
OrganisationNumber = Annotated[str, Field(strict=True), _by_rule(identity.organisation_number)]
Municipality = Annotated[str, Field(strict=True), _by_rule(identity.municipality_code)]
County = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(identity.COUNTIES)})$", strict=True)]
Kronor = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Share = Annotated[Decimal, Field(gt=0, le=1, max_digits=9, decimal_places=8)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40, strict=True)]
Whole = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Input):
    """What is said in each language."""

    sv: Line
    en: Line


class FunderInput(_Input):
    """Who pays: an amount, a share of the whole, or both, and then they must agree to the öre."""

    name: Line
    kind: Annotated[str, StringConstraints(pattern="^(fund|region|municipality|state|owner|private|other)$")]
    amount: Kronor | None = None
    share: Share | None = None
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = "SEK"


class BuyerInput(_Input):
    """In whose name things are bought for the project."""

    name: Line
    organisation_number: OrganisationNumber
    kind: Annotated[str, StringConstraints(pattern="^(municipality_or_region|state|publicly_governed|not_bound)$")]


class PartnerInput(_Input):
    """Who else takes part, and how: delivers, supports, is the daily link to employers."""

    name: Line
    part: Annotated[str, StringConstraints(pattern="^(delivery|support|link|education|other)$")]
    does: Paragraph | None = None
    organisation_number: OrganisationNumber | None = None


class SectorInput(_Input):
    """Industries that are let in: sections of one version of SNI, or codes that begin with a prefix."""

    version: SniVersion
    sections: tuple[Annotated[str, StringConstraints(pattern="^[A-V]$")], ...] = ()
    prefixes: tuple[Annotated[str, StringConstraints(pattern=r"^\d{2}(\.?\d{1,3})?$")], ...] = ()

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if unknown := set(self.sections) - sections(self.version):
            raise ValueError(f"SNI {self.version.value} has no section {', '.join(sorted(unknown))}")
        if not self.sections and not self.prefixes:
            raise ValueError("give sections or prefixes; neither lets nobody in")
        return self


class EligibilityInput(_Input):
    """Who may join. What is left out does not matter in this project."""

    counties: tuple[County, ...] = ()
    municipalities: tuple[Municipality, ...] = ()
    sectors: tuple[SectorInput, ...] = ()
    sector_words: Line | None = Field(default=None, description="the sectors as an employer would say them")
    kinds: tuple[EmployerKind, ...] = ()
    sizes: tuple[SizeClass, ...] = ()
    organisation_numbers: tuple[OrganisationNumber, ...] = ()
    affected_by: tuple[AffectedBy, ...] = ()
    affected_question: Line | None = Field(default=None, description="what the project asks of how one is affected")
    persons_without_employer: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if self.sectors and not self.sector_words:
            raise ValueError("sector_words is missing: say the sectors in words that an employer understands")
        if self.affected_by and not self.affected_question:
            raise ValueError("affected_question is missing: say what the employer is asked")
        return self


class TargetsInput(_Input):
    """What the project is to reach; what is left out has no target."""

    persons: Whole | None = None
    hours: Whole | None = None
    employers: Whole | None = None


class ReachedInput(_Input):
    """What the project had reached at a time, as it reported."""

    as_of: date
    persons: Whole | None = None
    hours: Whole | None = None
    employers: Whole | None = None
    note: Paragraph | None = None


class PrincipleInput(_Input):
    """A horizontal principle, and how the project works with it."""

    principle: Annotated[
        str,
        StringConstraints(
            pattern="^(gender_equality|accessibility|non_discrimination|ecological_sustainability|attract_young"
            "|women_to_technical_work|career_in_women_dominated_work)$"
        ),
    ]
    how: Paragraph | None = None


class WayInput(_Input):
    """One part of how the project works (a pillar, a method)."""

    title: Line
    description: Paragraph | None = None


class TermInput(_Input):
    """A rule of a fund programme, valid from a day. `value` is none where the source does not confirm one."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
    valid_from: date
    valid_to: date | None = None
    value: Line | None = None
    source: Line
    note: Paragraph | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self


class ProgrammeInput(_Input):
    """A fund programme and its rules as dated data."""

    code: Code
    name: Line
    starts_on: date
    ends_on: date
    terms: tuple[TermInput, ...] = ()


class ChoiceInput(_Input):
    """What may be chosen as an answer."""

    key: Key
    words: Words


class WhenInput(_Input):
    """Which answers to an earlier question a question follows."""

    question: Key
    answers: Annotated[tuple[Key, ...], Field(min_length=1)]


class QuestionInput(_Input):
    """A question to an employer about its needs, in both languages."""

    key: Key
    kind: Kind
    words: Words
    required: bool = Field(default=True, strict=True)
    choices: tuple[ChoiceInput, ...] = ()
    when: WhenInput | None = None

    @model_validator(mode="after")
    def _has_its_choices(self) -> Self:
        keys = [choice.key for choice in self.choices]
        if len(set(keys)) != len(keys):
            raise ValueError(f"the question {self.key} gives a choice twice")
        if (self.kind in (Kind.ONE, Kind.SEVERAL)) != bool(keys):
            raise ValueError(f"the question {self.key} ({self.kind.value}): one and several have choices, no others do")
        return self


def _check_questions(questions: Sequence[QuestionInput]) -> None:
    """Raise ValueError where a key is given twice, or a condition names what no earlier question answers."""
    earlier: dict[str, Question] = {}
    for question in questions_of([question.model_dump(mode="json") for question in questions]):
        if question.key in earlier:
            raise ValueError(f"two questions have the key {question.key}")
        if question.when is not None:
            asked = earlier.get(question.when.question)
            if asked is None:
                raise ValueError(f"{question.key} follows {question.when.question}, which is no earlier question")
            if unknown := set(question.when.answers) - set(asked.answers):
                raise ValueError(f"{asked.key} cannot be answered by {', '.join(sorted(unknown))}")
        earlier[question.key] = question


class ReportingInput(_Input):
    """How the project books and reports. `queue_passes` is how often one that waits may be passed by.

    Who does not sign within `signing_days` is reminded, and after as many again the lead is told. Seats that have no
    name `name_by_days` before a run begins are given back; later than `substitution_lock_days` before it an employer no
    longer exchanges participants herself. Where none is said, there is no such day.

    After a change of a run its employers say within `confirmation_days` whether they still come (none: they are told
    and not asked); `unanswered` is what becomes of the seats of those who do not.
    """

    hour_rounding: HourRounding = HourRounding.EXACT
    queue_passes: Annotated[int, Field(ge=0, le=rules.MOST_QUEUE_PASSES, strict=True)] = 3
    free_cancellation_days: Annotated[int, Field(ge=0, le=rules.MOST_FREE_CANCELLATION_DAYS, strict=True)] = 7
    offer_hours: Annotated[int, Field(ge=1, le=rules.MOST_OFFER_HOURS, strict=True)] = 48
    reminder_days: Annotated[int, Field(ge=0, le=rules.MOST_REMINDER_DAYS, strict=True)] = 1
    signing_ways: Annotated[tuple[SigningWay, ...], Field(min_length=1)] = tuple(SigningWay)
    signing_days: Annotated[int, Field(ge=1, le=rules.MOST_SIGNING_DAYS, strict=True)] = 3
    name_by_days: Annotated[int, Field(ge=1, le=rules.MOST_NAME_BY_DAYS, strict=True)] | None = None
    booking_approval: BookingApproval = BookingApproval.NONE
    substitution_lock_days: Annotated[int, Field(ge=0, le=rules.MOST_SUBSTITUTION_LOCK_DAYS, strict=True)] | None = None
    confirmation_days: Annotated[int, Field(ge=1, le=rules.MOST_CONFIRMATION_DAYS, strict=True)] | None = 5
    unanswered: Unanswered = Unanswered.KEEP


class ProjectInput(_Input):
    """A whole project. Loading the same content again changes nothing and tells nobody."""

    code: Code
    name: Line
    summary: Paragraph
    programme: ProgrammeInput
    owner_name: Line
    owner_number: OrganisationNumber | None = None
    starts_on: date
    ends_on: date | None = None
    period_note: Paragraph | None = Field(default=None, description="what is known of the period beside the dates")
    targets: TargetsInput = TargetsInput()
    target_note: Paragraph | None = None
    reached: tuple[ReachedInput, ...] = ()
    funding: tuple[FunderInput, ...] = ()
    eligibility: EligibilityInput
    who_may_join: Paragraph = Field(description="the conditions in words, for everyone to read")
    tracks: Annotated[tuple[Track, ...], Field(min_length=1)]
    ways: tuple[WayInput, ...] = ()
    partners: tuple[PartnerInput, ...] = ()
    buyers: tuple[BuyerInput, ...] = ()
    principles: tuple[PrincipleInput, ...] = ()
    public_record: dict[Line, Line] = Field(default_factory=dict)
    aid_basis: AidBasis = AidBasis.NONE
    reporting: ReportingInput = ReportingInput()
    need_questions: Annotated[tuple[QuestionInput, ...], Field(max_length=60)] = ()
    demonstration: bool = Field(default=False, strict=True)
    source_project: Code | None = Field(default=None, description="of which project this is the demonstration copy")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"ends_on {self.ends_on} is before starts_on {self.starts_on}")
        if self.demonstration != (self.source_project is not None):
            raise ValueError("a demonstration copy, and no other project, names its source_project")
        numbers = [buyer.organisation_number for buyer in self.buyers]
        if len(set(numbers)) != len(numbers):
            raise ValueError("the same buyer is given twice")
        return self

    @model_validator(mode="after")
    def _questions_can_be_asked(self) -> Self:
        _check_questions(self.need_questions)
        return self

    @model_validator(mode="after")
    def _shares_are_exact(self) -> Self:
        shares = [funder.share for funder in self.funding if funder.share is not None]
        if sum(shares, Decimal(0)) > 1:
            raise ValueError(f"the shares of the funding are together {sum(shares)}, more than the whole")
        if any(funder.amount is None for funder in self.funding):
            return self
        total = sum((Money.of_kronor(funder.amount or 0).ore for funder in self.funding), 0)
        for funder in self.funding:
            exact = funder.share is None or Money(total).share(funder.share) == Money.of_kronor(funder.amount or 0)
            if not exact:
                raise ValueError(f"{funder.name}: the share {funder.share} is not what the amounts say")
        return self
