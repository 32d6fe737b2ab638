"""How questions after a change, and their answers, are said to people."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.booking.changes.rules import ConfirmationState
from shared.kernel.texts import N_, Text

STATE_NAMES: Final[Mapping[ConfirmationState, str]] = {
    ConfirmationState.ASKED: N_("Not answered yet"),
    ConfirmationState.CONFIRMED: N_("Still coming"),
    ConfirmationState.GIVEN_UP: N_("Given up"),
    ConfirmationState.KEPT: N_("No answer, seats kept"),
    ConfirmationState.RELEASED: N_("No answer, seats given back"),
    ConfirmationState.SUPERSEDED: N_("Changed again before an answer"),
}
STATE_KINDS: Final[Mapping[ConfirmationState, str]] = {
    ConfirmationState.ASKED: "care",
    ConfirmationState.CONFIRMED: "good",
    ConfirmationState.GIVEN_UP: "bad",
    ConfirmationState.KEPT: "told",
    ConfirmationState.RELEASED: "bad",
    ConfirmationState.SUPERSEDED: "told",
}
_NEW: Final[Mapping[frozenset[str], str]] = {
    frozenset({"times"}): N_("The course has new times."),
    frozenset({"place"}): N_("The course has a new place."),
    frozenset({"mode"}): N_("The course is held in another way."),
    frozenset({"times", "place"}): N_("The course has new times and a new place."),
    frozenset({"times", "mode"}): N_("The course has new times, and is held in another way."),
    frozenset({"place", "mode"}): N_("The course has a new place, and is held in another way."),
    frozenset({"times", "place", "mode"}): N_("The course has new times and a new place, and is held in another way."),
}
_OTHERWISE: Final = N_("The course was changed.")


def what_is_new(changes: Sequence[str]) -> Text:
    """Return what is new of the run."""
    return Text(_NEW.get(frozenset(changes), _OTHERWISE))
