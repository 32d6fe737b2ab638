"""Organisation numbers of suppliers: found by a keyed hash, and encrypted where the number is a person's."""

import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.procurement.base import Keys
from services.procurement.suppliers.tables import Supplier
from shared.kernel.identity import is_sole_trader

_NONCE_BYTES = 12


def lookup_of(keys: Keys, number: str) -> bytes:
    """Return the keyed hash by which a number in normal form is found."""
    return hmac.digest(keys.number_lookup, number.encode(), "sha256")


def set_number(keys: Keys, supplier: Supplier, number: str) -> None:
    """Put a number in normal form on a supplier: in the clear, or encrypted where it is a sole trader's."""
    supplier.number_lookup = lookup_of(keys, number)
    if is_sole_trader(number):
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(keys.number_sealing).encrypt(nonce, number.encode(), supplier.id.bytes)
        supplier.organisation_number, supplier.sealed_number = None, nonce + sealed
    else:
        supplier.organisation_number, supplier.sealed_number = number, None


def number_of(keys: Keys, supplier: Supplier) -> str:
    """Return a supplier's number; of a sole trader it is a personal identity number, for those who need it alone."""
    if supplier.organisation_number is not None:
        return supplier.organisation_number
    assert supplier.sealed_number is not None
    nonce, sealed = supplier.sealed_number[:_NONCE_BYTES], supplier.sealed_number[_NONCE_BYTES:]
    return AESGCM(keys.number_sealing).decrypt(nonce, sealed, supplier.id.bytes).decode()
