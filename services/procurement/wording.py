"""The words that pages use for what is a code elsewhere; a person never reads a code."""

from collections.abc import Mapping
from typing import Final

from shared.kernel.texts import N_

REQUEST_STATES: Final[Mapping[str, str]] = {
    "waiting": N_("Waits for an officer"),
    "in_case": N_("In a case"),
    "ordered": N_("Ordered"),
    "declined": N_("Declined"),
    "withdrawn": N_("Withdrawn by the employer"),
}
CASE_STATES: Final[Mapping[str, str]] = {
    "open": N_("Open"),
    "concluded": N_("Concluded"),
    "cancelled": N_("Cancelled"),
}
ROUTES: Final[Mapping[str, str]] = {
    "direct_purchase": N_("Direct purchase"),
    "announced": N_("Announced procedure"),
    "framework": N_("Framework agreement"),
    "call_off": N_("Call-off"),
}
PHASES: Final[Mapping[str, str]] = {
    "draft": N_("Being prepared"),
    "open_for_bids": N_("Open for bids"),
    "closed_for_bids": N_("To be opened"),
    "evaluation": N_("Being compared"),
    "awarded": N_("Award decided"),
    "contracted": N_("Contract signed"),
    "cancelled": N_("Cancelled"),
}
CONTRACT_STATES: Final[Mapping[str, str]] = {
    "draft": N_("Draft"),
    "signed": N_("Signed"),
    "discarded": N_("Put aside"),
}
LINE_STATES: Final[Mapping[str, str]] = {"agreed": N_("Not ordered yet"), "ordered": N_("Ordered")}
MODES: Final[Mapping[str, str]] = {
    "physical": N_("On site"),
    "digital": N_("Online"),
    "both": N_("On site and online"),
}
WISHED_TIMES: Final[Mapping[str, str]] = {
    "any": N_("No preference"),
    "daytime": N_("Weekdays, in the daytime"),
    "evenings": N_("Weekdays, in the evening"),
    "weekends": N_("At weekends"),
}
LANGUAGES: Final[Mapping[str, str]] = {"sv": N_("Swedish"), "en": N_("English")}
CRITERION_KINDS: Final[Mapping[str, str]] = {"price": N_("Price"), "quality": N_("Quality, judged by officers")}
CRITERIA_KINDS: Final[Mapping[str, str]] = {
    "weighted": N_("Weighted: points times weights that add up to 100"),
    "ranked": N_("Ranked: the first criterion decides, the next breaks ties"),
    "free": N_("Free: all criteria count the same"),
}
CANCEL_REASONS: Final[Mapping[str, str]] = {
    "lack_of_competition": N_("Lack of competition"),
    "changed_need": N_("The need has changed"),
    "faulty_documents": N_("Faulty documents or evaluation model"),
    "price_above_budget": N_("Prices above the budget"),
    "case_cancelled": N_("The whole case is cancelled"),
    "other": N_("Another objective reason"),
}
BUYER_KINDS: Final[Mapping[str, str]] = {
    "municipality_or_region": N_("Municipality or region"),
    "state": N_("State authority"),
    "publicly_governed": N_("Publicly governed body"),
    "not_bound": N_("Not bound by the procurement act"),
}
ANSWERS: Final[Mapping[str, str]] = {
    "yes": N_("Direct purchase allowed"),
    "no": N_("Direct purchase not allowed"),
    "unknown": N_("Limit not confirmed"),
}
# what the dated figures and codes call themselves: they are data, so their words are marked here
NAMES_IN_DATA: Final = (
    N_("Education and training services"),
    N_("Administration, defence and social security services"),
    N_("Exhibition, fair and congress organisation services"),
    N_("Seminar organisation services"),
    N_("Health and social work services"),
    N_("Recreational, cultural and sporting services"),
    N_("Directive 2014/24/EU, annex XIV"),
    N_("konkurrensverket.se and upphandlingsmyndigheten.se, thresholds 2018-2019"),
    N_("konkurrensverket.se and upphandlingsmyndigheten.se, thresholds 2020-2021"),
    N_("konkurrensverket.se and upphandlingsmyndigheten.se, thresholds 2022-2023"),
    N_("konkurrensverket.se and upphandlingsmyndigheten.se, thresholds 2024-2025"),
    N_("19 a kap. LOU (direct purchase, general); the thresholds in SEK for 2026-2027 are not confirmed here"),
)
