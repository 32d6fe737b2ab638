"""When an address may be used, and when it must not be written to again: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notification.kinds import ChannelName
from shared.kernel.errors import InvalidInput
from shared.kernel.phone import e164, takes_sms
from shared.kernel.texts import N_

SOFT_FAILURES = 2
SOFT_WINDOW = timedelta(hours=24)


class SuppressionCause(StrEnum):
    """Why an address is not written to."""

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of a recipient's addresses."""

    protected: bool
    email: str | None
    phone: str | None


def address_of(reach: Reach, channel: ChannelName) -> str | None:
    """Return the address on a channel; none for a protected identity, and none for a phone that takes no SMS."""
    if reach.protected:
        return None
    if channel is ChannelName.EMAIL:
        return reach.email
    return reach.phone if reach.phone is not None and takes_sms(reach.phone) else None


def address_given(channel: ChannelName, address: str) -> str:
    """Return an address as it is kept, from how it was typed; raises InvalidInput where it is none of the channel."""
    if channel is ChannelName.SMS:
        return e164(address, field="address")
    if "@" not in address.strip("@") or " " in address:
        raise InvalidInput(
            N_("This is not an e-mail address. Write it as name@example.se."), code="email_invalid", field="address"
        )
    return address


def normal_address(address: str) -> str:
    """Return the form under which an address is suppressed: mail servers take no difference between cases."""
    return address.strip().casefold()


def is_in_force(until: datetime | None, now: datetime) -> bool:
    """Whether a suppression holds; one without an end holds until it is lifted."""
    return until is None or now < until
