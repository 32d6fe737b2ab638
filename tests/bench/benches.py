"""The benches, in the order of the table."""

from tests.bench import booking, consumer, growth, latency, relay

BENCHES = (relay.BENCH, consumer.BENCH, booking.MANY, booking.HOT, latency.BENCH, growth.BENCH)
