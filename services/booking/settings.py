"""What booking's processes must be told from outside: `BOOKING_DATABASE_URL`, `BOOKING_SECRET`, and what all share."""

from typing import ClassVar

from shared.settings import ServiceSettings


class BookingSettings(ServiceSettings):
    """Settings of booking."""

    SERVICE: ClassVar[str] = "booking"
