"""What the HTTP edge keeps in each service's database: answers given under an idempotency key, and who is signed in.

All times here are machine time.
"""

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, func

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

# Who is signed in with a browser. The row cannot be found, nor its hint read, without the id in the cookie. Of an
# erased person the rows go with her account.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True, comment="SHA-256 of the id in the cookie"),
    Column("issuer", Text, nullable=False, comment="our alias of it"),
    Column("subject", Text, nullable=False, comment="the issuer's name of the person"),
    Column("sealed_hint", LargeBinary, comment="the identity token, for signing out at the issuer"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_web_sessions_issuer_subject", "issuer", "subject"),
    Index("ix_web_sessions_seen_at", "seen_at"),
)

# Sign-ins under way at the issuer; a row is taken once, by the browser that began it.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True, comment="SHA-256 of the state that was sent to the issuer"),
    Column("browser_hash", LargeBinary, nullable=False, comment="SHA-256 of the cookie of the browser"),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("return_to", Text, nullable=False, comment="a path of this service"),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_sign_in_attempts_made_at", "made_at"),
)
