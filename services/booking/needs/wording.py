"""How plans and needs are said to people, and what their history tells."""

from collections.abc import Mapping
from typing import Final

from services.booking.needs.rules import MetBy, PlanState, Priority, Way, WishedMode, WishedTime, WrittenAs
from services.booking.needs.tables import NeedHistory
from services.booking.projects.questions import Kind
from shared.kernel.texts import N_, Text

PRIORITIES: Final[Mapping[str, str]] = {
    Priority.HIGH: N_("High priority"),
    Priority.MEDIUM: N_("Medium priority"),
    Priority.LOW: N_("Low priority"),
}
WISHED_MODES: Final[Mapping[str, str]] = {
    WishedMode.ANY: N_("No preference"),
    WishedMode.PHYSICAL: N_("On site"),
    WishedMode.DIGITAL: N_("Online"),
    WishedMode.BOTH: N_("Partly on site, partly online"),
}
WISHED_TIMES: Final[Mapping[str, str]] = {
    WishedTime.ANY: N_("No preference"),
    WishedTime.DAYTIME: N_("Weekdays, in the daytime"),
    WishedTime.EVENINGS: N_("Weekdays, in the evening"),
    WishedTime.WEEKENDS: N_("At weekends"),
}
PLAN_STATES: Final[Mapping[str, str]] = {PlanState.DRAFT: N_("Draft"), PlanState.AGREED: N_("Agreed")}
MET: Final[Mapping[str, str]] = {
    MetBy.NOTHING: N_("No way yet"),
    MetBy.SEATS: N_("Seats on a course"),
    MetBy.REQUEST: N_("Training asked for"),
    MetBy.OUTSIDE: N_("A course outside the project"),
    MetBy.SET_ASIDE: N_("Set aside"),
}
MET_TAGS: Final[Mapping[str, str]] = {MetBy.NOTHING: "bad", MetBy.SET_ASIDE: "told"}
WAYS: Final[Mapping[str, str]] = {
    Way.OUTSIDE: N_("A course outside the project, such as at a university"),
    Way.SET_ASIDE: N_("It will not be met"),
    Way.LOOKING: N_("A way is looked for again"),
}
WRITTEN_AS: Final[Mapping[str, str]] = {
    WrittenAs.CONTACT: N_("The employer's contact"),
    WrittenAs.COACH: N_("A coach"),
    WrittenAs.LEAD: N_("Whoever leads the project"),
}
QUESTION_KINDS: Final[Mapping[str, str]] = {
    Kind.TEXT: N_("in words"),
    Kind.YES_NO: N_("yes or no"),
    Kind.ONE: N_("one of these"),
    Kind.SEVERAL: N_("any of these"),
    Kind.NUMBER: N_("a number"),
    Kind.DATE: N_("a day"),
}
_MET_TEXTS: Final[Mapping[str | None, str]] = {
    MetBy.NOTHING: N_("Nothing meets the need “{need}” any more"),
    MetBy.SEATS: N_("Seats were booked for the need “{need}”"),
    MetBy.REQUEST: N_("Training was asked for, for the need “{need}”"),
    MetBy.OUTSIDE: N_("A course outside the project meets the need “{need}”"),
    MetBy.SET_ASIDE: N_("The need “{need}” was set aside"),
}


def change_text(row: NeedHistory, need: str | None) -> Text:
    """Return what a row of a plan's history says."""
    match row.change:
        case "plan begun":
            return Text(N_("The plan was begun"))
        case "need added":
            return Text(N_("The need “{need}” was added"), {"need": need or "–"})
        case "need changed":
            return Text(N_("The need “{need}” was changed"), {"need": need or "–"})
        case "seats kept":
            fields = {"need": need or "–", "run": row.after or "–"}
            return Text(N_("Seats are kept on the run {run} for the need “{need}”"), fields)
        case "need met":
            return Text(_MET_TEXTS[row.after], {"need": need or "–"})
        case _:
            agreed = row.after == PlanState.AGREED
            return Text(N_("The plan was agreed to")) if agreed else Text(N_("The plan was opened again"))
