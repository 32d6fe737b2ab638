"""The benches, in the order of the table."""

from tests.bench import booking, relay

BENCHES = (relay.BENCH, booking.MANY, booking.HOT)
