"""The settings of procurement: what all services have, under its own name."""

from typing import ClassVar

from services.procurement.base import Keys
from shared.settings import ServiceSettings


class ProcurementSettings(ServiceSettings):
    """Read from `PROCUREMENT_DATABASE_URL`, `PROCUREMENT_SECRET` and the shared names."""

    SERVICE: ClassVar[str] = "procurement"

    @property
    def keys(self) -> Keys:
        """The keys derived from the service's secret."""
        return Keys.derive(self.secret_key)
