"""The worker of procurement, put together. Nothing is due by time alone: what follows from deadlines is derived."""

from faststream.asgi import AsgiFastStream

from services.procurement.copies import COPIES
from services.procurement.reactions import REACTIONS
from services.procurement.settings import ProcurementSettings
from services.procurement.suppliers.queries import walk_suppliers
from shared.contracts.procurement import SupplierDescribed
from shared.messaging.reactions import StateSource, Timers
from shared.messaging.worker import build_worker
from shared.web.browser.sessions import purge_sessions
from shared.web.idempotency import purge_answers

TIMERS = Timers("procurement")
STATES = [StateSource(SupplierDescribed, walk=walk_suppliers)]


def create_worker(settings: ProcurementSettings) -> AsgiFastStream:
    """Return the worker."""
    return build_worker(
        service="procurement",
        settings=settings,
        reactions=REACTIONS,
        copies=COPIES,
        timers=TIMERS,
        states=STATES,
        purges=[purge_answers, purge_sessions],
    )
