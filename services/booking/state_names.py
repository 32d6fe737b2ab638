"""The states as people read them: a message about a move that does not exist holds the names of two."""

from typing import Final

from shared.kernel.texts import N_

STATE_NAMES: Final = (
    N_("joined"),
    N_("left"),
    N_("agreed"),
    N_("nothing"),
    N_("seats"),
    N_("request"),
    N_("scheduled"),
    N_("postponed"),
    N_("confirmed"),
    N_("cancelled"),
    N_("asked"),
    N_("given_up"),
    N_("kept_by_rule"),
    N_("released_by_rule"),
    N_("superseded"),
    N_("waiting"),
    N_("offered"),
    N_("booked"),
    N_("lapsed"),
    N_("closed"),
    N_("open"),
    N_("accepted"),
    N_("expired"),
    N_("draft"),
    N_("submitted"),
    N_("in_case"),
    N_("arranged"),
    N_("declined"),
    N_("withdrawn"),
    N_("valid"),
    N_("revoked"),
    N_("replaced"),
    N_("entered"),
)
