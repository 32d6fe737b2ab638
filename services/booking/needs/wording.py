"""How plans and needs are said to people, and what their history tells."""

from collections.abc import Mapping
from typing import Final

from services.booking.needs.rules import MetBy, PlanState, Priority
from services.booking.needs.tables import NeedHistory
from shared.kernel.texts import N_, Text

PRIORITIES: Final[Mapping[str, str]] = {
    Priority.HIGH: N_("High priority"),
    Priority.MEDIUM: N_("Medium priority"),
    Priority.LOW: N_("Low priority"),
}
PLAN_STATES: Final[Mapping[str, str]] = {PlanState.DRAFT: N_("Draft"), PlanState.AGREED: N_("Agreed")}
MET: Final[Mapping[str, str]] = {
    MetBy.NOTHING: N_("No way yet"),
    MetBy.SEATS: N_("Seats on a course"),
    MetBy.REQUEST: N_("Training asked for"),
}
_MET_TEXTS: Final[Mapping[str | None, str]] = {
    MetBy.NOTHING: N_("Nothing meets the need “{need}” any more"),
    MetBy.SEATS: N_("Seats were booked for the need “{need}”"),
    MetBy.REQUEST: N_("Training was asked for, for the need “{need}”"),
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
        case "need met":
            return Text(_MET_TEXTS[row.after], {"need": need or "–"})
        case _:
            agreed = row.after == PlanState.AGREED
            return Text(N_("The plan was agreed to")) if agreed else Text(N_("The plan was opened again"))
