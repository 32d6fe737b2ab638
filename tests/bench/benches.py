"""The benches, in the order of the table."""

from tests.bench import booking, consumer, relay

BENCHES = (relay.BENCH, consumer.BENCH, booking.MANY, booking.HOT)
