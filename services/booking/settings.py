"""What booking's processes must be told from outside.

`BOOKING_DATABASE_URL`, `BOOKING_SECRET`, `PERSONAL_LINKS_SECRET`, and what all share.
"""

from typing import ClassVar

from shared.settings import LinkingSettings


class BookingSettings(LinkingSettings):
    """Settings of booking."""

    SERVICE: ClassVar[str] = "booking"
