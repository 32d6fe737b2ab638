"""The sealed box of a bid: the supplier's identity is inside, its length hidden in steps, its row pseudonymous."""

import hashlib
import hmac
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from nacl.public import PrivateKey, PublicKey, SealedBox
from pydantic import BaseModel, ConfigDict

from services.procurement.base import Keys

SIZES: Final = (16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024)
_LENGTH_BYTES = 4


class CriterionAnswer(BaseModel):
    """What the supplier says on one criterion."""

    model_config = ConfigDict(frozen=True)

    criterion_id: UUID
    text: str


class BidContent(BaseModel):
    """All that a bid says, and whose it is. Amounts in öre without VAT; the bid binds until `valid_until`."""

    model_config = ConfigDict(frozen=True)

    supplier_id: UUID
    price_ore: int
    vat_rate: Decimal
    description: str
    answers: tuple[CriterionAnswer, ...]
    valid_until: date


def seal(public_key: bytes, content: BidContent) -> bytes:
    """Return the content as a box of one of a few sizes that only the procedure's private key opens."""
    plain = content.model_dump_json().encode()
    framed = len(plain).to_bytes(_LENGTH_BYTES) + plain
    size = next(size for size in SIZES if len(framed) <= size)
    return bytes(SealedBox(PublicKey(public_key)).encrypt(framed.ljust(size, b"\0")))


def unseal(private_key: PrivateKey, box: bytes) -> BidContent:
    """Return what a box holds."""
    framed = SealedBox(private_key).decrypt(box)
    length = int.from_bytes(framed[:_LENGTH_BYTES])
    return BidContent.model_validate_json(framed[_LENGTH_BYTES : _LENGTH_BYTES + length])


def pseudonym(keys: Keys, procedure_id: UUID, supplier_id: UUID) -> bytes:
    """Return the name of a supplier within one procedure; without the key it leads to nobody."""
    return hmac.digest(keys.bid_pseudonyms, procedure_id.bytes + supplier_id.bytes, "sha256")


def receipt_of(box: bytes) -> str:
    """Return the receipt: a hash over the sealed box, by which the supplier can prove what it sent."""
    return hashlib.sha256(box).hexdigest()
