"""What a message set aside, a stopped key and a decision mean, in an operator's words: pure, over plain values."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.kernel.texts import N_, Text
from shared.messaging.dead_letters import DeadLetter, Decision

_UNKNOWN_REFERENCE = re.compile(r"(\w+) [0-9a-f-]{36} is not yet known")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Kind(StrEnum):
    """Why a message is set aside."""

    WAITS = "waits"
    UNKNOWN_REFERENCE = "unknown_reference"
    UNREADABLE = "unreadable"
    FAULT = "fault"


KIND_NAMES: Final = {
    Kind.WAITS: N_("Waits"),
    Kind.UNKNOWN_REFERENCE: N_("Something is missing"),
    Kind.UNREADABLE: N_("Cannot be read"),
    Kind.FAULT: N_("Failed"),
}
_MEANINGS: Final = {
    Kind.WAITS: N_(
        "It speaks of something that has not been described here yet. It is tried again by itself for a quarter of an "
        "hour; nothing needs to be done unless what it waits for never comes."
    ),
    Kind.UNKNOWN_REFERENCE: N_(
        "It speaks of something that was not described here in time. See that it is described (publish its topic "
        "again, or load it where it belongs), then try the message again."
    ),
    Kind.UNREADABLE: N_(
        "It is not what its contract says. Trying again helps only after a new version that can read it. Otherwise "
        "have the sender mended and its message sent anew, and give this one up."
    ),
    Kind.FAULT: N_(
        "Our own code failed at it, several times. The place is told below. Deploy a mended version first, then try "
        "the message again."
    ),
}
ACTION_NAMES: Final = {
    "replay": N_("Try again"),
    "discard": N_("Give up"),
    "release": N_("Release"),
}


def kind_of(letter: DeadLetter) -> Kind:
    """Return why a message is set aside."""
    if letter.standing == "waiting":
        return Kind.WAITS
    if _UNKNOWN_REFERENCE.fullmatch(letter.cause):
        return Kind.UNKNOWN_REFERENCE
    return Kind.FAULT if letter.stack else Kind.UNREADABLE


def meaning_of(letter: DeadLetter) -> Text:
    """Return what is wrong, and what to do about it."""
    return Text(_MEANINGS[kind_of(letter)])


def age(since: datetime, now: datetime) -> Text:
    """Return how long ago it was, in its largest unit."""
    seconds = max(int((now - since).total_seconds()), 0)
    if seconds >= 2 * _DAY:
        return Text(N_("{count} days"), {"count": seconds // _DAY})
    if seconds >= 2 * _HOUR:
        return Text(N_("{count} hours"), {"count": seconds // _HOUR})
    return Text(N_("{count} min"), {"count": seconds // _MINUTE})


def behind(followers: int) -> Text:
    """Return in words how many wait behind a message."""
    if followers == 0:
        return Text(N_("No message waits behind it."))
    if followers == 1:
        return Text(N_("One later message about the same thing waits behind it."))
    return Text(N_("{count} later messages about the same thing wait behind it."), {"count": followers})


def replay_does(letter: DeadLetter) -> tuple[Text, ...]:
    """Return what trying a message again will do."""
    then = N_("If it takes effect, what waits behind it follows by itself, in order.")
    return (
        Text(N_("The worker takes the message up within a second, with the code that runs now.")),
        Text(N_("Whoever it concerns is told, as if it had come now.")),
        *((Text(then),) if letter.followers else ()),
        Text(N_("If it fails again, everything waits as before, and nothing is lost.")),
    )


def discard_does(letter: DeadLetter) -> tuple[Text, ...]:
    """Return what giving a message up will do."""
    then = N_("What waits behind it is taken up at once, in order, as if this message had never come.")
    return (
        Text(N_("The message never takes effect, and its content is deleted. This cannot be taken back.")),
        *((Text(then),) if letter.followers else ()),
        Text(N_("Somebody may have been promised what it would have done. Nobody is told by itself: tell them.")),
    )


def release_does(waiting: int) -> tuple[Text, ...]:
    """Return what releasing a stopped key will do."""
    return (
        Text(N_("The relay sends what waits, in order: {count} messages."), {"count": waiting}),
        Text(N_("If Kafka refuses the first of them again, the key stops again, and nothing is lost.")),
    )


def result_of(decision: Decision) -> Text:
    """Return what came of a decision."""
    if decision.action == "release":
        return Text(N_("Released"))
    if decision.outcome == "replayed":
        return Text(N_("Took effect"))
    if decision.outcome == "discarded":
        return Text(N_("Given up"))
    if decision.cause_now is None:
        return Text(N_("No longer kept"))
    return Text(N_("Is being tried")) if decision.is_asked else Text(N_("Failed again"))
