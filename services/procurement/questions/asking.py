"""Who asks, as a name that leads to nobody: enough to show a supplier its own questions, and nothing more."""

import hmac
from uuid import UUID

from services.procurement.base import Keys


def asker_of(keys: Keys, procedure_id: UUID, supplier_id: UUID) -> bytes:
    """Return the name under which a supplier asks within one procedure."""
    return hmac.digest(keys.question_pseudonyms, procedure_id.bytes + supplier_id.bytes, "sha256")
