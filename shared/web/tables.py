"""What the HTTP edge keeps in each service's database: the answers given under an idempotency key."""

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, func

from shared.db import NAMING, UtcDateTime

metadata = MetaData(naming_convention=NAMING)

# No subject, no route, no key in the clear, and every answer encrypted and padded: who asked for what, and so who
# bid, cannot be read from the rows.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("lookup", LargeBinary, primary_key=True, comment="HMAC of subject, route and key"),
    Column("fingerprint", LargeBinary, nullable=False, comment="HMAC of method, address and body"),
    Column("answer", LargeBinary, nullable=False, comment="status and content: AES-GCM, padded"),
    Column("created_at", UtcDateTime, nullable=False, server_default=func.now()),
    Index("ix_idempotency_keys_created_at", "created_at"),
)
