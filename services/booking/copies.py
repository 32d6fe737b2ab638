"""Booking keeps copies of nothing: what it must know of the others comes as facts (see `reactions`)."""

from shared.messaging.reactions import Copies

COPIES = Copies("booking")
