"""Who may join a project: pure decisions over the project's own conditions, which are data and differ in each.

County and sector are asked of the workplace, size of the undertaking, so a head office elsewhere does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.booking.projects.sectors import SniVersion, plain_code, section
from shared.kernel.errors import KurslotsError, Refused, Several
from shared.kernel.identity import COUNTIES
from shared.kernel.texts import N_, Text


class EmployerKind(StrEnum):
    """What an employer is in law."""

    COMPANY = "company"
    SOLE_TRADER = "sole_trader"
    ASSOCIATION = "association"
    PUBLIC_COMPANY = "public_company"
    MUNICIPALITY = "municipality"
    REGION = "region"
    STATE = "state"


PUBLIC_KINDS = frozenset(
    {EmployerKind.PUBLIC_COMPANY, EmployerKind.MUNICIPALITY, EmployerKind.REGION, EmployerKind.STATE}
)
KIND_NAMES = {
    EmployerKind.COMPANY: N_("private companies"),
    EmployerKind.SOLE_TRADER: N_("sole traders"),
    EmployerKind.ASSOCIATION: N_("associations and foundations"),
    EmployerKind.PUBLIC_COMPANY: N_("publicly owned companies"),
    EmployerKind.MUNICIPALITY: N_("municipalities"),
    EmployerKind.REGION: N_("regions"),
    EmployerKind.STATE: N_("state authorities"),
}


class SizeClass(StrEnum):
    """The size of the whole undertaking, group included (recommendation 2003/361/EC)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


SIZE_NAMES = {
    SizeClass.MICRO: N_("micro"),
    SizeClass.SMALL: N_("small"),
    SizeClass.MEDIUM: N_("medium-sized"),
    SizeClass.LARGE: N_("large"),
}


class AffectedBy(StrEnum):
    """How a change in the economy has reached an employer."""

    NOTICES = "notices"
    SHORT_TIME_WORK = "short_time_work"
    LOWER_DEMAND = "lower_demand"
    RAISED_DEMAND = "raised_demand"
    NEW_TECHNOLOGY = "new_technology"
    OTHER = "other"


class Track(StrEnum):
    """A way in which a project gives training."""

    SHARED_COURSES = "shared_courses"
    TAILORED_TRAINING = "tailored_training"
    NEED_MAPPING = "need_mapping"
    COACHING = "coaching"
    DIGITAL_PLATFORM = "digital_platform"
    FORMAL_EDUCATION = "formal_education"
    INTRODUCTION = "introduction"
    OUTSIDE_COURSES = "outside_courses"


class AidBasis(StrEnum):
    """Whether a free seat is state aid, and by which rules."""

    NONE = "none"
    DE_MINIMIS = "de_minimis"
    TRAINING_AID = "training_aid"


class HourRounding(StrEnum):
    """How attended minutes become reported hours."""

    EXACT = "exact"
    PER_MEETING = "per_meeting"
    PER_ACTIVITY = "per_activity"
    PER_MONTH = "per_month"


class BookingApproval(StrEnum):
    """Who approves an employer's booking before it is confirmed; its seats are held meanwhile."""

    NONE = "none"
    COACH = "coach"
    LEAD = "lead"


class SigningWay(StrEnum):
    """How a participant signs for attended time. The project chooses which ways it takes."""

    CODE = "code"
    LINK = "link"
    PAPER = "paper"
    EMAIL = "email"


class Unanswered(StrEnum):
    """What becomes of seats where an employer does not say whether it still comes after a change."""

    KEEP = "keep"
    RELEASE = "release"


MOST_QUEUE_PASSES: Final = 50
MOST_FREE_CANCELLATION_DAYS: Final = 365
MOST_OFFER_HOURS: Final = 720
MOST_REMINDER_DAYS: Final = 30
MOST_SIGNING_DAYS: Final = 60
MOST_NAME_BY_DAYS: Final = 90
MOST_SUBSTITUTION_LOCK_DAYS: Final = 90
MOST_CONFIRMATION_DAYS: Final = 60


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SectorRule(_Data):
    """Industries of one version of SNI that are let in: whole sections, or codes that begin with a prefix."""

    version: SniVersion
    sections: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()

    def admits(self, sni: str) -> bool:
        """Whether a code of this version is let in."""
        code = plain_code(sni)
        return section(sni, self.version) in self.sections or any(
            code.startswith(plain_code(prefix)) for prefix in self.prefixes
        )


class EligibilityRules(_Data):
    """The conditions of a project. An empty list of something means that it does not matter."""

    counties: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()
    sectors: tuple[SectorRule, ...] = ()
    sector_words: str | None = None
    kinds: tuple[EmployerKind, ...] = ()
    sizes: tuple[SizeClass, ...] = ()
    organisation_numbers: tuple[str, ...] = ()
    affected_by: tuple[AffectedBy, ...] = ()
    affected_question: str | None = None
    persons_without_employer: bool = False


@dataclass(frozen=True, slots=True)
class Applicant:
    """An employer as the rules see it. `number` is in normal form."""

    kind: EmployerKind
    size: SizeClass
    number: str
    affected_by: AffectedBy | None = None
    statement: str | None = None


@dataclass(frozen=True, slots=True)
class WorkplaceFacts:
    """A workplace as the rules see it."""

    municipality: str
    sni: str | None = None
    sni_version: SniVersion | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a text in words that an employer understands, the field that it is about, and a name for programs."""

    code: str
    field: str
    text: Text


@dataclass(frozen=True, slots=True)
class Decision:
    """Which workplaces may take part, by their place in the list, and what stands in the way."""

    workplaces: tuple[int, ...]
    reasons: tuple[Reason, ...]

    @property
    def is_eligible(self) -> bool:
        """Whether the employer may join: one workplace at least is let in."""
        return bool(self.workplaces)


class NotEligible(Refused, Several):
    """The project's conditions say no; holds every reason, each with its field."""

    def __init__(self, project: str, reasons: Sequence[Reason]) -> None:
        Several.__init__(
            self,
            [
                KurslotsError(reason.text.message, code=reason.code, field=reason.field, **dict(reason.text.fields))
                for reason in reasons
            ],
        )
        self.code = "not_eligible"
        self.field = None
        self.text = Text(
            N_("The employer cannot join “{project}”. {count} of its conditions are not met; each is told below."),
            {"project": project, "count": len(reasons)},
        )


def decide(rules: EligibilityRules, applicant: Applicant, workplaces: Sequence[WorkplaceFacts]) -> Decision:
    """Return which workplaces may take part and every reason why something may not; the order of reasons is fixed."""
    own = _own_reasons(rules, applicant)
    admitted: list[int] = []
    elsewhere: list[Reason] = []
    for place, workplace in enumerate(workplaces):
        reasons = workplace_reasons(rules, workplace, field=f"workplaces.{place}")
        elsewhere += reasons
        if not reasons:
            admitted.append(place)
    if not workplaces:
        own.append(
            Reason("workplace_missing", "workplaces", Text(N_("Give at least one workplace: it decides who may join.")))
        )
    return Decision(() if own else tuple(admitted), (*own, *elsewhere))


def _own_reasons(rules: EligibilityRules, applicant: Applicant) -> list[Reason]:
    reasons: list[Reason] = []
    if rules.organisation_numbers and applicant.number not in rules.organisation_numbers:
        reasons.append(
            Reason(
                "organisation_not_named",
                "employer.organisation_number",
                Text(N_("The project is for employers that it names, and this organisation is not one of them.")),
            )
        )
    if rules.kinds and applicant.kind not in rules.kinds:
        names = tuple(KIND_NAMES[kind] for kind in rules.kinds)
        reasons.append(
            Reason("kind_not_admitted", "employer.kind", Text(N_("The project is for {kinds}."), {"kinds": names}))
        )
    if rules.sizes and applicant.size not in rules.sizes:
        text = Text(
            N_("The project is for undertakings that are {sizes}; with its group this one is {size}."),
            {"sizes": tuple(SIZE_NAMES[size] for size in rules.sizes), "size": SIZE_NAMES[applicant.size]},
        )
        reasons.append(Reason("size_not_admitted", "employer.undertaking", text))
    return [*reasons, *_affected_reasons(rules, applicant)]


def _affected_reasons(rules: EligibilityRules, applicant: Applicant) -> list[Reason]:
    if not rules.affected_by:
        return []
    if applicant.affected_by is None or not applicant.statement:
        text = Text(
            N_("Tell how you are affected. The project asks: {question}"), {"question": rules.affected_question or ""}
        )
        return [Reason("statement_missing", "statement", text)]
    if applicant.affected_by not in rules.affected_by:
        text = Text(N_("The project is for employers that are affected in another way than the one stated."))
        return [Reason("affected_otherwise", "affected_by", text)]
    return []


def workplace_reasons(rules: EligibilityRules, workplace: WorkplaceFacts, *, field: str = "workplace") -> list[Reason]:
    """Return why a workplace may not take part; nothing where it may."""
    reasons: list[Reason] = []
    if rules.counties and workplace.municipality[:2] not in rules.counties:
        text = Text(
            N_("The workplace lies in {county}; the project is for workplaces in {counties}."),
            {
                "county": COUNTIES[workplace.municipality[:2]],
                "counties": tuple(COUNTIES[county] for county in rules.counties),
            },
        )
        reasons.append(Reason("county_not_admitted", f"{field}.municipality", text))
    elif rules.municipalities and workplace.municipality not in rules.municipalities:
        text = Text(
            N_("The workplace lies in municipality {municipality}; the project is for {municipalities}."),
            {"municipality": workplace.municipality, "municipalities": rules.municipalities},
        )
        reasons.append(Reason("municipality_not_admitted", f"{field}.municipality", text))
    return [*reasons, *_sector_reasons(rules, workplace, field)]


def _sector_reasons(rules: EligibilityRules, workplace: WorkplaceFacts, field: str) -> list[Reason]:
    if not rules.sectors:
        return []
    if workplace.sni is None or workplace.sni_version is None:
        text = Text(
            N_("Give the industry code (SNI) of the workplace: the project is for {sectors}."),
            {"sectors": rules.sector_words or ""},
        )
        return [Reason("sni_missing", f"{field}.sni", text)]
    same = [rule for rule in rules.sectors if rule.version == workplace.sni_version]
    if any(rule.admits(workplace.sni) for rule in same):
        return []
    if not same:
        text = Text(
            N_("The project's industries are given in SNI {versions}; give the workplace's code in that version."),
            {"versions": tuple(sorted(rule.version.value for rule in rules.sectors))},
        )
        return [Reason("sni_version_unknown", f"{field}.sni_version", text)]
    text = Text(
        N_("The workplace's industry is {sni} (SNI {version}); the project is for {sectors}."),
        {"sni": workplace.sni, "version": workplace.sni_version.value, "sectors": rules.sector_words or ""},
    )
    return [Reason("sector_not_admitted", f"{field}.sni", text)]
