"""The states as people read them: a message about a move that does not exist holds the names of two."""

from typing import Final

from shared.kernel.texts import N_

STATE_NAMES: Final = (
    N_("waiting"),
    N_("in_case"),
    N_("ordered"),
    N_("declined"),
    N_("withdrawn"),
    N_("open"),
    N_("concluded"),
    N_("cancelled"),
    N_("draft"),
    N_("invited"),
    N_("opened"),
    N_("awarded"),
    N_("contracted"),
    N_("signed"),
    N_("discarded"),
    N_("agreed"),
)
